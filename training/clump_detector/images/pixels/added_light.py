"""Adding simulated clumps to pixels that were read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from clump_detector.core.arrays import AnyArray, Floats
from clump_detector.core.errors import ImageError
from clump_detector.image_files.added_light import AddedLight

from . import moffat
from .asinh import redone, undone


def with_light(
    pixels: AnyArray, added: Sequence[AddedLight], path: Path | None = None
) -> AnyArray:
    """Return pixels with points of light added; the given ones stay as they are.

    Parameters
    ----------
    pixels : array
        A picture or linear fluxes, as in `Cutout.pixels`. Missing values stay missing.
    added : sequence of AddedLight
    path : path, optional
        The image's file, for the message.

    Raises
    ------
    ImageError
        If the image has another number of planes than the light was made for.
    """
    if not added:
        return pixels
    picture = pixels.dtype == np.uint8
    planes = pixels.shape[2] if picture else pixels.shape[0]
    if any(len(one.light) != planes for one in added):
        raise ImageError(
            f"this image has {planes} planes, but the clumps that were injected into "
            f"it were made for {len(added[0].light)}",
            path,
            "Get the earlier file back, or take the injected clumps out.",
        )
    if picture:
        linear = undone(pixels)
        for one in added:
            linear += np.moveaxis(_light(one, pixels.shape[:2]), 0, 2)
        return redone(linear)
    changed = pixels.copy()
    for one in added:
        changed += _light(one, pixels.shape[1:]).astype(np.float32)
    return changed


def _light(one: AddedLight, shape: tuple[int, ...]) -> Floats:
    """Return the light in each pixel, of shape (planes, height, width)."""
    rows, columns = np.indices(shape, dtype=np.float64)
    far = np.hypot(columns - one.x, rows - one.y)
    return np.stack(
        [
            light * moffat.density(far / fwhm) / fwhm**2
            for light, fwhm in zip(one.light, one.fwhm, strict=True)
        ]
    )
