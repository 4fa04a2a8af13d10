"""Comparison of two models in the worker process, as a generator of events."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Literal

from clump_detector.core.errors import Cancelled
from clump_detector.core.json_types import JsonObject
from clump_detector.labels.label_set import LabelSet

from .messages import CompareMessage, DoneEvent, WorkerEvent
from .process import Worker
from .requests import events_of, label_file


def compare(
    old: Path,
    new: Path,
    labels: LabelSet | Path,
    *,
    device: str = "auto",
    which: Literal["all", "held_out"] = "held_out",
    keep: bool = False,
    worker: Worker | None = None,
) -> Generator[WorkerEvent | None, None, JsonObject]:
    """Compare two models on the held-out cutouts of a label set.

    Parameters
    ----------
    old, new : path
        The model folders.
    labels : LabelSet or path
    device : str
        auto, cpu, cuda or mps.
    which : {"held_out", "all"}
        Cutouts to compare on.
    keep : bool
        Keep the verdict in the card of the new model.
    worker : Worker, optional
        The process to work in, instead of a new one.

    Yields
    ------
    WorkerEvent or None
        `Loading`, `ProgressEvent`, and last a `DoneEvent` with the result.

    Returns
    -------
    dict
        The result of `clump_detector.evaluation.comparison.compare_models`.

    Raises
    ------
    ModelError
        If a model cannot be used, or the process died.
    Cancelled
        If the worker cancelled the request.
    """
    own = worker or Worker()
    try:
        with tempfile.TemporaryDirectory(
            prefix="napari-clumps-", ignore_cleanup_errors=True
        ) as folder:
            request = own.request(
                CompareMessage(
                    old=str(old.absolute()),
                    new=str(new.absolute()),
                    labels=str(label_file(labels, Path(folder))),
                    device=device,
                    which=which,
                    keep=keep,
                )
            )
            events = events_of(
                request, new, doing="the comparison", less="compare fewer cutouts"
            )
            with contextlib.closing(events):
                for event in events:
                    if isinstance(event, DoneEvent):
                        result = dict(event.result["comparison"])
                        yield DoneEvent(result)
                        return result
                    yield event
        raise Cancelled
    finally:
        if worker is None:
            own.kill()
