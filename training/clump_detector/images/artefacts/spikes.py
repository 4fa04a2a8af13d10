"""The light about a star by radius and angle, and the spikes in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clump_detector.core.arrays import Floats

from .image import SearchedImage

#: Angles of a polar image about a star.
ANGLES = 120

#: Spikes are narrower than this many of these angles.
NARROW = 9

#: From this clearness on, the best middle is searched.
WORTH_A_LOOK = 3.0


@dataclass(frozen=True)
class Star:
    """A bright compact source: its place in pixels."""

    x: float
    y: float


@dataclass(frozen=True)
class Spikes:
    """How clear spikes are, in units of the noise: of four, and of two opposite."""

    four: float
    two: float


def best_spikes(image: SearchedImage, places: tuple[Star, ...]) -> Spikes:
    """Return the clearest spikes about some places, or about pixels beside the best.

    A pixel beside the middle of the star they are half as clear.

    Parameters
    ----------
    image : SearchedImage
    places : tuple of Star
    """
    found = {place: _spikes(image, place) for place in dict.fromkeys(places)}
    best = max(found, key=lambda one: found[one].four)
    if found[best].four >= WORTH_A_LOOK:
        for dy in (-1.0, 0.0, 1.0):
            for dx in (-1.0, 0.0, 1.0):
                place = Star(best.x + dx, best.y + dy)
                found[place] = _spikes(image, place)
    return max(found.values(), key=lambda one: one.four)


def _spikes(image: SearchedImage, star: Star) -> Spikes:
    """Measure the spikes of a star.

    At each radius its light less the median over all angles, cut at 3 times the
    noise, less the mean over neighbouring angles: arms and companions are wider.
    """
    from scipy import ndimage

    wide = min(image.fwhm, 9.0)
    rings = polar(image, star, 1.5 * wide, int(np.clip(10 * wide, 20, 70)))
    middle = np.nanmedian(rings, axis=1, keepdims=True)
    spread = 1.4826 * np.nanmedian(np.abs(rings - middle), axis=1, keepdims=True)
    clear = np.clip(
        (rings - middle) / np.maximum(spread, image.luminance_noise / 2), -3, 3
    )
    there = np.isfinite(clear)
    clear = np.where(there, clear, 0)
    around = ndimage.uniform_filter1d(clear, NARROW, axis=1, mode="wrap")
    share = ndimage.uniform_filter1d(there.astype(float), NARROW, axis=1, mode="wrap")
    clear = np.where(there, clear - around / np.maximum(share, 1e-3), 0)
    counts = there.sum(axis=0)
    by_angle = clear.sum(axis=0) / np.sqrt(np.maximum(counts, 1))
    by_angle[counts < 8] = np.nan
    quarter = ANGLES // 4
    four = np.stack([np.roll(by_angle, -k * quarter) for k in range(4)])
    seen = np.isfinite(four).sum(axis=0)
    means = np.where(seen >= 2, np.nansum(four, axis=0) / np.maximum(seen, 1), 0)
    two = np.minimum(four[0], four[2])
    return Spikes(float(means.max()), float(np.nan_to_num(two).max()))


def polar(image: SearchedImage, star: Star, first: float, count: int) -> Floats:
    """Return the luminance about a star, shape (count, ANGLES); NaN outside.

    Parameters
    ----------
    image : SearchedImage
    star : Star
    first : float
        The smallest radius in pixels; the others follow one pixel apart.
    count : int
        How many radii.
    """
    from scipy import ndimage

    angles = 2 * np.pi * np.arange(ANGLES) / ANGLES
    radii = first + np.arange(count)
    places = [
        star.y + np.outer(radii, np.sin(angles)),
        star.x + np.outer(radii, np.cos(angles)),
    ]
    values: Floats = ndimage.map_coordinates(
        image.luminance, places, order=1, cval=np.nan
    )
    values[~np.isfinite(values).any(axis=1)] = 0
    return values
