"""From fluxes to a picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from clump_detector.images.cutout import Cutout
from clump_detector.images.rgb import ENOUGH_PIXELS, to_rgb
from tests.helpers.resources import work


def galaxy(bands=3, size=80, noise=0.02, sky=0.0, seed=0):
    """Return a round blob with a blue knot, bluest band first, (bands, size, size)."""
    y, x = np.mgrid[:size, :size] - size / 2
    smooth = np.exp(-np.hypot(x, y) / (size / 8))
    knot = np.exp(-((x - size / 5) ** 2 + y**2) / (size / 40) ** 2)
    shares = np.linspace(1.0, 0.1, bands)
    random = np.random.default_rng(seed)
    planes = [smooth + share * knot for share in shares]
    return np.array(planes) + random.normal(sky, noise, (bands, size, size))


def cutout(pixels, bands=()):
    return Cutout("a", np.asarray(pixels, np.float32), bands=tuple(bands))


def levels(one, other):
    return np.abs(one.astype(int) - other.astype(int))


def test_a_picture_stays_as_it_is():
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    assert np.array_equal(to_rgb(Cutout("a", pixels)), pixels)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_any_number_of_bands_makes_a_picture(n):
    rgb = to_rgb(cutout(galaxy(n)))
    assert rgb.shape == (80, 80, 3)
    assert rgb.dtype == np.uint8
    assert rgb[40, 40].min() > 150
    assert np.median(rgb) < 40
    assert (rgb.max() == 255) or n == 2
    if n == 1:
        assert (rgb == rgb[..., :1]).all()


@pytest.mark.parametrize(
    "bands", [(), ("g", "r", "i"), ("g", "r", "z"), ("u", "g", "r")]
)
def test_the_knot_is_blue(bands):
    red, _, blue = to_rgb(cutout(galaxy(3), bands))[40, 56].astype(int)
    assert blue > red + 30


def test_bands_are_taken_by_their_names_whatever_their_order():
    pixels = galaxy(3)
    one = to_rgb(cutout(pixels, "gri"))
    other = to_rgb(cutout(pixels[[2, 0, 1]], "igr"))
    assert levels(one, other).max() <= 1


@pytest.mark.parametrize("unit", [1e-12, 1e-6, 1e6, 1e12, 1e30])
def test_the_unit_of_the_fluxes_does_not_matter(unit):
    expected = to_rgb(cutout(galaxy(3), "gri"))
    assert levels(to_rgb(cutout(galaxy(3) * unit, "gri")), expected).max() <= 1


def test_the_sky_level_does_not_matter():
    expected = to_rgb(cutout(galaxy(3, sky=0)))
    found = to_rgb(cutout(galaxy(3, sky=1000)))  # SDSS's soft bias
    assert levels(found, expected).max() <= 2


def test_missing_pixels_are_black_and_change_nothing_else():
    pixels = galaxy(3)
    expected = to_rgb(cutout(pixels, "gri"))
    pixels[1, 5, 7] = np.nan
    pixels[:, :, :2] = np.nan
    found = to_rgb(cutout(pixels, "gri"))
    assert not found[5, 7].any()
    assert not found[:, :2].any()
    # In the noise, where the mean of the bands crosses zero, single pixels differ.
    assert np.quantile(levels(found, expected)[:, 8:], 0.99) <= 4


def test_without_any_complete_pixel_it_is_black():
    pixels = galaxy(2)
    pixels[0, :40], pixels[1, 40:] = np.nan, np.nan
    assert not to_rgb(cutout(pixels)).any()


def test_one_outlier_does_not_darken_the_rest():
    pixels = galaxy(3)
    expected = to_rgb(cutout(pixels, "gri"))
    pixels[:, 3, 3] = 3e38
    found = to_rgb(cutout(pixels, "gri"))
    assert found[3, 3].max() == 255
    assert np.quantile(levels(found, expected), 0.99) <= 2


def test_hue_does_not_depend_on_brightness():
    shade = np.linspace(0.2, 1, 100)[None, :] * np.ones((100, 1))
    pixels = np.stack([shade, shade / 2, shade / 4])
    pixels = np.concatenate([np.zeros((3, 300, 100)), pixels], axis=1)
    rgb = to_rgb(cutout(pixels)).astype(float)[300:]
    ratio = rgb[..., 0] / rgb[..., 2]
    assert ratio.std() < 0.02


def test_a_large_image_looks_like_its_parts():
    small = galaxy(3, size=600)
    assert small[0].size > ENOUGH_PIXELS
    large = np.tile(small, (1, 3, 3))
    difference = levels(to_rgb(cutout(large))[:600, :600], to_rgb(cutout(small)))
    assert np.quantile(difference, 0.99) <= 2


def test_a_large_image_with_little_data_keeps_its_levels():
    large = np.full((3, 2000, 2000), np.nan, np.float32)
    large[:, 1:2000:25, 1:2000:25] = galaxy(3)
    assert to_rgb(cutout(large)).max() > 200


def test_a_field_takes_seconds_at_most():
    field = np.tile(galaxy(4, size=650), (1, 4, 4))
    with work() as done:
        to_rgb(cutout(field, "ugri"))
    assert done.seconds < 5  # 0.5 s on an idle core


@settings(deadline=None)
@given(
    arrays.arrays(
        np.float32,
        st.tuples(st.integers(1, 5), st.integers(1, 8), st.integers(1, 8)),
        elements=st.floats(width=32, allow_infinity=False),
    )
)
def test_whatever_the_numbers_there_is_a_picture(pixels):
    with np.errstate(all="ignore"):
        rgb = to_rgb(cutout(pixels))
    assert rgb.shape == (*pixels.shape[1:], 3)
