"""The panel "Similar galaxies": what looks like the current one, and the oddest."""

from __future__ import annotations

from napari.viewer import Viewer
from qtpy.compat import isalive
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from clump_detector.image_files.sources import Source
from napari_clumps.plugin.window import controller_of
from napari_clumps.review import FLAGS
from napari_clumps.settings.shortcuts import BOOK
from napari_clumps.viewer.napari_private import main_window
from napari_clumps.widgets.base.docks import among_tabs_below
from napari_clumps.widgets.base.parts import (
    ElidedLabel,
    fill_dock,
    menu_button,
    plain_button,
)
from napari_clumps.widgets.base.signals import listen
from napari_clumps.widgets.base.tag_line import TagLine
from napari_clumps.widgets.gallery.cutout_cells import CutoutCells, CutoutPainter
from napari_clumps.widgets.gallery.cutout_changes import CutoutChanges
from napari_clumps.widgets.gallery.grid_view import GridView
from napari_clumps.widgets.gallery.pixmap_cache import PixmapCache

#: Letters that the line for a tag is wide at most.
_TAG = 24


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
        self.grid.selectionModel().selectionChanged.connect(self._say)
        self._words = ElidedLabel("similar_words")
        self._tagged = menu_button(
            "similar_tagged",
            "Like a tag",
            "The galaxies of a tag, and those that look most like them",
        )
        self._flag = menu_button("similar_flag", "Flag", "Flag those that are selected")
        self._tag = TagLine("similar_tag", lambda: list(self._tags()))
        self._tag.setPlaceholderText("Tag the selected…")
        self._tag.setMaximumWidth(_TAG * self._tag.fontMetrics().averageCharWidth())
        self._tag.returnPressed.connect(self.tag)
        self._fill_menus()
        self._controller.remarks.selected = self._rated_here
        self._lay_out()
        self._changes = CutoutChanges(self._session, self.cells, self)
        among_tabs_below("Similar galaxies", self, main_window(self._session.viewer))
        listen(
            self,
            (self._similar.changed, self._on_change),
            (self._session.cutout_changed, self.cells.changed_in_place),
        )
        self._on_change()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(6)
        layout.addLayout(self._asking())
        layout.addWidget(self.grid, stretch=1)
        layout.addLayout(self._doing())
        fill_dock(self)

    def _asking(self) -> QHBoxLayout:
        """Return the row that asks for galaxies."""
        row = QHBoxLayout()
        row.addWidget(
            plain_button(
                "similar_current",
                "Like this galaxy",
                self.like_current,
                "Those that look most like the galaxy on the canvas",
            )
        )
        row.addWidget(
            plain_button(
                "similar_selected",
                "Like the selected",
                self.like_selected,
                "Those that look most like all that are selected here",
            )
        )
        row.addWidget(self._tagged)
        row.addWidget(
            plain_button(
                "similar_oddest",
                "Oddest first",
                self._similar.oddest,
                "Those that look like few others: rare galaxies, and artefacts. What "
                "you rated counts, once you press it again",
            )
        )
        row.addStretch(1)
        return row

    def _doing(self) -> QHBoxLayout:
        """Return the row that does something with those selected."""
        row = QHBoxLayout()
        row.addWidget(self._words, stretch=1)
        row.addWidget(self._flag)
        row.addWidget(self._tag)
        row.addWidget(
            plain_button(
                "similar_first",
                "Put first in the queue",
                self.put_first,
                "The selected ones come next, in this order; all, if none is selected",
            )
        )
        return row

    def _fill_menus(self) -> None:
        menu = self._flag.menu()
        for flag in FLAGS:
            action = menu.addAction(flag)
            action.triggered.connect(lambda _=False, flag=flag: self.flag(flag))
        self._tagged.menu().aboutToShow.connect(self._list_tags)

    def _list_tags(self) -> None:
        menu = self._tagged.menu()
        menu.clear()
        for tag, n in self._tags().items():
            menu.addAction(
                f"{tag}  ({n})", lambda tag=tag: self._similar.like_tagged(tag)
            )
        if menu.isEmpty():
            key = BOOK.key("tag")
            menu.addAction(f"No galaxy has a tag yet: {key} writes one").setEnabled(
                False
            )

    def _tags(self) -> dict[str, int]:
        review = self._session.review
        return {} if review is None else review.tags()

    def _source(self, cutout_id: int) -> Source:
        return self._session.opened.cutout(cutout_id).source

    def _on_change(self) -> None:
        self.cells.rearrange()
        self.grid.empty_words = self._similar.words or (
            "Press “Like this galaxy” or “Oddest first”."
        )
        self._say()
        self.grid.updateGeometries()
        self.grid.verticalScrollBar().setValue(0)

    def _rated_here(self) -> list[int]:
        """Return those selected, where the keys for interest go to them."""
        there = isalive(self) and self.isVisible() and self.grid.hasFocus()
        return self.selected() if there else []

    def _say(self, *_changed: object) -> None:
        """Say how many are selected, or what is shown."""
        n = len(self.grid.selected_places())
        words = self._similar.words if self._similar.ids else ""
        if n:
            keys = f"{BOOK.key('interest_0')}–{BOOK.key('interest_3')}"
            words = f"{n:,} selected  ·  {keys}: interest"
        self._words.setText(words)

    def flag(self, flag: str) -> None:
        """Flag those that are selected."""
        if chosen := self._chosen_or_say():
            self._controller.remarks.flag_all(chosen, flag)

    def tag(self) -> None:
        """Tag those that are selected with what is written."""
        tag = self._tag.text().strip()
        if tag and (chosen := self._chosen_or_say()):
            self._controller.remarks.tag_all(chosen, tag)
            self._tag.clear()
            self.grid.setFocus()

    def _chosen_or_say(self) -> list[int]:
        chosen = self.selected()
        if not chosen:
            self._session.say("Select some galaxies in “Similar galaxies” first.")
        return chosen

    def selected(self) -> list[int]:
        """Return the selected cutouts, in the order in which they are shown."""
        return [self.cells.cutout(place) for place in self.grid.selected_places()]

    def like_current(self) -> None:
        """Show what looks like the galaxy on the canvas."""
        cutout = self._session.cutout
        self._similar.like([] if cutout is None else [cutout.id])

    def like_selected(self) -> None:
        """Show what looks like all selected ones."""
        if chosen := self._chosen_or_say():
            self._similar.like(chosen)

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
