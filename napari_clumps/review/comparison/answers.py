"""What several reviewers said of each place: a clump, or not.

Every place that a reviewer has marked, or has decided on, is a question that each of
them has answered with yes, a clump, or no.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.errors import ReviewError
from napari_clumps.review.storage.records import Box

from .matching import pair_boxes, pair_cutouts

if TYPE_CHECKING:
    from napari_clumps.review.reader import ReviewReader

Answers = NDArray[np.bool_]


@dataclass(frozen=True)
class Answered:
    """The answers of several reviewers on the cutouts that all have done.

    Attributes
    ----------
    reviewers : tuple of str
    cutouts : int
    cutout : int array of shape (places,)
        Number of the cutout of each place.
    yes : bool array of shape (places, reviewers)
    model : bool array of shape (places,)
        Whether the model proposed it.
    """

    reviewers: tuple[str, ...]
    cutouts: int
    cutout: NDArray[np.int64]
    yes: Answers
    model: Answers


def answers_of(
    reviews: Sequence[ReviewReader], least: Callable[[str], float]
) -> Answered:
    """Return what several reviewers said of each place.

    Parameters
    ----------
    reviews : sequence of ReviewReader
        Of the same cutouts, two at least.
    least : callable
        Returns the score from which a model's boxes are proposed, from its id.

    Raises
    ------
    ReviewError
        If there is no cutout that all have done.
    """
    first = reviews[0]
    ids: dict[int, list[int]] = {c.id: [c.id] for c in first.cutouts() if c.done}
    for other in reviews[1:]:
        pairs, _ = pair_cutouts(first, other)
        done = {a.id: b.id for a, b in pairs if a.done and b.done}
        ids = {k: [*v, done[k]] for k, v in ids.items() if k in done}
    if not ids:
        raise ReviewError(
            f"there is no cutout that all {len(reviews)} reviewers have done",
            first.path,
            "Name reviews of the same galaxies.",
        )
    rows: list[tuple[int, list[bool], bool]] = []
    for n, numbers in enumerate(ids.values()):
        every = [r.boxes(k) for r, k in zip(reviews, numbers, strict=True)]
        rows += [(n, *place) for place in _places(every, least)]
    return Answered(
        _names(reviews),
        len(ids),
        np.array([row[0] for row in rows], dtype=np.int64),
        np.array([row[1] for row in rows], dtype=bool).reshape(-1, len(reviews)),
        np.array([row[2] for row in rows], dtype=bool),
    )


def _names(reviews: Sequence[ReviewReader]) -> tuple[str, ...]:
    """Return the reviewers' names, and those of their files where two are the same."""
    names = [review.reviewer for review in reviews]
    if len(set(names)) == len(names):
        return tuple(names)
    return tuple(
        f"{name} ({review.path.name})"
        for name, review in zip(names, reviews, strict=True)
    )


def _places(
    every: Sequence[Sequence[Box]], least: Callable[[str], float]
) -> list[tuple[list[bool], bool]]:
    """Return what each reviewer said of each place of a cutout, and what the model."""
    known: list[Box] = []
    members: list[list[Box | None]] = []
    for n, boxes in enumerate(every):
        same = {id(b): k for k, b in _paired(known, boxes)}
        for row in members:
            row.append(None)
        for box in boxes:
            if id(box) in same:
                members[same[id(box)]][n] = box
            elif box.decided:
                known.append(box)
                members.append([*[None] * n, box])
    return [
        (
            [box is not None and box.kept for box in row],
            any(box is not None and _is_proposed(box, least) for box in row),
        )
        for row in members
    ]


def _paired(known: Sequence[Box], boxes: Sequence[Box]) -> list[tuple[int, Box]]:
    numbers = {id(box): k for k, box in enumerate(known)}
    return [(numbers[id(a)], b) for a, b in pair_boxes(known, boxes)]


def _is_proposed(box: Box, least: Callable[[str], float]) -> bool:
    if box.model is None or box.score is None:
        return False
    return box.score >= least(box.model)
