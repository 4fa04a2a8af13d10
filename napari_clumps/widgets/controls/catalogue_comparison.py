"""How far the open review and a catalogue agree, and a button to where they differ."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from qtpy.QtWidgets import QVBoxLayout, QWidget

from clump_detector.core.json_types import JsonObject
from clump_detector.evaluation.catalogues.agreement import (
    agreement_in_words,
    range_in_words,
    share_in_words,
)
from napari_clumps.app.reviewers import Reviewers
from napari_clumps.widgets.base.parts import Scrolled, plain_button, text_label
from napari_clumps.widgets.base.signals import listen

from .job_row import JobRow

#: Lines of text shown at least.
_LINES = 9

_ROW = "<tr><td style='padding-right: 12px'>{}</td><td>{}</td></tr>"


class CatalogueComparison(QWidget):
    """The progress of a comparison, and what it has found.

    Parameters
    ----------
    reviewers : Reviewers
    """

    def __init__(self, reviewers: Reviewers) -> None:
        super().__init__()
        self.setObjectName("catalogue_comparison")
        self._comparing = reviewers.comparing
        self._words = text_label("compared_words")
        self._shown = Scrolled("compared_scroll", self._words, _LINES)
        self._differing = plain_button(
            "differing_first",
            "Show where they differ first",
            reviewers.put_differing_first,
            "The queue begins with the galaxies on which the catalogue differs most "
            "unusually",
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(JobRow("comparing", self._comparing))
        layout.addWidget(self._shown)
        layout.addWidget(self._differing)
        listen(self, (self._comparing.changed, self._refresh))
        listen(self, (reviewers.session.review_opened, self._refresh))
        self._refresh()

    def _refresh(self) -> None:
        found = self._comparing.found
        self._words.setText("" if found is None else agreement_in_html(found.figures))
        self._shown.setVisible(found is not None)
        self._differing.setVisible(found is not None and bool(found.galaxies))


def agreement_in_html(figures: JsonObject) -> str:
    """Return the figures of `agreement` with the shares in tables.

    Parameters
    ----------
    figures : dict
    """
    return "".join(_parts(figures))


def _parts(figures: JsonObject) -> Iterator[str]:
    tables = [_table(figures[key]) for key in ("first", "second")]
    for line in agreement_in_words(figures):
        if line.startswith("  by "):
            continue  # they are in the tables
        if line.startswith("of ") and tables:
            yield f"<p><b>{escape(line[0].upper() + line[1:])}</b></p>{tables.pop(0)}"
        else:
            yield f"<p>{escape(line)}</p>"


def _table(row: JsonObject) -> str:
    lines = []
    for name, bins in row["by"].items():
        for one in bins:
            what = f"{name} {range_in_words(name, one)}"
            lines.append(_ROW.format(escape(what), escape(share_in_words(one))))
    return f"<table>{''.join(lines)}</table>"
