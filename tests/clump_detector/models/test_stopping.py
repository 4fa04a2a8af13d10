"""Whether to label more."""

from __future__ import annotations

import numpy as np
import pytest

from clump_detector.models.stopping import (
    GO_ON,
    STOP,
    UNKNOWN,
    Round,
    advise,
)


def rounds(law, numbers, *, share=0.5, clumps=3, seed=0):
    """Trainings whose heads find as much as a law says of the number of galaxies."""
    chance = np.random.default_rng(seed)
    luck = chance.random((2000, clumps))
    found = []
    for n in numbers:
        ids = np.arange(int(share * n))
        hits = (luck[ids] < law(n)).sum(axis=1)
        true = np.full(len(ids), clumps)
        found.append(Round(n, ids, np.stack([true, hits, true - hits], axis=1)))
    return found


def flat(n):
    return 0.7


def rising(n):
    return 0.1 + 0.0016 * n


def test_a_curve_that_is_flat_ends_the_labelling():
    found = advise(rounds(flat, range(100, 501, 50), share=1.0))
    assert found.verdict == STOP
    assert found.sentence.startswith("Stop here: 50 more galaxies are expected")
    assert "9 trainings and 500 galaxies drawn at random" in found.sentence


def test_a_curve_that_rises_goes_on():
    found = advise(rounds(rising, range(50, 501, 50)))
    assert found.verdict == GO_ON
    assert 0 < found.gain[1] < found.gain[0] < found.gain[2]
    assert found.sentence.startswith("Go on: 50 more galaxies")


def test_a_flat_curve_on_few_galaxies_does_not():
    found = advise(rounds(flat, (100, 125, 150), share=0.2))
    assert found.verdict == GO_ON
    # It is not known well enough that nothing more is to be had.
    assert found.gain[0] < 0.01 < 0.02 < found.gain[2]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([], "20 galaxies drawn at random with 20 clumps on them, and there are 0"),
        (rounds(flat, (20, 30, 40), share=0.2), "there are 8 with 24"),
        (rounds(flat, (100, 200, 300), clumps=0), "there are 150 with 0"),
        (rounds(flat, (100, 100)), "3 trainings on different numbers.*there is 1"),
        (rounds(flat, (10, 100, 200)), "there are 2"),
    ],
)
def test_too_little_is_said(found, words):
    advice = advise(found)
    assert (advice.verdict, advice.gain) == (UNKNOWN, None)
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(advice.sentence)


def test_order_and_luck_do_not_matter():
    found = rounds(rising, (100, 200, 300))
    assert advise(found) == advise(found[::-1])
