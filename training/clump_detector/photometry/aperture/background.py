"""The empty sky of a cutout: its level, its noise, and how far pixels know each other.

Bands are planes of shape (bands, height, width), NaN where there is no data.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import BandArray, Floats, Mask

#: This many pixels give level and spread well enough.
ENOUGH = 6_000

#: Fewer pixels of sky than this give no estimate.
LEAST = 200

#: Fewer pairs of blocks than this do not show how noise is correlated.
LEAST_BLOCKS = 40

#: Noise of a resampled image is correlated, but hardly by more than this in variance.
MOST_CORRELATED = 25.0


#: Standard deviation of normal values over their median absolute deviation, as in
#: ``astropy.stats.mad_std``, which is too slow to call for every annulus.
SIGMA_PER_MAD = 1.482602218505602


@dataclass(frozen=True)
class SkyBackground:
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
    n = values.shape[-1]
    if n and not np.isnan(ordered[..., -1]).any():
        both = ordered[..., (n - 1) // 2] + ordered[..., n // 2]
        return np.asarray(both / 2, np.float64)
    count = np.isfinite(ordered).sum(axis=-1)
    low = np.maximum((count - 1) // 2, 0)[..., None]
    high = np.maximum(count // 2, 0)[..., None]
    high = np.minimum(high, values.shape[-1] - 1)
    both = np.take_along_axis(ordered, low, -1) + np.take_along_axis(ordered, high, -1)
    return np.asarray(both[..., 0] / 2, np.float64)


def spreads(values: NDArray[np.floating], middle: Floats | None = None) -> Floats:
    """Return standard deviations from median deviations along the last axis.

    Parameters
    ----------
    values : array of shape (..., n)
        NaN counts as missing.
    middle : array of shape (...), optional
        The medians, where they are known.
    """
    centre = medians(values) if middle is None else middle
    return SIGMA_PER_MAD * medians(np.abs(values - centre[..., None]))


def rough_sky(plane: BandArray) -> tuple[float, float]:
    """Return level and noise of a plane with a galaxy on it, by clipping at 3 sigma."""
    step = max(1, int(np.sqrt(plane.size / ENOUGH)))
    values = plane[::step, ::step]
    values = np.sort(values[np.isfinite(values)].astype(np.float64))
    if not len(values):
        return 0.0, 0.0
    for _ in range(8):
        level = values[len(values) // 2]
        # Light only adds, so the spread is that below the level: to the lower quartile.
        sigma = SIGMA_PER_MAD * float(level - values[len(values) // 4])
        first, last = np.searchsorted(values, [level - 3 * sigma, level + 3 * sigma])
        if sigma == 0 or last - first in (0, len(values)):
            break
        values = values[first:last]
    return float(level), sigma


def whole_sky(planes: BandArray) -> SkyBackground:
    """Return the sky of an image on which no sources were found."""
    rough = np.array([rough_sky(plane) for plane in planes])
    return SkyBackground(rough[:, 0], rough[:, 1], np.ones(len(planes)), 0)


def sky_beside(
    planes: BandArray, empty: Mask, reduced: BandArray, empty_blocks: Mask, fwhm: float
) -> SkyBackground:
    """Measure the sky beside the sources.

    Parameters
    ----------
    planes : array of shape (bands, height, width)
    empty : bool array of shape (height, width)
        What is sky.
    reduced : array of shape (bands, rows, columns)
        The planes' means over blocks.
    empty_blocks : bool array of shape (rows, columns)
        Which of those are sky.
    fwhm : float
        Of the PSF in pixels.
    """
    where = np.flatnonzero(empty)
    if len(where) < LEAST:
        return whole_sky(planes)
    chosen = where[:: max(1, len(where) // ENOUGH)]
    values = planes.reshape(len(planes), -1)[:, chosen].astype(np.float64)
    noise = np.nan_to_num(spreads(values))
    level = np.array([_clipped_mean(plane[empty_blocks]) for plane in reduced])
    step = max(1, round(planes.shape[1] / reduced.shape[1]))
    blocks = _Blocks(empty_blocks, max(round(2 * fwhm / step), 1))
    area = (blocks.side * step) ** 2
    correlation = []
    for plane, sigma in zip(reduced, noise, strict=True):
        variance = blocks.variance(plane)
        factor = 1.0 if variance is None or sigma <= 0 else variance * area / sigma**2
        correlation.append(float(np.clip(factor, 1.0, MOST_CORRELATED)))
    return SkyBackground(level, noise, np.array(correlation), len(where))


def _clipped_mean(values: BandArray) -> float:
    """Return the mean of what lies within three sigma of the median."""
    good = values[np.isfinite(values)]
    if not len(good):
        return 0.0
    some = good[:: max(1, len(good) // ENOUGH)].astype(np.float64)
    middle, sigma = float(medians(some)), float(spreads(some))
    near = good[np.abs(good - np.float32(middle)) <= 3 * sigma]
    return float(near.mean(dtype=np.float64)) if len(near) else middle


class _Blocks:
    """Square blocks of the sky, each of about an aperture's area.

    They are compared with their right neighbours, so that a slope of the sky does not
    count.
    """

    def __init__(self, empty: Mask, side: int) -> None:
        self.side = side
        self._shape = (empty.shape[0] // side, empty.shape[1] // side)
        whole = self._means(empty) == 1
        self._pairs = whole[:, 1:] & whole[:, :-1]

    def _means(self, plane: NDArray[np.generic]) -> Floats:
        (rows, columns), side = self._shape, self.side
        cut = plane[: rows * side, : columns * side]
        # Rows first: numpy adds up whole rows faster than short pieces.
        halved = cut.reshape(rows, side, columns * side).mean(axis=1, dtype=np.float64)
        return np.asarray(halved.reshape(rows, columns, side).mean(axis=2))

    def variance(self, plane: BandArray) -> float | None:
        """Return the variance of a block's mean, or None where there are too few."""
        if not self._pairs.any():
            return None
        means = self._means(plane)
        pairs = (means[:, 1:] - means[:, :-1])[self._pairs]
        pairs = pairs[np.isfinite(pairs)]
        return float(spreads(pairs)) ** 2 / 2 if len(pairs) >= LEAST_BLOCKS else None
