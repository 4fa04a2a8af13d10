"""What is known of every cutout, in columns."""

from __future__ import annotations

import numpy as np

from napari_clumps.review import Proposal


def propose(review, cutout, *scores):
    boxes = [
        Proposal(20.0 * k, 10, 20.0 * k + 12, 22, "clump", score)
        for k, score in enumerate(scores)
    ]
    review.propose(cutout, boxes, "m", size=(100, 80))


def test_columns_say_what_each_cutout_says(make_review):
    review = make_review(4)
    propose(review, 1, 0.9, 0.5, 0.1)
    propose(review, 2, 0.8, 0.7)
    review.accept(review.boxes(2)[0].id)
    review.set_done(2, True)
    review.set_interest([3], 0)
    facts = review.facts(lambda _: 0.4)
    assert facts.ids.tolist() == [1, 2, 3, 4]
    assert facts.states.tolist() == ["not done", "done", "not done", "not done"]
    assert facts.clumps.tolist() == [2, 1, 0, 0]
    assert facts.scores[:2].tolist() == [0.9, 0.8]
    assert np.isnan(facts.scores[2:]).all()
    assert facts.interests[2] == 0
    assert np.isnan(facts.interests[[0, 1, 3]]).all()
    assert set(facts.folders) == {"images"}
    some = facts.of(np.array([3, 1]))
    assert (some.ids.tolist(), some.clumps.tolist()) == ([3, 1], [0, 2])


def test_of_a_held_out_cutout_nothing_of_a_model_is_told_before_it_is_done(make_review):
    review = make_review(12, held_out=0.5)
    held_out = next(c.id for c in review.cutouts() if c.held_out)
    propose(review, held_out, 0.9)
    facts = review.facts()
    k = held_out - 1
    assert facts.states[k] == "held out"
    assert np.isnan([facts.clumps[k], facts.scores[k]]).all()
    review.set_done(held_out, True)
    facts = review.facts()
    assert (facts.clumps[k], facts.scores[k]) == (0, 0.9)
