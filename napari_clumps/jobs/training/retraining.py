"""Retrain from corrections in the background, compare, and promote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from clump_detector.core.errors import ClumpError
from clump_detector.core.json_types import JsonObject
from clump_detector.core.progress import CancelToken
from clump_detector.core.text import message_of
from clump_detector.labels.classes.mapping import taken_as
from clump_detector.labels.classes.names import known_class
from clump_detector.labels.label_set import LabelSet
from clump_detector.models.card import CARD, ModelCard, read_card
from clump_detector.models.registry import new_model_folder, resolve_model
from clump_detector.train.events import (
    EndEvent,
    EpochEvent,
    FeaturesEvent,
    FoldEvent,
    StartEvent,
    StepEvent,
)
from napari_clumps.io.formats import left_out
from napari_clumps.jobs.base import Job
from napari_clumps.jobs.detecting.detection import Detection
from napari_clumps.jobs.host import JobHost
from napari_clumps.models.learning_points import note_training_in
from napari_clumps.models.next_step import next_step
from napari_clumps.worker.messages import DoneEvent, ProgressEvent

from . import words
from .curves import Curves, RetrainChoices
from .run import ComparingEvent, RetrainEvent, TrainingRun


class Retraining(Job[RetrainEvent | None]):
    """Trains a model on the review's decisions, in a process of its own.

    Parameters
    ----------
    host : JobHost
    detection : Detection
        Runs the new model when it is promoted.

    Attributes
    ----------
    command : sequence of str or None
        The command that starts another process than the engine's worker.
    """

    def __init__(self, host: JobHost, detection: Detection) -> None:
        super().__init__(host)
        self._detection = detection
        self._problems: list[str] = []
        self._cancel = CancelToken()
        self.models_in_use: tuple[Path, ...] = ()
        self.command: Sequence[str] | None = None
        self._learned: tuple[Path, LabelSet] | None = None
        self._base_card = ModelCard("")
        self._reset()

    def _reset(self) -> None:
        self.curves = Curves()
        self.step, self.steps = 0, 0
        self._learning = ""
        self.seconds_left: float | None = None
        self.outcome = ""
        self.new_model: Path | None = None
        self._base: Path | None = None
        self._out: Path | None = None
        self.comparison: JsonObject | None = None
        self._classes: Mapping[str, str | None] = {}

    # -- training data ------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """Return the numbers of cutouts, boxes, rejected boxes and held-out ones."""
        review = self._host.review
        return {} if review is None else review.learning_counts()

    def obstacle(self) -> str | None:
        """Return why training cannot start yet, or None."""
        return words.obstacle(self.counts())

    def classes_of(self, model: str) -> tuple[str, ...]:
        """Return the classes that a model knows, none where there is no such model.

        Parameters
        ----------
        model : str
            Its name.
        """
        thresholds = self._host.scores.thresholds
        card = thresholds.card(thresholds.model_id(model))
        return () if card is None else card.config.classes

    def unknown_classes(self, base: str) -> dict[str, int]:
        """Return the classes of boxes to learn from that a base model has not.

        Parameters
        ----------
        base : str
            Its name.

        Returns
        -------
        dict
            The number of boxes by class; empty without a review or such a model.
        """
        review, known = self._host.review, self.classes_of(base)
        if review is None or not known:
            return {}
        new = [cls for cls in review.classes if known_class(cls, known) is None]
        taught = review.taught_by_class() if new else {}
        return {cls: taught[cls] for cls in new if cls in taught}

    # -- running ------------------------------------------------------------

    def start(self, choices: RetrainChoices) -> None:
        """Freeze the labels and train on them."""
        if self.running:
            return
        obstacle = self.obstacle()
        if obstacle:
            self._host.warn(obstacle)
            return
        self._reset()
        try:
            base = resolve_model(choices.base)
            # Frozen here: decisions continue while the model learns.
            review = self._host.opened
            labels, self._base_card = review.label_set(), read_card(base)
            labels = taken_as(labels, choices.classes)
            self._learned = (review.path, labels)
            if missing := left_out(labels):
                self._host.warn(" ".join(missing))
            out = new_model_folder(self._host.opened.path.stem)
        except ClumpError as error:
            self._host.warn(error.message)
            return
        self._cancel = CancelToken()
        self.models_in_use = (base, out)
        self._base, self._out, self._classes = base, out, choices.classes
        self.outcome = "Getting ready…"
        run = TrainingRun(self._host, labels, base, out, self.command, self._cancel)
        self._begin(run.train, choices, words="Retraining", total=0)

    def compare_again(self) -> None:
        """Compare the new model with the old one on the held-out cutouts as they are.

        More of them may be done by now, or the comparison was cancelled.
        """
        if self.running or self.new_model is None or self._base is None:
            return
        try:
            labels = taken_as(self._host.opened.label_set(), self._classes)
        except ClumpError as error:
            self._host.warn(error.message)
            return
        self._cancel = CancelToken()
        self.step, self.comparison = 0, None
        self.models_in_use = (self._base, self.new_model)
        run = TrainingRun(
            self._host, labels, self._base, self.new_model, self.command, self._cancel
        )
        self._begin(run.compare, words="Comparing", total=0)

    def stop(self) -> None:
        """End early and keep the best model so far."""
        if self.running:
            self._cancel.stop()
            self.outcome = "Stopping after this step…"
            self.changed.emit()

    def cancel(self) -> None:
        """End now: the training, of which nothing is kept, or only the comparison."""
        if not self.running:
            return
        self._cancel.cancel()
        self._say_cancelled()
        self._quit()
        self.changed.emit()

    def _say_cancelled(self) -> None:
        """Report the outcome, which may be a model that was just finished."""
        out = self._out
        if self.new_model is None and out is not None and (out / CARD).is_file():
            self.new_model = out
        new = None if self.new_model is None else self.new_model.name
        self.outcome = words.cancelled_in_words(new)

    def close(self) -> None:
        """End training or comparison when the window closes."""
        self.cancel()

    def _on_event(self, event: RetrainEvent | None) -> None:
        if self._cancel.cancelled:
            return
        self.outcome = words.event_in_words(event) or self.outcome
        match event:
            case StartEvent():
                self._on_start(event)
            case StepEvent():
                self._on_step(event)
            case EpochEvent():
                self.curves = self.curves.after(event)
            case EndEvent():
                self.new_model = Path(event.model)
                self.curves = self.curves.with_expected(event)
            case ComparingEvent():
                self.step, self.seconds_left = 0, None
            case ProgressEvent(done=done, total=total):
                self.step, self.steps = done, total
            case DoneEvent(result=result):
                self.comparison = dict(result)
                self.outcome = words.comparison_in_words(result, self._problems)
                self._note_training(self.comparison)
            case FeaturesEvent() | FoldEvent():
                pass  # they only have words
            case _:
                return
        self.changed.emit()

    def _on_start(self, event: StartEvent) -> None:
        self.steps = event.steps
        if self._bar is not None:
            self._bar.total = self.steps
        self.curves = replace(self.curves, out_of_fold=event.out_of_fold)
        self._problems, self._learning = [*event.problems], self.outcome

    def _on_step(self, event: StepEvent) -> None:
        if self.step == 0:
            self.outcome = self._learning
        if self._bar is not None:
            self._bar.update(event.step - self.step)
        self.step = event.step
        self.seconds_left = event.seconds_left

    def _note_training(self, comparison: JsonObject) -> None:
        """Add a point to the learning curve of the review with the training data."""
        if self._learned is None or self.new_model is None:
            return  # not trained here
        path, labels = self._learned
        try:
            cards = (self._base_card, read_card(self.new_model))
            note_training_in(path, self._host.review, comparison, cards, labels)
        except ClumpError as error:
            self._host.warn(error.message)

    def _on_error(self, error: Exception) -> None:
        if not self._cancel.cancelled:
            self.outcome = message_of(error)
            self._host.warn(self.outcome)

    def _on_finished(self) -> None:
        self.seconds_left = None
        if self._cancel.cancelled:
            self._say_cancelled()
        if self.new_model is not None:
            self._host.announce_models()
        self._end()

    def follow(self, old: str, folder: Path | None) -> None:
        """Follow the renaming or removal of a model of the newest training.

        Parameters
        ----------
        old : str
            Its name before.
        folder : path or None
            Its folder now; None if it was removed.
        """
        if self.new_model is not None and self.new_model.name == old:
            self.new_model = self._out = folder
        if self._base is not None and self._base.name == old:
            self._base = folder
        self.changed.emit()

    # -- promotion ----------------------------------------------------------

    @property
    def verdict(self) -> str | None:
        """Return better, no clear difference or worse, or None before a comparison."""
        return None if self.comparison is None else self.comparison.get("verdict")

    @property
    def next_step(self) -> str:
        """What to do with the new model, in a sentence; empty without one."""
        if self.new_model is None or self.running:
            return ""
        if self.promoted:
            name = self.new_model.name
            return f"{name} is the current model. {self._detection.outcome}"
        return next_step(self.comparison, self.held_out_left)

    @property
    def held_out_left(self) -> int:
        """Number of held-out cutouts that are not done."""
        counts = self.counts()
        return counts["held_out"] - counts["held_out_done"] if counts else 0

    @property
    def promoted(self) -> bool:
        """Whether the new model is the current one by now."""
        new = self.new_model
        return new is not None and new.name == self._host.scores.model_name

    def promote(self) -> None:
        """Make the new model the current one and detect again on cutouts not done."""
        if self.new_model is None:
            return
        try:
            self._detection.choose_model(self.new_model.name)
        except ClumpError as error:
            self._host.warn(error.message)
            return
        self._detection.start("review")
        self.changed.emit()
