"""Stretches of straight lines that are brighter than what is beside them.

Pixels above the noise vote for lines (the Hough transform of scikit-image), and along
each line with many votes the stretch that gains most is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache

import numpy as np

from clump_detector.core.arrays import Floats, Mask

#: Angles of lines in the Hough transform.
ANGLES = 240

#: Lines of each image that are looked at along their length, the most votes first, and
#: the least votes above those of chance, in standard deviations.
CANDIDATES, LEAST_VOTES = 4, 10.0

#: A stretch of a line gains what it is brighter than its sides, in units of the noise,
#: less this; values beyond the range do not count more.
USUAL, RANGE = 0.9, (-2.0, 3.0)

#: Pixels from the line where it is measured, and where its sides are.
ON, BESIDE = (-1, 0, 1), (-6, -5, -4, 4, 5, 6)


@dataclass(frozen=True)
class Stretch:
    """A part of a line that is brighter than its sides.

    Attributes
    ----------
    gain : float
        Sum along it of what it is brighter, in units of the noise, less `USUAL`.
    covered, known : float
        Shares of its length that are brighter, and that are sky.
    step : float
        How much brighter one side is than the other, in units of how much brighter the
        line is.
    ends : (float, float, float, float)
        x, y of its ends in pixels.
    """

    gain: float
    covered: float
    known: float
    step: float
    ends: tuple[float, float, float, float]

    def enlarged(self, side: int) -> Stretch:
        """Return it in pixels, of which bins of a side were searched."""
        x1, y1, x2, y2 = (side * value + (side - 1) / 2 for value in self.ends)
        return replace(self, ends=(x1, y1, x2, y2))

    @property
    def length(self) -> float:
        """Length in pixels."""
        x1, y1, x2, y2 = self.ends
        return float(np.hypot(x2 - x1, y2 - y1))


def along_lines(plane: Floats, gone: Mask) -> Iterator[Stretch]:
    """Yield the best stretch of each line with many votes.

    Parameters
    ----------
    plane : array of shape (height, width)
        In units of the sky's noise.
    gone : bool array of shape (height, width)
        Where nothing is known of it.
    """
    from scipy import ndimage
    from skimage.transform import hough_line

    clear = _over_noise(plane, gone)
    ready = ndimage.gaussian_filter(clear, 1.0)
    ready[gone] = 0
    noise = max(1.4826 * float(np.median(np.abs(ready[~gone]))), 0.2)
    angles = _angles()
    votes, _, distances = hough_line(ready > 2.2 * noise, theta=angles)
    chance = _chords(plane.shape) * float((ready > 2.2 * noise).mean())
    votes = (votes - chance) / np.sqrt(chance + 4)
    for _ in range(CANDIDATES):
        row, column = np.unravel_index(int(votes.argmax()), votes.shape)
        if votes[row, column] < LEAST_VOTES:
            return
        stretch = _best_stretch(
            ready / noise, gone, float(angles[column]), float(distances[row])
        )
        if stretch is not None:
            yield stretch
        near = np.s_[max(row - 12, 0) : row + 13, max(column - 8, 0) : column + 9]
        votes[near] = 0


def _over_noise(plane: Floats, gone: Mask) -> Floats:
    """Return a plane above its local sky, in units of its noise, without extremes."""
    from scipy import ndimage

    seen = (~gone).astype(np.float32)
    around = ndimage.uniform_filter(np.where(gone, 0, plane), 15)
    level = around / np.maximum(ndimage.uniform_filter(seen, 15), 0.05)
    clear = plane - level
    spread = clear[~gone]
    noise = 1.4826 * float(np.median(np.abs(spread - np.median(spread))))
    clipped: Floats = np.clip(clear / max(noise, 0.25), -3, 6)
    return clipped


@cache
def _angles() -> Floats:
    return np.linspace(-np.pi / 2, np.pi / 2, ANGLES, endpoint=False)


@lru_cache(maxsize=8)
def _chords(shape: tuple[int, int]) -> Floats:
    """Return how many pixels of an image lie on each line of the Hough transform."""
    from skimage.transform import hough_line

    votes, _, _ = hough_line(np.ones(shape, dtype=bool), theta=_angles())
    return np.asarray(votes, dtype=np.float64)


def _best_stretch(
    plane: Floats, gone: Mask, angle: float, distance: float
) -> Stretch | None:
    """Return the best stretch of the lines near one of the Hough transform."""
    best, moved = None, 0.0
    for shift in (-1.5, -0.75, 0.0, 0.75, 1.5):
        one = _stretch(plane, gone, angle, distance + shift)
        if one is not None and (best is None or one.gain > best.gain):
            best, moved = one, shift
    for turn in (-0.013, 0.013):
        one = _stretch(plane, gone, angle + turn, distance + moved)
        if one is not None and (best is None or one.gain > best.gain):
            best = one
    return best


def _stretch(
    plane: Floats, gone: Mask, angle: float, distance: float
) -> Stretch | None:
    """Return the stretch of a line that gains most."""
    x, y = _points(plane.shape, angle, distance)
    if len(x) < 20:
        return None
    middle, left, right = (
        _mean_beside(plane, gone, x, y, angle, offsets)
        for offsets in (ON, BESIDE[:3], BESIDE[3:])
    )
    sides = np.nanmean([left, right], axis=0)
    brighter = middle - sides
    known = np.isfinite(brighter)
    gains = np.where(known, np.clip(np.nan_to_num(brighter), *RANGE) - USUAL, -0.3)
    sums = np.concatenate([[0.0], np.cumsum(gains)])
    last = int((sums[1:] - np.minimum.accumulate(sums)[:-1]).argmax())
    first = int(sums[: last + 1].argmin())
    part = slice(first, last + 1)
    if not known[part].any():
        return None
    pieces = np.array_split(
        np.where(known, brighter, np.nan)[part], max((last - first) // 6, 1)
    )
    covered = [np.nanmean(one) > 0.5 for one in pieces if np.isfinite(one).any()]
    step = abs(float(np.nanmean(left[part] - right[part])))
    ends = (float(x[first]), float(y[first]), float(x[last]), float(y[last]))
    return Stretch(
        float(sums[last + 1] - sums[first]),
        float(np.mean(covered)),
        float(known[part].mean()),
        step / max(float(np.nanmean(brighter[part])), 1e-3),
        ends,
    )


def _points(
    shape: tuple[int, int], angle: float, distance: float
) -> tuple[Floats, Floats]:
    """Return x, y along a line, one point a pixel, inside of an image."""
    height, width = shape
    reach = int(np.hypot(height, width))
    along = np.arange(-reach, reach + 1)
    x = distance * np.cos(angle) - along * np.sin(angle)
    y = distance * np.sin(angle) + along * np.cos(angle)
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    return x[inside], y[inside]


def _mean_beside(
    plane: Floats,
    gone: Mask,
    x: Floats,
    y: Floats,
    angle: float,
    offsets: tuple[int, ...],
) -> Floats:
    """Return the mean of a plane along lines beside a line; NaN where it is gone."""
    from scipy import ndimage

    away = np.array(offsets)[:, None]
    places = [y + away * np.sin(angle), x + away * np.cos(angle)]
    values = ndimage.map_coordinates(plane, places, order=1, cval=np.nan)
    lost = ndimage.map_coordinates(gone.astype(np.float32), places, order=0, cval=1.0)
    values[lost > 0] = np.nan
    counts = np.isfinite(values).sum(axis=0)
    sums = np.nansum(values, axis=0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
