"""Looks: what a person sees of fluxes and pictures, and what it must never do."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from clump_detector.core.errors import ClumpError
from clump_detector.images.cutout import Cutout
from clump_detector.images.rgb import to_rgb
from napari_clumps.render.rendering import (
    STRETCHES,
    Rendering,
    note_of,
    render,
    views_of,
)

SIDE = 60


def galaxy(bands=5, names="ugriz", knot=40.0, noise=1.0, seed=0):
    """Return fluxes of a smooth galaxy with a knot at (x, y) = (40, 30)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE]
    smooth = 60 * np.exp(-np.hypot(x - 30, y - 30) / 12)
    bright = knot * np.exp(-((x - 40) ** 2 + (y - 30) ** 2) / 4)
    planes = smooth + bright + rng.normal(10, noise, (bands, SIDE, SIDE))
    return Cutout("galaxy", planes.astype(np.float32), bands=tuple(names[:bands]))


def picture(seed=0):
    rgb = to_rgb(galaxy(3, "gri", seed=seed))
    return Cutout(
        "picture",
        np.ascontiguousarray(rgb * np.array([1, 0.8, 0.5]))
        .astype("uint8")
        .view(np.uint8),
    )


CUTOUTS = {
    "five bands": galaxy(),
    "three bands": galaxy(3, "grz"),
    "two bands": galaxy(2, "gr"),
    "one band": galaxy(1, "r"),
    "without names": galaxy(4, ""),
    "picture": picture(),
}


@pytest.mark.parametrize("name", CUTOUTS)
def test_the_look_one_starts_with_is_what_the_detector_sees(name):
    cutout = CUTOUTS[name]
    np.testing.assert_array_equal(render(cutout, Rendering()), to_rgb(cutout))


@pytest.mark.parametrize(
    ("name", "views"),
    [
        ("five bands", ("colour", "u", "g", "r", "i", "z", "residual")),
        ("two bands", ("colour", "g", "r", "residual")),
        ("one band", ("colour", "residual")),
        ("without names",
         ("colour", "band 1", "band 2", "band 3", "band 4", "residual")),
        ("picture", ("colour", "red", "green", "blue", "residual")),
    ],
)  # fmt: skip
def test_views_are_those_that_a_cutout_has(name, views):
    assert views_of(CUTOUTS[name]) == views


@pytest.mark.parametrize("name", CUTOUTS)
def test_no_look_touches_the_cutout(name):
    cutout = CUTOUTS[name]
    before = cutout.pixels.copy()
    for view, stretch in itertools.product(views_of(cutout), STRETCHES):
        rgb = render(cutout, Rendering(view, stretch, 0.1, 0.7))
        assert rgb.dtype == np.uint8
        assert rgb.shape == (SIDE, SIDE, 3)
        assert rgb.min() < rgb.max()
    np.testing.assert_array_equal(cutout.pixels, before)


def test_a_band_is_grey_and_shows_that_band_alone():
    cutout = galaxy(3, "grz", knot=0)
    cutout.pixels[2, 10:14, 10:14] += 500
    assert np.ptp(render(cutout, Rendering("g")), axis=2).max() == 0
    lit = {band: render(cutout, Rendering(band))[11, 11, 0] for band in "grz"}
    assert lit["z"] == 255
    assert lit["g"] < 100
    assert lit["r"] < 100


def test_a_band_of_a_picture_is_its_colour():
    cutout = picture()
    for place, name in enumerate(("red", "green", "blue")):
        rgb = render(cutout, Rendering(name))
        assert (rgb == cutout.pixels[..., place, None]).all()


def test_a_band_that_is_missing_becomes_colour_and_is_said():
    cutout = galaxy(3, "grz")
    look = Rendering("u", "log")
    np.testing.assert_array_equal(
        render(cutout, look), render(cutout, Rendering(stretch="log"))
    )
    assert note_of(cutout, look) == "This cutout has no band u: it is shown in colour."
    assert note_of(cutout, Rendering("g")) is None
    np.testing.assert_array_equal(render(cutout, Rendering("u")), to_rgb(cutout))


