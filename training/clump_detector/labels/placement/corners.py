"""The corners of a label on the image of a cutout."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from clump_detector.core import boxes as geometry
from clump_detector.labels.external import Corners, ForeignBox, Size
from clump_detector.labels.regions import sky_box

from .frame import Frame, pixel_of


def corners_on(
    box: ForeignBox,
    frame: Frame,
    fits: Mapping[Size, tuple[float, float]] | None,
    side: float | None,
    pixels: float | None = None,
) -> Corners | str:
    """Return a label's corners on an image, or the reason why it has none.

    Parameters
    ----------
    box : ForeignBox
    frame : Frame
        The image's size, WCS and PSF.
    fits : mapping of (int, int) to (float, float), or None
        Sizes of images that pixel boxes fit, with the shift of x and y on each.
    side : float or None
        Side length in arcsec for a label without extent.
    pixels : float, optional
        Side length in pixels for one where nothing else tells it.

    Returns
    -------
    (x1, y1, x2, y2) or str
        In pixels, counted from 0 at the centre of the first one.
    """
    in_pixels = _in_pixels(box, frame, fits)
    if box.sky is None or frame.wcs is None:
        if in_pixels is not None:
            return in_pixels
        if box.middle is not None and not _misfits(box, frame, fits):
            return _around(box.middle, _side(box, frame, side) or pixels)
        if box.sky is not None and not (box.corners or box.shares):
            return "its cutout has no sky coordinates"
        return "its cutout has another size than the image it was drawn on"
    x, y = pixel_of(frame.wcs, box.sky)
    if in_pixels is not None and (box.image or _agree(in_pixels, x, y)):
        return in_pixels  # which also give the box's size
    if box.sky.region is not None:
        return sky_box(box.sky.region, frame.wcs) or "it has no area there"
    return _around((x, y), _side(box, frame, side) or pixels)


def _in_pixels(
    box: ForeignBox, frame: Frame, fits: Mapping[Size, tuple[float, float]] | None
) -> Corners | None:
    """Return the corners that the file gives in pixels, if they fit the image."""
    width, height = frame.size
    if box.shares is not None:
        x1, y1, x2, y2 = box.shares
        return (
            x1 * width - 0.5, y1 * height - 0.5, x2 * width - 0.5, y2 * height - 0.5
        )  # fmt: skip
    if box.corners is None or _misfits(box, frame, fits):
        return None
    dx, dy = (0.0, 0.0) if fits is None else fits[frame.size]
    x1, y1, x2, y2 = box.corners
    return x1 + dx, y1 + dy, x2 + dx, y2 + dy


def _misfits(
    box: ForeignBox, frame: Frame, fits: Mapping[Size, tuple[float, float]] | None
) -> bool:
    """Return whether pixels of a file are those of an image of another size."""
    if fits is not None:
        return frame.size not in fits
    return box.size is not None and box.size != frame.size


def _agree(corners: Corners, x: float, y: float) -> bool:
    """Return whether a box in pixels is within half its side of a position."""
    x1, y1, x2, y2 = corners
    apart = np.hypot((x1 + x2) / 2 - x, (y1 + y2) / 2 - y)
    return bool(apart <= 0.5 * max(x2 - x1, y2 - y1) + 1)


def _side(box: ForeignBox, frame: Frame, side: float | None) -> float | None:
    """Return the side length in pixels for a label without extent, or None."""
    if side is not None and frame.scale:
        return side / frame.scale
    if frame.fwhm:
        return geometry.SIDE_IN_FWHM * frame.fwhm
    if box.sky is not None and box.sky.fwhm and frame.scale:
        return geometry.SIDE_IN_FWHM * box.sky.fwhm / frame.scale
    return None


def _around(middle: tuple[float, float], side: float | None) -> Corners | str:
    if side is None:
        return (
            "the size of its box is unknown (put the PSF into the image's header or "
            "into galaxies.csv next to it, or give the side length in arcsec)"
        )
    x, y = middle
    half = side / 2
    return x - half, y - half, x + half, y + half
