"""Drawn-out groups of pixels: how long, how wide, where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import Floats, Mask

from .kinds import Place

#: A line of equal brightness is this many standard deviations of its pixels long.
_UNIFORM = float(np.sqrt(12))


@dataclass(frozen=True)
class Group:
    """Pixels that touch each other.

    Attributes
    ----------
    rows, columns : int array of shape (n,)
    length : float
        Of a line of equal brightness with the same second moments, in pixels.
    width : float
        Pixels over length.
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    length: float
    width: float

    @property
    def area(self) -> int:
        """Number of pixels."""
        return len(self.rows)

    @property
    def place(self) -> Place:
        """Corners x1, y1, x2, y2 around it."""
        return (
            float(self.columns.min()),
            float(self.rows.min()),
            float(self.columns.max()),
            float(self.rows.max()),
        )


def groups(mask: Mask, least: int) -> Iterator[Group]:
    """Yield the groups of pixels of a mask, which touch also at their corners.

    Parameters
    ----------
    mask : bool array of shape (height, width)
    least : int
        Pixels of the smallest one.
    """
    from scipy import ndimage

    numbers, _ = ndimage.label(mask, np.ones((3, 3), dtype=bool))
    for number, part in enumerate(ndimage.find_objects(numbers), 1):
        rows, columns = np.nonzero(numbers[part] == number)
        if len(rows) < max(least, 3):
            continue
        rows, columns = rows + part[0].start, columns + part[1].start
        places: Floats = np.vstack([columns, rows]).astype(float)
        longest = float(np.linalg.eigvalsh(np.cov(places))[-1])
        length = max(_UNIFORM * np.sqrt(longest), 1.0)
        yield Group(rows, columns, length, len(rows) / length)


def part_of(place: Place, shape: tuple[int, int]) -> str:
    """Return in words which part of an image a place is in, such as ``upper left``.

    Parameters
    ----------
    place : (float, float, float, float)
        Corners x1, y1, x2, y2.
    shape : (int, int)
        Height and width.
    """
    x1, y1, x2, y2 = place
    across = (x1 + x2) / 2 / shape[1]
    down = (y1 + y2) / 2 / shape[0]
    rows = "upper " if down < 0.35 else "lower " if down > 0.65 else ""
    columns = "left" if across < 0.35 else "right" if across > 0.65 else "middle"
    return f"{rows}{columns}"
