"""The panel "Retrain from corrections": training data, live curves, the verdict."""

from __future__ import annotations

from magicgui.widgets import ComboBox, SpinBox
from napari.viewer import Viewer
from qtpy.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from clump_detector.config.recipe import preset
from clump_detector.config.training import TrainConfig
from clump_detector.core.text import plural
from napari_clumps.jobs.training.curves import RetrainChoices
from napari_clumps.plugin.window import controller_of
from napari_clumps.viewer.napari_private import main_window
from napari_clumps.widgets.base.docks import bring_forward
from napari_clumps.widgets.base.parts import (
    Scrolled,
    button_row,
    described,
    fill_dock,
    form_of,
    plain_button,
    text_label,
)
from napari_clumps.widgets.base.signals import listen
from napari_clumps.widgets.classes.class_choices import ClassChoices
from napari_clumps.widgets.plots.training_curves import CurvesView

_PARTS = {
    "heads only (fastest)": "heads",
    "heads and feature pyramid": "fpn",
    "also the encoder's last stages": "last stages",
    "everything (slow, many labels)": "everything",
}

#: Lines of text shown at least.
_LINES = 22


_GOALS = {
    "the best F1": "f1",
    "purity of 0.9 or more": "purity 0.9",
    "purity of 0.8 or more": "purity 0.8",
    "completeness of 0.8 or more": "completeness 0.8",
    "completeness of 0.9 or more": "completeness 0.9",
}


