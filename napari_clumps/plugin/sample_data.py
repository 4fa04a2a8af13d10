"""File > Open Sample: simulated galaxies, and real ones of the Hubble Deep Field."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.errors import FileError
from clump_detector.core.files import atomic_path
from clump_detector.core.paths import data_folder

if TYPE_CHECKING:
    from napari_clumps.app.controller import Controller

LayerData = tuple[NDArray[np.uint8], dict[str, object], str]

#: Marks the layer that stands in until the review's own layers are there.
_PLACEHOLDER = "napari_clumps_placeholder"

#: Galaxies of the Hubble Deep Field picture of scikit-image (872 x 1000 pixels), as
#: (name, x and y of the centre, side), chosen by eye: spirals, irregulars and mergers.
HUBBLE_GALAXIES = (
    ("hdf-01", 123, 401, 72),
    ("hdf-02", 405, 75, 64),
    ("hdf-03", 485, 66, 64),
    ("hdf-04", 448, 160, 88),
    ("hdf-05", 318, 322, 88),
    ("hdf-06", 337, 76, 56),
    ("hdf-07", 486, 356, 48),
    ("hdf-08", 500, 597, 48),
    ("hdf-09", 657, 597, 56),
    ("hdf-10", 810, 609, 56),
    ("hdf-11", 586, 846, 50),
    ("hdf-12", 55, 779, 48),
    ("hdf-13", 92, 550, 48),
)


def simulated_folder() -> Path:
    """Return the folder of the simulated sample galaxies.

    Raises
    ------
    FileError
        If this installation lacks them.
    """
    here = Path(__file__).resolve().parents[1]
    for folder in (here / "sample_data", here.parent / "sample_data"):
        if (folder / "labels.json").is_file():
            return folder
    raise FileError(
        "the sample galaxies are missing from this installation",
        here / "sample_data",
        "Install napari-clumps again.",
    )


def hubble_folder() -> Path:
    """Cut the galaxies from scikit-image's Hubble Deep Field, once."""
    from PIL import Image
    from skimage.data import hubble_deep_field

    folder = data_folder() / "samples" / "hubble"
    targets = {row: folder / f"{row[0]}.png" for row in HUBBLE_GALAXIES}
    if all(path.is_file() for path in targets.values()):
        return folder
    field = hubble_deep_field()
    for (_, x, y, side), path in targets.items():
        half = side // 2
        part = field[max(y - half, 0) : y + half, max(x - half, 0) : x + half]
        with atomic_path(path) as temporary:
            Image.fromarray(part).save(temporary, format="PNG")
    return folder


def sample_review(key: str, folder: Path | None = None) -> tuple[Path, Path]:
    """Return (folder of images, review file) of a sample.

    Parameters
    ----------
    key : {"simulated", "hubble"}
    folder : path, optional
        Where the review stands; by default in the user's data folder, so that a
        sample reviewed half-way goes on there.
    """
    images = simulated_folder() if key == "simulated" else hubble_folder()
    return images, (folder or data_folder() / "samples") / f"{key}.clumps"


def open_sample_in(controller: Controller, key: str) -> None:
    """Open a sample's review in a controller's viewer."""
    from clump_detector.core.errors import ClumpError

    try:
        images, review = sample_review(key)
    except ClumpError as error:
        controller.session.warn(error.message)
        return
    controller.open_paths([images], review)


def open_simulated() -> list[LayerData]:
    """Open the simulated galaxies: File > Open Sample."""
    return _open_in_current_viewer("simulated")


def open_hubble() -> list[LayerData]:
    """Open the Hubble galaxies: File > Open Sample."""
    return _open_in_current_viewer("hubble")


def _open_in_current_viewer(key: str) -> list[LayerData]:
    """Open a sample's review once napari has added the layer that it insists on.

    napari takes a sample without a layer for an error. So it gets one, which gives way
    to the review's own layers.
    """
    import napari
    from qtpy.QtCore import QTimer

    from .panels import show_panels
    from .window import controller_of

    viewer = napari.current_viewer()

    def open_review() -> None:
        for layer in [x for x in viewer.layers if x.metadata.get(_PLACEHOLDER)]:
            viewer.layers.remove(layer)
        show_panels(viewer)
        open_sample_in(controller_of(viewer), key)

    QTimer.singleShot(0, open_review)
    blank = np.zeros((400, 400), np.uint8)
    return [(blank, {"name": "sample", "metadata": {_PLACEHOLDER: True}}, "image")]
