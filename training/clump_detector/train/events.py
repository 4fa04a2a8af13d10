"""The events that a training reports, and their JSON.

`to_json` gives a dictionary with the key ``event``, which names the kind, and one key
per field; `from_json` is its inverse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import ClassVar

from clump_detector.core.json_types import JsonObject


@dataclass(frozen=True)
class StartEvent:
    """The samples are read and the first step is next.

    Attributes
    ----------
    cutouts, boxes, rejected : int
        Cutouts to learn from and to validate on, and the boxes on them.
    validation : int
        Cutouts of them that are set apart for validation.
    folds : int
        Folds that will be searched; 0 without cross-validation.
    out_of_fold : bool
        Whether calibration comes from boxes out of fold.
    epochs, steps : int
        How many there will be at most.
    problems : tuple of str
        Cutouts that were left out, and why.
    note : str
        What the user should know; may be empty.
    """

    kind: ClassVar[str] = "start"

    cutouts: int
    boxes: int
    rejected: int
    validation: int
    folds: int
    out_of_fold: bool
    epochs: int
    steps: int
    problems: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class FeaturesEvent:
    """The feature maps of the next cutout are being computed.

    Attributes
    ----------
    done : int
        Cutouts whose feature maps are computed.
    total : int
    """

    kind: ClassVar[str] = "features"

    done: int
    total: int


@dataclass(frozen=True)
class StepEvent:
    """One step is done.

    Attributes
    ----------
    step, steps : int
        Number of the step, from 1, and of all steps.
    epoch, fold : int
        Both from 1; a fold of 0 is the training itself.
    loss : float
    seconds_left : float
        Estimated time to the last step.
    """

    kind: ClassVar[str] = "step"

    step: int
    steps: int
    epoch: int
    fold: int
    loss: float
    seconds_left: float


@dataclass(frozen=True)
class EpochEvent:
    """One epoch is done and validated.

    Attributes
    ----------
    epoch : int
        From 1.
    train_loss, validation_loss : float or None
        None where not finite, or where nothing is set apart.
    completeness, purity : float or None
        On the cutouts for validation, at their best score.
    best : bool
        Whether its weights are the best so far.
    """

    kind: ClassVar[str] = "epoch"

    epoch: int
    train_loss: float | None
    validation_loss: float | None
    completeness: float | None
    purity: float | None
    best: bool


@dataclass(frozen=True)
class FoldEvent:
    """Training without one fold is next.

    Attributes
    ----------
    fold : int
        From 1.
    folds : int
        Folds that will be searched.
    """

    kind: ClassVar[str] = "fold"

    fold: int
    folds: int


@dataclass(frozen=True)
class EndEvent:
    """The new model is saved.

    Attributes
    ----------
    model : str
        Path of the model folder.
    best_epoch : int
    seconds : float
        How long the training took.
    score : float
        The default score.
    expected : dict
        As in the model card.
    calibrated : str
        A sentence about the default score.
    """

    kind: ClassVar[str] = "end"

    model: str
    best_epoch: int
    seconds: float
    score: float
    expected: JsonObject
    calibrated: str


TrainEvent = StartEvent | FeaturesEvent | StepEvent | EpochEvent | FoldEvent | EndEvent

#: Takes the events of a training as they come.
OnEvent = Callable[[TrainEvent], None]

KINDS: dict[str, type[TrainEvent]] = {
    cls.kind: cls
    for cls in (StartEvent, FeaturesEvent, StepEvent, EpochEvent, FoldEvent, EndEvent)
}


def ignore_event(event: TrainEvent) -> None:
    """Take an event and do nothing."""


def to_json(event: TrainEvent) -> JsonObject:
    """Return an event as a dictionary that JSON can hold; no empty note."""
    table: JsonObject = {"event": event.kind}
    for one in fields(event):
        value = getattr(event, one.name)
        if one.name != "note" or value:
            table[one.name] = list(value) if isinstance(value, tuple) else value
    return table


def from_json(table: JsonObject) -> TrainEvent:
    """Return the event of a dictionary that `to_json` made.

    Raises
    ------
    ValueError
        If the kind of event, or one of its fields, is unknown or missing.
    """
    values = {key: value for key, value in table.items() if key != "event"}
    cls = KINDS.get(str(table.get("event")))
    if cls is None:
        raise ValueError(f"{table.get('event')!r} is no event of a training")
    if "problems" in values:
        values["problems"] = tuple(values["problems"])
    try:
        return cls(**values)
    except TypeError as error:
        raise ValueError(f"not an event of a training: {error}") from error
