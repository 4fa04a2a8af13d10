"""Reviews of cutouts of a survey's dataset, and their decisions back into it."""

from __future__ import annotations

import shutil

import pytest

from clump_detector.core.errors import ClumpError
from clump_detector.images.cutout import read_cutout
from clump_detector.labels.label_set import read_label_set, write_label_set
from clump_detector.survey_search import addresses
from clump_detector.survey_search.dataset.query import select
from clump_detector.survey_search.dataset.reviewed import read_reviewed
from napari_clumps.io import survey_review
from napari_clumps.io.survey_decisions import dataset_of, take_decisions
from napari_clumps.io.survey_review import await_all, prepared, review_of, take
from napari_clumps.review import Review, Status
from napari_clumps.review.storage.steps import run_to_end
from tests.helpers.survey_dataset import MODEL, make_survey


@pytest.fixture
def dataset(tmp_path):
    return make_survey(tmp_path / "survey")


@pytest.fixture
def review(dataset):
    """A review of the three cutouts with the most boxes, the fewest first."""
    path = dataset / "reviews" / "a.clumps"
    made, problems = review_of(select(dataset, "n_boxes > 2"), path, annotator="Ada")
    assert problems == []
    yield made
    made.close()


def names(review):
    return [cutout.name for cutout in review.cutouts()]


def test_it_has_these_cutouts_in_this_order_with_the_boxes_of_the_dataset(review):
    assert names(review) == ["galaxy-3", "galaxy-4", "galaxy-5"]
    assert list(review.queue().ids) == [1, 2, 3]
    assert [len(review.boxes(i)) for i in review.ids] == [3, 4, 5]
    box = review.boxes(1)[0]
    assert (box.corners, box.cls, box.score) == ((10, 20, 20, 31), "clump", 0.87)
    assert (box.model, box.status, box.origin) == (MODEL, Status.PROPOSAL, "model")
    assert {review.cutout(i).size for i in review.ids} == {(100, 100)}
    assert {review.cutout(i).model for i in review.ids} == {MODEL}
    assert review.check() == []


@pytest.mark.parametrize(
    ("cls", "own", "classes"),
    [
        ("Clump", "clump", ("clump", "odd clump")),
        ("odd", "odd clump", ("clump", "odd clump")),
        ("H II; young", "H II; young", ("clump", "odd clump", "H II; young")),
    ],
)
def test_classes_of_a_dataset_are_the_reviews_own(tmp_path, cls, own, classes):
    dataset = make_survey(tmp_path / "survey", cls=cls)
    made, _ = review_of(select(dataset, "n_boxes > 3"), tmp_path / "a.clumps")
    with made:
        assert made.classes == classes
        assert {b.cls for i in made.ids for b in made.boxes(i)} == {own}


def test_the_first_ones_are_there_at_once_and_the_others_come_in_order(dataset):
    selection = select(dataset, "n_boxes > 0", order="name")
    review, _ = review_of(selection, dataset / "a.clumps", first=2)
    with review:
        assert names(review) == selection.names[:2]
        assert review.survey.waiting == tuple(selection.addresses[2:])
    with Review.open(dataset / "a.clumps") as again:  # as after a window that closed
        for some in prepared(dataset, again.survey.waiting):
            assert take(again, some) == []
        assert names(again) == selection.names
        assert again.survey.waiting == ()
        assert list(again.survey.addresses.values()) == selection.addresses
        assert [len(again.boxes(i)) for i in again.ids] == [1, 2, 3, 4, 5]


def test_more_can_be_added_to_a_review(dataset, review):
    assert await_all(review, select(dataset, "n_boxes > 1")) == 1  # one is new
    review.close()
    again, problems = review_of(select(dataset, "n_boxes > 0"), review.path)
    with again:
        assert problems == []
        assert names(again)[3:] == ["galaxy-2", "galaxy-1"]
        assert len(again.boxes(1)) == 3


def test_a_review_of_one_dataset_takes_no_cutout_of_another(review, tmp_path):
    other = make_survey(tmp_path / "other")
    with pytest.raises(ClumpError, match="another dataset"):
        await_all(review, select(other))


def test_what_cannot_be_had_is_left_out_and_said(dataset, monkeypatch):
    images = dataset.parent / "cutouts"
    (images / "galaxy-3.png").unlink()
    shutil.copy(images / "galaxy-1.png", images / "galaxy-4.png")
    selection = select(dataset, "n_boxes > 0", order="name")
    review, problems = review_of(selection, dataset / "a.clumps", first=3)
    with review:
        assert names(review) == ["galaxy-1", "galaxy-2", "galaxy-5"]
        assert len(problems) == 2
        assert "galaxy-3.png: cannot read it: no such file" in problems[0]
        assert "galaxy-4.png has changed since it was searched" in problems[1]
    for path in images.glob("*.png"):
        path.unlink()
    with pytest.raises(ClumpError, match="none of the 5 cutouts can be had"):
        review_of(selection, dataset / "b.clumps")
    assert not (dataset / "b.clumps").exists()


def test_touched_files_are_the_same(dataset):
    for path in (dataset.parent / "cutouts").iterdir():
        path.touch()
    review, problems = review_of(select(dataset), dataset / "a.clumps")
    with review:
        assert (len(review), problems) == (6, [])


def test_a_cutout_whose_address_leads_nowhere_is_left_out(dataset, monkeypatch):
    real = addresses.item_for

    def some(address, dataset):
        return real("notes.xyz::1" if "galaxy-5" in address else address, dataset)

    monkeypatch.setattr(survey_review, "item_for", some)
    review, problems = review_of(select(dataset), dataset / "a.clumps")
    with review:
        assert len(review) == 5
        assert "not that of an image file" in problems[0]


