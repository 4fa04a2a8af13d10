"""Errors, masks, and which image of a file is the science image."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from clump_detector.images.cutout import read_cutout
from clump_detector.images.fits.galaxy_position import galaxy_in_header
from tests.fields.flux_files import SCALE, hdu, noise, plane, science, sky_cards, write
from tests.fields.understood import understood

SIGMA = 2.0

ERRORS = {
    "JWST": ([("ERR", SIGMA), ("WHT", 9.0), ("VAR_POISSON", 0.5), ("VAR_RNOISE", 3.0),
              ("VAR_FLAT", 0.1)], 4.0, "the error"),
    "parts only": ([("VAR_POISSON", 0.9), ("VAR_RNOISE", 3.0), ("VAR_FLAT", 0.1)], 4.0,
                   "VAR_POISSON + VAR_RNOISE + VAR_FLAT"),
    "MUSE": ([("STAT", 4.0)], 4.0, "the variance"),
    "a part before the whole": ([("VAR_READ", 1.0), ("VAR", 4.0)], 4.0, "the variance"),
}  # fmt: skip


@understood(
    "JWST", "ERR beside VAR_POISSON, VAR_RNOISE and VAR_FLAT", "read",
    "ERR is the whole error; its parts are summed only where the whole is missing",
)  # fmt: skip
@understood("MUSE", "the extension STAT", "read", "it is the variance")
@pytest.mark.parametrize(("beside", "variance", "said"), ERRORS.values(), ids=ERRORS)
def test_the_whole_error_comes_before_its_parts(tmp_path, beside, variance, said):
    hdus = [science(), *(hdu(plane(value), name) for name, value in beside)]
    cutout = read_cutout(write(tmp_path / "a.fits", *hdus))
    assert np.median(cutout.variance) == pytest.approx(variance)
    assert f"errors from {said}" in cutout.read_as


@understood(
    "FITS", "one part of the errors alone, such as VAR_POISSON", "ignored",
    "it is less than the error; a note says so and the noise is measured",
)  # fmt: skip
@pytest.mark.parametrize("name", ["VAR_POISSON", "ERR_SHOT", "VAR_RNOISE"])
def test_a_part_of_the_errors_alone_is_not_used(tmp_path, name):
    cutout = read_cutout(write(tmp_path / "a.fits", science(), hdu(plane(0.5), name)))
    assert cutout.variance is None
    assert f"{name} is only a part of the errors and was not used." in cutout.notes


KINDS = {
    "CCDData's variance": ("UNCERT", {"UTYPE": "VarianceUncertainty"}, 4.0),
    "CCDData's error": ("UNCERT", {"UTYPE": "StdDevUncertainty"}, 2.0),
    "CCDData's inverse variance": ("UNCERT", {"UTYPE": "InverseVariance"}, 0.25),
    "ESO's variance": ("DATA_ERR", {"HDUCLAS2": "ERROR", "HDUCLAS3": "MSE"}, 4.0),
    "ESO's error": ("ERRDATA", {"HDUCLAS2": "ERROR", "HDUCLAS3": "RMSE"}, 2.0),
}


@understood(
    "astropy, ESO", "UTYPE or HDUCLAS3 say what kind of error an extension holds",
    "read", "they come before its name: UNCERT may be a variance",
)  # fmt: skip
@pytest.mark.parametrize(("name", "keys", "value"), KINDS.values(), ids=KINDS)
def test_keys_that_say_what_an_error_is(tmp_path, name, keys, value):
    path = write(tmp_path / "a.fits", science(), hdu(plane(value), name, **keys))
    assert np.median(read_cutout(path).variance) == pytest.approx(4.0)


# -- masks ----------------------------------------------------------------------

#: Who, the name of the mask, keys of the mask, bits that are no data, benign bits.
FLAGS = {
    "JWST": ({"TELESCOP": "JWST"}, "DQ", {}, [1, 512], [2, 4, 8, 16, 2**17, 2**30]),
    "Roman": ({"TELESCOP": "ROMAN"}, "DQ", {}, [1], [4, 2**20]),
    "HST ACS": ({"TELESCOP": "HST", "INSTRUME": "ACS"}, "DQ", {},
                [1, 2, 4, 128, 4096, 8192], [16, 32, 64, 256, 1024]),
    "HST infrared": ({"TELESCOP": "HST", "DETECTOR": "IR"}, "DQ", {},
                     [1, 4, 8, 32], [512, 2048, 8192]),
    "Gemini": ({"TELESCOP": "Gemini-North"}, "DQ", {}, [1, 4, 8, 16], [2, 32]),
    "Euclid": ({"TELESCOP": "EUCLID"}, "DQ", {}, [1], [2, 2**16]),
    "DES": ({"INSTRUME": "DECam"}, "MSK", {}, [1, 2, 16, 64], [32, 2048, 8192]),
    "Legacy Surveys": ({"SURVEY": "DECaLS"}, "MASKBITS", {}, [32, 64], [1, 2, 4096]),
    "Rubin": ({}, "MASK", {"MP_NO_DATA": 8, "MP_BAD": 0, "MP_DETECTED": 5},
              [1, 256], [32, 4]),
    "Pan-STARRS": ({}, "MASK", {"MSKNAM00": "DETECTOR", "MSKVAL00": 1,
                                "MSKNAM01": "SUSPECT", "MSKVAL01": 128}, [1], [128]),
    "unknown": ({}, "DQ", {}, [1, 4, 1024], []),
    "other names": ({}, "FLG", {}, [1], []),
}  # fmt: skip


@understood(
    "JWST, Roman", "flags in DQ", "read",
    "DO_NOT_USE, NON_SCIENCE and reference pixels have no data, others (a corrected "
    "jump) have",
)  # fmt: skip
@understood(
    "HST", "flags in DQ", "read",
    "hot and warm pixels, full wells and charge traps count as data, in the infrared "
    "also corrected cosmic rays and blobs",
)  # fmt: skip
@understood(
    "DECam, DES", "flags in MSK", "read",
    "halos of stars, suspect, repaired and edge pixels count as data",
)  # fmt: skip
@understood(
    "Legacy Surveys", "MASKBITS", "read",
    "only ALLMASK (bad in every exposure) is no data; a large galaxy is no fault",
)  # fmt: skip
@understood(
    "Rubin, HSC, Pan-STARRS", "a mask whose header names its bits", "read",
    "NO_DATA, BAD, DETECTOR and the like are no data; a detected source is",
)  # fmt: skip
@understood(
    "Gemini", "flags in DQ", "read", "non-linear pixels and overlaps count as data"
)
@understood("Euclid", "flags in DQ or FLG", "read", "INVALID is no data")
@understood(
    "FITS", "a mask of flags that nobody explains (MASK, DQ, MSK, FLG, BPM ...)",
    "read", "any flag is no data, unless most pixels have one",
)  # fmt: skip
@pytest.mark.parametrize(
    ("whose", "name", "keys", "bad", "benign"), FLAGS.values(), ids=FLAGS
)
def test_flags_that_mean_no_data(tmp_path, whose, name, keys, bad, benign):
    flags = np.zeros((64, 64), np.uint32)
    for column, bit in enumerate(bad):
        flags[5, column] = bit
        flags[6, column] = bit | 2**30  # singles do not hold both
    for column, bit in enumerate(benign):
        flags[10:30, column] = bit
    if not benign:
        flags[6] = 0
    path = write(tmp_path / "a.fits", science(), hdu(flags, name, **keys), **whose)
    missing = np.isnan(read_cutout(path).pixels[0])
    assert missing[5, : len(bad)].all()
    assert not missing[10:30].any()
    assert missing.sum() == len(bad) * (2 if benign else 1)


# -- the science image ----------------------------------------------------------

PREVIEWS = {
    "small, before SCI": [hdu(noise(1, shape=(16, 16)), kind=fits.PrimaryHDU),
                          science(), hdu(plane(4.0), "VAR")],
    "as large, before SCI": [hdu(noise(1), kind=fits.PrimaryHDU), science()],
    "in colour, before SCI": [
        hdu(np.ones((3, 64, 64), np.uint8), kind=fits.PrimaryHDU), science(),
    ],
    "small, no names at all": [hdu(noise(1, shape=(16, 16)), kind=fits.PrimaryHDU),
                               hdu(noise(), **sky_cards())],
    "by name": [hdu(noise(1), "PREVIEW", **sky_cards()), science()],
    "behind": [science(), hdu(noise(1, shape=(16, 16)), "QUICKLOOK")],
}  # fmt: skip


@understood(
    "FITS", "a preview in the primary HDU, the image in an extension", "read",
    "what is called science, knows its place on the sky, or is much larger comes first",
)  # fmt: skip
@pytest.mark.parametrize("hdus", PREVIEWS.values(), ids=PREVIEWS.keys())
def test_the_science_image_rather_than_a_preview(tmp_path, hdus):
    path = write(tmp_path / "a.fits", *[h.copy() for h in hdus])
    cutout = read_cutout(path)
    assert np.array_equal(cutout.pixels[0], noise())
    assert cutout.scale == pytest.approx(SCALE)
    assert galaxy_in_header(path).position == pytest.approx((150.0, 2.2), abs=1e-3)


def test_of_two_chips_the_first_is_read(tmp_path):
    hdus = [science(EXTVER=1), hdu(noise(1), "SCI", EXTVER=2, **sky_cards())]
    assert np.array_equal(
        read_cutout(write(tmp_path / "a.fits", *hdus)).pixels[0], noise()
    )
