"""Bands in order of wavelength, and which words name a band."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from astropy.io import fits

from clump_detector.image_files.bands import from_blue, wavelength
from clump_detector.image_files.sources import Source, find_sources
from clump_detector.images.cutout import Cutout, read_cutout
from clump_detector.images.pixels.band_names import band_in
from clump_detector.images.rgb import to_rgb
from tests.fields.colour_files import (
    KNOT,
    SIDE,
    colour_at_knot,
    is_blue,
    planes,
    write_bands,
)
from tests.fields.understood import understood

SETS = {
    "HST": ("F435W", "F606W", "F814W"),
    "HST and JWST": ("F606W", "F115W", "F277W"),
    "JWST": ("F090W", "F200W", "F444W"),
    "MIRI": ("F560W", "F770W", "F1280W"),
    "ultraviolet": ("F225W", "F336W", "F300X")[::1],
    "SDSS": ("g", "r", "i"),
    "near infrared": ("Y", "J", "Ks"),
    "Euclid": ("VIS", "NIR_Y", "NIR_H"),
    "Roman": ("R062", "Y106", "H158"),
    "Johnson": ("B", "V", "R"),
    "GALEX and SDSS": ("FUV", "NUV", "r"),
    "WISE": ("W1", "W2", "W3"),
    "CFHT": ("g.MP9402", "r.MP9602", "i.MP9703"),
    "red, green, blue": ("BLUE", "GREEN", "RED"),
}
SETS["ultraviolet"] = ("F225W", "F300X", "F336W")


@understood(
    "FITS", "named bands in any order (red first)", "converted",
    "put in order of wavelength: the longest is red; the line with the name says so",
)  # fmt: skip
@pytest.mark.parametrize("bands", SETS.values(), ids=SETS.keys())
def test_named_bands_go_from_blue_to_red(tmp_path, bands):
    for number, order in enumerate((bands[::-1], (bands[1], bands[0], bands[2]))):
        path = write_bands(tmp_path / f"{number}.fits", bands, order)
        assert is_blue(colour_at_knot(path))
        assert "put in order of wavelength" in read_cutout(path).read_as


@pytest.mark.parametrize("order", ["".join(p) for p in permutations("gri")])
@pytest.mark.parametrize("how", ["BANDS", "extension names", "choice", "file name"])
def test_whoever_names_them(tmp_path, order, how):
    made = dict(zip("gri", planes([1.0, 0.1, 0.1]), strict=True))
    cube = np.stack([made[band] for band in order])
    path = tmp_path / (f"a_{order}.fits" if how == "file name" else "a.fits")
    hdus = [fits.PrimaryHDU(cube)]
    if how == "BANDS":
        hdus[0].header["BANDS"] = order
    if how == "extension names":
        hdus = [fits.PrimaryHDU(), *(fits.ImageHDU(made[b], name=b) for b in order)]
    if how == "file name" and order not in ("gri", "irg"):
        pytest.skip("is no word of bands")
    fits.HDUList(hdus).writeto(path)
    chosen = tuple(order) if how == "choice" else ()
    cutout = read_cutout(Source("a", (path,), chosen))
    assert cutout.bands == ("g", "r", "i")
    assert np.array_equal(cutout.pixels, np.stack([made[b] for b in "gri"]))
    assert is_blue(colour_at_knot(Source("a", (path,), chosen)))


def test_errors_and_units_go_with_their_bands(tmp_path):
    hdus = [fits.PrimaryHDU()]
    for band, unit, sigma in (("i", "uJy", 3.0), ("r", "nJy", 2.0), ("g", "Jy", 1.0)):
        hdus.append(fits.ImageHDU(planes([sigma])[0], name=f"{band}"))
        hdus[-1].header["BUNIT"] = unit
        error = np.full((SIDE, SIDE), sigma, np.float32)
        hdus.append(fits.ImageHDU(error, name=f"{band}_err"))
    fits.HDUList(hdus).writeto(tmp_path / "a.fits")
    cutout = read_cutout(tmp_path / "a.fits")
    assert cutout.bands == ("g", "r", "i")
    assert cutout.jansky == pytest.approx((1.0, 1e-9, 1e-6))
    assert cutout.variance.mean(axis=(1, 2)) == pytest.approx([1, 4, 9])


def test_a_cutout_made_by_hand_is_shown_by_its_names():
    made = np.stack(planes([0.1, 0.1, 1.0]))
    cutout = Cutout("a", made, bands=("F814W", "F606W", "F435W"))
    assert is_blue(to_rgb(cutout)[KNOT[1], KNOT[0]].astype(float))


RED_FIRST = {
    "CTYPE3": {"CTYPE3": "RGB"},
    "BANDS": {"BANDS": "RGB"},
    "Siril": {"PROGRAM": "Siril v1.2"},
    "PixInsight": {"CREATOR": "PixInsight 1.8.9"},
}


@understood(
    "FITS", "a cube that is said to be RGB (CTYPE3, BANDS, the file's name), or of a "
    "program for colour pictures (Siril, PixInsight ...)", "read",
    "red first, as they write it",
)  # fmt: skip
@pytest.mark.parametrize("header", RED_FIRST.values(), ids=RED_FIRST.keys())
def test_a_cube_that_is_said_to_be_rgb(tmp_path, header):
    made = fits.PrimaryHDU(np.stack(planes([0.1, 0.1, 1.0])))
    made.header.update(header)
    made.writeto(tmp_path / "a.fits")
    assert is_blue(colour_at_knot(tmp_path / "a.fits"))
    assert read_cutout(tmp_path / "a.fits").bands == ("blue", "green", "red")


def test_a_file_that_is_called_rgb(tmp_path):
    for name, strengths in (("a_rgb", [0.1, 0.1, 1.0]), ("a-BGR", [1.0, 0.1, 0.1])):
        path = tmp_path / f"{name}.fits"
        fits.PrimaryHDU(np.stack(planes(strengths))).writeto(path)
        assert is_blue(colour_at_knot(path))


@understood(
    "FITS", "bands without names", "read",
    "the first is shown blue and the last red, and a note says that this is a guess",
)  # fmt: skip
@pytest.mark.parametrize("n", [2, 3, 5])
def test_bands_without_names_are_spoken_of(tmp_path, n):
    made = fits.PrimaryHDU(np.stack(planes([1.0] + [0.1] * (n - 1))))
    made.writeto(tmp_path / "a.fits")
    assert is_blue(colour_at_knot(tmp_path / "a.fits"))
    notes = read_cutout(tmp_path / "a.fits").notes
    assert any(f"{n} bands without names" in note for note in notes)


# -- words ----------------------------------------------------------------------

WORDS = {
    "F814W": "F814W", "ACS_F606W": "F606W", "MegaCam g": "g", "r.MP9602": "r",
    "decam_g": "g", "g DECam SDSS c0001 4720.0 1520.0": "g", "HSC-I2": "i",
    "HSC-Y": "y", "i_SDSS.res": "i", "OCAM_g_SDSS": "g", "u*": "u", "g'": "g",
    "gp1": "g", "zp": "z", "K_s": "K", "Ks": "K", "Kprime": "K", "Johnson B": "B",
    "Bessell V": "V", "Cousins R": "r", "R_SPECIAL": "r", "i-band": "i", "NIR_H": "H",
    "F322W2": "F322W2", "CLEAR;F090W": "F090W", "F158": "F158", "H158": "H158",
    "sdssr": "r", "W1": "W1", "SDSS z": "z", "J": "J", "H": "H", "Y": "Y",
}  # fmt: skip
NO_BANDS = (
    "H-alpha", "Halpha", "H_alpha", "H alpha", "ha H-alpha k1009", "H\u03b1", "H-a",
    "Ha", "HA", "H-beta", "H II", "[S II]", "OIII", "[O III] 5007", "H2", "H2 1-0 S(1)",
    "K continuum", "K-cont", "J narrow", "Ca K", "Ca H", "He I", "NB921", "g+r", "gri",
    "H/K", "clear", "none", "L", "Luminance", "V606", "zeta", "10",
)  # fmt: skip


@understood(
    "FITS", "a filter's name with the letter of a band in it", "read",
    "a letter counts as a word of its own: F814W, ACS_F606W, r.MP9602, decam_g",
)  # fmt: skip
@pytest.mark.parametrize(("word", "band"), WORDS.items(), ids=WORDS.keys())
def test_words_that_name_a_band(word, band):
    assert band_in(word) == band


@understood(
    "FITS", "filters of lines and others that are no broad band (H-alpha, H2, NB921, "
    "g+r)", "ignored", "the image has no band's name, and the line with its name says "
    "what the filter is called",
)  # fmt: skip
@pytest.mark.parametrize("word", NO_BANDS)
def test_words_that_name_no_band(tmp_path, word):
    assert band_in(word) is None
    if word.isascii() and word not in ("clear", "none"):
        made = fits.PrimaryHDU(planes([1.0])[0])
        made.header["FILTER"] = word
        made.writeto(tmp_path / "a.fits")
        assert "no band is known for FILTER" in read_cutout(tmp_path / "a.fits").read_as


def test_a_line_in_a_files_name_is_no_band(tmp_path):
    for name in ("ngc1-H-alpha", "ngc1-r", "ngc2_K_cont"):
        fits.PrimaryHDU(planes([1.0])[0]).writeto(tmp_path / f"{name}.fits")
    found = {s.name: s for s in find_sources([tmp_path])}
    assert set(found) == {"ngc1-H-alpha", "ngc1-r", "ngc2_K_cont"}
    assert [read_cutout(found[n]).bands for n in sorted(found)] == [(), ("r",), ()]


LENGTHS = {
    "F115W": 1150, "F200W": 2000, "F200LP": 200, "F250M": 2500, "F250W": 250,
    "F300M": 3000, "F300W": 300, "F300X": 300, "F336W": 336, "F356W": 3560,
    "F098M": 980, "F1130W": 11300, "F150LP": 150, "F150W": 1500, "F850LP": 850,
    "H158": 1580,
}  # fmt: skip


@understood(
    "HST, JWST, Roman", "the number in a filter's name", "read",
    "nanometres or tens of them, by the whole name: F250M is at 2.5 micron, F250W at "
    "250 nm",
)  # fmt: skip
@pytest.mark.parametrize(("band", "length"), LENGTHS.items(), ids=LENGTHS.keys())
def test_wavelengths_in_names(band, length):
    assert from_blue(band) == wavelength(band) == length
