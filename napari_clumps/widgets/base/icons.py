"""Icons in the colour of the text around them, so that they show in every theme."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QByteArray, QSize, Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPixmap
from qtpy.QtSvg import QSvgRenderer

#: Pixels of a drawn icon: enough for a screen that shows two for one.
_SIDE = 64


def svg_icon(path: Path, colour: QColor) -> QIcon:
    """Return an icon of an SVG file, drawn in one colour.

    Parameters
    ----------
    path : path
        Its strokes are in ``currentColor``.
    colour : QColor
    """
    drawing = path.read_text(encoding="utf-8").replace("currentColor", colour.name())
    pixmap = QPixmap(QSize(_SIDE, _SIDE))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(drawing.encode())).render(painter)
    painter.end()
    return QIcon(pixmap)
