"""A dialog for the classes of a review: their names and their order."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QVBoxLayout,
    QWidget,
)

from clump_detector.core.errors import ClumpError
from clump_detector.labels.classes.names import as_classes
from napari_clumps.widgets.base.parts import plain_button, text_label

_WORDS = (
    "What boxes can be. The first class is given to boxes that you draw; the key {key} "
    "gives the current box the next one. A class that boxes have, or had, stays."
)


class ClassesDialog(QDialog):
    """Adds classes, removes unused ones, and puts them in order.

    Parameters
    ----------
    parent : QWidget
    classes : sequence of str
        As they are.
    used : collection of str
        Those that boxes have, or had.
    key : str
        The key that changes the class of a box.
    """

    def __init__(
        self, parent: QWidget, classes: Sequence[str], used: set[str], key: str
    ) -> None:
        super().__init__(parent)
        self.setObjectName("classes_dialog")
        self.setWindowTitle("Classes of this review")
        self._used, self._there = used, tuple(classes)
        words = text_label("classes_words")
        words.setText(_WORDS.format(key=key))
        self._list = QListWidget()
        self._list.setObjectName("class_list")
        self._list.addItems(list(classes))
        self._list.setCurrentRow(0)
        self._list.currentRowChanged.connect(self._on_row)
        self._name = QLineEdit()
        self._name.setObjectName("new_class")
        self._name.setPlaceholderText("another class, such as star")
        self._name.returnPressed.connect(self.add)
        self._problem = text_label("classes_problem")
        self._problem.setStyleSheet("color: #f0e442;")
        layout = QVBoxLayout(self)
        layout.addWidget(words)
        layout.addLayout(self._list_row())
        layout.addLayout(self._name_row())
        layout.addWidget(self._problem)
        layout.addWidget(self._ends())
        self.setMinimumWidth(420)
        self._on_row()

    def _list_row(self) -> QHBoxLayout:
        self._up = plain_button("class_up", "Up", lambda: self.move_by(-1), "Earlier")
        self._down = plain_button(
            "class_down", "Down", lambda: self.move_by(1), "Later"
        )
        self._remove = plain_button("remove_class", "Remove", self.remove, "")
        buttons = QVBoxLayout()
        for button in (self._up, self._down, self._remove):
            buttons.addWidget(button)
        buttons.addStretch(1)
        row = QHBoxLayout()
        row.addWidget(self._list, stretch=1)
        row.addLayout(buttons)
        return row

    def _name_row(self) -> QHBoxLayout:
        add = plain_button("add_class", "Add", self.add, "Add it at the end")
        row = QHBoxLayout()
        row.addWidget(self._name, stretch=1)
        row.addWidget(add)
        return row

    def _ends(self) -> QDialogButtonBox:
        ends = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        ends.accepted.connect(self.accept)
        ends.rejected.connect(self.reject)
        # Enter in the line adds a class, and does not end the dialog.
        for button in ends.buttons():
            button.setAutoDefault(False)
        ends.button(QDialogButtonBox.StandardButton.Ok).setDefault(False)
        return ends

    def classes(self) -> list[str]:
        """Return the classes in their order."""
        return [self._list.item(k).text() for k in range(self._list.count())]

    def accept(self) -> None:
        """End with the classes as they are, and with the one that is still typed."""
        if not self._name.text().strip() or self.add():
            super().accept()

    def add(self) -> bool:
        """Add the typed class, or say why it cannot be one; return whether it was."""
        try:
            chosen = as_classes([*self.classes(), self._name.text()], there=self._there)
        except ClumpError as error:
            self._problem.setText(error.message)
            return False
        self._problem.setText("")
        self._list.addItem(chosen[-1])
        self._list.setCurrentRow(self._list.count() - 1)
        self._name.clear()
        return True

    def remove(self) -> None:
        """Remove the selected class."""
        self._list.takeItem(self._list.currentRow())

    def move_by(self, step: int) -> None:
        """Move the selected class up or down by one place.

        Parameters
        ----------
        step : {-1, 1}
        """
        row = self._list.currentRow()
        if 0 <= row + step < self._list.count():
            item = self._list.takeItem(row)
            self._list.insertItem(row + step, item)
            self._list.setCurrentRow(row + step)

    def keyPressEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Leave Enter to the line where a class is typed."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):  # type: ignore[attr-defined]
            return
        super().keyPressEvent(event)

    def _on_row(self, _: int = 0) -> None:
        item = self._list.currentItem()
        stays = item is None or item.text() in self._used or self._list.count() < 2
        self._remove.setEnabled(not stays)
        self._remove.setToolTip(
            "Boxes have this class, or had it" if stays else "Remove it from the list"
        )
        self._up.setEnabled(self._list.currentRow() > 0)
        self._down.setEnabled(self._list.currentRow() < self._list.count() - 1)
