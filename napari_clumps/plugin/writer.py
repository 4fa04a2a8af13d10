"""File > Save Selected Layers: a Shapes layer's boxes as a label set or a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import numpy as np
from numpy.typing import ArrayLike

from clump_detector.core import boxes as geometry
from clump_detector.core.errors import FileError, LabelError
from clump_detector.image_files.sources import Source
from clump_detector.labels.classes.names import DEFAULT_CLASSES
from clump_detector.labels.label_set import (
    LabelledBox,
    LabelledCutout,
    LabelSet,
    write_label_set,
)
from napari_clumps.viewer import layers

if TYPE_CHECKING:
    import pandas as pd

_PERSONAL = {"accepted", "edited", "drawn"}


class Attributes(TypedDict, total=False):
    """What is used of a layer's attributes, as napari hands them over."""

    name: str
    features: pd.DataFrame | dict[str, list[object]]


@dataclass(frozen=True)
class Row:
    """A box of the layer, and its row of features."""

    corners: tuple[float, float, float, float]
    features: dict[str, object]


def write_boxes(path: str, data: Sequence[ArrayLike], meta: Attributes) -> list[str]:
    """Write the boxes of one Shapes layer.

    Parameters
    ----------
    path : str
        ``.json`` for a label set; ``.csv``, ``.ecsv`` or ``.parquet`` for a table of
        detections.
    data : list of arrays
        Vertices of the shapes, rows (y, x).
    meta : dict
        The layer's attributes, as napari hands them over.

    Returns
    -------
    list of str
        The path that was written.

    Raises
    ------
    LabelError
        If a shape is no box.
    """
    rows = _rows(data, meta, path)
    if path.lower().endswith(".json"):
        write_label_set(_label_set(rows, meta), path)
    else:
        _write_table(rows, meta, path)
    return [path]


def _rows(data: Sequence[ArrayLike], meta: Attributes, path: str) -> list[Row]:
    features = meta.get("features", {})
    columns = {str(key): list(values) for key, values in features.items()}
    rows = []
    for i, vertices in enumerate(data):
        corners = layers.from_shape(vertices)
        if corners is None:
            raise LabelError(
                f"shape {i + 1} of the layer “{meta.get('name', '')}” is no box",
                path,
                "Remove it, or draw it again as a rectangle.",
            )
        row: dict[str, object] = {
            key: values[i] for key, values in columns.items() if i < len(values)
        }
        rows.append(Row(corners, row))
    return rows


def _score(row: Row) -> float | None:
    score = row.features.get("score")
    usable = isinstance(score, (int, float, np.number)) and not math.isnan(float(score))
    return float(score) if usable else None  # type: ignore[arg-type]


def _class(row: Row) -> str:
    return str(row.features.get("class") or DEFAULT_CLASSES[0])


def _name(meta: Attributes) -> str:
    return str(meta.get("name", "image")).removeprefix("Clumps: ")


def _label_set(rows: list[Row], meta: Attributes) -> LabelSet:
    """Make a label set of one cutout that is not done: only what is decided counts."""
    boxes: list[LabelledBox] = []
    rejected: list[LabelledBox] = []
    for row in rows:
        status = str(row.features.get("status") or "drawn")
        score = _score(row)
        x1, y1, x2, y2 = row.corners
        box = LabelledBox(
            x1,
            y1,
            x2,
            y2,
            _class(row),
            status=status,
            origin="person" if score is None else "model",
            ignored=status not in _PERSONAL,
            score=score,
        )
        (rejected if status == "rejected" else boxes).append(box)
    corners = geometry.as_boxes([r.corners for r in rows] or np.zeros((0, 4)))
    width, height = np.ceil(corners[:, 2:].max(axis=0, initial=0) + 0.5).astype(int)
    cutout = LabelledCutout(
        Source(_name(meta), (Path(_name(meta)),)),
        max(int(width), 1),
        max(int(height), 1),
        done=False,
        boxes=tuple(boxes),
        rejected=tuple(rejected),
    )
    extra = [
        c for c in dict.fromkeys(_class(r) for r in rows) if c not in DEFAULT_CLASSES
    ]
    return LabelSet((cutout,), (*DEFAULT_CLASSES, *extra))


def _write_table(rows: list[Row], meta: Attributes, path: str) -> None:
    from clump_detector.catalogue.detections import COLUMNS, write_table

    if not path.lower().endswith((".csv", ".ecsv", ".parquet")):
        raise FileError(
            "boxes are saved as .json, .csv, .ecsv or .parquet",
            path,
            "Give a name with one of these endings.",
        )
    table = []
    for row in rows:
        entry: dict[str, str | float | None] = dict.fromkeys(COLUMNS)
        x1, y1, x2, y2 = row.corners
        entry.update({"file": _name(meta), "class": _class(row), "score": _score(row)})
        entry.update({"x1": x1, "y1": y1, "x2": x2, "y2": y2, "model": ""})
        table.append(entry)
    write_table(table, Path(path))
