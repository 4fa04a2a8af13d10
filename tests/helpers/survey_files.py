"""FITS files as surveys make them, for the tests of their reader."""

from __future__ import annotations

import numpy as np
from astropy.io import fits


def noise(*shape, seed=0, level=0.0):
    rng = np.random.default_rng(seed)
    return rng.normal(level, 2.0, shape).astype(np.float32)


def sky(ra=150.0, dec=2.0, scale=0.4, turned=0.0, centre=(20.5, 15.5)):
    """Return the cards of a TAN WCS whose reference pixel counts from 1."""
    c, s = np.cos(turned) * scale / 3600, np.sin(turned) * scale / 3600
    return {
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": ra, "CRVAL2": dec,
        "CRPIX1": centre[0], "CRPIX2": centre[1], "CD1_1": -c, "CD1_2": s,
        "CD2_1": s, "CD2_2": c,
    }  # fmt: skip


def hdu(array, kind=fits.ImageHDU, **header):
    made = kind(array)
    made.header.update(header)
    return made


def write(path, *hdus, **header):
    """Write HDUs, or one array with a header."""
    if len(hdus) == 1 and isinstance(hdus[0], np.ndarray):
        hdus = (hdu(hdus[0], fits.PrimaryHDU, **header),)
    elif not isinstance(hdus[0], fits.PrimaryHDU):
        hdus = (fits.PrimaryHDU(), *hdus)
    fits.HDUList(list(hdus)).writeto(path)
    return path


def notes_of(cutout):
    """Return what is said but for the size, which is small here."""
    return [note for note in cutout.notes if not note.startswith("Only 40 x 30")]
