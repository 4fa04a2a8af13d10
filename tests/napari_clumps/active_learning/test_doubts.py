"""Which labels are to be checked again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_clumps.active_learning.doubts import (
    KEPT,
    KINDS,
    NOTHING,
    REJECTED,
    UNBOXED,
    doubts,
    place_doubts,
)

PLACES = st.lists(
    st.tuples(
        st.integers(0, 6),
        st.sampled_from(KINDS),
        st.floats(0, 1) | st.just(np.nan),
    ),
    max_size=30,
)


def of(rows):
    return [[row[k] for row in rows] for k in range(3)]


def test_contradicted_labels_come_first_with_words():
    rows = [
        (1, KEPT, 0.9),
        (2, KEPT, 0.04),
        (2, KEPT, 0.8),
        (3, REJECTED, 0.93),
        (4, UNBOXED, 0.7),
        (5, REJECTED, 0.01),
        (5, UNBOXED, 0.02),
    ]
    found = doubts(*of(rows))
    assert [d.cutout for d in found][:3] == [2, 3, 4]
    assert [d.reason for d in found] == [
        "kept as a clump, but heads that have not seen it give 0.04",
        "turned down, but heads that have not seen it give 0.93",
        "no box here, but heads that have not seen it give 0.70",
        NOTHING,
        NOTHING,
    ]
    assert (found[0].place, found[1].place) == (1, 3)


def test_how_sure_is_measured_against_the_class():
    # A detector that gives clumps 0.5 does not contradict one with 0.5.
    values = place_doubts([KEPT, KEPT, KEPT, REJECTED], [0.5, 0.5, 0.5, 0.0])
    assert values == pytest.approx([0, 0, 0, 0])
    values = place_doubts([KEPT, KEPT, REJECTED, UNBOXED], [1.0, 0.0, 1.0, 0.0])
    assert values == pytest.approx([-1, 1, 1, -1])


@given(PLACES)
def test_a_cutout_is_as_doubtful_as_its_worst_place(rows):
    found = doubts(*of(rows))
    known = {c for c, _, score in rows if not np.isnan(score)}
    assert {d.cutout for d in found} == known
    assert len(found) == len(known)
    values = place_doubts(*of(rows)[1:])
    assert [d.doubt for d in found] == sorted((d.doubt for d in found), reverse=True)
    for one in found:
        own = [v for row, v in zip(rows, values, strict=True) if row[0] == one.cutout]
        assert one.doubt == np.nanmax(own) <= 1
        assert rows[one.place][0] == one.cutout
        assert (one.reason == NOTHING) == (one.doubt <= 0)


@given(PLACES, st.floats(0, 1), st.floats(0, 1))
def test_less_sure_is_more_doubtful(rows, first, second):
    low, high = sorted([first, second])
    kinds = [*of(rows)[1], KEPT, KEPT, REJECTED, REJECTED]
    values = place_doubts(kinds, [*of(rows)[2], low, high, low, high])[-4:]
    assert values[0] >= values[1]
    assert values[2] <= values[3]


def test_nothing_to_doubt():
    assert doubts([], [], []) == []
    assert doubts([1], [KEPT], [np.nan]) == []
    # Of a single label the mean says nothing: it has to be as sure as a coin.
    (only,) = doubts([1], [KEPT], [0.0])
    assert only.doubt == 1
    (sure,) = doubts([1], [KEPT], [0.5])
    assert sure.doubt == 0


@pytest.mark.parametrize(
    ("cutouts", "kinds", "scores", "words"),
    [
        ([1], ["maybe"], [0.1], "maybe"),
        ([1, 2], [KEPT], [0.1], "2 cutouts"),
        ([1], [KEPT], [0.1, 0.2], "1 kinds"),
    ],
)
def test_what_does_not_fit_is_refused(cutouts, kinds, scores, words):
    with pytest.raises(ValueError, match=words):
        doubts(cutouts, kinds, scores)
