"""The order in which a person goes through the cutouts of a review."""

from __future__ import annotations

from .review import Review


def next_undone(review: Review, after: int = 0) -> int | None:
    """Return the first cutout after one that is not done, from the start if need be.

    None if every cutout is done.
    """
    return review.undone_after(after) or review.undone_after(0)


def next_cutout(review: Review, cutout_id: int) -> int | None:
    """Return the next cutout of the queue, or None at its end."""
    return cutout_id + 1 if cutout_id < len(review) else None


def previous_cutout(review: Review, cutout_id: int) -> int | None:
    """Return the previous cutout of the queue, or None at its start."""
    return cutout_id - 1 if cutout_id > 1 else None
