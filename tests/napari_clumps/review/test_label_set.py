"""The label set of a review, as this project and others read it."""

import json
from pathlib import Path

import pytest

from clump_detector.image_files.sources import Source
from clump_detector.labels.label_set import read_label_set, write_label_set
from napari_clumps import __version__
from napari_clumps.review import Proposal, Review

SIZE = (100, 80)
FOUND = [
    Proposal(10, 10, 20, 22, "clump", 0.9),
    Proposal(40, 40, 55, 52, "odd clump", 0.4),
    Proposal(60, 10, 70, 20, "clump", 0.2),
]


@pytest.fixture
def decided(pictures: list[Source], tmp_path: Path) -> Review:
    """Return a review whose cutouts are done, begun, untouched, and done with none."""
    review = Review.create(
        tmp_path / "my review.clumps", pictures, held_out=0.5, seed=2, annotator="Ada"
    )
    for i in (1, 2, 3):
        review.propose(i, FOUND, "starter-1f", size=SIZE)
    for i in (1, 2):
        accepted, rejected, _ = review.boxes(i)
        review.accept(accepted.id)
        review.reject(rejected.id)
    review.add(1, (80, 60, 120, 75), "clump")
    review.edit(review.boxes(1)[0].id, (9.25, 9.5, 21, 23))
    review.set_done(1, True)
    review.set_done(4, True)  # nobody has looked at it here: its size is not known
    return review


def test_label_set(decided: Review) -> None:
    labels = decided.label_set()
    done, begun, bare = labels.cutouts
    assert [c.source.name for c in labels.cutouts] == ["a", "b", "d"]
    assert [c.done for c in labels.cutouts] == [True, False, True]
    assert [(c.width, c.height) for c in labels.cutouts] == [SIZE] * 3
    assert [c.held_out for c in labels.cutouts] == [
        decided.cutout(i).held_out for i in (1, 2, 4)
    ]
    assert [(b.status, b.ignored) for b in done.boxes] == [
        ("edited", False), ("drawn", False),
    ]  # fmt: skip
    assert done.boxes[0].corners == (9.25, 9.5, 21, 23)
    assert done.boxes[1].corners == (80, 60, 99.5, 75)
    assert [(b.status, b.ignored) for b in begun.boxes] == [
        ("accepted", False), ("proposal", True),
    ]  # fmt: skip
    assert [b.status for b in (*done.rejected, *begun.rejected)] == ["rejected"] * 2
    assert (bare.boxes, bare.rejected) == ((), ())
    edited, drawn = done.boxes
    assert (edited.origin, edited.score, edited.model) == ("model", 0.9, "starter-1f")
    assert (drawn.origin, drawn.score, drawn.model) == ("person", None, None)
    assert edited.annotator == drawn.annotator == "Ada"
    assert edited.time is not None
    assert begun.boxes[1].annotator is None
    assert labels.classes == ("clump", "odd clump")
    assert labels.info["review"] == decided.id
    assert labels.info["review_file"] == "my review.clumps"
    assert labels.info["models"] == ["starter-1f"]
    assert labels.info["software"] == f"napari-clumps {__version__}"
    assert "left_out" not in labels.info
    assert str(decided.path.parent) not in json.dumps(labels.info)


def test_a_rejection_alone_is_something_to_learn_from(
    pictures: list[Source], tmp_path: Path
) -> None:
    with Review.create(tmp_path / "a.clumps", pictures, held_out=0) as review:
        review.propose(3, FOUND[:1], "m", size=SIZE)
        review.reject(review.boxes(3)[0].id)
        (cutout,) = review.label_set().cutouts
        assert (cutout.source.name, cutout.boxes) == ("c", ())
        assert len(cutout.rejected) == 1
        counts = review.learning_counts()
        assert (counts["cutouts"], counts["boxes"], counts["rejected"]) == (1, 0, 1)


def test_counts_agree_with_the_label_set(decided: Review) -> None:
    learn = decided.label_set().subset(held_out=False)
    test = decided.label_set().subset(held_out=True)
    counts = decided.learning_counts()
    assert counts["cutouts"] == len(learn.cutouts)
    assert counts["done"] == sum(c.done for c in learn.cutouts)
    assert counts["boxes"] == learn.n_boxes
    assert counts["rejected"] == sum(len(c.rejected) for c in learn.cutouts)
    assert counts["ignored"] == sum(len(c.array(ignored=True)) for c in learn.cutouts)
    assert counts["held_out_done"] == sum(c.done for c in test.cutouts)


