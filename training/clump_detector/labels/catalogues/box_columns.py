"""The columns of a table that give boxes in pixels, and their conventions.

Corners are recognised by their names. ``x`` and ``y`` with a width and a height are a
corner if other columns are those of a program that writes it so, and else a centre; if
a row contradicts that, the table is refused, since boxes would be off by half their
size.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from clump_detector.core.errors import LabelError
from clump_detector.core.notation import real, whole
from clump_detector.labels.coordinates import corners_of
from clump_detector.labels.external import Corners, Size

from .table import LabelTable

_CORNERS = (
    ("x1", "y1", "x2", "y2"),
    ("clump_px_x1", "clump_px_y1", "clump_px_x2", "clump_px_y2"),
    ("xmin", "ymin", "xmax", "ymax"),
    ("x_min", "y_min", "x_max", "y_max"),
    ("left", "top", "right", "bottom"),
)
#: SExtractor's first and last pixel, counted from 1.
_SEXTRACTOR = ("xmin_image", "ymin_image", "xmax_image", "ymax_image")

_CORNER = (
    ("xmin", "ymin"), ("x_min", "y_min"), ("left", "top"), ("x1", "y1"), ("x0", "y0"),
    ("x_left", "y_top"), ("tlx", "tly"), ("x_corner", "y_corner"),
)  # fmt: skip
#: A corner counted from the corner of the first pixel, as in drawing programs.
_DRAWN = (
    ("bbox_x", "bbox_y", "bbox_width", "bbox_height"),
    ("bbox_x", "bbox_y", "bbox_w", "bbox_h"),
    ("bbox_left", "bbox_top", "bbox_width", "bbox_height"),
    ("bb_left", "bb_top", "bb_width", "bb_height"),
)
_PLAIN = ("x", "y")
_MIDDLE = (_PLAIN, ("x_centre", "y_centre"), ("x_center", "y_center"),
           ("xcen", "ycen"), ("xcentroid", "ycentroid"))  # fmt: skip
_SIDES = (("width", "height"), ("w", "h"), ("side", "side"), ("size", "size"))
_IMAGE_SIDES = (
    ("image_width", "image_height"), ("img_width", "img_height"), ("img_w", "img_h"),
)  # fmt: skip

#: Programs whose x and y are a box's corner, and columns that together identify them.
_PROGRAMS = (
    ("Zooniverse", ("tool", "frame")),
    ("Zooniverse", ("workflow_id", "classification_id")),
    ("Zooniverse", ("workflow_id", "subject_id")),
    ("VIA", ("region_id", "region_count")),
    ("COCO", ("category_id", "image_id")),
    ("COCO", ("iscrowd",)),
)

Rows = list[tuple[float | None, ...]]

#: Pixels by which the box around a centre may extend beyond the image.
_OVER = 1.5


@dataclass(frozen=True)
class TableBoxes:
    """The boxes of a table, row by row.

    Attributes
    ----------
    corners : list of (x1, y1, x2, y2) or None
        In pixels, counted from 0 at the first one's centre.
    note : str
        A sentence on the columns that they are read from, and the convention.
    """

    corners: list[Corners | None]
    note: str


def find_boxes(grid: LabelTable) -> TableBoxes | None:
    """Return the boxes in pixels that the columns of a table give, or None.

    Raises
    ------
    LabelError
        If it is ambiguous whether x and y are a box's centre or its corner.
    """
    found = first(grid, _CORNERS)
    if found is not None:
        return _made(_rows(grid, found), ", ".join(found))
    found = first(grid, (_SEXTRACTOR,))
    if found is not None:
        rows = [_from_one(row) for row in _rows(grid, found)]
        return _made(rows, f"{', '.join(found)} (first and last pixel, from 1)")
    found = first(grid, _DRAWN)
    if found is not None:
        return _from_corner(grid, found, "a corner and the sides", edges=True)
    for corner, sides in product(_CORNER, _SIDES):
        found = first(grid, ((*corner, *sides),))
        if found is not None:
            return _from_corner(grid, found, "a corner and the sides", edges=False)
    return _of_lists(grid) or _by_middle(grid)


def find_points(grid: LabelTable) -> tuple[str, ...] | None:
    """Return the columns of x and y of labels without extent, or None."""
    return first(grid, _MIDDLE)


def image_sizes(grid: LabelTable) -> list[Size | None]:
    """Return the size of each row's image, None where no columns give it."""
    found = first(grid, _IMAGE_SIDES)
    if found is None and first(grid, (*_CORNERS[2:], ("bbox",))) is not None:
        found = first(grid, _SIDES[:1])
    if found is None:
        return [None] * len(grid)
    sizes = zip(*(grid.numbers(name) for name in found), strict=True)
    return [_size(width, height) for width, height in sizes]


