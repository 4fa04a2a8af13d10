"""Scale bar, compass and a line of words in the corners of the canvas.

napari's own scale bar is in pixels or in the units of layers, and an image in arcsec
would move every box to other coordinates. These marks are drawn again only when they
change.
"""

from __future__ import annotations

import math

from qtpy.QtCore import QPointF
from qtpy.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen
from qtpy.QtWidgets import QWidget

from napari_clumps.render.orientation import Direction, ScaleBar

from .base import CanvasOverlay

#: Screen pixels from the canvas's edges, between marks, and of the compass's arms.
_MARGIN, _GAP, _ARM = 14.0, 10.0, 30.0

#: How far a letter's middle is from the end of its arm.
_LETTER = 10.0

_INK, _RIM = QColor(255, 255, 255), QColor(0, 0, 0, 170)

MarksShown = tuple[ScaleBar | None, Direction | None, Direction | None, str]


class CornerMarks(CanvasOverlay):
    """Shows scale bar, compass and a line of text over a napari canvas."""

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas, "corner_marks")
        self.shown: MarksShown = (None, None, None, "")
        self.show()

    def show_marks(
        self,
        bar: ScaleBar | None,
        north: Direction | None,
        east: Direction | None,
        words: str,
    ) -> None:
        """Show a scale bar, a compass and a line of text.

        Parameters
        ----------
        bar : ScaleBar or None
        north, east : (float, float) or None
            Unit vectors (right, down) on the screen.
        words : str
            Shown in the upper left corner; empty for none.
        """
        marks = (bar, north, east, words)
        if marks != self.shown:
            self.shown = marks
            self.update()

    def paintEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Draw the marks: light lines with a dark outline, visible on any image."""
        bar, north, east, words = self.shown
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        bottom = self.height() - _MARGIN
        if bar is not None:
            bottom = self._draw_bar(painter, bar, bottom)
        if north is not None and east is not None:
            middle = QPointF(_MARGIN + _ARM + _LETTER, bottom - _ARM - 2 * _LETTER)
            for letter, direction in (("N", north), ("E", east)):
                self._draw_arm(painter, middle, direction, letter)
        if words:
            ascent = QFontMetricsF(self.font()).ascent()
            self._draw_text(painter, QPointF(_MARGIN, _MARGIN + ascent), words)
        painter.end()

    def _draw_bar(self, painter: QPainter, bar: ScaleBar, bottom: float) -> float:
        """Draw the bar and its label, and return where the free space above begins."""
        left, right, tick = _MARGIN, _MARGIN + bar.length, 4.0
        path = QPainterPath(QPointF(left, bottom - 2 * tick))
        for x, y in ((left, bottom), (right, bottom), (right, bottom - 2 * tick)):
            path.lineTo(x, y)
        _draw_path(painter, path)
        width = QFontMetricsF(self.font()).horizontalAdvance(bar.words)
        position = QPointF((left + right - width) / 2, bottom - tick)
        position.setX(max(position.x(), left))
        self._draw_text(painter, position, bar.words)
        height: float = QFontMetricsF(self.font()).height()
        return bottom - tick - height - _GAP

    def _draw_arm(
        self, painter: QPainter, middle: QPointF, direction: Direction, letter: str
    ) -> None:
        right, down = direction
        end = middle + QPointF(right, down) * _ARM
        path = QPainterPath(middle)
        path.lineTo(end)
        for side in (-1, 1):
            angle = math.atan2(down, right) + side * math.radians(155)
            path.moveTo(end)
            path.lineTo(end + QPointF(math.cos(angle), math.sin(angle)) * 7)
        _draw_path(painter, path)
        metrics = QFontMetricsF(self.font())
        position = middle + QPointF(right, down) * (_ARM + _LETTER)
        across = metrics.horizontalAdvance(letter) / 2
        position += QPointF(-across, metrics.capHeight() / 2)
        self._draw_text(painter, position, letter)

    def _draw_text(self, painter: QPainter, position: QPointF, text: str) -> None:
        path = QPainterPath()
        path.addText(position, self.font(), text)
        painter.strokePath(path, QPen(_RIM, 3.0))
        painter.fillPath(path, _INK)


def _draw_path(painter: QPainter, path: QPainterPath) -> None:
    for colour, width in ((_RIM, 4.0), (_INK, 1.6)):
        painter.strokePath(path, QPen(colour, width))
