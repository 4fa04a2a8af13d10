"""Intervals over galaxies, and the comparison of two models."""

from __future__ import annotations

import json

import numpy as np
import pytest

from clump_detector.metrics import bootstrap, matching
from clump_detector.metrics.matching import FALSE, Match
from tests.helpers.resources import work


def made(n_true, partner, scores):
    return Match(n_true, np.array(scores, float), np.array(partner, np.intp))


# Two galaxies: 3 true boxes, found at 0.9 and 0.4, with false ones at 0.6, 0.4 and 0.2.
PAIR = [made(2, [0, FALSE, 1], [0.9, 0.6, 0.4]), made(1, [FALSE, FALSE], [0.4, 0.2])]


@pytest.mark.parametrize(
    "one", [made(0, [], []), made(1, [], []), made(0, [-1], [0.5])]
)
def test_without_boxes_the_json_is_valid(one):
    text = [v.as_json() for v in bootstrap.bootstrap([one], 0.1, n=20).values()]
    json.dumps(text, allow_nan=False)


def test_no_galaxy_at_all():
    assert bootstrap.bootstrap([], 0.5)["f1"].value is None
    assert bootstrap.compare([], [], 0.5, 0.5).verdict == "no clear difference"


def test_the_bootstrap_has_the_binomials_width():
    # 100 galaxies of one clump each, half of them found: sigma = sqrt(1/4 / 100).
    galaxies = [made(1, [0] if i % 2 else [], [0.9] * (i % 2)) for i in range(100)]
    found = bootstrap.bootstrap(galaxies, 0.5, n=4000)["completeness"]
    assert found.value == 0.5
    assert np.subtract(*found.inner[::-1]) / 2 == pytest.approx(0.05, rel=0.12)
    assert np.subtract(*found.outer[::-1]) / 2 == pytest.approx(0.098, rel=0.12)


def test_galaxies_are_drawn_rather_than_boxes():
    # The same boxes in 6 galaxies instead of 150 are far less certain.
    few = [made(25, list(range(25)), [0.9] * 25), made(25, [], [])] * 3
    found = bootstrap.bootstrap(few, 0.5)["completeness"]
    assert found.value == 0.5
    assert found.outer[1] - found.outer[0] > 0.6


def test_four_galaxies_give_values_and_no_interval():
    one, none = made(2, [0, 1], [0.9, 0.8]), made(2, [], [])
    found = bootstrap.bootstrap([one, one, one, none], 0.5)
    assert found["completeness"] == bootstrap.Interval(0.75)
    assert str(found["completeness"]) == "0.75"
    five = bootstrap.bootstrap([one, one, one, one, none], 0.5)["completeness"]
    assert five.outer[0] < 0.8 < five.outer[1]


def test_the_bootstrap_repeats_itself():
    first = bootstrap.bootstrap(PAIR * 3, 0.3, seed=3)
    assert first["f1"].outer is not None
    assert first == bootstrap.bootstrap(PAIR * 3, 0.3, seed=3)


def galaxies(n, share, seed=1):
    hit = np.random.default_rng(seed).random(n) < share
    return [made(1, [0 if h else FALSE], [0.9]) for h in hit]


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        (galaxies(60, 0.3), galaxies(60, 0.8), "better"),
        (galaxies(60, 0.8), galaxies(60, 0.3), "worse"),
        (galaxies(60, 0.5, 1), galaxies(60, 0.5, 2), "no clear difference"),
        (galaxies(4, 0.0), galaxies(4, 1.0), "no clear difference"),
        (galaxies(5, 0.0), galaxies(5, 1.0), "better"),
    ],
)
def test_the_verdict(old, new, verdict):
    found = bootstrap.compare(old, new, 0.5, 0.5)
    assert found.verdict == verdict
    assert found.n_galaxies == len(old)


