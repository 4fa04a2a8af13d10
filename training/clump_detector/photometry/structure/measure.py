"""Measuring a galaxy's structure with statmorph, and its errors by resampling."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from clump_detector.core.arrays import Floats, Mask
from clump_detector.photometry.aperture.background import medians, spreads
from clump_detector.photometry.aperture.downsample import NARROW, Coarse, reduce
from clump_detector.photometry.aperture.psf import Psf
from clump_detector.photometry.field import Field
from clump_detector.photometry.host import POINT

from .bulge import LightToFit, Shape, bulge_fraction
from .values import QUALITY, VALUES, Structure

#: Resampled images by default: the errors are good to a fifth.
SAMPLES = 12

#: With fewer that gave values there are no errors.
LEAST_SAMPLES = 4

#: Blocks of the residual that keep or change their sign together, in FWHM: the size
#: of clumps and pieces of arms.
BLOCK = 2.0

#: Larger galaxies are measured on coarser pixels: statmorph takes seconds for so many.
MOST_PIXELS = 8_000

#: Pixels around a galaxy that statmorph looks for sky in.
LEAST_AROUND = 40

#: The PSF's image reaches so many FWHM.
_PSF_REACH = 4.0

_SEED = 20260101

_WHAT = "structure"


@dataclass(frozen=True)
class _Prepared:
    """What statmorph is given, on as few pixels as resolve the PSF."""

    image: Floats
    own: Mask
    others: Mask
    noise: float
    psf: Floats
    smooth: Floats
    fwhm: float
    step: int
    level_error: float


def measure_structure(field: Field, samples: int = SAMPLES) -> Structure:
    """Measure the structure of a cutout's galaxy, its clumps included.

    Parameters
    ----------
    field : Field
        Of fluxes.
    samples : int
        Number of resampled images; 0 for no errors.

    Raises
    ------
    ImageError
        If it is a picture, or there is no galaxy, or statmorph gives up.
    """
    ready = _prepared(field)
    host = field.host
    assert host is not None
    found = _morphology(ready, ready.image)
    if found is None:
        raise field.refused(_WHAT, "statmorph could not measure it")
    drawn = _resampled(ready, samples)
    values = _values(found, ready, ready.image)
    covariance, error = _errors(values, drawn)
    notes = []
    quality = QUALITY[min(int(found.flag), len(QUALITY) - 1)]
    if quality != "good":
        notes.append(f"statmorph calls the measurement {quality}.")
    if found.flag_sersic:
        notes.append("The Sersic fit did not converge.")
    if host.cut:
        notes.append("The galaxy reaches over the edge of the image.")
    if samples and len(drawn) < samples:
        notes.append(f"{samples - len(drawn)} of {samples} resampled images failed.")
    return Structure(
        field.bands[host.band],
        values,
        error,
        covariance,
        quality,
        not found.flag_sersic,
        len(drawn),
        tuple(notes),
    )


def _errors(values: Floats, drawn: Floats) -> tuple[Floats, Floats]:
    """Return the covariance of resampled values, and the errors of the values.

    Errors are the resampled values' spread, since one fit that went astray would be
    the standard deviation of all, `Value.beyond` and `Value.floor`.
    """
    n = len(values)
    if len(drawn) < LEAST_SAMPLES:
        return np.full((n, n), np.nan), np.full(n, np.nan)
    beyond = np.array([value.beyond for value in VALUES]) * np.abs(values)
    beyond = np.hypot(beyond, [value.floor for value in VALUES])
    error = np.hypot(spreads(drawn.T, medians(drawn.T)), beyond)
    error[~np.isfinite(values)] = np.nan
    return np.asarray(np.cov(drawn.T)), error


def _prepared(field: Field) -> _Prepared:
    """Return what is measured.

    Raises
    ------
    ImageError
        If there is nothing to measure.
    """
    host = field.host
    if field.sky is None:
        raise field.refused(_WHAT, "a picture has no linear flux")
    if host is None:
        raise field.refused(_WHAT, "no galaxy was found in its middle")
    if host.profile is None or host.radius < POINT * field.fwhm:
        raise field.refused(_WHAT, "it is no larger than the PSF")
    band = host.band
    coarse = _coarse(field, band)
    step, sky = coarse.step, field.sky
    own = _reduced(host.mask, step, coarse.planes.shape[1:])
    window = _around(own)
    image = coarse.planes[0][window].astype(np.float64) - sky.level[band]
    gone = ~np.isfinite(image)
    others = _reduced(host.sources & ~host.mask, step, coarse.planes.shape[1:])[window]
    rows, columns = (
        (np.arange(part.start, part.stop) + 0.5) * step - 0.5 for part in window
    )
    smooth = host.profile.light_at(columns, rows[:, None])[band] - sky.level[band]
    psf = field.psfs[band]
    per_pixel = float(sky.noise[band] * np.sqrt(sky.correlation[band]))
    return _Prepared(
        np.where(gone, 0.0, image),
        own[window] & ~others & ~gone,
        others | gone,
        max(per_pixel / step, 1e-30),
        _psf_image(psf, step),
        smooth,
        psf.fwhm / step,
        step,
        per_pixel / float(np.sqrt(max(sky.pixels, 1))),
    )


def _coarse(field: Field, band: int) -> Coarse:
    """Return the band in blocks: the PSF resolved, but no more pixels than are needed.

    What of a large galaxy is measured hardly depends on the PSF.
    """
    assert field.host is not None
    area, fwhm = float(field.host.mask.sum()), field.fwhm
    coarse = reduce(field.planes[band][None], fwhm)
    while area / coarse.step**2 > MOST_PIXELS:
        fwhm *= 2
        coarser = reduce(field.planes[band][None], fwhm)
        if coarser.step == coarse.step and fwhm > NARROW * coarse.step:
            break  # the image has no more pixels to give
        coarse = coarser
    return coarse


def _around(own: Mask) -> tuple[slice, slice]:
    """Return rows and columns of the galaxy, with as much around it."""
    parts = []
    for axis in (1, 0):
        there = np.flatnonzero(own.any(axis=axis))
        first, last = int(there[0]), int(there[-1]) + 1
        more = max(last - first, LEAST_AROUND)
        parts.append(slice(max(first - more, 0), min(last + more, own.shape[1 - axis])))
    return parts[0], parts[1]


def _psf_image(psf: Psf, step: int) -> Floats:
    """Return an image of the PSF in blocks, its sum 1."""
    side = 2 * (int(_PSF_REACH * psf.fwhm / step) + 1) + 1
    offsets = np.arange(side * step) - (side * step - 1) / 2
    fine = psf.pixel_light(np.hypot(offsets, offsets[:, None]))
    image = fine.reshape(side, step, side, step).sum(axis=(1, 3))
    return np.asarray(image / image.sum())


def _reduced(mask: Mask, step: int, shape: tuple[int, ...]) -> Mask:
    return np.asarray(mask[::step, ::step][: shape[0], : shape[1]])


def _morphology(ready: _Prepared, image: Floats) -> Any:
    """Return statmorph's measurement, or None where it gives up."""
    import statmorph

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # it warns of each problem, and flags them, too
        try:
            found = statmorph.SourceMorphology(
                image,
                ready.own.astype(int),
                label=1,
                mask=ready.others,
                weightmap=np.full(image.shape, ready.noise),
                psf=ready.psf,
            )
        except (ValueError, AssertionError, IndexError, RuntimeError, TypeError,
                ZeroDivisionError, np.linalg.LinAlgError):  # fmt: skip
            return None  # of an empty segment, a centre beside it, ...
    return None if found.flag >= len(QUALITY) - 1 else found


