"""The buttons for labels that come in from other programs, and go out to them."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from napari_clumps.app.controller import Controller
from napari_clumps.io.formats import FORMATS
from napari_clumps.io.import_labels import PlacedLabels
from napari_clumps.io.selection import ExportOptions
from napari_clumps.review import Review
from napari_clumps.widgets.base.parts import plain_button
from napari_clumps.widgets.base.signals import listen

from .catalogue_dialog import CatalogueDialog
from .import_dialog import ImportDialog
from .job_row import JobRow

#: Files of labels; one of a folder of YOLO's, such as data.yaml, stands for all of it.
LABEL_FILES = (
    "*.csv *.csv.gz *.zip *.ecsv *.vot *.xml *.fits *.parquet *.txt *.dat *.mrt *.reg "
    "*.json data.yaml classes.txt"
)


class ExchangeButtons(QWidget):
    """Asks for files, and for what is to be done with them; shows how far that is."""

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self._controller = controller
        self._session = self._controller.session
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        row = QHBoxLayout()
        row.setSpacing(4)
        layout.addLayout(row)
        for name, text, clicked, tip in (
            (
                "import",
                "Import labels…",
                self._import,
                "Clump Scout, published catalogues, DS9, COCO, YOLO, VOC, tables",
            ),
            (
                "export",
                "Export…",
                self._export,
                "Labels, clump catalogue, DS9 regions, YOLO, Pascal VOC, Zooniverse, "
                "contact sheet",
            ),
        ):
            row.addWidget(plain_button(name, text, clicked, tip))
        for name, job in controller.exchange.jobs.items():
            layout.addWidget(JobRow(name, job))
        listen(self, (controller.exchange.importing.found, self._ask_how))

    def _import(self) -> None:
        if self._session.review is None:
            return
        files = f"Labels ({LABEL_FILES});;All files (*)"
        name, _ = QFileDialog.getOpenFileName(self, "External labels", "", files)
        if name:
            self._controller.exchange.read(Path(name))

    def _ask_how(self, found: PlacedLabels) -> None:
        dialog = ImportDialog(found, self)
        dialog.exec()
        if dialog.how is not None:
            self._controller.exchange.take(found, dialog.how)

    def _export(self) -> None:
        review = self._session.review
        if review is None:
            return
        proposed = str(review.path.with_suffix(".labels.json"))
        filters = {_filter(how): how for how in FORMATS}
        name, chosen = QFileDialog.getSaveFileName(
            self, "Export the review", proposed, ";;".join(filters)
        )
        if name:
            how = filters.get(chosen)
            path = Path(name) if how is None else named_as(Path(name), how)
            if path != Path(name) and path.is_file():  # the dialog has not asked
                self._session.warn(f"{path} is there already: give another name.")
            else:
                self._export_as(review, path, how)

    def _export_as(self, review: Review, path: Path, how: str | None) -> None:
        """Export in a format; ask what a catalogue is to hold."""
        options = ExportOptions()
        if how == "catalogue" or (how is None and _is_catalogue(path)):
            dialog = CatalogueDialog(self, len(review), self._session.threshold)
            if not dialog.exec():
                return
            options = dialog.options()
        self._controller.exchange.export(path, how, options)


def _is_catalogue(path: Path) -> bool:
    return path.suffix.lower() in FORMATS["catalogue"][0]


def _filter(how: str) -> str:
    """Return what a file dialog calls a format."""
    endings, words = FORMATS[how]
    if not endings:
        return f"{words}: a folder (*)"
    return f"{words} ({' '.join(f'*{ending}' for ending in endings)})"


def named_as(path: Path, how: str) -> Path:
    """Return a path whose ending is that of a format, without one for a folder."""
    endings, _ = FORMATS[how]
    known = {ending for others, _ in FORMATS.values() for ending in others}
    if path.suffix.lower() in endings:
        return path
    if path.suffix.lower() in known:
        path = path.with_suffix("")
    return path.with_name(path.name + endings[0]) if endings else path
