"""Reading and writing YOLO: a folder with one text file of boxes per image.

A line has a class's number, counted from 0, and a box; for variants see `yolo_lines`.
The names of the classes are in a file that `yolo_names` finds. Paths in ``data.yaml``
are not followed.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from clump_detector.core.errors import LabelError
from clump_detector.labels.classes.matching import first_number
from clump_detector.labels.coordinates import share
from clump_detector.labels.external import ForeignBox, ForeignLabels, Losses
from clump_detector.labels.packed_files import is_inside, read_text

from .yolo_lines import parse_line
from .yolo_names import TEXT_NAMES, ClassNames, NamesAbove

#: Text files that are not labels.
_NO_LABELS = {*TEXT_NAMES, "train.txt", "val.txt", "test.txt", "readme.txt"}

_MOST_BYTES = 5_000_000


def is_yolo(folder: Path) -> bool:
    """Return whether a folder holds text files that may be YOLO's labels."""
    return next(iter(_label_files(folder)), None) is not None


def starts_as_yolo(start: bytes) -> bool:
    """Return whether the first line of a text file, by its first bytes, is YOLO's."""
    lines = start.decode("latin-1").splitlines()
    first = next((line for line in lines if line.strip()), "")
    return not parse_line(first).why_not


def read_yolo(chosen: Path) -> ForeignLabels:
    """Read a folder of YOLO labels, or one file of them.

    Raises
    ------
    LabelError
        If no file in it has a box, or a class has a number that the file of names
        next to it does not name.
    FileError
        If it cannot be read.
    """
    if chosen.is_dir():
        folder, files = chosen, list(_label_files(chosen))
    else:
        folder, files = chosen.parent, [chosen]
    work = _Reading(folder)
    for path in files:
        if is_inside(path, folder):
            work.read(path)
        else:
            work.losses.add("a file that is a link out of the folder", path.name)
    if not work.boxes:
        why = " ".join(work.losses.in_words())
        raise LabelError(
            f"none of the {len(files)} text files in this folder has a box. {why}",
            chosen,
            "Give the folder with the labels, one text file per image.",
        )
    numbers_from = first_number(work.known) if work.named_by else 0
    return ForeignLabels(
        "yolo", chosen.name, chosen, tuple(work.boxes), None, work.losses,
        tuple(work.notes()), numbers_from=numbers_from,
    )  # fmt: skip


def _label_files(folder: Path) -> Iterable[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.lower().endswith(".txt") and name.lower() not in _NO_LABELS:
                yield Path(root, name)


class _Reading:
    """Boxes of label files, with losses and guesses."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._names = folder, NamesAbove(folder)
        self.boxes: list[ForeignBox] = []
        self.losses = Losses()
        self.named_by: dict[Path, None] = {}
        self.known: set[str] = set()
        self._read_as: Counter[str] = Counter()
        self._unnamed = 0
        self._notes: list[str] = []

    def read(self, path: Path) -> None:
        """Add the boxes of a file."""
        names = self._names.of(path.parent)
        below = path.relative_to(self._folder).with_suffix("").as_posix()
        text = read_text(path, _MOST_BYTES, notes=self._notes)
        for row, line in enumerate(text.splitlines(), start=1):
            if not line.strip():
                continue
            parsed = parse_line(line, names.keypoints)
            if parsed.why_not:
                example = f"{path.name}, line {row}: {line.strip()[:40]}"
                self.losses.add(parsed.why_not, example)
                continue
            if parsed.read_as:
                self._read_as[parsed.read_as] += 1
            cls = self._class(parsed.number, names, path, row)
            self.boxes.append(
                ForeignBox(below, cls, shares=parsed.shares, score=share(parsed.score))
            )

    def _class(self, number: int, names: ClassNames, path: Path, row: int) -> str:
        """Return the name of a class, or its number where no file names any.

        A number beyond the names is refused: the names belong to other labels, or the
        numbers count from 1, so the others would be shifted, too.
        """
        if names.path is None:
            self._unnamed += 1
        else:
            self.named_by[names.path] = None
            self.known.update(names.classes.values())
        if self._unnamed and self.named_by:
            raise LabelError(
                "some of its label files have a file of names above them and others "
                f"have none, such as {path.name}",
                self._folder,
                "Give the folders one by one, or put classes.txt into each.",
            )
        if names.path is not None and number not in names.classes:
            raise LabelError(
                f"line {row} has the class {number}, which {names.path.name} does "
                f"not name (it names {_listed(names)})",
                path,
                "Classes count from 0. Give the file of names that belongs to them.",
            )
        return names.classes.get(number, str(number))

    def notes(self) -> list[str]:
        """Return sentences for the user."""
        notes = [*self._notes]
        for path in list(self.named_by)[:3]:
            where = os.path.relpath(path, self._folder)
            notes.append(f"The names of its classes are those of {where}.")
        if not self.named_by:
            notes.append("No file names its classes: their numbers are used, from 0.")
        for what, n in self._read_as.most_common():
            lines = "line was" if n == 1 else "lines were"
            notes.append(f"{n:,} {lines} read as {what}.")
        return notes


def _listed(names: ClassNames) -> str:
    shown = [f"{n} {name}" for n, name in sorted(names.classes.items())[:4]]
    return ", ".join([*shown, *(["..."] if len(names.classes) > 4 else [])])


# -- out ---------------------------------------------------------------------


def yolo_line(number: int, corners: Sequence[float], width: int, height: int) -> str:
    """Return a box as a line of a YOLO file.

    Parameters
    ----------
    number : int
        The class's number, from 0.
    corners : sequence of four float
        x1, y1, x2, y2 in pixels, counted from 0 at the centre of the first one.
    width, height : int
        Size of the image in pixels.
    """
    x1, y1, x2, y2 = (v + 0.5 for v in corners)
    values = (
        (x1 + x2) / 2 / width, (y1 + y2) / 2 / height,
        (x2 - x1) / width, (y2 - y1) / height,
    )  # fmt: skip
    # Eight digits are 1e-4 of a pixel on the largest images.
    return " ".join([str(number), *(f"{value:.8f}" for value in values)])


def data_yaml(classes: Sequence[str], splits: Mapping[str, str]) -> str:
    """Return the text of ``data.yaml``.

    Parameters
    ----------
    classes : sequence of str
    splits : mapping of str to str
        The folder below ``images`` of each split.
    """
    import yaml

    content: dict[str, object] = {"path": "."}
    content |= {split: f"images/{folder}" for split, folder in splits.items()}
    content["names"] = dict(enumerate(classes))
    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
