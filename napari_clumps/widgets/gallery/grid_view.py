"""A view of very many small pictures, of which only the visible ones exist.

Qt's own list view lays out every item; here a cell's place is a matter of arithmetic,
so that 100,000 of them open at once.
"""

from __future__ import annotations

from collections.abc import Iterable

from numpy.typing import ArrayLike
from qtpy.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
)
from qtpy.QtGui import (
    QHideEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QRegion,
    QShowEvent,
    QWheelEvent,
)
from qtpy.QtWidgets import (
    QAbstractItemView,
    QLabel,
    QScrollBar,
    QStyle,
    QStyleOptionViewItem,
)

from .cell_places import CellPlaces
from .cells import CellPainter, Cells, paint_words
from .grid_layout import GridLayout, runs_of
from .picture_requests import PictureRequests, timer
from .rubber_band import RubberBand


class GridView(QAbstractItemView):
    """Cells in rows that fill the width, or in a single row.

    Parameters
    ----------
    name : str
    cells : Cells
    painter : CellPainter
    single_row : bool
    """

    def __init__(
        self, name: str, cells: Cells, painter: CellPainter, *, single_row: bool = False
    ) -> None:
        super().__init__()
        self.setObjectName(name)
        self.cells, self.painter = cells, painter
        self.empty_words = ""
        self._single_row = single_row
        # napari's theme gives its size of text to labels, not to views of items.
        self._label = QLabel(self)
        self._label.hide()
        self._places = CellPlaces(self._offset)
        self._band = RubberBand()
        self._pictures = PictureRequests(self, cells, self.visible_places)
        self._pictures.came.connect(self._on_came)
        self._font_timer = timer(self, self.updateGeometries)
        self.setModel(cells)
        self.setItemDelegate(painter)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        _fix_bars(self, across=single_row)
        # Qt moves what is painted only where it knows that nothing shines through.
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    # -- where things are ---------------------------------------------------

    def updateGeometries(self) -> None:  # noqa: N802 - Qt's name
        """Lay out anew: another size, font or number of cells."""
        self._label.ensurePolished()
        if self.font() != self._label.font():
            self.setFont(self._label.font())
        size = self.painter.cell_size(self.fontMetrics())
        n, area = self.cells.count(), self.viewport().size()
        if self._single_row:
            grid = GridLayout(n, max(n, 1), size.width(), size.height())
        else:
            grid = GridLayout.across(n, area.width(), size.width(), size.height())
        self._places.grid = grid
        if self._single_row and self.height() != self.sizeHint().height():
            self.setFixedHeight(self.sizeHint().height())
        sharp = self.devicePixelRatioF()
        self.cells.side = round(self.painter.side(self.fontMetrics()) * sharp)
        width, height = grid.size
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        _set_range(across, width, area.width(), size.width())
        _set_range(down, height, area.height(), size.height())
        super().updateGeometries()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Follow the theme and its size of text, once all have heard of it."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._font_timer.start()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Ask for three cells by two, or for one row."""
        size = self.painter.cell_size(self.fontMetrics())
        if self._single_row:
            bar = self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent)
            return QSize(4 * size.width(), size.height() + bar + 2 * self.frameWidth())
        return QSize(3 * size.width(), 2 * size.height())

    def horizontalOffset(self) -> int:  # noqa: N802 - Qt's name
        """Return how far is scrolled to the right."""
        return int(self.horizontalScrollBar().value())

    def verticalOffset(self) -> int:  # noqa: N802 - Qt's name
        """Return how far is scrolled down."""
        return int(self.verticalScrollBar().value())

    def _offset(self) -> QPoint:
        return QPoint(self.horizontalOffset(), self.verticalOffset())

    def visualRect(self, index: QModelIndex) -> QRect:  # noqa: N802 - Qt's name
        """Return where a cell is on the screen."""
        return self._places.rect(index.row()) if index.isValid() else QRect()

    def indexAt(self, point: QPoint) -> QModelIndex:  # noqa: N802 - Qt's name
        """Return the cell at a point."""
        place = self._places.at(point)
        return self.cells.index(-1 if place is None else place)

    def isIndexHidden(self, _index: QModelIndex) -> bool:  # noqa: N802 - Qt's name
        """No cell is hidden."""
        return False

    def visible_places(self) -> list[int]:
        """Return the places that can be seen."""
        return [p for run in self._places.runs(self.viewport().rect()) for p in run]

    def scrollTo(  # noqa: N802 - Qt's name
        self,
        index: QModelIndex,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        """Bring a cell into view, and no more than that."""
        if not index.isValid():
            return
        cell, area = self.visualRect(index), self.viewport().rect()
        centred = hint == QAbstractItemView.ScrollHint.PositionAtCenter
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        _scroll(across, cell.left(), cell.right(), area.width(), centred)
        _scroll(down, cell.top(), cell.bottom(), area.height(), centred)

    # -- selecting ----------------------------------------------------------

    def setSelection(  # noqa: N802 - Qt's name
        self, rect: QRect, command: QItemSelectionModel.SelectionFlag
    ) -> None:
        """Select a rectangle while the mouse is dragged, else from cell to cell."""
        if self.state() == QAbstractItemView.State.DragSelectingState:
            runs = self._places.runs(rect)
        else:
            ends = [self.indexAt(rect.topLeft()), self.indexAt(rect.bottomRight())]
            rows = sorted(index.row() for index in ends if index.isValid())
            runs = [range(rows[0], rows[-1] + 1)] if rows else []
        self.selectionModel().select(_selection(self.cells, runs), command)

    def selected_places(self) -> list[int]:
        """Return the selected places, lowest first."""
        ranges = self.selectionModel().selection()
        return sorted({p for r in ranges for p in range(r.top(), r.bottom() + 1)})

    def select_places(self, places: ArrayLike, current: int | None = None) -> None:
        """Select places, lowest first, and nothing else."""
        flags = QItemSelectionModel.SelectionFlag
        model = self.selectionModel()
        if current is not None:
            model.setCurrentIndex(self.cells.index(current), flags.NoUpdate)
        model.select(_selection(self.cells, runs_of(places)), flags.ClearAndSelect)

    def visualRegionForSelection(  # noqa: N802 - Qt's name
        self, _selection: QItemSelection
    ) -> QRegion:
        """Draw all anew when the selection changes: it is a screenful at most."""
        return QRegion(self.viewport().rect())

    def moveCursor(  # noqa: N802 - Qt's name
        self, action: QAbstractItemView.CursorAction, _modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        """Return the cell that a key of the arrows leads to."""
        n, here = self._places.grid.n, self.currentIndex().row()
        if n == 0 or here < 0:
            return self.cells.index(0 if n else -1)
        rows = max(self.viewport().height() // self._places.grid.height, 1)
        there = here + _step(action, self._places.grid, rows)
        return self.cells.index(min(max(there, 0), n - 1))

    def keyboardSearch(self, _text: str) -> None:  # noqa: N802 - Qt's name
        """Letters are keys of the review here, not the start of a name."""

    # -- the mouse ----------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Remember where a rubber band starts."""
        self._band.press(event.position().toPoint() + self._offset())
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Draw the rubber band."""
        if event.buttons():
            if not self._band.drag(event.position().toPoint() + self._offset()):
                return
            if self._band.is_drawn:
                self.viewport().update()
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Take the rubber band away."""
        self._band.release()
        self.viewport().update()
        super().mouseReleaseEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Turn a single row with the wheel as well."""
        turned = event.angleDelta()
        if not self._single_row or turned.x():
            super().wheelEvent(event)
            return
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() - round(turned.y() / 120 * 3 * bar.singleStep()))
        event.accept()

    # -- drawing ------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint the cells that can be seen, and ask for their pictures."""
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), self.palette().base())
        if not self._places.grid.n:
            paint_words(
                painter, self.viewport().rect(), self.palette(), self.empty_words
            )
            return
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        plain, model = option.state, self.selectionModel()
        current = self.currentIndex().row() if self.hasFocus() else -1
        flag = QStyle.StateFlag
        for place in self._places.touched(event.region()):
            index = self.cells.index(place)
            state = plain & ~flag.State_HasFocus
            if model.isSelected(index):
                state |= flag.State_Selected
            if place == current:
                state |= flag.State_HasFocus
            option.state, option.rect = state, self._places.rect(place)
            self.painter.paint(painter, option, index)
        self._band.paint(painter, self.palette(), self._offset())
        painter.end()
        self._pictures.ask_soon()

    def scrollContentsBy(self, dx: int, dy: int) -> None:  # noqa: N802 - Qt's name
        """Move what is painted already; only what comes into view is painted."""
        if self._band.is_drawn:
            self.viewport().update()
        else:
            self.viewport().scroll(dx, dy)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Ask again for what may have been let go."""
        super().showEvent(event)
        self._pictures.show()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        """Hold no pictures for long that nobody sees."""
        super().hideEvent(event)
        self._pictures.hide()

    def _on_came(self, places: list[int]) -> None:
        """Draw the cells whose pictures came, and no others."""
        for place in places:
            self.viewport().update(self._places.rect(place))


def _fix_bars(view: QAbstractItemView, *, across: bool) -> None:
    """Show one bar only, and always.

    A bar that comes and goes would change the columns and come and go again.
    """
    shown = Qt.ScrollBarPolicy.ScrollBarAlwaysOn
    hidden = Qt.ScrollBarPolicy.ScrollBarAlwaysOff
    view.setVerticalScrollBarPolicy(hidden if across else shown)
    view.setHorizontalScrollBarPolicy(shown if across else hidden)


def _selection(cells: Cells, runs: Iterable[range]) -> QItemSelection:
    chosen = QItemSelection()
    for run in runs:
        chosen.select(cells.index(run[0]), cells.index(run[-1]))
    return chosen


def _set_range(bar: QScrollBar, whole: int, seen: int, step: int) -> None:
    """Have a bar scroll over a length of which a part is seen."""
    bar.setSingleStep(max(step // 3, 1))
    bar.setPageStep(seen)
    bar.setRange(0, max(whole - seen, 0))


def _scroll(bar: QScrollBar, low: int, high: int, seen: int, centred: bool) -> None:
    """Bring what is between two ends into the part that is seen, if it is not."""
    if low < 0 or high >= seen:
        middle = (low + high - seen) // 2
        nearest = low if low < 0 else high - seen + 1
        bar.setValue(bar.value() + (middle if centred else nearest))


def _step(action: QAbstractItemView.CursorAction, grid: GridLayout, rows: int) -> int:
    """Return how many cells a key of the arrows goes on, or back.

    Parameters
    ----------
    action : QAbstractItemView.CursorAction
    grid : GridLayout
    rows : int
        Of a screenful.
    """
    move = QAbstractItemView.CursorAction
    n, columns, page = grid.n, grid.columns, rows * grid.columns
    return {
        move.MoveLeft: -1, move.MovePrevious: -1, move.MoveRight: 1,
        move.MoveNext: 1, move.MoveUp: -columns, move.MoveDown: columns,
        move.MovePageUp: -page, move.MovePageDown: page,
        move.MoveHome: -n, move.MoveEnd: n,
    }[action]  # fmt: skip
