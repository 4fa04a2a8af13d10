"""The keyboard of a review: its keys work wherever in the window the focus is."""

from __future__ import annotations

import atexit
from collections.abc import Callable

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QKeyCombination, QObject, Qt, QTimer
from qtpy.QtGui import QKeyEvent, QKeySequence
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDockWidget,
    QKeySequenceEdit,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from napari_clumps.settings.shortcuts import BOOK, BY_ACTION

#: A widget with this property has keys of its own, and all inside it.
OWN_KEYS = "own_keys"

#: Where a person writes, keys are letters.
_TEXT = (QLineEdit, QTextEdit, QPlainTextEdit, QAbstractSpinBox, QKeySequenceEdit)

_KEYS = (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride)


def key_name(event: QKeyEvent) -> str:
    """Return a key press in the words of `keys`."""
    if event.text() == "?":  # on some keyboards with Shift, on others without
        return "?"
    key = Qt.Key(event.key())
    if key == Qt.Key.Key_Return:
        key = Qt.Key.Key_Enter
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    return str(QKeySequence(QKeyCombination(modifiers, key)).toString())


class Keyboard(QObject):
    """Does what the keys are for that are pressed in a window.

    napari gives keys to the active layer or swallows them in its lists; here they do
    the same everywhere, but in text fields, menus, dialogs, and widgets with keys of
    their own.

    Parameters
    ----------
    window : QWidget
    press : callable
        Does what a key is for, by the name of its action.
    listens : callable
        Tells whether keys are for the review now.
    """

    def __init__(
        self, window: QWidget, press: Callable[[str], None], listens: Callable[[], bool]
    ) -> None:
        super().__init__(window)
        self._window, self._press, self._listens = window, press, listens
        self._written: QWidget | None = None
        QApplication.instance().installEventFilter(self)
        # A filter in Python must be gone before Python is.
        atexit.register(self.let_go)

    def let_go(self) -> None:
        """Listen no more."""
        atexit.unregister(self.let_go)
        application = QApplication.instance()
        if application is not None and isalive(self):
            application.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Do what the key is for, and let nobody else have it."""
        if event.type() not in _KEYS:
            return False
        if isinstance(watched, _TEXT) and event.type() == QEvent.Type.KeyPress:
            self._written = watched
            QTimer.singleShot(0, self._forget_written)
        if self._was_written(watched) or not self._listens_to(watched):
            return False
        action = BOOK.action(key_name(event))
        if action is None:
            return False
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()  # so that it comes as a key press, not as napari's shortcut
        elif not event.isAutoRepeat() or BY_ACTION[action].repeats:
            self._press(action)
        return True

    def _was_written(self, watched: QObject) -> bool:
        """Tell whether a key comes from a text field below, which had no use for it.

        Enter in a line of text is such a key: Qt offers it to the line's parents, one
        after the other, before anything else happens.
        """
        field = self._written
        return (
            field is not None
            and isalive(field)
            and isinstance(watched, QWidget)
            and bool(watched.isAncestorOf(field))
        )

    def _forget_written(self) -> None:
        self._written = None

    def _listens_to(self, watched: QObject) -> bool:
        return (
            isinstance(watched, QWidget)
            and self._listens()
            and QApplication.activeModalWidget() is None
            and QApplication.activePopupWidget() is None
            and self._is_ours(watched)
        )

    def _is_ours(self, widget: QWidget) -> bool:
        """Tell whether a widget is in the window and leaves the keys to the review."""
        if isinstance(widget, _TEXT):
            return False
        if isinstance(widget, QComboBox) and widget.isEditable():
            return False
        inside: QWidget | None = widget
        while inside is not None and inside is not self._window:
            elsewhere = inside.isWindow() and not isinstance(inside, QDockWidget)
            if elsewhere or inside.property(OWN_KEYS):
                return False
            inside = inside.parentWidget()
        return inside is self._window
