"""The score from which boxes are shown, and what it is chosen for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clump_detector.core.errors import ConfigError
from clump_detector.metrics import matching
from clump_detector.metrics.calibration import Calibration, expecting, fit_near
from clump_detector.metrics.matching import FALSE, Match
from clump_detector.metrics.threshold import (
    SCORES,
    Goal,
    choose_score,
    expected,
    expected_at,
)
from clump_detector.train.cross_validation import Unseen
from clump_detector.train.operating_point import operating_point

PLAIN = Calibration()
F1 = Goal()


def galaxies(n, seed, clumps=2, missed=0.2, false=3, distort=PLAIN):
    """Return matches of boxes whose score, after ``distort``, is how often it is true.

    ``distort`` says what mends the scores: they are given before it.
    """
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        chances = rng.beta(0.7, 0.7, clumps + false)
        hits = rng.random(len(chances)) < chances
        n_true = int(hits.sum()) + int((rng.random(clumps) < missed).sum())
        partner = np.where(hits, np.cumsum(hits) - 1, FALSE)
        logits = np.log(chances / (1 - chances)) - distort.offset
        scores = 1 / (1 + np.exp(-logits * distort.temperature))
        found.append(Match(n_true, scores, partner))
    return found


# -- goals ------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["f1", "purity 0.9", "completeness 0.85", " F1 "])
def test_goals_are_read_and_written(words):
    assert str(Goal.of(words)) == words.strip().lower()


@pytest.mark.parametrize(
    "words", ["", "purity", "purity 1", "purity 0", "f1 0.5", "recall 0.5", "purity x"]
)
def test_what_is_no_goal_is_refused(words):
    with pytest.raises(ConfigError, match="the goal is"):
        Goal.of(words)


def test_more_purity_means_a_higher_score_and_more_completeness_a_lower_one():
    found = expected(galaxies(400, 0), PLAIN)
    scores = {
        words: choose_score(found, Goal.of(words), 0.5)
        for words in ("completeness 0.75", "f1", "purity 0.9")
    }
    assert all(met for _, met in scores.values())
    low, middle, high = (score for score, _ in scores.values())
    assert low < middle < high
    at = {round(float(s), 2): i for i, s in enumerate(found.scores)}
    assert found.purity[at[high]] >= 0.9
    assert found.completeness[at[low]] >= 0.75


def test_a_goal_out_of_reach_is_said():
    found = expected(galaxies(50, 1), PLAIN)
    score, met = choose_score(found, Goal.of("completeness 0.99"), 0.5)
    assert not met
    assert score == SCORES[0]  # the nearest: all boxes


def test_where_nothing_is_known_the_fallback_stays():
    assert choose_score(expected([], PLAIN), F1, 0.47) == (0.47, True)
    assert choose_score(expected([], PLAIN), Goal.of("purity 0.9"), 0.4) == (0.4, False)


# -- expectations ---------------------------------------------------------------------


def test_found_boxes_without_a_true_one_choose_no_threshold():
    false = [Match(0, np.array([0.2, 0.6]), np.array([FALSE, FALSE]))] * 5
    curve = expected(false, PLAIN)
    assert np.isnan(curve.completeness).all()
    assert choose_score(curve, F1, 0.37) == (0.37, True)


def test_what_is_expected_comes_true():
    """Calibrated scores foretell what is found on other galaxies."""
    found = expected(galaxies(600, 2), PLAIN)
    other = galaxies(2000, 3)
    for k in range(5, len(SCORES), 20):
        completeness, purity = matching.completeness_purity(other, SCORES[k])
        assert found.completeness[k] == pytest.approx(completeness, abs=0.03)
        assert found.purity[k] == pytest.approx(purity, abs=0.03)


def test_a_card_is_read_between_its_scores():
    card = {"curve": [
        {"score": 0.4, "completeness": 0.8, "purity": 0.6},
        {"score": 0.5, "completeness": 0.6, "purity": 0.8},
        {"score": 0.9, "completeness": 0.1, "purity": None},
    ]}  # fmt: skip
    assert expected_at(card, 0.45) == (pytest.approx(0.7), pytest.approx(0.7))
    assert expected_at(card, 0.9) == (0.6, 0.8)  # the last that is known
    assert expected_at({}, 0.5) is None


# -- calibration near a prior -------------------------------------------------------


def test_many_boxes_overrule_the_prior_and_few_follow_it():
    mended = Calibration(0.6, -2.0)
    prior = Calibration(1.0, 0.0)
    many = fit_near(galaxies(1500, 4, distort=mended), prior)
    assert many.temperature == pytest.approx(0.6, rel=0.1)
    assert many.offset == pytest.approx(-2.0, abs=0.2)
    assert fit_near([], prior) == prior
    one = fit_near(galaxies(1, 5, distort=mended), prior)
    assert abs(one.offset) < 1.5


@settings(max_examples=50)
@given(
    st.lists(st.floats(0.01, 0.99), min_size=1, max_size=40),
    st.floats(0.05, 0.95),
    st.floats(0.3, 3),
)
def test_scores_sum_to_what_is_expected(scores, share, temperature):
    total = share * len(scores)
    found = expecting(scores, total, temperature)
    assert found.temperature == temperature
    assert float(found(scores).sum()) == pytest.approx(total, rel=1e-4)


# -- a new model ------------------------------------------------------------------


def test_scores_that_moved_lead_to_nearly_the_best_threshold():
    """The base model's calibration would show nothing of this network's boxes."""
    base = (Calibration(0.9, -2.8), 0.47)
    mended = Calibration(0.8, 1.5)  # its scores are far too low
    for n, seed in ((25, 6), (50, 7), (100, 8)):
        seen = Unseen("out of fold", galaxies(n, seed, distort=mended))
        seen.base = galaxies(n, seed + 100, distort=base[0])
        point = operating_point(seen, base, F1)
        other = [
            Match(m.n_true, point.calibration(m.scores), m.partner)
            for m in galaxies(1000, 9, distort=mended)
        ]
        best = float(np.nanmax(matching.curve(other).f1))
        assert matching.f1(other, point.score) > 0.95 * best
        old = [
            Match(m.n_true, base[0](m.scores), m.partner)
            for m in galaxies(1000, 9, distort=mended)
        ]
        assert (matching.f1(old, base[1]) or 0) < 0.6 * best


def test_without_a_galaxy_to_judge_on_as_much_is_proposed_as_before():
    base = (Calibration(0.9, -2.8), 0.47)
    seen = Unseen(
        "as many clumps expected as by the base model",
        galaxies(20, 10, distort=Calibration(0.8, 3.0)),
        galaxies(20, 10, distort=base[0]),
        independent=False,
    )
    point = operating_point(seen, base, F1)
    assert point.score == 0.47
    assert point.galaxies == 0
    shown = sum(int((point.calibration(m.scores) > 0.47).sum()) for m in seen.matches)
    before = sum(int((base[0](m.scores) > 0.47).sum()) for m in seen.base)
    assert shown == pytest.approx(before, rel=0.2)


def test_no_box_at_all_leaves_what_the_base_model_has():
    nothing = [Match(0, np.zeros(0), np.zeros(0, dtype=np.intp))] * 5
    base = (Calibration(0.9, -2.8), 0.47)
    point = operating_point(Unseen("out of fold", nothing, list(nothing)), base, F1)
    assert (point.calibration, point.score) == base
    assert "too few boxes for an estimate" in point.sentence
    assert operating_point(Unseen("out of fold"), None, F1).score == 0.3
