"""A table of figures to read: no cell is chosen or edited, all rows are seen."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem

#: Of a row, beyond a line of text, in pixels.
_BEYOND = 6


class FiguresTable(QTableWidget):
    """Shows rows of text, and is as high as they are.

    Parameters
    ----------
    name : str
        Object name.
    accessible : str
        What is in it, for screen readers.
    heads : sequence of (str, str)
        Of each column its head, and its tooltip.
    stretched : sequence of int
        The columns that take free space.
    """

    def __init__(
        self,
        name: str,
        accessible: str,
        heads: Sequence[tuple[str, str]],
        stretched: Sequence[int],
    ) -> None:
        super().__init__(0, len(heads))
        self.setObjectName(name)
        self.setAccessibleName(accessible)
        self.setHorizontalHeaderLabels([head for head, _ in heads])
        for column, (_, tip) in enumerate(heads):
            self.horizontalHeaderItem(column).setToolTip(tip)
        rows = self.verticalHeader()
        rows.hide()
        rows.setMinimumSectionSize(1)
        rows.setDefaultSectionSize(self.fontMetrics().height() + _BEYOND)
        self.setWordWrap(False)
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        for column in stretched:
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)

    def show_rows(self, rows: Sequence[Sequence[str]]) -> None:
        """Show rows, or hide the table where there are none.

        Parameters
        ----------
        rows : sequence of sequence of str
            The first column is written from the left, the others to the right.
        """
        self.setVisible(bool(rows))
        self.setRowCount(len(rows))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for i, row in enumerate(rows):
            for j, text in enumerate(row):
                item = QTableWidgetItem(text)
                if j:
                    item.setTextAlignment(right)
                self.setItem(i, j, item)
        height = self.horizontalHeader().sizeHint().height() + 2
        height += sum(self.rowHeight(i) for i in range(len(rows)))
        self.setFixedHeight(height)
