"""A line for tags, which completes those that are known."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QModelIndex, QStringListModel, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QCompleter, QLineEdit


class TagLine(QLineEdit):
    """A line for tags, which completes those that are known, one after the other.

    Parameters
    ----------
    name : str
        Object name.
    known : callable
        Returns the tags that can be completed; asked when the first letter is written.
    """

    def __init__(self, name: str, known: Callable[[], list[str]]) -> None:
        super().__init__()
        self.setObjectName(name)
        self._known = known
        self._words = QStringListModel(self)
        completer = _LastTag(self._words, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setCompleter(completer)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Complete the tags that are known when the first letter is written."""
        if not self.isModified():
            self._words.setStringList(self._known())
        super().keyPressEvent(event)

    def show_text(self, text: str) -> None:
        """Show a text, unless the user is writing another."""
        if self.text() != text and not (self.hasFocus() and self.isModified()):
            self.setText(text)


class _LastTag(QCompleter):
    """Completes what is behind the last comma."""

    def splitPath(self, path: str) -> list[str]:  # noqa: N802 - Qt's name
        return [path.rsplit(",", 1)[-1].strip()]

    def pathFromIndex(self, index: QModelIndex) -> str:  # noqa: N802 - Qt's name
        before = self.widget().text().rpartition(",")[0].strip()
        tag = super().pathFromIndex(index)
        return f"{before}, {tag}" if before else tag
