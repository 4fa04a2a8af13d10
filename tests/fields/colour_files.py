"""Pictures and FITS files of known colours, and the colour that is seen in them."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from astropy.io import fits

from clump_detector.images.cutout import read_cutout
from clump_detector.images.rgb import to_rgb

SIDE = 64
KNOT = (20, 40)
BLUE = (94, 121, 255)


def knot(height=1.0, x=KNOT[0], y=KNOT[1]):
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return height * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 18)


def rgb(bits=8, colour=BLUE, kind=None):
    """Return a picture, (64, 64, 3), with a knot of a colour on a dark ground."""
    full = 2**bits - 1
    bright = knot()[..., None]
    light = 0.05 * (1 - bright) + bright * np.array(colour) / 255
    return (light * full).round().clip(0, full).astype(kind or np.uint8)


def planes(strengths, seed=0, noise=0.01):
    """Return planes of fluxes in which the knot has the strengths given."""
    rng = np.random.default_rng(seed)
    bulge = knot(1.0, 44, 20)
    return [
        (knot(s) + bulge + rng.normal(0, noise, (SIDE, SIDE))).astype(np.float32)
        for s in strengths
    ]


def colour_at_knot(path_or_source):
    """Return the knot's red, green and blue as floats."""
    cutout = read_cutout(path_or_source)
    return to_rgb(cutout)[KNOT[1], KNOT[0]].astype(float)


def is_blue(seen):
    return seen[2] > seen[1] + 20 and seen[2] > seen[0] + 40


def write_bands(path, bands, order, key="FILTER"):
    """Write an extension per band in an order; the knot is in the bluest alone."""
    made = dict(zip(bands, planes([1.0] + [0.1] * (len(bands) - 1)), strict=True))
    hdus = [fits.PrimaryHDU()]
    for band in order:
        hdus.append(fits.ImageHDU(made[band]))
        hdus[-1].header[key] = band
    fits.HDUList(hdus).writeto(path, overwrite=True)
    return path


def png(array):
    """Return a PNG of 16 bits, which Pillow does not write in colour."""
    height, width, n = array.shape
    rows = [b"\0" + array[i].astype(">u2").tobytes() for i in range(height)]
    head = struct.pack(">IIBBBBB", width, height, 16, {2: 4, 3: 2, 4: 6}[n], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(name, data)
        for name, data in (
            (b"IHDR", head), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b""),
        )
    )  # fmt: skip


def _chunk(name, data):
    checked = name + data
    return (
        struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))
    )
