"""What is known of the galaxies of the open review, or why nothing is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.errors import ClumpError
from clump_detector.images.likeness import appearance
from napari_clumps.review import Review

from .descriptions import Descriptions


@dataclass(frozen=True)
class KnownGalaxies:
    """What is known of n galaxies.

    Attributes
    ----------
    ids : int array of shape (n,)
        Of their cutouts, in rising order.
    vectors : float16 array of shape (n, 2 * channels)
        Their embeddings, as `Description` has them.
    values : float16 array of shape (n, D)
        What they look like,
    weights : array of shape (D,)
        and how much each value counts; see `clump_detector.images.likeness`.
    every : int
        How many galaxies the review has.
    """

    ids: NDArray[np.int64]
    vectors: NDArray[np.float16]
    values: NDArray[np.float16]
    weights: NDArray[np.float64]
    every: int

    @property
    def how_many(self) -> str:
        """Their number in words, and whether these are all."""
        n = len(self.ids)
        if n == self.every:
            return f"{n:,}"
        return f"the {n:,} of {self.every:,} that are described"


def known_galaxies(
    descriptions: Descriptions, review: Review | None
) -> KnownGalaxies | str:
    """Return what is known of the galaxies of a review, or why nothing is.

    Parameters
    ----------
    descriptions : Descriptions
    review : Review or None
        Its galaxies with injected clumps are left out.
    """
    features = descriptions.features
    if features is None or review is None:
        return "No review is open."
    try:
        ids, vectors = features.vectors()
        there = np.array([i for i, _, _ in review.states()], np.int64)
        own = np.isin(ids, there)
        ids, vectors = ids[own], vectors[own]
        profiles = features.profiles(ids)
    except ClumpError as error:
        return error.message
    if not len(ids):
        return (
            "No galaxy is described yet: detect clumps, or choose the order “diverse” "
            "of the queue."
        )
    # The first half is of the galaxy itself, and not of its surroundings.
    middle = vectors[:, : vectors.shape[1] // 2]
    looks = appearance(middle, profiles)
    return KnownGalaxies(ids, vectors, *looks, len(there))
