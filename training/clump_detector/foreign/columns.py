"""Any table of boxes or positions, its columns guessed by their names.

A box is ``x1``, ``y1``, ``x2``, ``y2`` in pixels, (0, 0) being the centre of the first
one, as in this program's own tables of detections and of measured clumps; or a
position on the sky in degrees, or as in ``10:20:30.4 +05:06:07``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product
from typing import Any

from ..errors import LabelError
from .boxes_of import corners_of, share, sky_place
from .grid import Grid
from .model import ForeignBox, ForeignLabels, Losses

_CORNERS = (
    ("x1", "y1", "x2", "y2"),
    ("clump_px_x1", "clump_px_y1", "clump_px_x2", "clump_px_y2"),
    ("xmin", "ymin", "xmax", "ymax"),
    ("x_min", "y_min", "x_max", "y_max"),
    ("left", "top", "right", "bottom"),
)
_MIDDLE = (("x", "y"), ("x_centre", "y_centre"), ("x_center", "y_center"),
           ("xcen", "ycen"), ("xcentroid", "ycentroid"))  # fmt: skip
_SIDES = (("width", "height"), ("w", "h"), ("side", "side"), ("size", "size"))
_SKY = (
    ("clump_centre_ra", "clump_centre_dec"),
    ("clump_ra", "clump_dec"),
    ("ra_clump", "dec_clump"),
    ("ra", "dec"),
    ("ra_deg", "dec_deg"),
    ("radeg", "decdeg"),
    ("radeg", "dedeg"),
    ("raj2000", "dej2000"),
    ("_raj2000", "_dej2000"),
    ("ra_icrs", "de_icrs"),
    ("_ra", "_de"),
    ("_ra.icrs", "_de.icrs"),
    ("alpha_j2000", "delta_j2000"),
    ("right_ascension", "declination"),
    ("ra", "de"),
)
_HOST = (("galaxy_ra", "galaxy_dec"), ("host_ra", "host_dec"), ("gradeg", "gdedeg"))
_IMAGE = (
    "file", "filename", "file_name", "image", "image_name", "path", "cutout",
    "galaxy_name", "name", "stem", "galaxy",
)  # fmt: skip
_CLASS = (
    "class", "clump_label_name", "label_text", "label_name", "label", "category",
    "type", "cls",
)  # fmt: skip
_SCORE = ("score", "confidence", "probability", "prob", "clump_score")
_ID = re.compile(
    r"^(\w*obj_?id|local_ids?|image_id|galaxy_id|subject_id|sdss|id)$", re.I
)


#: Statuses of boxes that are no labels.
_UNDECIDED = ("proposal", "rejected")


def read_columns(grid: Grid) -> ForeignLabels:
    """Make labels of a table.

    Raises
    ------
    LabelError
        If no column says where something is.
    """
    losses = Losses()
    places, convention = _boxes(grid)
    sky_names = _first(grid, _SKY)
    parts = None if sky_names else grid.find_positions()
    middle = None if places is not None else _first(grid, _MIDDLE)
    if places is None and sky_names is None and middle is None and parts is None:
        shown = ", ".join(grid.names[:12])
        raise LabelError(
            f"no column of it says where a box is (it has {shown})",
            grid.path,
            "Name them x1, y1, x2, y2 in pixels, or ra and dec in degrees.",
        )
    images = grid.words(grid.find(*_IMAGE))
    ids = {name: grid.integers(name) for name in grid.names if _ID.match(name)}
    points = _points(grid, middle)
    sky = grid.positions(sky_names) if parts is None else grid.places(parts)
    host = grid.positions(_first(grid, _HOST))
    if parts is not None:
        sky_names = tuple(column.name for column in parts.columns)
    more = _said(grid)
    boxes = []
    for i in range(len(grid)):
        corners = None if places is None else corners_of(places[i], edges=False)
        at = sky_place(*sky[i], host=host[i])
        if corners is None and at is None and points[i] is None:
            losses.add("a row without a place", images[i] or f"row {i + 1}")
            continue
        known = {k: v for k, column in ids.items() if (v := column[i]) is not None}
        where = ForeignBox(images[i], "", corners, points[i], sky=at, ids=known)
        boxes.append(replace(where, **more[i]))
    named = convention or " and ".join(middle or sky_names or ())
    said = f"Where its boxes are is read from {named}."
    origin = grid.path.name
    return ForeignLabels(
        "table", origin, grid.path, tuple(boxes), None, losses, (said,)
    )


def _said(grid: Grid) -> list[dict[str, Any]]:
    """Return what each row says of its box beside where it is."""
    words = {
        name: grid.words(grid.find(name))
        for name in ("model", "origin", "annotator", "status")
    }
    classes = grid.words(grid.find(*_CLASS))
    scores = grid.numbers(grid.find(*_SCORE))
    return [
        {
            "cls": classes[i],
            "score": share(scores[i]),
            "model": words["model"][i] or None,
            "origin": words["origin"][i] or None,
            "annotator": words["annotator"][i] or None,
            "said": words["status"][i] if words["status"][i] in _UNDECIDED else "",
        }
        for i in range(len(grid))
    ]


def _first(grid: Grid, pairs: tuple[tuple[str, ...], ...]) -> tuple[str, ...] | None:
    """Return the first names of columns that are all there, as the table has them."""
    for names in pairs:
        found = [grid.find(name) for name in names]
        if all(found):
            return tuple(str(name) for name in found)
    return None


def _boxes(grid: Grid) -> tuple[list[tuple[float | None, ...]] | None, str]:
    """Return x1, y1, x2, y2 of each row, and the columns that they come from."""
    names = _first(grid, _CORNERS)
    if names is not None:
        columns = [grid.numbers(name) for name in names]
        return list(zip(*columns, strict=True)), ", ".join(names)
    for middle, sides in product(_MIDDLE, _SIDES):
        found = _first(grid, ((*middle, *sides),))
        if found is not None:
            columns = [grid.numbers(name) for name in found]
            rows = [_around(*row) for row in zip(*columns, strict=True)]
            return rows, ", ".join(dict.fromkeys(found)) + " (the middle and the sides)"
    return None, ""


def _around(
    x: float | None, y: float | None, width: float | None, height: float | None
) -> tuple[float | None, ...]:
    if x is None or y is None or width is None or height is None:
        return (None,) * 4
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _points(
    grid: Grid, names: tuple[str, ...] | None
) -> list[tuple[float, float] | None]:
    """Return x and y of each row."""
    if names is None:
        return [None] * len(grid)
    rows = zip(*(grid.numbers(name) for name in names), strict=True)
    return [None if x is None or y is None else (x, y) for x, y in rows]
