"""Segments of an image: smoothing it, numbering what stands out, and growing a mask.

These are scipy's and photutils' results, several times as fast: detection takes them on
every cutout.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import AnyArray, Floats, Mask

Plane = NDArray[np.float32]

#: Standard deviations from its middle to which a Gaussian is computed, as in scipy.
TRUNCATED = 4.0

#: Rows that one matrix product smooths. More of them multiply more zeros, and products
#: of this size stay in the thread that asks for them.
_STRIP = 16

#: Rows of which numbers of 16 bits can tell distances.
_SHORT = 8000


def total_of(picture: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Return the sum of red, green and blue, shape (height, width).

    Parameters
    ----------
    picture : uint8 array of shape (height, width, 3)
    """
    total = np.add(picture[..., 0], picture[..., 1], dtype=np.uint16)
    total += picture[..., 2]
    return total


def smoothed(image: Plane, sigma: float) -> Plane:
    """Return an image smoothed by a Gaussian, mirrored at its edges.

    What `scipy.ndimage.gaussian_filter` returns, to 1e-6 of the largest value, by
    products with a matrix that has the Gaussian in every row.

    Parameters
    ----------
    image : float32 array of shape (height, width)
    sigma : float
        Standard deviation in pixels.
    """
    reach = int(TRUNCATED * sigma + 0.5)
    far = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 / (sigma * sigma) * far**2)
    rows = np.zeros((_STRIP, _STRIP + 2 * reach), dtype=np.float32)
    for i in range(_STRIP):
        rows[i, i : i + 2 * reach + 1] = weights / weights.sum()
    once = np.empty_like(image)
    tall = np.pad(image, ((reach, reach), (0, 0)), mode="symmetric")
    for part, seen in _strips(len(image), reach):
        strip = rows[: part.stop - part.start, : seen.stop - seen.start]
        np.matmul(strip, tall[seen], out=once[part])
    twice = np.empty_like(image)
    wide = np.pad(once, ((0, 0), (reach, reach)), mode="symmetric")
    for part, seen in _strips(image.shape[1], reach):
        strip = rows[: part.stop - part.start, : seen.stop - seen.start]
        twice[:, part] = wide[:, seen] @ strip.T
    return twice


def _strips(length: int, reach: int) -> Iterator[tuple[slice, slice]]:
    """Yield parts of an axis, and what of it is seen for each once it is padded."""
    for start in range(0, length, _STRIP):
        stop = min(start + _STRIP, length)
        yield slice(start, stop), slice(start, stop + 2 * reach)


def smoothed_in(window: tuple[slice, slice], image: AnyArray, sigma: float) -> AnyArray:
    """Return a part of a smoothed image, without smoothing all of it.

    Parameters
    ----------
    window : (slice, slice)
        Rows and columns, inside of the image.
    image : array of shape (height, width)
    sigma : float
        Standard deviation in pixels.
    """
    from scipy import ndimage

    reach = int(TRUNCATED * sigma + 0.5)
    outer = tuple(slice(max(p.start - reach, 0), p.stop + reach) for p in window)
    inner = tuple(
        slice(part.start - seen.start, part.stop - seen.start)
        for part, seen in zip(window, outer, strict=True)
    )
    smooth = ndimage.gaussian_filter(image[outer], sigma, truncate=TRUNCATED)
    return np.asarray(smooth[inner])


def segments_above(image: Plane, threshold: float, least: int) -> NDArray[np.int32]:
    """Return the segments of an image, numbered from 1; 0 elsewhere.

    Those that `photutils.segmentation.detect_sources` finds, in the same order: pixels
    above the threshold that touch each other, also at their corners.

    Parameters
    ----------
    image : float32 array of shape (height, width)
    threshold : float
    least : int
        Pixels of the smallest segment.
    """
    from scipy import ndimage

    found, _ = ndimage.label(image > threshold, np.ones((3, 3), dtype=bool))
    kept = np.bincount(found.ravel()) >= least
    kept[0] = False
    numbers = np.where(kept, kept.cumsum(), 0).astype(np.int32)
    return np.asarray(np.take(numbers, found))


def grown(mask: Mask, reach: float) -> Mask:
    """Return which pixels are at most ``reach`` pixels from a mask, or on it.

    Parameters
    ----------
    mask : bool array of shape (height, width)
    reach : float
    """
    out = np.zeros_like(mask)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return out
    most = int(min(reach, max(mask.shape)))
    box = tuple(
        slice(max(int(part[0]) - most, 0), int(part[-1]) + most + 1)
        for part in (rows, columns)
    )
    inner = out[box]
    far = _far_along_columns(mask[box])
    for dx in range(min(most, inner.shape[1] - 1) + 1):
        near = far <= _half_chord(reach, dx)
        inner[:, dx:] |= near[:, : near.shape[1] - dx]
        inner[:, : near.shape[1] - dx] |= near[:, dx:]
    return out


def _far_along_columns(mask: Mask) -> NDArray[np.signedinteger]:
    """Return how far each pixel is from the mask's nearest one in its column."""
    kind = np.int16 if len(mask) < _SHORT else np.int32
    far = kind(np.iinfo(kind).max // 2)
    rows = np.arange(len(mask), dtype=kind)[:, None]
    above = np.maximum.accumulate(np.where(mask, rows, -far), axis=0)
    below = np.minimum.accumulate(np.where(mask, rows, far)[::-1], axis=0)[::-1]
    return np.asarray(np.minimum(rows - above, below - rows))


def _half_chord(radius: float, dx: int) -> int:
    """Return the most rows inside of a circle, ``dx`` columns from its middle."""
    dy: Floats = np.arange(int(radius) + 1, dtype=float)
    return int(np.flatnonzero(np.sqrt(dx * dx + dy * dy) <= radius)[-1])