def test_the_comparison_is_paired():
    # What makes galaxies differ is the same for both: every one gains one hit of two.
    random = np.random.default_rng(0)
    found = [random.random(20) < p for p in random.random(50)]
    old = [made(20, np.where(f, range(20), FALSE), [0.9] * 20) for f in found]
    new = [
        made(
            20,
            np.where(f | (np.arange(20) == np.argmin(f)), range(20), FALSE),
            [1.0] * 20,
        )
        for f in found
    ]
    difference = bootstrap.compare(old, new, 0.5, 0.5).difference["completeness"]
    alone = bootstrap.bootstrap(old, 0.5)["completeness"]
    assert np.ptp(difference.outer) < np.ptp(alone.outer) / 10


def test_clumps_in_one_galaxy_tell_nothing_however_many_have_none():
    """Drawn anew, one galaxy is the same again: intervals would be of no width."""
    found, missed = np.array([0.9, 0.8]), np.array([0.1, 0.1])
    clumpy = [matching.Match(2, s, np.array([0, 1])) for s in (missed, found)]
    smooth = matching.Match(0, np.array([0.2]), np.array([matching.FALSE]))
    old, new = ([one, *[smooth] * 8] for one in clumpy)
    result = bootstrap.compare(old, new, 0.5, 0.5)
    assert (result.n_galaxies, result.n_with_true, result.n_true) == (9, 1, 2)
    assert result.verdict == "no clear difference"
    assert result.more_needed() == 81
    old, new = ([one] * 5 + [smooth] * 4 for one in clumpy)
    assert bootstrap.compare(old, new, 0.5, 0.5).verdict == "better"


def test_each_model_is_compared_at_its_own_score():
    old = [made(1, [0, FALSE], [0.9, 0.5])] * 6
    new = [made(1, [0, FALSE], [0.4, 0.2])] * 6
    assert bootstrap.compare(old, new, 0.7, 0.3).difference["f1"].value == 0
    assert bootstrap.compare(old, new, 0.7, 0.7).verdict == "worse"


def test_different_galaxies_are_not_compared():
    with pytest.raises(ValueError, match="different galaxies"):
        bootstrap.compare(galaxies(5, 0.5), PAIR, 0.5, 0.5)


def test_ten_thousand_galaxies_take_seconds():
    random = np.random.default_rng(0)
    many = [
        made(2, random.integers(-2, 1, 3), random.random(3).round(2))
        for _ in range(10_000)
    ]
    with work() as done:
        bootstrap.compare(many, many, 0.5, 0.5)
        matching.best_score(many)
    assert done.seconds < 10


def test_a_model_that_ranks_better_is_not_called_worse():
    """Its own score suits these galaxies badly, but its boxes are ordered better."""
    old = [made(1, [0, FALSE], [0.5, 0.6])] * 30
    new = [made(1, [0, FALSE], [0.2, 0.1])] * 30
    result = bootstrap.compare(old, new, 0.3, 0.3)
    assert result.difference["f1"].outer[1] < 0
    assert result.difference["average_precision"].outer[0] > 0
    assert result.verdict == "no clear difference"


def test_a_better_order_alone_is_better():
    old = [made(1, [0, FALSE], [0.5, 0.6])] * 30
    new = [made(1, [0, FALSE], [0.6, 0.5])] * 30
    assert bootstrap.compare(old, new, 0.3, 0.3).verdict == "better"


def test_how_many_more_are_needed():
    rng = np.random.default_rng(0)
    some = [made(1, [0] if rng.random() < 0.5 else [FALSE], [0.9]) for _ in range(20)]
    other = [made(1, [0] if rng.random() < 0.5 else [FALSE], [0.9]) for _ in range(20)]
    result = bootstrap.compare(some, other, 0.3, 0.3)
    assert result.verdict == "no clear difference"
    assert result.more_needed() > 20
    assert bootstrap.compare(some[:2], other[:2], 0.3, 0.3).more_needed() == 8
    better = bootstrap.compare(
        [made(1, [FALSE], [0.9])] * 9, [made(1, [0], [0.9])] * 9, 0.3, 0.3
    )
    assert better.more_needed() is None