@pytest.mark.parametrize("name", ["five bands", "picture"])
def test_stretches_differ_and_keep_the_order_of_brightness(name):
    cutout = CUTOUTS[name]
    seen = {s: render(cutout, Rendering(stretch=s)).astype(int) for s in STRETCHES}
    faint = {s: rgb[30, 8].sum() for s, rgb in seen.items()}
    if name == "five bands":
        assert faint["linear"] < faint["as detected"] < faint["asinh"]
    assert faint["linear"] < faint["square root"] < faint["log"]
    for rgb in seen.values():
        across = rgb.sum(axis=2)[30, [30, 24, 18, 10]]
        assert (np.diff(across) <= 0).all()


@pytest.mark.parametrize("name", ["five bands", "picture"])
def test_black_darkens_and_white_brightens(name):
    cutout = CUTOUTS[name]
    usual = render(cutout, Rendering()).astype(int)
    darker = render(cutout, Rendering(black=0.3)).astype(int)
    brighter = render(cutout, Rendering(white=0.6)).astype(int)
    assert (darker <= usual + 1).all()
    assert (brighter >= usual - 1).all()
    assert darker.mean() < usual.mean() < brighter.mean()
    assert brighter.max() == 255


def test_hues_stay_when_white_is_lowered():
    cutout = picture()
    usual = render(cutout, Rendering())[30, 18].astype(float)
    brighter = render(cutout, Rendering(white=0.7))[30, 18].astype(float)
    assert brighter.sum() > 1.2 * usual.sum()
    assert brighter / brighter.sum() == pytest.approx(usual / usual.sum(), abs=0.02)


def test_hues_stay_where_a_pixel_is_as_bright_as_can_be():
    cutout = picture()
    usual = render(cutout, Rendering())[30, 30].astype(float)
    brightest = render(cutout, Rendering(white=0.3))[30, 30].astype(float)
    assert brightest.max() == 255
    assert brightest / 255 == pytest.approx(usual / usual.max(), abs=0.02)


@pytest.mark.parametrize("name", ["five bands", "picture"])
def test_the_residual_takes_the_galaxy_away_and_leaves_the_knot(name):
    residual = render(CUTOUTS[name], Rendering("residual")).astype(int).mean(axis=2)
    assert residual[30, 40] > 220  # the knot
    assert np.median(residual) == pytest.approx(127.5, abs=6)  # zero is mid-grey
    usual = render(CUTOUTS[name], Rendering()).mean(axis=2)
    disc, sky = (slice(24, 36), slice(16, 22)), (slice(0, 8), slice(0, 8))
    assert usual[disc].mean() > usual[sky].mean() + 60
    assert abs(residual[disc].mean() - residual[sky].mean()) < 20


def test_what_is_darker_than_around_is_darker_than_mid_grey():
    cutout = galaxy(knot=-25.0, noise=0.3)
    assert render(cutout, Rendering("residual"))[30, 40].mean() < 60


def test_a_blue_knot_is_blue_in_the_residual():
    cutout = galaxy(3, "gri", knot=0, noise=0.3)
    y, x = np.mgrid[:SIDE, :SIDE]
    cutout.pixels[0] += 40 * np.exp(-((x - 40) ** 2 + (y - 30) ** 2) / 4)
    red, green, blue = render(cutout, Rendering("residual"))[30, 40].astype(int)
    assert blue > red + 40
    assert blue > green + 20


@pytest.mark.parametrize("view", ["colour", "g", "residual"])
def test_pixels_without_data_are_black_and_touch_no_others(view):
    whole, cut = galaxy(), galaxy()
    cut.pixels[:, :, :12] = np.nan
    rgb = render(cut, Rendering(view, "log"))
    assert (rgb[:, :12] == 0).all()
    beside = render(whole, Rendering(view, "log"))[:, 13:]
    alike = np.corrcoef(rgb[:, 13:].ravel(), beside.ravel())[0, 1]
    assert alike > 0.95


