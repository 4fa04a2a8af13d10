"""What light in a box looks like, on pictures where it is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clump_detector.photometry.objects.values import VALUES, scene_of, values_of

SIZE, FWHM, AT = 120, 4.0, (80, 60)


def picture(width=1.0, colour=(60, 100, 160), place=AT, stretch=1.0, seed=0):
    """A red disc in noise, with a spot so many times as wide as the PSF."""
    y, x = np.mgrid[:SIZE, :SIZE].astype(float)
    middle = (SIZE - 1) / 2
    disc = 110 * np.exp(-np.hypot(x - middle, y - middle) / 14)
    light = disc[..., None] * (1.0, 0.8, 0.5)
    sigma = width * FWHM / 2.355
    far = ((x - place[0]) / stretch) ** 2 + (y - place[1]) ** 2
    light += np.exp(-far / (2 * sigma**2))[..., None] * colour
    light += np.random.default_rng(seed).normal(12, 3, light.shape)
    return np.clip(light, 0, 255).astype(np.uint8)


def box(place=AT, side=10.0):
    x, y = place
    return [x - side / 2, y - side / 2, x + side / 2, y + side / 2]


def values(rgb, boxes=None):
    made = values_of(scene_of(rgb, FWHM), [box()] if boxes is None else boxes)
    return [dict(zip(VALUES, row, strict=True)) for row in made]


def test_a_point_is_as_wide_as_the_psf_and_round():
    (point,) = values(picture(1.0))
    (wide,) = values(picture(1.6))
    (long,) = values(picture(1.0, stretch=2.0))
    assert 0.8 < point["width"] < 1.3
    assert wide["width"] > point["width"] + 0.15
    assert wide["concentration"] < point["concentration"]
    assert abs(point["elongation"]) < 0.15
    assert long["elongation"] > 0.3


def test_colours_and_brightness_are_against_what_is_around():
    (blue,) = values(picture(colour=(40, 90, 170)))
    (red,) = values(picture(colour=(170, 90, 40)))
    (white,) = values(picture(colour=(700, 700, 700)))
    assert blue["colour"] > 0.5
    assert red["colour"] < -0.5
    assert blue["colour_around"] < 0  # the disc is red
    assert white["white"] > 0.8
    assert blue["white"] == 0
    assert white["contrast"] > blue["contrast"] > 0.2


def test_where_it_lies():
    (on,) = values(picture())
    far = (112, 112)
    (off,) = values(picture(place=far), [box(far)])
    assert (on["off_host"], off["off_host"]) == (0, 1)
    away = np.hypot(AT[0] - (SIZE - 1) / 2, AT[1] - (SIZE - 1) / 2)
    assert on["distance"] == pytest.approx(np.log1p(away / FWHM), abs=0.1)
    assert off["distance_re"] > 2 > on["distance_re"]


@given(st.integers(0, 3), st.booleans(), st.integers(0, 5))
@settings(max_examples=12)
def test_a_turned_or_mirrored_picture_has_the_same_values(turns, mirrored, seed):
    rgb = picture(seed=seed)
    (before,) = values_of(scene_of(rgb, FWHM), [box()])
    turned = np.rot90(rgb, turns)
    x, y = AT[0] - (SIZE - 1) / 2, AT[1] - (SIZE - 1) / 2
    for _ in range(turns):
        x, y = y, -x
    if mirrored:
        turned, x = turned[:, ::-1], -x
    place = x + (SIZE - 1) / 2, y + (SIZE - 1) / 2
    (after,) = values_of(scene_of(np.ascontiguousarray(turned), FWHM), [box(place)])
    np.testing.assert_allclose(after, before, rtol=0.05, atol=0.03)


def test_boxes_off_the_picture_or_in_too_small_a_one_say_nothing():
    off = values_of(scene_of(picture(), FWHM), [box((-40, 10)), box((300, 300)), box()])
    assert np.isnan(off[:2]).all()
    assert np.isfinite(off[2]).all()
    small = np.full((4, 4, 3), 40, np.uint8)
    assert np.isnan(values_of(scene_of(small, FWHM), [box((2, 2))])).all()


@pytest.mark.parametrize("level", [0, 120, 255])
def test_a_picture_of_one_value_breaks_nothing(level):
    made = values_of(
        scene_of(np.full((60, 60, 3), level, np.uint8), FWHM), [box((30, 30))]
    )
    assert np.isfinite(made).all()
