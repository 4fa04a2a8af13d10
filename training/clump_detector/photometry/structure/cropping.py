"""A cutout cropped to some effective radii around its galaxy, as a FITS file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clump_detector.core.arrays import BandArray
from clump_detector.core.files import atomic_path
from clump_detector.images.cutout import Cutout
from clump_detector.images.pixels.band_names import bands_word
from clump_detector.photometry.field import Field

from .values import HALF_LIGHT, Structure

if TYPE_CHECKING:
    from astropy.io.fits import Header

#: Sides below this many pixels are no image to work on.
LEAST = 16


def cropped(field: Field, found: Structure, radii: float) -> Cutout:
    """Return a cutout around its galaxy, as many effective radii wide to each side.

    Where the image ends before, so does the cutout.

    Parameters
    ----------
    field : Field
    found : Structure
        Of its galaxy.
    radii : float
        Half of the side, in the semi-major axis of the ellipse with half of the light.
    """
    host, cutout = field.host, field.cutout
    assert host is not None
    reach = max(radii * float(found.values[HALF_LIGHT]), LEAST / 2)
    rows, columns = (
        slice(max(round(at - reach), 0), min(round(at + reach) + 1, size))
        for at, size in ((host.y, cutout.height), (host.x, cutout.width))
    )
    inside = (slice(None), rows, columns)
    variance = None if cutout.variance is None else cutout.variance[inside]
    wcs = None if cutout.wcs is None else cutout.wcs[rows, columns]
    return replace(cutout, pixels=cutout.pixels[inside], variance=variance, wcs=wcs)


def write_cropped(field: Field, found: Structure, radii: float, path: Path) -> None:
    """Write a cropped cutout with its WCS, bands, unit, PSF and errors.

    Fluxes are in Jy where the unit of all bands is known, otherwise in the file's own.

    Parameters
    ----------
    field : Field
    found : Structure
        Of its galaxy.
    radii : float
        See `cropped`.
    path : path
        A FITS file, which is replaced.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    from astropy.io import fits

    cutout = cropped(field, found, radii)
    units = [unit or np.nan for unit in cutout.jansky] or [np.nan]
    known = bool(np.isfinite(units).all())
    factors = np.array(units if known else [1.0])[:, None, None]
    header = _header(cutout)
    if known:
        header["BUNIT"] = "Jy"
    hdus = [fits.PrimaryHDU(_planes(cutout.pixels * factors), header)]
    if cutout.variance is not None:
        variance = _planes(cutout.variance * factors**2)
        hdus.append(fits.ImageHDU(variance, name="VARIANCE"))
    with atomic_path(path) as temporary:
        fits.HDUList(hdus).writeto(temporary, overwrite=True)


def _planes(values: BandArray) -> BandArray:
    """Return planes as a file has them: of one band without a third axis."""
    planes = np.asarray(values).astype(np.float32)
    return planes[0] if len(planes) == 1 else planes


def _header(cutout: Cutout) -> Header:
    """Return WCS or pixel scale, bands, and the widths of the PSF in arcsec."""
    from astropy.io import fits

    header = fits.Header()
    if cutout.wcs is not None:
        header.update(cutout.wcs.to_header(relax=True))
    elif cutout.scale:
        header["PIXSCALE"] = (cutout.scale, "[arcsec/pixel]")
    if cutout.bands:
        header["BANDS"] = bands_word(cutout.bands)
    if cutout.scale and cutout.fwhm:
        header["PSFFWHM"] = (cutout.fwhm * cutout.scale, "[arcsec] FWHM of the PSF")
        for band, width in cutout.psf.items():
            if band:
                header[f"HIERARCH PSFFWHM_{band.upper()}"] = width * cutout.scale
    return header
