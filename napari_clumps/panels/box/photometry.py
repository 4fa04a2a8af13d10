"""The panel "Photometry": fluxes, colours and places of the current clump."""

from __future__ import annotations

from napari.viewer import Viewer
from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from clump_detector.photometry.other_sources.kinds import GALAXY, STAR, UNCLEAR
from napari_clumps.plugin.window import controller_of
from napari_clumps.render.box_style import label
from napari_clumps.render.measurer import MeasurementRequest, Measurer
from napari_clumps.render.photometry_readout import RELATIVE, PhotometryReadout
from napari_clumps.review import Box, CutoutRecord, Status
from napari_clumps.viewer.napari_private import main_window
from napari_clumps.viewer.overlays.aperture import ApertureMarks
from napari_clumps.viewer.segments_layer import SOURCES_NAME, SegmentsLayer
from napari_clumps.widgets.base.docks import on_the_left
from napari_clumps.widgets.base.figures_table import FiguresTable
from napari_clumps.widgets.base.parts import (
    Scrolled,
    check_box,
    fill_dock,
    text_label,
)
from napari_clumps.widgets.base.signals import listen
from napari_clumps.widgets.controls.unit_row import UnitRow
from napari_clumps.widgets.plots.sed_plot import SpectrumView

#: Lines of text shown at least: in most windows, and in one that
#: is lower than so many pixels and would grow for it.
_LINES, _FEWER, _LOW = 19, 9, 830

_NO_BOX = "No box selected: click one to measure it."

#: Of the Labels layer with other sources.
SOURCE_COLOURS = {STAR: "yellow", GALAXY: "violet", UNCLEAR: "gray"}

_HEADS = (
    ("band", ""),
    ("flux", "Total flux: the aperture's, times the aperture correction"),
    ("S/N", "Flux over its error, the galaxy's unevenness included"),
    ("mag", "AB magnitude, without Galactic extinction where E(B−V) is known"),
    ("host", "Share of the galaxy's flux in this band"),
)


