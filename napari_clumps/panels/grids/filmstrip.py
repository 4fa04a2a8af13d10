"""The panel "Filmstrip": a small picture of each cutout, in the order of the queue."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from napari.viewer import Viewer
from qtpy.QtCore import QModelIndex, QPointF, QRect, QRectF, Qt, Signal
from qtpy.QtGui import QColor, QPainter, QPen
from qtpy.QtWidgets import QAbstractItemView, QStyleOptionViewItem, QVBoxLayout, QWidget

from clump_detector.image_files.sources import Source
from napari_clumps.app.session import Session
from napari_clumps.plugin.window import controller_of
from napari_clumps.render.thumbnails import ThumbnailView
from napari_clumps.review import CutoutSummary
from napari_clumps.viewer.napari_private import main_window
from napari_clumps.widgets.base.docks import at_the_bottom
from napari_clumps.widgets.base.signals import listen
from napari_clumps.widgets.gallery.cells import CellPainter, Cells, frame
from napari_clumps.widgets.gallery.grid_view import GridView
from napari_clumps.widgets.gallery.pixmap_cache import PixmapCache

#: Height of a picture in lines of text.
_LINES = 4.5

#: Cutouts whose names and states are read together, and kept.
_PAGE, _KEPT = 200, 5_000

_DONE = QColor("#56b4e9")


def queue_ids(session: Session) -> Sequence[int]:
    """Return the cutouts in the order in which they are gone through."""
    return () if session.queue is None else session.queue.ids


class FilmstripCells(Cells):
    """Cutouts in the order of the queue."""

    def __init__(self, session: Session, pixmaps: PixmapCache) -> None:
        super().__init__(pixmaps)
        self._session = session
        self._ids: Sequence[int] = ()
        self._summaries: dict[int, CutoutSummary] = {}

    def rearrange(self) -> None:
        """Show the queue as it is now."""
        self.beginResetModel()
        self._ids = queue_ids(self._session)
        self._summaries.clear()
        self.endResetModel()

    def forget(self, cutout_id: int) -> None:
        """Read again what is known of a cutout."""
        self._summaries.pop(cutout_id, None)

    def count(self) -> int:
        """Return how many cutouts the queue has."""
        return len(self._ids)

    def cutout(self, place: int) -> int:
        """Return the cutout at a place."""
        return self._ids[place]

    def place(self, cutout_id: int) -> int | None:
        """Return a cutout's place, or None if the queue does not have it."""
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
        done = "done" if summary.done else "not done"
        return f"{summary.name}: {place + 1:,} of {self.count():,}, {done}"


class FilmstripPainter(CellPainter):
    """Paints a cutout: a frame round the current one, a tick on those done."""

    def __init__(self, cells: FilmstripCells) -> None:
        super().__init__(cells, _LINES)
        self._filmstrip = cells

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Paint a cell, a frame round it where it is the current one."""
        super().paint(painter, option, index)
        if self._filmstrip.is_current(index.row()):
            width = max(option.fontMetrics.height() // 6, 2)
            frame(painter, option.rect, option.palette, width)

    def over(self, painter: QPainter, picture: QRectF, place: int) -> None:
        """Tick a cutout that is done."""
        summary = self._filmstrip.summary(place)
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
        summary = self._filmstrip.summary(place)
        if summary is not None:
            middle = Qt.TextElideMode.ElideMiddle
            name = painter.fontMetrics().elidedText(summary.name, middle, area.width())
            painter.drawText(area, Qt.AlignmentFlag.AlignHCenter, name)


class FilmstripPanel(QWidget):
    """Shows the queue and forwards what is clicked.

    Signals
    -------
    _heard(cutout id): a cutout changed, perhaps in another thread.
    """

    _heard = Signal(int)

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.setObjectName("filmstrip_panel")
        self._controller = controller_of(napari_viewer)
        self._session = self._controller.session
        self._let_go: Callable[[], None] | None = None
        pixmaps = PixmapCache(self._source, self)
        self.cells = FilmstripCells(self._session, pixmaps)
        painter = FilmstripPainter(self.cells)
        self.grid = GridView("filmstrip_grid", self.cells, painter, single_row=True)
        self.grid.setAccessibleName("Filmstrip")
        self.grid.setToolTip("The cutouts in the order of the queue: click one")
        self.grid.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        # The keys of the review stay with the canvas.
        self.grid.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.grid)
        layout.addStretch(1)
        at_the_bottom("Filmstrip", main_window(self._session.viewer))
        self._connect()
        self._on_review()

    def _connect(self) -> None:
        c = self._controller
        self.grid.clicked.connect(self._on_clicked)
        self._heard.connect(self._on_changed)
        listen(
            self,
            (c.session.review_opened, self._on_review),
            (c.session.queue_changed, self._on_queue),
            (c.session.cutout_changed, self._on_cutout),
        )

    def _source(self, cutout_id: int) -> Source:
        return self._session.opened.cutout(cutout_id).source

    def _on_clicked(self, index: QModelIndex) -> None:
        self._controller.navigator.visit(self.cells.cutout(index.row()))

    def _on_review(self) -> None:
        """Show the queue of another review, and hear of its decisions."""
        if self._let_go is not None:
            self._let_go()
        review = self._session.review
        self._let_go = None
        if review is not None:
            self._let_go = listen(self, (review.changed, self._on_told))
        self.cells.pixmaps.forget()
        self._on_queue()

    def _on_queue(self) -> None:
        self.cells.rearrange()
        no_review = self._session.review is None
        self.grid.empty_words = (
            "No review is open." if no_review else "This queue has no cutout."
        )
        self.grid.updateGeometries()
        self._on_cutout()

    def _on_cutout(self) -> None:
        """Mark the current cutout and keep it in view."""
        cutout = self._session.cutout
        if cutout is not None:
            self.cells.forget(cutout.id)
            place = self.cells.place(cutout.id)
            if place is not None:
                centred = QAbstractItemView.ScrollHint.PositionAtCenter
                self.grid.scrollTo(self.cells.index(place), centred)
        self.grid.viewport().update()

    def _on_told(self, cutout_id: int) -> None:
        self._heard.emit(cutout_id)

    def _on_changed(self, cutout_id: int) -> None:
        self.cells.forget(cutout_id)
        self.cells.pixmaps.forget_problems([cutout_id])  # it may be found again
        self.cells.changed_in_place()
