"""Where covering the image takes a box's score: colour over the canvas."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QColor, QImage, QPainter, QPen, QTransform

from clump_detector.models.explained import Explanation

from .camera_overlay import CameraOverlay

#: Over blue clumps orange can be told from the image by everybody; where a patch takes
#: all of the score it is this opaque, of 255.
_COLOUR, _OPAQUE = QColor("#e69f00"), 140


class OcclusionMarks(CameraOverlay):
    """Colours the places whose covering lowers the score of a box."""

    name = "occlusion_marks"
    shown: Explanation | None = None

    def show_explanation(self, shown: Explanation | None) -> None:
        """Show the map of an explanation, or none.

        Parameters
        ----------
        shown : Explanation or None
        """
        there = shown is not None and bool(np.isfinite(shown.covered).all())
        self.shown = shown if there else None
        self.setVisible(there)
        self.update()

    def paintEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Draw the map where its patches are on the canvas now."""
        shown = self.shown
        if shown is None:
            return
        rows, columns = shown.covered.shape
        half_x = (shown.x[-1] - shown.x[0]) / (columns - 1) / 2
        half_y = (shown.y[-1] - shown.y[0]) / (rows - 1) / 2
        left, right = float(shown.x[0] - half_x), float(shown.x[-1] + half_x)
        top, bottom = float(shown.y[0] - half_y), float(shown.y[-1] + half_y)
        # Corners tell how the view is turned and mirrored.
        x0, y0 = self._camera.on_screen((left, top))
        x1, y1 = self._camera.on_screen((right, top))
        x2, y2 = self._camera.on_screen((left, bottom))
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setTransform(QTransform(x1 - x0, y1 - y0, x2 - x0, y2 - y0, x0, y0))
        unit = QRectF(0, 0, 1, 1)
        painter.drawImage(unit, coloured(shown))
        pen = QPen(_COLOUR, 1.2, Qt.PenStyle.DotLine)
        pen.setCosmetic(True)
        painter.setPen(pen)
        painter.drawRect(unit)
        painter.end()


def coloured(shown: Explanation) -> QImage:
    """Return the map of an explanation as an image, a pixel for each patch.

    Parameters
    ----------
    shown : Explanation
        Its map is known.
    """
    lost = np.clip(1 - shown.covered, 0, 1)
    pixels = np.empty((*lost.shape, 4), np.uint8)
    pixels[..., :3] = (_COLOUR.red(), _COLOUR.green(), _COLOUR.blue())
    pixels[..., 3] = np.rint(_OPAQUE * lost)
    height, width = lost.shape
    image = QImage(pixels.tobytes(), width, height, QImage.Format.Format_RGBA8888)
    return image.copy()
