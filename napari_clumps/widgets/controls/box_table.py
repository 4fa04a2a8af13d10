"""The table of a cutout's boxes, whose selection is the canvas's."""

from __future__ import annotations

from collections.abc import Mapping

from psygnal import Signal
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtGui import QIcon
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from napari_clumps.review import Box
from napari_clumps.widgets.base.parts import STATUS_WORDS, status_icon

_COLUMNS = ("Class", "Score", "Votes", "Status")

#: What there is to say of a column, in the tooltip of its heading.
_MEANINGS = {
    "Votes": "How many heads of the model's ensemble vote for the box; a retrained "
    "model has one"
}

#: Columns of numbers, and that with the icon.
_NUMBERS, _ICON = (1, 2), 3
_Index = QModelIndex


class BoxTableModel(QAbstractTableModel):
    """Rows are boxes in the order in which they are gone through."""

    def __init__(self) -> None:
        super().__init__()
        self.boxes: list[Box] = []
        self._votes: Mapping[int, str] = {}
        self._icons = {status: status_icon(status) for status in STATUS_WORDS}

    def show_boxes(self, boxes: list[Box], votes: Mapping[int, str]) -> None:
        """Replace the rows; the same number of rows keeps the view where it is.

        Parameters
        ----------
        boxes : list of Box
        votes : mapping of int to str
            Of the heads of an ensemble, by the boxes' ids.
        """
        self._votes = votes
        if len(boxes) == len(self.boxes):
            self.boxes = list(boxes)
            if boxes:
                last = self.index(len(boxes) - 1, len(_COLUMNS) - 1)
                self.dataChanged.emit(self.index(0, 0), last)
            return
        self.beginResetModel()
        self.boxes = list(boxes)
        self.endResetModel()

    def rowCount(self, parent: QModelIndex = _Index()) -> int:  # noqa: N802, B008 - Qt's
        """Return the number of boxes."""
        return 0 if parent.isValid() else len(self.boxes)

    def columnCount(self, parent: QModelIndex = _Index()) -> int:  # noqa: N802, B008 - Qt's
        """Return the number of columns."""
        return 0 if parent.isValid() else len(_COLUMNS)

    def headerData(  # noqa: N802 - Qt's name
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> str | int | None:
        """Return a column's name, or a row's number."""
        horizontal = orientation == Qt.Orientation.Horizontal
        if role == Qt.ItemDataRole.ToolTipRole and horizontal:
            return _MEANINGS.get(_COLUMNS[section])
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return _COLUMNS[section] if horizontal else section + 1

    def data(
        self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> str | QIcon | int | None:
        """Return a cell's text, icon or alignment."""
        box = self.boxes[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            score = "" if box.score is None else f"{box.score:.2f}"
            words = (
                box.cls,
                score,
                self._votes.get(box.id, ""),
                STATUS_WORDS[box.status],
            )
            return words[index.column()]
        if role == Qt.ItemDataRole.DecorationRole and index.column() == _ICON:
            return self._icons[box.status]
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() in _NUMBERS:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None


class BoxTable(QTableView):
    """Class, score, votes and status of each box.

    Signals
    -------
    select_requested(box id)
    """

    select_requested = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("box_table")
        self.setToolTip("The boxes of this cutout: click one to go to it")
        self.rows = BoxTableModel()
        self.setModel(self.rows)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        # The keys of the review stay with the canvas.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setShowGrid(False)
        self.verticalHeader().setDefaultSectionSize(24)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.setMinimumHeight(80)
        self.clicked.connect(self._on_clicked)

    def _on_clicked(self, index: QModelIndex) -> None:
        self.select_requested.emit(self.rows.boxes[index.row()].id)

    def show_current(self, box_id: int | None) -> None:
        """Select the row of a box."""
        ids = [box.id for box in self.rows.boxes]
        if box_id in ids:
            self.selectRow(ids.index(box_id))
        else:
            self.clearSelection()
