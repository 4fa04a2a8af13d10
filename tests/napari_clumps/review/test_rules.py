"""What each decision does to each kind of box, and that undo takes back just that."""

from collections.abc import Callable
from pathlib import Path

import pytest

from clump_detector.core.errors import ReviewError
from clump_detector.image_files.sources import Source
from napari_clumps.review import Box, Proposal, Review, Status

P, A, R, E, D = (
    Status.PROPOSAL, Status.ACCEPTED, Status.REJECTED, Status.EDITED, Status.DRAWN,
)  # fmt: skip
GONE = None
MakeReview = Callable[..., Review]
ELSEWHERE = (12.0, 12.0, 25.0, 25.0)


def box_in(review: Review, start: str) -> Box:
    """Bring a box of cutout 1 into a state."""
    if start == "drawn":
        return review.add(1, (60, 10, 75, 25), "clump")
    box = review.boxes(1)[0]
    if start in ("edited", "edited then rejected"):
        review.edit(box.id, (9, 9, 20, 22))
    if start == "accepted":
        review.accept(box.id)
    if "rejected" in start:
        review.reject(box.id)
    return review.box(box.id)


def act(review: Review, box: Box, action: str) -> None:
    if action == "edit":
        review.edit(box.id, ELSEWHERE)
    elif action == "edit nothing":
        review.edit(box.id, box.corners)
    elif action == "edit back":
        review.edit(box.id, (10, 10, 20, 22))
    elif action == "reclassify":
        review.reclassify(box.id, "odd clump")
    elif action == "reclassify nothing":
        review.reclassify(box.id, box.cls)
    else:
        getattr(review, action)(box.id)


TABLE = [
    # start, action, status after, rows logged
    ("proposal", "accept", A, 1),
    ("proposal", "reject", R, 1),
    ("proposal", "edit", E, 1),
    ("proposal", "edit nothing", P, 0),
    ("proposal", "reclassify", E, 1),
    ("proposal", "reclassify nothing", P, 0),
    ("accepted", "accept", A, 0),
    ("accepted", "reject", R, 1),
    ("accepted", "edit", E, 1),
    ("accepted", "edit nothing", A, 0),
    ("accepted", "reclassify", E, 1),
    ("rejected", "accept", A, 1),
    ("rejected", "reject", R, 0),
    ("rejected", "edit", E, 1),
    ("rejected", "reclassify", E, 1),
    ("edited", "accept", E, 0),
    ("edited", "reject", R, 1),
    ("edited", "edit", E, 1),
    ("edited", "edit back", A, 1),
    ("edited", "reclassify", E, 1),
    ("edited then rejected", "accept", E, 1),
    ("drawn", "accept", D, 0),
    ("drawn", "reject", GONE, 1),
    ("drawn", "edit", D, 1),
    ("drawn", "reclassify", D, 1),
    ("drawn", "reclassify nothing", D, 0),
]


@pytest.mark.parametrize(("start", "action", "status", "rows"), TABLE)
def test_decision(
    review: Review, start: str, action: str, status: Status | None, rows: int
) -> None:
    box = box_in(review, start)
    seq, before, told = review.last_seq, review.boxes(1), []
    review.changed.connect(told.append)
    act(review, box, action)
    after = review.boxes(1)
    found = {b.id: b for b in after}.get(box.id)
    assert (found and found.status) == status
    assert review.last_seq - seq == rows
    assert told == [1] * rows
    if found and rows:
        assert (found.score, found.model, found.origin) == (
            box.score, box.model, box.origin,
        )  # fmt: skip
        assert found.annotator == "Ada"
        assert found.time is not None
        assert found.time.endswith("+00:00")
    if rows:
        assert review.undo() == 1
        assert review.boxes(1) == before
        assert review.redo() == 1
        assert review.boxes(1) == after
    assert review.check() == []


