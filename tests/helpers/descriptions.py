"""What a model might have said of a cutout, for tests that need no model."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from clump_detector.images.host_profile import VALUES
from clump_detector.models.described import Description

NO_BOXES = np.zeros((0, 4))


def description_of(
    vector: ArrayLike, boxes: ArrayLike = NO_BOXES, vectors: ArrayLike | None = None
) -> Description:
    """Return a description of a cutout, and of boxes that the heads agree on.

    Parameters
    ----------
    vector : array-like of shape (2 * channels,)
    boxes : array-like of shape (n, 4)
    vectors : array-like of shape (n, channels), optional
        Of the boxes; zeros without them.
    """
    embedding, corners = np.asarray(vector, np.float16), np.asarray(boxes, float)
    n, channels = len(corners), len(embedding) // 2
    numbers = np.zeros(n)
    own = np.zeros((n, channels)) if vectors is None else vectors
    return Description(
        encoder="e", vector=embedding, profile=np.zeros(VALUES, np.float16),
        boxes=corners, found=np.ones(n, bool), score=numbers, mean=numbers,
        spread=numbers, information=numbers, unseen=numbers, votes=np.zeros(n, int),
        heads=5, vectors=np.asarray(own, np.float16).reshape(n, channels),
    )  # fmt: skip
