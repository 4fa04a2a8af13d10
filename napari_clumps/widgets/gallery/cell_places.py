"""Where the cells of a grid are on the screen, however far it is scrolled."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QPoint, QRect
from qtpy.QtGui import QRegion

from .grid_layout import GridLayout


class CellPlaces:
    """The cells of a scrolled grid.

    Parameters
    ----------
    offset : callable
        Returns how far is scrolled to the right and down.

    Attributes
    ----------
    grid : GridLayout
        Where the cells are in the whole grid.
    """

    def __init__(self, offset: Callable[[], QPoint]) -> None:
        self._offset = offset
        self.grid = GridLayout(0, 1, 1, 1)

    def rect(self, place: int) -> QRect:
        """Return where a cell is on the screen."""
        left, top = self.grid.corner(place)
        whole = QRect(left, top, self.grid.width, self.grid.height)
        return whole.translated(-self._offset())

    def at(self, point: QPoint) -> int | None:
        """Return the cell at a point of the screen, or None beside them."""
        inside = point + self._offset()
        return self.grid.at(inside.x(), inside.y())

    def runs(self, area: QRect) -> list[range]:
        """Return the cells that a rectangle of the screen touches."""
        whole = area.normalized().translated(self._offset())
        return self.grid.runs(whole.left(), whole.top(), whole.right(), whole.bottom())

    def touched(self, region: QRegion) -> list[int]:
        """Return the cells that a region of the screen touches."""
        within = (p for run in self.runs(region.boundingRect()) for p in run)
        return [place for place in within if region.intersects(self.rect(place))]
