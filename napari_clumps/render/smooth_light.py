"""The smooth light of a galaxy, which hides its knots. Pure, no napari."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Planes: TypeAlias = NDArray[np.float32]

#: The light is the median in a square of N FWHM of the PSF. A clump is little
#: wider than the PSF and fills a seventh of it at most, so that the median does not see
#: it, while bulge, disc and broad arms, which are wider, are light of the galaxy.
FWHMS = 6.0

#: Where the PSF is not known, the square's side is this share of the cutout's. Of the
#: surveys' cutouts, 424 pixels wide with a PSF of 4 to 5 pixels, it is about the same.
SHARE = 1 / 15

#: The square's side in pixels of a reduced image: a median costs with its square.
SQUARE = 5

#: The reduced image has at most this many pixels a side.
MOST_SIDE = 90


def host_light(planes: Planes, fwhm: float | None = None) -> Planes:
    """Return the smooth light below the knots, in the shape of `planes`.

    Parameters
    ----------
    planes : array of shape (n, height, width)
        NaN where there is no data.
    fwhm : float, optional
        FWHM of the PSF in pixels.

    Notes
    -----
    The median is taken on an image reduced by averages and brought back by straight
    lines, which is 50 times faster: the light changes little in a few pixels.
    """
    from scipy import ndimage

    height, width = planes.shape[1:]
    side = FWHMS * fwhm if fwhm else SHARE * max(height, width)
    step = int(max(round(side / SQUARE), np.ceil(max(height, width) / MOST_SIDE), 1))
    light = []
    for plane in planes:
        small = _filled(_reduced(plane, step))
        smooth = ndimage.median_filter(small, size=SQUARE, mode="nearest")
        smooth = ndimage.gaussian_filter(smooth, 1.0, mode="nearest")
        light.append(_enlarged(smooth, step, (height, width)))
    return np.stack(light)


def _reduced(plane: Planes, step: int) -> Planes:
    """Return the averages of blocks of step x step pixels, NaN where none has data."""
    height, width = plane.shape
    wider = np.pad(
        plane,
        ((0, -height % step), (0, -width % step)),
        constant_values=np.float32(np.nan),
    )
    blocks = wider.reshape(wider.shape[0] // step, step, -1, step)
    known = np.isfinite(blocks)
    sums = np.where(known, blocks, np.float32(0)).sum(axis=(1, 3))
    counts = known.sum(axis=(1, 3))
    means: Planes = np.full_like(sums, np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    return means


def _filled(plane: Planes) -> Planes:
    """Return a plane whose pixels without data have the value of the nearest with."""
    from scipy import ndimage

    missing = ~np.isfinite(plane)
    if not missing.any():
        return plane
    if missing.all():
        return np.zeros_like(plane)
    nearest = ndimage.distance_transform_edt(
        missing, return_distances=False, return_indices=True
    )
    return np.asarray(plane[tuple(nearest)])


def _enlarged(small: Planes, step: int, shape: tuple[int, int]) -> Planes:
    """Return a reduced plane at full size, by straight lines between its pixels."""
    for axis, length in enumerate(shape):
        positions = (np.arange(length, dtype=np.float32) + 0.5) / step - 0.5
        positions = np.clip(positions, 0, small.shape[axis] - 1)
        low = positions.astype(int)
        high = np.minimum(low + 1, small.shape[axis] - 1)
        share = (positions - low).astype(np.float32)
        share = share[:, None] if axis == 0 else share
        below, above = np.take(small, low, axis), np.take(small, high, axis)
        small = below + (above - below) * share
    return small
