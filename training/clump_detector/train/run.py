"""Training: from a label set, and a model to start from, to a new model folder."""

from __future__ import annotations

import math
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from clump_detector.config.model import ModelConfig
from clump_detector.config.training import TrainConfig
from clump_detector.core.errors import Cancelled, FileError, TrainingError
from clump_detector.detector.encoder import MODEL, is_pretrained, normalisation
from clump_detector.detector.model_folder import load_model, save_model
from clump_detector.detector.network import Detector, build_detector
from clump_detector.images.identity import telling
from clump_detector.labels.label_set import LabelSet, read_label_set
from clump_detector.metrics.threshold import Goal
from clump_detector.models.card import ModelCard

from .augment import Sample
from .checkpoint import AGAIN, foreign, read_checkpoint, write_checkpoint
from .cross_validation import Unseen, UnseenSearch, deal, enough
from .dataset import Samples, load_samples, teaches
from .distributed import join, leads
from .fitter import (
    KEPT_FOR,
    Fitter,
    Judgement,
    SampleView,
    SampleViews,
    Start,
    judgement_from,
)
from .operating_point import OperatingPoint, operating_point

Control = Literal["go", "stop", "cancel"]
Report = Callable[[dict[str, Any]], None]

#: So many of the last steps tell how long those to come take.
_RECENT = 50

_LESS_MEMORY = (
    "Close other programs, lower the batch, or train fewer parts: heads take the least."
)


