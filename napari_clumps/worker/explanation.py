"""Asking the worker process why a model proposes a box, as a generator."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from pathlib import Path

from clump_detector.models.explained import Explanation

from .detection import CutoutRequest, source_entry
from .messages import DoneEvent, ExplainMessage
from .process import Worker
from .requests import events_of


def explain(
    worker: Worker, cutout: CutoutRequest, model: Path, device: str = "auto"
) -> Generator[Explanation | None, None, None]:
    """Explain the box that a request names.

    Parameters
    ----------
    worker : Worker
    cutout : CutoutRequest
        Of a cutout on disk, with the one box.
    model : path
        The model folder.
    device : str
        auto, cpu, cuda or mps.

    Yields
    ------
    Explanation or None
        The explanation, once.

    Raises
    ------
    ModelError
        If cutout or model cannot be used, or the process died.
    """
    message = ExplainMessage(str(model.absolute()), source_entry(cutout), device)
    events = events_of(
        worker.request(message), model, doing="the explanation",
        less="choose the device cpu",
    )  # fmt: skip
    with contextlib.closing(events):
        for event in events:
            if isinstance(event, DoneEvent):
                yield Explanation.from_json(event.result["explanation"])
            else:
                yield None
