"""Importing COCO JSON: data sets, results of a detector, label sets of this program.

Boxes are x, y, width and height from the corner of the first pixel. Names of images are
only compared with names and never opened, so a path that leaves the folder is harmless.
For ids, classes, sizes and flags see `clump_detector.labels.coco_file`, which training
uses, too.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clump_detector.core.errors import ClumpError, LabelError
from clump_detector.core.notation import real
from clump_detector.core.signatures import kind_of
from clump_detector.labels.classes.matching import first_number
from clump_detector.labels.coco_file import (
    CROWD,
    IGNORED,
    Id,
    by_id,
    class_names,
    edges_of,
    has_only_mask,
    id_of,
    is_difficult,
    mask_size,
    set_aside,
    size_of,
)
from clump_detector.labels.coordinates import corners_of, share
from clump_detector.labels.external import ForeignBox, ForeignLabels, Losses, Size
from clump_detector.labels.json_programs import other_format
from clump_detector.labels.packed_files import is_inside, read_bytes, read_text

_NO_COCO = "Give a COCO file with images and annotations, or a list of results."

_EXPORT = "Export it as COCO, YOLO or Pascal VOC from the program it comes from."

_SET_ASIDE = {
    IGNORED: "an annotation that is to be ignored",
    CROWD: "a crowd region (iscrowd), which is not a single object",
}


@dataclass(frozen=True)
class _File:
    """The content of a file besides its annotations."""

    path: Path
    images: dict[Id, tuple[str, Size | None]] = field(default_factory=dict)
    classes: dict[Id, str] = field(default_factory=dict)
    losses: Losses = field(default_factory=Losses)


def read_coco(path: Path) -> ForeignLabels:
    """Read a COCO file, or all of a folder.

    Entries that are not boxes are counted and left out.

    Raises
    ------
    LabelError
        If it is not a COCO file, or the folder has none, an id is that of two images or
        classes, or a box has a class that the file does not name.
    FileError
        If it cannot be read.
    """
    if not path.is_dir():
        return _read_file(path)
    files = list(coco_files(path))
    if not files:
        raise LabelError("there is no COCO file in this folder", path, _NO_COCO)
    losses, read = Losses(), list[ForeignLabels]()
    for file in files:
        try:
            read.append(_read_file(file))
        except LabelError as error:
            losses.add(f"a file that was not imported ({error.what})", file.name)
            continue
        losses.update(read[-1].losses)
    return _joined(path, read, losses)


def _joined(
    folder: Path, read: Sequence[ForeignLabels], losses: Losses
) -> ForeignLabels:
    """Return the labels of several files as those of their folder."""
    if not read:
        raise LabelError(
            "its files have no box. " + " ".join(losses.in_words()), folder, _NO_COCO
        )
    numbered: dict[int | None, str] = {}
    for labels in read:
        numbered.setdefault(labels.numbers_from, labels.path.name)
    if len(numbered) > 1:
        one, other = list(numbered.values())[:2]
        raise LabelError(
            f"its files name their classes in different ways ({one} and {other})",
            folder,
            "Import the files one by one.",
        )
    boxes, others, notes = (
        tuple(entry for labels in read for entry in getattr(labels, name))
        for name in ("boxes", "others", "notes")
    )
    return ForeignLabels(
        "coco", folder.name, folder, boxes, None, losses, notes,
        others=others, numbers_from=next(iter(numbered)),
    )  # fmt: skip


def coco_files(folder: Path) -> Iterator[Path]:
    """Yield the COCO files below a folder, without links that lead out of it."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(root, name)
            ours = name.lower().endswith(".json") and is_inside(file, folder)
            if ours and file.is_file() and _is_coco(file):
                yield file


def _is_coco(path: Path) -> bool:
    """Return whether a JSON file has images and boxes, without parsing it."""
    try:
        content = read_bytes(path)
    except ClumpError:
        return False
    return b'"annotations"' in content and b'"images"' in content


