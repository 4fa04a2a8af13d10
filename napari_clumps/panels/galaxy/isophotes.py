"""The panel "Isophotes": the galaxy's smooth light, and what is left without it."""

from __future__ import annotations

from pathlib import Path

from napari.viewer import Viewer
from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from clump_detector.core.errors import ClumpError
from napari_clumps.plugin.window import controller_of
from napari_clumps.render.galaxy.fits import (
    FittedIsophotes,
    GalaxyQuestion,
    fit_isophotes,
)
from napari_clumps.render.galaxy.isophote_readout import (
    HEADS,
    IsophoteReadout,
    isophote_readout,
)
from napari_clumps.render.galaxy.other_process import OtherProcess
from napari_clumps.review import Status
from napari_clumps.viewer.napari_private import main_window
from napari_clumps.viewer.overlays.ellipses import EllipseMarks
from napari_clumps.widgets.base.docks import on_the_left
from napari_clumps.widgets.base.figures_table import FiguresTable
from napari_clumps.widgets.base.parts import (
    Scrolled,
    button_row,
    check_box,
    fill_dock,
    plain_button,
    text_label,
)
from napari_clumps.widgets.base.signals import listen
from napari_clumps.widgets.plots.profile_plot import ProfilePlot

from .structure import StructureSection

#: Milliseconds that a galaxy has to stay before its isophotes are fitted.
_PATIENCE = 400

#: Lines of text shown at least: in most windows, and in one that is lower than so many
#: pixels and would grow for it.
_LINES, _FEWER, _LOW = 18, 7, 830

_RESIDUAL = "The light that is left without the isophotes"

_FILES = (
    "ECSV (*.ecsv);;VOTable (*.vot);;FITS (*.fits);;Parquet (*.parquet);;CSV (*.csv)"
)


