"""All boxes of a review in columns, and their selection and order in the gallery."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_clumps.review.storage.connection import SqlValue
from napari_clumps.review.storage.records import Corners, Status
from napari_clumps.review.storage.store import SqlRow, Store

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
        Of the model that proposed it, and of a second one.
    gone : bool
        Whether the review no longer has this box.
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
        Whether a box was deleted after these were read.
    likeness : float64
        How much each is like some examples, NaN where that is not known.
    names : dict
        Cutout id to name.
    """

    def __init__(self, rows: Sequence[SqlRow] = ()) -> None:
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
        self.likeness = np.full(len(self.ids), np.nan)

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
        """Return the rows of the boxes that are known here."""
        wanted = np.fromiter(box_ids, np.int64)
        positions = np.searchsorted(self.ids, wanted)
        known = positions < len(self)
        known[known] = self.ids[positions[known]] == wanted[known]
        return positions[known].astype(np.int64)

    def take(self, cutout_ids: Iterable[int], now: Crops) -> list[int]:
        """Update the rows of the boxes of some cutouts.

        Parameters
        ----------
        cutout_ids : iterable of int
        now : Crops
            All current boxes of these cutouts.

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


#: Proposals whose model must not be known before the user has marked the cutout.
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

    `ReviewReader.crops` describes which are left out.

    Parameters
    ----------
    store : Store
    cutout_ids : iterable of int, optional
        By default all cutouts.
    hide : bool
        Also leave out proposals on held-out cutouts that are still to be marked.
    """
    some = f"WHERE NOT c.withdrawn AND NOT ({_UNDISCLOSED})"
    values: list[SqlValue] = [hide]
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


def _objects(values: Sequence[object]) -> NDArray[np.object_]:
    made = np.empty(len(values), object)
    made[:] = values
    return made


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


#: Orders of crops, and what comes first when the order is not reversed.
SORTS = {
    "score": "Highest score first",
    "disagreement": "Largest difference between two models' scores first",
    "size": "Largest box first",
    "class": "In the order of the review's classes",
    "status": "Proposals first, then accepted, rejected, edited, drawn",
    "cutout": "In the order in which the cutouts were added",
    "likeness": "Those first that look most like the current box of the canvas",
}

_LARGEST_FIRST = ("score", "disagreement", "size", "likeness")


@dataclass(frozen=True)
class Arrangement:
    """Selection and order of the crops to show.

    Attributes
    ----------
    sort : str
        One of `SORTS`.
    turned : bool
        Whether the order is reversed; boxes without a value stay last.
    statuses : frozenset of Status
    cls : str or None
        A class, or all.
    low, high : float
        Range of scores, both ends included. A drawn box has none: it counts as above
        every score.
    name : str
        Part of the cutout's name, in upper or lower case.
    """

    sort: str = "score"
    turned: bool = False
    statuses: frozenset[Status] = frozenset(Status)
    cls: str | None = None
    low: float = 0.0
    high: float = 1.0
    name: str = ""


def arrange(
    crops: Crops, how: Arrangement, classes: Sequence[str] = ()
) -> NDArray[np.int64]:
    """Return the rows of the crops to show, in order.

    Parameters
    ----------
    crops : Crops
    how : Arrangement
    classes : sequence of str
        The review's, in its order.
    """
    shown = np.flatnonzero(_shown(crops, how))
    values = _values(crops, how.sort, classes)[shown]
    missing = np.isnan(values)
    values[missing] = 0
    if (how.sort in _LARGEST_FIRST) is not how.turned:
        values = -values
    surest = -np.nan_to_num(crops.scores[shown], nan=-1.0)
    # The last key counts most.
    return shown[np.lexsort((crops.ids[shown], surest, values, missing))]


def _shown(crops: Crops, how: Arrangement) -> NDArray[np.bool_]:
    n = len(crops)
    shown = ~crops.gone
    if how.statuses != frozenset(Status):
        shown &= np.fromiter((s in how.statuses for s in crops.statuses), bool, n)
    if how.cls is not None:
        shown &= np.fromiter((cls == how.cls for cls in crops.classes), bool, n)
    scores = crops.scores
    drawn = np.isnan(scores) & (how.high >= 1)
    shown &= drawn | ((scores >= how.low) & (scores <= how.high))
    if how.name:
        part = how.name.casefold()
        named = [i for i, name in crops.names.items() if part in name.casefold()]
        shown &= np.isin(crops.cutouts, np.array(named, np.int64))
    return shown


def _values(crops: Crops, sort: str, classes: Sequence[str]) -> NDArray[np.float64]:
    """Return the values that crops are sorted by, NaN where not known."""
    n = len(crops)
    if sort == "score":
        return crops.scores.copy()
    if sort == "disagreement":
        return np.abs(crops.scores - crops.seconds)
    if sort == "size":
        x1, y1, x2, y2 = crops.corners.T
        return np.asarray((x2 - x1) * (y2 - y1))
    if sort == "likeness":
        return crops.likeness.copy()
    if sort == "class":
        order = {cls: float(i) for i, cls in enumerate(classes)}
        last = float(len(order))
        return np.fromiter((order.get(c, last) for c in crops.classes), float, n)
    if sort == "status":
        positions = {status: float(i) for i, status in enumerate(Status)}
        return np.fromiter((positions[s] for s in crops.statuses), float, n)
    return crops.cutouts.astype(np.float64)
