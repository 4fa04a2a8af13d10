"""Reading and writing Pascal VOC: one XML file per image.

``xmin`` and ``ymin`` are the first pixel of a box and ``xmax`` and ``ymax`` its last,
counted from 1, as in the challenge's own tools: a box around the first pixel alone is
1, 1, 1, 1.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.etree import ElementTree

from clump_detector.core.errors import LabelError
from clump_detector.core.notation import flag, real, whole
from clump_detector.labels.coordinates import corners_of
from clump_detector.labels.external import (
    Corners,
    ForeignBox,
    ForeignLabels,
    Losses,
    Size,
)
from clump_detector.labels.packed_files import is_inside
from clump_detector.labels.xml import read_xml

_OWN_NAMES = "Several files name the same image: the files' own names are used instead."

#: Elements that mark an object as ignored.
_IGNORED = ("ignore", "ignored", "exclude", "crowd", "iscrowd", "deleted")

_CORNERS = ("xmin", "ymin", "xmax", "ymax")
_MOST_BYTES = 5_000_000


def read_voc(path: Path) -> ForeignLabels:
    """Read one file, or all of a folder.

    Raises
    ------
    LabelError
        If no file has a box, or one file that was given is damaged.
    FileError
        If it cannot be read.
    """
    losses, notes = Losses(), _Notes()
    found: list[tuple[Path, list[ForeignBox]]] = []
    for file in xml_files(path) if path.is_dir() else [path]:
        if path.is_dir() and not is_inside(file, path):
            losses.add("a file that is a link out of the folder", file.name)
            continue
        try:
            found.append((file, _read_file(file, losses, notes)))
        except LabelError:
            if file == path:
                raise
            losses.add("a file that is damaged or has no labels", file.name)
    boxes = _by_own_names(found, notes)
    if not boxes:
        raise LabelError(
            "it has no object with a box. " + " ".join(losses.in_words()),
            path,
            "Give Pascal VOC files, with annotation as their root.",
        )
    return ForeignLabels(
        "voc", path.name, path, tuple(boxes), None, losses, tuple(notes.in_words()),
        numbers_from=1,
    )  # fmt: skip


def _by_own_names(
    found: Sequence[tuple[Path, list[ForeignBox]]], notes: _Notes
) -> list[ForeignBox]:
    """Return all boxes, with the files' names as images if several name the same one.

    Programs that copy a file as a template leave the image of the first in all.
    """
    times = Counter(boxes[0].image for _, boxes in found if boxes)
    every: list[ForeignBox] = []
    for file, boxes in found:
        if boxes and times[boxes[0].image] > 1:
            notes.lines += [_OWN_NAMES] if _OWN_NAMES not in notes.lines else []
            boxes = [replace(box, image=file.stem) for box in boxes]
        every += boxes
    return every


@dataclass
class _Notes:
    """Notes for the user on files that were read."""

    lines: list[str] = field(default_factory=list)
    before_first: int = 0

    def in_words(self) -> list[str]:
        """Return the notes as sentences."""
        n = self.before_first
        if not n:
            return self.lines
        count = "1 box begins" if n == 1 else f"{n:,} boxes begin"
        return [
            *self.lines,
            f"{count} before pixel 1, from which Pascal VOC counts: if the file counts "
            "from 0, its boxes are one pixel too far to the upper left.",
        ]


def xml_files(folder: Path) -> Iterator[Path]:
    """Yield the XML files below a folder."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.lower().endswith(".xml"):
                yield Path(root, name)


def _read_file(path: Path, losses: Losses, notes: _Notes) -> list[ForeignBox]:
    root = read_xml(path, _MOST_BYTES, notes=notes.lines)
    if root.tag != "annotation":
        raise LabelError(
            f"this XML has the root {root.tag[:40]!r}, not annotation",
            path,
            "Give a Pascal VOC file.",
        )
    image = _text(root, "filename") or path.stem
    size = _size(root)
    boxes = []
    for entry in root.iter("object"):
        corners = _corners(entry)
        if any(flag(_text(entry, name)) for name in _IGNORED):
            losses.add("an object that is to be ignored, or was deleted", path.name)
            continue
        if corners is None:
            losses.add("an object without a box", f"{path.name}: {_shown(entry)}")
            continue
        cls = _text(entry, "name")
        status = "proposal" if flag(_text(entry, "difficult")) else ""
        notes.before_first += min(corners[:2]) < -0.5
        boxes.append(ForeignBox(image, cls, corners, size=size, status=status))
    return boxes


