"""The panel "Similar galaxies": what looks like the current one, and the oddest."""

from __future__ import annotations

from napari.viewer import Viewer
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from clump_detector.image_files.sources import Source
from napari_clumps.plugin.window import controller_of
from napari_clumps.viewer.napari_private import main_window
from napari_clumps.widgets.base.docks import at_the_bottom
from napari_clumps.widgets.base.parts import fill_dock, plain_button, text_label
from napari_clumps.widgets.base.signals import listen
from napari_clumps.widgets.gallery.cutout_cells import CutoutCells, CutoutPainter
from napari_clumps.widgets.gallery.grid_view import GridView
from napari_clumps.widgets.gallery.pixmap_cache import PixmapCache


class SimilarPanel(QWidget):
    """Shows the cutouts that `app.suggesting.similar.Similar` has found."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.setObjectName("similar_panel")
        self._controller = controller_of(napari_viewer)
        self._session = self._controller.session
        self._similar = self._controller.similar
        pixmaps = PixmapCache(self._source, self)
        self.cells = CutoutCells(self._session, pixmaps, lambda: self._similar.ids)
        self.grid = GridView("similar_grid", self.cells, CutoutPainter(self.cells))
        self.grid.setAccessibleName("Similar galaxies")
        self.grid.setToolTip("Double click one to show it; select many for the buttons")
        self.grid.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.grid.doubleClicked.connect(lambda _: self.open())
        self._words = text_label("similar_words")
        self._lay_out()
        at_the_bottom("Similar galaxies", main_window(self._session.viewer))
        listen(
            self,
            (self._similar.changed, self._on_change),
            (self._session.review_opened, self.cells.pixmaps.forget),
            (self._session.cutout_changed, self.cells.changed_in_place),
        )
        self._on_change()

    def _lay_out(self) -> None:
        asking = QHBoxLayout()
        asking.addWidget(
            plain_button(
                "similar_current",
                "Like this galaxy",
                self.like_current,
                "Those that look most like the galaxy on the canvas",
            )
        )
        asking.addWidget(
            plain_button(
                "similar_selected",
                "Like the selected",
                self.like_selected,
                "Those that look most like all that are selected here",
            )
        )
        asking.addWidget(
            plain_button(
                "similar_oddest",
                "Oddest first",
                self._similar.oddest,
                "Those that look like few others: rare galaxies, and artefacts",
            )
        )
        asking.addWidget(self._words, stretch=1)
        asking.addWidget(
            plain_button(
                "similar_first",
                "Put first in the queue",
                self.put_first,
                "The selected ones come next, in this order; all, if none is selected",
            )
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(6)
        layout.addLayout(asking)
        layout.addWidget(self.grid, stretch=1)
        fill_dock(self)

    def _source(self, cutout_id: int) -> Source:
        return self._session.opened.cutout(cutout_id).source

    def _on_change(self) -> None:
        self.cells.rearrange()
        self.grid.empty_words = self._similar.words or (
            "Press “Like this galaxy” or “Oddest first”."
        )
        self._words.setText(self._similar.words if self._similar.ids else "")
        self.grid.updateGeometries()
        self.grid.verticalScrollBar().setValue(0)

    def selected(self) -> list[int]:
        """Return the selected cutouts, in the order in which they are shown."""
        return [self.cells.cutout(place) for place in self.grid.selected_places()]

    def like_current(self) -> None:
        """Show what looks like the galaxy on the canvas."""
        cutout = self._session.cutout
        self._similar.like([] if cutout is None else [cutout.id])

    def like_selected(self) -> None:
        """Show what looks like all selected ones."""
        chosen = self.selected()
        if chosen:
            self._similar.like(chosen)
        else:
            self._session.say("Select some galaxies in “Similar galaxies” first.")

    def put_first(self) -> None:
        """Put the selected ones first in the queue, or all if none is selected."""
        chosen = self.selected() or list(self._similar.ids)
        if chosen:
            self._similar.put_first(chosen)

    def open(self) -> None:
        """Show the current one on the canvas."""
        here = self.grid.currentIndex().row()
        if here >= 0:
            self._controller.navigator.visit(self.cells.cutout(here))
