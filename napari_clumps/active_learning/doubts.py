"""Which labels to look at again: where heads that did not learn from them disagree.

In the manner of confident learning (Northcutt, Jiang and Chuang 2021): a label is in
doubt if the score is on the wrong side of what labels of its kind have on the average.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

#: What a person said of a place: a clump, no clump, or, on a done cutout, nothing.
Kind = Literal["kept", "rejected", "unboxed"]

#: Labels of a kind from which their mean score is taken to be known, and what is taken
#: for it with fewer.
_ENOUGH, _USUAL = 5, 0.5

_WORDS = {
    "kept": "kept as a clump, and the model gives it {score:.2f}",
    "rejected": "rejected, and the model gives it {score:.2f}",
    "unboxed": "no box where the model gives {score:.2f}",
}


@dataclass(frozen=True)
class Place:
    """A place on a cutout: what a person said of it, and what the model says.

    Attributes
    ----------
    cutout : int
    kind : {"kept", "rejected", "unboxed"}
    unseen : float
        The score of those heads that did not learn from the galaxy.
    """

    cutout: int
    kind: Kind
    unseen: float


@dataclass(frozen=True)
class Doubt:
    """A cutout whose labels are to be looked at again.

    Attributes
    ----------
    cutout : int
    size : float
        The chance that the label of its worst place is wrong, as the model sees it.
    reason : str
        In words.
    """

    cutout: int
    size: float
    reason: str


def doubts(places: Sequence[Place]) -> list[Doubt]:
    """Return the cutouts with a label in doubt, the greatest doubt first.

    A label that a place is a clump is in doubt if the model gives it no more than it
    gives rejected places on the average; one that a place is none, if it gives it at
    least what it gives to clumps.

    Parameters
    ----------
    places : sequence of Place
        Of all decided cutouts; a score that is not finite does not count.
    """
    known = [place for place in places if np.isfinite(place.unseen)]
    clump = max(_mean([p.unseen for p in known if p.kind == "kept"]), _USUAL)
    none = min(_mean([p.unseen for p in known if p.kind == "rejected"]), _USUAL)
    worst: dict[int, tuple[float, Place]] = {}
    for place in known:
        kept = place.kind == "kept"
        doubtful = place.unseen <= none if kept else place.unseen >= clump
        size = 1 - place.unseen if kept else place.unseen
        if doubtful and size > worst.get(place.cutout, (0.0, place))[0]:
            worst[place.cutout] = size, place
    found = [
        Doubt(cutout, size, _WORDS[place.kind].format(score=place.unseen))
        for cutout, (size, place) in worst.items()
    ]
    return sorted(found, key=lambda doubt: (-doubt.size, doubt.cutout))


def _mean(scores: Sequence[float]) -> float:
    return float(np.mean(scores)) if len(scores) >= _ENOUGH else _USUAL
