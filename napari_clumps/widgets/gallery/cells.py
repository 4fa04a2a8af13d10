"""What a grid shows, cell by cell: a small picture, a caption, words for it."""

from __future__ import annotations

from qtpy.QtCore import QAbstractListModel, QModelIndex, QRect, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFontMetrics, QPainter, QPalette, QPen, QPixmap
from qtpy.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from napari_clumps.render.thumbnails import PAPER, ThumbnailView

from .pixmap_cache import PixmapCache

_Index = QModelIndex
_PAPER, _PALE = QColor(*PAPER), QColor("#8c94a0")


class Cells(QAbstractListModel):
    """The cells of a grid; nothing is read before a cell is looked at.

    Parameters
    ----------
    pixmaps : PixmapCache

    Attributes
    ----------
    side : int
        Of the small pictures, in the screen's pixels.
    """

    def __init__(self, pixmaps: PixmapCache) -> None:
        super().__init__()
        self.pixmaps = pixmaps
        self.side = 100

    def count(self) -> int:
        """Return how many cells there are."""
        raise NotImplementedError

    def view(self, place: int) -> ThumbnailView:
        """Return what the cell at a place shows."""
        raise NotImplementedError

    def words(self, place: int) -> str:
        """Return what there is to say of a cell."""
        raise NotImplementedError

    def picture(self, place: int) -> QPixmap | str | None:
        """Return a cell's picture, why there is none, or None while it is read."""
        return self.pixmaps.get(self.view(place))

    def changed_in_place(self) -> None:
        """Have the cells drawn anew that can be seen."""
        if self.count():
            self.dataChanged.emit(self.index(0), self.index(self.count() - 1))

    def rowCount(self, parent: QModelIndex = _Index()) -> int:  # noqa: N802, B008 - Qt's
        """Return the number of cells."""
        return 0 if parent.isValid() else self.count()

    def data(
        self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> str | None:
        """Return a cell's words; where its picture cannot be read, also why."""
        spoken = Qt.ItemDataRole.AccessibleTextRole
        if role not in (Qt.ItemDataRole.ToolTipRole, spoken):
            return None
        words, picture = self.words(index.row()), self.picture(index.row())
        return f"{words}\n{picture}" if isinstance(picture, str) else words


class CellPainter(QStyledItemDelegate):
    """Paints a cell: the picture, what is over it, and a caption below.

    Parameters
    ----------
    cells : Cells
    lines : float
        Height of a picture in lines of text, so that it grows with the font.
    """

    def __init__(self, cells: Cells, lines: float) -> None:
        super().__init__()
        self.cells = cells
        self._lines = lines

    def side(self, metrics: QFontMetrics) -> int:
        """Return the side of a picture."""
        return round(self._lines * float(metrics.height()))

    def cell_size(self, metrics: QFontMetrics) -> QSize:
        """Return the size of a cell."""
        side, rim = self.side(metrics), _rim(metrics)
        return QSize(side + 6 * rim, side + metrics.height() + 5 * rim)

    def over(self, painter: QPainter, picture: QRectF, place: int) -> None:
        """Paint what is over a picture."""

    def caption(self, painter: QPainter, area: QRect, place: int) -> None:
        """Paint the words below a picture."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Paint a cell."""
        metrics, palette, place = option.fontMetrics, option.palette, index.row()
        rim, side = _rim(metrics), self.side(metrics)
        cell = option.rect.adjusted(rim // 2, rim // 2, -(rim // 2), -(rim // 2))
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if selected:
            painter.fillRect(cell, palette.highlight())
            frame(painter, cell, palette, rim)
        if option.state & QStyle.StateFlag.State_HasFocus:
            inner = cell.adjusted(rim, rim, -rim, -rim) if selected else cell
            frame(painter, inner, palette, 1, Qt.PenStyle.DashLine)
        left = cell.left() + (cell.width() - side) // 2
        area = QRect(left, cell.top() + rim, side, side)
        picture = self._paint_picture(painter, area, place)
        if picture is not None:
            painter.save()
            painter.setClipRect(area)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self.over(painter, picture, place)
            painter.restore()
        role = (
            QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text
        )
        painter.setPen(palette.color(role))
        words = QRect(left, area.bottom() + rim, side, metrics.height())
        self.caption(painter, words, place)

    def _paint_picture(
        self, painter: QPainter, area: QRect, place: int
    ) -> QRectF | None:
        """Paint the picture, or quietly that there is none; return where it is."""
        picture = self.cells.picture(place)
        if not isinstance(picture, QPixmap):
            painter.fillRect(area, _PAPER)
            if picture is not None:
                painter.setPen(_PALE)
                painter.drawText(area, Qt.AlignmentFlag.AlignCenter, "no picture")
                return None
            return QRectF(area)
        share = area.width() / max(picture.width(), picture.height(), 1)
        width, height = picture.width() * share, picture.height() * share
        target = QRect(0, 0, round(width), round(height))
        target.moveCenter(area.center())
        painter.drawPixmap(target, picture)
        return QRectF(target)


def frame(
    painter: QPainter,
    area: QRect,
    palette: QPalette,
    width: int,
    style: Qt.PenStyle = Qt.PenStyle.SolidLine,
) -> None:
    """Draw a frame along the inner edge of a rectangle, in the colour of text."""
    pen = QPen(palette.color(QPalette.ColorRole.Text), width, style)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    half = width / 2
    painter.drawRect(QRectF(area).adjusted(half, half, -half, -half))


def paint_words(painter: QPainter, area: QRect, palette: QPalette, words: str) -> None:
    """Write why there is no cell in the middle of a grid."""
    painter.setPen(palette.color(QPalette.ColorRole.Text))
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    painter.drawText(area.adjusted(12, 12, -12, -12), flags, words)


def _rim(metrics: QFontMetrics) -> int:
    return max(int(metrics.height()) // 6, 2)