def test_the_log_tells_who_did_what_to_which_box_when(review: Review) -> None:
    box = review.boxes(1)[0]
    review.annotator = "Grace"
    review.edit(box.id, ELSEWHERE)
    (row,) = review.decisions(1)
    assert (row.kind, row.annotator, row.cutout, row.box) == (
        "edit",
        "Grace",
        1,
        box.id,
    )
    assert row.before is not None
    assert row.after is not None
    assert [row.before[c] for c in ("x1", "y1", "x2", "y2")] == [10, 10, 20, 22]
    assert [row.after[c] for c in ("x1", "y1", "x2", "y2")] == list(ELSEWHERE)
    assert (row.before["status"], row.after["status"]) == ("proposal", "edited")
    assert list(review.decisions(2)) == []
    review.undo()
    assert [d.kind for d in review.decisions()] == ["edit", "undo"]
    assert [d.kind for d in review.decisions(1)] == ["edit", "undo"]


def test_boxes_are_cut_to_the_image_and_corners_put_in_order(review: Review) -> None:
    box = review.add(1, (120, 70, 90, 200), "clump")
    assert box.corners == (90, 70, 99.5, 79.5)
    review.edit(box.id, (-20, -20, 15, 15))
    assert review.box(box.id).corners == (-0.5, -0.5, 15, 15)


@pytest.mark.parametrize(
    "corners",
    [
        (10, 10, 10, 20),
        (200, 10, 220, 20),
        (-20, -20, -5, -5),
        (99, 0, 120, 20),
        (0, 0, 0.2, 30),
        (float("nan"), 0, 10, 10),
        (0, 0, float("inf"), 10),
    ],
)
def test_a_box_without_a_pixel_is_refused(
    review: Review, corners: tuple[float, ...]
) -> None:
    seq, before = review.last_seq, review.boxes(1)
    with pytest.raises(ReviewError, match=r"galaxy 1\.png: a box at .* has no pixel"):
        review.add(1, corners, "clump")
    with pytest.raises(ReviewError, match="has no pixel"):
        review.edit(before[0].id, corners)
    assert (review.last_seq, review.boxes(1)) == (seq, before)


def test_what_does_not_exist_is_refused(review: Review) -> None:
    seq = review.last_seq
    first = review.boxes(1)[0].id
    for wrong in (
        lambda: review.accept(99),
        lambda: review.accept_all([first, 99]),
        lambda: review.finish(1, [first, 99]),
        lambda: review.finish(9, [first]),
        lambda: review.add(9, (1, 1, 9, 9), "clump"),
        lambda: review.set_done(9, True),
        lambda: review.propose(9, [], "m"),
        lambda: review.cutout(9),
        lambda: review.box(99),
    ):
        with pytest.raises(ReviewError, match=r"there is no (box|cutout) "):
            wrong()
    for wrong in (
        lambda: review.add(1, (1, 1, 9, 9), "galaxy"),
        lambda: review.reclassify(first, "galaxy"),
        lambda: review.propose(1, [Proposal(1, 1, 9, 9, "galaxy", 0.5)], "m"),
    ):
        with pytest.raises(ReviewError, match=r"no class 'galaxy'.*clump, odd clump"):
            wrong()
    assert review.last_seq == seq
    assert review.check() == []


def test_accepting_many_is_one_step(review: Review) -> None:
    ids = [box.id for box in review.boxes(1)]
    review.reject(ids[0])
    assert review.accept_all([*ids, ids[0]]) == 2
    assert [b.status for b in review.boxes(1)] == [A, A]
    assert review.accept_all(ids) == 0
    assert review.undo() == 1
    assert [b.status for b in review.boxes(1)] == [R, P]
    assert review.redo() == 1
    assert [b.status for b in review.boxes(1)] == [A, A]


def test_space_accepts_and_finishes_in_one_step(review: Review) -> None:
    ids = [box.id for box in review.boxes(1)]
    review.finish(1, ids)
    assert review.cutout(1).done
    assert [b.status for b in review.boxes(1)] == [A, A]
    assert review.undo() == 1
    assert not review.cutout(1).done
    assert [b.status for b in review.boxes(1)] == [P, P]
    assert not review.can_undo
    assert review.undo() is None
    assert review.redo() == 1
    assert review.cutout(1).done
    review.finish(2, [])
    assert review.cutout(2).done
    seq = review.last_seq
    review.finish(2, [])
    assert review.last_seq == seq


