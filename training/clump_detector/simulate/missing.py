"""Masks of pixels without data, as detectors and surveys leave them.

Dead columns, blocks (a chip's gap, a bleed, a bright star that was cut out) and single
pixels (cosmic rays that were masked).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .priors import Rng

Mask = NDArray[np.bool_]

#: Greatest width of a dead column, and sides of a block over the image's, smallest and
#: greatest.
_WIDEST, _BLOCK = 3, (0.03, 0.15)


def missing_pixels(kind: str, shape: tuple[int, int], share: float, rng: Rng) -> Mask:
    """Return which pixels have no data.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    shape : (int, int)
        Height and width.
    share : float
        Of the pixels that have none, 0 to 1; the last column or block makes it a
        little more.
    rng : numpy.random.Generator

    Returns
    -------
    bool array of that shape
    """
    if share <= 0:
        return np.zeros(shape, dtype=bool)
    return KINDS[kind](shape, share, rng)


def _columns(shape: tuple[int, int], share: float, rng: Rng) -> Mask:
    """Return columns or rows of up to three pixels, from rim to rim."""
    gone = np.zeros(shape, dtype=bool)
    upright = rng.random() < 0.5
    lines = gone.T if upright else gone
    while gone.mean() < share:
        first = int(rng.integers(len(lines)))
        lines[first : first + int(rng.integers(1, _WIDEST, endpoint=True))] = True
    return gone


def _blocks(shape: tuple[int, int], share: float, rng: Rng) -> Mask:
    """Return rectangles, of which some may reach over the rim."""
    gone = np.zeros(shape, dtype=bool)
    height, width = shape
    while gone.mean() < share:
        tall, wide = (
            max(round(n * float(rng.uniform(*_BLOCK))), 1) for n in (height, width)
        )
        y, x = int(rng.integers(1 - tall, height)), int(rng.integers(1 - wide, width))
        gone[max(y, 0) : y + tall, max(x, 0) : x + wide] = True
    return gone


def _pixels(shape: tuple[int, int], share: float, rng: Rng) -> Mask:
    """Return single pixels."""
    return np.asarray(rng.random(shape) < share)


#: How pixels can be missing.
KINDS: dict[str, Callable[[tuple[int, int], float, Rng], Mask]] = {
    "columns": _columns,
    "blocks": _blocks,
    "pixels": _pixels,
}
