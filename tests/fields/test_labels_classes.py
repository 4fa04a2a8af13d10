"""Classes, ids and flags of label files: by the format's rule, in any notation."""

from __future__ import annotations

import json

import pytest

from clump_detector.core.errors import LabelError
from clump_detector.labels.classes.matching import class_names
from clump_detector.labels.formats.detect import read_labels
from clump_detector.labels.label_set import read_label_set
from tests.fields.labels_made import (
    BOX,
    CATEGORIES,
    CLASSES,
    IMAGE,
    annotation,
    coco,
    put,
    put_coco,
    taken,
    voc,
)
from tests.fields.understood import understood

NOTATIONS = [2, 2.0, "2", "2.0", " 2 ", "2e0"]


@understood(
    "COCO",
    "category_id is 2.0 or a text",
    "read",
    "An id is the same number in any notation, for training as for import.",
)
@pytest.mark.parametrize("number", NOTATIONS)
def test_a_category_in_any_notation(tmp_path, number):
    path = put_coco(tmp_path, coco(annotation(category_id=number)))
    assert taken(path) == [(BOX, "odd clump", "")]
    assert read_label_set(path).cutouts[0].boxes[0].cls == "odd clump"


@understood(
    "COCO",
    "image_id is a text or 5.0 where the image's id is 5",
    "read",
    "An id is the same number in any notation; other texts are ids as they stand.",
)
@pytest.mark.parametrize(
    ("listed", "named"),
    [(5, "5"), (5, 5.0), ("5", 5), ("5.0", 5), ("a7", " a7"), (0, "0"), (0, 0)],
)
def test_an_image_id_in_any_notation(tmp_path, listed, named):
    images = [{**IMAGE, "id": listed}, {**IMAGE, "id": 9, "file_name": "b.png"}]
    path = put_coco(tmp_path, coco(annotation(image_id=named), images=images))
    assert taken(path) == [(BOX, "clump", "")]
    assert read_label_set(path).cutouts[0].boxes[0].corners == BOX


def test_zeros_before_a_number_are_part_of_a_name(tmp_path):
    images = [{**IMAGE, "id": "007"}, {**IMAGE, "id": 7, "file_name": "b.png"}]
    path = put_coco(tmp_path, coco(annotation(image_id="007"), images=images))
    assert taken(path) == [(BOX, "clump", "")]


@understood(
    "COCO",
    "an id stands for two images or two categories, as in files pasted together",
    "refused",
    "Nobody knows which of them a box means.",
)
@pytest.mark.parametrize(
    "content",
    [
        coco(images=[IMAGE, {**IMAGE, "file_name": "b.png"}]),
        coco(images=[IMAGE, {**IMAGE, "id": "1", "file_name": "b.png"}]),
        coco(categories=[*CATEGORIES, {"id": 1.0, "name": "galaxy"}]),
    ],
)
def test_an_id_stands_for_one_thing(tmp_path, content):
    path = put_coco(tmp_path, content)
    for read in (read_labels, read_label_set):
        with pytest.raises(LabelError, match="1 is in the file twice"):
            read(path)


@understood(
    "COCO",
    "a box has a category that the file does not list",
    "refused",
    "The numbers of the other boxes may be shifted, too.",
)
def test_a_category_that_is_not_listed(tmp_path):
    content = coco(annotation(), annotation(category_id=0, bbox=[40, 20, 8, 6]))
    path = put_coco(tmp_path, content)
    with pytest.raises(LabelError, match="class 0, which is not"):
        read_labels(path)
    with pytest.raises(LabelError, match="class 0, which is not"):
        read_label_set(path)


# -- what is no clump ---------------------------------------------------------


