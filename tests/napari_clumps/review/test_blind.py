"""Held-out cutouts that are marked before any model's boxes are shown."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from napari_clumps.review import Box, Proposal, Review, Status

SIZE = (200, 200)
#: Two clumps that both models see, a sure one that only the old model sees, one that
#: only the new model sees, and one of which the new model is not sure.
OLD = [
    Proposal(10, 10, 30, 30, "clump", 0.9),
    Proposal(60, 60, 80, 80, "clump", 0.7),
    Proposal(100, 10, 120, 30, "clump", 0.6),
]
NEW = [
    Proposal(11, 10, 31, 30, "clump", 0.95),
    Proposal(63, 64, 87, 86, "clump", 0.5),
    Proposal(10, 150, 30, 170, "clump", 0.8),
    Proposal(150, 150, 170, 170, "clump", 0.1),
]
Test = tuple[Review, int]


@pytest.fixture
def held_out(make_review: Callable[..., Review]) -> Test:
    """Return a review and a held-out cutout of it with both models' proposals."""
    review = make_review(9, held_out=0.8)
    cutout = next(c.id for c in review.cutouts() if c.held_out)
    review.propose(cutout, OLD, "old", size=SIZE, beside=True)
    review.propose(cutout, NEW, "new", size=SIZE, beside=True)
    return review, cutout


def least(box: Box) -> float:
    return {"old": 0.65, "new": 0.4}[box.model or ""]


def places(boxes: list[Box]) -> set[tuple[float, float]]:
    return {(box.x1, box.y1) for box in boxes}


def waiting(review: Review, cutout: int) -> list[Box]:
    return [box for box in review.boxes(cutout) if not box.decided]


def test_the_boxes_of_two_models_wait_side_by_side(held_out: Test) -> None:
    review, cutout = held_out
    models = [box.model for box in review.boxes(cutout)]
    assert (models.count("old"), models.count("new")) == (3, 4)
    assert review.is_hidden(cutout)
    assert [b.second for b in review.boxes(cutout) if b.model == "old"] == [0.95, 0, 0]
    review.propose(cutout, NEW[:1], "third", size=SIZE, beside=True)
    assert {box.model for box in review.boxes(cutout)} == {"new", "third"}
    review.propose(cutout, NEW[:2], "third", size=SIZE, beside=True)
    models = [box.model for box in review.boxes(cutout)]
    assert (models.count("new"), models.count("third")) == (4, 2)
    review.propose(cutout, OLD, "old", size=SIZE)
    assert {box.model for box in review.boxes(cutout)} == {"old"}
    assert review.check() == []


def test_a_cutout_to_learn_from_has_the_newest_proposals_only(held_out: Test) -> None:
    review, _ = held_out
    cutout = next(c.id for c in review.cutouts() if not c.held_out)
    review.propose(cutout, OLD, "old", size=SIZE, beside=True)
    assert not review.is_hidden(cutout)
    review.propose(cutout, NEW, "new", size=SIZE, beside=True)
    assert {box.model for box in review.boxes(cutout)} == {"new"}
    assert review.reveal(cutout) == 0
    assert not review.cutout(cutout).blind


def test_after_the_marks_come_the_boxes_beside_them(held_out: Test) -> None:
    review, cutout = held_out
    drawn = review.add(cutout, (8, 12, 28, 34), "clump")
    assert review.is_hidden(cutout)
    assert review.reveal(cutout, least) == 2
    assert review.cutout(cutout).blind
    assert not review.is_hidden(cutout)
    # Not on the mark, not below a model's own threshold, and one box for each clump.
    left = waiting(review, cutout)
    assert (10, 150) in places(left)
    assert places(left) - {(10, 150)} in ({(60, 60)}, {(63, 64)})
    assert review.boxes(cutout)[-1] == drawn
    assert review.check() == []


def test_chance_chooses_whose_box_stands_for_a_clump(
    make_review: Callable[..., Review],
) -> None:
    chosen = set()
    review = make_review(20, held_out=0.9)
    for cutout in [c.id for c in review.cutouts() if c.held_out]:
        review.propose(cutout, OLD[1:2], "old", size=SIZE, beside=True)
        review.propose(cutout, NEW[1:2], "new", size=SIZE, beside=True)
        assert review.reveal(cutout, least) == 1
        chosen |= {box.model for box in waiting(review, cutout)}
    assert chosen == {"old", "new"}


def test_boxes_are_shown_at_random_and_without_a_name(
    make_review: Callable[..., Review],
) -> None:
    review = make_review(9, held_out=0.8)
    cutout = next(c.id for c in review.cutouts() if c.held_out)
    rows = [Proposal(9 * i, 5, 9 * i + 7, 12, "clump", 0.99 - i / 50) for i in range(9)]
    review.propose(cutout, rows, "old", size=SIZE, beside=True)
    own = review.add(cutout, (100, 100, 120, 120), "odd clump")
    assert review.reveal(cutout) == 9
    shown = review.anonymous(cutout)
    assert shown[0] == own
    assert {(b.score, b.second, b.model, b.origin) for b in shown[1:]} == {
        (None, None, None, "model")
    }
    order = [box.id for box in shown[1:]]
    assert order != sorted(order)
    assert order != sorted(order, reverse=True)
    review.reject(order[3])
    assert [box.id for box in review.anonymous(cutout)[1:]] == order


