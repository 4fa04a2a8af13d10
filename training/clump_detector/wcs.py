"""Sky coordinates of a cutout: astropy's WCS, with pixels counted from 0."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def celestial_wcs(header: Any) -> Any | None:
    """Return the celestial part of a FITS header's WCS, or None.

    Parameters
    ----------
    header : astropy.io.fits.Header

    Returns
    -------
    astropy.wcs.WCS or None
        Two axes, also where the header belongs to a cube.
    """
    from astropy.wcs import WCS, FITSFixedWarning

    if not any("RA" in str(header.get(f"CTYPE{i}", "")) for i in (1, 2, 3)):
        return None
    # wcslib takes words for 0, and every position would be wrong without a word.
    numbers = [header.get(f"{k}{i}", 0) for k in ("CRVAL", "CRPIX") for i in (1, 2)]
    if any(isinstance(number, str) for number in numbers):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)
        try:
            wcs = WCS(header, naxis=2)
            usable = (
                wcs.has_celestial
                and np.isfinite(wcs.celestial.all_pix2world([[0, 0]], 0)).all()
            )
        except Exception:  # wcslib raises many kinds for a broken header
            return None
    return wcs.celestial if usable else None


def sky_positions(wcs: Any, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
    """Return (ra, dec) in degrees, shape (n, 2), of pixels counted from 0.

    They are in the header's own frame: ICRS, or FK5, which is 0.02 arcsec away, and
    right ascension comes first whatever the header names first.
    """
    xy = np.column_stack([np.atleast_1d(x), np.atleast_1d(y)]).astype(float)
    return np.asarray(wcs.all_pix2world(xy, 0, ra_dec_order=True))


def pixel_scale(wcs: Any) -> float:
    """Return the geometric mean of the pixel's sides in arcsec."""
    from astropy.wcs.utils import proj_plane_pixel_scales

    return float(np.sqrt(np.prod(proj_plane_pixel_scales(wcs))) * 3600)
