"""The panel "Why this box": what the current box owes its score to."""

from __future__ import annotations

from html import escape

from napari.viewer import Viewer
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QVBoxLayout, QWidget

from clump_detector.image_files.sources import Source
from clump_detector.models.explained import Explanation
from napari_clumps.plugin.window import controller_of
from napari_clumps.render.box_style import label
from napari_clumps.render.explanation_readout import (
    ExplanationReadout,
    explanation_readout,
)
from napari_clumps.review import Crop, Status
from napari_clumps.viewer.overlays.occlusion import OcclusionMarks
from napari_clumps.widgets.base.docks import on_the_left
from napari_clumps.widgets.base.parts import check_box, fill_dock, text_label
from napari_clumps.widgets.base.signals import listen
from napari_clumps.widgets.gallery.box_cells import CropPainter, ListedCells
from napari_clumps.widgets.gallery.grid_view import GridView
from napari_clumps.widgets.gallery.pixmap_cache import PixmapCache

#: Milliseconds that a box has to stay the current one before the model looks at it.
_PATIENCE = 250

#: Height of the crops of decided boxes in lines of text.
_LINES = 4.6

#: What the crops take of free space, over what is left blank.
_GRID = 100

_ROW = "<tr><td style='padding-right: 14px'>{}</td><td align='right'>{}</td></tr>"


class ExplanationPanel(QWidget):
    """Explains the current box, while the panel is visible."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.setObjectName("explanation_panel")
        self._controller = controller_of(napari_viewer)
        self._session = self._controller.session
        self._explanations = self._controller.explanations
        self.cells = ListedCells(PixmapCache(self._source, self))
        self.grid = GridView("alike_grid", self.cells, CropPainter(self.cells, _LINES))
        self._marks = OcclusionMarks.over(
            self._session.viewer, self._session.canvas.camera
        )
        self._compared: int | None = None
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._ask)
        listen(
            self,
            (self._explanations.changed, self._refresh_soon),
            (self._session.review_opened, self._refresh_soon),
            (self._session.cutout_changed, self._refresh_soon),
            (self._session.shown.changed, self._refresh_soon),
            (self._session.shown.current_changed, self._refresh_soon),
            (self._session.models_changed, self._refresh_soon),
            (self._controller.detection.changed, self._refresh_soon),
        )
        self.refresh()

    # -- layout -------------------------------------------------------------

    def _lay_out(self) -> None:
        self._title = text_label("explained_title")
        self._title.setStyleSheet("font-weight: bold;")
        self._verdict = text_label("explained_verdict")
        self._table = text_label("explained_scores", wrap=False)
        self._table.setToolTip(
            "The score of the box with parts of the image replaced by the host's light"
        )
        self._notes = text_label("explained_notes")
        self._wanted = check_box(
            "show_occlusion",
            "Colour the places that count",
            "Orange where covering the image with the host's colour takes the score",
        )
        self._wanted.setChecked(True)
        self._wanted.toggled.connect(self._show_marks)
        self._alike_words = text_label("alike_words")
        self.grid.setAccessibleName("Decided boxes most like this one")
        self.grid.setToolTip("Double click one to show it on the canvas")
        self.grid.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.grid.doubleClicked.connect(lambda _: self.open())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        for widget in (
            self._title, self._verdict, self._table, self._notes, self._wanted,
            self._alike_words,
        ):  # fmt: skip
            layout.addWidget(widget)
        layout.addWidget(self.grid, stretch=_GRID)
        layout.addStretch(1)
        fill_dock(self)
        on_the_left("Why this box")

    def _source(self, cutout_id: int) -> Source:
        return self._session.opened.cutout(cutout_id).source

    # -- asking ---------------------------------------------------------------

    def showEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Explain the current box when the panel becomes visible."""
        super().showEvent(event)
        self._refresh_soon()

    def hideEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Take the colours away with the panel."""
        super().hideEvent(event)
        self._timer.stop()
        self._show_marks()

    def _refresh_soon(self) -> None:
        """Show what is known, and ask once the user stays with a box."""
        if self.isVisible():
            self.refresh()
            self._timer.start(_PATIENCE)

    def _ask(self) -> None:
        """Compare the current box with decided ones, and have it explained."""
        if self.isVisible():
            self._show_alike()
            self._explanations.ask()

    # -- showing --------------------------------------------------------------

    def refresh(self) -> None:
        """Show what is known of the current box."""
        box = self._session.shown.box(self._session.shown.current)
        if self._session.review is None:
            self._show("No review is open.")
        elif box is None:
            self._show("No box selected: click one to ask why it is proposed.")
        elif self._explanations.kept_back:
            self._show("What the model says is kept back until this cutout is marked.")
        else:
            answer = self._explanations.answer
            if isinstance(answer, Explanation):
                self._show(label(box), explanation_readout(answer))
            else:
                self._show(
                    label(box), ExplanationReadout(answer or self._explanations.busy)
                )

    def _show(self, title: str, told: ExplanationReadout | None = None) -> None:
        self._title.setText(title)
        told = told or ExplanationReadout("")
        verdict = escape(told.verdict)
        self._verdict.setText(f"<b>⚠ {verdict}</b>" if told.warns else verdict)
        rows = "".join(_ROW.format(escape(what), value) for what, value in told.rows)
        self._table.setText(f"<table>{rows}</table>")
        self._notes.setText("<br>".join(map(escape, told.notes)))
        for widget, there in (
            (self._verdict, told.verdict), (self._table, told.rows),
            (self._notes, told.notes),
        ):  # fmt: skip
            widget.setVisible(bool(there))
        self._wanted.setVisible(bool(told.rows))
        if self._session.shown.current != self._compared:
            self._alike_words.hide()
            self.grid.hide()
        self._show_marks()

    def _show_alike(self) -> None:
        """Show the decided boxes that look most like this one to the model.

        Of a large review that takes time: once for a box, not with every signal.
        """
        self._compared = self._session.shown.current
        told = self._compared is not None and not self._explanations.kept_back
        crops = self._explanations.alike() if told else []
        self._alike_words.setText(alike_in_words(crops))
        self.cells.show(crops)
        self._alike_words.setVisible(told)
        self.grid.setVisible(bool(crops))

    def _show_marks(self, *_: object) -> None:
        if self._marks is None:
            return
        answer = self._explanations.answer
        wanted = self.isVisible() and self._wanted.isChecked()
        known = answer if wanted and isinstance(answer, Explanation) else None
        self._marks.show_explanation(known)

    def open(self) -> None:
        """Show the chosen one of the decided boxes on the canvas."""
        here = self.grid.currentIndex().row()
        if here >= 0:
            self._controller.gallery.open(self.cells.crops[here].box)


def alike_in_words(crops: list[Crop]) -> str:
    """Return how the decided boxes most like one were decided, in a sentence.

    Parameters
    ----------
    crops : list of Crop
    """
    if not crops:
        return "No decided box can be compared yet: the model has described none."
    rejected = sum(crop.status is Status.REJECTED for crop in crops)
    if len(crops) == 1:
        said = "was rejected" if rejected else "is a clump"
        return f"The one decided box most like it {said}:"
    kept, none = len(crops) - rejected, "none"
    return (
        f"Of the {len(crops)} decided boxes that look most like it to the model, "
        f"{'1 is a clump' if kept == 1 else f'{kept or none} are clumps'}, "
        f"{rejected or none} {'was' if rejected == 1 else 'were'} rejected:"
    )
