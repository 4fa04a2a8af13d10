"""The content of COCO files, read in the same way for training and for import.

An id is the same in any notation (5, 5.0, "5"), and has to be unique: a file with two
images or classes of one id is refused, since its boxes are ambiguous. A box is
``bbox``, or else the box around the outline or the mask.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from clump_detector.core.errors import LabelError
from clump_detector.core.json_types import JsonObject
from clump_detector.core.notation import flag, real, whole

from .classes.non_clumps import is_no_clump

Id = int | str

#: x1, y1, x2, y2 in pixels from the corner of the first pixel.
Edges = tuple[float, float, float, float]

#: Flags of an annotation, or of its attributes, that it is not an object.
_IGNORED = ("ignore", "ignored", "is_ignore", "isignore", "exclude", "excluded")
_CROWD = ("iscrowd", "is_crowd", "crowd")

#: Reasons why an annotation is not a single object.
CROWD, IGNORED = "crowd", "ignored"

_AGAIN = "Export the label set again, or correct it in an editor."

_CORRECT = (
    "Give each a number of its own, or import the files it was made of one by one."
)


def id_of(value: object) -> Id | None:
    """Return an id in one notation: as a number if it is one, else as a text."""
    text = value.strip() if isinstance(value, str) else ""
    # 007 is a name and not the number 7.
    number = (
        None if text[:1] == "0" and text.isdigit() and text != "0" else whole(value)
    )
    return text or None if number is None else number


def by_id(entries: object, what: str, path: Path) -> dict[Id, JsonObject]:
    """Return the entries of ``images`` or ``categories`` by their ids.

    Parameters
    ----------
    entries : anything
        The value in the file; only a list has entries, and those without id are left
        out.
    what : str
        The name of an entry in messages.
    path : Path
        The file, for messages.

    Raises
    ------
    LabelError
        If an id is repeated.
    """
    found: dict[Id, JsonObject] = {}
    for entry in entries if isinstance(entries, list) else ():
        key = id_of(entry.get("id")) if isinstance(entry, dict) else None
        if key is None:
            continue
        if key in found:
            raise LabelError(f"{what} {key} is in the file twice", path, _CORRECT)
        found[key] = entry
    return found


def class_names(entries: object, path: Path) -> dict[Id, str]:
    """Return the names of the classes by their ids.

    Parameters
    ----------
    entries : anything
        The value of ``categories``.
    path : Path
        The file, for messages.

    Raises
    ------
    LabelError
        If an id is repeated.
    """
    found = by_id(entries, "category", path)
    return {key: str(entry.get("name", key)) for key, entry in found.items()}


def size_of(image: Mapping[str, object]) -> tuple[int, int] | None:
    """Return width and height of an image in pixels, or None where not given."""
    width, height = whole(image.get("width")), whole(image.get("height"))
    if width is None or height is None or min(width, height) < 1:
        return None
    return width, height


def sized_images(entries: object, path: Path) -> dict[Id, JsonObject]:
    """Return the images by their ids; each has to have a size.

    Parameters
    ----------
    entries : anything
        The value of ``images``.
    path : Path
        The file, for messages.

    Raises
    ------
    LabelError
        If one has no id or no size in whole pixels, or an id is repeated.
    TypeError
        If it is not a list.
    """
    if not isinstance(entries, list):
        raise TypeError("images is not a list")
    images = by_id(entries, "image", path)
    if len(images) != len(entries):
        raise LabelError("an image has no id", path, _AGAIN)
    for number, entry in images.items():
        if size_of(entry) is None:
            raise LabelError(
                f"image {number} has no size in whole pixels", path, _AGAIN
            )
    return images


def sized(image: Mapping[str, object]) -> tuple[int, int]:
    """Return width and height of an image of `sized_images`."""
    size = size_of(image)
    assert size is not None
    return size


def is_ours(info: object) -> bool:
    """Return whether a label set was written by this program, by its ``info``."""
    text = info.get("description") if isinstance(info, dict) else None
    return isinstance(text, str) and "napari-clumps" in text


def without_no_clumps(classes: dict[Id, str]) -> dict[Id, str]:
    """Return classes with '' for those that do not mark clumps, unless all do not."""
    real = {key: "" if is_no_clump(name) else name for key, name in classes.items()}
    return real if any(real.values()) else classes


def in_order(number: Id) -> tuple[bool, int, str]:
    """Return the sort key of an id: numbers come first, then texts."""
    return (
        isinstance(number, str),
        number if isinstance(number, int) else 0,
        str(number),
    )


def mask_size(entry: Mapping[str, object]) -> tuple[int, int] | None:
    """Return width and height of the image of an annotation's mask, or None."""
    mask = entry.get("segmentation")
    size = mask.get("size") if isinstance(mask, dict) else None
    if not isinstance(size, list) or len(size) != 2:
        return None
    return size_of({"height": size[0], "width": size[1]})