def _read_file(path: Path) -> ForeignLabels:
    notes: list[str] = []
    content = _content(path, notes)
    other = other_format(content)
    if other:
        raise LabelError(f"this is {other}, not COCO", path, _EXPORT)
    if isinstance(content, list):
        file = _File(path)
        parts: list[tuple[str, object]] = [("", content)]
    elif isinstance(content, dict) and "annotations" in content:
        images = by_id(content.get("images"), "image", path)
        named = {key: (_name(entry), size_of(entry)) for key, entry in images.items()}
        file = _File(path, named, class_names(content.get("categories"), path))
        parts = [("", content["annotations"]), ("rejected", content.get("rejected"))]
    else:
        raise LabelError("this is not a COCO file", path, _NO_COCO)
    boxes = []
    for status, entries in parts:
        for entry in entries if isinstance(entries, list) else ():
            box = _box(entry, file, status)
            if box is not None:
                boxes.append(box)
    if not boxes:
        why = " ".join(file.losses.in_words())
        remedy = None if why else _NO_COCO  # the reasons are remedy enough
        raise LabelError(f"it has no usable box. {why}".strip(". "), path, remedy)
    return ForeignLabels(
        "coco", path.name, path, tuple(boxes), None, file.losses, tuple(notes),
        others=tuple(name for name, _ in file.images.values() if name),
        numbers_from=first_number(file.classes.values()) if file.classes else 1,
    )  # fmt: skip


def _content(path: Path, notes: list[str]) -> object:
    text = read_text(path, notes=notes)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        real_kind = kind_of(read_bytes(path)[:512]).removesuffix("JSON or another text")
        why = f"it is {real_kind}" if real_kind else str(error)
        raise LabelError(
            f"this is not valid JSON ({why})", path, "Get the file again."
        ) from error


def _name(image: Mapping[str, object]) -> str:
    return str(image.get("file_name") or image.get("name") or "")


def _box(entry: object, file: _File, status: str) -> ForeignBox | None:
    """Return an annotation as a box, or None after the reason was counted."""
    if not isinstance(entry, dict):
        file.losses.add("an entry that is not a box", str(entry))
        return None
    why = _why_not(entry, file)
    edges = edges_of(entry)
    if why or edges is None:
        why = why or "an annotation whose box or outline has no area or no numbers"
        file.losses.add(why, f"annotation {entry.get('id', '')}".strip())
        return None
    more = entry.get("attributes")
    more = more if isinstance(more, dict) else {}
    status = status or _undecided(entry, more)
    aside = set_aside(entry)
    if aside and not status:
        # Tools that write masks mark each of them as a crowd: the user may decide.
        if aside == IGNORED or not has_only_mask(entry):
            file.losses.add(_SET_ASIDE[aside], f"annotation {entry.get('id', '')}")
            return None
        status = "proposal"
    image = id_of(entry.get("image_id"))
    given = str(entry["image_id"]).strip()
    assert image is not None  # checked by `_why_not`
    name, size = file.images.get(image, (given, None))
    return ForeignBox(
        name or given, _class(entry, file), corners_of(edges),
        size=size or mask_size(entry),
        score=share(real(entry.get("score", more.get("score")))), status=status,
        origin=_word(more.get("origin")), model=_word(more.get("model")),
        annotator=_word(more.get("annotator")), time=_word(more.get("time")),
    )  # fmt: skip


def _why_not(entry: Mapping[str, object], file: _File) -> str:
    """Return why an annotation belongs to no image, or ''."""
    image = id_of(entry.get("image_id"))
    if image is None:
        return "an annotation without an image's id"
    if file.images and image not in file.images:
        return "an annotation of an image that the file does not list"
    return ""


def _class(entry: Mapping[str, object], file: _File) -> str:
    """Return the class of an annotation as the file names it, '' for none.

    A number that no category has is refused, since the others may be shifted, too.
    """
    number = id_of(entry.get("category_id"))
    if number is None:
        return ""
    if file.classes and number not in file.classes:
        raise LabelError(
            f"annotation {entry.get('id', '')} has the class {number}, which is not "
            "among the file's categories",
            file.path,
            "Correct the categories: the numbers of the others may be shifted, too.",
        )
    return file.classes.get(number, str(number))


def _undecided(entry: Mapping[str, object], more: Mapping[str, object]) -> str:
    """Return "proposal" for undecided boxes of this program and `difficult` ones."""
    ours = more.get("status") == "proposal" and set_aside(entry) == CROWD
    return "proposal" if ours or is_difficult(entry) else ""


def _word(value: object) -> str | None:
    return value[:200] if isinstance(value, str) and value else None
