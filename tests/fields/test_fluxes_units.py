"""What one unit of an image is: zero points and their systems, and units in words."""

from __future__ import annotations

import numpy as np
import pytest

from clump_detector.core.errors import ImageError
from clump_detector.image_files.sources import Source
from clump_detector.images.cutout import read_cutout
from tests.fields.flux_files import SCALE, noise, write
from tests.fields.understood import understood

AREA = (SCALE / 3600) ** 2


def of_ab(magnitude):
    return 3631.0 * 10 ** (-0.4 * magnitude)


AB = {
    "a key that is AB": {"ABMAGZP": 27.0},
    "Terapix": {"MZP_AB": 27.0, "MAGZPT": 26.9},
    "its comment": {"MAGZERO": (27.0, "[mag] AB zero point")},
    "the header": {"PHOTZP": 27.0, "MAGSYS": "AB"},
    "DECam by its filter": {"MAGZERO": 27.0, "FILTER": "g DECam SDSS c0001"},
    "DES": {"MAGZERO": 27.0, "SURVEY": "DES"},
    "MegaCam": {"PHOTZP": 27.0, "INSTRUME": "MegaPrime"},
    "ZTF": {"MAGZP": 27.0, "ORIGIN": "Zwicky", "SURVEY": "ZTF"},
    "Euclid": {"MAGZERO": 27.0, "TELESCOP": "EUCLID"},
    "a second's, of counts of 10 s": {
        "MAGZPT": (24.5, "AB mag of 1 e-/s"), "EXPTIME": 10.0, "BUNIT": "electrons",
    },
    "counts in words": {"MAGSYS": "AB", "MAGZP": 27.0, "BUNIT": "cps"},
}  # fmt: skip


@understood(
    "FITS", "a zero point that the key, its comment, the header or the survey calls AB",
    "read", "one unit is 3631 Jy x 10^(-0.4 zero point)",
)  # fmt: skip
@understood(
    "FITS", "a zero point of one count per second, and counts of the whole exposure",
    "converted", "divided by EXPTIME",
)  # fmt: skip
@pytest.mark.parametrize("header", AB.values(), ids=AB.keys())
def test_zero_points_that_are_said_to_be_ab(tmp_path, header):
    cutout = read_cutout(write(tmp_path / "a.fits", noise(), **header))
    assert cutout.jansky == pytest.approx((of_ab(27.0),), rel=1e-6)


UNKNOWN = {
    "nobody says": ({"MAGZERO": 25.0}, "not stated to be AB"),
    "counts": ({"MAGZPT": 25.0, "BUNIT": "ADU"}, "not stated to be AB"),
    "Vega by comment": ({"MAGZPT": (25.0, "Vega zero point")}, "in Vega magnitudes"),
    "Vega by key": ({"MAGZP": 25.0, "MAGSYS": "Vega"}, "in Vega magnitudes"),
    "VISTA": ({"MAGZPT": 23.0, "INSTRUME": "VIRCAM"}, "in Vega magnitudes"),
    "ST": ({"ZP": 25.0, "MAGSYS": "ST"}, "in ST magnitudes"),
    "a second's without a time": (
        {"ABZP": (25.0, "of 1 count/s"), "BUNIT": "ADU"}, "no exposure time",
    ),
}  # fmt: skip


