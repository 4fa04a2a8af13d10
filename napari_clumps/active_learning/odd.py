"""Cutouts that look like few others: those whose nearest neighbours are far."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import Floats

#: Values that are looked at, at most.
_COMPONENTS = 32

#: Vectors among which neighbours are looked for, drawn at random if there are more.
_MOST = 10_000

#: Neighbours whose mean distance counts.
_NEIGHBOURS = 10


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
    values = np.asarray(vectors, np.float32)
    if n < 3 or (values == values[0]).all():
        return np.zeros(n)
    values = values - values.mean(axis=0)
    values /= np.maximum(values.std(axis=0), 1e-6)
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
