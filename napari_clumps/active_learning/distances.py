"""How far embeddings are from those that are labelled, kept up to date."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clump_detector.core.arrays import AnyArray, Floats
from clump_detector.images.likeness import Scale

#: Labelled ones that are compared with all others at a time, for memory.
_AT_ONCE = 64

#: Of more rows than this, distances are those on so many random directions (Johnson and
#: Lindenstrauss 1984): off by a tenth, in a tenth of the time.
_MANY, _DIRECTIONS = 10_000, 64

#: Rows that are drawn to tell how far rows are from one another.
_DRAWN = 300


class Apart:
    """Squared distance of each row to the nearest of those that are labelled.

    Distances are those of vectors that are standardised: mean 0 and standard deviation
    1 of each dimension, over the pool and what is labelled. Of very many rows they are
    approximate.

    Parameters
    ----------
    vectors : array of shape (n, D)
        Rows that are not finite are unknown; they have no distance (NaN).
    labelled : array of shape (m, D)
        Rows that are not finite do not count.

    Attributes
    ----------
    unknown : bool array of shape (n,)
    distance : array of shape (n,)
        Infinite as long as nothing is labelled.
    usual : float
        The median of the distances of all rows from one another, of some that are
        drawn; 0 where fewer than two are known.

    Raises
    ------
    ValueError
        If the two have different numbers of dimensions.
    """

    def __init__(self, vectors: ArrayLike, labelled: ArrayLike) -> None:
        rows = np.asarray(vectors, dtype=np.float32)
        others = np.asarray(labelled, dtype=np.float32)
        others = others if others.size else others.reshape(0, rows.shape[1])
        if others.shape[1] != rows.shape[1]:
            raise ValueError(
                f"embeddings have {rows.shape[1]} dimensions, those of labelled "
                f"cutouts {others.shape[1]}: they are of two encoders"
            )
        self.unknown = np.asarray(~np.isfinite(rows).all(axis=1), dtype=bool)
        others = others[np.isfinite(others).all(axis=1)]
        scale = Scale()
        scale.add(rows[~self.unknown])
        scale.add(others)
        self._rows: AnyArray = scale.of(rows)
        others = np.asarray(scale.of(others), np.float32)
        self._rows[self.unknown] = 0
        if len(rows) > _MANY:
            self._rows, others = _projected(self._rows, others)
        self._squares = np.einsum("ij,ij->i", self._rows, self._rows)
        self.distance: Floats = np.full(len(rows), np.inf, dtype=np.float32)
        self.distance[self.unknown] = np.nan
        for k in range(0, len(others), _AT_ONCE):
            self._nearer(others[k : k + _AT_ONCE])
        self.usual = _usual(self._rows[~self.unknown])
        self._nothing_yet = not len(others)

    def farthest(self, among: NDArray[np.bool_]) -> int:
        """Return the row farthest from all labelled ones, the first of equal ones.

        The one nearest to the mean as long as nothing is labelled.

        Parameters
        ----------
        among : bool array of shape (n,)
            Rows that may be chosen, at least one, none of them unknown.
        """
        if self._nothing_yet:
            return int(np.argmin(np.where(among, self._squares, np.inf)))
        return int(np.argmax(np.where(among, self.distance, -np.inf)))

    def add(self, i: int) -> None:
        """Count a row among the labelled ones; nothing happens if it is unknown."""
        if self.unknown[i]:
            return
        self._nearer(self._rows[i : i + 1])
        self._nothing_yet = False

    def _nearer(self, others: AnyArray) -> None:
        squares = np.einsum("ij,ij->i", others, others)
        apart = self._squares[:, None] - 2 * (self._rows @ others.T) + squares
        nearest = np.maximum(apart.min(axis=1), 0)
        # NaN of unknown rows stays.
        self.distance = np.minimum(self.distance, nearest)


def _projected(rows: AnyArray, others: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Return both on random directions, on which distances are about the same."""
    from sklearn.random_projection import GaussianRandomProjection

    if rows.shape[1] <= _DIRECTIONS:
        return rows, others
    directions = GaussianRandomProjection(_DIRECTIONS, random_state=0).fit(rows[:1])
    on = directions.components_.T.astype(np.float32)
    return rows @ on, others @ on


def _usual(rows: AnyArray) -> float:
    """Return the median squared distance of rows from one another."""
    drawn = rows[np.random.default_rng(0).permutation(len(rows))[:_DRAWN]]
    if len(drawn) < 2:
        return 0.0
    squares = np.einsum("ij,ij->i", drawn, drawn)
    apart = squares[:, None] - 2 * drawn @ drawn.T + squares
    return float(np.median(apart[np.triu_indices(len(drawn), 1)]))
