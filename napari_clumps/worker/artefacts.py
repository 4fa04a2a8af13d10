"""The search for artefacts in the worker process, as a generator of events."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Sequence

from .detection import CutoutRequest, source_entry
from .messages import ArtefactsMessage, CancelledEvent, FoundArtefacts, Unreadable
from .process import Worker
from .requests import events_of

ArtefactEvent = FoundArtefacts | Unreadable


def search_artefacts(
    worker: Worker, cutouts: Sequence[CutoutRequest]
) -> Generator[ArtefactEvent | None, None, None]:
    """Search cutouts on disk for artefacts, after everything else the worker is asked.

    Parameters
    ----------
    worker : Worker
    cutouts : sequence of CutoutRequest
        Each with a source.

    Yields
    ------
    FoundArtefacts, Unreadable or None
        One event per cutout.

    Raises
    ------
    ModelError
        If the process died.
    """
    left = {cutout.key: cutout for cutout in cutouts}
    while left:
        source = next(iter(left.values())).source
        assert source is not None
        request = worker.request(ArtefactsMessage([*map(source_entry, left.values())]))
        events = events_of(
            request, source.path, doing="the search for artefacts",
            less="cut large images into parts",
        )  # fmt: skip
        with contextlib.closing(events):
            for event in events:
                if isinstance(event, CancelledEvent):
                    return
                if isinstance(event, ArtefactEvent):
                    left.pop(event.key, None)
                if event is None or isinstance(event, ArtefactEvent):
                    yield event