def test_it_is_a_step_that_undo_takes_back_after_a_restart(held_out: Test) -> None:
    review, cutout = held_out
    review.add(cutout, (8, 12, 28, 34), "clump")
    before = review.boxes(cutout)
    review.reveal(cutout, least)
    after = review.boxes(cutout)
    review.close()
    with Review.open(review.path) as again:
        assert again.cutout(cutout).blind
        assert [d.kind for d in again.decisions(cutout)][-1] == "blind"
        assert again.undo() == cutout
        assert again.boxes(cutout) == before
        assert again.is_hidden(cutout)
        assert not again.cutout(cutout).blind
        assert again.redo() == cutout
        assert again.boxes(cutout) == after
        assert again.cutout(cutout).blind
        assert again.check() == []


def test_a_detection_leaves_a_marked_cutout_as_it_is(held_out: Test) -> None:
    review, cutout = held_out
    review.reveal(cutout, least)
    before = review.boxes(cutout)
    assert review.propose(cutout, NEW, "third", size=SIZE, beside=True) == 0
    assert review.boxes(cutout) == before


@pytest.mark.parametrize("status", ["accept", "reject"])
def test_a_cutout_with_a_decided_proposal_is_not_blind(
    held_out: Test, status: str
) -> None:
    review, cutout = held_out
    getattr(review, status)(review.boxes(cutout)[0].id)
    assert not review.is_hidden(cutout)
    assert review.reveal(cutout) == 0
    review.set_done(cutout, True)
    (labelled,) = review.label_set().cutouts
    assert not labelled.blind


def test_the_label_set_says_which_cutouts_were_blind(held_out: Test) -> None:
    review, cutout = held_out
    other = next(c.id for c in review.cutouts() if c.held_out and c.id != cutout)
    for i in (cutout, other):
        review.note_seen(i, SIZE)
        review.propose(i, [], "old", size=SIZE)
        review.add(i, (8, 12, 28, 34), "clump")
    review.reveal(cutout)
    review.finish(cutout, [])
    review.finish(other, [])
    found = {c.source.name: c.blind for c in review.label_set().cutouts}
    names = [review.cutout(i).name for i in (cutout, other)]
    assert found == {names[0]: True, names[1]: False}


def test_the_gallery_is_told_nothing_of_them(held_out: Test) -> None:
    review, cutout = held_out
    own = review.add(cutout, (100, 100, 120, 120), "clump")
    assert len(review.crops()) == 8
    assert review.crops(hide=True).ids.tolist() == [own.id]
    review.reveal(cutout)
    assert review.crops().ids.tolist() == [own.id]
    assert review.crops([cutout], hide=True).ids.tolist() == [own.id]
    review.finish(cutout, [box.id for box in waiting(review, cutout)])
    assert len(review.crops(hide=True)) == len(review.boxes(cutout)) > 1


def test_the_gallery_shows_proposals_beside_decided_ones(held_out: Test) -> None:
    review, cutout = held_out
    review.accept(review.boxes(cutout)[0].id)
    assert len(review.crops(hide=True)) == len(review.boxes(cutout))


def test_a_merge_keeps_blind_what_both_marked_blind(
    tmp_path: Path, held_out: Test
) -> None:
    ada, cutout = held_out
    ada.close()
    for name, blind, kept in (("ben", True, True), ("cy", False, False)):
        shutil.copy(ada.path, tmp_path / f"{name}.clumps")
        with Review.open(tmp_path / f"{name}.clumps") as other:
            if blind:
                other.reveal(cutout, least)
            other.finish(cutout, [b.id for b in waiting(other, cutout)])
        shutil.copy(ada.path, tmp_path / f"ours {name}.clumps")
        with Review.open(tmp_path / f"ours {name}.clumps") as ours:
            ours.reveal(cutout, least)
            ours.finish(cutout, [b.id for b in waiting(ours, cutout)])
            ours.merge(tmp_path / f"{name}.clumps")
            assert ours.cutout(cutout).blind is kept
            ours.undo()
            assert ours.cutout(cutout).blind
            assert ours.check() == []


def test_an_accepted_label_of_others_hides_nothing_less(held_out: Test) -> None:
    from napari_clumps.review import Label

    review, cutout = held_out
    label = Label(100, 100, 120, 120, "clump", "Clump Scout")
    review.add_labels({cutout: [label]}, accepted=True)
    assert {b.status for b in review.boxes(cutout)} >= {Status.ACCEPTED}
    assert review.is_hidden(cutout)
    assert len(review.crops(hide=True)) == 1