def test_some_are_accepted_and_others_rejected_when_it_is_done(review: Review) -> None:
    first, second = (box.id for box in review.boxes(1))
    review.finish(1, [first], [second])
    assert review.cutout(1).done
    assert [b.status for b in review.boxes(1)] == [A, R]
    assert review.undo() == 1
    assert [b.status for b in review.boxes(1)] == [P, P]


def test_decisions_on_a_done_cutout_leave_it_done(review: Review) -> None:
    first, second = (box.id for box in review.boxes(1))
    review.set_done(1, True)
    review.accept(first)
    review.reject(second)
    review.add(1, (60, 60, 70, 70), "clump")
    assert review.cutout(1).done
    seq = review.last_seq
    review.set_done(1, True)
    assert review.last_seq == seq
    review.set_done(1, False)
    assert not review.cutout(1).done


def test_a_new_decision_drops_what_was_undone(review: Review) -> None:
    first, second = (box.id for box in review.boxes(1))
    review.accept(first)
    review.accept(second)
    review.undo()
    assert review.can_redo
    review.reject(second)
    assert not review.can_redo
    assert review.redo() is None
    review.undo()
    review.undo()
    assert [b.status for b in review.boxes(1)] == [P, P]
    assert not review.can_undo


def test_a_new_detection_replaces_the_undecided_and_spares_the_decided(
    review: Review,
) -> None:
    accepted, undecided = review.boxes(1)
    review.accept(accepted.id)
    drawn = review.add(1, (70, 10, 85, 25), "clump")
    review.propose(1, [Proposal(2, 60, 12, 70, "clump", 0.7)], "m2", size=(100, 80))
    rejected = review.boxes(1)[-1]
    review.reject(rejected.id)
    told: list[int] = []
    review.changed.connect(told.append)
    taken = review.propose(
        1,
        [
            Proposal(10.5, 10, 20.5, 22, "clump", 0.99),  # the accepted one again
            Proposal(70, 11, 85, 26, "clump", 0.8),  # the drawn one
            Proposal(2, 61, 12, 71, "odd clump", 0.8),  # the rejected one
            Proposal(41, 41, 56, 53, "clump", 0.6),
            Proposal(18, 10, 28, 22, "clump", 0.5),  # a neighbour: IoU 0.1
            Proposal(98, 70, 130, 100, "clump", 0.5),  # 1.5 pixels of it inside
            Proposal(300, 300, 320, 320, "clump", 0.5),
            Proposal(30, 30, 30, 40, "clump", 0.5),
            Proposal(30, 30, 40, float("nan"), "clump", 0.5),
            Proposal(30, 30, 40, 40, "clump", float("nan")),
        ],
        "m3",
    )
    assert taken == 3
    assert told == [1]
    boxes = review.boxes(1)
    assert {b.id for b in boxes} > {accepted.id, drawn.id, rejected.id}
    assert undecided.id not in {b.id for b in boxes}
    new = [b for b in boxes if b.status is P]
    assert [b.x1 for b in new] == [41, 18, 98]
    assert {b.model for b in new} == {"m3"}
    assert new[2].corners == (98, 70, 99.5, 79.5)
    assert review.cutout(1).model == "m3"
    assert len({b.id for b in boxes}) == len(boxes)
    assert review.check() == []


@pytest.mark.parametrize(("shift", "taken"), [(3.2, 0), (3.5, 1)])
def test_the_same_clump_is_one_that_overlaps_by_more_than_half(
    review: Review, shift: float, taken: int
) -> None:
    review.add(2, (10, 10, 20, 20), "clump")  # IoU of 0.515 and of 0.481
    again = Proposal(10 + shift, 10, 20 + shift, 20, "clump", 0.5)
    assert review.propose(2, [again], "m") == taken


