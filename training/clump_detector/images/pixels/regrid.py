"""Reprojection of bands with different pixel grids onto one.

Interpolation is reproject's, bilinear. It conserves surface brightness, so fluxes per
pixel are multiplied by the ratio of the pixels' areas. Errors of neighbouring pixels
are correlated afterwards, which the variances do not contain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from clump_detector.astrometry.wcs import pixel_scale
from clump_detector.core.errors import ImageError

from .planes import Planes, Values

if TYPE_CHECKING:
    from astropy.wcs import WCS

#: Grids whose corners agree to this fraction of a pixel are the same.
_SAME = 0.1

#: Scales that agree to this fraction are equally fine.
_AS_FINE = 0.01


def on_one_grid(
    blocks: Sequence[Planes], bands: Sequence[str | None]
) -> tuple[list[Planes], str]:
    """Return all planes on one grid, and a sentence on what was done, or ''.

    The grid is the finest one; among equals that of the r band, else the first.

    Parameters
    ----------
    blocks : sequence of Planes
    bands : sequence of (str or None)
        One for each block, for the choice of the grid and for messages.

    Raises
    ------
    ImageError
        If sizes differ and a WCS is missing, or a band shows another part of the sky.
    """
    first = blocks[0]
    if all(_same_grid(first, other) for other in blocks[1:]):
        return list(blocks), ""
    for other in blocks:
        if other.wcs is None:
            raise _different(first, next(b for b in blocks if b.size != first.size))
    index = _finest(blocks, bands)
    target = blocks[index]
    moved = [i for i, b in enumerate(blocks) if not _same_grid(target, b)]
    done = [_moved(b, target) if i in moved else b for i, b in enumerate(blocks)]
    named = [bands[i] or str(i + 1) for i in moved]
    onto = bands[index] or str(index + 1)
    return done, (
        f"{'Band' if len(moved) == 1 else 'Bands'} {', '.join(named)} "
        f"{'was' if len(moved) == 1 else 'were'} reprojected to the grid of {onto}."
    )


def _same_grid(a: Planes, b: Planes) -> bool:
    """Return whether two images have the same grid; without a WCS, the same size."""
    if a.size != b.size:
        return False
    if a.wcs is None or b.wcs is None:
        return True
    height, width = a.size
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]]) - 0.5
    there = a.wcs.all_pix2world(corners, 0, ra_dec_order=True)
    here = b.wcs.all_pix2world(corners, 0, ra_dec_order=True)
    if not np.isfinite(there).all() or not np.isfinite(here).all():
        return False
    east = (here[:, 0] - there[:, 0] + 180) % 360 - 180
    east *= np.cos(np.radians(there[:, 1]))
    apart = 3600 * np.hypot(east, here[:, 1] - there[:, 1])
    return bool(apart.max() < _SAME * pixel_scale(a.wcs))


def _finest(blocks: Sequence[Planes], bands: Sequence[str | None]) -> int:
    scales = [pixel_scale(b.wcs) for b in blocks]
    fine = [i for i, s in enumerate(scales) if s <= min(scales) * (1 + _AS_FINE)]
    return next((i for i in fine if bands[i] == "r"), fine[0])


def _moved(planes: Planes, target: Planes) -> Planes:
    """Return planes on another grid, NaN outside of their own."""
    ratio = np.float32((pixel_scale(target.wcs) / pixel_scale(planes.wcs)) ** 2)
    fluxes = _interpolated(planes.fluxes, planes.wcs, target) * ratio
    if not np.isfinite(fluxes).any():
        raise ImageError(
            f"it shows another part of the sky than {target.path.name}",
            planes.path,
            "Give images of one galaxy.",
        )
    variance = planes.variance
    if variance is not None:
        variance = _interpolated(variance, planes.wcs, target) * ratio**2
    return replace(planes, fluxes=fluxes, variance=variance, wcs=target.wcs)


def _interpolated(values: Values, wcs: WCS, target: Planes) -> Values:
    from reproject import reproject_interp

    with np.errstate(all="ignore"):
        found = [
            reproject_interp(
                (plane, wcs), target.wcs, shape_out=target.size, return_footprint=False
            )
            for plane in values
        ]
    return np.stack(found).astype(np.float32)


def _different(first: Planes, other: Planes) -> ImageError:
    (height, width), (high, wide) = other.size, first.size
    return ImageError(
        f"its size differs from that of {first.path.name}: "
        f"{width} x {height} and {wide} x {high} pixels",
        other.path,
        "Reproject the bands to one pixel grid first.",
    )
