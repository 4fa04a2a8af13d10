"""The sheet with all keys of the review."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QDialog, QGridLayout, QLabel, QVBoxLayout, QWidget

from napari_clumps.settings.shortcuts import ALSO, BOOK, KEYS

NAME = "key_sheet"

_PER_COLUMN = 13


def show_key_sheet(window: QWidget) -> None:
    """Show the sheet over a window, or take it away."""
    sheet = window.findChild(QDialog, NAME)
    if sheet is not None and sheet.isVisible():
        sheet.close()
        return
    sheet = KeySheet(window)
    sheet.show()


class KeySheet(QDialog):
    """Each key and what it does; Escape or F1 closes it."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName(NAME)
        self.setWindowTitle("Keys of the review")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        layout = QVBoxLayout(self)
        layout.addLayout(self._keys())
        words = QLabel(
            "The mouse draws (after the key for it), moves and pulls boxes at their "
            "corners, and chooses one by a click.\nOther keys: napari's File menu, "
            "Preferences, Clumps."
        )
        words.setWordWrap(True)
        layout.addWidget(words)
        close = QShortcut(QKeySequence(BOOK.key("show_keys")), self)
        close.activated.connect(self.close)

    def _keys(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(self.fontMetrics().averageCharWidth() * 2)
        for place, key in enumerate(KEYS):
            column, row = divmod(place, _PER_COLUMN)
            pressed = [BOOK.key(key.action)]
            pressed += [k for k, action in ALSO.items() if action == key.action]
            label = QLabel(f"<b>{', '.join(pressed)}</b>")
            label.setObjectName(f"key_of_{key.action}")
            label.setAlignment(Qt.AlignmentFlag.AlignRight)
            grid.addWidget(label, row, 2 * column)
            grid.addWidget(QLabel(key.what), row, 2 * column + 1)
        return grid
