"""Files of labels drawn at random, and what has to come of each of them.

Each strategy draws what stands in a file; its check writes the file, reads it, and
compares boxes and classes with what was drawn. The checks run under pytest with a few
examples each, and with as many as one likes elsewhere.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from clump_detector.core.errors import LabelError
from clump_detector.labels.label_set import read_label_set
from tests.fields.labels_made import CLASSES, SIZE, put, taken
from tests.fields.properties import checked

#: How programs write a whole number, and any number.
WHOLE = ("{}", "{}.0", "{}.000000", "{}e0", "{:.18e}", " {} ")
NUMBER = ("{:.10g}", "{:.8f}", "{:.18e}")

WIDTH, HEIGHT = SIZE


@dataclass(frozen=True)
class Drawn:
    """Boxes of one image, and how a file writes them.

    ``boxes`` are x1, y1, x2, y2 from the corner of the first pixel with the number of
    their class from 0; ``numbers`` is what stands for each class, ``named`` whether the
    file says which; ``style`` picks notations.
    """

    boxes: tuple[tuple[tuple[int, int, int, int], int], ...]
    numbers: tuple[int, ...]
    named: bool
    style: int

    def whole(self, number: int, place: int = 0) -> str:
        """Return a whole number in one of its notations."""
        form = WHOLE[(self.style + place) % len(WHOLE)]
        return form.format(number)

    def number(self, value: float, place: int = 0) -> str:
        """Return a number in one of its notations."""
        return NUMBER[(self.style + place) % len(NUMBER)].format(value)

    def mixed(self, number: int, place: int = 0) -> Any:
        """Return a whole number as JSON may hold it."""
        kinds = (number, float(number), str(number), f"{number}.0")
        return kinds[(self.style + place) % len(kinds)]

    @property
    def order(self) -> list[int]:
        """The classes in the order of their numbers."""
        return sorted(range(len(CLASSES)), key=lambda i: self.numbers[i])

    @property
    def expected(self) -> list[tuple[tuple[float, ...], str]]:
        """Corners from the first pixel's centre, and the class, of each box."""
        return [(tuple(v - 0.5 for v in box), CLASSES[cls]) for box, cls in self.boxes]


@st.composite
def _boxes(draw: st.DrawFn) -> tuple[int, int, int, int]:
    x1, y1 = draw(st.integers(0, WIDTH - 4)), draw(st.integers(0, HEIGHT - 4))
    x2, y2 = draw(st.integers(x1 + 3, WIDTH)), draw(st.integers(y1 + 3, HEIGHT))
    return x1, y1, x2, y2


@st.composite
def drawn_labels(draw: st.DrawFn, first: int, *, free: bool = False) -> Drawn:
    """Draw the labels of an image.

    Parameters
    ----------
    first : int
        The number of the first class where a file names none.
    free : bool
        Whether any numbers may stand for the classes where the file names them.
    """
    found = draw(
        st.lists(
            st.tuples(_boxes(), st.integers(0, len(CLASSES) - 1)),
            min_size=1, max_size=4, unique_by=lambda item: item[0],
        )
    )  # fmt: skip
    named = draw(st.booleans())
    numbers = tuple(range(first, first + len(CLASSES)))
    if named and free:
        any_two = st.lists(st.integers(0, 99), min_size=2, max_size=2, unique=True)
        numbers = tuple(draw(any_two))
    elif named:
        numbers = tuple(draw(st.permutations(numbers)))
    return Drawn(tuple(found), numbers, named, draw(st.integers(0, 11)))


def _same(path: Path, drawn: Drawn) -> None:
    """Compare what is read of a file with what was drawn."""
    found = taken(path)
    assert len(found) == len(drawn.boxes)
    for (corners, cls, said), (wanted, name) in zip(found, drawn.expected, strict=True):
        assert corners == pytest.approx(wanted, abs=2e-3)
        assert (cls, said) == (name, "")


# -- YOLO ---------------------------------------------------------------------


def yolo_labels() -> st.SearchStrategy[Drawn]:
    """Draw labels whose classes count from 0."""
    return drawn_labels(0)