class IsophotePanel(QWidget):
    """Fits the isophotes of the shown galaxy, while the panel is visible."""

    _answered = Signal(object, object)

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.setObjectName("isophote_panel")
        self._controller = controller_of(napari_viewer)
        self._session = self._controller.session
        self._question: GalaxyQuestion | None = None
        self.answer: FittedIsophotes | str | None = None
        self._fitter = OtherProcess(fit_isophotes, self._deliver)
        # Qt passes it to the window's thread.
        self._answered.connect(self._take, Qt.ConnectionType.QueuedConnection)
        self.destroyed.connect(self._fitter.close)
        self._marks = EllipseMarks.over(
            self._session.viewer, self._session.canvas.camera
        )
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.fit)
        listen(
            self,
            (self._session.review_opened, self._on_cutout),
            (self._session.cutout_changed, self._on_cutout),
            (self._session.shown.changed, self._show_state),
            (self._controller.display.changed, self._show_on_canvas),
        )
        self._on_cutout()

    # -- layout -------------------------------------------------------------

    def _lay_out(self) -> None:
        self._title = text_label("isophote_title")
        self._title.setStyleSheet("font-weight: bold;")
        self._notes = text_label("isophote_notes")
        self._plot = ProfilePlot()
        self._table = FiguresTable(
            "isophote_table", "Isophotes from the inside out", HEADS, (2, 3)
        )
        self._ellipses = check_box(
            "show_ellipses", "Draw the ellipses", "Every second one, over the image"
        )
        self._ellipses.setChecked(True)
        self._left = check_box(
            "show_residual",
            "Show what is left without their light",
            "Grey where nothing is left; for the eye, the detector sees the galaxy",
        )
        for check in (self._ellipses, self._left):
            check.toggled.connect(self._show_on_canvas)
        self._again = plain_button(
            "fit_again", "Fit again", self.fit, "Leave out the boxes as they are now"
        )
        self._save = plain_button(
            "save_isophotes",
            "Save table…",
            self.save,
            "All bands and errors, as ECSV, VOTable, FITS, ...",
        )
        self._structure = StructureSection()
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(6, 6, 6, 6)
        for widget in (
            self._title, self._notes, self._ellipses, self._left, self._plot,
            self._table,
        ):  # fmt: skip
            layout.addWidget(widget)
        layout.addLayout(button_row(self._again, self._save))
        layout.addWidget(self._structure)
        layout.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        low = main_window(self._session.viewer).height() < _LOW
        lines = _FEWER if low else _LINES
        outer.addWidget(Scrolled("isophote_scroll", content, lines))
        fill_dock(self)
        on_the_left("Isophotes")

    # -- asking ---------------------------------------------------------------

    def showEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Fit the shown galaxy when the panel becomes visible."""
        super().showEvent(event)
        self._on_cutout()

    def hideEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Show the galaxy itself again when the panel is hidden."""
        super().hideEvent(event)
        self._timer.stop()
        self._show_on_canvas()

    def _on_cutout(self) -> None:
        """Forget the galaxy before, and fit this one once the user stays with it."""
        wanted, before = self._wanted(), self._question
        if wanted is None or before is None or wanted.source != before.source:
            self._question, self.answer = None, None
            self._fitter.ask(None)
        if self.isVisible() and self.answer is None:
            self._timer.start(_PATIENCE)
        self._show_state()
        self._show_on_canvas()

    def _wanted(self) -> GalaxyQuestion | None:
        """Return what there is to fit: the shown galaxy without its boxes."""
        session = self._session
        if session.review is None or session.cutout is None:
            return None
        boxes = session.shown.boxes
        corners = [b.corners for b in boxes if b.status is not Status.REJECTED]
        return GalaxyQuestion(session.cutout.source, tuple(corners))

    def fit(self) -> None:
        """Fit the isophotes of the shown galaxy."""
        question = self._wanted()
        if question is None or not self.isVisible():
            return
        self._question, self.answer = question, None
        self._fitter.ask(question)
        self._show_state()

    def _deliver(self, question: GalaxyQuestion, answer: FittedIsophotes | str) -> None:
        """Deliver the result of the fit, unless the window has closed."""
        try:
            self._answered.emit(question, answer)
        except RuntimeError:
            return

    def _take(self, question: GalaxyQuestion, answer: FittedIsophotes | str) -> None:
        if question == self._question:
            self.answer = answer
            self._show_state()
            self._show_on_canvas()

    # -- showing ------------------------------------------------------------

    def _show_state(self) -> None:
        """Show what is known of the shown galaxy."""
        answer, wanted = self.answer, self._wanted()
        told = None
        if wanted is None:
            title, notes = "No review is open.", []
        elif isinstance(answer, str):
            title, notes = "No isophotes", [answer]
        elif answer is None:
            title, notes = "Fitting isophotes…", []
        else:
            told = isophote_readout(answer)
            title, notes = told.title, list(told.notes)
        changed = self._question is not None and wanted != self._question
        if changed and answer is not None:
            notes.append("The boxes have changed since.")
        self._structure.show_galaxy(wanted)
        self._title.setText(title)
        self._notes.setText("<br>".join(notes))
        self._notes.setVisible(bool(notes))
        self._show_profile(told)
        self._again.setVisible(changed or isinstance(answer, str))

    def _show_profile(self, told: IsophoteReadout | None) -> None:
        if told is None:
            self._plot.hide()
        else:
            self._plot.show_curves(told.radii, told.unit, told.curves)
        rows = () if told is None else told.rows
        for widget in (self._ellipses, self._left, self._save):
            widget.setVisible(bool(rows))
        self._table.show_rows(rows)

    def _show_on_canvas(self, *_: object) -> None:
        """Show ellipses and residual, or the galaxy itself."""
        known = self.answer if isinstance(self.answer, FittedIsophotes) else None
        here = known is not None and self.isVisible()
        display = self._controller.display
        if known is not None and here and self._left.isChecked():
            display.show_instead(known.picture, _RESIDUAL)
        else:
            display.show_instead(None)
        if self._marks is not None:
            wanted = known is not None and here and self._ellipses.isChecked()
            self._marks.show_ellipses(known.found.shapes if wanted and known else None)

    # -- saving ---------------------------------------------------------------

    def save(self, path: str = "") -> None:
        """Write the isophotes as a table.

        Parameters
        ----------
        path : str
            The user is asked where it is empty.
        """
        from clump_detector.catalogue import (
            CatalogueBuilder,
            check_catalogue_name,
            write_catalogue,
        )
        from clump_detector.catalogue.galaxy_columns import ISOPHOTES
        from clump_detector.catalogue.galaxy_rows import isophote_rows

        if not isinstance(self.answer, FittedIsophotes) or self._question is None:
            return
        source = self._question.source
        if not path:
            proposed = str(Path.cwd() / f"{source.name}_isophotes.ecsv")
            path, _ = QFileDialog.getSaveFileName(
                self, "Save isophotes", proposed, _FILES
            )
        if not path:
            return
        try:
            file = check_catalogue_name(path)
            table = CatalogueBuilder(ISOPHOTES, "isophotes")
            rows = isophote_rows(self.answer.found, self.answer.angles)
            rows |= {"file": str(source.path), "galaxy_name": source.name}
            table.add(len(self.answer.found.shapes.radii), rows)
            write_catalogue(table.finished(), file)
        except ClumpError as error:
            self._session.warn(error.message)
            return
        self._session.say(f"Isophotes saved in {file}.")
