"""Which crops are on the wall, and in what order. Pure, on columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_clumps.review.storage.records import Status

from .box_index import Crops

#: What crops are sorted by, and what comes first when the order is not turned round.
SORTS = {
    "score": "The surest first",
    "disagreement": "Where two models' scores are furthest apart first",
    "size": "The largest first",
    "class": "In the order of the review's classes",
    "status": "Proposals first, then accepted, rejected, edited, drawn",
    "cutout": "In the order in which the cutouts were added",
}

_LARGEST_FIRST = ("score", "disagreement", "size")


@dataclass(frozen=True)
class Arrangement:
    """What is shown of all crops, and in what order.

    Attributes
    ----------
    sort : str
        One of `SORTS`.
    turned : bool
        Whether the order is turned round; what is not known stays last.
    statuses : frozenset of Status
    cls : str or None
        A class, or all.
    low, high : float
        Scores shown, both ends included. A box that a person drew has none: it counts
        as above every score.
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


def arranged(
    crops: Crops, how: Arrangement, classes: Sequence[str] = ()
) -> NDArray[np.int64]:
    """Return the rows of the crops that are shown, in their order.

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
    """Return what crops are sorted by, NaN where it is not known."""
    n = len(crops)
    if sort == "score":
        return crops.scores.copy()
    if sort == "disagreement":
        return np.abs(crops.scores - crops.seconds)
    if sort == "size":
        x1, y1, x2, y2 = crops.corners.T
        return np.asarray((x2 - x1) * (y2 - y1))
    if sort == "class":
        order = {cls: float(i) for i, cls in enumerate(classes)}
        last = float(len(order))
        return np.fromiter((order.get(c, last) for c in crops.classes), float, n)
    if sort == "status":
        places = {status: float(i) for i, status in enumerate(Status)}
        return np.fromiter((places[s] for s in crops.statuses), float, n)
    return crops.cutouts.astype(np.float64)
