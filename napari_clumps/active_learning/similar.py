"""Cutouts that look like others: the nearest embeddings."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clump_detector.core.arrays import Floats

#: Vectors that are compared together, which bounds the memory.
_BLOCK = 20_000

#: A channel that varies less than this does not count.
_LEAST = 1e-6


def nearest(
    vectors: NDArray[np.float16], examples: ArrayLike
) -> tuple[NDArray[np.int64], Floats]:
    """Return all vectors in the order of their likeness to some examples.

    Each channel is first made as important as another; likeness is then the cosine of
    the angle to the mean of the examples.

    Parameters
    ----------
    vectors : array of shape (n, channels)
        Finite ones.
    examples : array-like of int
        Their rows among the vectors.

    Returns
    -------
    (int array of shape (n,), array of shape (n,))
        Rows, the most alike first, and their likeness, -1 to 1. Examples are among
        them.
    """
    n = len(vectors)
    if not n:
        return np.zeros(0, np.int64), np.zeros(0)
    middle, width = _scale(vectors)
    chosen = (np.asarray(vectors[np.asarray(examples)], np.float32) - middle) / width
    wanted = chosen.mean(axis=0)
    wanted /= max(float(np.linalg.norm(wanted)), _LEAST)
    likeness = np.empty(n)
    for start in range(0, n, _BLOCK):
        block = (vectors[start : start + _BLOCK].astype(np.float32) - middle) / width
        lengths = np.maximum(np.linalg.norm(block, axis=1), _LEAST)
        likeness[start : start + len(block)] = block @ wanted / lengths
    order = np.argsort(-likeness, kind="stable")
    return order, likeness[order]


def _scale(vectors: NDArray[np.float16]) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of each channel, in single precision."""
    total = np.zeros(vectors.shape[1])
    squares = np.zeros(vectors.shape[1])
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK].astype(np.float64)
        total += block.sum(axis=0)
        squares += (block**2).sum(axis=0)
    middle = total / len(vectors)
    width = np.sqrt(np.maximum(squares / len(vectors) - middle**2, 0))
    width[width < _LEAST] = np.inf
    return middle.astype(np.float32), width.astype(np.float32)
