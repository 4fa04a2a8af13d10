"""What is known of the galaxies of the open review, or why nothing is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.errors import ClumpError
from clump_detector.images.likeness import appearance

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
        How many cutouts the review has.
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


def known_galaxies(descriptions: Descriptions, every: int) -> KnownGalaxies | str:
    """Return what is known of the galaxies of a review, or why nothing is.

    Parameters
    ----------
    descriptions : Descriptions
    every : int
        How many cutouts the review has.
    """
    features = descriptions.features
    if features is None:
        return "No review is open."
    try:
        ids, vectors = features.vectors()
        profiles = features.profiles(ids)
    except ClumpError as error:
        return error.message
    if not len(ids):
        return (
            "No galaxy is described yet: detect clumps, or choose the order “diverse” "
            "of the queue."
        )
    # The first half is of the galaxy itself, and not of its surroundings.
    own = vectors[:, : vectors.shape[1] // 2]
    return KnownGalaxies(ids, vectors, *appearance(own, profiles), every)
