"""The empty sky of a cutout: its level, its noise, and how far pixels know each other.

Bands are planes of shape (bands, height, width), NaN where there is no data.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Planes = NDArray[np.float32]
Mask = NDArray[np.bool_]

#: So many pixels tell a level and a spread well enough.
ENOUGH = 20_000

#: Fewer pixels of sky than this are too few to say anything.
LEAST = 200

#: Fewer pairs of blocks than this do not tell how noise is correlated.
LEAST_BLOCKS = 40

#: Noise of a resampled image is correlated, but hardly by more than this in variance.
MOST_CORRELATED = 25.0

_TO_SIGMA = 1.4826


@dataclass(frozen=True)
class Sky:
    """The empty sky, by band.

    Attributes
    ----------
    level : array of shape (bands,)
        Units of the pixels.
    noise : array of shape (bands,)
        Standard deviation of a pixel.
    correlation : array of shape (bands,)
        Variance of a sum over an area as large as an aperture, over what it would be
        were the pixels independent; at least 1.
    pixels : int
        Number of pixels that are sky.
    """

    level: Floats
    noise: Floats
    correlation: Floats
    pixels: int


def medians(values: NDArray[np.floating]) -> Floats:
    """Return the medians along the last axis of what is not NaN; NaN where all is."""
    ordered = np.sort(values, axis=-1)  # NaN comes last
    count = np.isfinite(ordered).sum(axis=-1)
    low = np.maximum((count - 1) // 2, 0)[..., None]
    high = np.maximum(count // 2, 0)[..., None]
    high = np.minimum(high, values.shape[-1] - 1)
    both = np.take_along_axis(ordered, low, -1) + np.take_along_axis(ordered, high, -1)
    return np.asarray(both[..., 0] / 2, np.float64)


def spreads(values: NDArray[np.floating], middle: Floats | None = None) -> Floats:
    """Return standard deviations from median deviations along the last axis."""
    centre = medians(values) if middle is None else middle
    return _TO_SIGMA * medians(np.abs(values - centre[..., None]))


def rough_sky(plane: Planes) -> tuple[float, float]:
    """Return level and noise of a plane with a galaxy on it, by clipping at 3 sigma."""
    step = max(1, int(np.sqrt(plane.size / ENOUGH)))
    values = plane[::step, ::step]
    values = np.sort(values[np.isfinite(values)].astype(np.float64))
    if not len(values):
        return 0.0, 0.0
    for _ in range(8):
        level = values[len(values) // 2]
        # Light only adds, so the spread is that below the level.
        below = level - values[: len(values) // 2 + 1]
        sigma = _TO_SIGMA * float(np.median(below))
        first, last = np.searchsorted(values, [level - 3 * sigma, level + 3 * sigma])
        if sigma == 0 or last - first in (0, len(values)):
            break
        values = values[first:last]
    return float(level), sigma


def measure_sky(planes: Planes, sources: Mask | None, fwhm: float) -> Sky:
    """Measure the sky beside the sources.

    Parameters
    ----------
    planes : array of shape (bands, height, width)
    sources : bool array of shape (height, width), optional
        What is no sky; all of the image, clipped, where there is too little besides.
    fwhm : float
        Of the PSF in pixels.
    """
    where = None if sources is None else np.flatnonzero(~sources)
    if where is None or len(where) < LEAST:
        rough = np.array([rough_sky(plane) for plane in planes])
        ones = np.ones(len(planes))
        n = 0 if where is None else len(where)
        return Sky(rough[:, 0], rough[:, 1], ones, n)
    chosen = where[:: max(1, len(where) // ENOUGH)]
    values = planes.reshape(len(planes), -1)[:, chosen].astype(np.float64)
    level = np.nan_to_num(medians(values))
    noise = np.nan_to_num(spreads(values, level))
    blocks = _Blocks(np.asarray(~sources), fwhm)  # type: ignore[operator]
    correlation = [
        blocks.correlation(plane, sigma)
        for plane, sigma in zip(planes, noise, strict=True)
    ]
    return Sky(level, noise, np.array(correlation), len(where))


class _Blocks:
    """Square blocks of the sky, each of about an aperture's area.

    Sums over them are compared with their right neighbours, so that a slope of the sky
    does not count.
    """

    def __init__(self, empty: Mask, fwhm: float) -> None:
        self._side = side = max(round(2 * fwhm), 2)
        self._shape = (empty.shape[0] // side, empty.shape[1] // side)
        whole = self._means(empty) == 1
        self._pairs = whole[:, 1:] & whole[:, :-1]

    def _means(self, plane: NDArray[np.generic]) -> Floats:
        (rows, columns), side = self._shape, self._side
        cut = plane[: rows * side, : columns * side]
        # Rows first: numpy adds up whole rows faster than short pieces.
        halved = cut.reshape(rows, side, columns * side).mean(axis=1, dtype=np.float64)
        return np.asarray(halved.reshape(rows, columns, side).mean(axis=2))

    def correlation(self, plane: Planes, noise: float) -> float:
        """Return how much more a sum over a block varies than its pixels say."""
        if noise <= 0 or not self._pairs.any():
            return 1.0
        means = self._means(plane)
        pairs = (means[:, 1:] - means[:, :-1])[self._pairs]
        pairs = pairs[np.isfinite(pairs)]
        if len(pairs) < LEAST_BLOCKS:
            return 1.0
        variance = float(spreads(pairs)) ** 2 / 2
        factor = variance * self._side**2 / noise**2
        return float(np.clip(factor, 1.0, MOST_CORRELATED))