def test_a_strip_without_data_is_no_shadow_on_the_galaxy_beside_it():
    whole, cut = galaxy(noise=0.3), galaxy(noise=0.3)
    cut.pixels[:, :, 14:20] = np.nan
    beside = slice(20, 40), slice(20, 24)
    usual = render(whole, Rendering("residual", "linear"))[beside].astype(int)
    seen = render(cut, Rendering("residual", "linear"))[beside].astype(int)
    assert abs(seen - usual).mean() < 22  # 32 where no data were no light


@pytest.mark.parametrize("value", [0.0, 7.0, np.nan, -3e30, 1e38, 1e-30])
@pytest.mark.parametrize("view", ["colour", "g", "residual"])
def test_images_with_one_value_only_are_shown(value, view):
    planes = np.full((3, 20, 24), value, np.float32)
    for stretch in STRETCHES:
        rgb = render(
            Cutout("flat", planes, bands=tuple("gri")), Rendering(view, stretch)
        )
        assert rgb.shape == (20, 24, 3)
        assert np.ptp(rgb) == 0
    grey = np.full((20, 24, 3), 90, np.uint8)
    assert np.ptp(render(Cutout("flat", grey), Rendering("residual"))) == 0


fluxes = st.one_of(
    st.floats(width=32),
    st.floats(-1e3, 1e3, width=32),
    st.sampled_from([0.0, np.nan, 1e-38, -1e30, 3e38]),
)
pixels = st.one_of(
    arrays.arrays(
        np.float32,
        st.tuples(st.integers(1, 6), st.integers(1, 24), st.integers(1, 24)),
        elements=fluxes,
        fill=st.sampled_from([0.0, 1.0, np.nan]),
    ),
    arrays.arrays(
        np.uint8, st.tuples(st.integers(1, 24), st.integers(1, 24), st.just(3))
    ),
)


@settings(max_examples=300, deadline=None)
@given(
    pixels,
    st.booleans(),
    st.sampled_from(["colour", "g", "red", "band 2", "residual", "nothing"]),
    st.sampled_from(STRETCHES),
    st.floats(0, 0.9),
    st.one_of(st.none(), st.floats(0.5, 100)),
)
def test_every_look_of_everything_is_a_picture(
    pixels, named, view, stretch, black, fwhm
):
    pixels[~np.isfinite(pixels)] = np.nan if pixels.dtype == np.float32 else 0
    bands = tuple("ugrizy"[: len(pixels)]) if named else ()
    cutout = Cutout("any", pixels, bands=bands, fwhm=fwhm)
    with np.errstate(all="ignore"):
        rgb = render(cutout, Rendering(view, stretch, black, min(black + 0.1, 1.0)))
    assert rgb.dtype == np.uint8
    assert rgb.shape == (cutout.height, cutout.width, 3)


@pytest.mark.parametrize(
    "wrong",
    [
        {"stretch": "cubic"},
        {"black": -0.1},
        {"white": 1.1},
        {"black": 0.5, "white": 0.5},
        {"black": 0.8, "white": 0.2},
        {"black": float("nan")},
    ],
)
def test_a_look_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ClumpError):
        Rendering(**wrong)


@pytest.mark.parametrize(
    ("look", "words"),
    [
        (Rendering(), ""),
        (Rendering("residual", "log"), "Residual, log"),
        (Rendering("g"), "Band g"),
        (Rendering("red", black=0.1), "Red, 0.10 to 1.00"),
        (Rendering("band 2"), "Band 2"),
        (Rendering(stretch="square root"), "Colour, square root"),
    ],
)
def test_a_look_in_words(look, words):
    assert look.words == words
