"""The question what a catalogue is to hold beside the accepted clumps."""

from __future__ import annotations

from qtpy.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from clump_detector.core.text import plural
from napari_clumps.io.selection import ExportOptions
from napari_clumps.widgets.base.parts import text_label

#: Seconds that measuring the structure of one galaxy takes, as in the verb's help.
_EACH = 10


class CatalogueDialog(QDialog):
    """Asks for undecided proposals, and for the structure of the galaxies.

    Parameters
    ----------
    parent : QWidget
    cutouts : int
        How many the review has.
    score : float
        From which proposals are shown.
    """

    def __init__(self, parent: QWidget, cutouts: int, score: float) -> None:
        super().__init__(parent)
        self.setObjectName("catalogue_dialog")
        self.setWindowTitle("Clump catalogue")
        self._score = score
        self._proposals = QCheckBox(f"Undecided proposals from score {score:.2f} up")
        self._proposals.setObjectName("with_proposals")
        self._proposals.setToolTip("They are of the tier model_only")
        self._structure = QCheckBox("The structure of each galaxy")
        self._structure.setObjectName("with_structure")
        self._structure.setToolTip(
            "Radius, Sersic index, concentration, asymmetry, Gini and M20, with errors"
        )
        words = text_label("catalogue_words")
        words.setText("Accepted and drawn boxes are measured. Also:")
        slow = text_label("structure_time")
        minutes = max(round(cutouts * _EACH / 60), 1)
        slow.setText(
            f"Structure takes about {_EACH} s a galaxy: some "
            f"{plural(minutes, 'minute')} if every one of the {cutouts:,} has a box."
        )
        ends = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        ends.accepted.connect(self.accept)
        ends.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (words, self._proposals, self._structure, slow, ends):
            layout.addWidget(widget)
        self.setMinimumWidth(420)

    def options(self) -> ExportOptions:
        """Return what was chosen."""
        return ExportOptions(
            proposals=self._proposals.isChecked(),
            score=self._score,
            structure=self._structure.isChecked(),
        )
