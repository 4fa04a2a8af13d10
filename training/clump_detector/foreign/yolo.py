"""YOLO: a folder with one text file of boxes per image, in and out.

A line is a class's number, then the box's middle, width and height as shares of the
image's from its corner, then perhaps a score; or the number and an outline. The names
of the classes stand in ``data.yaml`` or ``classes.txt``. Paths in ``data.yaml`` are not
followed: only what lies in the chosen folder is read.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import LabelError
from .boxes_of import around, corners_of, share
from .model import Corners, ForeignBox, ForeignLabels, Losses
from .opening import is_inside, read_text

#: Files that name the classes, and ones that are no labels.
_NAMES = ("classes.txt", "obj.names", "classes.names")
_NO_LABELS = {*_NAMES, "train.txt", "val.txt", "test.txt", "readme.txt"}
_YAML = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")

_MOST_BYTES = 5_000_000

#: Bytes of ``data.yaml``: YAML is read slowly.
_MOST_YAML = 100_000


def is_yolo(folder: Path) -> bool:
    """Tell whether a folder holds text files that may be YOLO's labels."""
    return next(iter(_label_files(folder)), None) is not None


def read_yolo(folder: Path) -> ForeignLabels:
    """Read a folder of YOLO labels.

    Raises
    ------
    LabelError
        If no file in it has a box.
    FileError
        If it cannot be read.
    """
    losses = Losses()
    names = _class_names(folder)
    boxes: list[ForeignBox] = []
    files = 0
    for path in _label_files(folder):
        if not is_inside(path, folder):
            losses.add("a file that is a link out of the folder", path.name)
            continue
        files += 1
        boxes += _read_file(path, folder, names, losses)
    if not boxes:
        raise LabelError(
            f"none of the {files} text files in this folder has a box",
            folder,
            "Give the folder with the labels, one text file per image.",
        )
    notes = () if names else ("No file names its classes: their numbers are taken.",)
    return ForeignLabels("yolo", folder.name, folder, tuple(boxes), None, losses, notes)


def _label_files(folder: Path) -> Iterable[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.lower().endswith(".txt") and name.lower() not in _NO_LABELS:
                yield Path(root, name)


def _read_file(
    path: Path, folder: Path, names: Sequence[str], losses: Losses
) -> list[ForeignBox]:
    below = path.relative_to(folder).with_suffix("").as_posix()
    boxes = []
    for line in read_text(path, _MOST_BYTES).splitlines():
        words = line.split()
        if not words:
            continue
        read = _line(words)
        if read is None:
            losses.add("a line that is no box", f"{path.name}: {line.strip()[:40]}")
            continue
        number, shares, score = read
        cls = names[number] if number < len(names) else str(number)
        boxes.append(ForeignBox(below, cls, shares=shares, score=share(score)))
    return boxes


def _line(words: Sequence[str]) -> tuple[int, Corners, float | None] | None:
    """Return class, box in shares and score of a line, or None if it is none."""
    try:
        number, values = int(words[0]), [float(word) for word in words[1:]]
    except ValueError:
        return None
    if not 0 <= number < 10_000 or not all(math.isfinite(v) for v in values):
        return None
    if len(values) in (4, 5):
        x, y, width, height = values[:4]
        if width <= 0 or height <= 0:
            return None
        shares = corners_of(
            (x - width / 2, y - height / 2, x + width / 2, y + height / 2), edges=False
        )
        score = values[4] if len(values) == 5 else None
    elif len(values) >= 6 and len(values) % 2 == 0:
        shares = around(list(zip(values[::2], values[1::2], strict=True)))
        score = None
    else:
        return None
    # A share a little beyond the image's rim is cut there; pixels are no shares.
    if shares is None or min(shares) < -1 or max(shares) > 2:
        return None
    return number, shares, score


def _class_names(folder: Path) -> list[str]:
    """Return the names of the classes, or none."""
    for path in (folder / name for name in (*_YAML, *_NAMES)):
        if not path.is_file() or not is_inside(path, folder):
            continue
        if path.name in _YAML:
            names = _names_in_yaml(path)
        else:
            lines = read_text(path, _MOST_BYTES).splitlines()
            names = [line.strip() for line in lines if line.strip()]
        if names:
            return names
    return []


def _names_in_yaml(path: Path) -> list[str]:
    import yaml

    try:
        content: Any = yaml.safe_load(read_text(path, _MOST_YAML))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = str(error).splitlines()[0][:120]
        raise LabelError(
            f"this is no YAML ({reason})", path, "Mend it, or remove it."
        ) from error
    names = content.get("names") if isinstance(content, dict) else None
    if isinstance(names, dict):
        numbers = [k for k in names if isinstance(k, int) and 0 <= k < 10_000]
        names = [names.get(i) for i in range(max(numbers, default=-1) + 1)]
    if not isinstance(names, list):
        return []
    # A few lines of YAML can stand for a list that has no end.
    return [
        str(name) if isinstance(name, (str, int)) else str(i)
        for i, name in enumerate(names[:10_000])
    ]


# -- out ---------------------------------------------------------------------


def yolo_line(number: int, corners: Sequence[float], width: int, height: int) -> str:
    """Return a box, in pixels from the first one's centre, as a line."""
    x1, y1, x2, y2 = (v + 0.5 for v in corners)
    values = (
        (x1 + x2) / 2 / width, (y1 + y2) / 2 / height,
        (x2 - x1) / width, (y2 - y1) / height,
    )  # fmt: skip
    # Eight digits are 1e-4 of a pixel on the largest images.
    return " ".join([str(number), *(f"{value:.8f}" for value in values)])


def data_yaml(classes: Sequence[str], splits: Mapping[str, str]) -> str:
    """Return the file that names the classes, and the folder of each split."""
    import yaml

    content: dict[str, Any] = {"path": "."}
    content |= {split: f"images/{folder}" for split, folder in splits.items()}
    content["names"] = dict(enumerate(classes))
    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
