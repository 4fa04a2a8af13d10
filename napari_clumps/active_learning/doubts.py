"""Which labels to check again: those that heads which have not seen them contradict.

In the manner of confident learning (Northcutt, Jiang & Chuang 2021, "Confident
learning: estimating uncertainty in dataset labels"): how sure a label is, is measured
against how sure the labels of its class are on average, since a detector that gives
most clumps 0.6 does not contradict one with 0.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clump_detector.core.arrays import Floats

#: Kinds of places: a box that was accepted or drawn, one that was turned down, and one
#: that a model found where a cutout that is done has no box.
KEPT, REJECTED, UNBOXED = "kept", "rejected", "unboxed"
KINDS = (KEPT, REJECTED, UNBOXED)

#: Labels are expected to be no less sure than a toss of a coin.
LEAST_SURE = 0.5

_WORDS = {
    KEPT: "kept as a clump, but heads that have not seen it give",
    REJECTED: "turned down, but heads that have not seen it give",
    UNBOXED: "no box here, but heads that have not seen it give",
}

#: Where nothing is less sure than usual.
NOTHING = "heads that have not seen it agree with its boxes"


@dataclass(frozen=True)
class Doubt:
    """How much a cutout should be looked at again.

    Attributes
    ----------
    cutout : int
        Its id.
    doubt : float
        That of its worst place: 1 where heads that have not seen it are sure of the
        opposite, 0 where they are as sure as of other labels of its kind, negative
        where they are surer.
    place : int
        The row of that place.
    reason : str
        In words.
    """

    cutout: int
    doubt: float
    place: int
    reason: str


def doubts(cutouts: ArrayLike, kinds: ArrayLike, unseen: ArrayLike) -> list[Doubt]:
    """Return cutouts by how doubtful their labels are, the worst first.

    Parameters
    ----------
    cutouts : int array of shape (n,)
        The cutout of each place.
    kinds : str array of shape (n,)
        `KEPT`, `REJECTED` or `UNBOXED`.
    unseen : array of shape (n,)
        Score of heads that did not learn from the cutout, 0 to 1; places without one
        (NaN) are left out.

    Returns
    -------
    list of Doubt
        One for each cutout with a place; equal ones in the order of their ids.

    Raises
    ------
    ValueError
        If a kind is unknown, or there is not one of each for each place.
    """
    ids = np.asarray(cutouts, dtype=np.int64).reshape(-1)
    what = np.asarray(kinds, dtype=np.str_).reshape(-1)
    values = place_doubts(what, unseen)
    if len(ids) != len(values):
        raise ValueError(f"{len(values)} places have {len(ids)} cutouts")
    scores = np.asarray(unseen, dtype=np.float64).reshape(-1)
    rows = np.flatnonzero(~np.isnan(values))
    rows = rows[np.lexsort((-values[rows], ids[rows]))]
    _, first = np.unique(ids[rows], return_index=True)
    worst = rows[first]
    worst = worst[np.argsort(-values[worst], kind="stable")]
    return [
        Doubt(int(ids[i]), float(values[i]), int(i), _words(what[i], scores[i], d))
        for i, d in zip(worst, values[worst], strict=True)
    ]


def place_doubts(kinds: ArrayLike, unseen: ArrayLike) -> Floats:
    """Return how doubtful each place is, shape (n,): at most 1, NaN where unknown.

    The mean self-confidence of a class is the mean score of what was kept, and the mean
    of 1 - score of what was not; `LEAST_SURE` where it is lower, as it may be with few
    labels. How far a label falls short of that of its class is given as a share of it.

    Parameters
    ----------
    kinds : str array of shape (n,)
    unseen : array of shape (n,)

    Raises
    ------
    ValueError
        As `doubts`.
    """
    what = np.asarray(kinds, dtype=np.str_).reshape(-1)
    scores = np.asarray(unseen, dtype=np.float64).reshape(-1)
    if len(what) != len(scores):
        raise ValueError(f"{len(scores)} places have {len(what)} kinds")
    strange = sorted(set(what.tolist()) - set(KINDS))
    if strange:
        raise ValueError(f"no kind {strange[0]!r}; there are: {', '.join(KINDS)}")
    kept = what == KEPT
    confidence = np.where(kept, scores, 1 - scores)
    usual = np.where(kept, _mean(confidence[kept]), _mean(confidence[~kept]))
    return np.asarray((usual - confidence) / usual)


def _mean(confidence: Floats) -> float:
    known: NDArray[np.float64] = confidence[~np.isnan(confidence)]
    return max(float(known.mean()), LEAST_SURE) if len(known) else LEAST_SURE


def _words(kind: str, score: float, doubt: float) -> str:
    return f"{_WORDS[str(kind)]} {score:.2f}" if doubt > 0 else NOTHING
