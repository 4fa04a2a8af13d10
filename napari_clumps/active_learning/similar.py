"""Cutouts that look like others: the nearest by shape, colour and embedding."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clump_detector.core.arrays import Floats
from clump_detector.images.host_profile import PARTS

#: How much the parts of a profile count, and an embedding. Chosen on 384 real galaxies
#: sorted into eight kinds by eye, without those that the documentation judges.
WEIGHTS = {
    "profile": 1.0,
    "lopsided": 0.5,
    "two_sided": 0.5,
    "rough": 1.0,
    "colour": 2.0,
    "isophotes": 2.0,
    "size": 0.7,
}
EMBEDDING = 1.0

#: Rows that are compared together, which bounds the memory.
_BLOCK = 20_000

#: A value that varies less than this does not count.
_LEAST = 1e-6


def appearance(
    vectors: NDArray[np.float16], profiles: NDArray[np.float16]
) -> tuple[NDArray[np.float16], Floats]:
    """Return what galaxies look like, and how much each value counts.

    Parameters
    ----------
    vectors : array of shape (n, channels)
        The embeddings of the galaxies.
    profiles : array of shape (n, VALUES)
        As `host_profile` returns them.

    Returns
    -------
    (array of shape (n, channels + VALUES), array of shape (channels + VALUES,))
    """
    channels = vectors.shape[1]
    parts = [np.full(channels, EMBEDDING / np.sqrt(max(channels, 1)))]
    for name, part in PARTS.items():
        size = part.stop - part.start
        parts.append(np.full(size, WEIGHTS[name] / np.sqrt(size)))
    return np.concatenate([vectors, profiles], axis=1), np.concatenate(parts)


def nearest(
    values: NDArray[np.float16], examples: ArrayLike, weights: ArrayLike = 1.0
) -> tuple[NDArray[np.int64], Floats]:
    """Return all rows in the order of their likeness to some examples.

    Parameters
    ----------
    values, examples, weights
        As in `likeness`.

    Returns
    -------
    (int array of shape (n,), array of shape (n,))
        Rows, the most alike first, and their likeness. Examples are among them.
    """
    alike = likeness(values, examples, weights)
    order = np.argsort(-alike, kind="stable")
    return order, alike[order]


def likeness(
    values: NDArray[np.float16], examples: ArrayLike, weights: ArrayLike = 1.0
) -> Floats:
    """Return how much rows are like some examples, -1 to 1.

    Each value is first brought to mean 0 and standard deviation 1, then weighted;
    likeness is the cosine of the angle to the mean of the examples.

    Parameters
    ----------
    values : array of shape (n, D)
        What is not a number counts as the mean of the others.
    examples : array-like of int
        Their rows.
    weights : array-like of shape (D,)

    Returns
    -------
    array of shape (n,)
    """
    n = len(values)
    if not n:
        return np.zeros(0)
    middle, factor = _scale(values, weights)
    chosen = values[np.asarray(examples)]
    wanted = _scaled(chosen, middle, factor).mean(axis=0)
    wanted /= max(float(np.linalg.norm(wanted)), _LEAST)
    alike = np.empty(n)
    for start in range(0, n, _BLOCK):
        block = _scaled(values[start : start + _BLOCK], middle, factor)
        lengths = np.maximum(np.linalg.norm(block, axis=1), _LEAST)
        alike[start : start + len(block)] = block @ wanted / lengths
    return alike


def standardised(values: NDArray[np.float16], weights: ArrayLike = 1.0) -> Floats:
    """Return rows as `likeness` compares them.

    Parameters
    ----------
    values : array of shape (n, D)
    weights : array-like of shape (D,)

    Returns
    -------
    float32 array of shape (n, D)
    """
    return _scaled(values, *_scale(values, weights))


def _scaled(values: NDArray[np.float16], middle: Floats, factor: Floats) -> Floats:
    return np.nan_to_num((values.astype(np.float32) - middle) * factor)


def _scale(values: NDArray[np.float16], weights: ArrayLike) -> tuple[Floats, Floats]:
    """Return the mean of each value, and what its distance from it is times."""
    total, squares, known = np.zeros((3, values.shape[1]))
    for start in range(0, len(values), _BLOCK):
        block = values[start : start + _BLOCK].astype(np.float64)
        total += np.nansum(block, axis=0)
        squares += np.nansum(block**2, axis=0)
        known += np.isfinite(block).sum(axis=0)
    middle = total / np.maximum(known, 1)
    width = np.sqrt(np.maximum(squares / np.maximum(known, 1) - middle**2, 0))
    width[width < _LEAST] = np.inf
    factor = np.asarray(weights, np.float64) / width
    return middle.astype(np.float32), factor.astype(np.float32)
