"""Tags and interest: what they are, and where they go."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clump_detector.core.errors import ReviewError
from clump_detector.labels.label_set import read_label_set, write_label_set
from napari_clumps.review import QueuePlan, Review
from napari_clumps.review.rules import LONGEST_TAG, tidy_tags

WORDS = st.text(st.characters(exclude_characters=",;"), max_size=LONGEST_TAG)


@given(st.lists(WORDS, max_size=6), st.lists(WORDS, max_size=3))
def test_tidy_tags_are_in_order_each_once_and_stay_so(texts, known):
    tidy = tidy_tags(texts, known)
    folded = [tag.casefold() for tag in tidy]
    assert folded == sorted(set(folded))
    assert all(tag == " ".join(tag.split()) and tag for tag in tidy)
    assert tidy_tags(tidy, known) == tidy
    assert {" ".join(t.split()).casefold() for t in texts} - {""} == set(folded)


def test_a_tag_is_spelled_as_it_was_first(review: Review) -> None:
    review.set_tags(1, ["Ring"])
    review.set_tags(2, ["ring ", "tidal  tail"])
    assert review.cutout(2).tags == ("Ring", "tidal tail")
    assert review.tags() == {"Ring": 2, "tidal tail": 1}
    assert review.tagged("Ring") == [1, 2]


@pytest.mark.parametrize("bad", ["a,b", "a;b", "x" * (LONGEST_TAG + 1)])
def test_what_is_no_tag_is_refused_and_nothing_changes(review, bad):
    review.set_tags(1, ["ring"])
    with pytest.raises(ReviewError, match="cannot be a tag"):
        review.set_tags(1, ["bar", bad])
    with pytest.raises(ReviewError, match="cannot be a tag"):
        review.add_tag([1, 2], bad)
    assert review.tags() == {"ring": 1}


def test_one_tag_of_many_cutouts_is_one_step(make_review) -> None:
    review = make_review(5)
    review.set_tags(2, ["bar"])
    assert review.add_tag([1, 2, 3, 3], "Bar") == 2
    assert review.tagged("bar") == [1, 2, 3]
    review.undo()
    assert review.tagged("bar") == [2]


def test_interest_is_0_to_3_or_not_said(make_review) -> None:
    review = make_review(5)
    assert review.set_interest([1, 4], 3) == 2
    assert review.set_interest([2, 4], 0) == 2
    assert review.interests() == {1: 3, 2: 0, 4: 0}
    assert review.set_interest([1], None) == 1
    for bad in (-1, 4, 1.5):
        with pytest.raises(ReviewError, match="0, 1, 2 or 3"):
            review.set_interest([1], bad)
    assert review.interests() == {2: 0, 4: 0}


def test_queues_of_what_is_tagged_and_interesting(make_review) -> None:
    review = make_review(5)
    review.set_interest([4], 2)
    review.set_interest([2], 3)
    review.set_interest([5], 0)
    review.add_tag([5, 3], "ring")
    assert list(review.queue(QueuePlan("most interesting")).ids) == [2, 4, 5, 1, 3]
    assert list(review.queue(QueuePlan("catalogue", "tagged")).ids) == [3, 5]
    both = QueuePlan("most interesting", "tagged")
    assert list(review.queue(both).ids) == [5, 3]


def test_they_do_not_take_back_that_labels_are_right(review: Review) -> None:
    review.confirm_labels(1)
    review.set_tags(1, ["ring"])
    review.set_interest([1], 2)
    assert review.confirmed == {1}
    review.accept(1)
    assert review.confirmed == set()


def test_of_two_reviewers_tags_add_up_and_the_greater_interest_counts(
    make_review: Callable[..., Review],
) -> None:
    ours, theirs = make_review(3), make_review(3)
    ours.set_tags(1, ["Ring"])
    theirs.set_tags(1, ["ring", "bar"])
    ours.set_interest([1], 1)
    theirs.set_interest([1, 2], 2)
    ours.set_interest([3], 0)
    ours.merge(theirs.path)
    assert ours.cutout(1).tags == ("bar", "Ring")
    assert ours.interests() == {1: 2, 2: 2, 3: 0}
    assert ours.check() == []


def test_they_are_in_the_label_set_and_come_back(review: Review, tmp_path) -> None:
    review.propose(1, [], "m", size=(100, 80))
    review.set_done(1, True)
    review.set_tags(1, ["ring"])
    review.set_interest([1], 0)
    labels = review.label_set()
    write_label_set(labels, tmp_path / "labels.json")
    [back] = read_label_set(tmp_path / "labels.json").cutouts
    assert (back.tags, back.interest) == (("ring",), 0)
