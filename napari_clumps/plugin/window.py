"""The controller of each viewer, and what it has of the viewer's window."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from qtpy.compat import isalive

from napari_clumps.app.controller import Controller
from napari_clumps.app.preferences import Preferences
from napari_clumps.viewer.napari_private import find_window, layer_controls_dock

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from qtpy.QtWidgets import QMainWindow

    from napari_clumps.widgets.base.keyboard import Keyboard

_windows: WeakKeyDictionary[ViewerModel, WindowConnection] = WeakKeyDictionary()


def controller_of(viewer: ViewerModel) -> Controller:
    """Return the one controller of a viewer."""
    viewer = getattr(viewer, "__wrapped__", viewer)  # widgets get napari's proxy
    if viewer not in _windows:
        _windows[viewer] = WindowConnection(Controller(viewer))
    return _windows[viewer].controller


class WindowConnection:
    """Gives a controller the keyboard and the Preferences of its window.

    From the first review on: before that the keys are napari's.

    Parameters
    ----------
    controller : Controller
    """

    def __init__(self, controller: Controller) -> None:
        self.controller = controller
        self._keyboard: Keyboard | None = None
        self._preferences: Preferences | None = None
        self._controls_hidden = False
        controller.session.review_opened.connect(self._connect)
        controller.shortcuts_asked.connect(self._show_shortcuts)
        controller.closed.connect(self._let_go)

    @property
    def _window(self) -> QMainWindow | None:
        return find_window(self.controller.session.viewer)

    def _collapse_controls(self) -> None:
        """Hide napari's layer controls while a review is open: they decide nothing."""
        if self._window is None:
            return
        controls = layer_controls_dock(self.controller.session.viewer)
        if not isalive(controls):  # it went with the window
            return
        if self.controller.session.review is None:
            if self._controls_hidden:
                controls.show()
            self._controls_hidden = False
        elif not self._controls_hidden and controls.isVisible():
            controls.hide()
            self._controls_hidden = True

    def _connect(self) -> None:
        session = self.controller.session
        self._collapse_controls()
        if session.review is None or self._keyboard is not None or not self._window:
            return
        from napari_clumps.widgets.base.keyboard import Keyboard

        self._keyboard = Keyboard(
            self._window, self.controller.press, lambda: session.review is not None
        )
        with suppress(KeyError):  # napari does not know a plugin not installed
            self._preferences = Preferences(session)

    def _show_shortcuts(self) -> None:
        from napari_clumps.widgets.base.shortcut_sheet import show_key_sheet

        show_key_sheet(self._window)

    def _let_go(self) -> None:
        if self._keyboard is not None:
            self._keyboard.let_go()
            self._keyboard = None
        if self._preferences is not None:
            self._preferences.let_go()
            self._preferences = None
