"""Small gaps are closed for the network, and nothing else is changed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clump_detector.images.pixels.gaps import BRIGHT, filled_fluxes, filled_picture


def slope(height=40, width=50):
    rows, columns = np.indices((height, width), dtype=np.float32)
    return np.stack([rows + columns, 2 * rows - columns])


def test_whole_fluxes_are_handed_on_as_they_are():
    planes = slope()
    assert filled_fluxes(planes) is planes


@pytest.mark.parametrize("wide", [1, 2, 3, 4])
def test_columns_of_up_to_four_pixels_are_closed(wide):
    planes = slope()
    gappy = planes.copy()
    gappy[:, :, 20 : 20 + wide] = np.nan
    closed = filled_fluxes(gappy)
    # A mean of what is near falls short of a slope by the distance to one side.
    assert np.abs(closed - planes).max() <= 2.5 * 2
    known = np.isfinite(gappy)
    assert (closed[known] == gappy[known]).all()
    assert np.isnan(gappy).any()  # the image itself stays as it is


def test_a_wide_block_stays_empty_but_for_its_rim():
    planes = slope()
    planes[0, 10:30, 10:30] = np.nan
    closed = filled_fluxes(planes)
    assert np.isnan(closed[0, 12:28, 12:28]).all()
    assert np.isfinite(closed[0, 10:12]).all()
    assert np.isfinite(closed[1]).all()


def test_each_band_is_closed_from_its_own_pixels():
    planes = slope()
    gappy = planes.copy()
    gappy[0, 20, 20] = np.nan
    closed = filled_fluxes(gappy)
    assert closed[0, 20, 20] == pytest.approx(planes[0, 20, 20], abs=1e-3)
    assert (closed[1] == planes[1]).all()


def test_nothing_but_gaps_stays_nothing():
    nothing = np.full((3, 9, 9), np.nan, np.float32)
    assert np.isnan(filled_fluxes(nothing)).all()


def test_black_lines_across_a_galaxy_are_closed_and_a_black_sky_is_not():
    picture = np.zeros((60, 60, 3), np.uint8)
    picture[20:40, 20:40] = (90, 100, 120)
    gappy = picture.copy()
    gappy[:, 29:31] = 0
    closed = filled_picture(gappy)
    assert (closed[22:38, 20:40] == picture[22:38, 20:40]).all()
    assert (closed[:18] == 0).all()
    assert (closed[:, 45:] == 0).all()


@given(st.integers(0, 2**32 - 1), st.integers(0, BRIGHT - 1))
def test_a_dark_sky_with_black_pixels_is_left_alone(seed, level):
    noise = np.random.default_rng(seed)
    picture = noise.integers(0, level + 1, (30, 30, 3)).astype(np.uint8)
    assert filled_picture(picture) is picture
