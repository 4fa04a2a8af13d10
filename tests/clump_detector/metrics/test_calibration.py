"""Scores that say how often they are right."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clump_detector.metrics import calibration
from clump_detector.metrics.calibration import Calibration
from clump_detector.metrics.matching import FALSE, IGNORED, Match


def matches(scores, true):
    partner = np.where(true, np.arange(len(scores)), FALSE)
    return [Match(int(np.sum(true)), np.asarray(scores, dtype=float), partner)]


def test_reliability_worked_out_by_hand():
    found = matches([0.15, 0.15, 0.15, 0.95, 0.95], [0, 0, 1, 1, 1])
    found[0].partner[0] = IGNORED
    bins = calibration.reliability(found)["bins"]
    assert [b["boxes"] for b in bins] == [0, 2, 0, 0, 0, 0, 0, 0, 0, 2]
    assert (bins[1]["score"], bins[1]["true"]) == (pytest.approx(0.15), 0.5)
    assert (bins[9]["score"], bins[9]["true"]) == (pytest.approx(0.95), 1.0)
    # (2 * |0.15 - 0.5| + 2 * |0.95 - 1|) / 4
    assert calibration.reliability(found)["error"] == pytest.approx(0.2)
    assert calibration.reliability([])["error"] is None


def test_a_known_distortion_is_found_again():
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.02, 0.98, 40_000)
    true = rng.random(len(truth)) < truth
    logits = np.log(truth / (1 - truth))
    shown = 1 / (1 + np.exp(-(logits + 1.0) * 0.5))  # so logit = shown / 0.5 - 1
    found = calibration.fit(matches(shown, true))
    assert found.temperature == pytest.approx(0.5, rel=0.05)
    assert found.offset == pytest.approx(-1.0, abs=0.05)
    before = calibration.reliability(matches(shown, true))["error"]
    after = calibration.reliability(matches(found(shown), true))["error"]
    assert after < 0.02 < 0.1 < before


def test_too_few_boxes_tell_nothing():
    assert (
        calibration.fit(matches([0.9] * 14 + [0.1] * 30, [1] * 14 + [0] * 30)) is None
    )
    assert calibration.fit([]) is None


@given(
    st.floats(0.5, 5), st.floats(-3, 3), st.floats(0.5, 5), st.floats(-3, 3),
    st.lists(st.floats(0.2, 0.8), min_size=2, max_size=5),
)  # fmt: skip
def test_one_after_the_other_and_the_order_stays(t1, o1, t2, o2, scores):
    first, second = Calibration(t1, o1), Calibration(t2, o2)
    scores = np.sort(scores)
    both = second.after(first)(scores)
    assert both == pytest.approx(second(first(scores)), abs=1e-6)
    assert (np.diff(both) >= 0).all()
    assert Calibration()(scores) == pytest.approx(scores)