def set_aside(entry: Mapping[str, object]) -> str:
    """Return why an annotation is not a single object: `CROWD`, `IGNORED` or ''."""
    more = entry.get("attributes")
    both = [entry, more] if isinstance(more, dict) else [entry]
    if any(flag(part.get(name)) for part in both for name in _IGNORED):
        return IGNORED
    return CROWD if any(flag(p.get(name)) for p in both for name in _CROWD) else ""


def is_difficult(entry: Mapping[str, object]) -> bool:
    """Return whether an annotation is marked as difficult, that is uncertain."""
    more = entry.get("attributes")
    both = [entry, more] if isinstance(more, dict) else [entry]
    return any(flag(part.get("difficult")) for part in both)


def has_only_mask(entry: Mapping[str, object]) -> bool:
    """Return whether an annotation has a mask and no box."""
    return entry.get("bbox") in (None, []) and isinstance(
        entry.get("segmentation"), dict
    )


def edges_of(entry: Mapping[str, object]) -> Edges | None:
    """Return the edges of an annotation's box, or None where it has no area."""
    bbox, outline = entry.get("bbox"), entry.get("segmentation")
    if isinstance(bbox, list) and len(bbox) == 4:
        x, y, width, height = (real(v) for v in bbox)
        if x is None or y is None or width is None or height is None:
            return None
        return _edges(x, y, x + width, y + height)
    if isinstance(outline, dict):
        return _around_mask(outline)
    if isinstance(outline, list):
        return _around_outline(outline)
    return None


def _edges(x1: float, y1: float, x2: float, y2: float) -> Edges | None:
    return (x1, y1, x2, y2) if x2 > x1 and y2 > y1 else None


def _around_outline(parts: list[object]) -> Edges | None:
    """Return the edges of the box around polygons: lists of x, y, x, y, and so on."""
    lists: list[list[object]] = [part for part in parts if isinstance(part, list)]
    if len(lists) < len(parts):  # one polygon, not in a list
        lists = [parts]
    if any(len(part) < 6 or len(part) % 2 for part in lists):
        return None
    values = [real(v) for part in lists for v in part]
    numbers = [v for v in values if v is not None]
    if len(numbers) != len(values) or not numbers:
        return None
    xs, ys = numbers[::2], numbers[1::2]
    return _edges(min(xs), min(ys), max(xs), max(ys))


# -- masks --------------------------------------------------------------------


def _around_mask(mask: Mapping[str, object]) -> Edges | None:
    """Return the edges of the box around a run-length encoded mask.

    Own code, since pycocotools is a C library that nothing else here needs, and a box
    needs only the ends of the runs.
    """
    size, runs = mask_size({"segmentation": mask}), _runs(mask.get("counts"))
    if size is None or runs is None:
        return None
    width, height = size
    if any(run < 0 for run in runs) or sum(runs) != height * width:
        return None
    x1, y1, x2, y2 = width, height, 0, 0
    for start, stop in _inside(runs):
        left, right = start // height, (stop - 1) // height
        # A run goes down a column and continues at the top of the next.
        top, bottom = (
            (start % height, (stop - 1) % height) if left == right else (0, height - 1)
        )
        x1, x2 = min(x1, left), max(x2, right + 1)
        y1, y2 = min(y1, top), max(y2, bottom + 1)
    return _edges(x1, y1, x2, y2)


def _inside(runs: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the start and the stop of each run of the object's pixels."""
    at = 0
    for number, run in enumerate(runs):
        if number % 2 and run:
            yield at, at + run
        at += run


def _runs(counts: object) -> list[int] | None:
    """Return the lengths of the runs, background first, or None if they are invalid."""
    if isinstance(counts, list):
        plain = [whole(count) for count in counts]
        return [n for n in plain if n is not None] if None not in plain else None
    if not isinstance(counts, str) or not counts.isascii():
        return None
    # Five bits per letter, low ones first; the sixth means that more follow. From the
    # fourth run on, a run is the difference to the second one before it (`rleFrString`
    # of pycocotools' maskApi.c).
    runs: list[int] = []
    value = shift = 0
    for letter in counts:
        bits = ord(letter) - 48
        if not 0 <= bits < 64 or shift > 60:
            return None
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    return runs if not shift else None
