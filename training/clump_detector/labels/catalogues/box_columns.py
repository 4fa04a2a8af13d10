"""Which columns of a table are a box in pixels, and what their numbers are.

Corners are told by their names. ``x`` and ``y`` with a width and a height are a corner
where the file's other columns say which program drew it so, and else a middle; where a
row speaks against the middle, the person is asked, since a box would be off by half
its size.
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
#: A corner from the corner of the first pixel, as programs that draw have it.
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

#: Columns that, all together, say which program's x and y are a box's corner.
_PROGRAMS = (
    ("Zooniverse", ("tool", "frame")),
    ("Zooniverse", ("workflow_id", "classification_id")),
    ("Zooniverse", ("workflow_id", "subject_id")),
    ("VIA", ("region_id", "region_count")),
    ("COCO", ("category_id", "image_id")),
    ("COCO", ("iscrowd",)),
)

Rows = list[tuple[float | None, ...]]

#: Pixels by which a middle's box may reach over the rim.
_OVER = 1.5


@dataclass(frozen=True)
class TableBoxes:
    """The boxes of a table, row by row.

    Attributes
    ----------
    corners : list of (x1, y1, x2, y2) or None
        In pixels, counted from 0 at the first one's centre.
    said : str
        From which columns they are read, and how.
    """

    corners: list[Corners | None]
    said: str


def find_boxes(grid: LabelTable) -> TableBoxes | None:
    """Return the boxes in pixels that the columns of a table say, or None.

    Raises
    ------
    LabelError
        If it is not clear whether x and y are a box's middle or its corner.
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
    """Return the columns of x and y of what has no extent, or None."""
    return first(grid, _MIDDLE)


def image_sizes(grid: LabelTable) -> list[Size | None]:
    """Return the size of each row's image, where columns tell it beside the box's."""
    found = first(grid, _IMAGE_SIDES)
    if found is None and first(grid, (*_CORNERS[2:], ("bbox",))) is not None:
        found = first(grid, _SIDES[:1])
    if found is None:
        return [None] * len(grid)
    sizes = zip(*(grid.numbers(name) for name in found), strict=True)
    return [_size(width, height) for width, height in sizes]


def first(grid: LabelTable, sets: Sequence[tuple[str, ...]]) -> tuple[str, ...] | None:
    """Return the first names of columns that are all there, as the table has them."""
    for names in sets:
        if all(grid.has(name) for name in names):
            return tuple(str(grid.find(name)) for name in names)
    return None


def _size(width: float | None, height: float | None) -> Size | None:
    w, h = whole(width), whole(height)
    return (w, h) if w is not None and h is not None and min(w, h) > 0 else None


def _rows(grid: LabelTable, names: Sequence[str]) -> Rows:
    return list(zip(*(grid.numbers(name) for name in names), strict=True))


def _made(rows: Rows, said: str, *, edges: bool = False) -> TableBoxes:
    corners = [corners_of(row, edges=edges) for row in rows]
    return TableBoxes(corners, f"Where its boxes are is read from {said}.")


def _from_one(row: tuple[float | None, ...]) -> tuple[float | None, ...]:
    """Return the outer sides of pixels that are counted from 1."""
    x1, y1, x2, y2 = row
    if x1 is None or y1 is None or x2 is None or y2 is None:
        return (None,) * 4
    return x1 - 1.5, y1 - 1.5, x2 - 0.5, y2 - 0.5


def _from_corner(
    grid: LabelTable, names: Sequence[str], how: str, *, edges: bool
) -> TableBoxes:
    rows = [_beside(*row) for row in _rows(grid, names)]
    shown = ", ".join(dict.fromkeys(names))
    return _made(rows, f"{shown} ({how})", edges=edges)


def _beside(
    x: float | None, y: float | None, width: float | None, height: float | None
) -> tuple[float | None, ...]:
    if x is None or y is None or width is None or height is None:
        return (None,) * 4
    return (x, y, x + width, y + height) if min(width, height) > 0 else (None,) * 4


def _of_lists(grid: LabelTable) -> TableBoxes | None:
    """Return boxes that stand as ``[x, y, width, height]`` in one column, as COCO's."""
    name = grid.find("bbox")
    if name is None:
        return None
    rows = [_beside(*_four(word)) for word in grid.words(name)]
    if not any(row[0] is not None for row in rows):
        return None
    said = f"{name} (x and y of a corner, width and height, as in COCO)"
    return _made(rows, said, edges=True)


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
            how = f"a corner and the sides, as {program} has them"
            return _from_corner(grid, found, how, edges=True)
        values = _rows(grid, found)
        if middle == _PLAIN:
            _refuse_corners(grid, values, found)
        rows = [_around(*row) for row in values]
        shown = ", ".join(dict.fromkeys(found))
        hint = "; call them x_min and y_min if they are a corner"
        return _made(
            rows, f"{shown} (the middle and the sides{hint * (middle == _PLAIN)})"
        )
    return None


def _drawn_by(grid: LabelTable) -> str:
    """Return the program whose columns a table has, where its x and y are corners."""
    for program, names in _PROGRAMS:
        if all(grid.has(name) for name in names):
            return program
    return ""


def _refuse_corners(grid: LabelTable, rows: Rows, names: Sequence[str]) -> None:
    """Refuse x and y that cannot be a middle: its box would begin before the image."""
    for place, (x, y, width, height) in enumerate(rows, start=1):
        if x is None or y is None or width is None or height is None:
            continue
        before = min(x - width / 2, y - height / 2)
        if before < -0.5 - _OVER and min(x, y) >= -0.5 and math.isfinite(before):
            raise LabelError(
                f"it is not clear whether {names[0]} and {names[1]} are the middle of "
                f"a box or its corner: around a middle, the box of row {place} would "
                "begin outside the image",
                grid.path,
                "Name them x_min and y_min if they are the corner, x_centre and "
                "y_centre if they are the middle.",
            )


def _around(
    x: float | None, y: float | None, width: float | None, height: float | None
) -> tuple[float | None, ...]:
    if x is None or y is None or width is None or height is None:
        return (None,) * 4
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2
