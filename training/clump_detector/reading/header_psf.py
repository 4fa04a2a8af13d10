"""How wide stars are in an image, where its header says so."""

from __future__ import annotations

from ..headers import Keys

#: Keys of the FWHM of the PSF in arcsec. PSF_RAD is AstroWISE's (KiDS), IQIMAGE
#: Terapix's (CFHTLS), PSFSIZE the Legacy Surveys'.
_KEYS = ("PSFFWHM", "PSF_FWHM", "SEEING", "PSFSIZE", "PSF_RAD", "IQIMAGE")

#: A key that is written in either unit, and is taken where its comment says which.
_EITHER = "FWHM"


def psf_fwhm(keys: Keys, band: str | None, scale: float | None) -> float | None:
    """Return the FWHM of the PSF in pixels, or None.

    Parameters
    ----------
    keys : Keys
    band : str, optional
        Of a cube's plane: ``PSFFWHM_G`` stands before ``PSFFWHM``.
    scale : float, optional
        Arcsec per pixel.
    """
    names = [f"{key}_{band.upper()}"[:8] for key in _KEYS] if band else []
    for name in (*names, *_KEYS, _EITHER):
        value = keys.number(name)
        if value is None or not 0 < value < 100:
            continue
        unit = keys.comment(name).lower()
        in_pixels = "pix" in unit and "arcsec" not in unit
        if name == _EITHER and not in_pixels and "arcsec" not in unit:
            continue
        if in_pixels:
            return value
        if scale is not None:
            return value / scale
    return None
