"""Pairing the boxes of two reviewers, and the cutouts of two reviews."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from clump_detector.core import boxes as geometry
from napari_clumps.review.storage.records import Box, CutoutRecord

if TYPE_CHECKING:
    from napari_clumps.review.reader import ReviewReader


def pair_boxes(first: Sequence[Box], second: Sequence[Box]) -> list[tuple[Box, Box]]:
    """Return the boxes of two lists that mark the same clump, one to one.

    Centres are at most one FWHM apart, the mean side of both boxes / 2.5, and the sum
    of all distances is the least possible. Identical proposals of a model are paired
    before any other.

    Parameters
    ----------
    first, second : sequence of Box
    """
    from scipy.optimize import linear_sum_assignment

    if not first or not second:
        return []
    ours = geometry.as_boxes([box.corners for box in first])
    theirs = geometry.as_boxes([box.corners for box in second])
    apart = geometry.centres(ours)[:, None] - geometry.centres(theirs)[None]
    fwhm = (geometry.fwhm(ours)[:, None] + geometry.fwhm(theirs)[None]) / 2
    distance = np.hypot(apart[..., 0], apart[..., 1]) / fwhm
    proposed = [box.proposed for box in second]
    for i, box in enumerate(first):
        if box.proposed is not None and box.proposed in proposed:
            distance[i, proposed.index(box.proposed)] = -1
    # Pairs too far apart get a large but finite cost.
    rows, columns = linear_sum_assignment(np.where(distance <= 1, distance, 1e6))
    near = distance[rows, columns] <= 1
    return [
        (first[i], second[j]) for i, j in zip(rows[near], columns[near], strict=True)
    ]


def pair_cutouts(
    first: ReviewReader, second: ReviewReader
) -> tuple[list[tuple[CutoutRecord, CutoutRecord]], list[CutoutRecord]]:
    """Return the cutouts that two reviews share, and those only the second has.

    Shared are those of the same files, or else of the same name where each review has
    the name once. Repeated cutouts are left out.

    Parameters
    ----------
    first, second : ReviewReader
    """
    ours = [c for c in first.cutouts() if c.repeat_of is None]
    by_files = {cutout.source.files: cutout for cutout in ours}
    by_name = _unique(ours)
    theirs = [c for c in second.cutouts() if c.repeat_of is None]
    names = _unique(theirs)
    pairs, rest, taken = [], [], set()
    for cutout in theirs:
        same = by_files.get(cutout.source.files)
        if same is None and cutout.name in names:
            same = by_name.get(cutout.name)
        if same is None or same.id in taken:
            rest.append(cutout)
        else:
            taken.add(same.id)
            pairs.append((same, cutout))
    return pairs, rest


def _unique(cutouts: Sequence[CutoutRecord]) -> dict[str, CutoutRecord]:
    """Return the cutouts by name, without names that occur twice."""
    found: dict[str, CutoutRecord] = {}
    twice = set()
    for cutout in cutouts:
        if cutout.name in found:
            twice.add(cutout.name)
        found[cutout.name] = cutout
    return {name: cutout for name, cutout in found.items() if name not in twice}
