"""One training, from reading the labels to saving the model."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from clump_detector.core.errors import Cancelled
from clump_detector.core.progress import CancelToken
from clump_detector.detector.describing.ensemble import Head, own_weights
from clump_detector.detector.model_folder import save_model
from clump_detector.detector.network import Detector
from clump_detector.images.identity import telling
from clump_detector.metrics.threshold import Goal

from .checkpoint import Checkpoint
from .cross_validation import Unseen, UnseenSearch
from .distributed import leads
from .events import (
    EndEvent,
    EpochEvent,
    FeaturesEvent,
    FoldEvent,
    OnEvent,
    StepEvent,
    ignore_event,
)
from .fitting.validation import BestEpoch, ValidationResult, validate
from .fitting.variants import SampleViews
from .fitting.views import SampleView
from .operating_point import operating_point
from .provenance import make_card
from .request import TrainRequest
from .schedule import StepClock, draw_order
from .setup import prepare


class _Stopped(Exception):  # noqa: N818 - the user's request, or the time that is up
    """Raised inside an epoch to end with the best so far."""


class Training:
    """One run of `clump_detector.train.run.train`.

    Parameters
    ----------
    request : TrainRequest
    on_event : callable
        Takes the events, in the first process.
    cancel : CancelToken

    Raises
    ------
    Cancelled
    TrainingError, LabelError, ModelError, FileError
        As `clump_detector.train.run.train` does.
    """

    def __init__(
        self, request: TrainRequest, on_event: OnEvent, cancel: CancelToken
    ) -> None:
        self.request, self.config = request, request.config
        self._cancel = cancel
        self._report = on_event if leads() else ignore_event
        self._clock = StepClock(self.config.minutes)
        self.setup = prepare(request, cancel)
        self.fitter, self.schedule = self.setup.fitter, self.setup.schedule
        self.processes = self.setup.processes
        self._checkpoint = Checkpoint(
            request.out.parent / f".{request.out.name}.checkpoint.pt",
            self.setup.identity(request),
        )
        self.best = BestEpoch({})
        self._heads: list[Head] = []
        self.first_epoch = 1
        self._stopped = False
        self._step = 0

    # -- running ------------------------------------------------------------

    def run(self) -> Path:
        """Train, calibrate, save and return the new model's folder."""
        start = self.fitter.state()
        if self.request.resume:
            self.best, last = self._checkpoint.restore(self.fitter)
            self.first_epoch = last + 1
        self._report(self.setup.start_event())
        views = SampleViews(
            self.fitter,
            self.setup.samples.train,
            lambda done, total, text: self._report(FeaturesEvent(done, total)),
            self._cancel,
            self.request.out.parent,
        )
        with closing(views):
            self._fit(views, start)
        self.processes.leave()
        return self.request.out

    def _fit(self, views: SampleViews, start: dict[str, Tensor]) -> None:
        """Run the epochs, calibrate the best one, and save it."""
        validation: list[SampleView] = []
        for sample in self.setup.samples.validation if self.processes.leads else ():
            self._cancel.check()
            validation.append(self.fitter.view(sample))
        self._clock.restart()
        self._step = waited = 0
        for epoch in range(self.first_epoch, self.config.epochs + 1):
            self._stopped = self._epoch(epoch, views, validation)
            waited = 0 if self.best.epoch == epoch else waited + 1
            over = self._stopped or 0 < self.config.patience <= waited
            if self.processes.broadcast(over):
                break
            if self.config.checkpoint and self.processes.leads:
                self._checkpoint.write(epoch, self.fitter, self.best)
        if self.processes.leads:
            self._mix_with_base(start)
            self._save(self._unseen(start, views, validation))

    def _mix_with_base(self, start: dict[str, Tensor]) -> None:
        """Take the weighted mean of the best weights and those that it began with."""
        share = self.config.base_share
        if not share:
            return
        for key, value in self.best.state.items():
            if value.is_floating_point():
                self.best.state[key] = value.lerp(start[key], share)

    def _epoch(
        self, epoch: int, views: SampleViews, validation: list[SampleView]
    ) -> bool:
        """Train for one epoch, evaluate it, and return whether to stop."""
        losses: list[float] = []
        stopped = False
        everything = range(len(self.setup.samples.train))
        try:
            for loss in self._learn(epoch, views, everything, self._check):
                losses.append(loss)
                self._report_step(epoch, loss)
        except _Stopped:
            stopped = True
            if self.best.epoch and len(losses) < self.schedule.steps / 2:
                return True
        if not self.processes.leads:
            return stopped
        train_loss = float(np.mean(losses)) if losses else math.inf
        result = validate(self.fitter, validation, self._cancel) if validation else None
        self._select(epoch, train_loss, result)
        return stopped

    def _learn(
        self,
        epoch: int,
        views: SampleViews,
        among: Sequence[int],
        check: Callable[[], None],
        fold: int = 0,
    ) -> Iterator[float]:
        """Take the steps of one epoch on some of the samples, and yield their losses.

        Raises
        ------
        Cancelled, _Stopped
            If ``check``, which is called before each step, does.
        """
        config = self.config
        rng = np.random.default_rng([config.seed, 4, epoch, *([fold] if fold else [])])
        torch.manual_seed(config.seed * 100_003 + epoch)
        steps = self.schedule.steps_on(len(among))
        order = [among[i] for i in draw_order(len(among), steps * config.batch, rng)]
        size = config.batch // self.processes.size
        batches = views.batches(self.processes.share(order), size, rng)
        for i, batch in enumerate(batches):
            check()
            done = ((epoch - 1) * steps + i) / (steps * config.epochs)
            yield self.fitter.step(batch, done)

    def _check(self) -> None:
        """Raise if the training is to end now, in all processes alike.

        Raises
        ------
        Cancelled, _Stopped
        """
        token = self._cancel
        stopping = token.stopping or self._clock.time_is_up
        cancelled, stopping = self.processes.broadcast((token.cancelled, stopping))
        if cancelled:
            raise Cancelled
        if stopping:
            raise _Stopped

    def _select(
        self, epoch: int, train_loss: float, result: ValidationResult | None
    ) -> None:
        """Keep the weights if they are the best so far, and report the epoch."""
        selection_loss = train_loss if result is None else result.selection_loss
        if self.setup.folds:  # the rate has fallen to nothing: the last is the best
            selection_loss = -float(epoch)
        best = selection_loss < self.best.selection_loss or not self.best.epoch
        if best:
            self.best = BestEpoch(self.fitter.state(), epoch, selection_loss, result)
        self._report(_epoch_event(epoch, train_loss, result, best=best))

    # -- what the new model finds where it did not learn ------------------------

    def _unseen(
        self, start: dict[str, Tensor], views: SampleViews, validation: list[SampleView]
    ) -> Unseen:
        """Return the boxes from which the scores are calibrated."""
        search = UnseenSearch(
            self.fitter,
            views,
            self.setup.samples,
            self.setup.model,
            start,
            has_base=self.setup.base is not None,
            cancel=self._cancel,
        )
        if self.setup.folds:
            return search.folds(self.setup.folds, self.setup.n_folds, self._learn_anew)
        if validation:
            return search.validation(self.best.state, validation)
        return search.learned(self.best.state)

    def _learn_anew(self, views: SampleViews, among: Sequence[int], fold: int) -> bool:
        """Repeat the training on some of the samples; return whether to the end.

        Where a user has stopped the training, or does now, one fold has to do.
        """

        def check() -> None:
            self._cancel.check()
            if fold > 1 and (self._cancel.stopping or self._clock.time_is_up):
                raise _Stopped

        self._report(FoldEvent(fold, len(self.setup.folds)))
        epochs = self.best.epoch if self._stopped else self.config.epochs
        try:
            for epoch in range(1, epochs + 1):
                for loss in self._learn(epoch, views, among, check, fold):
                    self._report_step(epoch, loss, fold=fold)
        except _Stopped:
            return False
        if self.config.ensemble:
            left_out = (self.setup.samples.train[i] for i in self.setup.folds[fold - 1])
            keys = {key for sample in left_out for key in telling(sample.keys)}
            heads = own_weights(self.fitter.detector.roi_heads)
            self._heads.append(Head(heads, sorted(keys)))
        return True

    # -- reporting, saving and resuming -----------------------------------------

    def _report_step(self, epoch: int, loss: float, fold: int = 0) -> None:
        """Report a step; those of the folds count on from those of the training."""
        self._step += 1
        steps = self.schedule.all_steps
        step = (self.first_epoch - 1) * self.schedule.steps + self._step
        left = self._clock.tick(steps - step)
        self._report(
            StepEvent(
                step=min(step, steps),
                steps=steps,
                epoch=epoch,
                fold=fold,
                loss=round(loss, 5),
                seconds_left=round(left, 1),
            )
        )

    def _save(self, unseen: Unseen) -> None:
        self._cancel.check()
        detector: Detector = self.fitter.detector
        detector.load_state_dict(self.best.state)
        base = self.setup.base
        before = None if base is None else (base.calibration, base.default_score)
        point = operating_point(unseen, before, Goal.of(self.config.goal))
        card = make_card(
            self.request,
            self.setup,
            point,
            best_epoch=self.best.epoch,
            minutes=self._clock.seconds / 60,
        )
        save_model(self.request.out, detector, card, self._heads)
        self.remove_checkpoint()
        self._report(
            EndEvent(
                model=str(self.request.out),
                best_epoch=self.best.epoch,
                seconds=round(self._clock.seconds, 1),
                score=point.score,
                expected=point.as_table(),
                calibrated=point.sentence,
            )
        )

    def remove_checkpoint(self) -> None:
        """Remove the checkpoint, where one is written."""
        if self.config.checkpoint:
            self._checkpoint.remove()


def _epoch_event(
    epoch: int, train_loss: float, result: ValidationResult | None, *, best: bool
) -> EpochEvent:
    return EpochEvent(
        epoch=epoch,
        train_loss=_finite(train_loss),
        validation_loss=None if result is None else _finite(result.loss),
        completeness=None if result is None else result.completeness,
        purity=None if result is None else result.purity,
        best=best,
    )


def _finite(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None
