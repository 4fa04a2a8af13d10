"""Construction of a WCS: a tangent plane about a position, North up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from astropy.wcs import WCS


def tangent_wcs(
    ra: float, dec: float, scale: float, width: int, height: int, *, picture: bool
) -> WCS:
    """Return the WCS of an image centred on a position on the sky, East to the left.

    The centre of an image of 424 pixels is 211.5, counted from 0 at the centre of the
    first pixel: the corner between its four central pixels.

    Parameters
    ----------
    ra, dec : float
        Position of the image's centre in degrees.
    scale : float
        Arcsec per pixel.
    width, height : int
        Size of the image in pixels.
    picture : bool
        Whether North is at the first row, as in a PNG or JPEG, or at the last, as in
        a FITS image.

    Returns
    -------
    astropy.wcs.WCS
    """
    from astropy.wcs import WCS

    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.radesys = "ICRS"
    wcs.wcs.crval = [ra, dec]
    wcs.wcs.crpix = [(width + 1) / 2, (height + 1) / 2]  # FITS counts from 1
    wcs.wcs.cdelt = [-scale / 3600, (-scale if picture else scale) / 3600]
    wcs.pixel_shape = (width, height)
    wcs.wcs.set()
    return wcs
