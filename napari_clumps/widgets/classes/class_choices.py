"""Rows that ask what each unknown class is to be taken for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QFormLayout, QVBoxLayout, QWidget

from napari_clumps.widgets.base.parts import text_label


class ClassChoices(QWidget):
    """A sentence, and a choice for each class; nothing where there is no class to ask.

    Parameters
    ----------
    name : str
        In the names of its widgets.
    own, same, none : str
        Words for a class of its own, for one that is there (with ``{}`` for its name)
        and for boxes that are left out.
    """

    def __init__(self, name: str, own: str, same: str, none: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self._name, self._own, self._same, self._none = name, own, same, none
        self._asked: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
        self._choices: dict[str, QComboBox] = {}
        self._words = text_label(f"{name}_words")
        self._form = QFormLayout()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._words)
        layout.addLayout(self._form)
        self.hide()

    def ask(self, words: str, names: Mapping[str, str], classes: Sequence[str]) -> None:
        """Ask about some classes; what was chosen for one stays.

        Parameters
        ----------
        words : str
            What is asked.
        names : mapping of str to str
            The label of each class that is asked about.
        classes : sequence of str
            The classes that one can be taken for.
        """
        self._words.setText(words)
        asked = tuple(names), tuple(classes)
        if asked != self._asked:
            self._asked, before = asked, self.answers()
            self._build(classes, before)
        for name, label in names.items():
            self._form.labelForField(self._choices[name]).setText(label)
        self.setVisible(bool(names))

    def answers(self) -> dict[str, str | None]:
        """Return what each class is taken for: itself, another one, or nothing."""
        return {name: box.currentData() for name, box in self._choices.items()}

    def _build(self, classes: Sequence[str], before: Mapping[str, str | None]) -> None:
        while self._form.rowCount():
            self._form.removeRow(0)
        self._choices = {}
        for name in self._asked[0]:
            choice = QComboBox()
            choice.setObjectName(f"{self._name}_{name}")
            choice.setAccessibleName(f"What {name} is taken for")
            choice.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
            choice.addItem(self._own, name)
            for cls in classes:
                choice.addItem(self._same.format(cls), cls)
            choice.addItem(self._none, None)
            if name in before:
                choice.setCurrentIndex(max(choice.findData(before[name]), 0))
            self._choices[name] = choice
            self._form.addRow(name, choice)
