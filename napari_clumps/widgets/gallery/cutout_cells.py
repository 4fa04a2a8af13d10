"""Cells of a grid that show whole cutouts: pictures, names, ticks on those done."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtCore import QModelIndex, QPointF, QRect, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPen
from qtpy.QtWidgets import QStyleOptionViewItem

from napari_clumps.app.session import Session
from napari_clumps.render.thumbnails import ThumbnailView
from napari_clumps.review import CutoutSummary

from .cells import CellPainter, Cells, frame
from .pixmap_cache import PixmapCache

#: Height of a picture in lines of text.
_LINES = 4.5

#: Cutouts whose names and states are read together, and kept.
_PAGE, _KEPT = 200, 5_000

_DONE, _INTEREST = QColor("#56b4e9"), QColor("#f0e442")


class CutoutCells(Cells):
    """Cutouts in some order.

    Parameters
    ----------
    session : Session
    pixmaps : PixmapCache
    ids : callable
        Returns the cutouts in their order.
    """

    def __init__(
        self, session: Session, pixmaps: PixmapCache, ids: Callable[[], Sequence[int]]
    ) -> None:
        super().__init__(pixmaps)
        self._session, self._order = session, ids
        self._ids: Sequence[int] = ()
        self._summaries: dict[int, CutoutSummary] = {}

    def rearrange(self) -> None:
        """Show the cutouts as they are ordered now."""
        self.beginResetModel()
        self._ids = self._order()
        self._summaries.clear()
        self.endResetModel()

    def forget(self, cutout_id: int) -> None:
        """Read again what is known of a cutout."""
        self._summaries.pop(cutout_id, None)

    def count(self) -> int:
        """Return how many cutouts there are."""
        return len(self._ids)

    def cutout(self, place: int) -> int:
        """Return the cutout at a place."""
        return self._ids[place]

    def place(self, cutout_id: int) -> int | None:
        """Return a cutout's place, or None if it has none."""
        try:
            return self._ids.index(cutout_id)
        except ValueError:
            return None

    def is_current(self, place: int) -> bool:
        """Tell whether the canvas shows the cutout at a place."""
        shown = self._session.cutout
        return shown is not None and shown.id == self._ids[place]

    def summary(self, place: int) -> CutoutSummary | None:
        """Return name and state of a cutout, read with those beside it."""
        cutout_id, review = self._ids[place], self._session.review
        if cutout_id not in self._summaries and review is not None:
            if len(self._summaries) > _KEPT:
                self._summaries.clear()
            first = max(place - _PAGE // 2, 0)
            self._summaries |= review.summaries(self._ids[first : first + _PAGE])
        return self._summaries.get(cutout_id)

    def view(self, place: int) -> ThumbnailView:
        """Return the view of a whole cutout."""
        return ThumbnailView(self._ids[place], None, self.side)

    def words(self, place: int) -> str:
        """Return what there is to say of a cutout."""
        summary = self.summary(place)
        if summary is None:
            return ""
        said = ["done" if summary.done else "not done", *summary.remarks]
        return f"{summary.name}: {place + 1:,} of {self.count():,}, {', '.join(said)}"


class CutoutPainter(CellPainter):
    """Paints a cutout: a frame round the current one, a tick on those done."""

    def __init__(self, cells: CutoutCells) -> None:
        super().__init__(cells, _LINES)
        self._cutouts = cells

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Paint a cell, a frame round it where it is the current one."""
        super().paint(painter, option, index)
        if self._cutouts.is_current(index.row()):
            width = max(option.fontMetrics.height() // 6, 2)
            frame(painter, option.rect, option.palette, width)

    def over(self, painter: QPainter, picture: QRectF, place: int) -> None:
        """Tick a cutout that is done, and show how interesting it is."""
        summary = self._cutouts.summary(place)
        if summary is not None and summary.interest is not None:
            corner = picture.topRight() + QPointF(-4, 2)
            area = QRectF(corner, corner).adjusted(-picture.width(), 0, 0, 40)
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop
            painter.setPen(_INTEREST)
            painter.drawText(area, right, f"★ {summary.interest}")
        if summary is None or not summary.done:
            return
        size = painter.fontMetrics().height() * 0.95
        badge = QRectF(0, 0, size, size)
        badge.moveBottomRight(picture.bottomRight() - QPointF(2, 2))
        painter.setPen(QPen(QColor("white"), 1))
        painter.setBrush(_DONE.darker(160))
        painter.drawEllipse(badge)
        painter.setPen(QPen(QColor("white"), size / 8))
        x, y = badge.left(), badge.top()
        tick = [(0.26, 0.54), (0.43, 0.70), (0.75, 0.32)]
        painter.drawPolyline([QPointF(x + a * size, y + b * size) for a, b in tick])

    def caption(self, painter: QPainter, area: QRect, place: int) -> None:
        """Write the cutout's name."""
        summary = self._cutouts.summary(place)
        if summary is not None:
            middle = Qt.TextElideMode.ElideMiddle
            name = painter.fontMetrics().elidedText(summary.name, middle, area.width())
            painter.drawText(area, Qt.AlignmentFlag.AlignHCenter, name)
