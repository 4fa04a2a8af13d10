"""Injecting clumps, and which of them were found."""

from __future__ import annotations

from html import escape

from qtpy.QtWidgets import QCheckBox, QGroupBox, QHBoxLayout, QSpinBox, QVBoxLayout

from napari_clumps.app.controller import Controller
from napari_clumps.review.queries.injected import CompletenessRow
from napari_clumps.widgets.base.parts import plain_button, text_label
from napari_clumps.widgets.base.signals import listen

from .job_row import JobRow

_CELL = "<td style='padding-right: 12px'>{}</td>"


class Completeness(QGroupBox):
    """How complete the labels are: injects clumps, and says which were found.

    Parameters
    ----------
    controller : Controller
    """

    def __init__(self, controller: Controller) -> None:
        super().__init__("How complete are your labels?")
        self.setObjectName("completeness")
        self._session, self._injected = controller.session, controller.injected
        self._n = QSpinBox()
        self._n.setObjectName("n_injected")
        self._n.setRange(1, 1000)
        self._n.setValue(20)
        self._n.setToolTip("Galaxies that come once more with injected clumps")
        first = QHBoxLayout()
        first.addWidget(self._n)
        first.addWidget(
            plain_button(
                "inject",
                "Inject clumps",
                lambda: self._injected.inject(self._n.value()),
                "Galaxies come once more among the others, with 1 to 3 simulated "
                "clumps each; they are in no label set, and no model learns from them",
            ),
            stretch=1,
        )
        self._shown = QCheckBox("Galaxies with injected clumps are in the queue")
        self._shown.setObjectName("injected_shown")
        self._shown.setToolTip("Off: neither they nor these figures are there any more")
        self._shown.clicked.connect(self._injected.show)
        self._mark = plain_button(
            "mark_injected",
            "Show what was injected",
            self._injected.mark,
            "The queue of those that are done, with their injected clumps marked",
        )
        self._words = text_label("completeness_words")
        self._table = text_label("completeness_table", wrap=False)
        layout = QVBoxLayout(self)
        layout.addLayout(first)
        layout.addWidget(JobRow("injecting", self._injected.job))
        layout.addWidget(self._shown)
        layout.addWidget(self._words)
        layout.addWidget(self._table)
        layout.addWidget(self._mark)
        listen(
            self,
            (self._session.review_opened, self.refresh),
            (self._session.review_modified, self.refresh),
            (self._session.cutout_changed, self.refresh),
            (self._session.scores.changed, self.refresh),
        )
        self.refresh()

    def showEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Read the figures when they come into view."""
        super().showEvent(event)
        self.refresh()

    def refresh(self, *_: object) -> None:
        """Read the figures and show them."""
        if not self.isVisible():
            return
        galaxies, withdrawn = self._injected.galaxies, self._injected.withdrawn
        self._shown.setVisible(bool(galaxies or withdrawn))
        self._shown.setChecked(bool(galaxies))
        told = self._injected.completeness() if galaxies else None
        words, rows = told or ("", [])
        self._words.setText(words)
        self._table.setText(_as_table(rows) if rows else "")
        for widget, there in (
            (self._words, words), (self._table, rows), (self._mark, rows),
        ):  # fmt: skip
            widget.setVisible(bool(there))


def _as_table(rows: list[CompletenessRow]) -> str:
    """Return the rows in HTML, the last one of all in bold."""
    head = ("clump / galaxy", "clumps", "you", "model")
    cells = [
        (
            f"{100 * row.low:.2g}–{100 * row.high:.2g} %",
            str(row.clumps), row.by_person, row.by_model,
        )
        for row in rows
    ]  # fmt: skip
    *bins, every = [tuple(map(escape, row)) for row in cells]
    lines = [head, *bins, tuple(f"<b>{cell}</b>" for cell in every)]
    made = "".join(
        f"<tr>{''.join(_CELL.format(cell) for cell in line)}</tr>" for line in lines
    )
    return f"<table>{made}</table>"
