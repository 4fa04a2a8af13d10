"""The messages between the window and the worker process, and their JSON.

`clump_detector.worker` documents the protocol; the events of a training are those of
`clump_detector.train.events`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.json_types import JsonObject
from clump_detector.images.artefacts.kinds import Artefact, artefacts_from_json
from clump_detector.models.described import Description
from clump_detector.train import events as training
from clump_detector.train.events import TrainEvent

# -- requests -----------------------------------------------------------------


@dataclass(frozen=True)
class DetectMessage:
    """Search cutouts with a model.

    Attributes
    ----------
    model : str
        Path of the model folder.
    cutouts : list of dict
        Each with ``key``, ``name``, ``fwhm``, and ``files`` and ``bands``, or
        ``array``, a .npy file, and ``rgb``; ``boxes`` are described, too.
    device : str
        auto, cpu, cuda or mps.
    describe : bool
        Whether the proposals come with a `Description`.
    """

    do: ClassVar[str] = "detect"

    model: str
    cutouts: list[JsonObject]
    device: str = "auto"
    describe: bool = False


@dataclass(frozen=True)
class ArtefactsMessage:
    """Search cutouts for artefacts, until another request waits.

    Attributes
    ----------
    cutouts : list of dict
        As those of a `DetectMessage`.
    """

    do: ClassVar[str] = "artefacts"

    cutouts: list[JsonObject]


@dataclass(frozen=True)
class TrainMessage:
    """Train a model.

    Attributes
    ----------
    labels : str
        Path of the label set.
    out : str
        Path of the new model folder.
    base : str or None
        Path of the model folder to start from.
    config : dict
        Fields of `clump_detector.config.training.TrainConfig`.
    """

    do: ClassVar[str] = "train"

    labels: str
    out: str
    base: str | None = None
    config: JsonObject = field(default_factory=dict)


@dataclass(frozen=True)
class CompareMessage:
    """Compare two models on a label set.

    Attributes
    ----------
    old, new : str
        Paths of the model folders.
    labels : str
        Path of the label set.
    which : {"held_out", "all"}
        Cutouts to compare on.
    keep : bool
        Whether to keep the verdict in the card of the new model.
    """

    do: ClassVar[str] = "compare"

    old: str
    new: str
    labels: str
    device: str = "auto"
    which: Literal["all", "held_out"] = "held_out"
    keep: bool = False


@dataclass(frozen=True)
class ExplainMessage:
    """Explain why a model proposes a box.

    Attributes
    ----------
    model : str
        Path of the model folder.
    cutout : dict
        As one of those of a `DetectMessage`; its first box is explained.
    device : str
        auto, cpu, cuda or mps.
    """

    do: ClassVar[str] = "explain"

    model: str
    cutout: JsonObject
    device: str = "auto"


@dataclass(frozen=True)
class CancelMessage:
    """End another request, whose id it has, and keep nothing."""

    do: ClassVar[str] = "cancel"


@dataclass(frozen=True)
class StopMessage:
    """End a training, whose id it has, and keep the best model so far."""

    do: ClassVar[str] = "stop"


Request = (
    DetectMessage
    | ArtefactsMessage
    | TrainMessage
    | CompareMessage
    | ExplainMessage
    | CancelMessage
    | StopMessage
)


def to_json(request: Request, number: int) -> JsonObject:
    """Return a request as a dictionary that JSON can hold.

    Parameters
    ----------
    request : Request
    number : int
        Id of the request, or of the one to cancel or stop.
    """
    values = {one.name: getattr(request, one.name) for one in fields(request)}
    return {"id": number, "do": request.do, **values}


# -- events -------------------------------------------------------------------


@dataclass(frozen=True)
class Loading:
    """The model is being loaded, or is loaded now and has a name."""

    model: str | None = None


@dataclass(frozen=True)
class Proposals:
    """The proposals of a model on one cutout, down to its score floor.

    ``boxes`` has shape (n, 4), ``scores`` (n,); ``size`` is (width, height) in pixels;
    ``description`` is there where it was asked for.
    """

    key: str | int
    size: tuple[int, int]
    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    classes: list[str]
    model: str
    notes: tuple[str, ...] = ()
    description: Description | None = None


@dataclass(frozen=True)
class FoundArtefacts:
    """The artefacts on one cutout."""

    key: str | int
    artefacts: tuple[Artefact, ...]


@dataclass(frozen=True)
class Unreadable:
    """A cutout that could not be searched, and why."""

    key: str | int
    message: str


@dataclass(frozen=True)
class ProgressEvent:
    """Steps done of a comparison, and steps in all."""

    done: int
    total: int


@dataclass(frozen=True)
class DoneEvent:
    """The request is completed; ``result`` depends on its kind."""

    result: JsonObject


@dataclass(frozen=True)
class ErrorEvent:
    """The request failed; the message is for the user."""

    message: str


@dataclass(frozen=True)
class CancelledEvent:
    """The request was cancelled."""


#: The last event of a request.
LastEvent = DoneEvent | ErrorEvent | CancelledEvent

WorkerEvent = (
    Loading
    | Proposals
    | FoundArtefacts
    | Unreadable
    | ProgressEvent
    | TrainEvent
    | LastEvent
)


def from_json(table: JsonObject) -> WorkerEvent:
    """Return the event of a dictionary that the worker has sent.

    Raises
    ------
    ValueError
        If the kind of event is unknown, or it lacks a field.
    """
    read = _READERS.get(str(table.get("event")))
    values = {key: value for key, value in table.items() if key != "id"}
    try:
        return training.from_json(values) if read is None else read(values)
    except (KeyError, TypeError) as error:
        raise ValueError(f"not an event of the worker: {error!r}") from error


def _proposals(table: JsonObject) -> Proposals:
    width, height = table["size"]
    described = table.get("description")
    return Proposals(
        table["key"],
        (int(width), int(height)),
        np.array(table["boxes"], dtype=np.float64).reshape(-1, 4),
        np.array(table["scores"], dtype=np.float64),
        list(table["classes"]),
        str(table["model"]),
        tuple(table.get("notes", ())),
        Description.from_json(described) if described else None,
    )


def _done(table: JsonObject) -> DoneEvent:
    return DoneEvent({key: value for key, value in table.items() if key != "event"})


_READERS: dict[str, Callable[[JsonObject], WorkerEvent]] = {
    "loading": lambda table: Loading(),
    "loaded": lambda table: Loading(str(table["model"])),
    "boxes": _proposals,
    "artefacts": lambda table: FoundArtefacts(
        table["key"], artefacts_from_json(table["artefacts"])
    ),
    "problem": lambda table: Unreadable(table["key"], str(table["message"])),
    "progress": lambda table: ProgressEvent(int(table["done"]), int(table["total"])),
    "done": _done,
    "error": lambda table: ErrorEvent(str(table["message"])),
    "cancelled": lambda table: CancelledEvent(),
}
