"""The table of cutouts of a survey's dataset that were asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

if TYPE_CHECKING:
    from clump_detector.survey_search.dataset.asking.selection import Selection

#: Column of the dataset, its title, and how its values are written.
_COLUMNS = (
    ("name", "Name", "{}"),
    ("n_clumps", "Clumps", "{:,}"),
    ("n_boxes", "Boxes", "{:,}"),
    ("best_score", "Best", "{:.2f}"),
    ("uncertainty", "Doubt", "{:.2f}"),
    ("reviewed", "Done", "{}"),
)
_TIPS = {
    "n_clumps": "Boxes from the model's default score up",
    "n_boxes": "All boxes of the dataset",
    "best_score": "The highest score",
    "uncertainty": "1 for a box on the model's default score",
    "reviewed": "Whether somebody has reviewed it to its end",
}
_Index = QModelIndex


class SurveyTableModel(QAbstractTableModel):
    """The first rows of a selection; a cell is read when it comes into view.

    Parameters
    ----------
    most : int
        Rows that are shown at most.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self._selection: Selection | None = None

    def show_selection(self, selection: Selection | None) -> None:
        """Replace the rows."""
        if selection is self._selection:
            return
        self.beginResetModel()
        self._selection = selection
        self.endResetModel()

    def rowCount(self, parent: QModelIndex = _Index()) -> int:  # noqa: N802, B008 - Qt's
        """Return the number of cutouts that are shown."""
        if parent.isValid() or self._selection is None:
            return 0
        return min(len(self._selection), self._most)

    def columnCount(self, parent: QModelIndex = _Index()) -> int:  # noqa: N802, B008 - Qt's
        """Return the number of columns."""
        return 0 if parent.isValid() else len(_COLUMNS)

    def headerData(  # noqa: N802 - Qt's name
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> str | int | None:
        """Return a column's title or what it means, or a row's number."""
        if orientation != Qt.Orientation.Horizontal:
            return section + 1 if role == Qt.ItemDataRole.DisplayRole else None
        if role == Qt.ItemDataRole.ToolTipRole:
            return _TIPS.get(_COLUMNS[section][0])
        return _COLUMNS[section][1] if role == Qt.ItemDataRole.DisplayRole else None

    def data(
        self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> str | int | None:
        """Return a cell's text, its address as a tooltip, or its alignment."""
        assert self._selection is not None
        name, _, form = _COLUMNS[index.column()]
        rows = self._selection.rows
        if role == Qt.ItemDataRole.DisplayRole:
            value = rows[name][index.row()].as_py()
            if isinstance(value, bool):
                return "yes" if value else ""
            return "" if value is None else form.format(value)
        if role == Qt.ItemDataRole.ToolTipRole:
            return str(rows["cutout"][index.row()].as_py())
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column():
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None


class SurveyTable(QTableView):
    """Name, numbers of boxes and scores of cutouts, in the order that was asked for.

    Parameters
    ----------
    most : int
        Rows that are shown at most.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self.setObjectName("survey_table")
        self.rows = SurveyTableModel(most)
        self.setModel(self.rows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys stay with the canvas
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.verticalHeader().setDefaultSectionSize(22)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setResizeContentsPrecision(50)  # of all rows it would take long
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.setMinimumHeight(100)