@checked(yolo_labels)
def check_yolo(drawn: Drawn) -> None:
    """Read a folder of YOLO in any notation; names lie anywhere above."""
    mark = (" ", ",", ", ", ";", "\t", "  ")[drawn.style % 6]
    lines = []
    for place, ((x1, y1, x2, y2), cls) in enumerate(drawn.boxes):
        values = (
            (x1 + x2) / 2 / WIDTH, (y1 + y2) / 2 / HEIGHT,
            (x2 - x1) / WIDTH, (y2 - y1) / HEIGHT,
        )  # fmt: skip
        words = [drawn.whole(drawn.numbers[cls], place).strip()]
        words += [drawn.number(value, place) for value in values]
        lines.append(mark.join(words + ["0.5"] * (drawn.style % 3 == 1)))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "set")
        put(root, "labels/train/a.txt", "\r\n".join(lines))
        names = [CLASSES[i] for i in drawn.order]
        if drawn.named:
            where = ("", "labels/", "labels/train/")[drawn.style % 3]
            if drawn.style % 2:
                put(root, f"{where}data.yaml", json.dumps({"names": names}))
            else:
                put(root, f"{where}classes.txt", "\n".join(names))
        chosen = ("", "labels", "labels/train")[drawn.style // 3 % 3]
        _same(root / chosen, drawn)


@st.composite
def wrong_numberings(draw: st.DrawFn) -> tuple[list[int], bool]:
    """Draw numbers of classes, one of which is none of the two, and whether named."""
    numbers = draw(st.lists(st.integers(0, 9), min_size=2, max_size=5, unique=True))
    outside = draw(st.integers(2, 9))
    return [*(n for n in numbers if n != outside), outside], draw(st.booleans())


@checked(wrong_numberings)
def check_wrong_numbering(drawn: tuple[list[int], bool]) -> None:
    """Refuse a numbering of which a part is unknown; never take the other part."""
    numbers, named = drawn
    if len(numbers) < 2:
        return
    with tempfile.TemporaryDirectory() as folder:
        lines = [f"{n} 0.5 0.5 0.{i + 1} 0.1" for i, n in enumerate(numbers)]
        put(Path(folder), "a.txt", "\n".join(lines))
        if named:
            put(Path(folder), "classes.txt", "\n".join(CLASSES))
        with pytest.raises(LabelError):
            taken(Path(folder))


# -- COCO ---------------------------------------------------------------------


def coco_labels() -> st.SearchStrategy[Drawn]:
    """Draw labels whose classes have any number."""
    return drawn_labels(1, free=True)


@checked(coco_labels)
def check_coco(drawn: Drawn) -> None:
    """Read COCO with ids in any notation, for import and for training."""
    annotations = [
        {
            "id": place,
            "image_id": drawn.mixed(5, place),
            "category_id": drawn.mixed(drawn.numbers[cls], place + 1),
            "bbox": [x1, y1, x2 - x1, y2 - y1],
            "iscrowd": drawn.style % 2 and False,
        }
        for place, ((x1, y1, x2, y2), cls) in enumerate(drawn.boxes)
    ]
    image = {
        "id": drawn.mixed(5, 2), "file_name": "a.png",
        "width": drawn.mixed(WIDTH), "height": drawn.mixed(HEIGHT, 1),
    }  # fmt: skip
    categories = [
        {"id": drawn.mixed(drawn.numbers[i], 3), "name": CLASSES[i]}
        for i in drawn.order
    ]
    content = {
        "images": [image],
        "annotations": annotations,
        "categories": categories if drawn.named else [],
    }
    with tempfile.TemporaryDirectory() as folder:
        path = put(Path(folder), "l.json", json.dumps(content))
        _same(path, drawn)
        if drawn.named:
            (cutout,) = read_label_set(path).cutouts
            assert (cutout.width, cutout.height) == SIZE
            read = [(box.corners, box.cls) for box in cutout.boxes]
            assert read == drawn.expected


# -- Pascal VOC, DS9, tables --------------------------------------------------


def named_labels() -> st.SearchStrategy[Drawn]:
    """Draw labels of formats whose classes are words."""
    return drawn_labels(1)


@checked(named_labels)
def check_voc(drawn: Drawn) -> None:
    """Read Pascal VOC with its corners in any order and encoding."""
    objects = ""
    for place, ((x1, y1, x2, y2), cls) in enumerate(drawn.boxes):
        xs, ys = [x1 + 1, x2], [y1 + 1, y2]
        if drawn.style % 2:
            xs.reverse()
        if drawn.style % 3:
            ys.reverse()
        pairs = zip(("xmin", "xmax", "ymin", "ymax"), (*xs, *ys), strict=True)
        box = "".join(f"<{t}>{drawn.whole(v, place)}</{t}>" for t, v in pairs)
        objects += (
            f"<object><name>{CLASSES[cls]}</name><difficult>0</difficult>"
            f"<bndbox>{box}</bndbox></object>"
        )
    encoding = ("utf-8", "iso-8859-1", "utf-16", "windows-1252")[drawn.style % 4]
    size = f"<size><width>{drawn.whole(WIDTH)}</width><height>{HEIGHT}</height></size>"
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?><annotation><folder>Süd</folder>'
        f"<filename>a.png</filename>{size}{objects}</annotation>"
    )
    with tempfile.TemporaryDirectory() as folder:
        _same(put(Path(folder), "x.xml", text.encode(encoding)), drawn)


