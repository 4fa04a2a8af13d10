"""Finding the axis of an array that counts the bands, and the two of the image."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from clump_detector.core.arrays import AnyArray
from clump_detector.core.errors import ImageError

#: More planes than this are a spectrum unless the header gives the axes of the sky,
MOST_BANDS = 12

#: and more than this in any case.
_MOST_STATED = 64


def planes_of(
    array: AnyArray, path: Path, sky: tuple[int, int] | None = None
) -> AnyArray:
    """Return a view of an array with axes (bands, height, width).

    The image has the axes of the sky if a WCS gives them; otherwise the one short axis
    counts the bands, the first of several. Axes of length one are dropped.

    Parameters
    ----------
    array : array
        With two axes or more.
    path : path
        For messages.
    sky : (int, int), optional
        The array's axes that are the sky.

    Raises
    ------
    ImageError
        If the shape is not that of an image or of a few bands.
    """
    kept = [i for i, n in enumerate(array.shape) if n != 1]
    if len(kept) < 2 or len(kept) > 3 or 0 in array.shape:
        raise _not_a_cutout(array.shape, path)
    if sky is not None and not set(sky) <= set(kept):
        sky = None
    shape = [array.shape[i] for i in kept]
    array = array.reshape(shape)
    if len(kept) == 2:
        return array[None]
    stated = None if sky is None else ({0, 1, 2} - {kept.index(i) for i in sky}).pop()
    bands = _band_axis(shape, stated)
    if bands is None:
        raise _not_a_cutout(tuple(shape), path)
    return np.moveaxis(array, bands, 0)


def _band_axis(shape: list[int], stated: int | None) -> int | None:
    """Return which of three axes counts the bands, or None."""
    if stated is not None and shape[stated] <= _MOST_STATED:
        others = [n for i, n in enumerate(shape) if i != stated]
        if min(others) > shape[stated] or shape[stated] <= MOST_BANDS:
            return stated
    short = [i for i, n in enumerate(shape) if n <= MOST_BANDS]
    if len(short) > 1:
        square = [
            i for i in short if len({n for j, n in enumerate(shape) if j != i}) == 1
        ]
        least = [i for i in short if shape[i] == min(shape)]
        short = square if len(square) == 1 else least
    return short[0] if short else None


def _not_a_cutout(shape: tuple[int, ...], path: Path) -> ImageError:
    return ImageError(
        f"an array of shape {shape} is not a cutout",
        path,
        "Give (height, width), (bands, height, width) with at most "
        f"{MOST_BANDS} bands, or (height, width, 3).",
    )
