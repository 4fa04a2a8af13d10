"""A view of very many small pictures, of which only the visible ones exist.

Qt's own list view lays out every item; here a cell's place is a matter of arithmetic,
so that 100,000 of them open at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from qtpy.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QPoint,
    QRect,
    QSize,
    Qt,
    QTimer,
)
from qtpy.QtGui import QColor, QPainter, QPalette, QRegion
from qtpy.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QLabel,
    QStyle,
    QStyleOptionViewItem,
)

from napari_clumps.render.thumbnails import ThumbnailView

from .cells import CellPainter, Cells
from .grid_layout import GridLayout

#: Milliseconds in which what comes together is drawn, or asked for, together.
TOGETHER = 25

#: Milliseconds after which pictures that nobody sees are let go.
UNSEEN = 60_000

_Event = Any


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
        self._grid = GridLayout(0, 1, 1, 1)
        self._pressed: QPoint | None = None
        self._dragged: QPoint | None = None
        self._asked: tuple[int, int] | None = None
        self._ask_timer = _timer(self, self._ask)
        self._awaited: dict[ThumbnailView, list[int]] = {}
        self._arrived: set[int] = set()
        self._draw_timer = _timer(self, self._draw_arrived)
        self._font_timer = _timer(self, self.updateGeometries)
        self._unseen_timer = _timer(self, cells.pixmaps.forget, UNSEEN)
        self.setModel(cells)
        self.setItemDelegate(painter)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._set_bars()
        # Qt moves what is painted only where it knows that nothing shines through.
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        cells.pixmaps.came.connect(self._on_came)
        cells.dataChanged.connect(self._forget_asked)
        cells.modelReset.connect(self._forget_asked)

    def _set_bars(self) -> None:
        # A bar that comes and goes would change the columns and come and go again.
        shown = Qt.ScrollBarPolicy.ScrollBarAlwaysOn
        hidden = Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        row = self._single_row
        self.setVerticalScrollBarPolicy(hidden if row else shown)
        self.setHorizontalScrollBarPolicy(shown if row else hidden)

    # -- where things are ---------------------------------------------------

    def updateGeometries(self) -> None:  # noqa: N802 - Qt's name
        """Lay out anew: another size, font or number of cells."""
        self._label.ensurePolished()
        if self.font() != self._label.font():
            self.setFont(self._label.font())
        size = self.painter.cell_size(self.fontMetrics())
        n, area = self.cells.count(), self.viewport().size()
        if self._single_row:
            self._grid = GridLayout(n, max(n, 1), size.width(), size.height())
        else:
            self._grid = GridLayout.across(n, area.width(), size.width(), size.height())
        if self._single_row and self.height() != self.sizeHint().height():
            self.setFixedHeight(self.sizeHint().height())
        sharp = self.devicePixelRatioF()
        self.cells.side = round(self.painter.side(self.fontMetrics()) * sharp)
        width, height = self._grid.size
        for bar, whole, seen, step in (
            (self.horizontalScrollBar(), width, area.width(), size.width()),
            (self.verticalScrollBar(), height, area.height(), size.height()),
        ):
            bar.setSingleStep(max(step // 3, 1))
            bar.setPageStep(seen)
            bar.setRange(0, max(whole - seen, 0))
        super().updateGeometries()

    def changeEvent(self, event: _Event) -> None:  # noqa: N802 - Qt's name
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

    def _rect(self, place: int) -> QRect:
        left, top = self._grid.corner(place)
        whole = QRect(left, top, self._grid.width, self._grid.height)
        return whole.translated(-self._offset())

    def visualRect(self, index: Any) -> QRect:  # noqa: N802 - Qt's name
        """Return where a cell is on the screen."""
        return self._rect(index.row()) if index.isValid() else QRect()

    def indexAt(self, point: QPoint) -> Any:  # noqa: N802 - Qt's name
        """Return the cell at a point."""
        inside = point + self._offset()
        place = self._grid.at(inside.x(), inside.y())
        return self.cells.index(-1 if place is None else place)

    def isIndexHidden(self, _index: Any) -> bool:  # noqa: N802 - Qt's name
        """No cell is hidden."""
        return False

    def _runs(self, area: QRect) -> list[range]:
        """Return the cells that a rectangle of the screen touches."""
        whole = area.normalized().translated(self._offset())
        return self._grid.runs(whole.left(), whole.top(), whole.right(), whole.bottom())

    def _places_in(self, region: QRegion) -> list[int]:
        """Return the cells that a region of the screen touches."""
        within = (p for run in self._runs(region.boundingRect()) for p in run)
        return [place for place in within if region.intersects(self._rect(place))]

    def visible_places(self) -> list[int]:
        """Return the places that can be seen."""
        return [p for run in self._runs(self.viewport().rect()) for p in run]

    def scrollTo(  # noqa: N802 - Qt's name
        self,
        index: Any,
        hint: Any = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        """Bring a cell into view, and no more than that."""
        if not index.isValid():
            return
        cell, area = self.visualRect(index), self.viewport().rect()
        centred = hint == QAbstractItemView.ScrollHint.PositionAtCenter
        for bar, low, high, seen in (
            (self.horizontalScrollBar(), cell.left(), cell.right(), area.width()),
            (self.verticalScrollBar(), cell.top(), cell.bottom(), area.height()),
        ):
            if low < 0 or high >= seen:
                middle = (low + high - seen) // 2
                nearest = low if low < 0 else high - seen + 1
                bar.setValue(bar.value() + (middle if centred else nearest))

    # -- selecting ----------------------------------------------------------

    def setSelection(self, rect: QRect, command: Any) -> None:  # noqa: N802 - Qt's name
        """Select a rectangle while the mouse is dragged, else from cell to cell."""
        if self.state() == QAbstractItemView.State.DragSelectingState:
            runs = self._runs(rect)
        else:
            ends = [self.indexAt(rect.topLeft()), self.indexAt(rect.bottomRight())]
            rows = sorted(index.row() for index in ends if index.isValid())
            runs = [range(rows[0], rows[-1] + 1)] if rows else []
        self.selectionModel().select(self._selection(runs), command)

    def _selection(self, runs: Iterable[range]) -> QItemSelection:
        chosen = QItemSelection()
        for run in runs:
            chosen.select(self.cells.index(run[0]), self.cells.index(run[-1]))
        return chosen

    def selected_places(self) -> list[int]:
        """Return the selected places, lowest first."""
        ranges = self.selectionModel().selection()
        return sorted({p for r in ranges for p in range(r.top(), r.bottom() + 1)})

    def select_places(self, places: Any, current: int | None = None) -> None:
        """Select places, lowest first, and nothing else."""
        places = np.asarray(places, np.int64)
        cuts = np.flatnonzero(np.diff(places) != 1) + 1
        runs = [range(p[0], p[-1] + 1) for p in np.split(places, cuts) if len(p)]
        flags = QItemSelectionModel.SelectionFlag
        model = self.selectionModel()
        if current is not None:
            model.setCurrentIndex(self.cells.index(current), flags.NoUpdate)
        model.select(self._selection(runs), flags.ClearAndSelect)

    def visualRegionForSelection(self, _selection: Any) -> QRegion:  # noqa: N802
        """Draw all anew when the selection changes: it is a screenful at most."""
        return QRegion(self.viewport().rect())

    def moveCursor(self, action: Any, _modifiers: Any) -> Any:  # noqa: N802 - Qt's name
        """Return the cell that a key of the arrows leads to."""
        move = QAbstractItemView.CursorAction
        n, columns = self._grid.n, self._grid.columns
        page = max(self.viewport().height() // self._grid.height, 1) * columns
        steps = {
            move.MoveLeft: -1, move.MovePrevious: -1, move.MoveRight: 1,
            move.MoveNext: 1, move.MoveUp: -columns, move.MoveDown: columns,
            move.MovePageUp: -page, move.MovePageDown: page,
            move.MoveHome: -n, move.MoveEnd: n,
        }  # fmt: skip
        here = self.currentIndex().row()
        if n == 0 or here < 0:
            return self.cells.index(0 if n else -1)
        return self.cells.index(min(max(here + steps[action], 0), n - 1))

    def keyboardSearch(self, _text: str) -> None:  # noqa: N802 - Qt's name
        """Letters are keys of the review here, not the start of a name."""

    # -- the mouse ----------------------------------------------------------

    def mousePressEvent(self, event: _Event) -> None:  # noqa: N802 - Qt's name
        """Remember where a rubber band starts."""
        self._pressed = event.position().toPoint() + self._offset()
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: _Event) -> None:  # noqa: N802 - Qt's name
        """Draw the rubber band; a hand that shakes in a click draws none."""
        here = event.position().toPoint()
        if self._pressed is not None and event.buttons():
            way = (here + self._offset() - self._pressed).manhattanLength()
            if self._dragged is None and way < QApplication.startDragDistance():
                return
            self._dragged = here + self._offset()
            self.viewport().update()
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: _Event) -> None:  # noqa: N802 - Qt's name
        """Take the rubber band away."""
        self._pressed = self._dragged = None
        self.viewport().update()
        super().mouseReleaseEvent(event)

    def wheelEvent(self, event: _Event) -> None:  # noqa: N802 - Qt's name
        """Turn a single row with the wheel as well."""
        turned = event.angleDelta()
        if not self._single_row or turned.x():
            super().wheelEvent(event)
            return
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() - round(turned.y() / 120 * 3 * bar.singleStep()))
        event.accept()

    # -- drawing ------------------------------------------------------------

    def paintEvent(self, event: _Event) -> None:  # noqa: N802 - Qt's name
        """Paint the cells that can be seen, and ask for their pictures."""
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), self.palette().base())
        if not self._grid.n:
            area = self.viewport().rect().adjusted(12, 12, -12, -12)
            painter.setPen(self.palette().color(QPalette.ColorRole.Text))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(area, flags, self.empty_words)
            return
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        plain, model = option.state, self.selectionModel()
        current = self.currentIndex().row() if self.hasFocus() else -1
        flag = QStyle.StateFlag
        for place in self._places_in(event.region()):
            index = self.cells.index(place)
            state = plain & ~flag.State_HasFocus
            if model.isSelected(index):
                state |= flag.State_Selected
            if place == current:
                state |= flag.State_HasFocus
            option.state, option.rect = state, self._rect(place)
            self.painter.paint(painter, option, index)
        self._paint_band(painter)
        painter.end()
        if not self._ask_timer.isActive():
            self._ask_timer.start()

    def _paint_band(self, painter: QPainter) -> None:
        if self._pressed is None or self._dragged is None:
            return
        band = QRect(self._pressed, self._dragged).normalized()
        colour = QColor(self.palette().color(QPalette.ColorRole.Highlight))
        painter.setPen(colour)
        colour.setAlpha(60)
        painter.setBrush(colour)
        painter.drawRect(band.translated(-self._offset()))

    def scrollContentsBy(self, dx: int, dy: int) -> None:  # noqa: N802 - Qt's name
        """Move what is painted already; only what comes into view is painted."""
        if self._dragged is None:
            self.viewport().scroll(dx, dy)
        else:
            self.viewport().update()

    def showEvent(self, event: _Event) -> None:  # noqa: N802 - Qt's name
        """Ask again for what may have been let go."""
        super().showEvent(event)
        self._unseen_timer.stop()
        self._asked = None

    def hideEvent(self, event: _Event) -> None:  # noqa: N802 - Qt's name
        """Hold no pictures for long that nobody sees."""
        super().hideEvent(event)
        self._unseen_timer.start()

    def _on_came(self, views: list[ThumbnailView]) -> None:
        """Draw soon the cells whose pictures came, and no others."""
        for view in views:
            self._arrived.update(self._awaited.pop(view, ()))
        if self._arrived and not self._draw_timer.isActive():
            self._draw_timer.start()

    def _draw_arrived(self) -> None:
        for place in self._arrived:
            self.viewport().update(self._rect(place))
        self._arrived.clear()

    # -- reading ahead ------------------------------------------------------

    def _forget_asked(self) -> None:
        self._asked = None

    def _ask(self) -> None:
        """Ask for what can be seen, then for a screenful on either side."""
        seen = self.visible_places()
        if not seen or (seen[0], seen[-1]) == self._asked:
            return
        self._asked = seen[0], seen[-1]
        after = range(seen[-1] + 1, min(seen[-1] + 1 + len(seen), self._grid.n))
        before = range(max(seen[0] - len(seen), 0), seen[0])
        self._awaited = {}
        for place in (*seen, *after, *reversed(before)):
            self._awaited.setdefault(self.cells.view(place), []).append(place)
        self.cells.pixmaps.want(list(self._awaited))


def _timer(view: GridView, slot: Any, interval: int = TOGETHER) -> QTimer:
    timer = QTimer(view)
    timer.setSingleShot(True)
    timer.setInterval(interval)
    timer.timeout.connect(slot)
    return timer
