"""The panel "Reviewers": names, merging, agreement, completeness."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from napari.viewer import Viewer
from qtpy.QtCore import Qt
from qtpy.QtGui import QPixmap
from qtpy.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_clumps.plugin.window import controller_of
from napari_clumps.review.comparison.ceiling_plot import ceiling_png
from napari_clumps.viewer.napari_private import main_window
from napari_clumps.widgets.base.docks import among_tabs
from napari_clumps.widgets.base.parts import (
    Scrolled,
    fill_dock,
    plain_button,
    text_label,
)
from napari_clumps.widgets.base.signals import listen
from napari_clumps.widgets.controls.catalogue_comparison import CatalogueComparison
from napari_clumps.widgets.controls.completeness import Completeness
from napari_clumps.widgets.controls.job_row import JobRow

#: Lines of text shown at least.
_LINES = 22

#: Files that can be chosen.
_REVIEWS = "Review (*.clumps)"


class ReviewersPanel(QWidget):
    """Merges files, says how far reviewers agree, and how complete labels are."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.setObjectName("reviewers_panel")
        self._controller = controller_of(napari_viewer)
        self._session = self._controller.session
        self._reviewers = self._controller.reviewers
        self._name = QLineEdit(self._reviewers.name)
        self._name.setObjectName("reviewer_name")
        self._name.setToolTip("Goes with each of your decisions from now on")
        self._name.editingFinished.connect(self._rename)
        form = QFormLayout()
        form.addRow("Your name", self._name)
        self._open = text_label("reviewers_open")
        self._words = text_label("reviewers_words")
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)
        for name, text, clicked, tip in (
            (
                "compare_review",
                "Compare with other reviews…",
                self._compare,
                "Compare with the files of other reviewers, one or several; nothing is "
                "changed",
            ),
            (
                "compare_catalogue",
                "Compare with a catalogue…",
                self._compare_catalogue,
                "Compare with a table, or labels of another program, on these images; "
                "nothing is changed",
            ),
            (
                "merge_review",
                "Merge another review…",
                self._merge,
                "Take in another reviewer's file; it stays as it is, and undo takes "
                "the merge back",
            ),
            (
                "disagreements",
                "Review disagreements",
                self._reviewers.show_disagreements,
                "Settle the boxes on which reviewers differ",
            ),
        ):
            layout.addWidget(plain_button(name, text, clicked, tip))
        layout.addLayout(self._again())
        layout.addWidget(JobRow("merging", self._controller.exchange.merging))
        layout.addWidget(self._open)
        layout.addWidget(self._words)
        layout.addWidget(self._ceiling())
        layout.addWidget(CatalogueComparison(self._reviewers))
        layout.addWidget(Completeness(self._controller))
        layout.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(6, 6, 6, 6)
        outer.addWidget(Scrolled("reviewers_scroll", page, _LINES))
        fill_dock(self)
        window = main_window(self._session.viewer)
        among_tabs(self, window, "review_panel", always=False)
        listen(
            self,
            (self._session.review_opened, self._on_review),
            (self._session.review_modified, self._on_review),
            (self._session.shown.changed, self._count),
            (self._session.settings_changed, self._show_name),
            (self._controller.exchange.merging.agreed, self._on_merged),
        )
        self._on_review()

    def showEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Count when it comes into view."""
        super().showEvent(event)
        self._on_review()

    def _again(self) -> QHBoxLayout:
        self._n_again = QSpinBox()
        self._n_again.setObjectName("n_again")
        self._n_again.setRange(1, 1000)
        self._n_again.setValue(10)
        self._n_again.setToolTip("How many done cutouts come once more")
        row = QHBoxLayout()
        row.addWidget(self._n_again)
        row.addWidget(
            plain_button(
                "show_again",
                "Repeat cutouts",
                lambda: self._reviewers.show_again(self._n_again.value()),
                "Done cutouts come once more, hidden among the others, to see how far "
                "you agree with yourself; they are in no label set",
            ),
            stretch=1,
        )
        return row

    def _ceiling(self) -> QWidget:
        """Return the picture of the last comparison, and the button that saves it."""
        self._picture = QLabel()
        self._picture.setObjectName("ceiling_picture")
        self._save = plain_button(
            "save_ceiling",
            "Save this picture…",
            self._save_picture,
            "As png, pdf or svg",
        )
        part = QWidget()
        layout = QVBoxLayout(part)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._picture)
        layout.addWidget(self._save)
        self._picture.hide()
        self._save.hide()
        return part

    def _say(self, lines: Sequence[str]) -> None:
        """Show lines in place of what was said, without a picture of that."""
        self._words.setText("<br>".join(lines))
        self._picture.hide()
        self._save.hide()

    def _show_ceiling(self) -> None:
        figures = self._reviewers.ceiling
        if figures is None:
            return
        pixmap = QPixmap()
        pixmap.loadFromData(ceiling_png(figures))
        width = max(self._words.width(), 300)
        smooth = Qt.TransformationMode.SmoothTransformation
        self._picture.setPixmap(pixmap.scaledToWidth(width, smooth))
        self._picture.show()
        self._save.show()

    def _save_picture(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self, "Save the picture", "agreement.png", "Pictures (*.png *.pdf *.svg)"
        )
        if name:
            self._reviewers.save_ceiling(Path(name))

    def _on_review(self) -> None:
        if self.isVisible():
            open_ = self._session.review is not None
            words = self._reviewers.self_consistency() if open_ else None
            self._say(words or [])
            self._count()

    def _count(self) -> None:
        if not self.isVisible():
            return
        review = self._session.review
        n = review.disagreements if review is not None else 0
        words = f"{n} unresolved disagreement{'s' * (n != 1)}." if n else ""
        self._open.setText(words if review is not None else "No review is open.")

    def _rename(self) -> None:
        self._reviewers.name = self._name.text()

    def _show_name(self) -> None:
        self._name.setText(self._reviewers.name)

    def _ask_file(self, title: str, kinds: str = _REVIEWS) -> Path | None:
        if self._session.review is None:
            return None
        name, _ = QFileDialog.getOpenFileName(self, title, "", kinds)
        return Path(name) if name else None

    def _compare(self) -> None:
        if self._session.review is None:
            return
        names, _ = QFileDialog.getOpenFileNames(
            self, "Other reviews of these cutouts", "", _REVIEWS
        )
        if names:
            said = self._reviewers.compare_with([Path(name) for name in names])
            self._say([escape(line) for line in said or []])
            self._show_ceiling()

    def _compare_catalogue(self) -> None:
        path = self._ask_file("A catalogue, or labels of another program", "")
        if path is not None:
            self._reviewers.compare_catalogue(path)

    def _merge(self) -> None:
        path = self._ask_file("Merge a review")
        if path is not None:
            self._controller.exchange.merge(path)

    def _on_merged(self, before: list[str]) -> None:
        """Say how far the two agreed before the merge; after it they do."""
        self._say(before)
