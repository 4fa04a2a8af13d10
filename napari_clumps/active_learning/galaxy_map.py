"""A map of galaxies: those that look alike lie together."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clump_detector.core.arrays import Floats
from clump_detector.images.likeness import standardised

#: Up to so many galaxies t-SNE is used, which keeps neighbours together but takes long.
MOST_FOR_TSNE = 3000

#: Neighbours that t-SNE keeps together, roughly; scikit-learn's own choice.
_PERPLEXITY = 30

#: Main components that t-SNE begins with.
_COMPONENTS = 30


def method(n: int) -> str:
    """Return how a map of n galaxies is made, in words."""
    return "t-SNE" if 3 < n <= MOST_FOR_TSNE else "the two main components"


def positions(values: NDArray[np.float16], weights: ArrayLike, seed: int = 0) -> Floats:
    """Return where galaxies lie on the map.

    By t-SNE (van der Maaten and Hinton 2008) where they are few, or else by their two
    main components.

    Parameters
    ----------
    values : array of shape (n, D)
        What galaxies look like; see `clump_detector.images.likeness.appearance`.
    weights : array-like of shape (D,)
    seed : int

    Returns
    -------
    array of shape (n, 2)
        Each axis from -1 to 1; all 0 where all are alike.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    n, scaled = len(values), standardised(values, weights)
    if n < 2 or not float(np.ptp(scaled)):
        return np.zeros((n, 2))
    wanted = min(_COMPONENTS, *scaled.shape)
    components = PCA(max(wanted, 2) if n > 2 else 1, random_state=seed)
    found = components.fit_transform(scaled)
    if method(n) == "t-SNE":
        perplexity = min(_PERPLEXITY, (n - 1) / 3)
        found = TSNE(perplexity=perplexity, random_state=seed).fit_transform(found)
    placed = np.zeros((n, 2))
    axes = min(found.shape[1], 2)
    placed[:, :axes] = found[:, :axes]
    placed -= (placed.max(axis=0) + placed.min(axis=0)) / 2
    return np.asarray(placed / np.maximum(np.abs(placed).max(axis=0), 1e-9))
