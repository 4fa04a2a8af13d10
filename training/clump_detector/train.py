"""Training: from a label set, and a model to start from, to a new model folder."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from .augment import Sample
from .calibration import Calibration
from .card import ModelCard
from .checkpoint import AGAIN, foreign, read_checkpoint, write_checkpoint
from .config import ModelConfig, TrainConfig
from .dataset import Samples, load_samples
from .detector import Detector, build_detector
from .encoder import MODEL, is_pretrained, normalisation
from .errors import Cancelled, FileError, TrainingError
from .fitting import Fitter, Judgement, View, Views, judgement_from
from .labels import LabelSet, read_label_set
from .modelfolder import load_model, save_model
from .several import join, leads

Wish = Literal["go", "stop", "cancel"]
Report = Callable[[dict[str, Any]], None]

#: With fewer validation boxes than this the base model's default score is kept.
FEWEST_FOR_SCORE = 20

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
    wish: Callable[[], Wish] = lambda: "go",
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
        self, request: TrainRequest, report: Report, wish: Callable[[], Wish]
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
        self.samples = self._load()
        self.fitter = Fitter(
            detector, config, device, warm=self._is_warm(), team=self.team
        )
        self.best = _Best({})
        self.first_epoch = 1

    def _refuse_existing(self) -> None:
        out = self.request.out
        if out.exists() and (out.is_file() or any(out.iterdir())):
            raise FileError("this folder exists already", out, "Choose another name.")

    def _is_warm(self) -> bool:
        return self.base is not None or is_pretrained(self.model.encoder)

    def _load(self) -> Samples:
        config = self.config
        return load_samples(
            self.labels,
            self.request.labels,
            self.model,
            share=config.validation_share,
            seed=config.seed,
            psf_known=config.psf_known,
            skip_missing=config.skip_missing,
            should_go_on=self._heed,
        )

    def _heed(self) -> None:
        """Raise if a person wants to cancel.

        Raises
        ------
        Cancelled
        """
        if self._wish() == "cancel":
            raise Cancelled

    # -- running ------------------------------------------------------------

    @property
    def steps(self) -> int:
        """Steps per epoch."""
        n = len(self.samples.train)
        once = max(math.ceil(n / self.config.batch), self.config.least_steps)
        return self.config.steps_per_epoch or once

    def run(self) -> Path:
        """Train, save the best and return its folder."""
        if self.request.resume:
            self._restore()
        self._say_start()
        views = Views(self.fitter, self.samples.train, self._heed)
        validation: list[View] = []
        for sample in self.samples.validation if self.team.leads else ():
            self._heed()
            validation.append(self.fitter.view(sample))
        self._clock = time.monotonic()
        waited = 0
        for epoch in range(self.first_epoch, self.config.epochs + 1):
            stopped = self._epoch(epoch, views, validation)
            waited = 0 if self.best.epoch == epoch else waited + 1
            over = stopped or 0 < self.config.patience <= waited
            if self.team.tell(over):
                break
            if self.config.checkpoint and self.team.leads:
                self._keep(epoch)
        if self.team.leads:
            self._save()
        self.team.leave()
        return self.request.out

    def _say_start(self) -> None:
        every = [*self.samples.train, *self.samples.validation]
        n_validation = len(self.samples.validation)
        event: dict[str, Any] = {
            "event": "start",
            **_counts(every),
            "validation": n_validation,
            "epochs": self.config.epochs,
            "steps": self.steps * self.config.epochs,
            "problems": list(self.samples.problems),
        }
        if not n_validation:
            event["note"] = (
                "Too few done cutouts to spare any for validation: the epoch with the "
                "lowest training loss is kept."
            )
        self._report(event)

    def _epoch(self, epoch: int, views: Views, validation: list[View]) -> bool:
        """Train for one epoch, judge it, and tell whether to stop."""
        config = self.config
        rng = np.random.default_rng([config.seed, 4, epoch])
        torch.manual_seed(config.seed * 100_003 + epoch)
        order = _order(len(self.samples.train), self.steps * config.batch, rng)
        losses: list[float] = []
        stopped = False
        try:
            size = config.batch // self.team.size
            for i, batch in enumerate(views.batches(self.team.share(order), size, rng)):
                self._obey()
                step = (epoch - 1) * self.steps + i
                done = step / (self.steps * config.epochs)
                losses.append(self.fitter.step(batch, done))
                self._say_step(step + 1, epoch, losses[-1])
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

    def _obey(self) -> None:
        """Raise if it is to end now.

        Raises
        ------
        Cancelled, _Stopped
        """
        minutes = (time.monotonic() - self._begun) / 60
        wish = self._wish()
        if wish == "go" and 0 < self.config.minutes <= minutes:
            wish = "stop"
        wish = self.team.tell(wish)
        if wish == "cancel":
            raise Cancelled
        if wish == "stop":
            raise _Stopped

    def _say_step(self, step: int, epoch: int, loss: float) -> None:
        steps = self.steps * self.config.epochs
        done = step - (self.first_epoch - 1) * self.steps
        spent = time.monotonic() - self._clock
        left = spent / done * (steps - step)
        if self.config.minutes:
            total = time.monotonic() - self._begun
            left = min(left, max(60 * self.config.minutes - total, 0))
        self._report(
            {
                "event": "step",
                "step": step,
                "steps": steps,
                "epoch": epoch,
                "loss": round(loss, 5),
                "seconds_left": round(left, 1),
            }
        )

    def _note(self, epoch: int, train_loss: float, judged: Judgement | None) -> None:
        """Keep the weights if they are the best so far, and report the epoch."""
        regret = train_loss if judged is None else judged.regret
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

    def _save(self) -> None:
        self._heed()
        detector: Detector = self.fitter.detector
        detector.load_state_dict(self.best.state)
        card = ModelCard(
            name=self.request.out.name,
            config=self.model,
            learned_from=self._learned_from(),
            performance=self._performance(),
            default_score=self._default_score(),
            calibration=self._calibration(),
        )
        save_model(self.request.out, detector, card)
        self.forget()
        self._report(
            {
                "event": "end",
                "model": str(self.request.out),
                "best_epoch": self.best.epoch,
                "seconds": round(time.monotonic() - self._begun, 1),
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
        }
        if self.base is not None:
            learned["parent_learned_from"] = self.base.learned_from
        return learned

    def _performance(self) -> dict[str, Any]:
        judged = self.best.judgement
        if judged is None:
            return {}
        return {
            "on": f"{len(self.samples.validation)} validation cutouts",
            "completeness": judged.completeness,
            "purity": judged.purity,
            "score": self._default_score(),
            "boxes": judged.n_boxes,
        }

    def _default_score(self) -> float:
        judged = self.best.judgement
        least = 0 if self.base is None else FEWEST_FOR_SCORE
        if judged is None or judged.score is None or judged.n_boxes < least:
            return 0.3 if self.base is None else self.base.default_score
        score = float(self._calibration()(judged.score))
        return round(min(max(score, 0.1), 0.9), 2)

    def _calibration(self) -> Calibration:
        """Return what calibrates the scores; the base's where too few boxes tell."""
        judged = self.best.judgement
        if judged is None or judged.calibration is None:
            return Calibration() if self.base is None else self.base.calibration
        return judged.calibration

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
