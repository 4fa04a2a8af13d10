"""What is known of a review's cutouts: for the order of the queue, and for doubts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from clump_detector.core import boxes as geometry
from clump_detector.core.arrays import AnyArray, Floats
from napari_clumps.review import Box, Corners, CutoutRecord, Review

from .doubts import KEPT, REJECTED, UNBOXED
from .features import Features
from .ranking import Pool, information_by_cutout

#: A found box with a greater IoU with a decided one is that one.
_SAME = 0.2

#: A described box is the decided one itself above this IoU: it was given with it.
_ALIKE = 0.95

#: A place on a cutout: the cutout, what was decided there, the score of heads that did
#: not learn from the galaxy, and the corners.
Place = tuple[int, str, float, Corners]


def pool_of(review: Review, features: Features, model: str) -> Pool:
    """Return the cutouts that can come next, and what is known of them.

    Parameters
    ----------
    review : Review
    features : Features
        Of the review.
    model : str
        Id of the model that described the cutouts.

    Raises
    ------
    FileError
        If what is known cannot be read.
    """
    states = [(i, done) for i, done, held_out in review.states() if not held_out]
    ids = np.array([i for i, is_done in states if not is_done], np.int64)
    done = np.array([i for i, is_done in states if is_done], np.int64)
    told, gain, divided = information_by_cutout(features.boxes(model))
    known = dict(zip(told.tolist(), zip(gain, divided, strict=True), strict=True))
    described = features.described(model)
    nothing = 0.0, 0
    facts = [
        known.get(int(i), nothing if int(i) in described else (np.nan, 0)) for i in ids
    ]
    have, vectors = features.vectors()
    return Pool.of(
        ids,
        np.array([fact[0] for fact in facts], np.float64),
        np.array([fact[1] for fact in facts], np.int64),
        _rows(ids, have, vectors),
        _rows(done, have, vectors),
    )


def _rows(
    ids: NDArray[np.int64], have: NDArray[np.int64], vectors: NDArray[np.float16]
) -> AnyArray:
    """Return the vectors of cutouts, NaN where there is none."""
    found = np.full((len(ids), vectors.shape[1]), np.nan, np.float32)
    if len(have):
        place = np.minimum(np.searchsorted(have, ids), len(have) - 1)
        there = have[place] == ids
        found[there] = vectors[place[there]]
    return found


def places_of(
    review: Review, described: NDArray[np.void], least: float
) -> Iterator[Place]:
    """Yield what was decided on the places of a review, with what a model says.

    Parameters
    ----------
    review : Review
    described : structured array
        The model's boxes, as `Features.boxes` returns them.
    least : float
        From which score a place without a box is looked at.
    """
    for cutout, decided, rows in _begun(review, described):
        if len(rows):
            yield from _places(cutout, decided, rows, least)


def with_new_boxes(
    review: Review, described: NDArray[np.void], cutouts: set[int]
) -> Iterator[int]:
    """Yield cutouts with a decided box that is not described, such as a drawn one.

    Parameters
    ----------
    review : Review
    described : structured array
    cutouts : set of int
        All that are described, those without a box among them.
    """
    for cutout, decided, rows in _begun(review, described):
        alike = _overlaps(decided, rows).max(axis=0, initial=0.0) > _ALIKE
        if not alike.all() or cutout.id not in cutouts:
            yield cutout.id


def _begun(
    review: Review, described: NDArray[np.void]
) -> Iterator[tuple[CutoutRecord, list[Box], NDArray[np.void]]]:
    """Yield cutouts that are begun, with their decided boxes and those described."""
    for cutout in review.cutouts(begun=True):
        if cutout.held_out or cutout.source.added:
            continue
        first, last = np.searchsorted(described["cutout"], [cutout.id, cutout.id + 1])
        decided = [box for box in review.boxes(cutout.id) if box.decided]
        yield cutout, decided, described[first:last]


def _overlaps(decided: list[Box], rows: NDArray[np.void]) -> Floats:
    """Return the IoU of described with decided boxes, shape (rows, boxes)."""
    corners = geometry.as_boxes([box.corners for box in decided])
    return geometry.iou(geometry.as_boxes(rows["corners"]), corners)


def _places(
    cutout: CutoutRecord, decided: list[Box], rows: NDArray[np.void], least: float
) -> Iterator[Place]:
    overlaps = _overlaps(decided, rows)
    for k, box in enumerate(decided):
        at = int(overlaps[:, k].argmax())
        if overlaps[at, k] > _ALIKE:
            kind = KEPT if box.kept else REJECTED
            yield cutout.id, kind, float(rows["unseen"][at]), box.corners
    if not cutout.done:
        return
    apart = overlaps.max(axis=1, initial=0.0) < _SAME
    for row in rows[apart & rows["found"]]:
        if row["unseen"] >= least:
            x1, y1, x2, y2 = row["corners"].tolist()
            yield cutout.id, UNBOXED, float(row["unseen"]), (x1, y1, x2, y2)
