"""Keys and mouse on napari's canvas, by events of Qt.

Synthetic events of QTest go the way of real ones, through all event filters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from napari_clumps.viewer.napari_private import canvas_widget

if TYPE_CHECKING:
    from napari.viewer import Viewer
    from qtpy.QtCore import QPoint
    from qtpy.QtWidgets import QWidget


def press_key(
    viewer: Viewer, key: str, *, control: bool = False, shift: bool = False
) -> None:
    """Press a key on the canvas.

    Parameters
    ----------
    viewer : napari.Viewer
    key : str
        Name of a member of ``Qt.Key`` without the prefix ``Key_``.
    control, shift : bool
        Modifiers held down meanwhile.
    """
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    modifiers = Qt.KeyboardModifier.NoModifier
    if control:
        modifiers |= Qt.KeyboardModifier.ControlModifier
    if shift:
        modifiers |= Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(canvas_widget(viewer), getattr(Qt.Key, f"Key_{key}"), modifiers)


def click(widget: QWidget) -> None:
    """Click a widget with the left button."""
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def drag_on_canvas(
    viewer: Viewer,
    start: tuple[float, float],
    end: tuple[float, float],
    settle: Callable[[float], None],
) -> None:
    """Drag with the left button from one pixel of the image to another.

    Parameters
    ----------
    viewer : napari.Viewer
    start, end : (float, float)
        Pixels x, y of the image.
    settle : callable
        Lets the window catch up for some seconds.
    """
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    canvas, left = canvas_widget(viewer), Qt.MouseButton.LeftButton
    settle(0.1)
    QTest.mouseMove(canvas, canvas_point(viewer, start))
    settle(0.05)
    QTest.mousePress(canvas, left, pos=canvas_point(viewer, start))
    settle(0.05)
    for share in (0.3, 0.6, 1.0) if start != end else ():
        x = start[0] + share * (end[0] - start[0])
        y = start[1] + share * (end[1] - start[1])
        _move_pressed(canvas, canvas_point(viewer, (x, y)))
        settle(0.05)
    QTest.mouseRelease(canvas, left, pos=canvas_point(viewer, end))
    settle(0.1)


def canvas_point(viewer: Viewer, point: tuple[float, float]) -> QPoint:
    """Return the point of the canvas at a pixel of the image.

    Parameters
    ----------
    viewer : napari.Viewer
    point : (float, float)
        Pixel x, y of the image.

    Returns
    -------
    QPoint
    """
    from qtpy.QtCore import QPoint

    from napari_clumps.plugin.window import controller_of

    x, y = controller_of(viewer).session.canvas.camera.on_screen(point)
    return QPoint(round(x), round(y))


def _move_pressed(canvas: QWidget, position: QPoint) -> None:
    """Move the mouse with its button down, which QTest.mouseMove does not do."""
    from qtpy.QtCore import QEvent, QPointF, Qt
    from qtpy.QtGui import QMouseEvent
    from qtpy.QtWidgets import QApplication

    event = QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(position),
        QPointF(canvas.mapToGlobal(position)),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(canvas, event)