@dataclass(frozen=True)
class TrainRequest:
    """What to learn from, from where to start, and where the new model goes.

    Attributes
    ----------
    labels : path
        A label set; its held-out cutouts are left alone.
    out : path
        The new model folder, which must not exist.
    base : path or None
        The model folder to start from; None starts from the encoder.
    config : TrainConfig
    model : ModelConfig
        Counts only without a base.
    resume : bool
        Go on from the checkpoint that an earlier training to ``out`` left.
    recipe : str
        Name of the recipe, for the card.
    """

    labels: Path
    out: Path
    base: Path | None = None
    config: TrainConfig = field(default_factory=TrainConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    resume: bool = False
    recipe: str = ""


@dataclass
class _Best:
    """The best weights so far, and how well they do: less ``regret`` is better."""

    state: dict[str, Tensor]
    epoch: int = 0
    regret: float = math.inf
    judgement: Judgement | None = None


class _Stopped(Exception):  # noqa: N818 - a person's wish, or the time that is up
    """Raised inside an epoch to end with the best so far."""


def train(
    request: TrainRequest,
    report: Report = lambda event: None,
    wish: Callable[[], Control] = lambda: "go",
) -> Path:
    """Train a detector and return its model folder.

    Parameters
    ----------
    request : TrainRequest
    report : callable
        Told what happens: ``start``, ``step``, ``epoch`` and ``end``, each a dictionary
        that JSON can hold.
    wish : callable
        Asked at every step: "stop" keeps the best so far, "cancel" nothing.

    Raises
    ------
    Cancelled
        If that is the wish; nothing is left on the disk.
    TrainingError
        If there is nothing to learn from, or it cannot go on.
    LabelError, ModelError, FileError
        If the labels or the base model cannot be used, or the new one not be written.
    """
    training: Training | None = None
    try:
        training = Training(request, report, wish)
        return training.run()
    except Cancelled:
        if training is not None:
            training.forget()
        raise
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise TrainingError("the memory is full", remedy=_LESS_MEMORY) from error
    except RuntimeError as error:
        if "allocate memory" in str(error) or "out of memory" in str(error):
            raise TrainingError("the memory is full", remedy=_LESS_MEMORY) from error
        raise


class Training:
    """One run of `train`, from reading the labels to saving the model."""

    def __init__(
        self, request: TrainRequest, report: Report, wish: Callable[[], Control]
    ) -> None:
        self.request, self.config = request, request.config
        self._wish = wish
        self._report = report if leads() else lambda event: None
        self._begun = time.monotonic()
        self._refuse_existing()
        config = self.config
        self.team, device = join(config.device, config.train_parts, config.batch)
        torch.manual_seed(self.config.seed)
        self.base: ModelCard | None = None
        if request.base is None:
            mean, std = request.model.mean, request.model.std
            if request.model.encoder.startswith(MODEL):
                mean, std = normalisation(request.model.encoder)
            self.model = replace(request.model, mean=mean, std=std)
            detector = build_detector(self.model)
        else:
            detector, self.base = load_model(request.base)
            self.model = self.base.config
        self.labels = read_label_set(request.labels)
        in_folds = self._in_folds()
        self.samples = self._load(0.0 if in_folds else config.validation_share)
        self.folds: list[list[int]] = []
        if in_folds:
            self.folds = deal(self.samples.train, config.folds, config.seed)
        self.n_folds = len(self.folds)
        self.folds = self.folds[: enough(self.folds)]
        self.fitter = Fitter(
            detector, config, device, start=self._trained_before(), team=self.team
        )
        self.best = _Best({})
        self.first_epoch = 1
        self._stopped = False
        self._clock, self._step = time.monotonic(), 0
        self._durations: deque[float] = deque(maxlen=_RECENT)

    def _refuse_existing(self) -> None:
        out = self.request.out
        if out.exists() and (out.is_file() or any(out.iterdir())):
            raise FileError("this folder exists already", out, "Choose another name.")

    def _trained_before(self) -> Start:
        if self.base is not None:
            return "model"
        return "encoder" if is_pretrained(self.model.encoder) else "nothing"

    def _load(self, share: float) -> Samples:
        config = self.config
        return load_samples(
            self.labels,
            self.request.labels,
            self.model,
            share=share,
            seed=config.seed,
            psf_known=config.psf_known,
            skip_missing=config.skip_missing,
            should_go_on=self._heed,
        )

    def _in_folds(self) -> bool:
        """Whether folds take the place of a part that is set apart.

        They cost little where feature maps are kept, and one process has to do.
        """
        config = self.config
        many = sum(map(teaches, self.labels.subset(held_out=False).cutouts))
        few = config.folds >= 2 and many <= config.most_for_folds
        return few and config.train_parts in KEPT_FOR and self.team.size == 1

    def _heed(self) -> None:
        """Raise if a person wants to cancel.

        Raises
        ------
        Cancelled
        """
        if self._wish() == "cancel":
            raise Cancelled

    # -- running ------------------------------------------------------------

    def _steps(self, n: int) -> int:
        """Return the steps per epoch on n cutouts."""
        once = max(math.ceil(n / self.config.batch), self.config.least_steps)
        return self.config.steps_per_epoch or once

    @property
    def steps(self) -> int:
        """Steps per epoch."""
        return self._steps(len(self.samples.train))

    def _fold_steps(self, fold: Sequence[int]) -> int:
        """Return the steps per epoch on what is not in a fold."""
        return self._steps(len(self.samples.train) - len(fold))

    @property
    def all_steps(self) -> int:
        """All steps that are taken if nobody stops it, those for folds included."""
        folds = sum(self._fold_steps(fold) for fold in self.folds)
        return (self.steps + folds) * self.config.epochs

    def run(self) -> Path:
        """Train, calibrate, save and return the new model's folder."""
        start = self.fitter.state()
        if self.request.resume:
            self._restore()
        self._say_start()
        folder = self.request.out.parent
        samples = self.samples.train
        with closing(
            SampleViews(self.fitter, samples, self._say_features, folder)
        ) as v:
            self._fit(v, start)
        self.team.leave()
        return self.request.out

    def _fit(self, views: SampleViews, start: dict[str, Tensor]) -> None:
        """Go through the epochs, calibrate what comes out, and save it."""
        validation: list[SampleView] = []
        for sample in self.samples.validation if self.team.leads else ():
            self._heed()
            validation.append(self.fitter.view(sample))
        self._clock, self._step = time.monotonic(), 0
        waited = 0
        for epoch in range(self.first_epoch, self.config.epochs + 1):
            self._stopped = self._epoch(epoch, views, validation)
            waited = 0 if self.best.epoch == epoch else waited + 1
            over = self._stopped or 0 < self.config.patience <= waited
            if self.team.tell(over):
                break
            if self.config.checkpoint and self.team.leads:
                self._keep(epoch)
        if self.team.leads:
            self._save(self._unseen(start, views, validation))

    def _say_start(self) -> None:
        every = [*self.samples.train, *self.samples.validation]
        n_validation = len(self.samples.validation)
        event: dict[str, Any] = {
            "event": "start",
            **_counts(every),
            "validation": n_validation,
            "folds": len(self.folds),
            "out_of_fold": bool(self.folds),
            "epochs": self.config.epochs,
            "steps": self.all_steps,
            "problems": list(self.samples.problems),
        }
        if not n_validation and not self.folds:
            event["note"] = (
                "Too few done cutouts to spare any for validation: the epoch with the "
                "lowest training loss is kept."
            )
        self._report(event)

    def _say_features(self, i: int) -> None:
        """Report that the feature maps of a sample are to be made; heed a cancel."""
        self._heed()
        n = len(self.samples.train)
        self._report({"event": "features", "done": i, "total": n})

    def _epoch(
        self, epoch: int, views: SampleViews, validation: list[SampleView]
    ) -> bool:
        """Train for one epoch, judge it, and tell whether to stop."""
        losses: list[float] = []
        stopped = False
        everything = range(len(self.samples.train))
        try:
            for loss in self._learn(epoch, views, everything, self._obey):
                losses.append(loss)
                self._say_step(epoch, loss)
        except _Stopped:
            stopped = True
            if self.best.epoch and len(losses) < self.steps / 2:
                return True
        if not self.team.leads:
            return stopped
        train_loss = float(np.mean(losses)) if losses else math.inf
        judged = self.fitter.judge(validation, self._heed) if validation else None
        self._note(epoch, train_loss, judged)
        return stopped

    def _learn(
        self,
        epoch: int,
        views: SampleViews,
        among: Sequence[int],
        obey: Callable[[], None],
        fold: int = 0,
    ) -> Iterator[float]:
        """Take the steps of one epoch on some of the samples, and yield their losses.

        Raises
        ------
        Cancelled, _Stopped
            If ``obey``, which is called before each step, does.
        """
        config = self.config
        rng = np.random.default_rng([config.seed, 4, epoch, *([fold] if fold else [])])
        torch.manual_seed(config.seed * 100_003 + epoch)
        steps = self._steps(len(among))
        order = [among[i] for i in _order(len(among), steps * config.batch, rng)]
        size = config.batch // self.team.size
        for i, batch in enumerate(views.batches(self.team.share(order), size, rng)):
            obey()
            done = ((epoch - 1) * steps + i) / (steps * config.epochs)
            yield self.fitter.step(batch, done)

    # -- what the new model finds where it did not learn ------------------------

    def _unseen(
        self, start: dict[str, Tensor], views: SampleViews, validation: list[SampleView]
    ) -> Unseen:
        """Return what tells how sure the new model's scores are."""
        search = UnseenSearch(
            self.fitter,
            views,
            self.samples,
            self.model,
            start,
            has_base=self.base is not None,
            heed=self._heed,
        )
        if self.folds:
            return search.folds(self.folds, self.n_folds, self._learn_anew)
        if validation:
            return search.validation(self.best.state, validation)
        return search.learned(self.best.state)

    def _learn_anew(self, views: SampleViews, among: Sequence[int], fold: int) -> bool:
        """Learn what the training did on some of the samples; tell if to the end.

        Where a person has stopped the training, or does now, one fold has to do.
        """

        def obey() -> None:
            wish = self._wish()
            if wish == "cancel":
                raise Cancelled
            if fold > 1 and (wish == "stop" or self._time_is_up):
                raise _Stopped

        self._report({"event": "fold", "fold": fold, "folds": len(self.folds)})
        epochs = self.best.epoch if self._stopped else self.config.epochs
        try:
            for epoch in range(1, epochs + 1):
                for loss in self._learn(epoch, views, among, obey, fold):
                    self._say_step(epoch, loss, fold=fold)
        except _Stopped:
            return False
        return True

    @property
    def _time_is_up(self) -> bool:
        minutes = (time.monotonic() - self._begun) / 60
        return 0 < self.config.minutes <= minutes

    def _obey(self) -> None:
        """Raise if it is to end now.

        Raises
        ------
        Cancelled, _Stopped
        """
        wish = self._wish()
        if wish == "go" and self._time_is_up:
            wish = "stop"
        wish = self.team.tell(wish)
        if wish == "cancel":
            raise Cancelled
        if wish == "stop":
            raise _Stopped

    def _say_step(self, epoch: int, loss: float, fold: int = 0) -> None:
        """Report a step; those of the folds count on from those of the training."""
        self._step += 1
        steps = self.all_steps
        step = (self.first_epoch - 1) * self.steps + self._step
        now = time.monotonic()
        self._durations.append(now - self._clock)
        self._clock = now
        # The median, for there are searches between some steps.
        left = statistics.median(self._durations) * max(steps - step, 0)
        if self.config.minutes:
            total = time.monotonic() - self._begun
            left = min(left, max(60 * self.config.minutes - total, 0))
        self._report(
            {
                "event": "step",
                "step": min(step, steps),
                "steps": steps,
                "epoch": epoch,
                "fold": fold,
                "loss": round(loss, 5),
                "seconds_left": round(left, 1),
            }
        )

    def _note(self, epoch: int, train_loss: float, judged: Judgement | None) -> None:
        """Keep the weights if they are the best so far, and report the epoch."""
        regret = train_loss if judged is None else judged.regret
        if self.folds:  # the rate has fallen to nothing: the last is the best
            regret = -float(epoch)
        best = regret < self.best.regret or not self.best.epoch
        if best:
            self.best = _Best(self.fitter.state(), epoch, regret, judged)
        self._report(
            {
                "event": "epoch",
                "epoch": epoch,
                "train_loss": _finite(train_loss),
                "validation_loss": None if judged is None else _finite(judged.loss),
                "completeness": None if judged is None else judged.completeness,
                "purity": None if judged is None else judged.purity,
                "best": best,
            }
        )

    # -- ending -------------------------------------------------------------

    def _save(self, unseen: Unseen) -> None:
        self._heed()
        detector: Detector = self.fitter.detector
        detector.load_state_dict(self.best.state)
        base = self.base
        before = None if base is None else (base.calibration, base.default_score)
        point = operating_point(unseen, before, Goal.of(self.config.goal))
        card = ModelCard(
            name=self.request.out.name,
            config=self.model,
            learned_from=self._learned_from(),
            performance=_performance(point),
            default_score=point.score,
            calibration=point.calibration,
            expected=point.as_table(),
        )
        save_model(self.request.out, detector, card)
        self.forget()
        self._report(
            {
                "event": "end",
                "model": str(self.request.out),
                "best_epoch": self.best.epoch,
                "seconds": round(time.monotonic() - self._begun, 1),
                "score": point.score,
                "expected": point.as_table(),
                "calibrated": point.sentence,
            }
        )

    def _learned_from(self) -> dict[str, Any]:
        every = [*self.samples.train, *self.samples.validation]
        learned: dict[str, Any] = {
            **_counts(every),
            "validation": len(self.samples.validation),
            "label_set": self.labels.hash(),
            "label_set_info": _plain(self.labels),
            "encoder": self.model.encoder.split("/")[-1],
            "parent": None if self.base is None else self.base.model_id,
            "recipe": self.request.recipe,
            "seed": self.config.seed,
            "best_epoch": self.best.epoch,
            "minutes": round((time.monotonic() - self._begun) / 60, 2),
            "processes": self.team.size,
            "train": asdict(self.config),
            "versions": _versions(),
            "images": sorted({key for one in every for key in telling(one.keys)}),
        }
        if self.base is not None:
            learned["ancestor_images"] = sorted(self.base.learned_keys)
            learned["unknown_ancestors"] = list(self.base.unknown_ancestors)
            learned["parent_learned_from"] = {
                key: value
                for key, value in self.base.learned_from.items()
                if key not in ("images", "ancestor_images", "unknown_ancestors")
            }
        return learned

    # -- checkpoints ----------------------------------------------------------

    @property
    def _checkpoint(self) -> Path:
        return self.request.out.parent / f".{self.request.out.name}.checkpoint.pt"

    def forget(self) -> None:
        """Remove the checkpoint."""
        if self.config.checkpoint:
            self._checkpoint.unlink(missing_ok=True)

    def _keep(self, epoch: int) -> None:
        judged = self.best.judgement
        write_checkpoint(
            self._checkpoint,
            {
                "labels": self.labels.hash(),
                "config": asdict(self.config),
                "model": asdict(self.model),
                "epoch": epoch,
                "detector": self.fitter.detector.state_dict(),
                "optimizer": self.fitter.optimizer.state_dict(),
                "best": self.best.state,
                "best_epoch": self.best.epoch,
                "best_regret": self.best.regret,
                "judgement": None if judged is None else asdict(judged),
            },
        )

    def _restore(self) -> None:
        """Go on where the checkpoint ends.

        Raises
        ------
        TrainingError
            If there is none, or it is of another training.
        """
        path = self._checkpoint
        kept = read_checkpoint(path, self.fitter.device)
        try:
            same = (kept["labels"], kept["config"], kept["model"]) == (
                self.labels.hash(),
                asdict(self.config),
                asdict(self.model),
            )
            self.fitter.detector.load_state_dict(kept["detector"])
            self.fitter.optimizer.load_state_dict(kept["optimizer"])
            judged = kept["judgement"]
            self.best = _Best(
                kept["best"],
                kept["best_epoch"],
                kept["best_regret"],
                None if judged is None else judgement_from(judged),
            )
            self.first_epoch = kept["epoch"] + 1
        except Exception as error:  # whatever a foreign file leads to
            raise foreign(path, error) from error
        if not same:
            raise TrainingError(
                "this checkpoint is of another label set or other options", path, AGAIN
            )


def _performance(point: OperatingPoint) -> dict[str, Any]:
    """Return how well it does at its score, on what it did not learn from."""
    completeness, purity = point.figures
    if completeness is None or purity is None:
        return {}
    return {
        "on": f"{point.galaxies} cutouts, {point.method}",
        "completeness": completeness,
        "purity": purity,
        "score": point.score,
        "boxes": point.n_true,
    }


def _counts(samples: list[Sample]) -> dict[str, int]:
    return {
        "cutouts": len(samples),
        "boxes": sum(len(s.boxes) for s in samples),
        "rejected": sum(len(s.rejected) for s in samples),
    }


def _order(n: int, wanted: int, rng: np.random.Generator) -> list[int]:
    """Return indices, every one once before any comes again."""
    rounds = -(-wanted // n)
    order = np.concatenate([rng.permutation(n) for _ in range(rounds)])
    return [int(i) for i in order[: max(wanted, 1)]]


def _finite(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None


def _plain(labels: LabelSet) -> dict[str, Any]:
    """Return where the labels come from, without paths of this machine."""
    return {k: v for k, v in labels.info.items() if k not in ("path", "folder", "file")}


def _versions() -> dict[str, str]:
    found = {}
    for name in ("napari-clumps", "torch", "torchvision", "timm"):
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
