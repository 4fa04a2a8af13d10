"""File > Open and drag and drop: images as layers, folders and files as reviews."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.errors import ClumpError
from clump_detector.image_files.sources import find_sources, is_image_name
from clump_detector.images.cutout import read_cutout
from clump_detector.images.rgb import to_rgb

#: Pixels, attributes and kind of a layer, or None instead of one.
LayerData = tuple[NDArray[np.uint8], dict[str, object], str] | tuple[None]

#: What napari takes for "opened, but there is no layer to add".
NOTHING_TO_ADD: list[LayerData] = [(None,)]


def get_reader(
    path: str | Sequence[str],
) -> Callable[[str | Sequence[str]], list[LayerData]] | None:
    """Return the function that opens a path, or None where it is not ours.

    A ``*.clumps`` file and a folder open as a review in the current viewer; images open
    as layers with the colours that the detector sees.
    """
    paths = [Path(path)] if isinstance(path, str) else [Path(p) for p in path]
    if len(paths) == 1 and (paths[0].suffix == ".clumps" or paths[0].is_dir()):
        return read_review
    if paths and all(is_image_name(p) and not p.is_dir() for p in paths):
        return read_images
    return None


def read_review(path: str | Sequence[str]) -> list[LayerData]:
    """Open a review file, or a review of a folder, in the current viewer."""
    import napari

    from .panels import show_panels
    from .window import controller_of

    viewer = napari.current_viewer()
    if viewer is None:
        raise ClumpError(
            "a review opens in a napari window", remedy="Start napari first."
        )
    show_panels(viewer)
    paths = [path] if isinstance(path, str) else list(path)
    controller_of(viewer).open_paths(paths)
    return NOTHING_TO_ADD


def read_images(path: str | Sequence[str]) -> list[LayerData]:
    """Read images as RGB layers; FITS files that are bands of one cutout become one.

    Raises
    ------
    ImageError
        If a file cannot be read; its message names the file and the remedy.
    """
    paths = [path] if isinstance(path, str) else list(path)
    found: list[LayerData] = []
    for source in find_sources(paths):
        cutout = read_cutout(source)
        metadata = {
            "files": [str(p) for p in source.files],
            "bands": list(cutout.bands or source.bands),
            "wcs": cutout.wcs,
            "notes": list(cutout.notes),
            "read_as": cutout.read_as,
        }
        options = {"name": cutout.name, "rgb": True, "metadata": metadata}
        found.append((to_rgb(cutout), options, "image"))
    return found