@understood(
    "FITS", "a zero point of Vega, ST or unsaid magnitudes (MAGZERO = 25 alone)",
    "ignored", "fluxes are relative, a note says why; --unit zp=... tells the AB one",
)  # fmt: skip
@pytest.mark.parametrize(("header", "said"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_other_zero_points_leave_fluxes_relative_and_say_so(tmp_path, header, said):
    path = write(tmp_path / "a.fits", noise(), **header)
    cutout = read_cutout(path)
    assert cutout.jansky == ()
    assert any(said in note and "--unit" in note for note in cutout.notes)
    assert "relative fluxes" in cutout.read_as
    told = read_cutout(Source("a", (path,), unit="zp=27"))
    assert told.jansky == pytest.approx((of_ab(27),))
    assert not any("--unit" in note for note in told.notes)


VEGA = {
    "WISE W1": ({"MAGZP": 20.5, "TELESCOP": "WISE", "BAND": 1}, 23.199),
    "WISE W4": ({"MAGZP": 13.0, "TELESCOP": "WISE", "BAND": 4}, 19.62),
    "unWISE W2": ({"MAGZP": 22.5, "SURVEY": "unWISE", "FILTER": "W2"}, 25.839),
    "2MASS Ks": ({"MAGZP": 20.0, "ORIGIN": "2MASS", "FILTER": "Ks"}, 21.85),
    "UKIDSS J": ({"MAGZPT": 22.9, "INSTRUME": "WFCAM", "FILTER": "J"}, 23.838),
}


@understood(
    "WISE, 2MASS, UKIDSS", "a zero point in Vega magnitudes", "converted",
    "made AB by the band's published offset (W1 2.699, Ks 1.85, ...)",
)  # fmt: skip
@pytest.mark.parametrize(("header", "ab"), VEGA.values(), ids=VEGA.keys())
def test_vega_zero_points_of_surveys_are_made_ab(tmp_path, header, ab):
    cutout = read_cutout(write(tmp_path / "a.fits", noise(), BUNIT="DN", **header))
    assert cutout.jansky == pytest.approx((of_ab(ab),), rel=1e-6)
    assert "Vega, converted to AB" in cutout.read_as


def test_hubbles_own_keys_come_before_a_zero_point_of_an_unknown_system(tmp_path):
    header = {"MAGZPT": 25.0, "PHOTFLAM": 7.0723e-20, "PHOTPLAM": 8045.5}
    cutout = read_cutout(write(tmp_path / "a.fits", noise(), **header))
    assert "PHOTFLAM" in cutout.read_as
    assert not any("zero point" in note for note in cutout.notes)


BEAM = np.pi / (4 * np.log(2)) * (5 / 3600) * (4 / 3600)
WORDS = {
    "in capitals": ({"BUNIT": "MJY/SR"}, 1e6 * AREA * np.radians(1) ** 2),
    "JY": ({"BUNIT": "JY"}, 1.0),
    "per beam": (
        {"BUNIT": "mJy/beam", "BMAJ": 5 / 3600, "BMIN": 4 / 3600}, 1e-3 * AREA / BEAM,
    ),
    "JY/BEAM": (
        {"BUNIT": "JY/BEAM", "BMAJ": 5 / 3600, "BMIN": 4 / 3600}, AREA / BEAM,
    ),
    "per wavelength": (
        {"BUNIT": "erg/s/cm2/Angstrom", "PHOTPLAM": 5000.0},
        1e23 * 5000.0**2 / 2.99792458e18,
    ),
}  # fmt: skip


@understood(
    "FITS", "BUNIT in capitals (MJY/SR, JY)", "read", "MJY/SR is megajansky; MJY alone "
    "may be milli or mega and is not believed",
)  # fmt: skip
@understood(
    "FITS", "Jy/beam with BMAJ and BMIN", "converted",
    "divided by the beam's area and times that of a pixel; without them relative",
)  # fmt: skip
@understood(
    "FITS", "flux per wavelength with PHOTPLAM", "converted",
    "made a flux per frequency at the pivot wavelength",
)  # fmt: skip
@pytest.mark.parametrize(("header", "jansky"), WORDS.values(), ids=WORDS.keys())
def test_units_in_words(tmp_path, header, jansky):
    cutout = read_cutout(write(tmp_path / "a.fits", noise(), **header))
    assert cutout.jansky == pytest.approx((jansky,), rel=1e-4)


@pytest.mark.parametrize("unit", ["MJY", "Jy/beam", "K", "furlongs"])
def test_units_that_are_not_clear_leave_fluxes_relative(tmp_path, unit):
    cutout = read_cutout(write(tmp_path / "a.fits", noise(), BUNIT=unit))
    assert cutout.jansky == ()
    assert f"relative fluxes in {unit}" in cutout.read_as


@understood(
    "FITS", "values in magnitudes (BUNIT = mag, mag/arcsec2) or logarithms", "refused",
    "faint would be bright; turn them into fluxes 10^(-0.4 m) first",
)  # fmt: skip
@pytest.mark.parametrize("unit", ["mag", "mag/arcsec^2", "ABmag", "log(Jy)", "dex"])
def test_magnitudes_are_refused(tmp_path, unit):
    path = write(tmp_path / "a.fits", noise(), BUNIT=unit)
    with pytest.raises(ImageError, match="not fluxes but") as caught:
        read_cutout(path)
    assert "10^(-0.4 m)" in caught.value.message
