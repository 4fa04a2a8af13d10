"""The light within a circle around a clump.

The aperture's radius is 1.125 FWHM (Popp et al. 2023). Pixels count with the exact
share of them that lies in the circle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clump_detector.core.arrays import Floats

from .psf import ANNULUS, APERTURE
from .stamp import Stamp


@dataclass(frozen=True)
class Sums:
    """Light within a circle, by band: arrays of shape (bands,).

    Attributes
    ----------
    light : array
        Sum of the pixels with data.
    area : array
        Their area in pixels.
    squares : array
        Sum of the squares of their shares, by which independent noise adds up.
    variance : array or None
        Sum of their variances times the squares, where the file has errors.
    present : array
        Share of a point's light in the circle that falls on pixels with data.
    """

    light: Floats
    area: Floats
    squares: Floats
    variance: Floats | None
    present: Floats


def sum_within(stamp: Stamp, disc: Floats, profile: Floats) -> Sums:
    """Add up the light in a circle.

    Parameters
    ----------
    stamp : Stamp
    disc : array of shape (m, m)
        Share of each pixel in the circle.
    profile : array of shape (m, m)
        A point's light in each pixel.
    """
    good = np.isfinite(stamp.planes)
    light = np.where(good, stamp.planes, 0)
    variance = None
    if stamp.variance is not None:
        known = np.isfinite(stamp.variance) & (stamp.variance >= 0)
        variance = (disc**2 * np.where(known & good, stamp.variance, 0)).sum((1, 2))
        variance[~(known | ~good)[:, disc > 0].all(axis=1)] = np.nan
    whole = disc * profile
    return Sums(
        (disc * light).sum(axis=(1, 2)),
        (disc * good).sum(axis=(1, 2)),
        (disc**2 * good).sum(axis=(1, 2)),
        variance,
        (whole * good).sum(axis=(1, 2)) / whole.sum(),
    )


def reach_of(fwhm: float) -> float:
    """Return how far from a clump's middle its pixels are used."""
    return max(ANNULUS[1], APERTURE) * fwhm
