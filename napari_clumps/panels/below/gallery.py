"""The panel "Clump gallery": crops of all boxes, and decisions on many at once."""

from __future__ import annotations

from napari.viewer import Viewer
from qtpy.QtCore import QEvent, QObject, QTimer, Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from clump_detector.image_files.sources import Source
from napari_clumps.app.gallery import Gallery
from napari_clumps.plugin.window import controller_of
from napari_clumps.review import Arrangement, Review
from napari_clumps.settings.shortcuts import BOOK, BY_ACTION
from napari_clumps.viewer.napari_private import canvas_widget, main_window
from napari_clumps.widgets.base.docks import among_tabs_below, find_dock
from napari_clumps.widgets.base.keyboard import OWN_KEYS, key_name
from napari_clumps.widgets.base.parts import (
    fill_dock,
    key_button,
    plain_button,
    text_label,
)
from napari_clumps.widgets.base.signals import listen
from napari_clumps.widgets.gallery.box_cells import CropPainter, GalleryCells
from napari_clumps.widgets.gallery.filter_bar import GalleryFilter
from napari_clumps.widgets.gallery.grid_view import GridView
from napari_clumps.widgets.gallery.pixmap_cache import PixmapCache
from napari_clumps.widgets.gallery.scroll_anchor import ScrollAnchor

#: Milliseconds until the gallery follows what is decided on the canvas.
PAUSE = 150

#: Width and height of a window of its own, in pixels.
_WINDOW = (1100, 750)

#: The review's keys that work here, and those that are the gallery's own.
_ACTIONS = ("accept", "reject", "reclassify", "undo", "redo")
_MORE = {"F5": "refresh", "Enter": "open"}


