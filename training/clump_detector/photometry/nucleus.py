"""Where a galaxy's middle is, though a bright clump draws its light to one side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import Floats
from clump_detector.photometry.aperture.background import medians
from clump_detector.photometry.aperture.profile import semi_major

#: A pixel with more than this many times the light usual at its distance is a clump's.
PEAKED = 1.2

#: The middle is searched for this many times, each around a better one.
TIMES = 3

#: The usual light is the median of this many pixels of neighbouring distances,
_TOGETHER = 24

#: and no more pixels than about this are used.
_ENOUGH = 2_000

Indices = NDArray[np.int_]


def find_nucleus(
    light: Floats,
    columns: Indices,
    rows: Indices,
    noise: float,
    shape: tuple[float, float],
) -> tuple[float, float]:
    """Return x and y of the mean of a galaxy's light with its clumps' left out.

    Ellipses around a position beside the nucleus are not the galaxy's smooth light.

    Parameters
    ----------
    light : array of shape (n,)
        Of the galaxy's pixels above the sky, none below 0.
    columns, rows : int array of shape (n,)
    noise : float
        Of a pixel.
    shape : (float, float)
        Axis ratio and angle of its ellipses, see `Profile`.
    """
    if not light.sum() > 0:
        light = np.ones(len(light))
    x, y = _mean(light, columns, rows)
    step = len(light) // _ENOUGH + 1
    light, columns, rows = light[::step], columns[::step], rows[::step]
    if len(light) < 2 * _TOGETHER:
        return x, y
    for _ in range(TIMES):
        usual = _usual(light, semi_major(columns - x, rows - y, *shape))
        smooth = np.where(light > PEAKED * usual + noise, usual, light)
        # Squared, or faint outskirts would count most.
        x, y = _mean(smooth**2, columns, rows)
    return x, y


def _usual(light: Floats, far: Floats) -> Floats:
    """Return the light that is usual at each pixel's distance."""
    order = np.argsort(far)[: len(far) // _TOGETHER * _TOGETHER]
    rings = order.reshape(-1, _TOGETHER)
    return np.interp(far, far[rings].mean(axis=1), medians(light[rings]))


def _mean(light: Floats, columns: Indices, rows: Indices) -> tuple[float, float]:
    total = light.sum()
    return float((light * columns).sum() / total), float((light * rows).sum() / total)
