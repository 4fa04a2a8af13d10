"""Conversion between boxes and the data of Shapes and Vectors layers. No napari.

Statuses differ in colour *and* in line, so that they can be distinguished without
seeing red and green: a proposal is dashed, an accepted box solid, an edited one solid
with ticks at its corners, a drawn one solid and white, a rejected one thin and crossed
out. The colours are those of Okabe and Ito (2008).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clump_detector.core import boxes as geometry
from napari_clumps.render.box_style import COLOURS, Colour, label
from napari_clumps.review import Box, Corners, Status

if TYPE_CHECKING:
    import pandas as pd

#: Opacity of the outline that napari draws; dashes and crosses are marks over it.
_OUTLINE_ALPHA = {Status.PROPOSAL: 0.25, Status.REJECTED: 0.35}

#: Line widths in units of `line_unit`.
_WIDTHS = {
    Status.PROPOSAL: 1.0,
    Status.ACCEPTED: 1.6,
    Status.REJECTED: 0.7,
    Status.EDITED: 1.6,
    Status.DRAWN: 1.6,
}

#: The corners of a frame surround the current box, in this colour; gap and arms are in
#: units of `line_unit`, and arms never longer than a share of the side.
_FRAME: Colour = (1.0, 1.0, 1.0, 1.0)

#: Colour of the frame around a place that is in doubt, and its distance in thin lines.
_PLACE: Colour = (0.94, 0.89, 0.26, 1.0)
_AROUND = 4.0
FRAME_GAP = 3.0
_FRAME_ARM, _FRAME_SHARE = 6.0, 0.3

#: Greatest distance of a corner from an axis-aligned rectangle, as a share of a side.
_SQUARENESS = 0.02


#: What a row of the layer says of a box: its id, class, score, status or label.
Feature = str | int | float


@dataclass(frozen=True)
class ShapesData:
    """Data of a Shapes layer: one rectangle, colour, width and row per box."""

    rectangles: list[NDArray[np.float64]]
    colours: NDArray[np.float64]
    widths: list[float]
    features: dict[str, list[Feature]]


def to_shapes(
    boxes: Sequence[Box], unit: float, current: int | None, votes: str = ""
) -> ShapesData:
    """Return boxes as data of a Shapes layer.

    Parameters
    ----------
    boxes : sequence of Box
    unit : float
        Width of a thin line in pixels, from `line_unit`.
    current : int or None
        Id of the current box, the only one with a label beside it.
    votes : str
        Of the heads of an ensemble, for the current box.
    """
    colours = [
        (*COLOURS[b.status][:3], _OUTLINE_ALPHA.get(b.status, 1.0)) for b in boxes
    ]
    return ShapesData(
        [geometry.to_vertices(b.corners) for b in boxes],
        np.array(colours).reshape(-1, 4),
        [_WIDTHS[b.status] * unit for b in boxes],
        {
            "box": [b.id for b in boxes],
            "class": [b.cls for b in boxes],
            "score": [np.nan if b.score is None else b.score for b in boxes],
            "status": [b.status.value for b in boxes],
            "label": [label(b, votes) if b.id == current else "" for b in boxes],
        },
    )


def from_shape(vertices: ArrayLike) -> tuple[float, float, float, float] | None:
    """Return the corners of a shape, or None where it is no axis-aligned rectangle.

    Parameters
    ----------
    vertices : array of shape (n, 2 or more)
        Rows (..., y, x) of a shape as napari gives them.
    """
    points = np.asarray(vertices, dtype=np.float64)
    if points.ndim != 2 or len(points) != 4 or not np.isfinite(points).all():
        return None
    box = geometry.from_vertices(points)
    x1, y1, x2, y2 = (float(v) for v in box[0])
    side = max(x2 - x1, y2 - y1)
    corners = geometry.to_vertices((x1, y1, x2, y2))
    distances = np.linalg.norm(points[:, None, -2:] - corners[None], axis=2)
    if side <= 0 or (distances.min(axis=0) > _SQUARENESS * side).any():
        return None
    return x1, y1, x2, y2


def is_slip(corners: Sequence[float]) -> bool:
    """Return whether a box is so small that it was a click, not a drag."""
    x1, y1, x2, y2 = corners
    return min(x2 - x1, y2 - y1) < geometry.SMALLEST_SIDE


@dataclass(frozen=True)
class VectorMarks:
    """Data of a Vectors layer over the outlines: segments of shape (n, 2, 2)."""

    segments: NDArray[np.float64]
    colours: NDArray[np.float64]


def to_marks(
    boxes: Sequence[Box],
    unit: float = 1.0,
    current: int | None = None,
    places: Sequence[Corners] = (),
) -> VectorMarks:
    """Return the marks over the outlines.

    Dashes for proposals, crosses for rejected boxes, ticks for edited ones, and the
    corners of a frame around the current one, and around places to look at.

    Parameters
    ----------
    boxes : sequence of Box
    unit : float
        Width of a thin line in pixels, from `line_unit`.
    current : int or None
        Id of the current box.
    places : sequence of (float, float, float, float)
        Corners of places to look at, such as one whose label is in doubt.
    """
    segments: list[NDArray[np.float64]] = []
    colours: list[Colour] = []
    makers = {
        Status.PROPOSAL: _dashes,
        Status.REJECTED: _cross,
        Status.EDITED: _ticks,
    }
    for box in boxes:
        if box.status in makers:
            made = makers[box.status](geometry.to_vertices(box.corners))
            segments.append(made)
            colours += [COLOURS[box.status]] * len(made)
        if box.id == current:
            made = _frame(box.corners, unit)
            segments.append(made)
            colours += [_FRAME] * len(made)
    for x1, y1, x2, y2 in places:
        far = _AROUND * unit
        made = _frame((x1 - far, y1 - far, x2 + far, y2 + far), unit)
        segments.append(made)
        colours += [_PLACE] * len(made)
    if not segments:
        return VectorMarks(np.zeros((0, 2, 2)), np.zeros((0, 4)))
    return VectorMarks(np.concatenate(segments), np.array(colours))


def _dashes(corners: NDArray[np.float64], per_side: int = 4) -> NDArray[np.float64]:
    """Return dashes along the four sides, whole ones at the corners."""
    starts, steps = [], []
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        step = (b - a) / (2 * per_side - 1)
        starts += [a + 2 * i * step for i in range(per_side)]
        steps += [step] * per_side
    return np.stack([np.array(starts), np.array(steps)], axis=1)


def _frame(corners: Sequence[float], unit: float) -> NDArray[np.float64]:
    """Return the corners of a frame around a box and its lines."""
    gap = FRAME_GAP * unit
    x1, y1, x2, y2 = corners
    around = geometry.to_vertices((x1 - gap, y1 - gap, x2 + gap, y2 + gap))
    arm = min(_FRAME_ARM * unit, _FRAME_SHARE * (min(x2 - x1, y2 - y1) + 2 * gap))
    starts, steps = [], []
    for corner, after, before in zip(
        around, np.roll(around, -1, axis=0), np.roll(around, 1, axis=0), strict=True
    ):
        for other in (after, before):
            along = (other - corner) / np.linalg.norm(other - corner)
            starts.append(corner - along * unit / 2)  # so that the two lines meet
            steps.append(along * (arm + unit / 2))
    return np.stack([np.array(starts), np.array(steps)], axis=1)


def _cross(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    a, b, c, d = corners
    return np.array([[a, c - a], [b, d - b]])


def _ticks(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return short lines outwards from the corners."""
    outwards = (corners - corners.mean(axis=0)) * 0.35
    return np.stack([corners, outwards], axis=1)


def feature_table(features: dict[str, list[Feature]]) -> pd.DataFrame:
    """Return features as a data frame whose columns keep their types when empty."""
    import pandas as pd

    kinds = {"box": "int64", "score": "float64"}
    return pd.DataFrame(
        {k: pd.Series(v, dtype=kinds.get(k, "object")) for k, v in features.items()}
    )
