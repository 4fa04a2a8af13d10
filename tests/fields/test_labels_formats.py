"""Formats of labels as programs write them: numbers, keypoints, masks, sizes, texts."""

from __future__ import annotations

import json

import numpy as np
import pytest
from astropy.io import fits

from clump_detector.core.errors import LabelError
from clump_detector.image_files.sources import Source
from clump_detector.labels.formats.detect import read_labels
from clump_detector.labels.label_set import read_label_set
from tests.fields.labels_made import (
    BOX,
    IMAGE,
    annotation,
    coco,
    placed,
    put,
    put_coco,
    sources,
    taken,
    voc,
)
from tests.fields.understood import understood

#: `BOX` as a line of YOLO on an image of 90 x 60.
MIDDLE = "0.15555556 0.38333333 0.08888889 0.1"


def yolo(tmp_path, *lines, more=""):
    """Return the boxes of a label file, with its refusal in place of them."""
    put(tmp_path, "set/data.yaml", f"names: [clump, odd clump]\n{more}")
    put(tmp_path, "set/a.txt", "\n".join(lines) + "\n")
    return [(tuple(np.round(corners, 3)), cls) for corners, cls, _ in taken(
        tmp_path / "set")]  # fmt: skip


@understood(
    "YOLO",
    "class numbers are 0.0 or 1e+00 (np.savetxt), commas or semicolons stand between",
    "read",
    "A whole number in any notation is a class.",
)
@pytest.mark.parametrize("number", ["1", "1.0", "1.000000000000000000e+00", "+1", "01"])
@pytest.mark.parametrize("mark", [" ", ",", ", ", ";", "\t"])
def test_lines_in_any_notation(tmp_path, number, mark):
    line = mark.join([number, *MIDDLE.split()])
    assert yolo(tmp_path, line) == [(BOX, "odd clump")]


@understood(
    "YOLO",
    "decimal commas",
    "read",
    "A comma is a decimal mark where blanks stand between the numbers and no point.",
)
def test_decimal_commas(tmp_path):
    assert yolo(tmp_path, f"1 {MIDDLE}".replace(".", ",")) == [(BOX, "odd clump")]
    with pytest.raises(LabelError):
        yolo(tmp_path, f"1 {MIDDLE}".replace(".", ",").replace(" ", ","))


@understood(
    "DS9",
    "regions are numbered by their text",
    "read",
    "A number is no class: the boxes become the first class, and that is said.",
)
def test_numbered_regions(tmp_path):
    lines = [f"circle({20 * i},20,3) # text={{{i}}}" for i in (1, 2, 3)]
    path = put(tmp_path, "a.reg", "\n".join(["image", *lines]))
    assert [cls for _, cls, _ in taken(path)] == ["clump"] * 3


@understood(
    "YOLO",
    "keypoints follow the box: data.yaml has kpt_shape, or flags of 0 to 2 show it",
    "converted",
    "The first four numbers are the box. Without kpt_shape a line that may be an "
    "outline as well is left out and counted.",
)
def test_keypoints_are_no_outline(tmp_path):
    pose = "kpt_shape: [2, 3]\n"
    line = f"0 {MIDDLE} 0.15 0.38 2 0.16 0.39 1"
    assert yolo(tmp_path, line, more=pose) == [(BOX, "clump")]
    assert yolo(tmp_path, line) == [(BOX, "clump")]
    flat = f"0 {MIDDLE} 0.15 0.38 0.16 0.39"
    assert yolo(tmp_path, flat, more="kpt_shape: [2, 2]\n") == [(BOX, "clump")]
    seen = f"0 {MIDDLE} 0.15 0.38 1 0.16 0.39 1"
    with pytest.raises(LabelError, match="may be keypoints or an outline"):
        yolo(tmp_path, seen)
    with pytest.raises(LabelError, match="another number of keypoints"):
        yolo(tmp_path, flat, more=pose)


