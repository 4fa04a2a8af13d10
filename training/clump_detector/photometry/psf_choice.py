"""Which PSF a band has: as given, by the list, the header, the stars, or the boxes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from clump_detector.core.errors import ConfigError
from clump_detector.image_files.bands import wavelength
from clump_detector.images.cutout import Cutout
from clump_detector.photometry.aperture.background import SkyBackground
from clump_detector.photometry.aperture.psf import (
    SHAPE_ERROR,
    Psf,
    from_image,
    gaussian,
    moffat,
)

from .host import Host
from .star_psf import star_fwhm

#: What may be given for a band: a PSF, its FWHM in pixels, or its image.
Given = Psf | float | np.ndarray

#: The shapes that are assumed where only a width is known.
MODELS: dict[str, Callable[[float, str], Psf]] = {
    "moffat": lambda fwhm, source: _of_width(moffat(fwhm, source=source)),
    "gaussian": lambda fwhm, source: _of_width(gaussian(fwhm, source)),
}


def _of_width(psf: Psf) -> Psf:
    return replace(psf, shape_error=SHAPE_ERROR)


#: A width in pixels beyond these is no PSF's.
NARROWEST, WIDEST = 0.8, 100.0

#: FWHM in pixels where there is not even a box.
USUAL = 5.0


def given_psfs(given: Mapping[str, Given] | Given | None, bands: Sequence[str],
               model: str) -> dict[str, Psf]:  # fmt: skip
    """Return the PSFs that the user gave, by band.

    Parameters
    ----------
    given : mapping of str to Psf, float or array, or one of these for all bands
        A FWHM in pixels, or an image of the PSF; the band ``""`` stands for all others.
    bands : sequence of str
    model : str
        A key of `MODELS`, for widths.

    Raises
    ------
    ConfigError
        If a width is no PSF's, or there is no such model.
    ImageError
        If an image is none of a PSF.
    """
    if model not in MODELS:
        raise ConfigError(
            f"there is no PSF model {model!r}", remedy=f"Choose one of {[*MODELS]}."
        )
    if given is None:
        return {}
    by_band = given if isinstance(given, Mapping) else {"": given}
    made = {}
    for band in bands:
        value = by_band.get(band, by_band.get(""))
        if value is not None:
            made[band] = _as_psf(value, model)
    return made


def _as_psf(value: Given, model: str) -> Psf:
    if isinstance(value, Psf):
        return value
    if np.ndim(value) == 2:
        return from_image(value)
    fwhm = float(value)
    if not NARROWEST <= fwhm <= WIDEST:
        raise ConfigError(
            f"a PSF of {fwhm:g} pixels is none",
            remedy=f"Give a FWHM from {NARROWEST:g} to {WIDEST:g} pixels.",
        )
    return MODELS[model](fwhm, "given")


def stated_fwhm(cutout: Cutout, band: str) -> tuple[float, str] | None:
    """Return the FWHM that the galaxy list or the header gives for a band.

    Parameters
    ----------
    cutout : Cutout
    band : str

    Returns
    -------
    (float, str) or None
        FWHM in pixels, and ``"list"`` or ``"header"``; None where neither gives it.
    """
    if cutout.galaxy is not None and cutout.scale:
        arcsec = cutout.galaxy.psf_fwhm(band)
        if arcsec is not None and _usable(arcsec / cutout.scale):
            return arcsec / cutout.scale, "list"
    by_header = cutout.psf.get(band, cutout.psf.get("", cutout.fwhm))
    if by_header is not None and _usable(by_header):
        return by_header, "header"
    return None


def _usable(fwhm: float) -> bool:
    return bool(np.isfinite(fwhm) and NARROWEST <= fwhm <= WIDEST)


def first_guess(
    cutout: Cutout, given: Mapping[str, Psf], bands: Sequence[str], guess: float | None
) -> float:
    """Return a FWHM in pixels with which to find the galaxy and stars.

    Parameters
    ----------
    cutout : Cutout
    given : mapping of str to Psf
        By band.
    bands : sequence of str
    guess : float or None
        In pixels, such as from the boxes.
    """
    for band in bands:
        if band in given:
            return given[band].fwhm
        stated = stated_fwhm(cutout, band)
        if stated is not None:
            return stated[0]
    return guess if guess is not None and _usable(guess) else USUAL


def choose_psfs(
    cutout: Cutout,
    bands: Sequence[str],
    given: Mapping[str, Psf],
    guess: float,
    host: Host | None,
    sky: SkyBackground,
    model: str,
) -> tuple[Psf, ...]:
    """Return the PSF of each band of linear fluxes, its `Psf.source` saying why.

    In this order: as given; the list's of that band; the header's; the list's or what
    was given of the band nearest in wavelength; a fit to the stars; the guess, which is
    the boxes' side / 2.5.

    Parameters
    ----------
    cutout : Cutout
    bands : sequence of str
    given : mapping of str to Psf
        By band, where the user gave it.
    guess : float
        FWHM in pixels where nothing else is known.
    host : Host or None
        Stars are fitted outside it.
    sky : SkyBackground
    model : str
        A key of `MODELS`, for widths.
    """
    chosen: list[Psf | None] = []
    for band in bands:
        stated = stated_fwhm(cutout, band)
        if band in given:
            chosen.append(given[band])
        else:
            chosen.append(None if stated is None else MODELS[model](*stated))
    known = [(band, psf) for band, psf in zip(bands, chosen, strict=True) if psf]
    filled = []
    for k, (band, psf) in enumerate(zip(bands, chosen, strict=True)):
        if psf is None and known:
            psf = min(known, key=lambda other: _apart(band, other[0]))[1]
        if psf is None:
            psf = _fitted(cutout, k, guess, host, sky, model)
        filled.append(psf)
    if known:
        return _shared([p for p in filled if p is not None])
    # A band whose stars are too faint has the width of those that have some.
    fitted = [psf.fwhm for psf in filled if psf is not None]
    width, source = (float(np.median(fitted)), "stars") if fitted else (guess, "boxes")
    return _shared([psf or MODELS[model](width, source) for psf in filled])


def _shared(psfs: Sequence[Psf]) -> tuple[Psf, ...]:
    """Return the PSFs, one and the same for bands of one width and model."""
    first: dict[tuple[float, str, str], Psf] = {}
    return tuple(
        psf if psf.model == "image"
        else first.setdefault((psf.fwhm, psf.model, psf.source), psf)
        for psf in psfs
    )  # fmt: skip


def _apart(band: str, other: str) -> float:
    first, second = wavelength(band), wavelength(other)
    if first is None or second is None:
        return float("inf")
    return abs(float(np.log(first / second)))


def _fitted(
    cutout: Cutout,
    k: int,
    guess: float,
    host: Host | None,
    sky: SkyBackground,
    model: str,
) -> Psf | None:
    avoid = None if host is None else host.mask
    fwhm = star_fwhm(cutout.pixels[k], sky.level[k], sky.noise[k], guess, avoid)
    return None if fwhm is None else MODELS[model](fwhm, "stars")