@understood(
    "COCO",
    "iscrowd is set, or ignore, in an annotation or its attributes",
    "ignored",
    "It is left out and counted at import; training takes it neither for a clump nor "
    "for background.",
)
@pytest.mark.parametrize(
    "flags",
    [
        {"iscrowd": 1}, {"iscrowd": True}, {"iscrowd": "1"}, {"iscrowd": 1.0},
        {"ignore": 1}, {"ignore": True}, {"attributes": {"ignore": "true"}},
        {"attributes": {"exclude": 1}},
    ],
)  # fmt: skip
def test_crowd_and_ignore_are_no_clumps(tmp_path, flags):
    other = annotation(bbox=[40, 20, 8, 6], **flags)
    path = put_coco(tmp_path, coco(annotation(), other))
    assert taken(path) == [(BOX, "clump", "")]
    assert read_labels(path).losses.total == 1
    plain, set_aside = read_label_set(path).cutouts[0].boxes
    assert (plain.ignored, set_aside.ignored) == (False, True)


def test_flags_that_are_not_set_change_nothing(tmp_path):
    flags = {"iscrowd": 0, "ignore": False, "difficult": "0"}
    path = put_coco(tmp_path, coco(annotation(**flags)))
    assert taken(path) == [(BOX, "clump", "")]
    assert not read_label_set(path).cutouts[0].boxes[0].ignored


@understood(
    "Pascal VOC",
    "difficult is 1, 1.0 or true",
    "converted",
    "A proposal to decide on; with --as accepted it is left out and counted.",
)
@pytest.mark.parametrize("word", ["1", "1.0", "true", "True"])
def test_what_is_difficult_is_a_proposal(tmp_path, word):
    inside = f"<difficult>{word}</difficult>"
    assert taken(put(tmp_path, "a.xml", voc(inside=inside)))[0][2] == "proposal"
    path = put_coco(tmp_path, coco(annotation(difficult=word)))
    assert taken(path)[0][2] == "proposal"
    path = put(tmp_path, "t.csv", f"file,x1,y1,x2,y2,difficult\na.png,1,2,9,9,{word}\n")
    assert taken(path)[0][2] == "proposal"


@understood(
    "Pascal VOC",
    "an object is to be ignored, or was deleted",
    "ignored",
    "It is left out and counted.",
)
@pytest.mark.parametrize("tag", ["ignore", "deleted", "crowd"])
def test_objects_that_are_none(tmp_path, tag):
    path = put(tmp_path, "a.xml", voc(inside=f"<{tag}>1</{tag}>"))
    with pytest.raises(LabelError, match="1 left out: an object that is to be ignored"):
        read_labels(path)
    path = put(tmp_path, "a.xml", voc(inside=f"<{tag}>0</{tag}>"))
    assert taken(path) == [(BOX, "clump", "")]


@understood(
    "any labels",
    "a class is called background, ignore, crowd, excluded, not a clump",
    "ignored",
    "Such boxes mark no clump, whatever class the others get; they are counted.",
)
@pytest.mark.parametrize(
    "word",
    ["background", "__background__", "Ignore", "ignored_regions", "DontCare", "crowd",
     "not a clump", "EXCLUDE"],
)  # fmt: skip
def test_classes_that_mark_no_clump(word):
    assert class_names([word], CLASSES) == {word: None}
    assert class_names([word, "knot"], CLASSES) == {word: None, "knot": "clump"}
    assert class_names([word, "x"], CLASSES, "clump") == {word: None, "x": "clump"}
    # A review that has such a class of its own takes it.
    assert class_names([word], (*CLASSES, word)) == {word: word}


def test_training_takes_background_for_no_clump(tmp_path):
    categories = [{"id": 0, "name": "background"}, {"id": 1, "name": "clump"}]
    boxes = annotation(), annotation(category_id=0, bbox=[40, 20, 8, 6])
    path = put_coco(tmp_path, coco(*boxes, categories=categories))
    labels = read_label_set(path)
    assert labels.classes == ("clump",)
    assert [box.ignored for box in labels.cutouts[0].boxes] == [False, True]


DS9 = "# Region file format: DS9 version 4.1\n"


