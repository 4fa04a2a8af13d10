"""The structure of the shown galaxy, in the panel "Isophotes": once it is asked for."""

from __future__ import annotations

from html import escape

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_clumps.render.galaxy.fits import (
    FittedStructure,
    GalaxyQuestion,
    fit_structure,
)
from napari_clumps.render.galaxy.other_process import OtherProcess
from napari_clumps.render.galaxy.structure_readout import structure_rows
from napari_clumps.widgets.base.parts import plain_button, text_label

_ROW = "<tr><td style='padding-right: 14px'>{}</td><td align='right'>{}</td></tr>"


class StructureSection(QWidget):
    """A button that measures the shown galaxy's structure, and what was measured."""

    _answered = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self._galaxy: GalaxyQuestion | None = None
        self._question: GalaxyQuestion | None = None
        self.answer: FittedStructure | str | None = None
        self._process = OtherProcess(fit_structure, self._deliver)
        # Qt passes it to the window's thread.
        self._answered.connect(self._take, Qt.ConnectionType.QueuedConnection)
        self.destroyed.connect(self._process.close)
        self._button = plain_button(
            "measure_structure",
            "Measure structure",
            self.measure,
            "Size, Sersic index, bulge fraction, CAS, Gini, M20, with errors from "
            "resampled images: 10 seconds and more",
        )
        self._words = text_label("structure_words")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._button)
        layout.addWidget(self._words)
        self._show()

    def show_galaxy(self, galaxy: GalaxyQuestion | None) -> None:
        """Follow to another galaxy, whose structure is not known yet.

        Parameters
        ----------
        galaxy : GalaxyQuestion or None
            The shown one.
        """
        before, self._galaxy = self._galaxy, galaxy
        if galaxy is None or before is None or galaxy.source != before.source:
            self._question, self.answer = None, None
            self._process.ask(None)
            self._show()

    def measure(self) -> None:
        """Measure the structure of the shown galaxy."""
        self._question, self.answer = self._galaxy, None
        self._process.ask(self._question)
        self._show()

    def _deliver(self, question: GalaxyQuestion, answer: FittedStructure | str) -> None:
        """Deliver the result of the fit, unless the window has closed."""
        try:
            self._answered.emit(question, answer)
        except RuntimeError:
            return

    def _take(self, question: GalaxyQuestion, answer: FittedStructure | str) -> None:
        if question is self._question:
            self.answer = answer
            self._show()

    def _show(self) -> None:
        answer = self.answer
        self._button.setVisible(self._galaxy is not None)
        self._button.setEnabled(self._question is None or answer is not None)
        if isinstance(answer, FittedStructure):
            rows = [_ROW.format(*map(escape, row)) for row in structure_rows(answer)]
            band = escape(str(answer.row["galaxy_structure_band"]))
            notes = "<br>".join(map(escape, answer.notes))
            words = f"<b>Structure in {band}</b><table>{''.join(rows)}</table>{notes}"
        elif answer is None:
            words = "" if self._question is None else "Measuring, with errors…"
        else:
            words = escape(answer)
        self._words.setText(words)
        self._words.setVisible(bool(words))
