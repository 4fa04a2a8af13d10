"""The panel "Review statistics": time per decision, outcomes, and what is left."""

from __future__ import annotations

from napari.viewer import Viewer
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import (
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_clumps.plugin.window import controller_of
from napari_clumps.review import (
    SCORE_BIN,
    Outcome,
    ReviewStatistics,
    Status,
    statistics_in_words,
)
from napari_clumps.viewer.napari_private import main_window
from napari_clumps.widgets.base.docks import among_tabs
from napari_clumps.widgets.base.parts import fill_dock, status_icon, text_label
from napari_clumps.widgets.base.signals import listen

#: Milliseconds after a decision until the numbers follow: reading them must not be
#: felt between two decisions.
PAUSE = 1500

#: What the columns after the first count, as canvas and legend draw it.
_COUNTED = {
    Status.ACCEPTED: "accepted as proposed",
    Status.EDITED: "accepted after a change",
    Status.REJECTED: "rejected",
    Status.PROPOSAL: "shown and not decided yet",
}


class StatisticsPanel(QWidget):
    """Shows how the open review goes, as long as it can be seen."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.setObjectName("statistics_panel")
        self._controller = controller_of(napari_viewer)
        self._session = self._controller.session
        self._words = text_label("pace_words")
        self._table = QTableWidget(0, len(_COUNTED) + 2)
        self._table.setObjectName("pace_table")
        self._table.setToolTip(
            "What became of the proposals of each model, and by their score"
        )
        self._table.setHorizontalHeaderLabels(["proposals", *[""] * 4, "kept"])
        for column, (status, words) in enumerate(_COUNTED.items(), start=1):
            item = QTableWidgetItem(status_icon(status), "")
            item.setToolTip(words)
            self._table.setHorizontalHeaderItem(column, item)
        self._table.horizontalHeaderItem(5).setToolTip(
            "Share of the decided ones in which you saw a clump"
        )
        self._table.verticalHeader().hide()
        self._table.setWordWrap(False)
        self._table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self._table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self._table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        header = self._table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        layout = QVBoxLayout(self)
        layout.addWidget(self._words)
        layout.addWidget(self._table, stretch=1)
        fill_dock(self)
        window = main_window(self._session.viewer)
        among_tabs(self, window, "review_panel", always=False)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.refresh)
        listen(
            self,
            (self._session.review_opened, self.refresh),
            (self._session.review_modified, self.refresh),
            (self._session.shown.changed, self._refresh_later),
            (self._session.cutout_changed, self._refresh_later),
            (self._session.scores.changed, self._refresh_later),
        )
        self.refresh()

    def showEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Read the numbers when they come into view."""
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """Read the numbers and show them."""
        review = self._session.review
        if review is None:
            self._words.setText("No review is open.")
            self._show([])
        elif self.isVisible():
            pace = review.statistics(self._session.scores.least)
            self._words.setText("<br>".join(statistics_in_words(pace)))
            self._show(_rows(pace))

    def _refresh_later(self, *_: object) -> None:
        if self.isVisible() and not self._timer.isActive():
            self._timer.start(PAUSE)

    def _show(self, rows: list[tuple[str, ...]]) -> None:
        self._table.setRowCount(len(rows))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for i, row in enumerate(rows):
            for j, text in enumerate(row):
                item = QTableWidgetItem(text)
                if j:
                    item.setTextAlignment(right)
                else:
                    item.setToolTip(text)
                self._table.setItem(i, j, item)


def _rows(pace: ReviewStatistics) -> list[tuple[str, ...]]:
    """Return the table: a row for each model, then one for each bin of scores."""
    rows = [_row(name, outcome) for name, outcome in pace.models.items()]
    for low, outcome in sorted(pace.scores.items(), reverse=True):
        rows.append(_row(f"score {low:.1f} to {low + SCORE_BIN:.1f}", outcome))
    return rows


def _row(name: str, outcome: Outcome) -> tuple[str, ...]:
    share = outcome.share_kept
    numbers = (outcome.accepted, outcome.edited, outcome.rejected, outcome.open)
    return (name, *map(str, numbers), "" if share is None else f"{share:.0%}")
