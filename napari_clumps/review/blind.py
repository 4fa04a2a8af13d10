"""Blind marking of held-out cutouts, before any model's boxes are shown.

Accepted boxes of one model favour that model in every comparison. So the proposals of
all models stay hidden until the user has marked the visible clumps, and are then shown
in random order and without the model. Pure functions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from clump_detector.core import boxes as geometry
from napari_clumps.review.storage.records import Box, Change, CutoutRecord
from napari_clumps.review.storage.snapshot import box_values

from .rules import SAME_CLUMP


def is_hidden(cutout: CutoutRecord, boxes: Iterable[Box]) -> bool:
    """Return whether a held-out cutout can still be marked before boxes are shown.

    It cannot where a user has decided on a model's box already, or reviewers disagree.

    Parameters
    ----------
    cutout : CutoutRecord
    boxes : iterable of Box
        All that it has.
    """
    begun = cutout.done or cutout.blind
    return cutout.held_out and not begun and not any(map(_was_shown, boxes))


def _was_shown(box: Box) -> bool:
    return bool(box.opinions) or (box.decided and box.model is not None)


def boxes_to_ask(
    boxes: Sequence[Box], least: Callable[[Box], float], seed: str
) -> list[Box]:
    """Return the proposals to show after marking, in random order.

    Those on a marked box are left out. Of two models' boxes on one clump one is chosen
    at random.

    Parameters
    ----------
    boxes : sequence of Box
        All boxes of the cutout.
    least : callable
        Gives the minimum score of a box.
    seed : str
        Of the order.
    """
    marked = [box for box in boxes if box.decided]
    chosen: list[Box] = []
    for box in sorted((b for b in boxes if not b.decided), key=_by_chance(seed)):
        others = [b for b in chosen if b.model != box.model]
        sure = box.score is None or box.score >= least(box)
        if sure and not is_on_one_of(box, [*marked, *others]):
            chosen.append(box)
    return chosen


def reveal_changes(
    cutout: CutoutRecord, boxes: Sequence[Box], chosen: Sequence[Box]
) -> list[Change]:
    """Return the changes when a marked cutout gets the boxes to decide on.

    Parameters
    ----------
    cutout : CutoutRecord
    boxes : sequence of Box
        All that it has.
    chosen : sequence of Box
        The proposals to decide on; the others are removed.
    """
    stay = {box.id for box in chosen}
    rest = [box for box in boxes if not box.decided and box.id not in stay]
    return [
        Change("blind", cutout.id, None, {"blind": False}, {"blind": True}),
        *(Change("blind", cutout.id, b.id, box_values(b), None) for b in rest),
    ]


def anonymous(boxes: Iterable[Box], seed: str) -> list[Box]:
    """Return boxes without the model that proposed them, and without scores.

    Drawn boxes come first, the others in random order, the same each time.

    Parameters
    ----------
    boxes : iterable of Box
    seed : str
        Of the order.
    """
    chance = _by_chance(seed)
    return [
        replace(box, origin=_MODEL, model=None, score=None, second=None)
        if box.origin != _PERSON
        else box
        for box in sorted(boxes, key=lambda b: (b.origin != _PERSON, chance(b)))
    ]


def is_on_one_of(box: Box, others: Sequence[Box]) -> bool:
    """Return whether a box marks the same clump as one of several others.

    They overlap by more than `SAME_CLUMP`, or their centres are within one FWHM.

    Parameters
    ----------
    box : Box
    others : sequence of Box
    """
    if not others:
        return False
    here = geometry.as_boxes(box.corners)
    there = geometry.as_boxes([other.corners for other in others])
    apart = np.hypot(*(geometry.centres(there) - geometry.centres(here)).T)
    fwhm = (geometry.fwhm(there) + geometry.fwhm(here)) / 2
    overlap = geometry.iou(here, there)[0]
    return bool(((overlap > SAME_CLUMP) | (apart <= fwhm)).any())


_MODEL, _PERSON = "model", "person"


def _by_chance(seed: str) -> Callable[[Box], bytes]:
    """Return a key that sorts boxes at random, the same each time."""
    return lambda box: hashlib.sha256(f"{seed} {box.id}".encode()).digest()
