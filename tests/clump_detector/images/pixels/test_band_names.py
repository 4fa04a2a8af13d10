"""What the bands of a FITS file are called, and who says so."""

from __future__ import annotations

import numpy as np
import pytest

from clump_detector.image_files.sources import Source, find_sources
from clump_detector.images.cutout import read_cutout
from tests.helpers.survey_files import hdu, noise, notes_of, sky, write


def three(names=(None, None, None), **headers):
    """Return three planes with names, and keys that differ."""
    made = []
    for i, name in enumerate(names):
        plane = hdu(noise(30, 40, seed=i))
        if name:
            plane.header["EXTNAME"] = name
        for key, values in headers.items():
            plane.header[key] = values[i]
        made.append(plane)
    return made


BANDS = {
    "extension names": (three("gri"), "gri", "the extension names"),
    "names with words": (
        three(["g_image", "SCI_R", "image-i"]), "gri", "the extension names",
    ),
    "names of filters": (
        three(["F435W", "F606W", "F814W"]), ("F435W", "F606W", "F814W"),
        "the extension names",
    ),
    "FILTER in each": (three(FILTER=["g.MP9401", "r.MP9601", "i.MP9701"]), "gri",
                       "the header (FILTER)"),
    "BAND in each": (three(BAND=["g", "r", "z"]), "grz", "the header (BAND)"),
    "all called SCI": (three(["SCI"] * 3, FILTER=["HSC-G", "HSC-R2", "HSC-Y"]), "gry",
                       "the header (FILTER)"),
    "the header first": (three("gri", FILTER=["r", "i", "z"]), "riz",
                         "the header (FILTER)"),
    "a header that calls all the same": (
        three("gri", FILTER=["g", "g", "g"]), "gri", "the extension names",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("hdus", "bands", "said"), BANDS.values(), ids=BANDS.keys())
def test_bands_of_extensions(tmp_path, hdus, bands, said):
    cutout = read_cutout(write(tmp_path / "a.fits", *hdus))
    assert cutout.bands == tuple(bands)
    assert np.array_equal(cutout.pixels, np.stack([h.data for h in hdus]))
    assert f"from {said}" in cutout.read_as


def test_a_header_that_contradicts_the_extension_names_is_spoken_of(tmp_path):
    hdus = three("gri", FILTER=["g", "g", "g"])
    assert notes_of(read_cutout(write(tmp_path / "a.fits", *hdus))) == [
        "Bands g, r, i are from the extension names, though the header (FILTER) gives "
        "g for all of them.",
    ]


CUBES = {
    "BANDS": ({"BANDS": "grz"}, "grz"),
    "a list": ({"BANDS": "g, r, z"}, "grz"),
    "FILTERS": ({"FILTERS": "HSC-G;HSC-R;HSC-Z"}, "grz"),
    "BAND0": ({"BAND0": "g", "BAND1": "r", "BAND2": "z"}, "grz"),
    "FILTER1": ({"FILTER1": "g", "FILTER2": "r", "FILTER3": "z"}, "grz"),
    "an extension's name": ({"EXTNAME": "grz"}, "grz"),
    "filters of Hubble": ({"BANDS": "F435W F606W F814W"}, ("F435W", "F606W", "F814W")),
    "too few": ({"BANDS": "gr"}, ""),
    "one twice": ({"BANDS": "ggr"}, ""),
}


@pytest.mark.parametrize(("header", "bands"), CUBES.values(), ids=CUBES.keys())
def test_bands_of_a_cube(tmp_path, header, bands):
    path = write(tmp_path / "a.fits", noise(3, 30, 40), **header)
    assert read_cutout(path).bands == tuple(bands)


@pytest.mark.parametrize(
    ("name", "n", "bands"),
    [
        ("a_grz.fits", 3, "grz"),
        ("cutout-zrg.fits", 3, "grz"),
        ("galaxy-r-12.fits", 1, "r"),
        ("x_f814w_drz.fits", 1, ("F814W",)),
        ("a_gzr.fits", 3, ""),
        ("big.fits", 3, ""),
        ("a_gr.fits", 3, ""),
    ],
)
def test_bands_of_a_file_name(tmp_path, name, n, bands):
    shape = (n, 30, 40) if n > 1 else (30, 40)
    cutout = read_cutout(write(tmp_path / name, noise(*shape)))
    assert cutout.bands == tuple(bands)
    assert ("from the file name" in cutout.read_as) == bool(bands)


def test_the_users_choice_names_what_nothing_else_does(tmp_path):
    path = write(tmp_path / "a.fits", noise(3, 30, 40))
    cutout = read_cutout(Source("a", (path,), ("g", "r", "z")))
    assert cutout.bands == ("g", "r", "z")
    assert "g, r, z from your choice" in cutout.read_as
    assert notes_of(cutout) == []
    assert read_cutout(Source("a", (path,), ("g", "r"))).bands == ()


def test_the_header_comes_before_the_users_choice_and_says_so(tmp_path):
    path = write(tmp_path / "a.fits", noise(3, 30, 40), BANDS="grz")
    cutout = read_cutout(Source("a", (path,), ("u", "g", "r")))
    assert cutout.bands == ("g", "r", "z")
    assert notes_of(cutout) == [
        "Bands g, r, z are from the header (BANDS), though your choice gives u, g, r.",
    ]


def one_per_band(folder, bands="gri", **keys):
    for i, band in enumerate(bands):
        header = {key: values[i] for key, values in keys.items()}
        write(folder / f"a-{band}.fits", noise(30, 40, seed=i), **header)
    (source,) = find_sources([folder])
    return read_cutout(source)


def test_headers_that_all_say_the_same_lose_to_the_file_names(tmp_path):
    cutout = one_per_band(tmp_path, FILTER=["g", "g", "g"])
    assert cutout.bands == ("g", "r", "i")
    assert notes_of(cutout) == [
        "Bands g, r, i are from the file names, though the header (FILTER) gives g for "
        "all of them.",
    ]


def test_headers_that_agree_with_themselves_win_over_file_names(tmp_path):
    cutout = one_per_band(tmp_path, FILTER=["r", "i", "z"])
    assert cutout.bands == ("r", "i", "z")
    (note,) = notes_of(cutout)
    assert note.endswith("though the file names give g, r, i.")


def test_what_an_ordinary_file_is_read_as_needs_no_note(tmp_path):
    header = {**sky(), "BUNIT": "nanomaggy", "BANDS": "grz"}
    cutout = read_cutout(write(tmp_path / "a.fits", noise(3, 50, 60), **header))
    assert cutout.notes == ()
    assert cutout.read_as == (
        "3 bands g, r, z from the header (BANDS); WCS, 0.4″ per pixel; nanomaggies"
    )
