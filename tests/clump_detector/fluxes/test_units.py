"""Jansky per unit: from headers of real surveys, or as the user says."""

from __future__ import annotations

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits

from clump_detector.core.errors import ConfigError
from clump_detector.fluxes.units import AB_ZERO, chosen_unit
from clump_detector.image_files.sources import Source
from clump_detector.images.cutout import read_cutout

NANOMAGGY = 3.631e-6
SCALE = 0.4

#: AB zero point of 7.0723e-20 erg/s/cm2/A at 8045.5 A (ACS Data Handbook, 5.1).
HUBBLE = -2.5 * np.log10(7.0723e-20) - 5 * np.log10(8045.5) - 2.408

#: What headers say, and the Jy of one unit.
STATED = {
    "SDSS": ({"BUNIT": "nanomaggy"}, NANOMAGGY),
    "SDSS, with the factor of the raw counts": (
        {"BUNIT": "nanomaggy", "NMGY": 0.005}, NANOMAGGY,
    ),
    "Legacy Surveys' coadds": ({"BUNIT": "nanomaggy", "MAGZERO": 22.5}, NANOMAGGY),
    "Legacy Surveys' cutouts": ({"SURVEY": "LegacySurvey"}, NANOMAGGY),
    "Illustris as SDSS": ({"IMUNIT": "NMAGGIE"}, NANOMAGGY),
    "maggies": ({"BUNIT": "maggy"}, AB_ZERO),
    "Jy": ({"BUNIT": "Jy"}, 1.0),
    "Jy/pixel": ({"BUNIT": "Jy/pixel"}, 1.0),
    "mJy": ({"BUNIT": "mJy"}, 1e-3),
    "microJy": ({"BUNIT": "microJy"}, 1e-6),
    "Rubin": ({"BUNIT": "nJy"}, 1e-9),
    "Roman and JWST": (
        {"BUNIT": "MJy/sr"},
        (u.MJy / u.sr * (SCALE * u.arcsec) ** 2).to_value(u.Jy),
    ),
    "erg": ({"BUNIT": "erg/s/cm2/Hz"}, 1e23),
    "a number in the unit": ({"BUNIT": "3.631 uJy"}, 3.631e-6),
    "zero point 25": ({"MAGZERO": (25.0, "AB")}, AB_ZERO * 10**-10),
    "zero point in quotes": ({"ABMAGZP": "25.0"}, AB_ZERO * 10**-10),
    "CFHTLS": ({"MZP_AB": 30.0, "MZP_VEGA": 30.098}, AB_ZERO * 10**-12),
    "DES": (
        {"BUNIT": "electrons/s", "MAGZERO": 30.0, "INSTRUME": "DECam"},
        AB_ZERO * 10**-12,
    ),
    "HSC": ({"FLUXMAG0": 63095734448.0194}, AB_ZERO / 63095734448.0194),
    "SDSS counts": ({"BUNIT": "counts", "NMGY": 0.005}, 0.005 * NANOMAGGY),
    "HST": (
        {"BUNIT": "ELECTRONS/S", "PHOTFLAM": 7.0723e-20, "PHOTPLAM": 8045.5},
        AB_ZERO * 10 ** (-0.4 * HUBBLE),
    ),
    "HST, whole exposure": (
        {"BUNIT": "ELECTRONS", "PHOTFLAM": 7.0723e-20, "PHOTPLAM": 8045.5,
         "EXPTIME": 100.0},
        AB_ZERO * 10 ** (-0.4 * HUBBLE) / 100,
    ),
    "HST infrared": ({"BUNIT": "ELECTRONS/S", "PHOTFNU": 1.5e-7}, 1.5e-7),
}  # fmt: skip

#: What says nothing that fluxes could be calibrated by.
RELATIVE = {
    "nothing": {},
    "counts": {"BUNIT": "ADU"},
    "per beam": {"BUNIT": "Jy/beam"},
    "zero point of an unknown system": {"MAGZERO": 25.0},
    "temperatures": {"BUNIT": "K", "MAGZERO": 25.0},
    "words": {"BUNIT": "hello there", "MAGZERO": 25.0},
    "no zero point": {"MAGZERO": 0.0},
    "absurd zero point": {"MAGZERO": 1e9},
    "not a number": {"MAGZERO": "good"},
    "negative": {"FLUXMAG0": -1.0, "NMGY": 0.0, "PHOTFLAM": 0.0, "PHOTPLAM": 5000.0},
    "Vega": {"MZP_VEGA": 30.0},
}


