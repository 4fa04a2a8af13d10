"""Reading, sorting and filtering all boxes of a review, and decisions on many."""

import numpy as np
import pytest

from clump_detector.core.errors import ReviewError
from napari_clumps.review import Arrangement, Proposal, Status, arrange
from tests.napari_clumps.conftest import SIZE

CLASSES = ("clump", "odd clump")


@pytest.fixture
def full(review):
    """Give the second cutout a box of each other kind: ids 3 to 6; the drawn is 6."""
    proposals = [
        Proposal(10, 10, 14, 14, "clump", 0.6),
        Proposal(30, 30, 60, 60, "clump", 0.2),
        Proposal(70, 10, 90, 20, "odd clump", 0.8),
    ]
    review.propose(2, proposals, "starter-1", size=SIZE)
    review.accept(3)
    review.reject(4)
    review.edit(5, (70, 10, 90, 21))
    review.add(2, (5, 50, 25, 70), "clump")
    return review


def shown(review, **how):
    crops = review.crops()
    rows = arrange(crops, Arrangement(**how), review.classes)
    return crops.ids[rows].tolist()


def test_a_row_is_what_the_review_says_of_the_box(full):
    crops = full.crops()
    assert crops.ids.tolist() == [1, 2, 3, 4, 5, 6]
    for row, box_id in enumerate(crops.ids):
        crop, box = crops.crop(row), full.box(int(box_id))
        assert crop.corners == box.corners
        assert (crop.cutout, crop.cls, crop.status) == (box.cutout, box.cls, box.status)
        assert (crop.score, crop.second) == (box.score, box.second)
        assert crop.name == full.cutout(box.cutout).name


def test_only_some_cutouts_are_read_when_asked(full):
    assert full.crops([1]).ids.tolist() == [1, 2]
    assert full.crops([3]).ids.tolist() == []
    assert len(full.crops([])) == 0


def test_the_second_score_is_read(full):
    full._snapshot.put_second(2, 0.1)
    crops = full.crops()
    assert crops.crop(1).second == 0.1
    assert crops.crop(0).second is None


@pytest.mark.parametrize(
    ("sort", "ids"),
    [
        ("score", [1, 5, 3, 2, 4, 6]),  # the drawn one has none
        ("size", [4, 6, 5, 2, 1, 3]),
        ("class", [1, 3, 4, 6, 5, 2]),
        ("status", [1, 2, 3, 4, 5, 6]),
        ("cutout", [1, 2, 5, 3, 4, 6]),
        ("disagreement", [4, 2, 5, 1, 3, 6]),
    ],
)
def test_orders(full, sort, ids):
    for box_id, second in ((2, 0.1), (4, 0.9), (5, 0.7)):
        full._snapshot.put_second(box_id, second)
    assert shown(full, sort=sort) == ids


def test_turned_round_what_is_not_known_stays_last(full):
    assert shown(full, sort="score", turned=True) == [4, 2, 3, 5, 1, 6]
    full._snapshot.put_second(1, 0.8)
    full._snapshot.put_second(2, 0.1)
    assert shown(full, sort="disagreement")[:2] == [2, 1]
    assert shown(full, sort="disagreement", turned=True)[:2] == [1, 2]


def test_filters(full):
    assert shown(full, statuses=frozenset([Status.REJECTED, Status.DRAWN])) == [4, 6]
    assert shown(full, statuses=frozenset()) == []
    assert shown(full, cls="odd clump") == [5, 2]
    assert shown(full, name="Y 2") == [5, 3, 4, 6]
    assert shown(full, name="no such") == []
    assert shown(full, low=0.4, high=0.6) == [3, 2]


def test_a_drawn_box_counts_as_above_every_score(full):
    assert 6 in shown(full, low=0.95)
    assert 6 not in shown(full, high=0.99)


def test_many_are_decided_in_one_step_of_undo(full):
    before = [full.box(i) for i in range(1, 7)]
    heard = []
    full.changed.connect(heard.append)
    assert full.reject_all([1, 2, 3, 4, 6, 6]) == 4  # 4 was so before
    assert [full.box(i).status for i in (1, 2, 3, 4)] == [Status.REJECTED] * 4
    assert 6 not in full.crops().ids
    assert sorted(heard) == [1, 2]
    assert full.undo() is not None
    assert [full.box(i) for i in range(1, 7)] == before


def test_many_are_given_a_class_in_one_step_of_undo(full):
    before = [full.box(i) for i in range(1, 7)]
    assert full.reclassify_all([1, 2, 3], "odd clump") == 2
    assert [full.box(i).cls for i in (1, 2, 3)] == ["odd clump"] * 3
    assert full.box(1).status is Status.EDITED
    full.undo()
    assert [full.box(i) for i in range(1, 7)] == before


def test_nothing_is_decided_where_one_of_many_cannot_be(full):
    with pytest.raises(ReviewError, match="no box 99"):
        full.reject_all([1, 99])
    with pytest.raises(ReviewError, match="no class"):
        full.reclassify_all([1], "blob")
    assert full.box(1).status is Status.PROPOSAL


def test_what_became_of_boxes_is_taken_over_row_by_row(full):
    crops = full.crops()
    full.reject_all([1, 6])
    full.edit(3, (10, 10, 15, 15))
    full.add(2, (40, 5, 50, 15), "clump")
    new = crops.take([1, 2], full.crops([1, 2]))
    assert new == [2]  # one more, on cutout 2
    assert crops.ids.tolist() == [1, 2, 3, 4, 5, 6]
    assert crops.crop(0).status is Status.REJECTED
    assert crops.crop(2).corners == (10, 10, 15, 15)
    assert crops.gone.tolist() == [False] * 5 + [True]
    full.undo(), full.undo(), full.undo()
    assert crops.take([2], full.crops([2])) == []
    assert not crops.gone.any()


def test_glances_are_names_and_states(full):
    full.set_done(2, True)
    summaries = full.summaries([2, 3, 99])
    assert {i: (g.name, g.done) for i, g in summaries.items()} == {
        2: ("galaxy 2", True), 3: ("galaxy 3", False),
    }  # fmt: skip


def test_a_hundred_thousand_boxes_are_read_and_sorted(make_review):
    review = make_review(100)
    row = "(?, 0, 0, 9, 9, 'clump', 'proposal', 'model', 0.5)"
    with review._store.transaction():
        for cutout in range(1, 101):
            for _ in range(10):
                review._store.rows(
                    "INSERT INTO boxes (cutout, x1, y1, x2, y2, cls, status, origin, "
                    f"score) VALUES {', '.join([row] * 100)}",
                    [cutout] * 100,
                )
    crops = review.crops()
    rows = arrange(crops, Arrangement(name="galaxy 1"), review.classes)
    assert len(crops) == 100_000
    assert len(np.unique(rows)) == 12_000
