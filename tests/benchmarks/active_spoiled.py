"""A tenth of the labels spoiled, and the places that doubts are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from clump_detector.core import boxes as geometry
from clump_detector.detector.network import Detector
from clump_detector.train.operating_point import OperatingPoint
from napari_clumps.active_learning.doubts import KEPT, REJECTED, UNBOXED

from .active_heads import Head, find, scores_of
from .active_rows import Galaxy, Rows

#: Share of the boxes that are spoiled, and how, in turns.
SHARE = 0.1
SHIFTED, DELETED, ACCEPTED = "shifted", "deleted", "turned down, now accepted"
HOW = (SHIFTED, DELETED, ACCEPTED)

#: A found box with a greater IoU with a rejected one is that one.
REJECTED_IOU = 0.3

#: For each galaxy places that are boxes, and places that were turned down.
Labels = dict[int, tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Change:
    """A label that was spoiled, and how."""

    galaxy: int
    how: str


def spoil(galaxies: Sequence[Galaxy], seed: int) -> tuple[Labels, list[Change]]:
    """Return labels of which some are wrong, and which.

    As many as a tenth of all boxes: in turns a box is off by 1.5 FWHM, a box is
    missing, and one that was turned down is accepted.

    Parameters
    ----------
    galaxies : sequence of Galaxy
    seed : int
    """
    rng = np.random.default_rng([seed, 10])
    labels = {i: (g.boxes, g.rejected) for i, g in enumerate(galaxies)}
    kept = [(i, k) for i, g in enumerate(galaxies) for k in range(len(g.boxes))]
    turned = [(i, k) for i, g in enumerate(galaxies) for k in range(len(g.rejected))]
    kept = [kept[j] for j in rng.permutation(len(kept))]
    turned = [turned[j] for j in rng.permutation(len(turned))]
    changes = []
    for n in range(round(SHARE * len(kept))):
        how = HOW[n % len(HOW)]
        i, k = turned.pop() if how == ACCEPTED else kept.pop()
        galaxy, (boxes, rejected) = galaxies[i], labels[i]
        if how == ACCEPTED:
            place = galaxy.rejected[k]
            labels[i] = np.append(boxes, place), rejected[rejected != place]
        else:
            rest = boxes[boxes != galaxy.boxes[k]]
            if how == SHIFTED:
                rest = np.append(rest, galaxy.displaced[k])
            labels[i] = rest, rejected
        changes.append(Change(i, how))
    return labels, changes


def places_of(
    rows: Rows,
    heads: Sequence[Head],
    apart: Mapping[int, int],
    labels: Labels,
    detector: Detector,
    point: OperatingPoint,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return cutout, kind and score of every place, by the head that knows it least.

    Parameters
    ----------
    rows : Rows
    heads : sequence of Head
    apart : dict of int to int
        For each galaxy the head that did not learn from it.
    labels : Labels
    detector : Detector
    point : OperatingPoint
        Its calibration is that of the scores.
    """
    parts: list[tuple[int, str, np.ndarray]] = []
    for i, (boxes, rejected) in labels.items():
        galaxy, head = rows.galaxies[i], heads[apart[i]]
        for kind, places in ((KEPT, boxes), (REJECTED, rejected)):
            if len(places):
                parts.append((i, kind, scores_of(rows, head, galaxy.first + places)))
        (found,) = find(rows, [head], [i], detector)
        free = _unboxed(galaxy, found.boxes, boxes, rejected)
        parts.append((i, UNBOXED, found.scores[free]))
    return (
        np.concatenate([np.full(len(s), i) for i, _, s in parts]),
        np.concatenate([np.full(len(s), kind) for _, kind, s in parts]),
        point.calibration(np.concatenate([s for _, _, s in parts])),
    )


def _unboxed(
    galaxy: Galaxy, found: geometry.Boxes, boxes: np.ndarray, rejected: np.ndarray
) -> np.ndarray:
    """Return which found boxes are none of the labels', nor unsure ones."""
    centres = geometry.centres(found)
    free = np.ones(len(found), dtype=bool)
    for box in galaxy.corners[boxes]:
        apart = np.hypot(*(centres - geometry.centres(box[None])).T)
        free &= apart > geometry.fwhm(box[None])[0]
    if len(rejected):
        overlap = geometry.iou(found, galaxy.corners[rejected])
        free &= ~(overlap > REJECTED_IOU).any(axis=1)
    for x1, y1, x2, y2 in galaxy.sample.ignored:
        x, y = centres.T
        free &= ~((x >= x1) & (x <= x2) & (y >= y1) & (y <= y2))
    return free