def test_without_the_cutouts_that_are_not_done(decided: Review) -> None:
    labels = decided.label_set(include_undone=False)
    assert [c.source.name for c in labels.cutouts] == ["a", "d"]


def test_undo_takes_a_cutout_out_again(decided: Review) -> None:
    while decided.undo():
        pass
    assert decided.label_set().cutouts == ()


def test_what_cannot_be_sized_is_left_out_and_said(decided: Review) -> None:
    decided.cutout(4).source.path.write_bytes(b"no picture")
    labels = decided.label_set()
    assert [c.source.name for c in labels.cutouts] == ["a", "b"]
    assert "d.png" in labels.info["left_out"][0]


def test_a_script_that_knew_no_size_makes_no_box_outside(
    pictures: list[Source], tmp_path: Path
) -> None:
    with Review.create(tmp_path / "a.clumps", pictures) as review:
        review.add(1, (90, 70, 120, 120), "clump")
        review.add(1, (290, 270, 320, 320), "clump")
        (cutout,) = review.label_set().cutouts
        assert [b.corners for b in cutout.boxes] == [(90, 70, 99.5, 79.5)]
        write_label_set(review.label_set(), tmp_path / "labels.json")
        assert read_label_set(tmp_path / "labels.json").n_boxes == 1


def test_it_is_the_same_after_writing_and_reading(
    decided: Review, tmp_path: Path
) -> None:
    labels = decided.label_set()
    path = tmp_path / "out" / "labels.json"
    write_label_set(labels, path)
    again = read_label_set(path)
    assert again.hash() == labels.hash()
    assert again.info["review"] == decided.id
    assert [c.source.path.resolve() for c in again.cutouts] == [
        c.source.path.resolve() for c in labels.cutouts
    ]


def test_pycocotools_reads_it(decided: Review, tmp_path: Path) -> None:
    coco_module = pytest.importorskip("pycocotools.coco")
    path = tmp_path / "labels.json"
    write_label_set(decided.label_set(), path)
    coco = coco_module.COCO(str(path))
    assert [c["name"] for c in coco.loadCats(coco.getCatIds())] == [
        "clump", "odd clump",
    ]  # fmt: skip
    assert sorted(i["file_name"] for i in coco.loadImgs(coco.getImgIds())) == [
        "pictures/a.png", "pictures/b.png", "pictures/d.png",
    ]  # fmt: skip
    (image,) = (i for i in coco.imgs.values() if i["name"] == "b")
    boxes = coco.loadAnns(coco.getAnnIds(imgIds=[image["id"]]))
    assert [b["iscrowd"] for b in boxes] == [0, 1]
    assert boxes[0]["bbox"] == [10.5, 10.5, 10, 12]  # counted from the pixel's edge
    assert boxes[0]["attributes"]["status"] == "accepted"
    assert boxes[0]["attributes"]["annotator"] == "Ada"
    assert coco.annToMask(boxes[0]).shape == (80, 100)
    assert len(coco.dataset["rejected"]) == 2


def test_torchvision_reads_it(decided: Review, tmp_path: Path) -> None:
    datasets = pytest.importorskip("torchvision.datasets")
    pytest.importorskip("pycocotools")
    path = tmp_path / "labels.json"
    write_label_set(decided.label_set(), path)
    dataset = datasets.CocoDetection(str(tmp_path), str(path))
    assert len(dataset) == 3
    image, boxes = dataset[0]
    assert image.size == SIZE
    assert [b["bbox"] for b in boxes] == [
        [9.75, 10, 11.75, 13.5],
        [80.5, 60.5, 19.5, 15],
    ]
    assert dataset[2][1] == []


def test_it_says_by_which_share_of_an_order_a_cutout_came(review):
    review.accept(1)
    review.note_arm(1, "random")
    review.note_arm(3, "chosen")
    assert {c.source.name: c.arm for c in review.label_set().cutouts} == {
        "galaxy 1": "random"
    }
