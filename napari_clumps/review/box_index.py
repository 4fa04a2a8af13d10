"""All boxes of a review in columns, read in one go: the rows of a wall of crops."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_clumps.review.storage.records import Corners, Status
from napari_clumps.review.storage.store import Store

_STATUSES = {status.value: status for status in Status}


@dataclass(frozen=True, slots=True)
class Crop:
    """One box and the name of its cutout.

    Attributes
    ----------
    box, cutout : int
        Ids.
    name : str
        The cutout's.
    corners : tuple of float
        x1, y1, x2, y2.
    cls : str
    status : Status
    score, second : float or None
        Of the model that proposed it, and of another.
    gone : bool
        Whether the review has no such box any more.
    """

    box: int
    cutout: int
    name: str
    corners: Corners
    cls: str
    status: Status
    score: float | None
    second: float | None
    gone: bool = False


class Crops:
    """Boxes in columns of the same length, in the order of their ids.

    Parameters
    ----------
    rows : sequence of tuples
        Box id, cutout id, cutout name, x1, y1, x2, y2, class, status, score, second.

    Attributes
    ----------
    ids, cutouts : int64
    corners : float64 of shape (n, 4)
    classes, statuses : str and Status
    scores, seconds : float64, NaN where there is none
    gone : bool
        Whether a box has gone since these were read.
    names : dict
        Cutout id to name.
    """

    def __init__(self, rows: Sequence[tuple[Any, ...]] = ()) -> None:
        columns = list(zip(*rows, strict=True)) or [()] * 11
        self.ids = np.array(columns[0], np.int64)
        self.cutouts = np.array(columns[1], np.int64)
        self.names: dict[int, str] = dict(zip(columns[1], columns[2], strict=True))
        self.corners = np.array(columns[3:7], np.float64).T.copy()
        self.classes = _objects(columns[7])
        self.statuses = _objects([_STATUSES[value] for value in columns[8]])
        self.scores = np.array(columns[9], np.float64)  # None becomes NaN
        self.seconds = np.array(columns[10], np.float64)
        self.gone = np.zeros(len(self.ids), bool)

    def __len__(self) -> int:
        return len(self.ids)

    def crop(self, row: int) -> Crop:
        """Return one row."""
        cutout = int(self.cutouts[row])
        x1, y1, x2, y2 = self.corners[row].tolist()
        return Crop(
            int(self.ids[row]),
            cutout,
            self.names[cutout],
            (x1, y1, x2, y2),
            self.classes[row],
            self.statuses[row],
            _known(self.scores[row]),
            _known(self.seconds[row]),
            bool(self.gone[row]),
        )

    def rows_of(self, box_ids: Iterable[int]) -> NDArray[np.int64]:
        """Return the rows of those boxes that are here."""
        wanted = np.fromiter(box_ids, np.int64)
        places = np.searchsorted(self.ids, wanted)
        known = places < len(self)
        known[known] = self.ids[places[known]] == wanted[known]
        return places[known].astype(np.int64)

    def take(self, cutout_ids: Iterable[int], now: Crops) -> list[int]:
        """Take over, row by row, what became of the boxes of some cutouts.

        Parameters
        ----------
        cutout_ids : iterable of int
        now : Crops
            All boxes that these cutouts have now.

        Returns
        -------
        list of int
            The cutout of each box that has no row here.
        """
        of_them = np.isin(self.cutouts, np.fromiter(cutout_ids, np.int64))
        self.gone[of_them] = True
        there = np.isin(now.ids, self.ids[of_them])
        rows = np.searchsorted(self.ids, now.ids[there])
        self.gone[rows] = False
        for name in ("corners", "classes", "statuses", "scores", "seconds"):
            getattr(self, name)[rows] = getattr(now, name)[there]
        return [int(cutout) for cutout in now.cutouts[~there]]


#: Proposals that would favour the model that made them, if a person saw whose they are.
_UNDISCLOSED = """
b.status = 'proposal' AND b.opinions IS NULL AND c.held_out AND NOT c.done AND (
  c.blind OR (? AND NOT EXISTS (
    SELECT 1 FROM boxes AS d WHERE d.cutout = c.id AND (d.opinions IS NOT NULL
    OR (d.model IS NOT NULL AND d.status != 'proposal'))
  ))
)
"""


def read_crops(
    store: Store, cutout_ids: Iterable[int] | None = None, *, hide: bool = False
) -> Crops:
    """Read all boxes of a review, or those of some cutouts, in one statement.

    `Reading.crops` says which are left out.
    """
    some = f"WHERE NOT ({_UNDISCLOSED})"
    values: list[Any] = [hide]
    if cutout_ids is not None:
        some += " AND b.cutout IN (SELECT value FROM json_each(?))"
        values.append(json.dumps(list(cutout_ids)))
    return Crops(
        store.rows(
            "SELECT b.id, b.cutout, c.name, b.x1, b.y1, b.x2, b.y2, b.cls, b.status, "
            "b.score, b.second FROM boxes AS b JOIN cutouts AS c ON c.id = b.cutout "
            f"{some} ORDER BY b.id",
            values,
        )
    )


def _objects(values: Sequence[Any]) -> NDArray[Any]:
    made = np.empty(len(values), object)
    made[:] = values
    return made


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
