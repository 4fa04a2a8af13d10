"""The panel "Filmstrip": a small picture of each cutout, in the order of the queue."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from napari.viewer import Viewer
from qtpy.QtCore import QModelIndex, Qt
from qtpy.QtWidgets import QAbstractItemView, QVBoxLayout, QWidget

from clump_detector.image_files.sources import Source
from napari_clumps.app.session import Session
from napari_clumps.plugin.window import controller_of
from napari_clumps.viewer.napari_private import main_window
from napari_clumps.widgets.base.docks import at_the_bottom
from napari_clumps.widgets.base.signals import listen
from napari_clumps.widgets.gallery.cutout_cells import CutoutCells, CutoutPainter
from napari_clumps.widgets.gallery.cutout_changes import CutoutChanges
from napari_clumps.widgets.gallery.grid_view import GridView
from napari_clumps.widgets.gallery.pixmap_cache import PixmapCache


def queue_ids(session: Session) -> Sequence[int]:
    """Return the cutouts in the order in which they are gone through."""
    return () if session.queue is None else session.queue.ids


class FilmstripPanel(QWidget):
    """Shows the queue and forwards what is clicked."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.setObjectName("filmstrip_panel")
        self._controller = controller_of(napari_viewer)
        self._session = self._controller.session
        pixmaps = PixmapCache(self._source, self)
        order = partial(queue_ids, self._session)
        self.cells = CutoutCells(self._session, pixmaps, order)
        painter = CutoutPainter(self.cells)
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
        self._changes = CutoutChanges(self._session, self.cells, self)
        self._connect()
        self._on_queue()

    def _connect(self) -> None:
        c = self._controller
        self.grid.clicked.connect(self._on_clicked)
        listen(
            self,
            (c.session.review_opened, self._on_queue),
            (c.session.queue_changed, self._on_queue),
            (c.session.cutout_changed, self._on_cutout),
        )

    def _source(self, cutout_id: int) -> Source:
        return self._session.opened.cutout(cutout_id).source

    def _on_clicked(self, index: QModelIndex) -> None:
        self._controller.navigator.visit(self.cells.cutout(index.row()))

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
