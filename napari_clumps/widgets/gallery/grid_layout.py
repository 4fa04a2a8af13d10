"""Where the cells of a grid are: rows of cells of one size, read like a text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class GridLayout:
    """n cells in rows of so many columns; places count from 0, pixels from the corner.

    Attributes
    ----------
    n, columns : int
    width, height : int
        Of a cell, in pixels.
    """

    n: int
    columns: int
    width: int
    height: int

    @classmethod
    def across(cls, n: int, area: int, width: int, height: int) -> GridLayout:
        """Return cells that fill a width, each at least so wide."""
        columns = max(area // max(width, 1), 1)
        return cls(n, columns, max(area // columns, width), height)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return -(-self.n // self.columns)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of them all."""
        return min(self.columns, self.n) * self.width, self.rows * self.height

    def corner(self, place: int) -> tuple[int, int]:
        """Return the left and the upper edge of a cell."""
        row, column = divmod(place, self.columns)
        return column * self.width, row * self.height

    def at(self, x: int, y: int) -> int | None:
        """Return the cell at a point, or None beside them."""
        column, row = x // self.width, y // self.height
        place = row * self.columns + column
        inside = 0 <= column < self.columns and row >= 0 and place < self.n
        return place if inside else None

    def runs(self, left: int, top: int, right: int, bottom: int) -> list[range]:
        """Return the cells that a rectangle touches, as a run for each row."""
        first = max(left // self.width, 0)
        last = min(right // self.width, self.columns - 1)
        top_row, last_row = (
            max(top // self.height, 0),
            min(bottom // self.height, self.rows - 1),
        )
        if first > last:
            return []
        starts = (row * self.columns for row in range(top_row, last_row + 1))
        runs = (range(s + first, min(s + last + 1, self.n)) for s in starts)
        return [run for run in runs if run]


def runs_of(places: ArrayLike) -> list[range]:
    """Return places, lowest first, as runs of neighbours."""
    row = np.asarray(places, np.int64)
    cuts = np.flatnonzero(np.diff(row) != 1) + 1
    return [range(int(p[0]), int(p[-1]) + 1) for p in np.split(row, cuts) if len(p)]