@understood(
    "DS9",
    "a region is excluded: by - or !, by include=0 of its own or of global",
    "ignored",
    "It marks no clump and is counted.",
)
@understood(
    "DS9",
    "a region is background: its property, source=0, global background, or a tag",
    "ignored",
    "It marks no clump and is counted.",
)
@pytest.mark.parametrize(
    "lines",
    [
        "image\n-circle(41,31,3)", "image\n!circle(41,31,3)",
        "image\ncircle(41,31,3) # include=0", "image;-box(41,31,3,3,0)",
        "global include=0\nimage\ncircle(41,31,3)\nglobal include=1",
        "image\ncircle(41,31,3) # background",
        "image\ncircle(41,31,3) # background text={sky}",
        "image\ncircle(41,31,3) # text={sky} source=0",
        "global source=0\nimage\ncircle(41,31,3)\nglobal source=1",
        "global color=green background\nimage\ncircle(41,31,3)\nglobal source",
        "image\ncircle(41,31,3) # tag={background}",
    ],
)  # fmt: skip
def test_regions_that_are_excluded(tmp_path, lines):
    kept = "image\nbox(14.5,23.5,8,6,0) # text={odd clump}\n"
    path = put(tmp_path, "a.reg", f"{DS9}{lines}\n{kept}")
    assert taken(path) == [(BOX, "odd clump", "")]
    assert read_labels(path).losses.total == 1


def test_what_is_included_in_spite_of_global(tmp_path):
    for kept in ("+box(14.5,23.5,8,6,0)", "box(14.5,23.5,8,6,0) # include=1"):
        path = put(tmp_path, "a.reg", f"{DS9}global include=0\nimage\n{kept}\n")
        assert taken(path) == [(BOX, "clump", "")]
    text = f"{DS9}image\nbox(14.5,23.5,8,6,0) # text={{no background}} color=red\n"
    assert len(taken(put(tmp_path, "a.reg", text))) == 1


@understood(
    "tables",
    "a column ignore, exclude or iscrowd is set",
    "ignored",
    "The row is left out and counted.",
)
def test_rows_that_are_to_be_ignored(tmp_path):
    text = "file,x1,y1,x2,y2,ignore\na.png,9.5,19.5,17.5,25.5,0\na.png,40,20,50,30,1\n"
    path = put(tmp_path, "t.csv", text)
    assert taken(path) == [(BOX, "clump", "")]
    assert read_labels(path).losses.counts == {"a row that is to be ignored": 1}


# -- numbers without names ----------------------------------------------------

YOLO = "0 0.5 0.5 0.1 0.2\n1 0.15555556 0.38333333 0.08888889 0.1\n"


@understood(
    "YOLO",
    "data.yaml, classes.txt or obj.names lie in a folder above the labels",
    "read",
    "The nearest file of names above a label file counts, up to three folders above "
    "the one that was chosen; which one it was is said.",
)
@pytest.mark.parametrize(
    ("where", "name", "content"),
    [
        ("", "data.yaml", "names: [odd clump, clump]\n"),
        ("", "data.yaml", "names:\n  0: odd clump\n  1: clump\n"),
        ("", "classes.txt", "odd clump\nclump\n"),
        ("labels", "obj.names", "odd clump\nclump\n\n"),
        ("labels/train", "classes.txt", "odd clump\r\nclump\r\n"),
        ("", "notes.json", json.dumps({"categories": [
            {"id": 0, "name": "odd clump"}, {"id": 1, "name": "clump"}]})),
    ],
)  # fmt: skip
@pytest.mark.parametrize("chosen", ["set", "set/labels", "set/labels/train"])
def test_names_of_yolo_lie_above(tmp_path, where, name, content, chosen):
    put(tmp_path, f"set/{where}/{name}", content)
    put(tmp_path, "set/labels/train/a.txt", YOLO)
    boxes = taken(tmp_path / chosen)
    assert [cls for _, cls, _ in boxes] == ["odd clump", "clump"]
    assert any(name in note for note in read_labels(tmp_path / chosen).notes)


