"""The place in a gallery, kept while its crops are arranged anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .box_cells import GalleryCells
from .grid_view import GridView


@dataclass(frozen=True)
class ScrollAnchor:
    """The boxes in view, by which the place is found again.

    Attributes
    ----------
    current : int
        Id of the current box, -1 without one.
    boxes : tuple of int
        Ids of those in view. The current one counts as the first where it is in view.
    height : int
        How far down the first of them is.
    """

    current: int
    boxes: tuple[int, ...] = ()
    height: int = 0

    @classmethod
    def of(cls, grid: GridView, cells: GalleryCells) -> ScrollAnchor:
        """Return the place where a grid is now."""
        places = grid.visible_places()
        here = grid.currentIndex().row()
        current = cells.ids([here])[0] if here >= 0 else -1
        if here in places:
            places = [here, *places[places.index(here) + 1 :]]
        if not places:
            return cls(current)
        height = grid.visualRect(cells.index(places[0])).top()
        return cls(current, tuple(cells.ids(places)), height)

    def scroll_back(
        self,
        grid: GridView,
        positions_of: Callable[[list[int]], NDArray[np.int64]],
    ) -> None:
        """Put the first box that is left where it was.

        Parameters
        ----------
        grid : GridView
        positions_of : callable
            Returns the places of boxes that are shown, by their ids.
        """
        for box_id in self.boxes:
            found = positions_of([box_id])
            if len(found):
                cell = grid.visualRect(grid.cells.index(int(found[0])))
                bar = grid.verticalScrollBar()
                bar.setValue(bar.value() + cell.top() - self.height)
                return
