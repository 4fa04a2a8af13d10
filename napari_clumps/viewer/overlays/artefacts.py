"""The places of artefacts, over the canvas."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QColor, QPainter, QPen, QPolygonF

from clump_detector.images.artefacts.kinds import Artefact

from .camera_overlay import CameraOverlay

#: A colour that no box has, with a dark outline that shows it on any image.
COLOUR = "#7fe0a8"
_INK, _RIM = QColor(COLOUR), QColor(0, 0, 0, 150)


class ArtefactMarks(CameraOverlay):
    """Draws a dashed frame around each artefact, with its kind."""

    name = "artefact_marks"
    shown: tuple[Artefact, ...] = ()

    def show_artefacts(self, shown: Sequence[Artefact]) -> None:
        """Show the places of some artefacts, or none.

        Parameters
        ----------
        shown : sequence of Artefact
        """
        self.shown = tuple(shown)
        self.setVisible(bool(shown))
        self.update()

    def paintEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Draw the frames where they are on the canvas now."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for one in self.shown:
            x1, y1, x2, y2 = one.place
            corners = [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]
            frame = QPolygonF(
                [QPointF(*self._camera.on_screen(corner)) for corner in corners]
            )
            left = min((frame.at(k) for k in range(4)), key=lambda p: p.x() + p.y())
            for colour, width in ((_RIM, 3.0), (_INK, 1.4)):
                painter.setPen(QPen(colour, width, Qt.PenStyle.DashLine))
                painter.drawPolygon(frame)
            self._write(painter, left, one.name)
        painter.end()

    def _write(self, painter: QPainter, corner: QPointF, words: str) -> None:
        """Write words inside of a corner, or of the canvas where that is outside."""
        height = painter.fontMetrics().height()
        x = min(max(corner.x(), 0), self.width() - 10 * height) + 4
        y = min(max(corner.y(), 0), self.height() - 2 * height) + height
        painter.setPen(_RIM)
        painter.drawText(QPointF(x + 1, y + 1), words)
        painter.setPen(_INK)
        painter.drawText(QPointF(x, y), words)