@understood(
    "YOLO",
    "a score and the number of a track follow the box",
    "converted",
    "The box and its score are read; what may be an outline as well is left out.",
)
def test_tracks_are_no_outline(tmp_path):
    assert yolo(tmp_path, f"0 {MIDDLE} 0.9 17") == [(BOX, "clump")]
    assert read_labels(tmp_path / "set").boxes[0].score == 0.9
    with pytest.raises(LabelError, match="a tracked box or an outline"):
        yolo(tmp_path, f"0 {MIDDLE} 0.9 1")


@understood(
    "YOLO",
    "an outline, also one turned rectangle (OBB)",
    "converted",
    "The box around it; how many lines were read so is said.",
)
def test_outlines(tmp_path):
    x1, y1, x2, y2 = 10 / 90, 20 / 60, 18 / 90, 26 / 60
    line = f"0 {x1} {y1} {x2} {y1} {x2} {y2} {x1} {y2}"
    assert yolo(tmp_path, line) == [(BOX, "clump")]
    assert "1 line was read as outlines." in read_labels(tmp_path / "set").notes


@understood(
    "YOLO",
    "pixels instead of shares, a fifth number that is no score, words",
    "refused",
    "The first such line is shown with its file and number.",
)
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0 14 23 8 6", "numbers are not fractions"),
        (f"0 {MIDDLE} 45", "fifth number is not a score"),
        (f"clump {MIDDLE}", "does not begin with a class's number"),
        (f"0.5 {MIDDLE}", "does not begin with a class's number"),
        ("0 0.5 0.5 0.1", "fewer than four numbers"),
        ("0 0.5 0.5 0 0.1", "has no area"),
        (f"-1 {MIDDLE}", "not a number from 0"),
        ("0 0.5 0.5 x 0.1", "words where numbers belong"),
        (f"0 {MIDDLE} 0.1 0.2 0.3", "odd number of numbers"),
    ],
)
def test_a_refusal_shows_the_first_line(tmp_path, line, words):
    with pytest.raises(LabelError, match=words) as error:
        yolo(tmp_path, "", line)
    assert f"a.txt, line 2: {line}"[:30] in error.value.message


def test_one_file_of_yolo_is_enough(tmp_path):
    put(tmp_path, "classes.txt", "odd clump\nclump\n")
    path = put(tmp_path, "a.txt", f"0 {MIDDLE}\n")
    assert taken(path)[0][1] == "odd clump"


# -- COCO ---------------------------------------------------------------------


def rle(x1=10, y1=20, x2=18, y2=26, width=90, height=60):
    """Return the counts of a mask that is a rectangle."""
    mask = np.zeros((height, width), bool)
    mask[y1:y2, x1:x2] = True
    flat = mask.ravel(order="F")
    ends = np.flatnonzero(np.diff(np.concatenate([[False], flat, [not flat[-1]]])))
    return np.diff(np.concatenate([[0], ends])).tolist()


def packed(mask_counts):
    pycocotools = pytest.importorskip("pycocotools.mask")
    shape = {"size": [60, 90], "counts": mask_counts}
    return pycocotools.frPyObjects(shape, 60, 90)["counts"].decode()


@understood(
    "COCO",
    "a mask (run-length encoded, also packed) and no box",
    "converted",
    "The box around the mask; where it is called a crowd, as programs do with masks, "
    "it is a proposal to decide on.",
)
@pytest.mark.parametrize("how", [list, packed])
def test_masks_without_a_box(tmp_path, how):
    mask = {"size": [60, 90], "counts": how(rle())}
    path = put_coco(tmp_path, coco(annotation(bbox=..., segmentation=mask)))
    assert taken(path) == [(BOX, "clump", "")]
    assert read_label_set(path).cutouts[0].boxes[0].corners == BOX
    one = annotation(bbox=..., segmentation=mask, iscrowd=1)
    assert taken(put_coco(tmp_path, coco(one))) == [(BOX, "clump", "proposal")]