def _values(
    found: Any, ready: _Prepared, image: Floats, *, fast: bool = False
) -> Floats:
    """Return `VALUES` of a measurement, in pixels of the image."""
    step = ready.step
    values = np.array(
        [
            found.flux_ellip * step**2,
            found.sersic_rhalf * step,
            found.sersic_n,
            1 - found.sersic_ellip,
            found.rhalf_ellip * step,
            found.rpetro_ellip * step,
            found.concentration,
            found.asymmetry,
            found.smoothness,
            found.gini,
            found.m20,
            found.gini_m20_bulge,
            _bulge(found, ready, image, fast=fast),
        ],
        dtype=np.float64,
    )
    values[values == _MISSING] = np.nan
    if found.flag_sersic:
        values[1:4] = np.nan
    return values


def _bulge(found: Any, ready: _Prepared, image: Floats, *, fast: bool) -> float:
    """Return the bulge's share of the light, fitted to the galaxy's own pixels."""
    margin = int(_BULGE_MARGIN * ready.fwhm) + 1
    rows, columns = (
        slice(max(int(there[0]) - margin, 0), int(there[-1]) + margin + 1)
        for there in (np.flatnonzero(ready.own.any(axis=axis)) for axis in (1, 0))
    )
    window = rows, columns
    light = LightToFit(
        image[window], ready.others[window], ready.smooth[window], ready.noise,
        ready.psf,
    )  # fmt: skip
    shape = Shape(
        found.xc_asymmetry - columns.start,
        found.yc_asymmetry - rows.start,
        found.rhalf_ellip,
        1 / found.elongation_asymmetry,
        found.orientation_asymmetry,
    )
    return bulge_fraction(light, shape, fast)


#: Bulge and disc are fitted to so many FWHM around the galaxy's pixels.
_BULGE_MARGIN = 2.0

#: statmorph's number for what it did not measure.
_MISSING = -99.0


def _resampled(ready: _Prepared, samples: int) -> Floats:
    """Return the values of resampled images, shape (m, len(VALUES)).

    The smooth light stays; what is above or below it, noise, clumps and arms alike,
    changes its sign block by block (a wild bootstrap, Wu 1986, Ann. Stat. 14, 1261), so
    that errors contain what the structure of a galaxy makes of a fit.
    """
    rng = np.random.default_rng(_SEED)
    rest = ready.image - ready.smooth
    side = max(round(BLOCK * ready.fwhm), 1)
    height, width = rest.shape
    made = []
    for _ in range(samples):
        shape = (height // side + 2, width // side + 2)
        signs = rng.choice([-1.0, 1.0], shape).repeat(side, 0).repeat(side, 1)
        top, left = rng.integers(side, size=2)
        signs = signs[top : top + height, left : left + width]
        shift = rng.normal(0, ready.level_error)
        image = ready.smooth + signs * rest + shift
        found = _morphology(ready, np.where(ready.others, 0.0, image))
        if found is not None:
            made.append(_values(found, ready, image, fast=True))
    return np.array(made).reshape(-1, len(VALUES))
