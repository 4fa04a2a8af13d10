"""The panel "Download cutouts": from a list of galaxies to a review."""

from __future__ import annotations

from pathlib import Path

from magicgui.widgets import ComboBox
from napari.viewer import Viewer
from qtpy.QtWidgets import (
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from clump_detector.core.options import option_of
from clump_detector.galaxies.surveys.request import DownloadRequest
from napari_clumps.plugin.window import controller_of
from napari_clumps.viewer.napari_private import main_window
from napari_clumps.widgets.base.docks import among_tabs
from napari_clumps.widgets.base.parts import (
    button_row,
    described,
    fill_dock,
    form_of,
    plain_button,
    text_label,
)
from napari_clumps.widgets.base.signals import listen

_TABLES = "Tables (*.csv *.tsv *.txt *.ecsv *.vot *.xml *.fits *.fits.gz *.parquet)"

_RADII, _ARCSEC = "effective radii", "arcsec"

#: Sides that are proposed, and what belongs to each.
_SIDES = {
    _RADII: (1.0, 100.0, 12.0, "Side scales with each galaxy's effective radius"),
    _ARCSEC: (5.0, 1200.0, 60.0, "Same angular size for all"),
}


class DownloadPanel(QWidget):
    """Chooses a list, a survey, a size and a folder, and forwards them."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.setObjectName("download_panel")
        self._controller = controller_of(napari_viewer)
        self._session = self._controller.session
        self._downloads = self._controller.downloads
        self._list: Path | None = None
        self._shown: object = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        tip = "CSV, ECSV, VOTable, FITS table or Parquet with positions"
        layout.addWidget(plain_button("list", "List of galaxies…", self._ask_list, tip))
        self._recognised = text_label("fetch_recognised")
        layout.addWidget(self._recognised)
        layout.addLayout(self._form())
        layout.addLayout(self._buttons())
        self._progress = QProgressBar()
        self._progress.setObjectName("fetch_progress")
        self._outcome = text_label("fetch_outcome")
        layout.addWidget(self._progress)
        layout.addWidget(self._outcome)
        layout.addStretch(1)
        fill_dock(self)
        window = main_window(self._session.viewer)
        among_tabs(self, window, "review_panel", always=False)
        self._survey.changed.connect(self._fill_kinds)
        self._by.changed.connect(self._fit_side)
        listen(
            self,
            (self._downloads.changed, self._on_change),
            (self._session.review_opened, self._fill_targets),
        )
        self._fill_kinds()
        self._fit_side()
        self._fill_targets()
        self._on_change()

    # -- layout -------------------------------------------------------------

    def _form(self) -> QFormLayout:
        surveys = [(title, key) for key, title in self._downloads.surveys().items()]
        self._survey = ComboBox(**described(DownloadRequest, "survey", choices=surveys))
        self._kind = ComboBox(**described(DownloadRequest, "picture", choices=[]))
        self._into = ComboBox(
            label="Open in", choices=[], tooltip="Where they are shown"
        )
        fields = {"survey": self._survey, "kind": self._kind, "into": self._into}
        form = form_of("fetch", fields)
        form.insertRow(2, "Side", self._side_row())
        form.insertRow(3, "Pixels", self._pixels_box())
        form.insertRow(4, "Folder", self._folder_row())
        return form

    def _side_row(self) -> QHBoxLayout:
        self._side = QDoubleSpinBox()
        self._side.setObjectName("fetch_side")
        self._side.setDecimals(1)
        self._by = ComboBox(choices=list(_SIDES), tooltip="Unit of side length")
        self._by.native.setObjectName("fetch_by")
        row = QHBoxLayout()
        row.addWidget(self._side, stretch=1)
        row.addWidget(self._by.native, stretch=1)
        return row

    def _pixels_box(self) -> QSpinBox:
        self._pixels = QSpinBox()
        self._pixels.setObjectName("fetch_pixels")
        pixels = option_of(DownloadRequest, "pixels")
        self._pixels.setRange(0, int(pixels.most or 0))
        self._pixels.setSingleStep(100)
        policy = QSizePolicy.Policy
        self._pixels.setSizePolicy(policy.Expanding, policy.Fixed)
        self._pixels.setSpecialValueText("native")
        self._pixels.setToolTip(pixels.help)
        return self._pixels

    def _folder_row(self) -> QHBoxLayout:
        self._folder = QLineEdit()
        self._folder.setObjectName("fetch_folder")
        self._folder.setToolTip(
            "Where the cutouts and their table of galaxies go; what is there of an "
            "earlier run is kept"
        )
        row = QHBoxLayout()
        row.addWidget(self._folder, stretch=1)
        tip = "Choose the folder"
        row.addWidget(plain_button("fetch_folder", "…", self._ask_folder, tip))
        return row

    def _buttons(self) -> QHBoxLayout:
        self._start = plain_button(
            "fetch", "Fetch", self._on_start, "Fetch the cutouts of all galaxies"
        )
        self._cancel = plain_button(
            "cancel_fetch",
            "Cancel",
            self._downloads.cancel,
            "Stop; what has come stays and is not fetched again",
        )
        return button_row(self._start, self._cancel)

    # -- filling ------------------------------------------------------------

    def _fill_kinds(self) -> None:
        kinds = self._downloads.kinds(self._survey.value)
        self._kind.choices = [(words, key) for key, words in kinds.items()]

    def _fit_side(self) -> None:
        least, most, usual, tip = _SIDES[self._by.value]
        self._side.setRange(least, most)
        self._side.setValue(usual)
        self._side.setToolTip(tip)

    def _fill_targets(self) -> None:
        review = self._session.review
        targets = [("open a review of the folder", False)]
        if review is not None and not review.read_only:
            targets.append(("add them to the open review", True))
        self._into.choices = targets

    # -- wiring -------------------------------------------------------------

    def _ask_list(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "A list of galaxies", "", _TABLES)
        if name:
            self._list = Path(name)
            self._downloads.read(self._list)

    def _ask_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Where the cutouts go")
        if name:
            self._folder.setText(name)

    def _on_start(self) -> None:
        kind, side = self._kind.value, self._side.value()
        survey = self._survey.value
        request = DownloadRequest(
            survey,
            bands=self._downloads.all_bands(survey) if kind == "all" else "",
            picture=kind if kind in ("jpg", "png") else "",
            size=side if self._by.value == _ARCSEC else None,
            radii=side if self._by.value == _RADII else DownloadRequest.radii,
            pixels=self._pixels.value() or None,
        )
        folder = Path(self._folder.text().strip()).expanduser()
        self._downloads.start(request, folder, into_open=bool(self._into.value))

    def _on_change(self) -> None:
        fetching = self._downloads
        galaxies, running = fetching.galaxies, fetching.running
        if galaxies is not self._shown:
            self._shown = galaxies
            self._show_list()
        self._start.setEnabled(galaxies is not None and not running)
        self._cancel.setEnabled(running)
        self._progress.setVisible(running)
        # A bar from 0 to 0 moves to and fro: nothing has come yet.
        self._progress.setMaximum(fetching.total if fetching.done else 0)
        self._progress.setValue(fetching.done)
        self._outcome.setText(fetching.outcome)

    def _show_list(self) -> None:
        galaxies = self._downloads.galaxies
        self._recognised.setText("<br>".join(self._downloads.recognised()))
        if galaxies is None:
            return
        self._by.value = _RADII if galaxies.columns.radius is not None else _ARCSEC
        own = galaxies.path.parent / galaxies.path.stem
        self._folder.setText(str(own))
