"""The panel "Detect clumps": model, threshold, device, and what to run on."""

from __future__ import annotations

from magicgui.widgets import ComboBox
from napari.viewer import Viewer
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)
from superqt import QLabeledDoubleSlider

from clump_detector.config.detection import DetectOptions
from napari_clumps.plugin.window import controller_of
from napari_clumps.widgets.base.parts import (
    button_row,
    described,
    fill_dock,
    form_of,
    plain_button,
    text_label,
)
from napari_clumps.widgets.base.signals import listen
from napari_clumps.widgets.classes.class_choices import ClassChoices

_DEVICES = {
    "automatic": "auto",
    "processor (CPU)": "cpu",
    "NVIDIA GPU": "cuda",
    "Apple GPU": "mps",
}


class DetectPanel(QWidget):
    """Chooses how to detect, and forwards it."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.setObjectName("detect_panel")
        self._controller = controller_of(napari_viewer)
        self._session = self._controller.session
        self._detection = self._controller.detection
        self._filling = False
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(self._form())
        layout.addLayout(self._threshold_row())
        self._expected = text_label("expected")
        layout.addWidget(self._expected)
        layout.addWidget(self._class_row())
        layout.addLayout(self._buttons())
        self._progress = QProgressBar()
        self._progress.setObjectName("detect_progress")
        self._outcome = text_label("detect_outcome")
        layout.addWidget(self._progress)
        layout.addWidget(self._outcome)
        layout.addStretch(1)
        fill_dock(self)
        self._connect(napari_viewer)
        self._fill()

    # -- layout -------------------------------------------------------------

    def _form(self) -> QFormLayout:
        self._model = ComboBox(**described(DetectOptions, "model", choices=[]))
        self._scope = ComboBox(label="Run on", choices=[], tooltip="What to search")
        devices, now = list(_DEVICES.items()), self._session.settings.device
        self._device = ComboBox(
            **described(DetectOptions, "device", choices=devices, value=now)
        )
        fields = {"model": self._model, "scope": self._scope, "device": self._device}
        return form_of("detect", fields)

    def _threshold_row(self) -> QHBoxLayout:
        self._threshold = QLabeledDoubleSlider(Qt.Orientation.Horizontal)
        self._threshold.setObjectName("threshold")
        self._threshold.setRange(0.05, 0.99)
        self._threshold.setSingleStep(0.01)
        self._threshold.setDecimals(2)
        self._threshold.setValue(self._session.threshold)
        tip = "Proposals below this score are hidden; the model does not run again"
        self._threshold.setToolTip(tip)
        row = QHBoxLayout()
        row.addWidget(QLabel("Score from"))
        row.addWidget(self._threshold, stretch=1)
        return row

    def _buttons(self) -> QHBoxLayout:
        self._start = plain_button(
            "detect", "Detect clumps", self._on_start, "Run the model"
        )
        self._cancel = plain_button(
            "cancel_detect",
            "Cancel",
            self._detection.cancel,
            "Stop; what was proposed stays",
        )
        return button_row(self._start, self._cancel)

    def _class_row(self) -> QWidget:
        """Return the question about classes that the review does not have."""
        self._choices = ClassChoices(
            "model_classes", "add it as a class", "take it for “{}”", "leave out"
        )
        self._answer = plain_button(
            "answer_classes",
            "Use these, and detect",
            lambda: self._detection.answer(self._choices.answers()),
            "Kept in the review: it is not asked again",
        )
        row = QWidget()
        layout = QVBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._choices)
        layout.addWidget(self._answer)
        return row

    def _ask_classes(self) -> None:
        question, review = self._detection.classes.question, self._session.review
        unknown = () if question is None else question.unknown
        model = "" if question is None else question.model
        self._choices.ask(
            f"What are these classes of {model} in this review?",
            {cls: cls for cls in unknown},
            () if review is None else review.classes,
        )
        self._answer.setVisible(bool(unknown))

    # -- wiring -------------------------------------------------------------

    def _connect(self, viewer: Viewer) -> None:
        c = self._controller
        self._model.changed.connect(self._on_model)
        self._device.changed.connect(self._on_device)
        self._threshold.valueChanged.connect(self._on_threshold)
        listen(
            self,
            (self._detection.changed, self._on_progress),
            (self._detection.classes.changed, self._ask_classes),
            (c.session.review_opened, self._ask_classes),
            (c.session.models_changed, self._fill),
            (c.session.settings_changed, self._show_device),
            (c.session.review_opened, self._fill_scopes),
            (c.session.review_modified, self._fill_scopes),
            (c.session.cutout_changed, self._on_cutout),
            (c.session.scores.changed, self._show_threshold),
        )
        viewer.layers.selection.events.changed.connect(self._fill_scopes)

    def _fill(self) -> None:
        self._filling = True
        entries = self._detection.models()
        self._model.choices = [
            (e.name if not e.problem else f"{e.name} (broken)", e.name) for e in entries
        ]
        names = [e.name for e in entries]
        if self._session.scores.model_name in names:
            self._model.value = self._session.scores.model_name
        self._filling = False
        self._on_cutout()
        self._on_progress()
        self._ask_classes()

    def _on_cutout(self) -> None:
        self._show_threshold(self._session.threshold)
        self._fill_scopes()

    def _fill_scopes(self) -> None:
        scopes = self._detection.scopes()
        chosen = self._scope.value
        self._scope.choices = [(words, key) for key, words in scopes.items()]
        if chosen == "cutout" and "cutout" in scopes:
            self._scope.value = "cutout"
        self._scope.enabled = bool(scopes)
        self._start.setEnabled(bool(scopes) and not self._detection.running)

    def _on_start(self) -> None:
        self._detection.start(self._scope.value)

    def _on_model(self, name: str) -> None:
        if not self._filling and name:
            self._detection.choose_model(name)

    def _show_threshold(self, score: float) -> None:
        self._filling = True  # the slider rounds
        self._threshold.setValue(score)
        self._filling = False
        self._expected.setText(self._detection.expected_in_words())

    def _show_device(self) -> None:
        with self._device.changed.blocked():
            self._device.value = self._session.settings.device

    def _on_device(self, device: str) -> None:
        self._detection.choose_device(device)

    def _on_threshold(self, value: float) -> None:
        if not self._filling:
            self._session.threshold = value

    def _on_progress(self) -> None:
        running = self._detection.running
        self._start.setEnabled(not running and bool(self._scope.choices))
        self._cancel.setEnabled(running)
        self._progress.setVisible(running)
        # A bar from 0 to 0 moves to and fro: the model is being loaded.
        started = self._detection.done > 0
        self._progress.setMaximum(self._detection.total if started else 0)
        self._progress.setValue(self._detection.done)
        self._outcome.setText(self._detection.outcome)
