"""Points of the learning curve in the review's file."""

from __future__ import annotations

import pytest

from clump_detector.core.errors import ReviewError
from napari_clumps.review import Review


def test_points_are_added_and_stay(review):
    assert review.learning_curve == []
    review.note_training({"galaxies": 0}, {"galaxies": 25, "f1": {"value": 0.7}})
    review.note_training({"galaxies": 50})
    path = review.path
    review.close()
    with Review.open(path) as again:
        assert [p["galaxies"] for p in again.learning_curve] == [0, 25, 50]
        assert again.learning_curve[1]["f1"] == {"value": 0.7}
        again.learning_curve[1]["galaxies"] = 99  # a copy
        assert again.learning_curve[1]["galaxies"] == 25


def test_a_review_that_is_only_read_refuses_a_point(review):
    with (
        Review.open(review.path, read_only=True) as other,
        pytest.raises(ReviewError, match=r"no point.*opened for reading only"),
    ):
        other.note_training({"galaxies": 25})
    assert review.learning_curve == []
