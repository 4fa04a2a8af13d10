"""Matched boxes and metrics, on cases small enough to work out by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clump_detector.metrics import matching
from clump_detector.metrics.matching import FALSE, IGNORED, Match


def box(x, y, side=10.0):
    return [x - side / 2, y - side / 2, x + side / 2, y + side / 2]


def made(n_true, partner, scores):
    return Match(n_true, np.array(scores, float), np.array(partner, np.intp))


def test_a_centre_one_fwhm_away_matches_and_one_beyond_does_not():
    # Side 10 px is a FWHM of 4 px.
    true = [box(50, 50)]
    assert matching.match(true, [box(54, 50)], [0.9]).partner.tolist() == [0]
    assert matching.match(true, [box(54.01, 50)], [0.9]).partner.tolist() == [FALSE]
    far = [box(52.5, 52.5), box(53, 53)]  # 3.54 and 4.24 px along the diagonal
    assert matching.match(true, far[:1], [0.9]).partner.tolist() == [0]
    assert matching.match(true, far[1:], [0.9]).partner.tolist() == [FALSE]


def test_the_fwhm_is_the_one_given_rather_than_the_boxs():
    true, found = [box(50, 50), box(80, 80)], [box(56, 50), box(86, 80)]
    assert matching.match(true, found, [0.9, 0.8]).partner.tolist() == [-1, -1]
    assert matching.match(true, found, [0.9, 0.8], fwhm=6).partner.tolist() == [0, 1]
    each = matching.match(true, found, [0.9, 0.8], fwhm=[6, 4])
    assert each.partner.tolist() == [0, FALSE]
    half = matching.match(true, found, [0.9, 0.8], fwhm=6, limit=0.5)
    assert half.partner.tolist() == [FALSE, FALSE]


def test_a_true_box_is_found_once_and_by_the_highest_score():
    true = [box(50, 50)]
    found = [box(50, 50), box(51, 50), box(52, 50)]
    assert matching.match(true, found, [0.5, 0.9, 0.7]).partner.tolist() == [-1, 0, -1]


def test_a_box_takes_the_nearest_free_true_box():
    true = [box(50, 50), box(53, 50)]
    found = [box(52, 50), box(52.5, 50)]
    # The first in turn is nearer to the second true box; the other one takes the first.
    assert matching.match(true, found, [0.9, 0.8]).partner.tolist() == [1, 0]


def test_boxes_on_an_ignored_one_are_neither_true_nor_false():
    one = matching.match(
        [box(50, 50)],
        [box(50, 50), box(100, 100), box(150, 150)],
        [0.9, 0.8, 0.7],
        ignored=[box(101, 101), box(50, 50)],
    )
    assert one.partner.tolist() == [0, IGNORED, FALSE]
    assert matching.completeness_purity([one]) == (1.0, 0.5)


@pytest.mark.parametrize(
    ("true", "found", "expected"),
    [
        ([], [], (None, None)),
        ([box(5, 5)], [], (0.0, None)),
        ([], [box(5, 5)], (None, 0.0)),
    ],
)
def test_without_boxes_figures_are_none_and_json_is_valid(true, found, expected):
    one = matching.match(true, found, [0.5] * len(found))
    assert matching.completeness_purity([one]) == expected
    assert matching.best_score([one]) is None
    json.dumps(matching.curve([one], [0.1, 0.9]).as_json(), allow_nan=False)


def test_no_galaxy_at_all():
    assert matching.completeness_purity([]) == (None, None)
    assert matching.best_score([]) is None
    assert matching.false_per_empty([]) is None


def test_one_score_per_box():
    with pytest.raises(ValueError, match="2 boxes have 1 scores"):
        matching.match([box(5, 5)], [box(5, 5), box(9, 9)], [0.5])


# Two galaxies: 3 true boxes, found at 0.9 and 0.4, with false ones at 0.6, 0.4 and 0.2.
PAIR = [made(2, [0, FALSE, 1], [0.9, 0.6, 0.4]), made(1, [FALSE, FALSE], [0.4, 0.2])]


def test_completeness_and_purity_by_hand():
    assert matching.completeness_purity(PAIR, 0.0) == (2 / 3, 2 / 5)
    assert matching.completeness_purity(PAIR, 0.4) == (2 / 3, 2 / 4)
    assert matching.completeness_purity(PAIR, 0.41) == (1 / 3, 1 / 2)
    assert matching.completeness_purity(PAIR, 0.7) == (1 / 3, 1.0)
    assert matching.completeness_purity(PAIR, 0.95) == (0.0, None)


def test_the_curve_is_the_figures_at_each_score():
    found = matching.curve(PAIR)
    assert found.scores.tolist() == [0.2, 0.4, 0.6, 0.9]
    for i, score in enumerate(found.scores):
        expected = matching.completeness_purity(PAIR, score)
        assert (found.completeness[i], found.purity[i]) == pytest.approx(expected)
        assert found.f1[i] == pytest.approx(matching.f1(PAIR, score))


def test_the_best_score_has_the_highest_f1():
    # F1 is 4/8 at 0.2, 4/7 at 0.4, 2/5 at 0.6 and 2/4 at 0.9.
    assert matching.best_score(PAIR) == 0.4
    # Ignored boxes change nothing, and of equal ones the higher score is taken.
    assert matching.best_score([made(1, [IGNORED, 0], [0.95, 0.8])]) == 0.8
    assert matching.best_score([made(2, [0, FALSE, FALSE, 1], [9, 8, 7, 6])]) == 9
    assert matching.best_score([made(1, [FALSE], [0.8])]) is None


def test_false_boxes_per_galaxy_without_clumps():
    empty = [made(0, [FALSE, FALSE], [0.9, 0.3]), made(0, [], [])]
    assert matching.false_per_empty([*PAIR, *empty], 0.2) == 1.0
    assert matching.false_per_empty([*PAIR, *empty], 0.5) == 0.5
    assert matching.false_per_empty(PAIR, 0.5) is None


positions = st.lists(
    st.tuples(st.floats(0, 100), st.floats(0, 100), st.floats(0.01, 1)), max_size=12
)


@settings(deadline=None)
@given(positions, positions)
def test_matching_is_one_to_one_and_the_same_at_every_threshold(true, found):
    truth = [box(x, y) for x, y, _ in true]
    boxes = [box(x, y) for x, y, _ in found]
    scores = np.array([s for *_, s in found])
    whole = matching.match(truth, boxes, scores)
    taken = whole.partner[whole.hits]
    assert len(set(taken.tolist())) == len(taken)
    kept = scores >= 0.5
    part = matching.match(
        truth, [b for b, k in zip(boxes, kept, strict=True) if k], scores[kept]
    )
    assert part.partner.tolist() == whole.partner[kept].tolist()


# -- over all scores --------------------------------------------------------------


def test_average_precision_worked_out_by_hand():
    # purity 1 up to completeness 1/3, then 2/3 up to 2/3 (the envelope over 1/2)
    found = made(3, [0, FALSE, 1], [0.9, 0.8, 0.7])
    assert matching.average_precision([found]) == pytest.approx(1 / 3 + 2 / 9)
    assert matching.average_precision([made(2, [], [])]) == 0
    assert matching.average_precision([made(0, [FALSE], [0.5])]) is None


@st.composite
def matches_of_galaxies(draw):
    found = []
    for _ in range(draw(st.integers(1, 6))):
        hits = draw(st.lists(st.booleans(), max_size=6))
        scores = draw(
            st.lists(
                st.sampled_from([0.1, 0.3, 0.5, 0.9]),
                min_size=len(hits),
                max_size=len(hits),
            )
        )
        partner = [sum(hits[:i]) if hit else FALSE for i, hit in enumerate(hits)]
        found.append(made(sum(hits) + draw(st.integers(0, 2)), partner, scores))
    return found


@given(matches_of_galaxies())
def test_the_best_f1_is_that_of_the_curve(found):
    best = matching.Ranking(found).values(np.ones(len(found)))[1]
    curve = matching.curve(found).f1
    if np.isfinite(curve).any() and np.isfinite(best):
        assert best == pytest.approx(np.nanmax(curve))
