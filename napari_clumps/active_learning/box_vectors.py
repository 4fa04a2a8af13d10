"""The embeddings of a review's boxes, found among those that a model described."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clump_detector.core import boxes as geometry
from clump_detector.core.boxes import Boxes

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
