"""Where the dock widget of a panel appears, and the name on its tab.

napari itself only stacks dock widgets.
"""

from __future__ import annotations

from collections.abc import Callable

from napari.settings import get_settings
from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow, QStackedWidget, QTabBar, QWidget

#: Pixels of a window outside of its dock widgets: menu, status bar, tabs and titles.
_FRAME = 130

#: Object names of the panels that are tabs below the canvas.
_BELOW = ("gallery_panel", "similar_panel", "map_panel")

#: What napari adds to the name of a plugin's dock widget.
_SUFFIX = " (napari-clumps)"

#: Short names for tabs, so that the others fit beside them.
_SHORT = {
    "Review clumps": "Review",
    "Detect clumps": "Detect",
    "Retrain from corrections": "Retrain",
}


def at_the_bottom(title: str, window: QMainWindow) -> None:
    """Put a panel at the bottom, unless the user has moved it before.

    Dock widgets on the sides keep their height: the window would grow for them.
    """
    _put(title, "bottom")
    areas, corners = Qt.DockWidgetArea, Qt.Corner
    window.setCorner(corners.BottomLeftCorner, areas.LeftDockWidgetArea)
    window.setCorner(corners.BottomRightCorner, areas.RightDockWidgetArea)


def among_tabs_below(title: str, panel: QWidget, window: QMainWindow) -> None:
    """Put a panel at the bottom, as a tab of those that are there already.

    Parameters
    ----------
    title : str
        Of its dock widget.
    panel : QWidget
        Just made.
    window : QMainWindow
    """
    at_the_bottom(title, window)
    for other in _BELOW:
        if other != panel.objectName():
            among_tabs(panel, window, other)


def on_the_left(title: str) -> None:
    """Put a panel below the layers, unless the user has moved it before."""
    _put(title, "left")


def _put(title: str, side: str) -> None:
    """Set where a dock widget goes.

    Called while its widget is made, which is before napari looks where to put it.
    """
    places = get_settings().application.plugin_widget_positions
    places.setdefault(f"{title}{_SUFFIX}", side)


def among_tabs(
    panel: QWidget, window: QMainWindow, other: str, *, always: bool = True
) -> None:
    """Bring a panel to the tabs of another one, where both are on one side.

    Below it both would be too low to be of use, and the window would grow for them.

    Parameters
    ----------
    panel : QWidget
        Just made; it is moved once it is docked.
    window : QMainWindow
    other : str
        Object name of the other panel.
    always : bool
        Or only where the window cannot hold both.
    """
    size = window.size()

    def move() -> None:
        dock, found = panel.parent(), window.findChild(QWidget, other)
        host = None if found is None else find_dock(found)
        if not isinstance(dock, QDockWidget) or host is None:
            return  # a page of another panel, or alone
        # As high as the other one wants to be: at its least it would be squeezed.
        heights = dock.minimumSizeHint().height() + host.sizeHint().height()
        if not always and heights + _FRAME <= size.height():
            return
        together = window.dockWidgetArea(dock) == window.dockWidgetArea(host)
        if together and host not in window.tabifiedDockWidgets(dock):
            window.tabifyDockWidget(host, dock)
        dock.raise_()
        # Or the window could not be lower yet than both one below the other.
        window.layout().invalidate()
        window.layout().activate()
        window.resize(size)

    _later(panel, move)


def find_dock(panel: QWidget) -> QDockWidget | None:
    """Return the dock widget that a panel is in, itself or as a page of another."""
    inside: object = panel
    while isinstance(inside, QWidget):
        if isinstance(inside, QDockWidget):
            return inside
        inside = inside.parent()
    return None


def bring_forward(window: QMainWindow, panel: str) -> None:
    """Show a panel, by its object name, in front of others.

    Parameters
    ----------
    window : QMainWindow
    panel : str
        Where it is a page of another panel, that page is chosen.
    """
    found = window.findChild(QWidget, panel)
    dock = None if found is None else find_dock(found)
    if found is None or dock is None:
        return
    pages = found.parent()
    if isinstance(pages, QStackedWidget):
        pages.setCurrentWidget(found)
    dock.show()
    dock.raise_()


def label_tab(panel: QWidget) -> None:
    """Have a short name on a panel's tab; its title keeps the whole one.

    Parameters
    ----------
    panel : QWidget
        Just made; its tab is named once it is docked.
    """

    def name() -> None:
        dock = panel.parent()
        if not isinstance(dock, QDockWidget):
            return
        whole = dock.objectName()
        plain = whole.removesuffix(_SUFFIX)
        dock.setWindowTitle(_SHORT.get(plain, plain))
        dock.toggleViewAction().setText(whole)  # Qt has just made it short, too
        window = dock.parentWidget()
        if isinstance(window, QMainWindow) and window.findChild(_WholeTabs) is None:
            _WholeTabs(window)

    _later(panel, name)


class _WholeTabs(QObject):
    """Lets the tabs of a window's dock widgets be scrolled rather than cut short.

    Qt makes a bar of tabs whenever panels are put together, and by default cuts names.
    """

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        for bar in window.findChildren(
            QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly
        ):
            self._widen(bar)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Take each new bar of tabs."""
        if event.type() == QEvent.Type.ChildPolished:
            child = event.child()
            if isinstance(child, QTabBar):
                self._widen(child)
        return False

    @staticmethod
    def _widen(bar: QTabBar) -> None:
        bar.setElideMode(Qt.TextElideMode.ElideNone)
        bar.setUsesScrollButtons(True)


def _later(panel: QWidget, slot: Callable[[], None]) -> None:
    """Call a slot in the next turn, if the panel is there still."""
    timer = QTimer(panel)
    timer.setSingleShot(True)
    timer.timeout.connect(slot)
    timer.start(0)
