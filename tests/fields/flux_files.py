"""FITS files whose fluxes, errors and masks are known, and what is read of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from astropy.io import fits

SCALE = 0.25
SIDE = 64


def sky_cards(scale=SCALE):
    return {
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 2.2,
        "CRPIX1": 32.0, "CRPIX2": 32.0, "CDELT1": -scale / 3600, "CDELT2": scale / 3600,
    }  # fmt: skip


def noise(seed=0, sigma=2.0, shape=(SIDE, SIDE)):
    return np.random.default_rng(seed).normal(0, sigma, shape).astype(np.float32)


def plane(value):
    return np.full((SIDE, SIDE), value, np.float32)


def hdu(data, name="", kind=fits.ImageHDU, **cards):
    made = kind(data)
    if name:
        made.header["EXTNAME"] = name
    made.header.update(cards)
    return made


def write(path: Path, *hdus, **primary):
    """Write extensions behind a primary header, or one image as the primary."""
    if len(hdus) == 1 and isinstance(hdus[0], np.ndarray):
        first = [hdu(hdus[0], kind=fits.PrimaryHDU, **{**sky_cards(), **primary})]
        rest = []
    elif isinstance(hdus[0], fits.PrimaryHDU):
        first, rest = [hdus[0]], list(hdus[1:])
    else:
        first, rest = [hdu(None, kind=fits.PrimaryHDU, **primary)], list(hdus)
    fits.HDUList([*first, *rest]).writeto(path, overwrite=True)
    return path


def science(**cards):
    """Return an image called SCI with a place on the sky."""
    return hdu(noise(), "SCI", **{**sky_cards(), **cards})
