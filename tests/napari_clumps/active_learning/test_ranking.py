"""Orders of what to label next, and doubts about what is labelled."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_clumps.active_learning.doubts import Place, doubts
from napari_clumps.active_learning.ranking import (
    BOTH,
    DIVERSE,
    INFORMATIVE,
    RANDOM_EVERY,
    Pool,
    information_by_cutout,
    rank,
)

ORDERS = (INFORMATIVE, DIVERSE, BOTH)


def pool(n, seed=0, labelled=3, size=8):
    rng = np.random.default_rng(seed)
    return Pool(
        np.arange(10, 10 + n),
        rng.random(n),
        rng.integers(0, 4, n),
        rng.normal(size=(n, size)),
        rng.normal(size=(labelled, size)),
    )


@given(st.sampled_from(ORDERS), st.integers(0, 40), st.integers(0, 9), st.data())
def test_every_cutout_comes_once_and_unknown_ones_last(order, n, seed, data):
    some = pool(n, seed)
    unknown = data.draw(st.sets(st.integers(0, max(n - 1, 0)), max_size=n))
    for k in unknown:
        some.information[k] = np.nan
    found = rank(order, some, seed)
    assert sorted(one.cutout for one in found) == some.ids.tolist()
    last = [one.cutout for one in found[n - len(unknown) :]]
    assert last == sorted(int(some.ids[k]) for k in unknown)
    assert all(one.reason for one in found)
    known = n - len(unknown)
    at_random = [k for k, one in enumerate(found) if one.arm == "random"]
    assert at_random == list(range(RANDOM_EVERY - 1, known, RANDOM_EVERY))
    assert rank(order, some, seed) == found


def test_the_most_informative_come_first_but_for_the_random_share():
    some = pool(20)
    found = [one.cutout for one in rank(INFORMATIVE, some, 1) if one.arm == "chosen"]
    information = [float(some.information[i - 10]) for i in found]
    assert information == sorted(information, reverse=True)


def test_what_is_drawn_at_random_comes_no_later_than_it_would_have():
    some = pool(200)
    found = [one.cutout for one in rank(INFORMATIVE, some, 1)]
    best = [10 + int(k) for k in np.argsort(-some.information)]
    for place, cutout in enumerate(best[:40]):
        assert found.index(cutout) <= place * RANDOM_EVERY / (RANDOM_EVERY - 1) + 1


def test_diverse_ones_are_taken_from_each_group():
    rng = np.random.default_rng(1)
    groups = np.repeat(np.eye(5) * 20, 8, axis=0)
    vectors = groups + rng.normal(size=groups.shape)
    some = Pool(np.arange(40), np.ones(40), np.zeros(40, int), vectors, vectors[:1])
    first = [one.cutout for one in rank(DIVERSE, some, 0)[:5]]
    assert {k // 8 for k in first} >= {1, 2, 3, 4}


def test_both_takes_diverse_ones_among_the_informative():
    some = pool(3000, size=4)
    found = rank(BOTH, some, 0)
    chosen = [one.cutout - 10 for one in found if one.arm == "chosen"][:100]
    assert (some.information[chosen] > np.quantile(some.information, 0.75)).all()


@pytest.mark.parametrize("order", ORDERS)
def test_nothing_and_one_are_orders_too(order):
    assert rank(order, pool(0), 0) == []
    (one,) = rank(order, pool(1, labelled=0), 0)
    assert one.arm == "chosen"


def test_a_cutout_s_information_is_that_of_its_five_best_boxes():
    fields = [("cutout", "u4"), ("found", "?"), ("information", "f4"),
              ("votes", "u2"), ("heads", "u2")]  # fmt: skip
    rows = [(7, True, 0.1 * k, k, 6) for k in range(7)] + [(7, False, 9.0, 3, 6)]
    found = information_by_cutout(np.array([*rows, (3, True, 0.25, 6, 6)], fields))
    assert found[7] == (pytest.approx(0.1 * (6 + 5 + 4 + 3 + 2)), 5)
    assert found[3] == (0.25, 0)
    assert information_by_cutout(np.zeros(0, fields)) == {}


def test_labels_on_the_wrong_side_come_first():
    kept = [Place(k, "kept", 0.9) for k in range(10)]
    rejected = [Place(20 + k, "rejected", 0.1) for k in range(10)]
    wrong = [Place(40, "kept", 0.02), Place(41, "rejected", 0.97)]
    missed, unknown = Place(42, "unboxed", 0.95), Place(43, "kept", np.nan)
    found = doubts([*kept, *rejected, *wrong, missed, unknown])
    assert [doubt.cutout for doubt in found] == [40, 41, 42]
    assert "0.02" in found[0].reason
    assert "no box" in found[2].reason


def test_a_cutout_is_as_doubtful_as_its_worst_place():
    places = [Place(1, "kept", 0.9), Place(1, "rejected", 0.8), Place(2, "kept", 0.3)]
    first, second = doubts(places)
    assert (first.cutout, second.cutout) == (1, 2)
    assert first.reason.startswith("rejected")


def test_without_labels_there_is_no_doubt():
    assert doubts([]) == []
