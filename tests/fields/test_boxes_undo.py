"""One gesture on many boxes is one step of undo."""

from __future__ import annotations

import pytest

from clump_detector.core.errors import ReviewError
from clump_detector.image_files.sources import Source
from napari_clumps.review import Review
from tests.fields.understood import understood

BOXES = [(20, 20, 35, 45), (50, 20, 65, 45), (80, 20, 95, 45)]


@pytest.fixture
def review(tmp_path):
    """Return a review of one cutout with three drawn boxes, drawn in one gesture."""
    source = Source("n", (tmp_path / "n.png",))
    with Review.create(tmp_path / "r.clumps", [source], held_out=0) as made:
        made.propose(1, [], "m", size=(160, 120))
        made.add_all(1, BOXES, "clump")
        yield made


def corners(review):
    return sorted(box.corners for box in review.boxes(1))


@understood(
    "The window",
    "many boxes that are deleted, moved or pasted at once",
    "read",
    "One gesture is one step of undo.",
)
@pytest.mark.parametrize("how", ["delete", "move"])
def test_a_gesture_is_a_step(review, how):
    ids = [box.id for box in review.boxes(1)]
    if how == "delete":
        review.reject_all(ids)
        assert corners(review) == []
    else:
        review.edit_all({i: (i, 1, i + 9, 11) for i in ids})
        assert corners(review) == [(i, 1, i + 9, 11) for i in ids]
    review.undo()
    assert corners(review) == BOXES
    review.undo()
    assert corners(review) == []
    review.redo()
    assert corners(review) == BOXES
    assert review.check() == []


@understood(
    "The window",
    "boxes moved at once, one of them off the image",
    "refused",
    "None is moved.",
)
def test_all_or_none(review):
    first, second, _ = (box.id for box in review.boxes(1))
    with pytest.raises(ReviewError):
        review.edit_all({first: (1, 1, 9, 9), second: (900, 900, 950, 950)})
    assert corners(review) == BOXES
