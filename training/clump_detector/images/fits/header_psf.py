"""How wide stars are in an image, where its header says so."""

from __future__ import annotations

import re

from clump_detector.core.fits_header import HeaderKeys

#: Keys of the FWHM of the PSF, in arcsec where no comment says otherwise. PSF_RAD is
#: AstroWISE's (KiDS), IQIMAGE Terapix's (CFHTLS), PSFSIZE the Legacy Surveys'.
_KEYS = ("PSFFWHM", "PSF_FWHM", "SEEING", "PSFSIZE", "PSF_RAD", "IQIMAGE")

#: A key that is written in either unit, and is taken where its comment says which.
_EITHER = "FWHM"

#: Arcsec of the units that comments name, the surest word first.
_UNITS = (
    (r"\bmas\b|milli-?arc", 1e-3),
    (r"arcmin|minutes? of arc", 60.0),
    (r"arc-?\s*sec|\basec\b|\bas\b|[\"\u2033]|seconds? of arc", 1.0),
    (r"\bdeg", 3600.0),
    (r"\bradians?\b|\brad\b", 206264.806),
)

#: A FWHM below this many pixels or above the others is none of an image: it is in
#: another unit than it was taken for, or stands for something that was not measured.
LEAST_PIXELS, MOST_PIXELS = 0.5, 30.0


def psf_fwhm(
    keys: HeaderKeys, band: str | None, scale: float | None
) -> tuple[float | None, str]:
    """Return the FWHM of the PSF in pixels or None, and what a person should know.

    Parameters
    ----------
    keys : HeaderKeys
    band : str, optional
        Of a cube's plane: ``PSFFWHM_G`` stands before ``PSFFWHM``.
    scale : float, optional
        Arcsec per pixel.
    """
    names = [f"{key}_{band.upper()}"[:8] for key in _KEYS] if band else []
    note = ""
    for name in (*names, *_KEYS, _EITHER):
        value = keys.number(name)
        if value is None or value <= 0:
            continue  # that is how some write that it was not measured
        pixels = _in_pixels(value, keys.comment(name).lower(), name, scale)
        if pixels is None:
            continue
        if LEAST_PIXELS <= pixels <= MOST_PIXELS:
            return pixels, ""
        note = note or (
            f"{name} = {value:g} would be a PSF of {pixels:.2g} pixels (FWHM), which "
            "is not believed."
        )
    return None, note


def _in_pixels(
    value: float, comment: str, name: str, scale: float | None
) -> float | None:
    """Return a width in pixels, or None where its unit or the scale is not known."""
    arcsec = next((f for word, f in _UNITS if re.search(word, comment)), None)
    if "pix" in comment and arcsec != 1.0:
        return value
    if arcsec is None and name == _EITHER:
        return None
    return None if scale is None else value * (arcsec or 1.0) / scale
