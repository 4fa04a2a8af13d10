"""The points that a training adds to the learning curve of its review."""

from __future__ import annotations

from pathlib import Path

from clump_detector.core.json_types import JsonObject
from clump_detector.labels.label_set import LabelSet
from clump_detector.models.card import ModelCard
from clump_detector.models.learning_curve import points_of, usable
from napari_clumps.review import Review


def note_training(
    review: Review,
    comparison: JsonObject,
    old: ModelCard,
    new: ModelCard,
    labels: LabelSet,
) -> bool:
    """Add a training to a review's learning curve; return whether it added a point.

    Parameters
    ----------
    review : Review
        Open for writing.
    comparison : dict
        The result of `comparison.compare_models` for the two models.
    old, new : ModelCard
        Of the base model and of the one that was trained.
    labels : LabelSet
        The review's, from which the new one learned.

    Raises
    ------
    ReviewError
        If the review cannot be written to.
    """
    first = not usable(review.learning_curve)
    points = points_of(comparison, old, new, labels, first=first)
    if points:
        review.note_training(*points)
    return bool(points)


def note_training_in(
    path: Path,
    opened: Review | None,
    comparison: JsonObject,
    cards: tuple[ModelCard, ModelCard],
    labels: LabelSet,
) -> bool:
    """Add a training to the learning curve of a review file.

    Returns whether a point was added.

    Parameters
    ----------
    path : path
        Of the review.
    opened : Review or None
        The open review, which is used if it is that of the path.
    comparison : dict
        As `note_training` takes it.
    cards : (ModelCard, ModelCard)
        Of the base model and of the new one.
    labels : LabelSet

    Raises
    ------
    ReviewError
        If the review cannot be written to.
    """
    if opened is not None and opened.path == path:
        return note_training(opened, comparison, *cards, labels)
    with Review.open(path) as review:
        return note_training(review, comparison, *cards, labels)
