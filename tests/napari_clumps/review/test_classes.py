"""The classes of a review: which there are, and what those of models are here."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from clump_detector.core.errors import ClumpError, ConfigError, ReviewError
from clump_detector.image_files.sources import Source
from clump_detector.labels.label_set import read_label_set, write_label_set
from napari_clumps.io.catalogue import export_catalogue
from napari_clumps.review import Proposal, Review, merge_in_words

MakeReview = Callable[..., Review]


def test_classes_are_added_and_put_in_order(make_review: MakeReview) -> None:
    review = make_review(1)
    review.choose_classes(["star", " odd  clump", "clump"])
    assert review.classes == ("star", "odd clump", "clump")
    box = review.add(1, (1, 1, 9, 9), "star")
    review.close()
    again = Review.open(review.path)
    assert again.classes == ("star", "odd clump", "clump")
    assert again.box(box.id).cls == "star"


def test_a_class_goes_that_no_box_ever_had(make_review: MakeReview) -> None:
    review = make_review(1)
    review.choose_classes(["clump"])
    assert review.classes == ("clump",)
    with pytest.raises(ReviewError, match="no class 'odd clump'"):
        review.add(1, (1, 1, 9, 9), "odd clump")


def _proposed(review: Review) -> None:
    review.propose(1, [Proposal(1, 1, 9, 9, "odd clump", 0.5)], "m", size=(20, 20))


def _drawn_and_undone(review: Review) -> None:
    review.add(1, (1, 1, 9, 9), "odd clump")
    review.undo()


def _reclassified(review: Review) -> None:
    box = review.add(1, (1, 1, 9, 9), "odd clump")
    review.reclassify(box.id, "clump")


@pytest.mark.parametrize("had", [_proposed, _drawn_and_undone, _reclassified])
def test_a_class_stays_that_a_box_had(
    had: Callable[[Review], None], make_review: MakeReview
) -> None:
    review = make_review(1)
    had(review)
    with pytest.raises(ReviewError, match=r"'odd clump' has to stay: 1 box"):
        review.choose_classes(["clump"])
    assert review.classes == ("clump", "odd clump")
    while review.undo():
        pass
    while review.redo():
        pass
    assert review.check() == []


def test_names_that_cannot_be_classes(make_review: MakeReview) -> None:
    review = make_review(1)
    with pytest.raises(ConfigError, match="same name"):
        review.choose_classes(["clump", "Clump"])
    assert review.classes == ("clump", "odd clump")


def test_a_review_that_is_read_only_keeps_its_classes(make_review: MakeReview) -> None:
    made = make_review(1)
    made.close()
    with (
        Review.open(made.path, read_only=True) as reader,
        pytest.raises(ClumpError, match="for reading only"),
    ):
        reader.choose_classes(["clump", "star"])


def test_classes_of_a_model_are_known_asked_for_or_left_out(
    make_review: MakeReview,
) -> None:
    review = make_review(1)
    assert review.class_map(["Clump", "odd", "knot"]) == {
        "Clump": "clump", "odd": "odd clump",
    }  # fmt: skip
    review.map_classes({"knot": "clump", "star": "star", "arm": None})
    assert review.classes == ("clump", "odd clump", "star")
    review.close()
    again = Review.open(review.path)
    assert again.class_map(["knot", "star", "arm"]) == {
        "knot": "clump", "star": "star", "arm": None,
    }  # fmt: skip
    again.map_classes({"knot": "star"})
    again.choose_classes(["odd clump", "clump"])
    # What it was taken for is gone: it is asked for again.
    assert "knot" not in again.class_map(["knot"])


def test_a_merge_brings_the_classes_that_only_the_other_has(
    pictures: list[Source], tmp_path: Path
) -> None:
    ours, theirs = (
        Review.create(tmp_path / f"{name}.clumps", pictures, held_out=0, seed=1)
        for name in "ab"
    )
    theirs.choose_classes(["Clump", "odd clump", "star"])
    theirs.add(1, (1, 1, 9, 9), "star")
    theirs.add(1, (20, 20, 29, 29), "Clump")
    theirs.set_done(1, True)
    theirs.close()
    merged = ours.merge(theirs.path)
    assert "Classes added: star." in merge_in_words(merged)
    assert ours.classes == ("clump", "odd clump", "star")
    assert [box.cls for box in ours.boxes(1)] == ["star", "clump"]
    write_label_set(ours.label_set(), tmp_path / "l.json")
    assert read_label_set(tmp_path / "l.json").classes == ours.classes
    export_catalogue(ours, tmp_path / "c.csv")
    assert ours.check() == []


def test_a_crash_between_box_and_class_is_not_possible(
    make_review: MakeReview,
) -> None:
    """Boxes that a merge adds and their class are written in one transaction."""
    ours, theirs = make_review(1), make_review(1)
    theirs.choose_classes(["clump", "star"])
    theirs.add(1, (1, 1, 9, 9), "star")
    theirs.close()

    def fail() -> None:
        raise RuntimeError

    steps = ours.merge_steps(theirs.path, fail)
    with pytest.raises(RuntimeError):
        list(steps)
    assert ours.classes == ("clump", "odd clump")
    assert ours.boxes(1) == []


def test_a_label_set_of_a_review_holds_its_own_classes(
    make_review: MakeReview, tmp_path: Path
) -> None:
    review = make_review(1)
    review.choose_classes(["H II region"])
    review.add(1, (1, 1, 9, 9), "H II region")
    write_label_set(review.label_set(), tmp_path / "l.json")
    names = json.loads((tmp_path / "l.json").read_text())["categories"]
    assert [entry["name"] for entry in names] == ["H II region"]
