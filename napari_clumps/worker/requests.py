"""Running a request: its events, its errors, and the label set that it needs."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from clump_detector.core.errors import ClumpError, ModelError
from clump_detector.labels.label_set import LabelSet, write_label_set

from .messages import (
    CancelledEvent,
    DoneEvent,
    ErrorEvent,
    WorkerEvent,
)
from .process import WorkerDied, WorkerRequest


def events_of(
    request: WorkerRequest,
    path: Path,
    *,
    doing: str,
    less: str,
    error: type[ClumpError] = ModelError,
) -> Generator[WorkerEvent | None, None, None]:
    """Yield the events of a request; closing the generator cancels the request.

    Parameters
    ----------
    request : WorkerRequest
    path : path
        What a message about the death of the process names.
    doing : str
        Name of the work in that message.
    less : str
        The remedy against a lack of memory.
    error : type
        Of the exceptions.

    Yields
    ------
    WorkerEvent or None
        None at every heartbeat without an event; the last one is a `DoneEvent` or a
        `CancelledEvent`.

    Raises
    ------
    ClumpError
        If the request fails, or the process died.
    """
    ended = False
    try:
        for event in request:
            if isinstance(event, ErrorEvent):
                ended = True
                raise error(event.message)
            ended = isinstance(event, DoneEvent | CancelledEvent)
            yield event
    except WorkerDied as death:
        ended = True
        what, remedy = death.explain(doing, f"Close other programs, or {less}.")
        raise error(what, path, remedy) from death
    finally:
        if not ended:
            request.cancel()


def label_file(labels: LabelSet | Path, folder: Path) -> Path:
    """Return the path of a label set, which is written if it is not a file yet.

    Parameters
    ----------
    labels : LabelSet or path
    folder : path
        Where to write it.
    """
    if isinstance(labels, Path):
        return labels.absolute()
    path = folder / "labels.json"
    write_label_set(labels, path)
    return path
