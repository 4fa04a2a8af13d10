"""What is left of a cutout without its galaxy's smooth light, also as a FITS file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from clump_detector.core.arrays import BandArray
from clump_detector.core.files import atomic_path
from clump_detector.photometry.field import Field

from .ellipses import Isophotes
from .image import light_of


def residual(field: Field, found: Isophotes) -> BandArray:
    """Return a cutout's light above the sky without that of its isophotes.

    Parameters
    ----------
    field : Field
    found : Isophotes
        Of that cutout.

    Returns
    -------
    array of shape (bands, height, width)
        In the unit of the pixels; of a picture, in that of its isophotes.
    """
    light = light_of(field)
    smooth = found.smooth_light((field.cutout.height, field.cutout.width))
    return light - smooth


def write_residual(field: Field, found: Isophotes, path: Path) -> None:
    """Write what is left without the isophotes' light, with the cutout's WCS.

    Parameters
    ----------
    field : Field
    found : Isophotes
    path : path
        A FITS file, which is replaced.

    Raises
    ------
    FileError
        If the file cannot be written.
    """
    from astropy.io import fits

    header = fits.Header()
    if field.cutout.wcs is not None:
        header.update(field.cutout.wcs.to_header(relax=True))
    for k, band in enumerate(found.bands, start=1):
        header[f"BAND{k}"] = band
    header["COMMENT"] = "Light above the sky without the host's isophotes"
    planes = residual(field, found).astype(np.float32)
    with atomic_path(path) as temporary:
        fits.PrimaryHDU(planes, header).writeto(temporary, overwrite=True)
