"""Partitions by HEALPix: every row in one of them, none too large."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from clump_detector.survey_search.dataset import healpix

ANGLES = {"ra": (0.0, 360.0), "dec": (-90.0, 90.0)}


def positions(n: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 360, n), np.degrees(np.arcsin(rng.uniform(-1, 1, n)))


def test_the_index_is_that_of_hats():
    spatial_index = pytest.importorskip("hats.pixel_math.spatial_index")
    ra, dec = positions(500)
    ra[:3], dec[:3] = [0, 359.9999999, 120], [90, -90, 0]
    theirs = spatial_index.compute_spatial_index(ra, dec)
    assert healpix.index_of(ra, dec).tolist() == theirs.tolist()


@pytest.mark.parametrize(
    ("ra", "dec"), [(np.nan, 1), (1, np.nan), (np.inf, 0), (10, 90.1), (10, -95)]
)
def test_no_position_is_no_pixel(ra, dec):
    found = healpix.index_of(np.array([ra, 5.0]), np.array([dec, 5.0]))
    assert found[0] == healpix.NOWHERE
    assert found[1] >= 0


@given(
    arrays(np.int64, st.integers(0, 60), elements=st.integers(-1, 12 * 4**29 - 1)),
    st.integers(1, 20),
)
def test_every_placed_row_is_in_one_pixel_that_is_not_too_large(index, most):
    pixels = healpix.pixels_for(index, most)
    rows = [row for some in pixels.values() for row in some]
    assert sorted(rows) == np.flatnonzero(index >= 0).tolist()
    for pixel, some in pixels.items():
        first, last = healpix.span(pixel)
        assert ((index[some] >= first) & (index[some] < last)).all()
        assert len(some) <= most or pixel[0] == healpix.DEEPEST


def test_many_rows_are_divided_where_they_are_many():
    ra, dec = positions(2000, 1)
    ra[:1500], dec[:1500] = 150 + ra[:1500] / 1000, 2 + dec[:1500] / 1000
    pixels = healpix.pixels_for(healpix.index_of(ra, dec), 200)
    orders = {order for order, _ in pixels}
    assert min(orders) == 0
    assert max(orders) > 5