def test_nothing_selected_makes_no_review(dataset):
    with pytest.raises(ClumpError, match="no cutout matches"):
        review_of(select(dataset, "n_boxes > 99"), dataset / "a.clumps")
    assert not (dataset / "a.clumps").exists()


def test_a_dataset_that_moves_takes_its_reviews_along(review, dataset, tmp_path):
    review.close()
    moved = tmp_path / "elsewhere"
    shutil.move(dataset, moved)
    with Review.open(moved / "reviews" / "a.clumps") as again:
        assert again.survey.dataset == moved
        assert dataset_of(again) == moved


# -- decisions back -------------------------------------------------------------


def decided(review):
    """Accept, reject, edit and add on the first, mark two as done, begin the third."""
    first, second, third, *_ = (box.id for box in review.boxes(1))
    review.accept(first)
    review.reject(second)
    review.edit(third, (50, 50, 60, 62))
    review.add(1, (70, 70, 80, 81), "odd clump")
    review.set_done(1, True)
    review.set_done(2, True)
    review.accept(review.boxes(3)[0].id)


def rows(dataset):
    return read_reviewed(dataset).to_pylist()


def test_each_decided_box_has_a_row(review, dataset):
    decided(review)
    taken = run_to_end(take_decisions(review, dataset))
    assert (taken.boxes, taken.done, taken.strangers) == (5, 2, ())
    found = [(r["name"], r["decision"], r["done"], r["score"]) for r in rows(dataset)]
    assert found == [
        ("galaxy-3", "accepted", True, 0.87),
        ("galaxy-3", "rejected", True, 0.82),
        ("galaxy-3", "edited", True, 0.77),
        ("galaxy-3", "added", True, None),
        ("galaxy-4", None, True, None),
        ("galaxy-5", "accepted", False, 0.85),
    ]
    edited = rows(dataset)[2]
    assert [edited[c] for c in ("x1", "y1", "x2", "y2")] == [50, 50, 60, 62]
    assert (edited["model"], edited["annotator"]) == (MODEL, "Ada")
    assert edited["review"] == review.id
    assert all(r["time"] and r["annotator"] == "Ada" for r in rows(dataset))
    assert rows(dataset)[3]["class"] == "odd clump"
    assert set(select(dataset, "reviewed").names) == {"galaxy-3", "galaxy-4"}
    assert select(dataset, "begun and not reviewed").names == ["galaxy-5"]


def test_later_decisions_replace_those_of_before(review, dataset):
    decided(review)
    run_to_end(take_decisions(review, dataset))
    review.set_done(2, False)
    review.reject(review.boxes(1)[0].id)
    run_to_end(take_decisions(review, dataset))
    assert rows(dataset)[0]["decision"] == "rejected"
    assert select(dataset, "reviewed").names == ["galaxy-3"]


def test_two_reviews_of_a_cutout_are_both_kept(review, dataset):
    decided(review)
    run_to_end(take_decisions(review, dataset))
    other, _ = review_of(select(dataset, "n_boxes == 3"), dataset / "b.clumps")
    with other:
        other.reject_all(box.id for box in other.boxes(1))
        run_to_end(take_decisions(other, dataset))
        ids = {r["review"] for r in rows(dataset) if r["name"] == "galaxy-3"}
        assert ids == {review.id, other.id}


def test_boxes_have_a_position_where_the_image_has_one(dataset, monkeypatch):
    review, _ = review_of(select(dataset, order="name"), dataset / "a.clumps")
    with review:
        review.add(1, (55.5, 45.5, 63.5, 53.5), "clump")
        review.accept(review.boxes(2)[0].id)
        run_to_end(take_decisions(review, dataset))
        first, second = rows(dataset)
        assert first["ra"] == pytest.approx(150 - 10e-4, abs=2e-6)
        assert first["dec"] == pytest.approx(2, abs=2e-6)
        assert second["ra"] is second["dec"] is None
        (dataset.parent / "cutouts" / "galaxy-0.fits").unlink()
        run_to_end(take_decisions(review, dataset))  # from the earlier rows
        assert rows(dataset)[0]["ra"] == first["ra"]


def test_decisions_on_the_same_files_count_and_others_are_left_out(dataset, pictures):
    from clump_detector.image_files.sources import find_sources

    sources = find_sources([dataset.parent / "cutouts"])[:1] + pictures[:1]
    with Review.create(dataset / "own.clumps", sources, annotator="Ben") as own:
        own.set_done(1, True)
        own.set_done(2, True)
        with pytest.raises(ClumpError, match="not made from the dataset"):
            dataset_of(own)
        taken = run_to_end(take_decisions(own, dataset))
    assert (taken.done, taken.strangers) == (1, ("a",))
    assert "1 cutout is not in this dataset and left out, such as a." in taken.in_words
    assert select(dataset, "reviewed").names == ["galaxy-0"]


def test_such_a_review_teaches_as_any_other(review, tmp_path):
    decided(review)
    write_label_set(review.label_set(include_undone=False), tmp_path / "labels.json")
    labels = read_label_set(tmp_path / "labels.json")
    assert [c.source.name for c in labels.cutouts] == ["galaxy-3", "galaxy-4"]
    assert [len(c.boxes) for c in labels.cutouts] == [3, 0]
    assert [read_cutout(c.source).width for c in labels.cutouts] == [100, 100]
