"""Boxes to other programs' formats and back, and as those programs read them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from regions import Regions

from clump_detector.labels.formats.detect import read_labels
from clump_detector.labels.formats.ds9_write import ds9_text, image_region, sky_regions
from clump_detector.labels.formats.voc import voc_xml
from clump_detector.labels.formats.yolo import data_yaml, yolo_line
from clump_detector.labels.regions import pixel_box, sky_box
from tests.clump_detector.labels.placement.test_place import a_wcs

WIDTH, HEIGHT = 424, 300


@st.composite
def corners(draw):
    x1 = draw(st.floats(-0.5, WIDTH - 3))
    y1 = draw(st.floats(-0.5, HEIGHT - 3))
    x2 = draw(st.floats(x1 + 1, WIDTH - 0.5))
    y2 = draw(st.floats(y1 + 1, HEIGHT - 0.5))
    return x1, y1, x2, y2


several = st.lists(corners(), min_size=1, max_size=5)
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]),
                min_size=1, max_size=12)  # fmt: skip


def written(name, text):
    folder = Path(tempfile.mkdtemp())
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path, folder


# -- YOLO --------------------------------------------------------------------


@settings(deadline=None, max_examples=50)
@given(several)
def test_yolo_and_back(boxes):
    lines = [yolo_line(1, box, WIDTH, HEIGHT) for box in boxes]
    _, folder = written("labels/a.txt", "\n".join(lines))
    (folder / "data.yaml").write_text(data_yaml(["clump", "odd clump"], {}))
    found = read_labels(folder).boxes
    assert [b.cls for b in found] == ["odd clump"] * len(boxes)
    sides = np.array([WIDTH, HEIGHT, WIDTH, HEIGHT])
    back = np.array([b.shares for b in found]) * sides - 0.5
    assert back == pytest.approx(np.array(boxes), abs=1e-4)
    # As any program reads it: the middle and the sides as shares, from the corner.
    for line, (x1, _, _, y2) in zip(lines, boxes, strict=True):
        cls, cx, cy, w, h = map(float, line.split())
        assert cls == 1
        assert cx * WIDTH - w * WIDTH / 2 == pytest.approx(x1 + 0.5, abs=1e-4)
        assert cy * HEIGHT + h * HEIGHT / 2 == pytest.approx(y2 + 0.5, abs=1e-4)


def test_yolo_counts_from_the_corner():
    # The first pixel alone, on an image of ten by ten.
    line = yolo_line(0, (-0.5, -0.5, 0.5, 0.5), 10, 10)
    assert [float(v) for v in line.split()] == [0, 0.05, 0.05, 0.1, 0.1]


# -- Pascal VOC --------------------------------------------------------------


@settings(deadline=None, max_examples=50)
@given(several, words)
def test_voc_and_back(boxes, cls):
    objects = [(cls, box, False) for box in boxes]
    text = voc_xml("a.png", (WIDTH, HEIGHT), objects)
    found = read_labels(written("a.xml", text)[0]).boxes
    assert {b.cls for b in found} <= {cls.strip()}
    assert {b.size for b in found} == {(WIDTH, HEIGHT)}
    back = np.array([b.corners for b in found])
    assert back == pytest.approx(np.array(boxes), abs=0.0051)
    # As the challenge's tools read it: the first and the last pixel, from 1.
    root = ElementTree.fromstring(text)
    for entry, (x1, _, _, y2) in zip(root.findall("object"), boxes, strict=True):
        assert float(entry.findtext("bndbox/xmin")) == pytest.approx(x1 + 1.5, abs=0.01)
        assert float(entry.findtext("bndbox/ymax")) == pytest.approx(y2 + 0.5, abs=0.01)


def test_voc_counts_from_one():
    text = voc_xml("a.png", (10, 10), [("clump", (-0.5, -0.5, 0.5, 0.5), True)])
    box = ElementTree.fromstring(text).find("object/bndbox")
    assert [child.text for child in box] == ["1", "1", "1", "1"]
    assert read_labels(written("a.xml", text)[0]).boxes[0].status == "proposal"


# -- DS9 ---------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(several, words)
def test_ds9_in_an_image_and_back(boxes, cls):
    made = [image_region(box, ["accepted"], "#56b4e9") for box in boxes]
    text = ds9_text(made, [cls] * len(boxes), "a.fits")
    found = read_labels(written("x.reg", text)[0])
    assert {b.image for b in found.boxes} == {"a.fits"}
    back = np.array([b.corners for b in found.boxes])
    assert back == pytest.approx(np.array(boxes), abs=1e-6)
    # As `regions` reads it.
    again = Regions.parse(text, format="ds9")
    assert np.array([pixel_box(r) for r in again]) == pytest.approx(
        np.array(boxes), abs=1e-6
    )
    assert all(r.meta["tag"] == ["accepted"] for r in again)


def test_ds9_counts_from_one_in_an_image():
    text = ds9_text(
        [image_region((-0.5, -0.5, 0.5, 0.5), ["drawn"], "white")], ["clump"]
    )
    assert "box(1.0" in text
    assert ",1.0" in text.split("box(1.0")[1]
    assert "text={clump}" in text
    assert "global text" not in text


@settings(deadline=None, max_examples=30)
@given(
    corners(),
    st.floats(0, 360),
    st.sampled_from([(-0.4, 0.4), (0.4, 0.4), (-0.2, 0.262)]),
    st.floats(-70, 70),
    st.sampled_from(["ICRS", "FK5"]),
)
def test_ds9_on_the_sky_and_back(box, turn, step, dec, frame):
    wcs = a_wcs(turn, step, (150.0, dec), frame, (WIDTH, HEIGHT))
    made = sky_regions([image_region(box, ["drawn"], "white")], wcs)
    text = ds9_text(made, ["clump"])
    (again,) = Regions.parse(text, format="ds9")
    assert again.center.frame.name == "icrs"
    x, y = again.center.to_pixel(wcs, origin=0, mode="all")
    middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    assert (float(x), float(y)) == pytest.approx(middle, abs=1e-3)
    (label,) = read_labels(written("x.reg", text)[0]).boxes
    back = sky_box(label.sky.region, wcs)
    width, height = box[2] - box[0], box[3] - box[1]
    # A thousandth of a pixel, but parallels are curved: a long side of a box leaves the
    # great circle by length^2 tan(dec) / 8 at either end, in radians.
    length = max(width, height) * max(map(abs, step)) / 206_265
    curved = length**2 * (1 + np.tan(np.radians(abs(dec)))) / 2 * 206_265 / 0.2
    assert back == pytest.approx(box, abs=1e-3 + curved)
    if abs(np.log(width / height)) > 0.2:  # `regions` leaves the turn of a square open
        theirs = pixel_box(again.to_pixel(wcs))
        assert theirs == pytest.approx(box, abs=1e-2 + curved)
