"""The isophotes of the shown galaxy, over the canvas."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QPointF
from qtpy.QtGui import QColor, QPainter, QPen, QPolygonF

from clump_detector.photometry.isophotes.ellipses import Shapes

from .camera_overlay import CameraOverlay

#: Lines with a dark outline, visible on any image.
_INK, _RIM = QColor(255, 255, 255, 190), QColor(0, 0, 0, 110)

#: Corners of a drawn ellipse.
_CORNERS = 72


class EllipseMarks(CameraOverlay):
    """Draws ellipses at their place on the image."""

    name = "ellipse_marks"
    shapes: Shapes | None = None

    def show_ellipses(self, shapes: Shapes | None) -> None:
        """Show ellipses, or none.

        Parameters
        ----------
        shapes : Shapes or None
        """
        self.shapes = shapes
        self.setVisible(shapes is not None)
        self.update()

    def paintEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Draw every second ellipse from outside in, where it is on the canvas now."""
        shapes = self.shapes
        if shapes is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        turn = np.linspace(0, 2 * np.pi, _CORNERS)
        for k in range(len(shapes.radii) - 1, -1, -2):
            radius, flat = shapes.radii[k], shapes.ellipticity[k]
            along, across = radius * np.cos(turn), radius * (1 - flat) * np.sin(turn)
            cos, sin = np.cos(shapes.angle[k]), np.sin(shapes.angle[k])
            x = shapes.x + along * cos - across * sin
            y = shapes.y + along * sin + across * cos
            corners = QPolygonF(
                [
                    QPointF(*self._camera.on_screen((float(a), float(b))))
                    for a, b in zip(x, y, strict=True)
                ]
            )
            for colour, width in ((_RIM, 2.6), (_INK, 1.0)):
                painter.setPen(QPen(colour, width))
                painter.drawPolyline(corners)
        painter.end()
