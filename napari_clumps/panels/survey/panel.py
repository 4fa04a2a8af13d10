"""The panel "Survey": asks a dataset for cutouts, and opens them as a review."""

from __future__ import annotations

from pathlib import Path

from napari.viewer import Viewer
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from clump_detector.core.errors import ClumpError
from clump_detector.survey_search.dataset.asking.selection import (
    ORDERS,
    Question,
    parse_near,
)
from napari_clumps.jobs.survey import SHOWN_ROWS
from napari_clumps.plugin.window import controller_of
from napari_clumps.viewer.napari_private import main_window
from napari_clumps.widgets.base.docks import among_tabs
from napari_clumps.widgets.base.parts import (
    ElidedLabel,
    button_row,
    fill_dock,
    plain_button,
    text_label,
)
from napari_clumps.widgets.base.signals import listen
from napari_clumps.widgets.controls.survey_table import SurveyTable

#: Cutouts that a review gets at most.
_MOST, _USUAL = 10_000, 500

#: Fields of one line: key, label, what stands in it while it is empty, tooltip.
_LINES = (
    ("where", "Which", "score > 0.3 and n_clumps > 4",
     "Columns of the dataset, compared and joined by and, or, not; empty for all"),
    ("near", "Near", "RA DEC RADIUS",
     "Degrees, the radius in arcsec or such as 2arcmin or 0.5deg; empty for all"),
    ("like", "Like", "name or address of a cutout",
     "Those that look most like it come first; needs embeddings"),
)  # fmt: skip


class SurveyPanel(QWidget):
    """Takes a question to a dataset, and shows what comes back."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.setObjectName("survey_panel")
        controller = controller_of(napari_viewer)
        self._session, self._surveys = controller.session, controller.surveys
        self._dataset: Path | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(self._dataset_row())
        layout.addLayout(self._form())
        layout.addLayout(self._asking_row())
        self._words = text_label("survey_words")
        layout.addWidget(self._words)
        self._table = SurveyTable(SHOWN_ROWS)
        layout.addWidget(self._table, stretch=1)
        layout.addLayout(self._review_row())
        self._outcome = text_label("survey_outcome")
        layout.addWidget(self._outcome)
        fill_dock(self)
        window = main_window(self._session.viewer)
        among_tabs(self, window, "review_panel", always=False)
        listen(
            self,
            (self._surveys.selecting.changed, self._on_change),
            (self._surveys.making.changed, self._on_change),
            (self._surveys.filling.changed, self._on_change),
            (self._surveys.taking_back.changed, self._on_change),
            (self._session.review_opened, self._on_review),
        )
        self._on_review()

    # -- layout -------------------------------------------------------------

    def _dataset_row(self) -> QHBoxLayout:
        self._folder = ElidedLabel("survey_dataset")
        tip = "The folder that napari-clumps survey made"
        row = QHBoxLayout()
        row.addWidget(plain_button("dataset", "Dataset…", self._ask_dataset, tip))
        row.addWidget(self._folder, stretch=1)
        return row

    def _form(self) -> QFormLayout:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self._lines: dict[str, QLineEdit] = {}
        for key, label, hint, tip in _LINES:
            line = QLineEdit()
            line.setObjectName(f"survey_{key}")
            line.setPlaceholderText(hint)
            line.setToolTip(tip)
            line.returnPressed.connect(self._ask)
            self._lines[key] = line
            form.addRow(label, line)
        return form

    def _asking_row(self) -> QHBoxLayout:
        self._order = QComboBox()
        self._order.setObjectName("survey_order")
        self._order.addItem("usual order", "")
        for key, words in ORDERS.items():
            self._order.addItem(words, key)
        self._order.setToolTip("What comes first")
        self._order.setMinimumContentsLength(10)
        self._most = QSpinBox()
        self._most.setObjectName("survey_most")
        self._most.setRange(1, _MOST)
        self._most.setValue(_USUAL)
        self._most.setToolTip("Cutouts that the review gets at most")
        ask = plain_button("ask", "Search", self._ask, "Search the dataset")
        row = QHBoxLayout()
        row.addWidget(self._order, stretch=2)
        row.addWidget(self._most, stretch=1)
        row.addWidget(ask, stretch=1)
        return row

    def _review_row(self) -> QHBoxLayout:
        surveys = self._surveys
        self._review = plain_button(
            "review_selection",
            "Review these",
            surveys.review,
            "Open them as a new review, with the boxes that the survey found",
        )
        self._add = plain_button(
            "add_selection", "Add", surveys.add_to_open, "Add them to the open review"
        )
        self._back = plain_button(
            "take_back",
            "Take back",
            surveys.take_back,
            "Take what was decided in the open review into its dataset; this is also "
            "done when the window closes",
        )
        return button_row(self._review, self._add, self._back)

    # -- wiring -------------------------------------------------------------

    def _ask_dataset(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "The dataset of a survey")
        if name:
            self.show_dataset(Path(name))

    def show_dataset(self, dataset: Path) -> None:
        """Ask for all cutouts of another dataset."""
        self._dataset = dataset
        self._folder.setText(str(dataset))
        self._ask()

    def _ask(self) -> None:
        if self._dataset is None:
            self._session.say("Choose a dataset first.")
            return
        where, near, like = (line.text().strip() for line in self._lines.values())
        order = str(self._order.currentData())
        try:
            position = parse_near(near) if near else None
            question = Question(where, self._most.value(), order, position, like)
        except ClumpError as error:
            self._surveys.selecting.forget()
            self._words.setText(error.message)
            return
        self._surveys.ask(self._dataset, question)

    def _on_review(self) -> None:
        review = self._session.review
        origin = None if review is None else review.survey
        if origin is not None and self._dataset is None:
            self._dataset = origin.dataset
            self._folder.setText(str(origin.dataset))
        self._on_change()

    def _on_change(self) -> None:
        surveys, review = self._surveys, self._session.review
        selection = surveys.selecting.selection
        self._table.rows.show_selection(selection)
        n = surveys.selecting.most
        found = "" if selection is None else selection.first(n).in_words
        self._words.setText(surveys.selecting.outcome or found)
        some = selection is not None and len(selection) > 0
        self._review.setEnabled(some and not surveys.making.running)
        self._add.setEnabled(some and review is not None and not review.read_only)
        from_survey = review is not None and review.survey is not None
        self._back.setEnabled(from_survey and not surveys.taking_back.running)
        self._outcome.setText(surveys.filling.outcome)
