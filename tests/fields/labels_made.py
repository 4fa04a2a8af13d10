"""Small files of labels as other programs write them, made for the tests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clump_detector.image_files.sources import Source
from clump_detector.labels.classes.matching import class_names
from clump_detector.labels.external import ForeignLabels
from clump_detector.labels.formats.detect import read_labels
from clump_detector.labels.placement.place import Placed, place_labels

CLASSES = ("clump", "odd clump")
CATEGORIES = [{"id": 1, "name": "clump"}, {"id": 2, "name": "odd clump"}]
IMAGE = {"id": 1, "file_name": "a.png", "width": 90, "height": 60}

#: x1, y1, x2, y2 of a box that the files here describe, from the first pixel's centre.
BOX = (9.5, 19.5, 17.5, 25.5)
SIZE = (90, 60)


def put(folder: Path, name: str, content: str | bytes) -> Path:
    """Write a file below a folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content, encoding="utf-8")
    return path


def annotation(**more: Any) -> dict[str, Any]:
    """Return an annotation of COCO around `BOX`, changed as told."""
    plain = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 20, 8, 6]}
    changed = {**plain, **more}
    return {key: value for key, value in changed.items() if value is not ...}


def coco(
    *annotations: Mapping[str, Any],
    images: Sequence[Mapping[str, Any]] = (IMAGE,),
    categories: Sequence[Mapping[str, Any]] = CATEGORIES,
) -> dict[str, Any]:
    """Return the content of a COCO file."""
    return {
        "images": list(images),
        "annotations": list(annotations or (annotation(),)),
        "categories": list(categories),
    }


def put_coco(folder: Path, content: Any) -> Path:
    """Write a COCO file."""
    return put(folder, "labels.json", json.dumps(content))


def voc(box: Sequence[Any] = (11, 21, 18, 26), inside: str = "") -> str:
    """Return Pascal VOC around `BOX`."""
    tags = zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True)
    corners = "".join(f"<{tag}>{value}</{tag}>" for tag, value in tags)
    return (
        "<annotation><filename>a.png</filename><object><name>clump</name>"
        f"{inside}<bndbox>{corners}</bndbox></object></annotation>"
    )


def sources(
    *names: str, folder: Path = Path("images")
) -> list[tuple[int, Source, Any]]:
    """Return cutouts that need not be there, of 90 x 60 pixels."""
    return [
        (i, Source(Path(name).stem, (folder / name,)), SIZE)
        for i, name in enumerate(names, start=1)
    ]


def placed(labels: ForeignLabels, cutouts: Sequence[Any]) -> Placed:
    """Put labels on cutouts."""
    work = place_labels(labels, cutouts)
    while True:
        try:
            next(work)
        except StopIteration as end:
            found: Placed = end.value
            return found


def taken(path: Path) -> list[tuple[tuple[float, ...], str | None, str]]:
    """Return corners, own class and what is said of each box on ``a.png``."""
    labels = read_labels(path)
    names = class_names(
        [box.cls for box in labels.boxes], CLASSES, None, labels.numbers_from, path
    )
    on_it = placed(labels, sources("a.png")).boxes.get(1, [])
    return [(p.corners, names[p.label.cls], p.label.status) for p in on_it]