class PhotometryPanel(QWidget):
    """Shows what is measured of the current box, while the panel is visible."""

    _answered = Signal(object, object)

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.setObjectName("photometry_panel")
        self._controller = controller_of(napari_viewer)
        self._session = self._controller.session
        self._question: MeasurementRequest | None = None
        self.reading: PhotometryReadout | None = None
        self._measurer = Measurer(self._session.pictures.cutout, self._deliver)
        # Qt passes it to the window's thread.
        self._answered.connect(self._take, Qt.ConnectionType.QueuedConnection)
        self.destroyed.connect(self._measurer.close)
        self._marks = ApertureMarks.over(
            self._session.viewer, self._session.canvas.camera
        )
        where = self._session.viewer, self._session.canvas
        self._segments = SegmentsLayer(*where)
        self._others = SegmentsLayer(*where, SOURCES_NAME, SOURCE_COLOURS)
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.refresh)
        self._connect()
        self.refresh()

    # -- layout -------------------------------------------------------------

    def _lay_out(self) -> None:
        self._title = text_label("measure_title")
        self._title.setStyleSheet("font-weight: bold;")
        self._table = FiguresTable(
            "measure_table", "Fluxes of the current clump by band", _HEADS, (1,)
        )
        self._spectrum = SpectrumView()
        self._lines = text_label("measure_lines")
        self._flags = text_label("measure_flags")
        self._flags.setToolTip("Quality flags")
        self._unit = UnitRow(self._controller)
        self._wanted = check_box(
            "show_aperture",
            "Show aperture and annulus",
            "Aperture drawn through, annulus of the background dashed",
        )
        self._wanted.setChecked(True)
        self._segmented = check_box(
            "show_segments",
            "Show segments",
            "The pixels of each clump, touching ones parted, as a Labels layer",
        )
        self._with_others = check_box(
            "show_other_sources",
            "Show other sources",
            "Stars (yellow) and galaxies (violet) beside the galaxy, and stars in "
            "front of it, by their look; grey where it is not clear",
        )
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(6, 6, 6, 6)
        for widget in (
            self._title, self._table, self._unit, self._spectrum, self._lines,
            self._flags, self._wanted, self._segmented, self._with_others,
        ):  # fmt: skip
            layout.addWidget(widget)
        layout.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        low = main_window(self._session.viewer).height() < _LOW
        lines = _FEWER if low else _LINES
        outer.addWidget(Scrolled("measure_scroll", content, lines))
        fill_dock(self)
        on_the_left("Photometry")

    # -- wiring -------------------------------------------------------------

    def _connect(self) -> None:
        controller = self._controller
        self._wanted.toggled.connect(self._show_marks)
        self._segmented.toggled.connect(self._on_layers)
        self._with_others.toggled.connect(self._on_layers)
        listen(
            self,
            (controller.session.review_opened, self._start_anew),
            (controller.session.review_modified, self._refresh_soon),
            (controller.session.cutout_changed, self._refresh_soon),
            (controller.session.shown.changed, self._refresh_soon),
            (controller.session.shown.current_changed, self._refresh_soon),
        )

    def showEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Measure when the panel becomes visible."""
        super().showEvent(event)
        self.refresh()

    def hideEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Take the circles away with the panel."""
        super().hideEvent(event)
        self._question = None
        self._measurer.ask(None)
        self._show_marks()

    def _on_layers(self) -> None:
        """Have layers made, or take them away at once."""
        if not self._segmented.isChecked():
            self._segments.show(None)
        if not self._with_others.isChecked():
            self._others.show(None)
        self.refresh()

    def _start_anew(self) -> None:
        self._measurer.forget()
        self._refresh_soon()

    def _refresh_soon(self) -> None:
        """Measure once the window has drawn what changed: the user comes first."""
        if self.isVisible() and not self._timer.isActive():
            self._timer.start(0)

    def refresh(self) -> None:
        """Have the current box measured, if it is another one or has changed."""
        session = self._controller.session
        box = session.shown.box(session.shown.current)
        if session.review is None:
            self._show_none("No review is open.")
        elif session.cutout is None or (box is None and not self._wants_others):
            self._show_none(_NO_BOX)
        elif self.isVisible():
            self._title.setText(_NO_BOX if box is None else label(box))
            self._ask(session.cutout, box)

    def _ask(self, cutout: CutoutRecord, box: Box | None) -> None:
        """Have a box measured, or other sources looked for where there is no box."""
        clumps = [
            b
            for b in self._session.shown.boxes
            if b.status is not Status.REJECTED or (box is not None and b.id == box.id)
        ]
        question = MeasurementRequest(
            cutout.source,
            tuple(b.corners for b in clumps),
            None if box is None else [b.id for b in clumps].index(box.id),
            self._segmented.isChecked(),
            self._wants_others,
            cutout.standing_artefacts,
        )
        before = self._question
        if before is None or question.source != before.source:
            self._segments.show(None)  # they are another galaxy's
            self._others.show(None)
        if question != self._question:
            self._question = question
            self._measurer.ask(question)

    @property
    def _wants_others(self) -> bool:
        return bool(self._with_others.isChecked())

    def _deliver(
        self, question: MeasurementRequest, reading: PhotometryReadout | str
    ) -> None:
        """Deliver the result of the thread, unless the window has closed."""
        try:
            self._answered.emit(question, reading)
        except RuntimeError:
            return

    def _take(
        self, question: MeasurementRequest, reading: PhotometryReadout | str
    ) -> None:
        if question != self._question:
            return
        if isinstance(reading, str):
            self._show(PhotometryReadout(flags=(reading,)))
        else:
            self._show(reading)

    # -- showing ------------------------------------------------------------

    def _show_none(self, words: str) -> None:
        self._question = None
        self._measurer.ask(None)
        self._title.setText(words)
        self._show(None)

    def _show(self, reading: PhotometryReadout | None) -> None:
        self.reading = reading
        told = reading or PhotometryReadout()
        self._fill_table(told)
        self._spectrum.show_points(told.points, told.unit)
        self._unit.setVisible(told.unit == RELATIVE)
        self._lines.setText("<br>".join(told.lines))
        self._lines.setVisible(bool(told.lines))
        self._flags.setText("<br>".join(f"⚑ {flag}" for flag in told.flags))
        self._flags.setVisible(bool(told.flags))
        self._show_marks()

    def _fill_table(self, reading: PhotometryReadout) -> None:
        head = f"flux, {reading.unit}" if reading.unit else "flux"
        self._table.horizontalHeaderItem(1).setText(head)
        self._table.show_rows(reading.rows)

    def _show_marks(self) -> None:
        wanted = self.reading is not None and self.isVisible()
        labels = self.reading.labels if wanted and self.reading is not None else None
        self._segments.show(labels if self._segmented.isChecked() else None)
        self._show_others()
        if self._marks is None:
            return
        circles = None
        if self.reading is not None and self.isVisible() and self._wanted.isChecked():
            circles = self.reading.circles
        self._marks.show_circles(circles)

    def _show_others(self) -> None:
        """Show the other sources, if they are wanted and known."""
        found = None if self.reading is None else self.reading.others
        if found is None or not self.isVisible() or not self._wants_others:
            self._others.show(None)
        else:
            self._others.show(found.labels, found.kinds)
