"""Cutouts that look like few others, and what of them is worth a person's look."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clump_detector.core.arrays import Floats
from clump_detector.images.likeness import standardised

#: Values that are looked at, at most.
_COMPONENTS = 32

#: Vectors among which neighbours are looked for, drawn at random if there are more.
_MOST = 10_000

#: Neighbours whose mean distance counts.
_NEIGHBOURS = 10

#: Trees of the forest that predicts a person's interest, and share of the values that
#: each of their forks may choose from.
_TREES, _SHARE = 100, 0.3

#: How soon a prediction far from all that was rated counts less. Lochner and Bassett
#: have 1; of those that were tried on real galaxies this finds most.
_SPREAD = 0.1

#: Rows whose distances to those rated are computed together, which bounds the memory.
_BLOCK = 5_000


def oddness(vectors: NDArray[np.float16], seed: int = 0) -> Floats:
    """Return how odd each vector is among all, 0 for the plainest to 1.

    The mean distance of the nearest neighbours (Angiulli and Pizzuti 2002, "Fast
    outlier detection in high dimensional spaces"), on the main components of the
    vectors.

    Parameters
    ----------
    vectors : array of shape (n, channels)
        Finite ones.
    seed : int
        Of the vectors that are drawn.

    Returns
    -------
    array of shape (n,)
        All 0 where there are fewer than three, or all are equal.
    """
    from sklearn.decomposition import PCA
    from sklearn.neighbors import NearestNeighbors

    n = len(vectors)
    if n < 3 or (vectors == vectors[0]).all():
        return np.zeros(n)
    values = standardised(vectors)
    drawn = np.random.default_rng(seed).permutation(n)[:_MOST]
    components = PCA(min(_COMPONENTS, len(drawn), values.shape[1]), random_state=seed)
    reduced = components.fit(values[drawn]).transform(values)
    # One more than wanted: a vector that was drawn is its own nearest neighbour.
    k = min(_NEIGHBOURS + 1, len(drawn))
    search = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(reduced[drawn])
    distances, rows = search.kneighbors(reduced)
    own = drawn[rows] == np.arange(n)[:, None]
    distances = np.where(own, np.nan, distances)
    odd = np.nanmean(distances, axis=1)
    return np.asarray((odd - odd.min()) / max(float(np.ptp(odd)), 1e-9))


def worth_a_look(
    odd: Floats,
    values: NDArray[np.float16],
    weights: ArrayLike,
    rated: ArrayLike,
    interest: ArrayLike,
    seed: int = 0,
) -> Floats:
    """Return how much each galaxy is worth a look, from its oddness and ratings.

    As Astronomaly does (Lochner and Bassett 2021, "Astronomaly: Personalised active
    anomaly detection in astronomical data", equations 1 to 3): a forest predicts the
    interest, and what is like nothing that was rated keeps its oddness.

    Parameters
    ----------
    odd : array of shape (n,)
        As `oddness` returns it.
    values : array of shape (n, D)
        What galaxies look like, and how much each value counts; see
        `clump_detector.images.likeness.appearance`.
    weights : array-like of shape (D,)
    rated : array-like of int of shape (r,)
        Rows that were rated, at least one.
    interest : array-like of shape (r,)
        0 to 3.
    seed : int
        Of the forest.

    Returns
    -------
    array of shape (n,)
        0 to 1.
    """
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.metrics import pairwise_distances_argmin_min

    rows = np.asarray(rated)
    scaled = standardised(values, weights)
    forest = RandomForestRegressor(_TREES, max_features=_SHARE, random_state=seed)
    forest.fit(scaled[rows], np.asarray(interest, np.float64) / 3)
    wanted = np.asarray(forest.predict(scaled))
    distance = np.concatenate(
        [
            pairwise_distances_argmin_min(scaled[k : k + _BLOCK], scaled[rows])[1]
            for k in range(0, len(scaled), _BLOCK)
        ]
    )
    apart = distance[distance > 0]
    usual = float(np.median(apart)) if len(apart) else 1.0
    unlike = np.exp(_SPREAD * distance / usual) - 1
    return np.asarray(odd * np.tanh(unlike + np.arctanh(np.clip(wanted, 0, 0.999))))