def test_a_detection_is_no_step_and_a_done_cutout_is_left_alone(review: Review) -> None:
    review.set_done(2, True)
    seq = review.last_seq
    assert review.propose(2, [Proposal(1, 1, 9, 9, "clump", 0.5)], "m2") == 0
    assert (review.boxes(2), review.last_seq) == ([], seq)
    assert review.propose(3, [], "m2", size=(50, 40)) == 0
    assert review.cutout(3).model == "m2"
    assert review.cutout(3).size == (50, 40)
    assert review.undo() == 2
    assert review.undo() is None
    assert len(review.boxes(1)) == 2


def test_redo_after_a_detection_brings_no_box_back_twice(review: Review) -> None:
    first, second = (box.id for box in review.boxes(1))
    review.set_done(2, True)
    review.accept(first)
    review.set_done(3, True)
    for _ in range(3):
        review.undo()
    review.propose(1, [Proposal(10, 10, 20, 22, "clump", 0.8)], "m2")
    assert review.redo() == 2  # came before the one whose box is gone
    assert review.redo() is None
    assert [(b.status, b.model) for b in review.boxes(1)] == [(P, "m2")]
    assert second not in {b.id for b in review.boxes(1)}
    assert review.check() == []


def test_undo_after_a_detection_returns_the_proposal(review: Review) -> None:
    first = review.boxes(1)[0]
    review.accept(first.id)
    review.propose(1, [Proposal(10, 10, 20, 22, "clump", 0.8)], "m2")
    assert [b.status for b in review.boxes(1)] == [A]
    review.undo()
    assert review.boxes(1) == [first]


def test_an_image_of_another_size_is_told(review: Review) -> None:
    review.propose(1, [Proposal(1, 1, 9, 9, "clump", 0.5)], "m2", size=(50, 40))
    assert review.cutout(1).size == (50, 40)  # nothing was decided on the old one
    review.accept(review.boxes(1)[0].id)
    with pytest.raises(ReviewError, match="has 60 x 40 pixels now, but had 50 x 40"):
        review.propose(1, [], "m3", size=(60, 40))
    assert review.cutout(1).model == "m2"


def test_counts(make_review: MakeReview) -> None:
    review = make_review(10, held_out=0.3)
    held_out = {i for i in review.ids if review.cutout(i).held_out}
    n = len(held_out)
    assert 1 <= n <= 7
    for i in review.ids:
        proposals = [Proposal(k, 5, k + 9, 14, "clump", 0.5) for k in (10, 30, 50)]
        review.propose(i, proposals, "m", size=(100, 80))
    kept = sorted(set(review.ids) - held_out)
    one, two, three = kept[:3]
    review.finish(one, [b.id for b in review.boxes(one)[:2]])
    review.reject(review.boxes(two)[0].id)
    review.add(two, (70, 40, 80, 50), "clump")
    review.set_done(three, True)
    tested = min(held_out)
    review.finish(tested, [b.id for b in review.boxes(tested)])
    counts = review.counts()
    assert (counts.cutouts, counts.done, counts.detected) == (10, 3, 10)
    assert (counts.held_out, counts.held_out_done) == (n, 1)
    assert counts.boxes_by_status == {P: 24, A: 5, R: 1, E: 0, D: 1}
    assert review.learning_counts() == {
        "cutouts": 3, "done": 2, "boxes": 3, "rejected": 1, "ignored": 2,
        "held_out": n, "held_out_done": 1, "held_out_boxes": 3,
    }  # fmt: skip
    assert review.check() == []


def test_cutouts_can_be_added(make_review: MakeReview, tmp_path: Path) -> None:
    review = make_review(10, held_out=0.2)
    old = [review.cutout(i) for i in review.ids]
    new = [Source(f"new {i}", (tmp_path / f"new {i}.png",)) for i in range(10)]
    assert review.add_cutouts([old[3].source, *new, new[0]]) == 10
    assert review.add_cutouts(new) == 0
    assert [review.cutout(i) for i in range(1, 11)] == old
    assert len(review) == 20
    assert review.counts().held_out == sum(c.held_out for c in review.cutouts())
    found = review.find("new 3")
    assert found is not None
    assert (found.id, found.source) == (14, new[3])
    assert review.find("no such") is None
    assert review.check() == []
