"""Which axis of an array counts the bands, and which two are the image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.errors import ImageError

#: More planes than this are a spectrum unless the header says which axis they are on,
MOST_BANDS = 12

#: and more than this in any case.
_MOST_TOLD = 64


def planes_of(
    array: NDArray[Any], path: Path, sky: tuple[int, int] | None = None
) -> NDArray[Any]:
    """Return an array as (bands, height, width), a view of it.

    The axes of the sky are the image where a WCS tells them; otherwise the one short
    axis counts the bands, the first of several. Axes of one element are left out.

    Parameters
    ----------
    array : array
        Of two axes or more.
    sky : (int, int), optional
        The array's axes that are the sky.

    Raises
    ------
    ImageError
        If there is no way to see an image or a few in it.
    """
    kept = [i for i, n in enumerate(array.shape) if n != 1]
    if len(kept) < 2 or len(kept) > 3 or 0 in array.shape:
        raise _no_cutout(array.shape, path)
    if sky is not None and not set(sky) <= set(kept):
        sky = None
    shape = [array.shape[i] for i in kept]
    array = array.reshape(shape)
    if len(kept) == 2:
        return array[None]
    told = None if sky is None else ({0, 1, 2} - {kept.index(i) for i in sky}).pop()
    bands = _band_axis(shape, told)
    if bands is None:
        raise _no_cutout(tuple(shape), path)
    return np.moveaxis(array, bands, 0)


def _band_axis(shape: list[int], told: int | None) -> int | None:
    """Return which of three axes counts the bands, or None."""
    if told is not None and shape[told] <= _MOST_TOLD:
        others = [n for i, n in enumerate(shape) if i != told]
        if min(others) > shape[told] or shape[told] <= MOST_BANDS:
            return told
    short = [i for i, n in enumerate(shape) if n <= MOST_BANDS]
    if len(short) > 1:
        square = [
            i for i in short if len({n for j, n in enumerate(shape) if j != i}) == 1
        ]
        least = [i for i in short if shape[i] == min(shape)]
        short = square if len(square) == 1 else least
    return short[0] if short else None


def _no_cutout(shape: tuple[int, ...], path: Path) -> ImageError:
    return ImageError(
        f"an array of shape {shape} is no cutout",
        path,
        "Give (height, width), (bands, height, width) with at most "
        f"{MOST_BANDS} bands, or (height, width, 3).",
    )
