"""Aperture and annulus of the measured clump, over the canvas.

They are on no layer, so that the mouse cannot drag them, and follow the camera.
"""

from __future__ import annotations

from qtpy.QtCore import QPointF
from qtpy.QtGui import QColor, QPainter, QPen

from napari_clumps.render.photometry_readout import ApertureCircles

from .camera_overlay import CameraOverlay

#: The aperture is a solid line, the annulus dashed; each has a dark outline.
_INK, _RIM = QColor("#ffffff"), QColor(0, 0, 0, 150)
_DASHES = [4.0, 4.0]


class ApertureMarks(CameraOverlay):
    """A widget over a napari canvas that shows aperture and annulus."""

    name = "aperture_marks"
    circles: ApertureCircles | None = None

    def show_circles(self, circles: ApertureCircles | None) -> None:
        """Show circles, or none."""
        self.circles = circles
        self.setVisible(circles is not None)
        self.update()

    def paintEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Draw the circles at the current position of the clump on the canvas."""
        circles = self.circles
        if circles is None:
            return
        middle = QPointF(*self._camera.on_screen((circles.x, circles.y)))
        zoom = float(self._viewer.scene.camera.zoom)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for radius, dashed in (
            (circles.aperture, False), (circles.inner, True), (circles.outer, True),
        ):  # fmt: skip
            for colour, width in ((_RIM, 3.2), (_INK, 1.4)):
                pen = QPen(colour, width)
                if dashed and colour is _INK:
                    pen.setDashPattern(_DASHES)
                painter.setPen(pen)
                painter.drawEllipse(middle, radius * zoom, radius * zoom)
        painter.end()
