"""Pictures and bands at random, and what has to hold of each.

Each ``check_...`` takes what the strategy above it draws; a benchmark may run as many.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import tifffile
from astropy.io import fits
from hypothesis import strategies as st

from clump_detector.image_files.sources import Source
from clump_detector.images.cutout import read_cutout
from tests.fields.colour_files import png
from tests.fields.properties import checked

#: Bands from blue to red, as headers write them and as they are called here.
BANDS = (
    ("FUV", "FUV"), ("F225W", "F225W"), ("u DECam c0006", "u"), ("ACS_F435W", "F435W"),
    ("g.MP9402", "g"), ("F606W", "F606W"), ("HSC-R2", "r"), ("VIS", "VIS"),
    ("OCAM_i_SDSS", "i"), ("z'", "z"), ("HSC-Y", "y"), ("F115W", "F115W"),
    ("2MASS J", "J"), ("NIR_H", "H"), ("F200W", "F200W"), ("Ks", "K"),
    ("F277W", "F277W"), ("W1", "W1"), ("F444W", "F444W"), ("F770W", "F770W"),
)  # fmt: skip


@st.composite
def pictures(draw):
    """Draw the colours of a picture and how they are stored."""
    bits = draw(st.sampled_from((8, 10, 12, 14, 16)))
    height, width = draw(st.integers(16, 40)), draw(st.integers(16, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = np.uint8 if bits == 8 else np.uint16
    array = rng.integers(0, 2**bits, (height, width, 3)).astype(kind)
    array[0, 0] = 2**bits - 1
    png_too = bits > 8 and draw(st.booleans())
    stored = {
        "alpha": draw(st.booleans()),
        "photometric": draw(st.sampled_from(("rgb", "miniswhite", "minisblack"))),
        "planarconfig": draw(st.sampled_from(("contig", "separate"))),
        "compression": draw(st.sampled_from((None, "zlib", "lzma"))),
        "predictor": draw(st.booleans()),
        "byteorder": draw(st.sampled_from("<>")),
        "tile": draw(st.sampled_from((None, (16, 16)))),
    }
    return array, bits, None if png_too else stored


@checked(pictures)
def check_picture(drawn):
    """Hold that a picture has the colours that were stored, or its grey values."""
    array, bits, stored = drawn
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.tif"
        if stored is None:
            path = path.with_suffix(".png")
            path.write_bytes(png(array))
            got, expected = read_cutout(path).pixels, array >> (bits - 8)
        else:
            expected = _write_tiff(path, array, bits, dict(stored))
            got = read_cutout(path).pixels
    assert got.shape == expected.shape
    assert np.array_equal(got, expected)


def _write_tiff(path, array, bits, stored):
    """Write a TIFF and return what is to be read of it."""
    alpha, planar = stored.pop("alpha"), stored["planarconfig"] == "separate"
    stored["predictor"] = bool(stored["predictor"] and stored["compression"])
    full = np.iinfo(array.dtype).max
    if stored["photometric"] != "rgb":
        del stored["planarconfig"]
        grey = array[..., 0]
        white = stored["photometric"] == "miniswhite"
        tifffile.imwrite(path, full - grey if white else grey, **stored)
        return np.repeat(grey[..., None], 3, axis=2) if bits == 8 else grey[None]
    samples = array
    if alpha:
        samples = np.dstack([array, np.full(array.shape[:2], full, array.dtype)])
        stored["extrasamples"] = ["unassalpha"]
    if planar:
        samples = np.ascontiguousarray(np.moveaxis(samples, 2, 0))
    tifffile.imwrite(path, samples, **stored)
    return array >> (bits - 8)


@st.composite
def named_bands(draw):
    """Draw bands, the order in which a file has them, and where their names stand."""
    chosen = draw(st.lists(st.integers(0, len(BANDS) - 1), min_size=2, max_size=5,
                           unique=True))  # fmt: skip
    return chosen, draw(
        st.sampled_from(("FILTER", "BAND", "list", "numbers", "choice"))
    )


@checked(named_bands)
def check_bands(drawn):
    """Hold that the planes go from blue to red, each with its name."""
    chosen, how = drawn
    rng = np.random.default_rng(sum(chosen))
    planes = {i: rng.normal(0, 1, (20, 24)).astype(np.float32) for i in chosen}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.fits"
        cube = fits.PrimaryHDU(np.stack([planes[i] for i in chosen]))
        hdus = [cube]
        if how == "list":
            cube.header["BANDS"] = ",".join(BANDS[i][1] for i in chosen)
        elif how == "numbers":
            for place, i in enumerate(chosen):
                cube.header[f"BAND{place}"] = BANDS[i][0]
        elif how != "choice":
            hdus = [fits.PrimaryHDU(), *(fits.ImageHDU(planes[i]) for i in chosen)]
            for hdu, i in zip(hdus[1:], chosen, strict=True):
                hdu.header[how] = BANDS[i][0]
        fits.HDUList(hdus).writeto(path)
        told = tuple(BANDS[i][1] for i in chosen) if how == "choice" else ()
        cutout = read_cutout(Source("a", (path,), told))
    assert cutout.bands == tuple(BANDS[i][1] for i in sorted(chosen))
    assert np.array_equal(cutout.pixels, np.stack([planes[i] for i in sorted(chosen)]))
