"""The size, WCS and PSF of a cutout's image, and its pixels of sky positions."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clump_detector.astrometry.wcs import sky_positions
from clump_detector.core.notation import real
from clump_detector.galaxies.galaxy import Galaxy
from clump_detector.image_files.sources import FITS_SUFFIXES, PICTURE_SUFFIXES
from clump_detector.images.cutout import Cutout, read_cutout
from clump_detector.images.formats.orientation import picture_size
from clump_detector.labels.external import Size, SkyPosition

from .match import Known

if TYPE_CHECKING:
    from astropy.io.fits import Header
    from astropy.wcs import WCS


@dataclass(frozen=True)
class Frame:
    """The properties of a cutout's image that placing labels needs.

    Attributes
    ----------
    size : (int, int)
        Width and height in pixels.
    wcs : astropy.wcs.WCS or None
    fwhm : float or None
        FWHM of the PSF in pixels.
    scale : float or None
        Arcsec per pixel.
    """

    size: Size
    wcs: WCS | None = None
    fwhm: float | None = None
    scale: float | None = None

    @classmethod
    def of(cls, cutout: Cutout) -> Frame:
        """Return the frame of a cutout that was read."""
        size = cutout.width, cutout.height
        return cls(size, cutout.wcs, cutout.fwhm, cutout.scale)


def read_frame(cutout: Known, whole: bool) -> tuple[Frame, Galaxy | None]:
    """Return the frame of a cutout, and its galaxy.

    Parameters
    ----------
    cutout : Known
    whole : bool
        Whether all is needed; otherwise only the size, for which a picture's header is
        enough.

    Raises
    ------
    ClumpError
        If the image cannot be read.
    """
    if not whole and cutout.size is not None:
        return Frame(cutout.size), None
    path = cutout.source.path
    if not whole and path.name.lower().endswith(PICTURE_SUFFIXES):
        size = picture_size(path)
        if size is not None:
            return Frame(size), None
    read = read_cutout(cutout.source)
    return Frame.of(read), read.galaxy


def physical_is_image(path: Path) -> bool:
    """Return whether DS9's physical pixels are those of the image.

    They are unless a header shifts them by IRAF's LTV and LTM, or by the alternate WCS
    P, as in Chandra's files.
    """
    from astropy.io import fits

    if not path.name.lower().endswith(FITS_SUFFIXES):
        return True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with fits.open(path, lazy_load_hdus=True) as hdus:
                return not any(_is_shifted(hdu.header) for hdu in hdus)
    except Exception:  # the reader of cutouts raises with the reason
        return False


def _is_shifted(header: Header) -> bool:
    same = {"LTV1": 0, "LTV2": 0, "LTM1_1": 1, "LTM2_2": 1, "LTM1_2": 0, "LTM2_1": 0}
    if any(real(header.get(key, value)) != value for key, value in same.items()):
        return True
    for axis in "12":
        at, value = header.get(f"CRPIX{axis}P", 0), header.get(f"CRVAL{axis}P", 0)
        step = header.get(f"CDELT{axis}P", 1)
        if real(at) != real(value) or real(step) != 1:
            return True
    return False


def sky_of(wcs: WCS, x: float, y: float) -> tuple[float, float]:
    """Return right ascension and declination of a pixel in degrees.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
    x, y : float
        Pixels, counted from 0 at the centre of the first one.
    """
    ra, dec = sky_positions(wcs, x, y)[0]
    return float(ra), float(dec)


def pixel_of(wcs: WCS, sky: SkyPosition) -> tuple[float, float]:
    """Return x and y of a position on the sky.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
    sky : SkyPosition

    Returns
    -------
    (float, float)
        Pixels, counted from 0 at the centre of the first one; NaN where the WCS has no
        pixel for the position.
    """
    from astropy.coordinates import SkyCoord
    from astropy.wcs import NoConvergence
    from astropy.wcs.utils import wcs_to_celestial_frame

    try:
        frame = wcs_to_celestial_frame(wcs)
    except ValueError:  # a frame that astropy does not know: its numbers are used
        frame = None
    try:
        if frame is None:
            x, y = wcs.all_world2pix(sky.ra, sky.dec, 0, ra_dec_order=True)
        else:
            # As in `sky_positions`: FK5 of 2000 unchanged, older frames in ICRS.
            own = frame.name == "fk5" and float(frame.equinox.jyear) == 2000
            named = frame if own and not sky.icrs else "icrs"
            position = SkyCoord(sky.ra, sky.dec, unit="deg", frame=named)
            x, y = position.to_pixel(wcs, origin=0, mode="all")
    except NoConvergence:  # too far outside a distorted image
        return np.nan, np.nan
    return float(x), float(y)
