"""A training and its comparison in processes of their own, as generators of events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from clump_detector.config.recipe import preset
from clump_detector.config.tables import settings_table
from clump_detector.core.errors import ClumpError
from clump_detector.core.progress import CancelToken
from clump_detector.labels.classes.mapping import new_classes
from clump_detector.labels.label_set import LabelSet
from clump_detector.models.card import read_card
from napari_clumps.jobs.host import JobHost
from napari_clumps.worker.comparison import compare
from napari_clumps.worker.messages import DoneEvent, WorkerEvent
from napari_clumps.worker.process import Worker
from napari_clumps.worker.training import retrain

from .curves import RetrainChoices


@dataclass(frozen=True)
class ComparingEvent:
    """The training is done, and the comparison is next."""


RetrainEvent = WorkerEvent | ComparingEvent


@dataclass(frozen=True)
class TrainingRun:
    """Makes a model of a label set, and compares it with the one it started from.

    Attributes
    ----------
    host : JobHost
        Knows the device.
    labels : LabelSet
    base : path
        The model folder to start from.
    out : path
        That of the new model.
    command : sequence of str or None
        The command that starts another process than the engine's worker.
    cancel : CancelToken
    """

    host: JobHost
    labels: LabelSet
    base: Path
    out: Path
    command: Sequence[str] | None = None
    cancel: CancelToken = field(default_factory=CancelToken)

    def train(self, choices: RetrainChoices) -> Iterator[RetrainEvent | None]:
        """Train, then compare, unless the training was cancelled."""
        device = self.host.settings.device
        chosen = replace(
            preset(choices.parts),
            epochs=choices.epochs,
            seed=choices.seed,
            goal=choices.goal,
            new_classes=new_classes(
                choices.classes, read_card(self.base).config.classes
            ),
        )
        with self._worker() as worker:
            yield from retrain(
                self.labels,
                self.out,
                self.base,
                config=settings_table(chosen),
                device=device,
                cancel=self.cancel,
                worker=worker,
            )
        if not self.cancel.cancelled and self.out.is_dir():
            yield from self.compare()

    def compare(self) -> Iterator[RetrainEvent | None]:
        """Compare the new model with the old one; why it cannot be is a result, too."""
        yield ComparingEvent()
        device = self.host.settings.device
        try:
            with self._worker() as worker:
                yield from compare(
                    self.base,
                    self.out,
                    self.labels,
                    device=device,
                    keep=True,
                    worker=worker,
                )
        except ClumpError as error:
            yield DoneEvent({"problem": error.message})

    @contextmanager
    def _worker(self) -> Iterator[Worker | None]:
        """Give the process that `command` starts, and end it; None without one."""
        worker = None if self.command is None else Worker(self.command)
        try:
            yield worker
        finally:
            if worker is not None:
                worker.kill()