def write(path, **header):
    made = fits.PrimaryHDU(np.random.default_rng(0).normal(0, 1, (50, 60)).astype("f4"))
    made.header.update({
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 2.0,
        "CRPIX1": 20.0, "CRPIX2": 20.0, "CDELT1": -SCALE / 3600, "CDELT2": SCALE / 3600,
        **header,
    })  # fmt: skip
    made.writeto(path)
    return path


@pytest.mark.parametrize(("header", "jansky"), STATED.values(), ids=STATED.keys())
def test_the_header_tells_the_unit(tmp_path, header, jansky):
    cutout = read_cutout(write(tmp_path / "a.fits", **header))
    assert cutout.jansky == pytest.approx((jansky,), rel=2e-3)
    assert "relative" not in cutout.read_as


@pytest.mark.parametrize("header", RELATIVE.values(), ids=RELATIVE.keys())
def test_without_a_unit_fluxes_are_relative_and_said_to_be_so(tmp_path, header):
    cutout = read_cutout(write(tmp_path / "a.fits", **header))
    assert cutout.jansky == ()
    assert "relative fluxes" in cutout.read_as


def test_a_zero_point_of_0_is_believed_of_fluxes_as_small_as_it_makes_them(tmp_path):
    faint = fits.PrimaryHDU(
        np.random.default_rng(0).normal(0, 1e-10, (50, 60)).astype("f4")
    )
    faint.header["ZEROPNT"] = 0.0
    faint.writeto(tmp_path / "kids.fits")
    assert read_cutout(tmp_path / "kids.fits").jansky == (AB_ZERO,)


@pytest.mark.parametrize(
    ("words", "jansky"),
    [
        ("nanomaggy", NANOMAGGY),
        ("Jy", 1.0),
        (" uJy ", 1e-6),
        ("zp=27.0", AB_ZERO * 10**-10.8),
        ("ZP 27", AB_ZERO * 10**-10.8),
        ("zp=-2.5", AB_ZERO * 10),
    ],
)
def test_the_user_tells_the_unit_of_files_that_do_not(tmp_path, words, jansky):
    path = write(tmp_path / "a.fits", BUNIT="ADU")
    cutout = read_cutout(Source("a", (path,), unit=words))
    assert cutout.jansky == pytest.approx((jansky,))
    assert "set by the user" in cutout.read_as
    assert chosen_unit(words).jansky == pytest.approx(jansky)


def test_the_header_comes_before_the_user(tmp_path):
    path = write(tmp_path / "a.fits", BUNIT="Jy")
    assert read_cutout(Source("a", (path,), unit="nanomaggy")).jansky == (1.0,)


def test_a_unit_per_solid_angle_needs_a_pixel_scale(tmp_path):
    flat = {"CTYPE1": "LINEAR", "CTYPE2": "LINEAR", "BUNIT": "MJy/sr"}
    path = write(tmp_path / "a.fits", **flat)
    assert read_cutout(path).jansky == ()
    known = write(tmp_path / "b.fits", **flat, PIXSCALE=SCALE)
    expected = STATED["Roman and JWST"][1]
    assert read_cutout(known).jansky == pytest.approx((expected,))
    assert chosen_unit("MJy/sr").jansky is None


@pytest.mark.parametrize(
    "words", ["", "27", "zp=1.2.3", "furlong", "m", "zp=", "x" * 999]
)
def test_what_is_no_unit_is_refused(tmp_path, words):
    with pytest.raises(ConfigError, match="is unknown") as caught:
        chosen_unit(words)
    assert "zp=27.0" in caught.value.message
    if words:
        with pytest.raises(ConfigError):
            read_cutout(Source("a", (write(tmp_path / "a.fits"),), unit=words))


def test_units_may_differ_by_band(tmp_path):
    hdus = [fits.PrimaryHDU()]
    rng = np.random.default_rng(0)
    for band, unit in (("g", "nanomaggy"), ("r", "uJy"), ("i", "ADU")):
        hdus.append(fits.ImageHDU(rng.normal(0, 1, (50, 60)), name=band))
        hdus[-1].header["BUNIT"] = unit
    fits.HDUList(hdus).writeto(tmp_path / "a.fits")
    cutout = read_cutout(tmp_path / "a.fits")
    assert cutout.bands == ("g", "r", "i")
    assert cutout.jansky == pytest.approx((NANOMAGGY, 1e-6, None))
    assert "units differ by band" in cutout.read_as