def test_a_mask_tells_the_size_of_its_image(tmp_path):
    mask = {"size": [90.0, "60"], "counts": rle(width=60, height=90)}
    images = [{"id": 1, "file_name": "a.png"}]
    one = annotation(segmentation=mask)
    path = put_coco(tmp_path, coco(one, images=images))
    assert read_labels(path).boxes[0].size == (60, 90)
    assert taken(path) == []


def test_a_mask_over_several_columns_and_a_broken_one(tmp_path):
    # It goes on from the bottom of column 16 to the top of column 17.
    for counts, expected in (
        ([16 * 60 + 50, 20, 90 * 60 - 16 * 60 - 70], (15.5, -0.5, 17.5, 59.5)),
        ([1000, 5], None),
        (["x"], None),
        ("\x00\x7f", None),
        ([-5, 10, 90 * 60 - 5], None),
    ):
        one = annotation(bbox=..., segmentation={"size": [60, 90], "counts": counts})
        path = put_coco(tmp_path, coco(one))
        if expected is None:
            with pytest.raises(LabelError, match="has no area or no numbers"):
                read_labels(path)
        else:
            assert taken(path) == [(expected, "clump", "")]


@understood(
    "COCO",
    "the image's size is 640.0 or a text, and the cutout has another",
    "refused",
    "A stated size counts in any notation: boxes of a resized picture are left out, "
    "and that is said.",
)
@pytest.mark.parametrize("side", [640, 640.0, "640", "640.0", "6.4e2"])
def test_a_size_in_any_notation(tmp_path, side):
    images = [{**IMAGE, "width": side, "height": side}]
    path = put_coco(tmp_path, coco(images=images))
    assert read_labels(path).boxes[0].size == (640, 640)
    assert taken(path) == []
    cutout = read_label_set(path).cutouts[0]
    assert (cutout.width, cutout.height) == (640, 640)


def test_a_training_wants_a_size_in_whole_pixels(tmp_path):
    for side in (0, -3, 640.5, "wide", None, True):
        path = put_coco(tmp_path, coco(images=[{**IMAGE, "width": side}]))
        with pytest.raises(LabelError, match="image 1 has no size"):
            read_label_set(path)


def test_boxes_of_texts(tmp_path):
    path = put_coco(tmp_path, coco(annotation(bbox=["10", "20.0", "8", 6])))
    assert taken(path) == [(BOX, "clump", "")]
    with pytest.raises(LabelError, match=r"it has no usable box. 1 left out: .*image"):
        read_labels(put_coco(tmp_path, coco(annotation(image_id=...))))


# -- Pascal VOC ---------------------------------------------------------------


@understood(
    "Pascal VOC",
    "the last pixel stands before the first (xmin 18, xmax 11)",
    "converted",
    "They are put in order before pixels are counted.",
)
@pytest.mark.parametrize(
    "box", [(11, 21, 18, 26), (18, 26, 11, 21), (18, 21, 11, 26), ("11.0", 21, 18, 26)]
)
def test_corners_in_any_order(tmp_path, box):
    assert taken(put(tmp_path, "a.xml", voc(box))) == [(BOX, "clump", "")]


@understood(
    "Pascal VOC",
    "a box begins at pixel 0, though the format counts from 1",
    "read",
    "As the format has it; that the boxes may lie a pixel off is said.",
)
def test_voc_that_counts_from_zero(tmp_path):
    (note,) = read_labels(put(tmp_path, "a.xml", voc((0, 21, 18, 26)))).notes
    assert "1 box begins before pixel 1" in note


# -- DS9 ----------------------------------------------------------------------

BOX_IN_DS9 = "box(14.5,23.5,8,6,0)"


