"""Aperture and annulus of the measured clump, over the canvas.

They are on no layer, so that the mouse cannot drag them, and follow the camera.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtCore import QPointF
from qtpy.QtGui import QColor, QPainter, QPen
from qtpy.QtWidgets import QWidget

from napari_clumps.render.photometry_readout import ApertureCircles
from napari_clumps.viewer.camera import Camera

from .base import CanvasOverlay, on_camera

if TYPE_CHECKING:
    from napari.components import ViewerModel

#: The aperture is a solid line, the annulus dashed; each has a dark outline.
_INK, _RIM = QColor("#ffffff"), QColor(0, 0, 0, 150)
_DASHES = [4.0, 4.0]


class ApertureMarks(CanvasOverlay):
    """A widget over a napari canvas that shows aperture and annulus.

    Parameters
    ----------
    canvas : QWidget
    viewer : napari.Viewer
    camera : Camera
        Gives the position of a pixel on the canvas.
    """

    def __init__(self, canvas: QWidget, viewer: ViewerModel, camera: Camera) -> None:
        super().__init__(canvas, "aperture_marks")
        self._viewer, self._camera = viewer, camera
        self.circles: ApertureCircles | None = None
        on_camera(viewer, self._follow)
        self.hide()

    def show_circles(self, circles: ApertureCircles | None) -> None:
        """Show circles, or none."""
        self.circles = circles
        self.setVisible(circles is not None)
        self.update()

    def _follow(self) -> None:
        if isalive(self) and self.circles is not None:
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
