"""Where a dock appears that is opened from the menu: napari itself only stacks them."""

from __future__ import annotations

from collections.abc import Callable

from napari.settings import get_settings
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

#: Pixels of a window that are no dock's: menu, status bar, tabs and titles.
_FRAME = 130


def at_the_bottom(title: str, window: QMainWindow) -> None:
    """Have a dock put at the bottom, unless a person has moved it before.

    Docks on the sides keep their height: the window would grow for them.
    """
    _put(title, "bottom")
    areas, corners = Qt.DockWidgetArea, Qt.Corner
    window.setCorner(corners.BottomLeftCorner, areas.LeftDockWidgetArea)
    window.setCorner(corners.BottomRightCorner, areas.RightDockWidgetArea)


def on_the_left(title: str) -> None:
    """Have a dock put below the layers, unless a person has moved it before."""
    _put(title, "left")


def _put(title: str, side: str) -> None:
    """Say where a dock goes.

    Called while its widget is made, which is before napari looks where to put it.
    """
    places = get_settings().application.plugin_widget_positions
    places.setdefault(f"{title} (napari-clumps)", side)


def among_tabs(
    panel: QWidget, window: QMainWindow, other: str, *, always: bool = True
) -> None:
    """Bring a panel's dock to the tabs of another one, where both are on one side.

    Below it both would be too low to be of use, and the window would grow for them.

    Parameters
    ----------
    panel : QWidget
        Just made; it is moved once it is docked.
    window : QMainWindow
    other : str
        Object name of the other dock's panel.
    always : bool
        Or only where the window has no room for both.
    """
    size = window.size()

    def move() -> None:
        dock, found = panel.parent(), window.findChild(QWidget, other)
        host = None if found is None else found.parent()
        if not isinstance(dock, QDockWidget) or not isinstance(host, QDockWidget):
            return
        heights = dock.minimumSizeHint().height() + host.minimumSizeHint().height()
        if not always and heights + _FRAME <= size.height():
            return
        together = window.dockWidgetArea(dock) == window.dockWidgetArea(host)
        if together and host not in window.tabifiedDockWidgets(dock):
            window.tabifyDockWidget(host, dock)
        dock.raise_()
        # Or the window could not be lower yet than both docks one below the other.
        window.layout().invalidate()
        window.layout().activate()
        window.resize(size)

    _later(panel, move)


def _later(panel: QWidget, slot: Callable[[], None]) -> None:
    """Call a slot in the next turn, if the panel is there still."""
    timer = QTimer(panel)
    timer.setSingleShot(True)
    timer.timeout.connect(slot)
    timer.start(0)