@understood(
    "DS9",
    "physical coordinates, or none named",
    "read",
    "They are pixels of the image where its header shifts nothing (LTV, LTM, WCS P).",
)
@understood(
    "DS9",
    "physical coordinates of an image whose header shifts them",
    "refused",
    "The regions are left out; they can be saved as image or fk5.",
)
@pytest.mark.parametrize("frame", ["physical\n", "", "image\n"])
@pytest.mark.parametrize(
    ("cards", "same"),
    [
        ({}, True),
        ({"LTV1": 0.0, "LTM1_1": 1.0}, True),
        ({"LTV1": -100.0}, False),
        ({"LTM1_1": 0.5, "LTM2_2": 0.5}, False),
        ({"CRPIX1P": 1.0, "CRVAL1P": 4000.5, "CDELT1P": 1.0}, False),
    ],
)
def test_physical_pixels(tmp_path, frame, cards, same):
    header = fits.Header(cards)
    image = np.random.default_rng(1).normal(size=(60, 90)).astype(np.float32)
    fits.writeto(tmp_path / "g.fits", image, header)
    path = put(tmp_path, "g.reg", f"{frame}{BOX_IN_DS9}\n")
    cutouts = [(1, Source("g", (tmp_path / "g.fits",)), (90, 60))]
    found = placed(read_labels(path), cutouts)
    if same or frame == "image\n":
        assert found.boxes[1][0].corners == pytest.approx(BOX)
    else:
        assert found.total == 0
        assert "physical pixels are shifted" in " ".join(found.in_words())


@understood(
    "DS9",
    "no coordinate system is named and the numbers are angles",
    "refused",
    "The regions are left out and counted.",
)
def test_angles_without_a_frame(tmp_path):
    path = put(tmp_path, "a.reg", 'circle(10:00:00,+02:00:00,5")\n')
    with pytest.raises(LabelError, match="without a coordinate system"):
        read_labels(path)


# -- texts --------------------------------------------------------------------


@understood(
    "DS9, XML, JSON, text",
    "Latin-1 or UTF-16 instead of UTF-8",
    "read",
    "XML is read in the encoding that it declares, UTF-16 by its first bytes, all else "
    "as Latin-1, which is said.",
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_texts_in_any_encoding(tmp_path, encoding):
    region = f"image\n{BOX_IN_DS9} # text={{Knäuel}}\n".encode(encoding)
    path = put(tmp_path, "a.reg", region)
    labels = read_labels(path)
    assert labels.boxes[0].cls == "Knäuel"
    assert labels.boxes[0].corners == pytest.approx(BOX)
    assert ("Latin-1" in " ".join(labels.notes)) is (encoding == "latin-1")
    content = coco(images=[{**IMAGE, "file_name": "Süd.png"}])
    text = json.dumps(content, ensure_ascii=False).encode(encoding)
    assert read_labels(put(tmp_path, "a.json", text)).boxes[0].image == "Süd.png"
    table = "file;x1;y1;x2;y2;class\nSüd.png;1;2;9;9;clump\n".encode(encoding)
    labels = read_labels(put(tmp_path, "a.csv", table))
    assert labels.boxes[0].image == "Süd.png"
    assert ("Latin-1" in " ".join(labels.notes)) is (encoding == "latin-1")


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("ISO-8859-1", "latin-1"), ("windows-1252", "cp1252"), ("UTF-8", "utf-8"),
        ("utf-16", "utf-16"), ("UTF-8", "latin-1"), ("nonsense", "utf-8"),
        ("gb18030", "gb18030"), ("rot13", "utf-8"), (None, "latin-1"),
    ],
)  # fmt: skip
def test_xml_in_the_encoding_that_it_declares(tmp_path, declared, encoding):
    head = "" if declared is None else f'<?xml version="1.0" encoding="{declared}"?>'
    text = voc().replace("a.png", "süd.png")
    path = put(tmp_path, "a.xml", f"{head}{text}".encode(encoding))
    (box,) = read_labels(path).boxes
    assert (box.image, box.corners) == ("süd.png", BOX)


