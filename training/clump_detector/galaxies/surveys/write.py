"""Checking the images that services send, and writing them as files of cutouts."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clump_detector.astrometry.tangent_plane import tangent_wcs
from clump_detector.core.errors import FetchError
from clump_detector.core.files import atomic_path

from .plan import Choices, Wanted
from .retry import TryAgain

if TYPE_CHECKING:
    from astropy.io.fits import Header
    from astropy.wcs import WCS

Plane = NDArray[np.float32]


class OutsideError(FetchError):
    """A position outside of the survey's area."""

    def __init__(self, band: str) -> None:
        what = f"there is no image in {band}" if band else "there is no image"
        super().__init__(
            f"{what}: the galaxy is outside the survey",
            None,
            "Choose another survey for it.",
        )

    def __reduce__(self) -> tuple[object, ...]:
        return FetchError, (self.what, self.path, self.remedy)


def wcs_of(wanted: Wanted) -> WCS:
    """Return the WCS to request; services flip the rows of pictures themselves."""
    side = wanted.pixels
    return tangent_wcs(*wanted.position, wanted.scale, side, side, picture=False)


def read_plane(content: bytes, pixels: int | None = None) -> tuple[Plane, Header]:
    """Return the image and the header of FITS bytes.

    Parameters
    ----------
    content : bytes
    pixels : int, optional
        The side length that the image should have.

    Raises
    ------
    TryAgain
        If they are not a complete FITS file of that size.
    FetchError
        If it is a colour picture.
    """
    data, header = _first_image(content)
    if data.ndim == 3 and min(data.shape) in (3, 4):
        raise FetchError(
            "this HiPS holds colour pictures, not a band",
            None,
            "Add --picture, or give the HiPS of a band.",
        )
    if data.ndim != 2 or (pixels is not None and data.shape != (pixels, pixels)):
        raise TryAgain(f"the image has another shape, {data.shape}")
    data[~np.isfinite(data)] = np.nan
    return data, header


def _first_image(content: bytes) -> tuple[Plane, Header]:
    from astropy.io import fits
    from astropy.utils.exceptions import AstropyWarning

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AstropyWarning)
            warnings.filterwarnings("error", message=".*truncated.*")
            with fits.open(io.BytesIO(content)) as hdus:
                hdu = next(h for h in hdus if h.is_image and h.header.get("NAXIS"))
                return np.array(hdu.data, dtype=np.float32), hdu.header.copy()
    except Exception as error:  # astropy raises many kinds for damaged bytes
        raise TryAgain("the image is damaged or incomplete") from error


def check_picture(content: bytes, wanted: Wanted) -> bytes:
    """Return the bytes of a picture, after checking that it is readable and not blank.

    Parameters
    ----------
    content : bytes
    wanted : Wanted
        For the size.

    Raises
    ------
    TryAgain
        If it is damaged or has another size.
    OutsideError
        If it is blank.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as picture:
            size, pixels = picture.size, np.asarray(picture.convert("RGB"))
    except Exception as error:  # decoders raise many kinds for damaged bytes
        raise TryAgain("the picture is damaged or incomplete") from error
    if size != (wanted.pixels, wanted.pixels):
        raise TryAgain(f"the picture has another size, {size[0]} x {size[1]}")
    # JPEG adds some noise to a uniform colour.
    if int(pixels.max()) - int(pixels.min()) < 12:
        raise OutsideError("")
    return content


def refuse_empty(plane: Plane, band: str) -> None:
    """Refuse an image without data, or with the same value everywhere.

    Parameters
    ----------
    plane : array of shape (height, width)
    band : str
        For the message.

    Raises
    ------
    OutsideError
    """
    known = plane[np.isfinite(plane)]
    if not known.size or known.min() == known.max():
        raise OutsideError(band)


def write_picture(content: bytes, path: Path) -> None:
    """Write the bytes of a picture unchanged, completely or not at all.

    Parameters
    ----------
    content : bytes
    path : path

    Raises
    ------
    FileError
        If it cannot be written.
    """
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_bands(
    planes: Mapping[str, Plane], wanted: Wanted, choices: Choices, path: Path, wcs: WCS
) -> None:
    """Write one extension per band with its WCS, unit and PSF.

    The file is written completely or not at all.

    Parameters
    ----------
    planes : mapping of str to array
        By band, shape (pixels, pixels), in the survey's unit per native pixel.
    wanted : Wanted
    choices : Choices
    path : path
    wcs : astropy.wcs.WCS
        That of all planes.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    from astropy.io import fits

    hdus = fits.HDUList([fits.PrimaryHDU(header=_primary(wanted, choices))])
    for band, plane in planes.items():
        header = wcs.to_header()
        header["FILTER"] = band
        if choices.survey.unit:
            # A pixel twice as wide holds four times the flux.
            plane = plane * np.float32((wanted.scale / choices.survey.scale) ** 2)
            header["BUNIT"] = choices.survey.unit
        psf = wanted.galaxy.psf_fwhm(band)
        if psf:
            header["PSFFWHM"] = (psf, "[arcsec] FWHM of the PSF, of the list")
        header["HISTORY"] = f"From {choices.survey.bands[band] or choices.survey.title}"
        hdus.append(fits.ImageHDU(plane, header, name=band))
    with atomic_path(path) as temporary:
        hdus.writeto(temporary, overwrite=True, output_verify="silentfix")


def _primary(wanted: Wanted, choices: Choices) -> Header:
    from astropy.io import fits

    galaxy = wanted.galaxy
    header = fits.Header()
    header["OBJECT"] = _ascii(galaxy.name)
    header["RA"] = (galaxy.ra, "[deg] of the list, ICRS")
    header["DEC"] = (galaxy.dec, "[deg] of the list, ICRS")
    if galaxy.redshift is not None:
        header["REDSHIFT"] = galaxy.redshift
    header["SURVEY"] = _ascii(choices.survey.title)
    header["BANDS"] = "".join(choices.bands)
    return header


def _ascii(text: str) -> str:
    """Return a text with characters that FITS cannot hold replaced."""
    return "".join(c if " " <= c <= "~" else "?" for c in text)[:60]