@checked(named_labels)
def check_ds9(drawn: Drawn) -> None:
    """Read DS9 with excluded regions between, global or of their own."""
    lines = ["# Region file format: DS9", "# Filename: /far/a.png", "global width=1"]
    frame = ("image", "physical", "")[drawn.style % 3]
    lines += [frame] * bool(frame)
    for place, ((x1, y1, x2, y2), cls) in enumerate(drawn.boxes):
        # DS9 counts from 1 at the first pixel's centre.
        middle = (x1 + x2) / 2 + 0.5, (y1 + y2) / 2 + 0.5
        shape = f"box({middle[0]},{middle[1]},{x2 - x1},{y2 - y1},0)"
        excluded = (
            [f"-{shape}"],
            [f"{shape} # include=0"],
            ["global include=0", shape, f"{shape} # color=red", "global include=1"],
            [f"{shape} # background"],
            [f"{shape} # text={{x}} background"],
        )[(drawn.style + place) % 5]
        lines += [*excluded, f"{shape} # text={{{CLASSES[cls]}}} tag={{b}}"]
    encoding = ("utf-8", "utf-16")[drawn.style % 2]
    with tempfile.TemporaryDirectory() as folder:
        _same(put(Path(folder), "x.reg", "\n".join(lines).encode(encoding)), drawn)


@checked(named_labels)
def check_table(drawn: Drawn) -> None:
    """Read CSV with corners, or a corner and sides, and classes as words or numbers."""
    kinds = ("x1,y1,x2,y2", "x_min,y_min,width,height", "bbox", "xmin,ymin,xmax,ymax",
             "x_centre,y_centre,width,height")  # fmt: skip
    kind = kinds[drawn.style % len(kinds)]
    rows = [f"file,{kind},class,ignore"]
    for place, ((x1, y1, x2, y2), cls) in enumerate(drawn.boxes):
        sides = x2 - x1, y2 - y1
        left, top = x1 - 0.5, y1 - 0.5  # from the centre of the first pixel
        values = {
            "x1,y1,x2,y2": (left, top, x2 - 0.5, y2 - 0.5),
            "xmin,ymin,xmax,ymax": (left, top, x2 - 0.5, y2 - 0.5),
            "x_min,y_min,width,height": (left, top, *sides),
            "x_centre,y_centre,width,height": (
                left + sides[0] / 2, top + sides[1] / 2, *sides,
            ),
            "bbox": (f'"[{x1}, {y1}, {sides[0]}.0, {sides[1]}]"',),
        }[kind]  # fmt: skip
        word = CLASSES[cls] if drawn.named else drawn.whole(cls + 1, place).strip()
        cells = ",".join(map(str, values))
        rows.append(f"a.png,{cells},{word},0")
        rows.append(f"a.png,{cells},{word},1")
    with tempfile.TemporaryDirectory() as folder:
        _same(put(Path(folder), "t.csv", "\n".join(rows)), drawn)
