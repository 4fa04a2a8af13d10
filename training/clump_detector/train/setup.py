"""What a training works on: labels, samples, folds, the detector and its schedule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from clump_detector.config.model import ModelConfig, with_scale
from clump_detector.config.training import ENSEMBLE_FOLDS, TrainConfig
from clump_detector.core.errors import FileError
from clump_detector.core.json_types import JsonObject
from clump_detector.core.progress import CancelToken
from clump_detector.core.text import plural
from clump_detector.detector.class_layers import with_more_classes
from clump_detector.detector.encoder import MODEL, is_pretrained, normalisation
from clump_detector.detector.model_folder import load_model
from clump_detector.detector.network import Detector, build_detector
from clump_detector.labels.classes.names import known_class
from clump_detector.labels.label_set import LabelSet, read_label_set
from clump_detector.models.card import ModelCard

from .cross_validation import deal, enough
from .distributed import Processes, join
from .events import StartEvent
from .fitting.fitter import FROZEN_BELOW, Fitter, Start
from .request import TrainRequest
from .samples.dataset import Samples, counts, load_samples, teaches
from .schedule import Schedule

#: From fewer boxes a class is not learned well: half of a kind differs by chance.
FEW_OF_A_CLASS = 50

_TOO_FEW = (
    "Too few done cutouts to spare any for validation: the epoch with the lowest "
    "training loss is kept."
)

_NO_ENSEMBLE = (
    "No ensemble is kept: it takes from 2 to {most} galaxies to learn from, and here "
    "are {n}."
)


_NO_HALF = (
    "Half precision is asked for, but this processor only imitates it, which takes "
    "many times as long: full precision is used."
)


@dataclass(frozen=True)
class Setup:
    """What a training works on.

    Attributes
    ----------
    labels : LabelSet
    samples : Samples
    model : ModelConfig
    base : ModelCard or None
        Of the model that the training starts from.
    new_classes : tuple of str
        Those of the model that it did not have there.
    folds : list of lists of int
        The folds to search, as indices of the samples to learn from.
    n_folds : int
        How many there are in all.
    fitter : Fitter
    schedule : Schedule
    processes : Processes
    """

    labels: LabelSet
    samples: Samples
    model: ModelConfig
    base: ModelCard | None
    new_classes: tuple[str, ...]
    folds: list[list[int]]
    n_folds: int
    fitter: Fitter
    schedule: Schedule
    processes: Processes

    def identity(self, request: TrainRequest) -> JsonObject:
        """Return what a checkpoint has to agree with to be continued from."""
        return {
            "labels": self.labels.hash(),
            "config": asdict(request.config),
            "model": asdict(self.model),
        }

    def start_event(self) -> StartEvent:
        """Return the event that reports what is about to be learned."""
        n_validation = len(self.samples.validation)
        return StartEvent(
            **counts([*self.samples.train, *self.samples.validation]),
            validation=n_validation,
            folds=len(self.folds),
            out_of_fold=bool(self.folds),
            epochs=self.schedule.config.epochs,
            steps=self.schedule.all_steps,
            problems=(
                *self.samples.problems,
                *self._of_new_classes(),
                *self._of_precision(),
            ),
            note=self._note(),
        )

    def _of_new_classes(self) -> Iterator[str]:
        """Yield from how many boxes each class is learned that the base has not."""
        for cls in self.new_classes:
            number = self.model.classes.index(cls) + 1
            n = sum(int((s.labels == number).sum()) for s in self.samples.train)
            yield (
                f"The class {cls!r} is new to the model, which learns it from "
                f"{plural(n, 'box', 'boxes')}"
                + (", which are few." if n < FEW_OF_A_CLASS else ".")
            )

    def _of_precision(self) -> Iterator[str]:
        """Yield that another precision is used than the one asked for, if so."""
        if self.schedule.config.precision == "half" and not self.fitter.half:
            yield _NO_HALF

    def _note(self) -> str:
        """Return what the user should know before the training begins."""
        config = self.schedule.config
        if config.ensemble and len(self.folds) < 2:
            n = self.schedule.n_train
            return _NO_ENSEMBLE.format(n=n, most=config.most_for_folds)
        return "" if self.samples.validation or self.folds else _TOO_FEW


def prepare(request: TrainRequest, cancel: CancelToken) -> Setup:
    """Build the detector and read the samples of a training.

    Parameters
    ----------
    request : TrainRequest
    cancel : CancelToken
        Checked before each cutout.

    Raises
    ------
    Cancelled
    TrainingError, LabelError, ModelError, FileError
        As `clump_detector.train.run.train` does.
    """
    config = request.config
    _refuse_existing(request.out)
    processes, device = join(config.device, config.train_parts, config.batch)
    torch.manual_seed(config.seed)
    detector, model, base = _starting_point(request)
    known = model.classes
    model, detector = _with_new_classes(detector, model, config.new_classes)
    labels = read_label_set(request.labels)
    in_folds = processes.size == 1 and _suits_folds(labels, config)
    samples = load_samples(
        labels,
        request.labels,
        model,
        share=0.0 if in_folds else config.validation_share,
        seed=config.seed,
        psf_known=config.psf_known,
        validate_on=config.validate_on,
        skip_missing=config.skip_missing,
        cancel=cancel,
    )
    n_folds = ENSEMBLE_FOLDS if config.ensemble else config.folds
    dealt = deal(samples.train, n_folds, config.seed) if in_folds else []
    folds = dealt if config.ensemble else dealt[: enough(dealt)]
    start = _trained_before(model, base)
    return Setup(
        labels=labels,
        samples=samples,
        model=model,
        base=base,
        new_classes=model.classes[len(known) :],
        folds=folds,
        n_folds=len(dealt),
        fitter=Fitter(detector, config, device, start=start, processes=processes),
        schedule=Schedule(config, len(samples.train), folds),
        processes=processes,
    )


def _refuse_existing(out: Path) -> None:
    if out.exists() and (out.is_file() or any(out.iterdir())):
        raise FileError("this folder exists already", out, "Choose another name.")


def _starting_point(
    request: TrainRequest,
) -> tuple[Detector, ModelConfig, ModelCard | None]:
    """Return the detector to train, its configuration, and the base model's card."""
    if request.base is not None:
        detector, card = load_model(request.base)
        model = with_scale(card.config, request.model, request.model_keys)
        return detector, model, card
    mean, std = request.model.image_mean, request.model.image_std
    if request.model.encoder.startswith(MODEL):
        mean, std = normalisation(request.model.encoder)
    model = replace(request.model, image_mean=mean, image_std=std)
    return build_detector(model), model, None


def _with_new_classes(
    detector: Detector, model: ModelConfig, new: Sequence[str]
) -> tuple[ModelConfig, Detector]:
    """Return a detector that can learn more classes, and its configuration."""
    added = [cls for cls in new if known_class(cls, model.classes) is None]
    if not added:
        return model, detector
    model = replace(model, classes=(*model.classes, *added))
    return model, with_more_classes(detector, model)


def _trained_before(model: ModelConfig, base: ModelCard | None) -> Start:
    if base is not None:
        return "model"
    return "encoder" if is_pretrained(model.encoder) else "nothing"


def _suits_folds(labels: LabelSet, config: TrainConfig) -> bool:
    """Whether folds replace a part that is set apart for validation.

    They cost little where feature maps are stored, and where cutouts are few.
    """
    many = sum(map(teaches, labels.subset(held_out=False).cutouts))
    few = config.folds >= 2 and many <= config.most_for_folds
    return few and config.train_parts in FROZEN_BELOW