def test_entities_are_refused_in_any_encoding(tmp_path):
    text = '<!DOCTYPE a [<!ENTITY b "c">]><annotation/>'
    for encoding in ("utf-8", "utf-16", "utf-16-le", "latin-1"):
        path = put(tmp_path, "a.xml", text.encode(encoding))
        with pytest.raises(LabelError):
            read_labels(path)


# -- tables -------------------------------------------------------------------


@understood(
    "tables",
    "x, y, width, height in a file of Zooniverse, VIA or COCO, a bbox column, bbox_x",
    "read",
    "The corner, from the corner of the first pixel, as these programs have it.",
)
@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("file,x,y,width,height,tool,frame", "10,20,8,6,0,0"),
        ("file,x,y,width,height,workflow_id,subject_id", "10,20,8,6,1,1"),
        ("file,x,y,width,height,region_id,region_count", "10,20,8,6,1,1"),
        ("file,bbox_x,bbox_y,bbox_width,bbox_height", "10,20,8,6"),
        ("file,bbox", '"[10, 20, 8.0, 6]"'),
        ("file,bbox", '"(10,20,8,6)"'),
        ("file,width,height,bbox", '90,60,"[10.0, 20.0, 8.0, 6.0]"'),
    ],
)
def test_a_corner_where_the_program_has_one(tmp_path, header, row):
    path = put(tmp_path, "t.csv", f"{header}\na.png,{row}\n")
    assert taken(path) == [(BOX, "clump", "")]
    assert "corner" in read_labels(path).notes[0]


@understood(
    "tables",
    "x_min, y_min (or left, top) with width and height; SExtractor's XMIN_IMAGE",
    "read",
    "The name says the corner; SExtractor counts whole pixels from 1.",
)
@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("file,x_min,y_min,width,height", "9.5,19.5,8,6"),
        ("file,left,top,w,h", "9.5,19.5,8,6"),
        ("file,XMIN_IMAGE,YMIN_IMAGE,XMAX_IMAGE,YMAX_IMAGE", "11,21,18,26"),
        ("filename,width,height,class,xmin,ymin,xmax,ymax",
         "90,60,clump,9.5,19.5,17.5,25.5"),
        ("file,x_centre,y_centre,width,height", "13.5,22.5,8,6"),
        ("file,x,y,width,height", "13.5,22.5,8,6"),
    ],
)  # fmt: skip
def test_columns_whose_names_say_it(tmp_path, header, row):
    path = put(tmp_path, "t.csv", f"{header}\na.png,{row}\n")
    assert taken(path) == [(BOX, "clump", "")]


@understood(
    "tables",
    "x, y, width, height and nothing says whether x, y is the middle or the corner",
    "read",
    "The middle, which is said; refused where the box of a row would begin outside "
    "the image.",
)
def test_a_middle_that_cannot_be_one(tmp_path):
    head = "file,x,y,width,height\n"
    path = put(tmp_path, "t.csv", f"{head}a.png,10,20,8,6\na.png,2,3,20,20\n")
    with pytest.raises(LabelError, match="x_min and y_min if they are the corner"):
        read_labels(path)
    path = put(tmp_path, "t.csv", f"{head}a.png,10,20,8,6\n")
    assert "name them x_min and y_min" in read_labels(path).notes[0]


@understood(
    "tables",
    "the image's size stands beside the box (TensorFlow's width, height; image_width)",
    "read",
    "Boxes of a picture of another size are left out, and that is said.",
)
def test_the_size_of_the_image_in_a_table(tmp_path):
    head = "filename,width,height,class,xmin,ymin,xmax,ymax\n"
    path = put(tmp_path, "t.csv", f"{head}a.png,640,640,clump,10,20,18,26\n")
    assert taken(path) == []
    head = "file,x1,y1,x2,y2,image_width,image_height\n"
    path = put(tmp_path, "t.csv", f"{head}a.png,10,20,18,26,640.0,640.0\n")
    assert "another size" in " ".join(
        placed(read_labels(path), sources("a.png")).in_words()
    )
