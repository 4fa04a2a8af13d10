"""Before measuring: boxes beside the galaxy go, boxes that touch become one.

As Popp et al. (2023) do it, but for two slips of theirs: a merged clump is placed in
the middle of its members, and is measured there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clump_detector.core import boxes as geometry
from clump_detector.core.arrays import Floats, Mask
from clump_detector.core.boxes import Boxes

#: Boxes touch whose circles of this radius in FWHM do.
TOUCHING = 0.5


@dataclass(frozen=True)
class MergedBoxes:
    """Boxes that are left, the best first.

    Attributes
    ----------
    boxes : array of shape (n, 4)
        A merged one is as large as its members in the mean, around their middle.
    scores : array of shape (n,)
        The best of the members.
    classes : tuple of str
        Of the member with the best score.
    members : tuple of n tuples of int
        The indices of the boxes that each is made of.
    """

    boxes: Boxes
    scores: Floats
    classes: tuple[str, ...]
    members: tuple[tuple[int, ...], ...]

    @property
    def merged(self) -> NDArray[np.bool_]:
        """Which are made of several boxes, shape (n,)."""
        return np.array([len(m) > 1 for m in self.members], dtype=bool)


def post_process(
    boxes: ArrayLike,
    scores: ArrayLike,
    classes: Sequence[str],
    fwhm: float,
    host: Mask | None = None,
) -> MergedBoxes:
    """Drop boxes outside the galaxy and merge those that touch.

    Parameters
    ----------
    boxes : array of shape (n, 4)
    scores : array of shape (n,)
        The middle of a merged box is that of its members, each of which counts with
        its score; NaN, of a box drawn by hand, counts as 1.
    classes : sequence of n str
    fwhm : float
        Of the PSF in pixels: circles of radius `TOUCHING` FWHM touch.
    host : bool array of shape (height, width), optional
        The galaxy's segment; no box is dropped without one.
    """
    corners = geometry.as_boxes(boxes)
    known = np.nan_to_num(np.asarray(scores, dtype=float).reshape(-1), nan=1.0)
    kept = np.arange(len(corners))
    if host is not None and len(corners):
        kept = kept[_on(host, geometry.centres(corners))]
    groups = _groups(geometry.centres(corners[kept]), 2 * TOUCHING * fwhm)
    rows = []
    for group in groups:
        members = kept[group]
        members = members[np.argsort(-known[members], kind="stable")]
        best = int(members[0])
        rows.append(
            (
                _around(corners[members], known[members]),
                float(known[best]),
                classes[best],
                tuple(int(i) for i in members),
            )
        )
    rows.sort(key=lambda row: (-row[1], row[3]))
    return MergedBoxes(
        np.array([row[0] for row in rows]).reshape(-1, 4),
        np.array([row[1] for row in rows], dtype=float),
        tuple(row[2] for row in rows),
        tuple(row[3] for row in rows),
    )


def _on(host: Mask, positions: Floats) -> NDArray[np.bool_]:
    """Return which positions lie on a mask; a position beyond the image does not."""
    columns, rows = positions.round().astype(int).T
    height, width = host.shape
    within = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    on = host[rows.clip(0, height - 1), columns.clip(0, width - 1)]
    return np.asarray(within & on)


def _groups(positions: Floats, reach: float) -> list[NDArray[np.intp]]:
    """Return the indices of positions connected by steps of up to ``reach``."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    if not len(positions):
        return []
    apart = np.hypot(*(positions[:, None] - positions[None]).transpose(2, 0, 1))
    n, number = connected_components(csr_array(apart <= reach), directed=False)
    return [np.flatnonzero(number == k) for k in range(n)]


def _around(corners: Boxes, weights: Floats) -> Floats:
    """Return the box around the weighted middle, of the members' mean size."""
    if len(corners) == 1:
        return np.asarray(corners[0])
    weights = np.clip(weights, 1e-6, None)
    middle = np.average(geometry.centres(corners), axis=0, weights=weights)
    half = (corners[:, 2:] - corners[:, :2]).mean(axis=0) / 2
    return np.concatenate([middle - half, middle + half])