def _text(entry: ElementTree.Element, tag: str) -> str:
    return (entry.findtext(tag) or "").strip()


def _size(root: ElementTree.Element) -> Size | None:
    given = (root.findtext(f"size/{name}") for name in ("width", "height"))
    width, height = (whole(text) or 0 for text in given)
    return (width, height) if width > 0 and height > 0 else None


def _shown(entry: ElementTree.Element) -> str:
    """Return what an object has instead of a valid box, for messages."""
    box = entry.find("bndbox")
    parts = [child.tag for child in entry] if box is None else [
        f"{child.tag} {(child.text or '').strip()}" for child in box
    ]  # fmt: skip
    return ", ".join(parts)[:60]


def _corners(entry: ElementTree.Element) -> Corners | None:
    box = entry.find("bndbox")
    if box is None:
        return None
    given = [real(box.findtext(tag)) for tag in _CORNERS]
    if any(value is None for value in given):
        return None
    x1, y1, x2, y2 = (float(value) for value in given if value is not None)
    # Some programs write the last pixel first.
    (x1, x2), (y1, y2) = sorted((x1, x2)), sorted((y1, y2))
    # From the first pixel's left edge to the last one's right edge.
    return corners_of((x1 - 1, y1 - 1, x2, y2))


# -- out ---------------------------------------------------------------------


def voc_xml(
    image: str,
    size: Size,
    objects: Iterable[tuple[str, Sequence[float], bool]],
    folder: str = "JPEGImages",
) -> str:
    """Return the text of an image's file of labels.

    Parameters
    ----------
    image : str
        The image's file name.
    size : (int, int)
        Width and height in pixels.
    objects : iterable of (str, four float, bool)
        Class, corners in pixels from the first one's centre, and whether it is
        difficult, so that it is neither an object nor background.
    folder : str
        The image's folder.
    """
    root = ElementTree.Element("annotation")
    _add(root, "folder", folder)
    _add(root, "filename", image)
    shape = ElementTree.SubElement(root, "size")
    for tag, value in zip(("width", "height", "depth"), (*size, 3), strict=True):
        _add(shape, tag, str(value))
    _add(root, "segmented", "0")
    for cls, corners, difficult in objects:
        entry = ElementTree.SubElement(root, "object")
        _add(entry, "name", cls)
        _add(entry, "pose", "Unspecified")
        _add(entry, "truncated", "0")
        _add(entry, "difficult", str(int(difficult)))
        box = ElementTree.SubElement(entry, "bndbox")
        x1, y1, x2, y2 = corners
        # The inverse of `_corners`, to a hundredth of a pixel as in the challenge.
        counted = (x1 + 1.5, y1 + 1.5, x2 + 0.5, y2 + 0.5)
        for tag, pixel in zip(_CORNERS, counted, strict=True):
            _add(box, tag, f"{pixel:.2f}".rstrip("0").rstrip("."))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _add(parent: ElementTree.Element, tag: str, text: str) -> None:
    # XML cannot hold control characters.
    plain = "".join(c for c in text if c >= " " or c in "\t\n")
    ElementTree.SubElement(parent, tag).text = plain


#: Bits of a colour, of which the highest are used first.
_BITS = 8


def label_map(classes: Sequence[str]) -> str:
    """Return the table of classes that CVAT and datumaro need next to the labels.

    A line has a name, a colour, parts and actions; the last two are empty.

    Parameters
    ----------
    classes : sequence of str
    """
    lines = ["# label:color_rgb:parts:actions"]
    for number, name in enumerate(("background", *classes)):
        colour = ",".join(map(str, _colour(number)))
        lines.append(f"{name}:{colour}::")
    return "\n".join(lines) + "\n"


def _colour(number: int) -> tuple[int, int, int]:
    """Return the colour of a class, as in ``VOClabelcolormap`` of VOCdevkit 2012."""
    colour = [0, 0, 0]
    for bit in range(_BITS):
        for channel in range(3):
            colour[channel] |= (number >> channel & 1) << (_BITS - 1 - bit)
        number >>= 3
    return colour[0], colour[1], colour[2]
