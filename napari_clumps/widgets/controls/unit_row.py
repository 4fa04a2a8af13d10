"""Asks once in what unit fluxes are whose files do not say it."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QGridLayout, QWidget

from napari_clumps.app.controller import Controller
from napari_clumps.widgets.base.parts import plain_button, text_label

#: What most files are in; anything else that `units.chosen_unit` knows can be typed.
_USUAL = ("nanomaggy", "uJy", "nJy", "Jy", "MJy/sr", "zp=22.5", "zp=25", "zp=27")


class UnitRow(QWidget):
    """A choice of units with a button; seen where fluxes are relative."""

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self.setObjectName("unit_row")
        self._controller = controller
        self.choice = QComboBox()
        self.choice.setObjectName("unit_choice")
        self.choice.setAccessibleName("Unit of the fluxes")
        self.choice.setToolTip("A unit of flux, or the AB zero point such as zp=27.0")
        self.choice.setEditable(True)
        self.choice.addItems(_USUAL)
        self.choice.setCurrentText("")
        self.choice.lineEdit().setPlaceholderText("unit, or zp=27.0")
        self.choice.lineEdit().returnPressed.connect(self._use)
        self.choice.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        words = text_label("unit_words")
        words.setText("The image has no flux unit. Set it for this review:")
        use = plain_button(
            "use_unit",
            "Apply",
            self._use,
            "Measure in this unit, here and in catalogues",
        )
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(words, 0, 0, 1, 2)
        layout.addWidget(self.choice, 1, 0)
        layout.addWidget(use, 1, 1)
        layout.setColumnStretch(0, 1)
        self.hide()

    def _use(self) -> None:
        words = self.choice.currentText().strip()
        if words and self._controller.opening.set_unit(words):
            self.choice.clearFocus()
