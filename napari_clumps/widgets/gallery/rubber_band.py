"""The rectangle that the mouse draws over a grid to select cells."""

from __future__ import annotations

from qtpy.QtCore import QPoint, QRect
from qtpy.QtGui import QColor, QPainter, QPalette
from qtpy.QtWidgets import QApplication


class RubberBand:
    """A rectangle between two points of the whole grid, whatever part is in view."""

    def __init__(self) -> None:
        self._pressed: QPoint | None = None
        self._dragged: QPoint | None = None

    @property
    def is_drawn(self) -> bool:
        """Whether there is one."""
        return self._dragged is not None

    def press(self, point: QPoint) -> None:
        """Remember where one may start."""
        self._pressed = point

    def drag(self, point: QPoint) -> bool:
        """Draw it to a point; return False while that is no more than a click."""
        if self._pressed is None:
            return True
        way = (point - self._pressed).manhattanLength()
        if self._dragged is None and way < QApplication.startDragDistance():
            return False  # a mouse that moves a little in a click draws none
        self._dragged = point
        return True

    def release(self) -> None:
        """Take it away."""
        self._pressed = self._dragged = None

    def paint(self, painter: QPainter, palette: QPalette, offset: QPoint) -> None:
        """Paint it, if there is one.

        Parameters
        ----------
        painter : QPainter
        palette : QPalette
        offset : QPoint
            How far the grid is scrolled.
        """
        if self._pressed is None or self._dragged is None:
            return
        band = QRect(self._pressed, self._dragged).normalized()
        colour = QColor(palette.color(QPalette.ColorRole.Highlight))
        painter.setPen(colour)
        colour.setAlpha(60)
        painter.setBrush(colour)
        painter.drawRect(band.translated(-offset))
