"""Any table of boxes or positions, whose columns are recognised by their names.

A label is a box ``x1``, ``y1``, ``x2``, ``y2`` in pixels, with (0, 0) at the centre of
the first one, as in this program's own tables of detections and of measured clumps; or
a position on the sky in degrees, or as in ``10:20:30.4 +05:06:07``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TypedDict

from clump_detector.core.errors import LabelError
from clump_detector.labels.classes.non_clumps import (
    DIFFICULT_COLUMNS,
    IGNORED_COLUMNS,
    is_set,
)
from clump_detector.labels.coordinates import share, sky_position
from clump_detector.labels.external import (
    Corners,
    ForeignBox,
    ForeignLabels,
    Losses,
    Size,
)
from clump_detector.labels.tiers import TIERS

from .box_columns import find_boxes, find_points, first, image_sizes
from .table import LabelTable

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
    "class_name", "category_name", "class", "clump_label_name", "label_text",
    "label_name", "label", "category", "type", "cls", "category_id",
)  # fmt: skip
_SCORE = ("score", "confidence", "probability", "prob", "clump_score")
_ID = re.compile(
    r"^(\w*obj_?id|local_ids?|image_id|galaxy_id|subject_id|sdss|id)$", re.I
)

_SURVEY = ("survey", "label_set")

#: Columns of what is measured, the first of them that a table has; see `MEASURED`.
_MEASURED = {
    "magnitude": (
        *(f"{name}{band}" for band in "rigzuy" for name in ("clump_mag_", "mag_")),
        "magnitude", "mag", "rmag", "gmag",
    ),
    "flux ratio": (
        "clump_flux_ratio", "flux_ratio",
        *(f"{name}{band}" for band in "ugrizy" for name in ("clump_flux_ratio_",
          "fratio_", "flux_ratio_")),
        "fratio",
    ),
    "width": ("clump_width", "width_fwhm"),
    "distance from the centre": (
        "clump_distance_re", "clump_distance_kpc", "clump_distance_arcsec",
        "clump_distance_px", "galactocentric_distance", "r_over_re",
    ),
}  # fmt: skip

#: Most columns that a sentence names.
_SHOWN = 8

#: Statuses of boxes that are not labels.
_UNDECIDED = ("proposal", "rejected")


def read_columns(grid: LabelTable) -> ForeignLabels:
    """Return the labels of a table.

    Raises
    ------
    LabelError
        If no columns give boxes or positions.
    """
    losses, found = Losses(), _positions(grid)
    images = grid.words(grid.find(*_IMAGE))
    ids = {name: grid.integers(name) for name in grid.names if _ID.match(name)}
    grid.used.update(ids)
    host = grid.positions(first(grid, _HOST))
    more, ignored = _attributes(grid), _any_set(grid, IGNORED_COLUMNS)
    boxes = []
    for i in range(len(grid)):
        corners, point = found.corners[i], found.points[i]
        at = sky_position(*found.sky[i], host=host[i])
        if ignored[i]:
            losses.add("a row that is to be ignored", images[i] or f"row {i + 1}")
            continue
        if corners is None and at is None and point is None:
            losses.add("a row without a position", images[i] or f"row {i + 1}")
            continue
        known = {k: v for k, column in ids.items() if (v := column[i]) is not None}
        box = ForeignBox(images[i], "", corners, point, sky=at, ids=known)
        boxes.append(replace(box, **more[i]))
    return ForeignLabels(
        "table", grid.path.name, grid.path, tuple(boxes), None, losses,
        (found.note, *_not_used(grid)), numbers_from=1,
    )  # fmt: skip


class _Attributes(TypedDict):
    """The attributes of a `ForeignBox` that a row gives besides its position."""

    cls: str
    score: float | None
    model: str | None
    origin: str | None
    annotator: str | None
    size: Size | None
    status: str
    measured: dict[str, float]
    survey: str
    tier: str


@dataclass(frozen=True)
class _Positions:
    """Boxes and positions of each row, None where there is none.

    Attributes
    ----------
    corners : list of (x1, y1, x2, y2) or None
    points : list of (x, y) or None
        Centres in pixels of rows without a box.
    sky : list of (ra, dec)
        Degrees.
    note : str
        A sentence on the columns that they are read from.
    """

    corners: list[Corners | None]
    points: list[tuple[float, float] | None]
    sky: list[tuple[float | None, float | None]]
    note: str


def _positions(grid: LabelTable) -> _Positions:
    """Find the columns of boxes and positions, and read them."""
    boxes = find_boxes(grid)
    sky_names = first(grid, _SKY)
    parts = None if sky_names else grid.find_positions()
    middle = None if boxes is not None else find_points(grid)
    if boxes is None and sky_names is None and middle is None and parts is None:
        shown = ", ".join(grid.names[:12])
        raise LabelError(
            f"no columns give boxes or positions (it has {shown})",
            grid.path,
            "Name them x1, y1, x2, y2 in pixels, or ra and dec in degrees.",
        )
    points = _points(grid, middle)
    sky = grid.positions(sky_names) if parts is None else grid.positions_in(parts)
    if parts is not None:
        sky_names = tuple(column.name for column in parts.columns)
        grid.used.update(sky_names)
    named = " and ".join(middle or sky_names or ())
    note = boxes.note if boxes else f"Positions are read from {named}."
    corners: list[Corners | None] = [None] * len(grid)
    if boxes is not None:
        corners = boxes.corners
    return _Positions(corners, points, sky, note)


def _not_used(grid: LabelTable) -> list[str]:
    """Return a sentence on the columns that are not used, or nothing."""
    names = [name for name in grid.names if name not in grid.used]
    if not names:
        return []
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return [f"Columns that are not used: {', '.join(names[:_SHOWN])}{more}."]


def _any_set(grid: LabelTable, columns: tuple[str, ...]) -> list[bool]:
    """Return for each row whether one of some flags is set."""
    found = [grid.words(name) for name in map(grid.find, columns) if name]
    return [any(is_set(column[i]) for column in found) for i in range(len(grid))]


def _attributes(grid: LabelTable) -> list[_Attributes]:
    """Return the attributes of each row's box besides its position."""
    words = {
        name: grid.words(grid.find(name))
        for name in ("model", "origin", "annotator", "status")
    }
    classes = grid.words(grid.find(*_CLASS))
    scores = grid.numbers(grid.find(*_SCORE))
    surveys, tiers = grid.words(grid.find(*_SURVEY)), grid.words(grid.find("tier"))
    measured = {k: grid.numbers(grid.find(*names)) for k, names in _MEASURED.items()}
    sizes, hard = image_sizes(grid), _any_set(grid, DIFFICULT_COLUMNS)
    undecided = [word.lower() for word in words["status"]]
    return [
        {
            "cls": classes[i],
            "score": share(scores[i]),
            "model": words["model"][i] or None,
            "origin": words["origin"][i] or None,
            "annotator": words["annotator"][i] or None,
            "size": sizes[i],
            "status": undecided[i]
            if undecided[i] in _UNDECIDED
            else "proposal" * hard[i],
            "measured": {k: v for k, c in measured.items() if (v := c[i]) is not None},
            "survey": surveys[i],
            "tier": tiers[i] if tiers[i] in TIERS else "",
        }
        for i in range(len(grid))
    ]


def _points(
    grid: LabelTable, names: tuple[str, ...] | None
) -> list[tuple[float, float] | None]:
    """Return x and y of each row in pixels."""
    if names is None:
        return [None] * len(grid)
    rows = zip(*(grid.numbers(name) for name in names), strict=True)
    return [None if x is None or y is None else (x, y) for x, y in rows]
