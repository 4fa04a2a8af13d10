"""Gaps are closed for the network, and nothing else is changed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clump_detector.images.pixels.gaps import (
    BRIGHT,
    LINE,
    filled_fluxes,
    filled_picture,
    large_gaps,
)


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


def test_a_wide_block_is_filled_with_what_is_around():
    planes = slope()
    gappy = planes.copy()
    gappy[0, 10:30, 10:30] = np.nan
    closed = filled_fluxes(gappy)
    assert np.isfinite(closed).all()
    # Within the range of the values around it.
    part = closed[0, 10:30, 10:30]
    assert planes[0, 8:32, 8:32].min() <= part.min()
    assert part.max() <= planes[0, 8:32, 8:32].max()
    assert (closed[1] == planes[1]).all()
    assert large_gaps(gappy).sum() == 400


def test_short_lines_and_single_pixels_are_no_large_gaps():
    planes = slope()
    planes[:, : LINE - 10, 20:24] = np.nan
    planes[:, 5, : LINE - 5] = np.nan
    planes[:, ::9, ::7] = np.nan
    assert not large_gaps(planes).any()
    assert not large_gaps(np.zeros((3, 4, 2), np.float32)).any()


def test_dead_columns_are_large_gaps_also_in_a_dark_sky():
    whole = galaxy(level=12)
    gappy = whole.copy()
    gappy[:, 15:17] = 0
    gappy[:, 60] = 0
    large = large_gaps(gappy)
    assert large[:, [15, 16, 60]].all()
    assert large.sum() == 3 * len(whole)
    filled = filled_picture(gappy, large)
    assert np.abs(filled.astype(float) - whole).mean(axis=(0, 2)).max() < 12


def galaxy(level=20, size=120):
    """A picture of a galaxy on a sky of some grey level, with noise."""
    rng = np.random.default_rng(0)
    rows, columns = np.indices((size, size))
    light = 120 * np.exp(-np.hypot(rows - 60, columns - 60) / 20)
    planes = light[..., None] + rng.normal(level, 3, (size, size, 3))
    return np.clip(planes, 1 if level > 10 else 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "place",
    [np.s_[40:60, 70:95], np.s_[100:120, :], np.s_[:, :12], np.s_[0:30, 90:120]],
)
def test_a_missing_block_of_a_picture_is_filled(place):
    whole = galaxy()
    gappy = whole.copy()
    gappy[place] = 0
    wide = large_gaps(gappy)
    expected = np.zeros(wide.shape, bool)
    expected[place] = True
    assert (wide == expected).all()
    filled = filled_picture(gappy, wide)
    assert (filled[~expected] == whole[~expected]).all()
    off = filled[place].astype(float) - whole[place]
    assert np.abs(off).mean() < 12
    assert filled[place].min() > 8


def test_a_sky_that_is_black_is_no_gap():
    dark = galaxy(level=-12)
    assert (dark == 0).all(axis=2).mean() > 0.3
    assert not large_gaps(dark).any()
    cut = galaxy()
    rows, columns = np.indices(cut.shape[:2])
    cut[np.hypot(rows - 60, columns - 60) > 45] = 0  # all but the galaxy cut away
    assert not large_gaps(cut).any()
    assert not large_gaps(np.zeros((60, 60, 3), np.uint8)).any()


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
