"""The label set, read back by us, by pycocotools and by torchvision."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from clump_detector.core.errors import LabelError
from clump_detector.image_files.sources import Source
from clump_detector.labels.label_set import (
    LabelledBox,
    LabelledCutout,
    LabelSet,
    missing_files,
    read_label_set,
    to_coco,
    write_label_set,
)
from tests.helpers.paths import SHARED

HERE = Path("somewhere").absolute()
WIDTH, HEIGHT = 60, 40


def a_box(x1=10.0, y1=5.0, x2=20.0, y2=17.0, cls="clump", **more):
    return LabelledBox(x1, y1, x2, y2, cls, **more)


def a_cutout(folder, name="a", **more):
    source = Source(name, (folder / f"{name}.png",))
    return LabelledCutout(source, WIDTH, HEIGHT, **more)


def one_box(folder, **more):
    return LabelSet((a_cutout(folder, boxes=(a_box(**more),)),))


words = st.text(st.characters(blacklist_categories=["Cs"]), max_size=8)
sides = st.floats(0.01, 30)


@st.composite
def drawn_boxes(draw, classes):
    x1, y1 = draw(st.floats(-0.5, WIDTH - 1)), draw(st.floats(-0.5, HEIGHT - 1))
    return LabelledBox(
        x1,
        y1,
        x1 + draw(sides),
        y1 + draw(sides),
        draw(st.sampled_from(classes)),
        status=draw(st.sampled_from(["accepted", "edited", "proposal", "drawn"])),
        origin=draw(st.sampled_from(["model", "person", "simulation"])),
        weight=draw(st.just(1.0) | st.floats(0.01, 9)),
        ignored=draw(st.booleans()),
        score=draw(st.none() | st.floats(0, 1)),
        model=draw(st.none() | words),
        annotator=draw(st.none() | words),
        time=draw(st.none() | words),
        extra=draw(st.dictionaries(st.just("flux") | st.just("true"), st.floats(0, 9))),
    )


@st.composite
def label_sets(draw):
    classes = draw(
        st.sampled_from([("clump",), ("clump", "odd clump"), ("b", "a", "c")])
    )
    cutouts = []
    for number in range(draw(st.integers(1, 3))):
        bands = draw(st.sampled_from([(), ("g", "r", "i")]))
        names = [f"{number} ä-{b}.fits" for b in bands] or [f"in/{number}.png"]
        source = Source(draw(words), tuple(HERE / name for name in names), bands)
        found = st.lists(drawn_boxes(classes), max_size=4).map(tuple)
        cutouts.append(
            LabelledCutout(
                source,
                WIDTH,
                HEIGHT,
                done=draw(st.booleans()),
                held_out=draw(st.booleans()),
                boxes=draw(found),
                rejected=draw(found),
                fwhm=draw(st.none() | st.floats(0.5, 9)),
            )
        )
    return LabelSet(tuple(cutouts), classes, {"review": draw(words)})


def same_boxes(one, other):
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        assert a.corners == pytest.approx(b.corners, abs=2e-4)
        zero = dict.fromkeys(("x1", "y1", "x2", "y2"), 0.0)
        assert replace(a, **zero) == replace(b, **zero)


@settings(deadline=None)
@given(label_sets())
def test_what_is_written_is_read(labels):
    content = json.loads(json.dumps(to_coco(labels, HERE), allow_nan=False))
    back = from_content(content)
    assert back.classes == labels.classes
    assert back.info["review"] == labels.info["review"]
    for a, b in zip(labels.cutouts, back.cutouts, strict=True):
        assert (a.source, a.width, a.height) == (b.source, b.width, b.height)
        assert (a.done, a.held_out) == (b.done, b.held_out)
        assert b.fwhm == (None if a.fwhm is None else pytest.approx(a.fwhm, abs=1e-4))
        same_boxes(a.boxes, b.boxes)
        same_boxes(a.rejected, b.rejected)
    assert back.n_boxes == labels.n_boxes
    # Written again it is the same: nothing drifts.
    assert to_coco(back, HERE) == content


def from_content(content, path=HERE / "labels.json"):
    """Read without a file."""
    from unittest.mock import patch

    with patch("clump_detector.labels.label_set.read_json", return_value=content):
        return read_label_set(path)


def test_pixels_are_counted_from_the_edge_in_coco(tmp_path):
    # The box around the first pixel alone.
    labels = one_box(tmp_path, x1=-0.5, y1=-0.5, x2=0.5, y2=0.5)
    entry = to_coco(labels, tmp_path)["annotations"][0]
    assert entry["bbox"] == [0, 0, 1, 1]
    assert entry["area"] == 1
    assert from_content(to_coco(labels, HERE)).cutouts[0].boxes[0].x1 == -0.5


def read_with_pycocotools(path):
    from pycocotools.coco import COCO

    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))


def test_pycocotools_sees_the_pixels_we_mean(tmp_path):
    # x from 10 to 20 around pixel centres 10.5: pixels 11 to 19 wholly, and so on.
    labels = one_box(tmp_path, x1=9.5, y1=4.5, x2=19.5, y2=16.5)
    write_label_set(labels, tmp_path / "labels.json")
    coco = read_with_pycocotools(tmp_path / "labels.json")
    (entry,) = coco.loadAnns(coco.getAnnIds())
    mask = coco.annToMask(entry)
    expected = np.zeros((HEIGHT, WIDTH), bool)
    expected[5:17, 10:20] = True
    assert np.array_equal(mask.astype(bool), expected)
    assert coco.loadCats(coco.getCatIds())[0]["name"] == "clump"


def test_pycocotools_judges_our_own_boxes_as_perfect_and_ignores_the_ignored(tmp_path):
    from pycocotools.cocoeval import COCOeval

    boxes = (a_box(), a_box(30, 20, 40, 30), a_box(5, 25, 15, 35, ignored=True))
    labels = LabelSet((a_cutout(tmp_path, boxes=boxes),))
    write_label_set(labels, tmp_path / "labels.json")
    coco = read_with_pycocotools(tmp_path / "labels.json")
    detections = [
        {k: e[k] for k in ("image_id", "category_id", "bbox")} | {"score": 0.9}
        for e in coco.dataset["annotations"]
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        judge = COCOeval(coco, coco.loadRes(detections), "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    assert judge.stats[0] == pytest.approx(1)


def test_torchvision_reads_it(tmp_path):
    from torchvision.datasets import CocoDetection

    rejected = (a_box(1, 1, 9, 9),)
    cutouts = (
        a_cutout(tmp_path, "a", boxes=(a_box(),), rejected=rejected),
        a_cutout(tmp_path, "b"),
    )
    for cutout in cutouts:
        Image.new("RGB", (WIDTH, HEIGHT)).save(cutout.source.path)
    write_label_set(LabelSet(cutouts), tmp_path / "labels.json")
    with contextlib.redirect_stdout(io.StringIO()):
        dataset = CocoDetection(str(tmp_path), str(tmp_path / "labels.json"))
    assert len(dataset) == 2
    image, targets = dataset[0]
    assert image.size == (WIDTH, HEIGHT)
    assert [t["bbox"] for t in targets] == [[10.5, 5.5, 10, 12]]
    assert dataset[1][1] == []


def test_paths_are_relative_so_a_folder_can_move(tmp_path):
    folder = tmp_path / "one"
    (folder / "images").mkdir(parents=True)
    cutout = LabelledCutout(Source("a", (folder / "images" / "a.png",)), WIDTH, HEIGHT)
    write_label_set(LabelSet((cutout,)), folder / "labels.json")
    folder.rename(tmp_path / "two")
    back = read_label_set(tmp_path / "two" / "labels.json")
    assert back.cutouts[0].source.path == tmp_path / "two" / "images" / "a.png"
    assert missing_files(back) == [back.cutouts[0].source.path]
    back.cutouts[0].source.path.write_bytes(b"")
    assert missing_files(back) == []


def test_the_hash_is_of_the_boxes_whatever_the_folder(tmp_path):
    one = one_box(tmp_path)
    assert one.hash() == one_box(tmp_path / "elsewhere").hash()
    assert one.hash() != one_box(tmp_path, x1=10.1).hash()
    assert one.hash() != one_box(tmp_path, ignored=True).hash()


def test_a_subset_and_its_arrays(tmp_path):
    boxes = (a_box(), a_box(1, 1, 3, 3, ignored=True))
    held = a_cutout(tmp_path, "held", boxes=boxes, held_out=True)
    labels = LabelSet((held, a_cutout(tmp_path)))
    assert labels.subset(held_out=True).cutouts == (held,)
    assert held.array().tolist() == [[10, 5, 20, 17]]
    assert held.array(ignored=True).tolist() == [[1, 1, 3, 3]]
    assert a_cutout(tmp_path).array().shape == (0, 4)


def test_any_coco_file_with_boxes_will_do():
    content = {
        "images": [{"id": 9, "file_name": "x/b.png", "width": 60, "height": 40}],
        "categories": [{"id": 3, "name": "knot"}, {"id": 1, "name": "clump"}],
        "annotations": [
            {"image_id": 9, "category_id": 3, "bbox": [0, 0, 5, 5]},
        ],
    }
    labels = from_content(content)
    assert labels.classes == ("clump", "knot")
    (cutout,) = labels.cutouts
    assert cutout.done
    assert not cutout.held_out
    assert cutout.source.name == "b"
    assert cutout.boxes[0].cls == "knot"


GOOD = {
    "images": [{"id": 1, "file_name": "a.png", "width": 60, "height": 40}],
    "categories": [{"id": 1, "name": "clump"}],
    "annotations": [{"id": 5, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}],
}


def changed(key, **values):
    return {**GOOD, key: [{**GOOD[key][0], **values}]}


BAD = {
    "no JSON": ("{", "not valid JSON"),
    "empty": ("", "not valid JSON"),
    "a list": ([], "not a COCO label set"),
    "a number": (7, "not a COCO label set"),
    "another kind": ({"name": "a model"}, "not a COCO label set"),
    "no boxes' key": ({k: v for k, v in GOOD.items() if k != "annotations"}, "COCO"),
    "no image": ({**GOOD, "images": [], "annotations": []}, "has no image"),
    "a box of no image": (changed("annotations", image_id=2), "names image 2"),
    "a box of no class": (changed("annotations", category_id=7), "names class 7"),
    "outside": (
        changed("annotations", bbox=[60, 0, 5, 5]),
        "box 5 of a.png is outside",
    ),
    "above": (changed("annotations", bbox=[0, -9, 5, 5]), "is outside the image"),
    "no area": (changed("annotations", bbox=[1, 2, 0, 4]), "has no area"),
    "inside out": (changed("annotations", bbox=[9, 9, -3, 4]), "has no area"),
    "not a number": (changed("annotations", bbox=[1, 2, float("nan"), 4]), "no area"),
    "endless": (changed("annotations", bbox=[1, 2, float("inf"), 4]), "no area"),
    "no weight": (
        changed("annotations", attributes={"weight": 0}),
        "box 5 of a.png has the weight 0",
    ),
    "an endless weight": (
        changed("annotations", attributes={"weight": float("inf")}),
        "has the weight inf",
    ),
    "a weight of words": (
        changed("annotations", attributes={"weight": "much"}),
        "not a COCO label set",
    ),
    "three corners": (
        changed("annotations", bbox=[1, 2, 3]),
        "box 5 of a.png has no area",
    ),
    "words": (changed("annotations", bbox=["a", 2, 3, 4]), "has no area"),
    "no box": (changed("annotations", bbox=None), "has no area"),
    "attributes of no kind": (changed("annotations", attributes=7), "not a COCO"),
    "a size of words": (changed("images", width="wide"), "image 1 has no size"),
    "no size": (changed("images", width=None), "image 1 has no size"),
    "no pixels": (changed("images", height=0), "image 1 has no size"),
    "a name of no kind": (changed("images", file_name=None), "not a COCO label set"),
    "images of no kind": ({**GOOD, "images": {"1": 2}}, "not a COCO label set"),
    "the same image twice": (
        {**GOOD, "images": GOOD["images"] * 2},
        "image 1 is in the file twice",
    ),
    "rejected outside": (
        {**GOOD, "rejected": [{**GOOD["annotations"][0], "bbox": [99, 0, 5, 5]}]},
        "is outside",
    ),
}


@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=BAD.keys())
def test_bad_label_files_get_one_clear_message(tmp_path, content, message):
    path = tmp_path / "labels.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(LabelError) as caught:
        read_label_set(path)
    assert message in caught.value.message
    assert str(path) in caught.value.message
    assert caught.value.remedy


def test_a_label_file_that_is_not_there(tmp_path):
    with pytest.raises(LabelError, match="no such file"):
        read_label_set(tmp_path / "labels.json")


@pytest.mark.parametrize("fwhm", [None, 0, -1, float("nan"), float("inf")])
def test_a_psf_that_cannot_be_is_unknown(fwhm):
    content = changed("images", psf_fwhm_px=fwhm)
    assert from_content(content).cutouts[0].fwhm is None


def test_a_box_partly_outside_is_kept_as_it_is():
    content = changed("annotations", bbox=[55, 30, 20, 20])
    assert from_content(content).cutouts[0].boxes[0].corners == (54.5, 29.5, 74.5, 49.5)


REAL = SHARED / "real"


@pytest.mark.skipif(not REAL.exists(), reason="no real galaxies beside the repository")
def test_real_clumps_become_a_label_set(tmp_path):
    import csv

    with (REAL / "s82_labelled" / "clumps.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 136
    images = sorted((REAL / "s82_labelled" / "images").glob("*.jpg"))
    cutouts = []
    for image in images:
        mine = [r for r in rows if image.stem in r.values() or image.name in r.values()]
        boxes = tuple(
            a_box(*(float(r[k]) for k in ("x1", "y1", "x2", "y2"))) for r in mine
        )
        cutouts.append(
            LabelledCutout(Source(image.stem, (image,)), 424, 424, boxes=boxes)
        )
    write_label_set(LabelSet(tuple(cutouts)), tmp_path / "labels.json")
    assert read_label_set(tmp_path / "labels.json").n_boxes == 136
