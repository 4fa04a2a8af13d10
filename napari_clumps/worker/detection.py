"""Detection in the worker process, as a generator of events.

The generators of this package yield at least every `HEARTBEAT` seconds, None where
there is no event, so that napari's GeneratorWorker can quit them at once. Closing one
stops the work in the process.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.errors import ClumpError, from_os_error
from clump_detector.core.json_types import JsonObject
from clump_detector.image_files.sources import Source

from .messages import DetectMessage, DoneEvent, Loading, Proposals, Unreadable
from .process import Worker
from .requests import events_of

DetectEvent = Proposals | Unreadable | Loading


@dataclass(frozen=True)
class CutoutRequest:
    """A cutout to search: a source on disk, or an array.

    Attributes
    ----------
    key : str or int
        Identifies the cutout in the events.
    source : Source or None
    array : array or None
        As `clump_detector.images.cutout.from_array` takes it.
    name : str
        Of the array, for messages.
    rgb : bool
        Whether the last axis of the array is colour.
    fwhm : float or None
        FWHM of the PSF in pixels, where the header does not give it.
    boxes : sequence of (float, float, float, float)
        Corners of boxes that are to be described beside the model's own.
    """

    key: str | int
    source: Source | None = None
    array: NDArray[np.generic] | None = None
    name: str = "image"
    rgb: bool = False
    fwhm: float | None = None
    boxes: Sequence[tuple[float, float, float, float]] = ()


@dataclass(frozen=True)
class Summary:
    """The outcome of a detection: counts, and its duration in seconds."""

    cutouts: int = 0
    boxes: int = 0
    problems: int = 0
    seconds: float = 0.0
    cancelled: bool = False


def detect(
    worker: Worker,
    cutouts: Sequence[CutoutRequest],
    model: Path,
    device: str = "auto",
    *,
    describe: bool = False,
) -> Generator[DetectEvent | None, None, Summary]:
    """Search cutouts with a model.

    Parameters
    ----------
    worker : Worker
    cutouts : sequence of CutoutRequest
    model : path
        The model folder.
    device : str
        auto, cpu, cuda or mps.
    describe : bool
        Whether proposals come with a description of the cutout.

    Yields
    ------
    Loading, Proposals, Unreadable or None
        One `Proposals` or `Unreadable` per cutout, in order.

    Returns
    -------
    Summary

    Raises
    ------
    ModelError
        If the model cannot be used, or the process died.
    """
    with tempfile.TemporaryDirectory(
        prefix="napari-clumps-", ignore_cleanup_errors=True
    ) as folder:
        entries = [_entry(c, Path(folder, f"{i}.npy")) for i, c in enumerate(cutouts)]
        request = worker.request(
            DetectMessage(str(model.absolute()), entries, device, describe)
        )
        events = events_of(
            request, model, doing="detection", less="cut large images into parts"
        )
        with contextlib.closing(events):
            for event in events:
                if event is None or isinstance(event, DetectEvent):
                    yield event
                elif isinstance(event, DoneEvent):
                    names = ("cutouts", "boxes", "problems", "seconds")
                    return Summary(**{name: event.result[name] for name in names})
    return Summary(cancelled=True)


def source_entry(cutout: CutoutRequest) -> JsonObject:
    """Return a cutout on disk as a request of the worker holds it.

    Parameters
    ----------
    cutout : CutoutRequest
    """
    assert cutout.source is not None
    return {
        **_named(cutout), "name": cutout.source.name,
        "files": [str(file.absolute()) for file in cutout.source.files],
        "bands": list(cutout.source.bands),
        "added": [one.to_json() for one in cutout.source.added],
    }  # fmt: skip


def _named(cutout: CutoutRequest) -> JsonObject:
    return {
        "key": cutout.key, "name": cutout.name, "fwhm": cutout.fwhm,
        "boxes": [list(corners) for corners in cutout.boxes],
    }  # fmt: skip


def _entry(cutout: CutoutRequest, path: Path) -> JsonObject:
    """Return a cutout as the request holds it; an array is written to a path."""
    if cutout.source is not None:
        return source_entry(cutout)
    try:
        np.save(path, np.asarray(cutout.array), allow_pickle=False)
    except OSError as error:
        raise from_os_error(error, path, "write") from error
    except ValueError as error:
        raise ClumpError(
            f"the image {cutout.name} holds no numbers", remedy="Give real numbers."
        ) from error
    return {**_named(cutout), "array": str(path), "rgb": cutout.rgb}
