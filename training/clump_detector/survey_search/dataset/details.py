"""All that a dataset knows of some of its cutouts: where they are, and their boxes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from .asking.scan import damage_said, table_at
from .tables import CUTOUT, CUTOUTS, DETECTIONS

#: A box, by columns of the table of detections.
BoxRow = TypedDict(
    "BoxRow",
    {
        "cutout": str,
        "class": str,
        "score": float,
        "x1": float,
        "y1": float,
        "x2": float,
        "y2": float,
    },
)


@dataclass(frozen=True)
class Details:
    """A cutout of a dataset.

    Attributes
    ----------
    address, name, model : str
    width, height : int
    stamp, content : str
        Of its files when they were read.
    boxes : sequence of dict
        The best first.
    """

    address: str
    name: str
    model: str
    width: int
    height: int
    stamp: str
    content: str
    boxes: Sequence[BoxRow]


def details_of(dataset: Path, addresses: Sequence[str]) -> dict[str, Details]:
    """Return what is known of some cutouts, by address; what is unknown is not there.

    Raises
    ------
    FileError
        If a table is damaged.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    some = pc.field(CUTOUT).isin(pa.array(list(addresses), pa.string()))
    names = [n for n in Details.__annotations__ if n not in ("address", "boxes")]
    boxes: dict[str, list[BoxRow]] = defaultdict(list)
    with damage_said(dataset):
        rows = table_at(dataset, CUTOUTS).to_table(
            columns=[CUTOUT, *names], filter=some
        )
        found = table_at(dataset, DETECTIONS).to_table(
            columns=list(BoxRow.__annotations__), filter=some
        )
    for box in found.to_pylist():
        boxes[box[CUTOUT]].append(box)
    return {
        (address := row.pop(CUTOUT)): Details(
            address, **row, boxes=sorted(boxes[address], key=lambda b: -b["score"])
        )
        for row in rows.to_pylist()
    }
