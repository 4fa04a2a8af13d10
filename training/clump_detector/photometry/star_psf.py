"""The width of a cutout's stars, where the PSF is not known otherwise."""

from __future__ import annotations

import warnings

import numpy as np

from clump_detector.core.arrays import BandArray, Floats, Mask
from clump_detector.photometry.aperture.annulus import background
from clump_detector.photometry.aperture.apertures import reach_of
from clump_detector.photometry.aperture.psf import (
    ANNULUS,
    APERTURE,
    INNER,
    WIDTHS,
    moffat,
)
from clump_detector.photometry.aperture.stamp import cut_stamp

#: A star stands out by this many sigma.
BRIGHT = 20.0

#: Fewer stars than this are not believed: any might be a galaxy.
LEAST = 4

#: More than these, the brightest, would only cost time.
MOST = 12

#: Stars are at least this round, in photutils' measure.
ROUND = (-0.2, 0.3)


def star_fwhm(
    plane: BandArray, level: float, noise: float, guess: float, avoid: Mask | None
) -> float | None:
    """Return the FWHM of the point sources of a plane in pixels, or None.

    That of each compact source beside the galaxy follows from its light in two circles,
    as a clump's width does, so that the aperture's correction is that of the stars. The
    lower quartile represents the stars among them.

    Parameters
    ----------
    plane : array of shape (height, width)
    level, noise : float
        Of the sky.
    guess : float
        A first idea of the FWHM in pixels.
    avoid : bool array of shape (height, width), optional
        The galaxy.
    """
    if noise <= 0 or min(plane.shape) < 6 * guess:
        return None
    positions = _stars(plane, level, noise, guess, avoid)
    fwhm = guess
    for _ in range(2):  # the second time with circles of the right size
        if len(positions) < LEAST:
            return None
        widths = np.array([_width(plane, position, fwhm) for position in positions])
        known = np.isfinite(widths)
        positions, widths = positions[known], widths[known]
        if len(positions) < LEAST:
            return None
        fwhm = float(np.percentile(widths, 25))
    return fwhm


def _stars(
    plane: BandArray, level: float, noise: float, guess: float, avoid: Mask | None
) -> Floats:
    """Return positions x, y of compact round things, the brightest first."""
    from photutils.detection import IRAFStarFinder

    image = np.where(np.isfinite(plane), plane - np.float32(level), np.float32(0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # photutils warns when it finds nothing
        find = IRAFStarFinder(BRIGHT * noise, guess, roundness_range=ROUND)
        found = find(image, mask=avoid)
    if found is None:
        return np.zeros((0, 2))
    order = np.argsort(-np.asarray(found["flux"]))[:MOST]
    positions = np.column_stack([found["x_centroid"], found["y_centroid"]])
    return np.asarray(positions[order], dtype=float)


def _width(plane: BandArray, position: Floats, fwhm: float) -> float:
    """Return the FWHM of one thing in pixels; NaN where its light gives none."""
    stamp = cut_stamp(plane[None], None, (position[0], position[1]), reach_of(fwhm))
    if not np.isfinite(stamp.planes).all():
        return float("nan")
    far = stamp.distance / fwhm
    around = background(stamp, (far >= ANNULUS[0]) & (far <= ANNULUS[1]))
    above = stamp.planes[0] - around.level[0]
    inner = float((stamp.disc(INNER * fwhm) * above).sum())
    outer = float((stamp.disc(APERTURE * fwhm) * above).sum())
    if not outer > 0:
        return float("nan")
    shares = moffat(fwhm).concentrations
    if not shares[-1] < inner / outer < shares[0]:
        return float("nan")
    return fwhm * float(np.interp(-inner / outer, -shares, WIDTHS))