class GalleryPanel(QWidget):
    """Shows the gallery and forwards what is pressed.

    Signals
    -------
    _heard(): the review changed, perhaps in another thread.
    """

    _heard = Signal()

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.setObjectName("gallery_panel")
        self.setProperty(OWN_KEYS, True)
        self._controller = controller_of(napari_viewer)
        self._session = self._controller.session
        self._gallery = self._controller.gallery
        pixmaps = PixmapCache(self._source, self)
        self.cells = GalleryCells(self._gallery, pixmaps)
        self.grid = GridView("gallery_grid", self.cells, CropPainter(self.cells))
        self.grid.setAccessibleName("Clump gallery")
        self.grid.setToolTip("All boxes of the review; select many and decide at once")
        self.grid.installEventFilter(self)
        self._filter = GalleryFilter()
        self._shown_arrangement = Arrangement()
        self._stale = True
        self._lay_out()
        self._connect()
        self._on_review()
        among_tabs_below("Clump gallery", self, main_window(self._session.viewer))

    # -- layout -------------------------------------------------------------

    def _lay_out(self) -> None:
        self._read_only = text_label("gallery_read_only")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(6)
        layout.addWidget(self._filter)
        layout.addWidget(self.grid, stretch=1)
        layout.addLayout(self._count_row())
        layout.addWidget(self._read_only)
        layout.addLayout(self._buttons())
        fill_dock(self)

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(4)
        whole = "the whole selection, in one step of undo"
        self._accept = key_button("accept", "Accept", self.accept, f"Accept {whole}")
        self._reject = key_button("reject", "Reject", self.reject, f"Reject {whole}")
        self._reclassify = key_button(
            "reclassify",
            "Change class",
            self.reclassify,
            f"Give the next class to {whole}",
        )
        self._alike = plain_button(
            "gallery_like",
            "Like the selected",
            self.like,
            "Show those first that look most like the selected ones",
        )
        self._undo = key_button("undo", "Undo", self.undo)
        buttons = (self._accept, self._reject, self._reclassify, self._undo)
        for button in buttons:
            button.setObjectName(f"gallery_{button.objectName()}")
            row.addWidget(button)
        row.insertWidget(row.count() - 1, self._alike)
        return row

    def _count_row(self) -> QHBoxLayout:
        self._count = text_label("gallery_count")
        self._refresh = plain_button(
            "gallery_refresh",
            "Refresh  (F5)",
            self.refresh,
            "Read the boxes again and apply the filter; the place is kept",
        )
        row = QHBoxLayout()
        row.addWidget(self._count, stretch=1)
        row.addWidget(self._refresh)
        self._window = plain_button(
            "gallery_window",
            "Own window",
            self.float_or_dock,
            "Show the gallery in a window of its own, or below the canvas again",
        )
        row.addWidget(self._window)
        return row

    def float_or_dock(self) -> None:
        """Show the gallery in a window of its own, or below the canvas again."""
        dock = find_dock(self)
        if dock is None:
            return
        dock.setFloating(not dock.isFloating())
        if dock.isFloating():
            dock.resize(*_WINDOW)

    # -- wiring -------------------------------------------------------------

    def _connect(self) -> None:
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE)
        self._timer.timeout.connect(self._follow)
        self._heard.connect(self._follow_soon)
        self.grid.doubleClicked.connect(self.open)
        self.grid.selectionModel().selectionChanged.connect(self._on_selection)
        self._filter.arrange_requested.connect(self._gallery.arrange)
        listen(
            self,
            (self._session.review_opened, self._on_review),
            (self._session.review_modified, self._show_classes),
            (self._gallery.rearranged, self._on_rearranged),
            (self._gallery.updated, self._on_updated),
            (self._gallery.touched, self._on_touched),
        )

    def _source(self, cutout_id: int) -> Source:
        return self._session.opened.cutout(cutout_id).source

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Read the boxes when they come into view."""
        super().showEvent(event)
        self._follow_soon()

    def _on_touched(self) -> None:
        self._heard.emit()

    def _follow_soon(self) -> None:
        if self.isVisible() and not self._timer.isActive():
            self._timer.start(0 if self._stale else PAUSE)

    def _follow(self) -> None:
        """Read the boxes of another review, or what became of those shown."""
        if not self.isVisible():
            return
        if self._stale:
            self.refresh()
        else:
            self._gallery.update()

    def _on_review(self) -> None:
        review = self._session.review
        self.cells.pixmaps.forget()
        self._stale = True
        self._show_classes()
        why = "" if review is None else review.read_only_reason or ""
        self._read_only.setText(why)
        self._read_only.setVisible(bool(why))
        for button in (self._accept, self._reject, self._reclassify, self._undo):
            button.setEnabled(review is not None and not why)
        for button in (self._refresh, self._alike):
            button.setEnabled(review is not None)
        self._on_rearranged()
        self._follow_soon()

    def _show_classes(self) -> None:
        """Offer the classes of the review; users and merges add some."""
        review = self._session.review
        self._filter.show_classes(() if review is None else review.classes)

    def _on_rearranged(self) -> None:
        """Show other crops; where it is the same order, at the same place."""
        same = self._gallery.arrangement == self._shown_arrangement
        self._shown_arrangement = self._gallery.arrangement
        selected = self.cells.ids(self.grid.selected_places())
        before = ScrollAnchor.of(self.grid, self.cells)
        self.cells.rearrange()
        self.grid.empty_words = _empty_words(self._gallery, self._session.review)
        self.grid.updateGeometries()
        positions_of = self._gallery.positions_of
        found = positions_of([before.current])
        here = int(found[0]) if len(found) else None
        self.grid.select_places(positions_of(selected), here)
        if same and before.boxes:
            before.scroll_back(self.grid, positions_of)
        else:
            self.grid.verticalScrollBar().setValue(0)
        self._say_count()

    def _on_updated(self, cutouts: set[int]) -> None:
        self.cells.pixmaps.forget_problems(cutouts)  # their images may be found again
        self.cells.changed_in_place()
        self._say_count()

    def _on_selection(self, *_changed: object) -> None:
        self._say_count()

    def _say_count(self) -> None:
        selected = len(self.grid.selected_places())
        self._count.setText(_count_in_words(self._gallery, selected))

    # -- what is pressed ----------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Let the review's keys work on the selection, before any other use of them."""
        kind = event.type()
        if kind not in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress):
            return bool(super().eventFilter(watched, event))
        key = key_name(event)
        action = BOOK.action(key)
        if action not in _ACTIONS:
            action = _MORE.get(key)
        if action is None:
            return bool(super().eventFilter(watched, event))
        event.accept()
        goes_on = action in BY_ACTION and BY_ACTION[action].repeats
        if kind == QEvent.Type.KeyPress and (goes_on or not event.isAutoRepeat()):
            getattr(self, action)()
        return True

    def selected(self) -> list[int]:
        """Return the selected boxes, the current one first."""
        places = self.grid.selected_places()
        here = self.grid.currentIndex().row()
        if here in places:
            places = [here, *(p for p in places if p != here)]
        return self.cells.ids(places)

    def accept(self) -> None:
        """Accept the selection."""
        self._gallery.accept(self.selected())

    def reject(self) -> None:
        """Reject the selection."""
        self._gallery.reject(self.selected())

    def reclassify(self) -> None:
        """Give the selection the class after that of its current box."""
        self._gallery.reclassify(self.selected())

    def like(self) -> None:
        """Show those first that look most like the selection."""
        chosen = self.selected()
        if chosen:
            self._filter.show_sort("likeness")
        self._gallery.like(chosen)

    def undo(self) -> None:
        """Take back the newest step."""
        self._gallery.undo()

    def redo(self) -> None:
        """Do again what was undone."""
        self._gallery.redo()

    def refresh(self) -> None:
        """Read the boxes again, and pictures that could not be read."""
        self._stale = False
        self.cells.pixmaps.forget_problems()
        self._gallery.refresh()

    def open(self, *_index: object) -> None:
        """Show the current box on the canvas, which gets the keys."""
        here = self.grid.currentIndex().row()
        if here >= 0:
            self._gallery.open(self.cells.ids([here])[0])
            canvas_widget(self._session.viewer).setFocus()


def _count_in_words(gallery: Gallery, selected: int) -> str:
    said = [f"{len(gallery):,} of {len(gallery.crops):,} boxes"]
    said.append(f"{selected:,} selected")
    if gallery.fresh:
        said.append(f"{gallery.fresh:,} new")
    return "  ·  ".join(said)


def _empty_words(gallery: Gallery, review: Review | None) -> str:
    """Return why no crop is shown, if none is."""
    if review is None:
        return "No review is open."
    if not len(gallery.crops):
        return "No box yet: detect clumps, or draw one."
    return "No box fits this filter."