def first(grid: LabelTable, sets: Sequence[tuple[str, ...]]) -> tuple[str, ...] | None:
    """Return the first set of columns that a table has completely, or None.

    Parameters
    ----------
    grid : LabelTable
    sets : sequence of tuple of str
        Names of columns, in any case.

    Returns
    -------
    tuple of str or None
        The names as the table has them.
    """
    for names in sets:
        if all(grid.has(name) for name in names):
            return tuple(str(grid.find(name)) for name in names)
    return None


def _size(width: float | None, height: float | None) -> Size | None:
    w, h = whole(width), whole(height)
    return (w, h) if w is not None and h is not None and min(w, h) > 0 else None


def _rows(grid: LabelTable, names: Sequence[str]) -> Rows:
    return list(zip(*(grid.numbers(name) for name in names), strict=True))


def _made(rows: Rows, columns: str, *, edges: bool = False) -> TableBoxes:
    corners = [corners_of(row, edges=edges) for row in rows]
    return TableBoxes(corners, f"Boxes are read from {columns}.")


def _from_one(row: tuple[float | None, ...]) -> tuple[float | None, ...]:
    """Return the outer edges of pixels that are counted from 1."""
    x1, y1, x2, y2 = row
    if x1 is None or y1 is None or x2 is None or y2 is None:
        return (None,) * 4
    return x1 - 1.5, y1 - 1.5, x2 - 0.5, y2 - 0.5


def _from_corner(
    grid: LabelTable, names: Sequence[str], how: str, *, edges: bool
) -> TableBoxes:
    rows = [_with_sides(*row) for row in _rows(grid, names)]
    shown = ", ".join(dict.fromkeys(names))
    return _made(rows, f"{shown} ({how})", edges=edges)


def _with_sides(
    x: float | None, y: float | None, width: float | None, height: float | None
) -> tuple[float | None, ...]:
    if x is None or y is None or width is None or height is None:
        return (None,) * 4
    return (x, y, x + width, y + height) if min(width, height) > 0 else (None,) * 4


def _of_lists(grid: LabelTable) -> TableBoxes | None:
    """Return boxes given as ``[x, y, width, height]`` in one column, as in COCO."""
    name = grid.find("bbox")
    if name is None:
        return None
    rows = [_with_sides(*_four(word)) for word in grid.words(name)]
    if not any(row[0] is not None for row in rows):
        return None
    columns = f"{name} (x and y of a corner, width and height, as in COCO)"
    return _made(rows, columns, edges=True)


def _four(word: str) -> tuple[float | None, ...]:
    try:
        values = json.loads(word.strip().replace("(", "[").replace(")", "]"))
    except (ValueError, RecursionError):
        values = word.replace(",", " ").strip("[]() ").split()
    if not isinstance(values, list) or len(values) != 4:
        return (None,) * 4
    return tuple(real(value) for value in values)


def _by_middle(grid: LabelTable) -> TableBoxes | None:
    for middle, sides in product(_MIDDLE, _SIDES):
        found = first(grid, ((*middle, *sides),))
        if found is None:
            continue
        program = _drawn_by(grid) if middle == _PLAIN and sides[0] != sides[1] else ""
        if program:
            how = f"a corner and the sides, as in {program}"
            return _from_corner(grid, found, how, edges=True)
        values = _rows(grid, found)
        if middle == _PLAIN:
            _refuse_corners(grid, values, found)
        rows = [_around(*row) for row in values]
        shown = ", ".join(dict.fromkeys(found))
        hint = "; name them x_min and y_min if they are a corner"
        return _made(
            rows, f"{shown} (the centre and the sides{hint * (middle == _PLAIN)})"
        )
    return None


def _drawn_by(grid: LabelTable) -> str:
    """Return the program whose columns a table has, if its x and y are corners."""
    for program, names in _PROGRAMS:
        if all(grid.has(name) for name in names):
            return program
    return ""


def _refuse_corners(grid: LabelTable, rows: Rows, names: Sequence[str]) -> None:
    """Refuse x and y that cannot be a centre: its box would begin before the image."""
    for number, (x, y, width, height) in enumerate(rows, start=1):
        if x is None or y is None or width is None or height is None:
            continue
        before = min(x - width / 2, y - height / 2)
        if before < -0.5 - _OVER and min(x, y) >= -0.5 and math.isfinite(before):
            raise LabelError(
                f"it is ambiguous whether {names[0]} and {names[1]} are the centre of "
                f"a box or its corner: around a centre, the box of row {number} would "
                "begin outside the image",
                grid.path,
                "Name them x_min and y_min if they are the corner, x_centre and "
                "y_centre if they are the centre.",
            )


def _around(
    x: float | None, y: float | None, width: float | None, height: float | None
) -> tuple[float | None, ...]:
    if x is None or y is None or width is None or height is None:
        return (None,) * 4
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2
