"""What of a cutout's image a label's place on it needs: its size, its sky, its PSF."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clump_detector.astrometry.wcs import sky_positions
from clump_detector.core.notation import real
from clump_detector.core.sources import FITS_SUFFIXES, PICTURE_SUFFIXES
from clump_detector.galaxies.galaxy import Galaxy
from clump_detector.images.cutout import Cutout, read_cutout
from clump_detector.images.formats.orientation import picture_size
from clump_detector.labels.external import Size, SkyPlace

from .match import Known


@dataclass(frozen=True)
class Frame:
    """What of a cutout's image a place on it needs."""

    size: Size
    wcs: Any = None
    fwhm: float | None = None
    scale: float | None = None

    @classmethod
    def of(cls, cutout: Cutout) -> Frame:
        """Return the frame of a cutout that was read."""
        size = cutout.width, cutout.height
        return cls(size, cutout.wcs, cutout.fwhm, cutout.scale)


def read_frame(cutout: Known, whole: bool) -> tuple[Frame, Galaxy | None]:
    """Return a cutout's frame, and its galaxy; read as little as will do."""
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
    """Tell whether DS9's physical pixels are those of the image: no header shifts them.

    Shifts are said by IRAF's LTV and LTM, or by the WCS of the letter P, as Chandra's
    files have it.
    """
    from astropy.io import fits

    if not path.name.lower().endswith(FITS_SUFFIXES):
        return True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with fits.open(path, lazy_load_hdus=True) as hdus:
                return not any(_is_shifted(hdu.header) for hdu in hdus)
    except Exception:  # the reader of cutouts says what is wrong with it
        return False


def _is_shifted(header: Any) -> bool:
    same = {"LTV1": 0, "LTV2": 0, "LTM1_1": 1, "LTM2_2": 1, "LTM1_2": 0, "LTM2_1": 0}
    if any(real(header.get(key, value)) != value for key, value in same.items()):
        return True
    for axis in "12":
        at, value = header.get(f"CRPIX{axis}P", 0), header.get(f"CRVAL{axis}P", 0)
        step = header.get(f"CDELT{axis}P", 1)
        if real(at) != real(value) or real(step) != 1:
            return True
    return False


def sky_of(wcs: Any, x: float, y: float) -> tuple[float, float]:
    """Return right ascension and declination of a pixel in degrees."""
    ra, dec = sky_positions(wcs, x, y)[0]
    return float(ra), float(dec)


def pixel_of(wcs: Any, sky: SkyPlace) -> tuple[float, float]:
    """Return x and y of a place on the sky; what the WCS does not show is NaN."""
    from astropy.coordinates import SkyCoord
    from astropy.wcs import NoConvergence
    from astropy.wcs.utils import wcs_to_celestial_frame

    try:
        frame = wcs_to_celestial_frame(wcs)
    except ValueError:  # one that astropy does not know: its numbers are taken
        frame = None
    try:
        if frame is None:
            x, y = wcs.all_world2pix(sky.ra, sky.dec, 0, ra_dec_order=True)
        else:
            # As `sky_positions` has it: FK5 of 2000 as it is, older frames in ICRS.
            own = frame.name == "fk5" and float(frame.equinox.jyear) == 2000
            named = frame if own and not sky.icrs else "icrs"
            place = SkyCoord(sky.ra, sky.dec, unit="deg", frame=named)
            x, y = place.to_pixel(wcs, origin=0, mode="all")
    except NoConvergence:  # too far outside a distorted image
        return np.nan, np.nan
    return float(x), float(y)
