"""Which cutouts to label next: the most informative, the most diverse, or both.

A share is chosen at random whatever the order: what is measured on these galaxies holds
for all of them, and what is measured on chosen ones does not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import Floats
from clump_detector.core.text import plural

#: Orders that need what a model says of the cutouts.
INFORMATIVE, DIVERSE, BOTH = (
    "most informative", "diverse", "informative and diverse"
)  # fmt: skip

#: Every so many cutouts one is chosen at random.
RANDOM_EVERY = 5

#: How many cutouts are ordered by diversity: about as many as a person labels before
#: the next training, with which the order is made anew.
FIRST = 50

#: Boxes that count for a cutout's information: the most informative ones.
MOST_BOXES = 5

#: Batches of `FIRST` by information among which diverse ones are chosen, and the share
#: of all that they are at most.
_BATCHES, _SHARE = 4, 0.25

#: Values that diversity is measured on, at most.
_COMPONENTS = 32


@dataclass(frozen=True)
class Choice:
    """A cutout in an order.

    Attributes
    ----------
    cutout : int
    arm : str
        Whether it was ``chosen``, came at ``random``, or is ``unknown`` to the model.
    reason : str
        Why it comes here, in words.
    """

    cutout: int
    arm: str
    reason: str


@dataclass(frozen=True)
class Pool:
    """The cutouts that can be chosen, and what is known of them.

    Attributes
    ----------
    ids : int array of shape (n,)
    information : array of shape (n,)
        In nats; NaN where a cutout is not described.
    split : int array of shape (n,)
        Boxes on which the heads do not agree.
    vectors : array of shape (n, channels)
        Embeddings; NaN where there is none.
    labelled : array of shape (m, channels)
        Embeddings of what is labelled already.
    """

    ids: NDArray[np.int64]
    information: Floats
    split: NDArray[np.int64]
    vectors: Floats
    labelled: Floats

    def __len__(self) -> int:
        return len(self.ids)


def rank(order: str, pool: Pool, seed: int) -> list[Choice]:
    """Return all cutouts of a pool in an order, with reasons.

    Parameters
    ----------
    order : str
        `INFORMATIVE`, `DIVERSE` or `BOTH`.
    pool : Pool
    seed : int
        Of what is chosen at random.
    """
    known = np.isfinite(pool.information)
    if order != INFORMATIVE:
        known &= np.isfinite(pool.vectors).all(axis=1)
    places = np.flatnonzero(known)
    best = places[np.argsort(-pool.information[places], kind="stable")]
    far = np.zeros(0, np.int64)
    if order == DIVERSE:
        far = _spread_out(pool, places, FIRST)
    elif order == BOTH:
        most = min(_BATCHES * FIRST, max(math.ceil(_SHARE * len(best)), 1))
        far = _spread_out(pool, best[:most], FIRST)
    rest = best[~np.isin(best, far)]
    chosen = [
        *(Choice(int(pool.ids[k]), "chosen", _far_words(pool, k, order)) for k in far),
        *(Choice(int(pool.ids[k]), "chosen", _split_words(pool, k)) for k in rest),
    ]
    mixed = _with_random(chosen, np.random.default_rng(seed))
    unknown = [
        Choice(int(i), "unknown", "the model has not described it yet")
        for i in pool.ids[~known]
    ]
    return [*mixed, *unknown]


def _with_random(chosen: Sequence[Choice], rng: np.random.Generator) -> list[Choice]:
    """Return an order in which every fifth cutout is one at random."""
    words = "chosen at random, so that figures hold for all galaxies"
    drawn = iter([chosen[k].cutout for k in rng.permutation(len(chosen))])
    coming = iter(chosen)
    mixed: dict[int, Choice] = {}
    while len(mixed) < len(chosen):
        if (len(mixed) + 1) % RANDOM_EVERY == 0:
            one = Choice(next(i for i in drawn if i not in mixed), "random", words)
        else:
            one = next(c for c in coming if c.cutout not in mixed)
        mixed[one.cutout] = one
    return list(mixed.values())


def _split_words(pool: Pool, k: np.integer[Any]) -> str:
    split = int(pool.split[k])
    if split:
        return f"{plural(split, 'box', 'boxes')} on which the model is split"
    return "the model is sure of every box"


def _far_words(pool: Pool, k: np.integer[Any], order: str) -> str:
    words = "looks unlike those that are labelled or come before it"
    if order == BOTH and pool.split[k]:
        return f"{_split_words(pool, k)}; {words}"
    return words


def _spread_out(pool: Pool, places: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Return n of some places, each as far as can be from those before it.

    The greedy solution of the k-centre problem (Sener and Savarese 2018, "Active
    learning for convolutional neural networks: a core-set approach"), from what is
    labelled on; from the middle of all where nothing is.
    """
    if not len(places):
        return places
    good = pool.labelled[np.isfinite(pool.labelled).all(axis=1)]
    every = _components(np.concatenate([pool.vectors[places], good]))
    points, labelled = every[: len(places)], every[len(places) :]
    centres = labelled if len(labelled) else points.mean(axis=0, keepdims=True)
    nearest = np.full(len(points), np.inf)
    for start in range(0, len(centres), _BLOCK):
        block = centres[start : start + _BLOCK]
        squares = (points**2).sum(axis=1)[:, None] - 2 * points @ block.T
        squares += (block**2).sum(axis=1)
        nearest = np.minimum(nearest, squares.min(axis=1))
    chosen = []
    for _ in range(min(n, len(points))):
        k = int(nearest.argmax())
        chosen.append(k)
        squares = ((points - points[k]) ** 2).sum(axis=1)
        nearest = np.minimum(nearest, squares)
        nearest[chosen] = -np.inf
    return places[chosen]


#: Centres whose distances from all points are computed together.
_BLOCK = 64


def _components(vectors: Floats) -> Floats:
    """Return the main components of vectors, each value as important as another."""
    values = np.asarray(vectors, dtype=np.float32)
    values = values - values.mean(axis=0)
    values /= np.maximum(values.std(axis=0), 1e-6)
    if values.shape[1] <= _COMPONENTS or len(values) < 2:
        return np.asarray(values)
    # Of the covariance: there are few channels, and may be very many cutouts.
    _, axes = np.linalg.eigh(values.T @ values)
    return np.asarray(values @ axes[:, -_COMPONENTS:])


def information_by_cutout(
    boxes: NDArray[np.void],
) -> dict[int, tuple[float, int]]:
    """Return the information of cutouts, and on how many boxes the heads are split.

    A cutout's information is the sum of that of its `MOST_BOXES` most informative
    boxes.

    Parameters
    ----------
    boxes : structured array
        Of a model, as `features.Features.boxes` returns them.

    Returns
    -------
    dict of int to (float, int)
        Of cutouts with a box of the model's own.
    """
    own = boxes[boxes["found"]] if len(boxes) else boxes
    found: dict[int, tuple[float, int]] = {}
    if not len(own):
        return found
    order = np.lexsort((-own["information"], own["cutout"]))
    own = own[order]
    ids, starts, counts = np.unique(
        own["cutout"], return_index=True, return_counts=True
    )
    split = (own["votes"] > 0) & (own["votes"] < own["heads"])
    for i, start, n in zip(ids, starts, counts, strict=True):
        best = own["information"][start : start + min(n, MOST_BOXES)]
        found[int(i)] = float(best.sum()), int(split[start : start + n].sum())
    return found
