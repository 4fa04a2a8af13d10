"""A widget over the canvas that follows its size and lets the mouse through."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QWidget


class CanvasOverlay(QWidget):
    """What is drawn over a napari canvas, and on no layer.

    Parameters
    ----------
    canvas : QWidget
    name : str
        Of the widget.
    """

    def __init__(self, canvas: QWidget, name: str) -> None:
        super().__init__(canvas)
        self.setObjectName(name)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        canvas.installEventFilter(self)
        self.resize(canvas.size())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Resize with the canvas; no event is held back.

        Parameters
        ----------
        watched : QObject
            The canvas.
        event : QEvent
        """
        if event.type() == QEvent.Type.Resize:
            self.resize(watched.size())
        return False