@understood(
    "YOLO",
    "no file names the classes",
    "read",
    "Numbers count from 0 in the review's order; which is said.",
)
def test_yolo_counts_from_zero(tmp_path):
    put(tmp_path, "labels/a.txt", YOLO)
    boxes = taken(tmp_path / "labels")
    assert [cls for _, cls, _ in boxes] == ["clump", "odd clump"]
    assert boxes[1][0] == pytest.approx(BOX, abs=0.01)
    assert "No file names its classes" in " ".join(read_labels(tmp_path).notes)
    put(tmp_path, "labels/a.txt", "1 0.5 0.5 0.1 0.2\n")
    assert taken(tmp_path / "labels")[0][1] == "odd clump"


@understood(
    "YOLO",
    "a class has a number beyond the names, or beyond the review's classes",
    "refused",
    "A numbering is taken whole or not at all: the other numbers may be shifted.",
)
def test_never_half_of_a_numbering(tmp_path):
    put(tmp_path, "labels/a.txt", YOLO + "2 0.5 0.5 0.2 0.2\n")
    with pytest.raises(LabelError, match="numbers 0, 1, 2 and no file names them"):
        taken(tmp_path / "labels")
    put(tmp_path, "data.yaml", "names: [clump, odd clump]\n")
    with pytest.raises(LabelError, match="line 3 has the class 2, which"):
        taken(tmp_path / "labels")


@understood(
    "YOLO",
    "two files of names in one folder disagree",
    "refused",
    "The one that is not of these labels has to go.",
)
def test_two_files_of_names(tmp_path):
    put(tmp_path, "a.txt", YOLO)
    put(tmp_path, "data.yaml", "names: [clump, odd clump]\n")
    put(tmp_path, "classes.txt", "clump\nodd clump\n")
    assert len(taken(tmp_path)) == 2
    put(tmp_path, "classes.txt", "odd clump\nclump\n")
    with pytest.raises(LabelError, match="names other classes"):
        taken(tmp_path)


@pytest.mark.parametrize(
    ("found", "first", "names"),
    [
        (["1", "2"], 1, ["clump", "odd clump"]),
        (["2.0", "1.0"], None, ["odd clump", "clump"]),
        (["0", "1"], 0, ["clump", "odd clump"]),
        (["7"], 0, ["clump"]),
        (["0", "1"], 1, None),
        (["1", "2", "3"], 1, None),
        (["-1", "1"], 0, None),
    ],
)
def test_numbers_are_in_the_reviews_order(found, first, names):
    if names is None:
        with pytest.raises(LabelError, match=r"--class"):
            class_names(found, CLASSES, None, first)
        assert set(class_names(found, CLASSES, "clump", first).values()) == {"clump"}
    else:
        assert list(class_names(found, CLASSES, None, first).values()) == names


@understood(
    "tables",
    "the class is a category of pandas (Parquet), or a number with a decimal",
    "read",
    "Classes are what the dictionary says; a column that is not used is named.",
)
def test_classes_in_a_dictionary(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    words = pa.array(["odd clump", "clump", None, "odd clump"]).dictionary_encode()
    table = pa.table({
        "file": pa.array(["a.png"] * 4).dictionary_encode(),
        "x1": [1.0, 20, 40, 60], "y1": [1.0, 2, 3, 4],
        "x2": pa.array([9, 29, 49, 69]).dictionary_encode(), "y2": [9.0, 9, 9, 9],
        "class": words, "colour": [0.1, 0.2, 0.3, 0.4],
    })  # fmt: skip
    path = tmp_path / "t.parquet"
    pq.write_table(table, path)
    assert [cls for _, cls, _ in taken(path)] == [
        "odd clump", "clump", "clump", "odd clump",
    ]  # fmt: skip
    assert "Columns that are not used: colour." in read_labels(path).notes
