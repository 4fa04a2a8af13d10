"""The FWHM of the PSF in the header of an image."""

from __future__ import annotations

import re

from clump_detector.core.fits_header import HeaderKeys

#: Keys of the FWHM of the PSF, in arcsec unless the comment names a unit. PSF_RAD is
#: AstroWISE's (KiDS), IQIMAGE Terapix's (CFHTLS), PSFSIZE the Legacy Surveys'.
_KEYS = ("PSFFWHM", "PSF_FWHM", "SEEING", "PSFSIZE", "PSF_RAD", "IQIMAGE")

#: A key in arcsec or pixels, which is used only if its comment names the unit.
_EITHER = "FWHM"

#: Arcsec of the units that comments name, the most reliable word first.
_UNITS = (
    (r"\bmas\b|milli-?arc", 1e-3),
    (r"arcmin|minutes? of arc", 60.0),
    (r"arc-?\s*sec|\basec\b|\bas\b|[\"\u2033]|seconds? of arc", 1.0),
    (r"\bdeg", 3600.0),
    (r"\bradians?\b|\brad\b", 206264.806),
)

#: Range of a plausible FWHM in pixels: outside of it the unit is another one, or the
#: value was not measured.
LEAST_PIXELS, MOST_PIXELS = 0.5, 30.0


def psf_fwhm(
    keys: HeaderKeys, band: str | None, scale: float | None
) -> tuple[float | None, str]:
    """Return the FWHM of the PSF in pixels, or None, and a sentence for the user or ''.

    Parameters
    ----------
    keys : HeaderKeys
    band : str or None
        The band of a cube's plane: ``PSFFWHM_G`` takes precedence over ``PSFFWHM``.
    scale : float or None
        Arcsec per pixel.
    """
    names = [f"{key}_{band.upper()}"[:8] for key in _KEYS] if band else []
    note = ""
    for name in (*names, *_KEYS, _EITHER):
        value = keys.number(name)
        if value is None or value <= 0:
            continue  # some programs write 0 or -1 if it was not measured
        pixels = _in_pixels(value, keys.comment(name).lower(), name, scale)
        if pixels is None:
            continue
        if LEAST_PIXELS <= pixels <= MOST_PIXELS:
            return pixels, ""
        note = note or (
            f"{name} = {value:g} would be a PSF of {pixels:.2g} pixels (FWHM), which "
            "is not plausible and not used."
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
