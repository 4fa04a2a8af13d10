"""How much wider than the PSF a clump is, from the light in two circles.

Many clumps are a little resolved: by the PSF's own correction their fluxes would be
too low by 5 to 20 %. The light within 0.7 FWHM over that within 1.125 FWHM, all bands
taken together, gives the width of a source of the PSF's shape. Where noise makes it
uncertain it is drawn towards 1, a point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clump_detector.core.arrays import Floats

from .psf import WIDTHS, Psf

#: Prior: clumps are points within this standard deviation of the width.
BEFORE = 0.25

#: Widths that are distinguished; at the upper bound it may be several clumps.
NARROWEST, WIDEST = 0.8, 1.8


@dataclass(frozen=True)
class Circles:
    """The light of a clump in two circles, by band: arrays of shape (bands,).

    Attributes
    ----------
    inner, outer : array
        Net light within `INNER` and `APERTURE` FWHM.
    inner_area, outer_area : array
        In pixels.
    pixel : array
        Variance of a pixel.
    level : array
        Variance of the background's level per pixel.
    error : array
        Of the outer light.
    near_inner, near_outer : array of shape (bands, neighbours)
        Errors of the light in them that the neighbours give, each by its own.
    """

    inner: Floats
    outer: Floats
    inner_area: Floats
    outer_area: Floats
    pixel: Floats
    level: Floats
    error: Floats
    near_inner: Floats
    near_outer: Floats


def measure_width(circles: Circles, psfs: Sequence[Psf]) -> tuple[float, float]:
    """Return how many times wider than the PSF a clump is, and its error.

    Parameters
    ----------
    circles : Circles
    psfs : sequence of Psf
        One per band.

    Returns
    -------
    (float, float)
        1 is the PSF's own width; from `NARROWEST` to `WIDEST`.
    """
    c = circles
    usable = np.isfinite(c.outer) & np.isfinite(c.inner) & (c.outer > 0) & (c.error > 0)
    if not usable.any():
        return 1.0, BEFORE
    weight = np.where(usable, c.outer, 0) / np.where(usable, c.error, 1) ** 2
    inner = float(np.where(usable, weight * c.inner, 0).sum())
    outer = float(np.where(usable, weight * c.outer, 0).sum())
    share = inner / outer
    ring = np.clip(c.outer_area - c.inner_area, 0, None)
    variance = c.pixel * ((1 - share) ** 2 * c.inner_area + share**2 * ring)
    variance = variance + c.level * (c.inner_area - share * c.outer_area) ** 2
    variance = variance + ((c.near_inner - share * c.near_outer) ** 2).sum(axis=1)
    error = float(np.sqrt(np.where(usable, weight**2 * variance, 0).sum())) / outer
    known = weight * np.where(usable, c.outer, 0)
    expected = sum(
        w * psf.concentrations
        for w, psf in zip(known / known.sum(), psfs, strict=True)
        if w
    )
    found = float(np.interp(-share, -np.asarray(expected), WIDTHS))
    slope = abs(float(np.interp(found, WIDTHS, np.gradient(expected, WIDTHS))))
    spread = error / max(slope, 1e-3)
    trust = BEFORE**2 / (BEFORE**2 + spread**2)
    width = 1 + (found - 1) * trust
    return float(np.clip(width, NARROWEST, WIDEST)), float(spread * np.sqrt(trust))
