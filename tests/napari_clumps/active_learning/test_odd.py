"""Nearest and oddest embeddings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clump_detector.images.host_profile import PARTS, VALUES
from clump_detector.images.likeness import appearance, nearest
from napari_clumps.active_learning.odd import oddness, worth_a_look


def groups(seed=0, each=20, size=16):
    """Three groups of vectors, and which is in which."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(3, size)) * 5
    which = np.repeat(np.arange(3), each)
    noise = rng.normal(size=(3 * each, size))
    return (centres[which] + noise).astype(np.float16), which


@given(st.integers(0, 59), st.integers(0, 5))
def test_those_of_its_group_are_the_nearest(row, seed):
    vectors, which = groups(seed)
    order, likeness = nearest(vectors, [row])
    assert order[0] == row
    assert (which[order[:20]] == which[row]).mean() >= 0.9
    assert sorted(order) == list(range(60))
    assert (np.diff(likeness) <= 0).all()
    assert likeness[0] == pytest.approx(1)


def test_a_channel_counts_whatever_its_unit():
    vectors, which = groups()
    scaled = vectors.astype(np.float32) * np.logspace(-2, 2, 16)
    order, _ = nearest(scaled.astype(np.float16), [3])
    assert (which[order[:20]] == which[3]).all()


def test_several_examples_are_looked_for_together():
    vectors, which = groups()
    order, _ = nearest(vectors, [0, 1, 20, 21])
    assert set(which[order[:40]]) == {0, 1}


def test_nothing_one_and_equal_ones_have_an_order():
    assert nearest(np.zeros((0, 4), np.float16), [])[0].tolist() == []
    assert nearest(np.ones((1, 4), np.float16), [0])[0].tolist() == [0]
    order, likeness = nearest(np.ones((5, 4), np.float16), [2])
    assert sorted(order) == list(range(5))
    assert np.isfinite(likeness).all()


def test_what_is_far_from_all_others_is_the_oddest():
    vectors, _ = groups(each=40)
    odd = np.concatenate([vectors, np.full((1, 16), 60, np.float16)])
    found = oddness(odd)
    assert found.argmax() == 120
    assert found.max() == 1
    assert found.min() == 0
    assert (oddness(odd) == found).all()


@pytest.mark.parametrize("n", [0, 1, 2])
def test_of_few_none_is_odd(n):
    assert oddness(np.ones((n, 4), np.float16)).tolist() == [0] * n


def test_equal_ones_are_equally_odd():
    assert np.ptp(oddness(np.ones((10, 4), np.float16))) == 0


def test_galaxies_of_a_shape_are_alike_whatever_the_encoder_says():
    rng = np.random.default_rng(1)
    which = np.repeat([0, 1], 20)
    profiles = rng.normal(size=(40, VALUES))
    profiles[:, PARTS["isophotes"]] += 4 * which[:, None]
    vectors = rng.normal(size=(40, 64)).astype(np.float16)
    values, weights = appearance(vectors, profiles.astype(np.float16))
    order, _ = nearest(values, [25], weights)
    assert (which[order[:10]] == 1).mean() >= 0.9
    assert (weights > 0).all()
    assert values.shape == (40, 64 + VALUES) == (40, len(weights))


def test_what_is_unknown_of_some_says_nothing():
    vectors, which = groups()
    values, weights = appearance(vectors, np.full((60, VALUES), np.nan, np.float16))
    order, likeness = nearest(values, [0], weights)
    assert (which[order[:20]] == 0).mean() >= 0.9
    assert np.isfinite(likeness).all()


def test_what_a_person_finds_interesting_is_worth_a_look():
    """Two kinds are as odd: the one that was rated high comes before the other."""
    rng = np.random.default_rng(2)
    vectors = rng.normal(size=(300, 16))
    vectors[:20, 0] += 12
    vectors[20:40, 1] += 12
    values = vectors.astype(np.float16)
    odd = oddness(values)
    rated = [0, 1, 2, 20, 21, 22, 100, 101]
    worth = worth_a_look(odd, values, np.ones(16), rated, [3, 3, 3, 0, 0, 0, 0, 0])
    assert ((worth >= 0) & (worth <= 1)).all()
    assert worth[3:20].mean() > 1.5 * worth[23:40].mean()
    before = np.argsort(-odd)[:20]
    after = np.argsort(-worth)[:20]
    assert (after < 20).sum() > (before < 20).sum()


def test_one_rating_and_equal_galaxies_are_no_error():
    same = np.ones((5, 4), np.float16)
    worth = worth_a_look(np.zeros(5), same, np.ones(4), [2], [0])
    assert worth.tolist() == [0] * 5
