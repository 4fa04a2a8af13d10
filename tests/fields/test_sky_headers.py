"""A header's sky is what astropy makes of it, or is refused with a reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.io.fits import Header
from hypothesis import given, settings

from clump_detector.astrometry.wcs import (
    celestial_axes,
    pixel_scale,
    read_sky,
    sky_positions,
)
from clump_detector.images.cutout import read_cutout
from tests.fields.sky_headers import (
    Cards,
    DrawnSky,
    broken_headers,
    check_broken_sky,
    check_sky_is_astropys,
    sky_headers,
)
from tests.fields.understood import understood

PLAIN: dict[str, Any] = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.1, "CRVAL2": 2.2,
    "CRPIX1": 32.5, "CRPIX2": 32.5, "CDELT1": -7e-5, "CDELT2": 7e-5,
}  # fmt: skip


def header(**cards: Any) -> Header:
    """Return a plain header with some cards more, or without those that are None."""
    return Header([(k, v) for k, v in {**PLAIN, **cards}.items() if v is not None])


@understood(
    "FITS, the sky",
    "the matrix as CD, PC, CROTA2, or PC001001, CD001001, PC01_01 of before 2002",
    "read",
    "The place of every pixel is that of astropy, held at the corners.",
)
@understood(
    "FITS, the sky",
    "galactic, ecliptic, supergalactic axes",
    "converted",
    "The WCS is turned into ICRS; every position that goes out is ICRS.",
)
@understood(
    "FITS, the sky",
    "coordinates of FK4 or of another equinox",
    "converted",
    "Positions are brought to ICRS; FK5 of 2000 is taken for it (0.02″).",
)
@understood(
    "FITS, the sky",
    "EQUINOX as text (`J2000`, `B1950`), as 0 or a word; EPOCH as a date",
    "converted",
    "What names a year is that equinox; the rest is left out with a note.",
)
@understood(
    "FITS, the sky",
    "numbers in quotes, also the orders of SIP; orders such as 2.0",
    "converted",
    "Taken for the numbers that they are.",
)
@understood(
    "FITS, the sky",
    "CUNIT as `Degrees`, `degree`, `DEG`, `deg.`",
    "converted",
    "Any spelling of an angle that astropy or the CDS knows.",
)
@understood(
    "FITS, the sky",
    "a third axis of frequency, polarisation or wavelength, also in a table (-TAB)",
    "ignored",
    "The sky is that of the two axes; if it depends on the third, it is refused.",
)
@pytest.mark.filterwarnings("ignore")
@settings(max_examples=150, deadline=None)
@given(sky_headers())
def test_the_sky_is_astropys(drawn: DrawnSky) -> None:
    check_sky_is_astropys(drawn)


@understood(
    "FITS, the sky",
    "a card that is missing, of another kind, or there twice",
    "refused",
    "Needed ones (CRVAL, CRPIX, the matrix) end the reading, others are left out; "
    "either is said in a note. Without a note the place is astropy's.",
)
@pytest.mark.filterwarnings("ignore")  # of astropy, which reads the same headers
@settings(max_examples=150, deadline=None)
@given(broken_headers())
def test_a_broken_sky_is_astropys_or_spoken_of(drawn: Cards) -> None:
    check_broken_sky(drawn)


@pytest.mark.parametrize(
    ("cards", "reason"),
    [
        ({"CRVAL1": None}, "CRVAL1 is missing"),
        ({"CRPIX2": "middle"}, "CRPIX2 = 'middle' is not a number"),
        ({"CDELT1": None, "CDELT2": None}, "gives the size of a pixel"),
        ({"CDELT2": None}, "outside 0.005″ to 30″"),
        ({"CDELT1": -0.25, "CDELT2": 0.25}, "would be 900″ per pixel"),
        ({"CUNIT1": "hourangle"}, "CUNIT1 = 'hourangle'"),
        ({"CUNIT1": "pixel"}, "not a known unit of an angle"),
        ({"CTYPE1": "RA--TAN"}, "astropy"),
        ({"CTYPE2": "DEC--SIN"}, "Inconsistent projection types"),
        ({"CTYPE1": "RA---XYZ", "CTYPE2": "DEC--XYZ"}, "Unrecognized projection code"),
        ({"CTYPE1": "RA---TAB", "CTYPE2": "DEC--TAB"}, "none, since"),
        ({"CTYPE2": None}, "names no pair of axes"),
        ({"CTYPE1": "HPLN-TAN", "CTYPE2": "HPLT-TAN"}, "names no pair of axes"),
        ({"CTYPE1": None, "CTYPE2": None}, "no CTYPE1"),
        ({"CTYPE3": "FREQ", "PC1_3": 0.2}, "third axis"),
        ({"RADESYS": "GAPPT"}, "apparent places"),
        ({"CRVAL2": 150.1, "CRVAL1": 2.2}, "CRVAL2 = 150.1 is beyond the pole"),
        ({"PV1_3": "a"}, "PV1_3"),
    ],
)
@understood(
    "FITS, the sky",
    "axes or a projection that astropy does not know, apparent places, pixels that are "
    "no image of a galaxy (0.005″ to 30″), a declination above 90",
    "refused",
    "No position is written, and a note says why.",
)
def test_a_sky_is_refused_with_its_reason(cards: dict[str, Any], reason: str) -> None:
    sky = read_sky(header(**cards))
    assert sky.wcs is None
    assert reason in " ".join(sky.notes)


def test_an_axis_that_is_there_twice_is_spoken_of():
    """Where the first one is no axis of the sky, and the second is."""
    twice = header(CTYPE1="word", CTYPE2=None)
    twice.append(("CTYPE1", "RA---TAN"))
    sky = read_sky(twice)
    assert sky.wcs is None
    assert "CTYPE1 = 'word', CTYPE1 = 'RA---TAN'" in sky.notes[0]


@pytest.mark.parametrize(
    ("cards", "said"),
    [
        ({"RADESYS": "HST"}, "RADESYS = 'HST' was not understood"),
        ({"EQUINOX": "NOW"}, "EQUINOX = 'NOW' was not understood"),
        ({"LONPOLE": "north"}, "LONPOLE = 'north'"),
        ({"CUNIT1": "unknown"}, "degrees were assumed"),
        ({"A_ORDER": "two", "B_ORDER": 2}, "distortion (SIP) was not understood"),
        ({"A_ORDER": 2}, "distortion (SIP) was not understood"),
        ({"CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP"}, "(SIP)"),
        ({"A_ORDER": 2, "B_ORDER": 2, "A_2_0": "x"}, "(SIP)"),
        ({"CPDIS1": "Lookup"}, "distortion of CPDIS1 is not supported"),
        ({"AMDX1": 1.0}, "distortion of AMDX1 is not supported"),
        ({"CTYPE1": "RA---TNX", "CTYPE2": "DEC--TNX"}, "WAT1_001"),
        ({"EPOCH": 2015.5}, "EPOCH = 2015.5 was used as the equinox"),
    ],
)
@understood(
    "FITS, the sky",
    "RADESYS, EQUINOX, LONPOLE or CUNIT that says nothing",
    "ignored",
    "Left out, the standard's default taken, and said in a note.",
)
@understood(
    "FITS, the sky",
    "a distortion that cannot be read: SIP with a broken term, tables (CPDIS, D2IM), "
    "TNX and ZPX, the plate solution of the DSS",
    "ignored",
    "Places are without it, and a note says so.",
)
def test_an_odd_card_costs_itself(cards: dict[str, Any], said: str) -> None:
    sky = read_sky(header(**cards))
    assert said in " ".join(sky.notes)
    if "EPOCH" in cards:
        return
    ra, dec = sky_positions(sky.wcs, 31.5, 31.5)[0]
    assert (ra, dec) == pytest.approx((150.1, 2.2))


def test_a_card_that_stands_there_twice_is_said() -> None:
    cards = header()
    cards.append(("CRVAL1", 10.0), end=True)
    sky = read_sky(cards)
    assert "CRVAL1 is given twice" in " ".join(sky.notes)
    assert sky_positions(sky.wcs, 31.5, 31.5)[0][0] == pytest.approx(10)


@understood(
    "FITS, the sky",
    "SIP terms without -SIP in CTYPE",
    "read",
    "Used, as astropy does.",
)
def test_sip_counts_without_its_mark() -> None:
    cards = {"A_ORDER": 2, "B_ORDER": 2, "A_2_0": 1e-3, "B_0_2": 1e-3}
    marked = {"CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP"}
    plain, with_mark = header(**cards), header(**cards, **marked)
    here = sky_positions(read_sky(plain).wcs, 0, 0)
    assert here == pytest.approx(sky_positions(read_sky(with_mark).wcs, 0, 0))
    assert np.hypot(*(here - sky_positions(read_sky(header()).wcs, 0, 0))[0]) > 1e-6


@understood(
    "FITS, the sky",
    "the sky in another description only (CTYPE1A)",
    "read",
    "Taken from there, which a note says.",
)
def test_another_description_counts_where_the_first_is_none() -> None:
    named = Header([(f"{key}A", value) for key, value in PLAIN.items()])
    named["CTYPE1"], named["CTYPE2"] = "LINEAR", "LINEAR"
    sky = read_sky(named)
    assert celestial_axes(named) == (1, 2)
    assert pixel_scale(sky.wcs) == pytest.approx(0.252)
    assert "description A" in " ".join(sky.notes)


def test_small_letters_and_no_sky_are_no_trouble() -> None:
    assert read_sky(header(CTYPE1="ra---tan", CTYPE2="dec--tan")).wcs is not None
    assert read_sky(Header([("CTYPE1", "LINEAR"), ("CRVAL1", 0.0)])).notes == ()
    assert read_sky(Header()).notes == ()


def _image(path: Path, cards: Header) -> Path:
    pixels = np.random.default_rng(1).normal(size=(64, 64)).astype(np.float32)
    fits.writeto(path, pixels, cards)
    return path


def test_a_cutout_says_why_it_has_no_sky(tmp_path: Path) -> None:
    cutout = read_cutout(_image(tmp_path / "a.fits", header(CRVAL1="here")))
    assert cutout.wcs is None
    assert any("CRVAL1 = 'here' is not a number" in note for note in cutout.notes)


@pytest.mark.parametrize(
    ("key", "value", "comment", "scale"),
    [
        ("PIXSCALE", 0.25, "", 0.25),
        ("PIXSCALE", "0.25", "arcsec", 0.25),
        ("PIXSCALE", 250.0, "[mas/pixel]", 0.25),
        ("SECPIX", -0.25, "", 0.25),
        ("PIXSCALE", 7.3e-5, "[deg/pix] pixel scale", 0.2628),
        ("PIXSCALE", 0.0042, "[arcmin/pixel]", 0.252),
        ("PIXSCALE", 7.3e-5, "", None),
        ("PIXSCALE", 1000.0, "", None),
    ],
)
@understood(
    "FITS, the sky",
    "PIXSCALE or SECPIX where there is no WCS",
    "read",
    "Arcsec, or the unit in brackets in its comment; outside 0.005″ to 30″ it is "
    "refused, and a note guesses the unit.",
)
def test_a_stated_scale_is_believed_where_it_can_be(
    tmp_path: Path, key: str, value: Any, comment: str, scale: float | None
) -> None:
    cards = Header([(key, value, comment)])
    cutout = read_cutout(_image(tmp_path / "a.fits", cards))
    assert cutout.scale == (None if scale is None else pytest.approx(scale))
    notes = " ".join(cutout.notes)
    assert (key in notes) == (scale is None)
    assert ("in degrees it would be 0.263″" in notes) == (scale is None and value < 1)
