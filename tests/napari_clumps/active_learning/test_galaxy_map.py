"""A map keeps together what looks alike."""

from __future__ import annotations

import numpy as np
import pytest

from napari_clumps.active_learning.galaxy_map import MOST_FOR_TSNE, method, positions

ONES = np.ones(8)


def groups(n, seed=0):
    rng = np.random.default_rng(seed)
    which = np.arange(n) % 3
    values = rng.normal(size=(n, 8)) + 8 * np.eye(3, 8)[which]
    return values.astype(np.float16), which


@pytest.mark.parametrize("n", [60, MOST_FOR_TSNE + 1])
def test_neighbours_on_the_map_are_of_one_group(n):
    from sklearn.neighbors import NearestNeighbors

    values, which = groups(n)
    placed = positions(values, ONES)
    assert np.abs(placed).max(axis=0) == pytest.approx(1)
    _, rows = NearestNeighbors(n_neighbors=6).fit(placed).kneighbors(placed)
    assert (which[rows[:, 1:]] == which[:, None]).mean() > 0.9
    assert (method(n) == "t-SNE") is (n <= MOST_FOR_TSNE)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5])
def test_few_galaxies_have_a_place(n):
    placed = positions(groups(n)[0], ONES)
    assert placed.shape == (n, 2)
    assert np.isfinite(placed).all()


def test_equal_ones_and_unknown_values_are_no_error():
    same = np.ones((12, 8), np.float16)
    assert positions(same, ONES) == pytest.approx(0)
    values, _ = groups(12)
    values[3] = np.nan
    assert np.isfinite(positions(values, ONES)).all()
