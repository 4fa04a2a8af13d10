"""What of a cutout's image a label's place on it needs: its size, its sky, its PSF."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..galaxy import Galaxy
from ..images import Cutout, read_cutout
from ..reading.orientation import picture_size
from ..sources import PICTURE_SUFFIXES
from ..wcs import sky_positions
from .matching import Known
from .model import Size, SkyPlace


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
