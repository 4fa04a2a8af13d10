"""COCO JSON that others made: data sets, results of a detector, our own label sets.

Boxes are x, y, width and height from the corner of the first pixel. Names of images are
only compared with names, never opened, so a path that climbs out of the folder leads
nowhere.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import ClumpError, LabelError
from .boxes_of import around, corners_of, share
from .model import Corners, ForeignBox, ForeignLabels, Losses, Size
from .opening import is_inside, read_bytes, read_text

_NO_COCO = "Give a COCO file with images and annotations, or a list of results."


def read_coco(path: Path) -> ForeignLabels:
    """Read a COCO file, or all of a folder.

    What is no box is counted, rather than refusing the rest.

    Raises
    ------
    LabelError
        If it is no COCO file, or there is none in the folder.
    FileError
        If it cannot be read.
    """
    if not path.is_dir():
        return _read_file(path)
    files = list(coco_files(path))
    if not files:
        raise LabelError("there is no COCO file in this folder", path, _NO_COCO)
    losses = Losses()
    boxes: list[ForeignBox] = []
    others: list[str] = []
    for file in files:
        try:
            read = _read_file(file)
        except LabelError as error:
            losses.add(f"a file of which nothing is taken ({error.what})", file.name)
            continue
        losses.update(read.losses)
        boxes += read.boxes
        others += read.others
    if not boxes:
        raise LabelError(
            "no box stands in its files. " + " ".join(losses.in_words()), path, _NO_COCO
        )
    return ForeignLabels(
        "coco", path.name, path, tuple(boxes), None, losses, others=tuple(others)
    )


def coco_files(folder: Path) -> Iterator[Path]:
    """Yield the JSON files of COCO below a folder, wherever links do not lead out."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(root, name)
            ours = name.lower().endswith(".json") and is_inside(file, folder)
            if ours and file.is_file() and _says_coco(file):
                yield file


def _says_coco(path: Path) -> bool:
    """Tell whether a JSON file has images and boxes, without reading it as JSON."""
    try:
        content = read_bytes(path)
    except ClumpError:
        return False
    return b'"annotations"' in content and b'"images"' in content


def _read_file(path: Path) -> ForeignLabels:
    try:
        content = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise LabelError(
            f"this is not valid JSON ({error})", path, "Get the file again."
        ) from error
    losses = Losses()
    if isinstance(content, list):
        images: dict[Any, tuple[str, Size | None]] = {}
        classes: dict[Any, str] = {}
        parts: list[tuple[str, Any]] = [("", content)]
    elif isinstance(content, dict) and "annotations" in content:
        images = _images(content.get("images"))
        classes = _classes(content.get("categories"))
        parts = [("", content["annotations"]), ("rejected", content.get("rejected"))]
    else:
        raise LabelError("this is no COCO file", path, _NO_COCO)
    boxes = []
    for said, entries in parts:
        for entry in entries if isinstance(entries, list) else ():
            box = _box(entry, images, classes, said)
            if box is None:
                losses.add("an entry that is no box", _named(entry))
            else:
                boxes.append(box)
    if not boxes:
        raise LabelError("no box stands in it", path, _NO_COCO)
    return ForeignLabels(
        "coco", path.name, path, tuple(boxes), None, losses,
        others=tuple(name for name, _ in images.values() if name),
    )  # fmt: skip


def _images(entries: Any) -> dict[Any, tuple[str, Size | None]]:
    """Return name and size of each image by its number."""
    found: dict[Any, tuple[str, Size | None]] = {}
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict) or not _hashable(entry.get("id")):
            continue
        name = str(entry.get("file_name") or entry.get("name") or "")
        found[entry["id"]] = name, _size(entry.get("width"), entry.get("height"))
    return found


def _size(width: Any, height: Any) -> Size | None:
    if isinstance(width, int) and isinstance(height, int) and min(width, height) > 0:
        return width, height
    return None


def _classes(entries: Any) -> dict[Any, str]:
    return {
        entry["id"]: str(entry.get("name", entry["id"]))
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, dict) and _hashable(entry.get("id"))
    }


def _hashable(value: Any) -> bool:
    return isinstance(value, (int, str)) and not isinstance(value, bool)


def _box(
    entry: Any,
    images: dict[Any, tuple[str, Size | None]],
    classes: dict[Any, str],
    said: str,
) -> ForeignBox | None:
    if not isinstance(entry, dict) or not _hashable(entry.get("image_id")):
        return None
    corners = _corners(entry)
    if corners is None:
        return None
    number, category = entry["image_id"], entry.get("category_id")
    if images and number not in images:
        return None
    name, size = images.get(number, (str(number), None))
    cls = classes.get(category, "") if _hashable(category) else ""
    more = entry.get("attributes")
    more = more if isinstance(more, dict) else {}
    score = _number(entry.get("score", more.get("score")))
    if not said and entry.get("iscrowd") == 1 and more.get("status") == "proposal":
        said = "proposal"
    return ForeignBox(
        name or str(number), cls, corners, size=size, score=share(score), said=said,
        origin=_word(more.get("origin")), model=_word(more.get("model")),
        annotator=_word(more.get("annotator")), time=_word(more.get("time")),
    )  # fmt: skip


def _corners(entry: dict[str, Any]) -> Corners | None:
    """Return the corners of the box, or of what is around the outline."""
    bbox = entry.get("bbox")
    if isinstance(bbox, list) and len(bbox) == 4:
        x, y, width, height = (_number(v) for v in bbox)
        if x is None or y is None or width is None or height is None:
            return None
        if width <= 0 or height <= 0:
            return None
        return corners_of((x, y, x + width, y + height))
    outline = entry.get("segmentation")
    if not isinstance(outline, list):
        return None
    values = [
        v for part in outline if isinstance(part, list) for v in map(_number, part)
    ]
    numbers = [v for v in values if v is not None]
    if len(numbers) != len(values) or len(numbers) < 6 or len(numbers) % 2:
        return None
    box = around(list(zip(numbers[::2], numbers[1::2], strict=True)))
    return None if box is None else corners_of(box)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _word(value: Any) -> str | None:
    return value[:200] if isinstance(value, str) and value else None


def _named(entry: Any) -> str:
    return f"entry {entry.get('id')}" if isinstance(entry, dict) else ""