class RetrainPanel(QWidget):
    """Chooses how to retrain, forwards it, and shows the progress."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.setObjectName("retrain_panel")
        self._controller = controller_of(napari_viewer)
        self._session = self._controller.session
        self._retraining = self._controller.retraining
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        self._counts = text_label("learning_counts")
        self._progress = QProgressBar()
        self._progress.setObjectName("retrain_progress")
        self._outcome = text_label("retrain_outcome")
        self._curves = CurvesView()
        self._next_step = text_label("next_step")
        self._promote = plain_button(
            "promote",
            "Use the new model and propose again",
            self._retraining.promote,
            "Make it the current model and run it on the cutouts that are not done",
        )
        layout.addWidget(self._counts)
        layout.addLayout(self._form())
        self._classes = ClassChoices(
            "new_classes", "learn it as a class", "the same as “{}”", "ignore its boxes"
        )
        layout.addWidget(self._classes)
        layout.addLayout(self._buttons())
        layout.addWidget(self._progress)
        layout.addWidget(self._outcome)
        layout.addWidget(self._next_step)
        layout.addLayout(self._next_buttons())
        layout.addWidget(self._promote)
        layout.addWidget(self._curves, stretch=1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(6, 6, 6, 6)
        outer.addWidget(Scrolled("retrain_scroll", page, _LINES))
        fill_dock(self)
        self._connect()
        self._base.changed.connect(self._on_base)
        self._fill()
        self._on_progress()

    # -- layout -------------------------------------------------------------

    def _form(self) -> QFormLayout:
        self._base = ComboBox(
            label="Base model", choices=[], tooltip="Training starts from its weights"
        )
        parts, goals = list(_PARTS.items()), list(_GOALS.items())
        epochs = preset("heads").epochs
        self._parts = ComboBox(**described(TrainConfig, "train_parts", choices=parts))
        self._epochs = SpinBox(**described(TrainConfig, "epochs", value=epochs))
        self._goal = ComboBox(**described(TrainConfig, "goal", choices=goals))
        self._seed = SpinBox(**described(TrainConfig, "seed", value=0))
        fields = {
            "base": self._base,
            "parts": self._parts,
            "epochs": self._epochs,
            "goal": self._goal,
            "seed": self._seed,
        }
        return form_of("retrain", fields)

    def _buttons(self) -> QHBoxLayout:
        self._start = plain_button(
            "retrain", "Retrain", self._on_start, "Learn from the decisions so far"
        )
        self._stop = plain_button(
            "stop", "Stop", self._retraining.stop, "End early, keep the best so far"
        )
        self._cancel = plain_button(
            "cancel_retrain", "Cancel", self._retraining.cancel, "End, keep nothing"
        )
        return button_row(self._start, self._stop, self._cancel)

    def _next_buttons(self) -> QHBoxLayout:
        """Return what takes a person from a verdict that tells little to a better."""
        self._held_out = plain_button(
            "next_held_out",
            "Next held-out cutout",
            self._on_held_out,
            "Go to the next cutout that is held out and not done",
        )
        self._again = plain_button(
            "compare_again",
            "Compare again",
            self._retraining.compare_again,
            "Compare old and new on the held-out cutouts that are done by now",
        )
        row = QHBoxLayout()
        row.addWidget(self._held_out, stretch=1)
        row.addWidget(self._again, stretch=1)
        return row

    # -- wiring -------------------------------------------------------------

    def _connect(self) -> None:
        c = self._controller
        listen(
            self,
            (self._retraining.changed, self._on_progress),
            (c.detection.changed, self._show_next_step),
            (c.session.models_changed, self._fill),
            (c.session.review_opened, self._on_counts),
            (c.session.review_modified, self._on_counts),
            (c.session.shown.changed, self._on_counts),
            (c.session.cutout_changed, self._on_counts),
        )

    def _fill(self) -> None:
        names = [e.name for e in self._controller.detection.models() if not e.problem]
        self._base.choices = names
        if self._session.scores.model_name in names:
            self._base.value = self._session.scores.model_name
        self._on_counts()

    def _on_base(self, _: str) -> None:
        self._ask_classes()

    def _on_start(self) -> None:
        self._retraining.start(
            RetrainChoices(
                str(self._base.value),
                str(self._parts.value),
                int(self._epochs.value),
                int(self._seed.value),
                str(self._goal.value),
                self._classes.answers(),
            )
        )

    def _on_held_out(self) -> None:
        self._controller.navigator.next_held_out()
        window = main_window(self._session.viewer)
        bring_forward(window, "review_panel")

    def _on_counts(self) -> None:
        self._counts.setText(_counts_text(self._retraining.counts()))
        obstacle = self._retraining.obstacle()
        self._start.setEnabled(obstacle is None and not self._retraining.running)
        self._start.setToolTip(obstacle or "Learn from the decisions so far")
        self._ask_classes()
        self._show_next_step()

    def _ask_classes(self) -> None:
        """Ask about the classes of boxes that the base model does not know."""
        base = str(self._base.value or "")
        unknown = self._retraining.unknown_classes(base) if base else {}
        self._classes.ask(
            f"{base} does not know these classes of your boxes. What is the new model "
            "to do with them?",
            {cls: f"{cls} ({plural(n, 'box', 'boxes')})" for cls, n in unknown.items()},
            self._retraining.classes_of(base) if unknown else (),
        )

    def _show_next_step(self) -> None:
        """Say what to do with a new model, as long as there is one to decide on."""
        job = self._retraining
        said = job.next_step
        open_ = bool(said) and job.verdict not in ("better", "worse")
        self._next_step.setText(said)
        self._next_step.setVisible(bool(said))
        self._held_out.setVisible(open_ and job.held_out_left > 0)
        self._again.setVisible(open_)

    def _on_progress(self) -> None:
        job = self._retraining
        self._cancel.setEnabled(job.running)
        self._stop.setEnabled(job.running and job.new_model is None)
        self._cancel.setToolTip(
            "End, keep nothing" if job.new_model is None else "End the comparison"
        )
        self._progress.setVisible(job.running)
        self._progress.setMaximum(job.steps if job.step else 0)
        self._progress.setValue(job.step)
        self._progress.setFormat(f"%p %   {_time_left(job.seconds_left)}")
        self._curves.show_curves(job.curves)
        self._outcome.setText(job.outcome)
        ready = job.new_model is not None and not job.running
        self._promote.setVisible(ready and not job.promoted)
        worse = job.verdict == "worse"
        self._promote.setText(
            "Use the new model anyway"
            if worse
            else "Use the new model and propose again"
        )
        self._on_counts()


def _time_left(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < 90:
        return f"about {max(round(seconds), 1)} s left"
    return f"about {round(seconds / 60)} min left"


def _counts_text(counts: dict[str, int]) -> str:
    if not counts:
        return "Open a review first: its decisions are what a model learns from."
    lines = [
        f"<b>Training data:</b> {counts['cutouts']} cutouts, {counts['done']} of them "
        f"done, with {counts['boxes']} boxes and {counts['rejected']} rejected ones.",
        f"<b>Held out for the comparison:</b> {counts['held_out_done']} cutouts done.",
    ]
    if counts["rejected"] and not counts["boxes"]:
        lines.insert(
            1,
            "<b>No box is accepted or drawn:</b> a new model can only learn what is "
            "no clump.",
        )
    return "<br>".join(lines)
