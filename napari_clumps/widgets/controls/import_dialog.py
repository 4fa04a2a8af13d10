"""The question how labels that others made are taken in."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_clumps.io.import_labels import ACCEPTED, PROPOSALS, PlacedLabels
from napari_clumps.widgets.base.parts import text_label


class ImportDialog(QDialog):
    """Says what was found, and asks whether it is to be decided on or decided already.

    Attributes
    ----------
    how : str or None
        ``proposals``, ``accepted``, or None for not at all.
    """

    def __init__(self, found: PlacedLabels, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("import_dialog")
        self.setWindowTitle("Import labels")
        self.how: str | None = None
        words = text_label("import_words")
        words.setText("\n\n".join(found.in_words()))
        words.setMinimumWidth(420)
        words.setAlignment(Qt.AlignmentFlag.AlignTop)
        scrolled = QScrollArea()
        scrolled.setWidgetResizable(True)
        scrolled.setWidget(words)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        buttons.rejected.connect(self.reject)
        for how, text, tip in (
            (PROPOSALS, "As proposals", "Each waits for your decision"),
            (ACCEPTED, "As accepted", "Each counts as a clump from now on"),
        ):
            button = QPushButton(text)
            button.setObjectName(f"button_import_{how}")
            button.setToolTip(f"{tip}; undo takes all of them back")
            button.clicked.connect(lambda _=False, how=how: self._choose(how))
            buttons.addButton(button, QDialogButtonBox.ButtonRole.AcceptRole)
        layout = QVBoxLayout(self)
        layout.addWidget(scrolled)
        layout.addWidget(QLabel("What you have decided stays as it is."))
        layout.addWidget(buttons)
        self.resize(520, 320)

    def _choose(self, how: str) -> None:
        self.how = how
        self.accept()
