"""The embeddings of a review's boxes, found among those that a model described."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clump_detector.core import boxes as geometry
from clump_detector.core.arrays import Floats
from clump_detector.core.boxes import Boxes
from clump_detector.images.likeness import likeness

#: A described box whose IoU with a box is greater shows the same.
_SAME = 0.3


def vectors_of(
    cutouts: NDArray[np.int64], corners: Boxes, described: NDArray[np.void]
) -> NDArray[np.float16]:
    """Return the embedding of each box: that of the described box nearest to it.

    Parameters
    ----------
    cutouts : int array of shape (n,)
    corners : array of shape (n, 4)
    described : structured array
        Ordered by cutout, as `Features.boxes` returns them.

    Returns
    -------
    float16 array of shape (n, channels)
        Not a number where none is near.
    """
    channels = described.dtype["vector"].shape[0]
    found = np.full((len(cutouts), channels), np.nan, np.float16)
    if not len(described) or not len(cutouts):
        return found
    order = np.argsort(cutouts, kind="stable")
    ids, starts = np.unique(cutouts[order], return_index=True)
    first = np.searchsorted(described["cutout"], ids)
    last = np.searchsorted(described["cutout"], ids, side="right")
    known = np.array(described["corners"])
    for k, rows in enumerate(np.split(order, starts[1:])):
        if first[k] == last[k]:
            continue
        overlaps = geometry.iou(corners[rows], known[first[k] : last[k]])
        best = overlaps.argmax(axis=1)
        near = overlaps[np.arange(len(rows)), best] > _SAME
        found[rows[near]] = described["vector"][first[k] + best[near]]
    return found


def boxes_alike(
    cutouts: NDArray[np.int64],
    corners: Boxes,
    described: NDArray[np.void],
    examples: NDArray[np.int64],
) -> Floats | None:
    """Return how much each box is like some of them, by the model's embeddings.

    Parameters
    ----------
    cutouts, corners, described
        As in `vectors_of`.
    examples : int array of shape (m,)
        Rows of those that the others are compared with.

    Returns
    -------
    array of shape (n,) or None
        Higher is more alike, NaN where a box is not described; None where no example
        is.
    """
    vectors = vectors_of(cutouts, corners, described)
    there = vectors.shape[1] > 0  # of no model that has run there is nothing
    known = np.flatnonzero(np.isfinite(vectors).all(axis=1) & there)
    chosen = np.flatnonzero(np.isin(known, examples))
    if not len(chosen):
        return None
    alike = np.full(len(cutouts), np.nan)
    alike[known] = likeness(vectors[known], chosen)
    return alike
