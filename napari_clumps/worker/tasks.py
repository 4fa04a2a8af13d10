"""Detection and training as generators that yield progress; the process behind them.

The work runs in `clump_detector.worker`, a process of its own: the window needs no
torch, stays responsive, can stop the work within a second and survives its death.

The generators here yield at least every `HEARTBEAT` seconds, `None` where there is
nothing to say, so that napari's GeneratorWorker can quit them at once. Closing one
stops the work behind it.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.errors import (
    Cancelled,
    ClumpError,
    ModelError,
    TrainingError,
    from_os_error,
)
from clump_detector.core.sources import Source
from clump_detector.labels.label_set import LabelSet, write_label_set

from .process import (
    END_PATIENCE,
    HEARTBEAT,
    LAST,
    Event,
    Worker,
    WorkerDied,
    WorkerRequest,
    start_unless_exiting,
)

__all__ = [
    "CutoutRequest",
    "DetectEvent",
    "Loading",
    "Proposals",
    "Summary",
    "Unreadable",
    "Worker",
    "compare",
    "detect",
    "retrain",
]

Control = Literal["go", "stop", "cancel"]

_SCRATCH = ".training-"


# -- detection ----------------------------------------------------------------


@dataclass(frozen=True)
class CutoutRequest:
    """A cutout to search: a source on disk, or an array.

    Attributes
    ----------
    key : str or int
        Comes back with the proposals.
    source : Source or None
    array : array or None
        As `clump_detector.images.cutout.from_array` takes it; ``rgb`` says that its
        last axis is colour.
    name : str
        Of the array, for messages.
    fwhm : float or None
        FWHM of the PSF in pixels, where the header does not say.
    """

    key: str | int
    source: Source | None = None
    array: NDArray[Any] | None = None
    name: str = "image"
    rgb: bool = False
    fwhm: float | None = None


@dataclass(frozen=True)
class Proposals:
    """What a model found on one cutout, down to its score floor.

    ``boxes`` has shape (n, 4), ``scores`` (n,); ``size`` is (width, height) in pixels.
    """

    key: str | int
    size: tuple[int, int]
    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    classes: list[str]
    model: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unreadable:
    """A cutout that could not be searched, and why."""

    key: str | int
    message: str


@dataclass(frozen=True)
class Loading:
    """The model is being loaded, or is loaded now and has a name."""

    model: str | None = None


DetectEvent = Proposals | Unreadable | Loading


@dataclass(frozen=True)
class Summary:
    """How a detection ended."""

    cutouts: int = 0
    boxes: int = 0
    problems: int = 0
    seconds: float = 0.0
    cancelled: bool = False


def detect(
    worker: Worker, cutouts: Sequence[CutoutRequest], model: Path, device: str = "auto"
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
            do="detect", model=str(model.absolute()), device=device, cutouts=entries
        )
        events = _events(request, model, "detection", "cut large images into parts")
        with contextlib.closing(events):
            for event in events:
                if event is None:
                    yield None
                elif event["event"] == "done":
                    names = ("cutouts", "boxes", "problems", "seconds")
                    return Summary(**{name: event[name] for name in names})
                elif event["event"] != "cancelled":
                    yield _detect_event(event)
    return Summary(cancelled=True)


def _entry(cutout: CutoutRequest, path: Path) -> Event:
    entry: Event = {"key": cutout.key, "name": cutout.name, "fwhm": cutout.fwhm}
    if cutout.source is not None:
        files = [str(file.absolute()) for file in cutout.source.files]
        bands = list(cutout.source.bands)
        return {**entry, "name": cutout.source.name, "files": files, "bands": bands}
    try:
        np.save(path, np.asarray(cutout.array), allow_pickle=False)
    except OSError as error:
        raise from_os_error(error, path, "write") from error
    except ValueError as error:
        raise ClumpError(
            f"the image {cutout.name} holds no numbers", remedy="Give real numbers."
        ) from error
    return {**entry, "array": str(path), "rgb": cutout.rgb}


def _detect_event(event: Event) -> DetectEvent:
    if event["event"] == "boxes":
        return Proposals(
            event["key"],
            (int(event["size"][0]), int(event["size"][1])),
            np.array(event["boxes"], dtype=np.float64).reshape(-1, 4),
            np.array(event["scores"], dtype=np.float64),
            list(event["classes"]),
            str(event["model"]),
            tuple(event.get("notes", ())),
        )
    if event["event"] == "problem":
        return Unreadable(event["key"], str(event["message"]))
    return Loading(event.get("model"))


def _events(
    request: WorkerRequest,
    path: Path,
    doing: str,
    less: str,
    error: type[ClumpError] = ModelError,
) -> Generator[Event | None, None, None]:
    """Yield a request's events; cancel it when closed, explain it when it fails."""
    ended = False
    try:
        for event in request:
            ended = event is not None and event["event"] in LAST
            if event is not None and event["event"] == "error":
                raise error(str(event["message"]))
            yield event
    except WorkerDied as death:
        ended = True
        remedy = f"Close other programs, or {less}."
        what, remedy = death.explain(doing, remedy)
        raise error(what, path, remedy) from death
    finally:
        if not ended:
            request.cancel()


# -- training -----------------------------------------------------------------


def retrain(
    labels: LabelSet | Path,
    out: Path,
    base: Path | None = None,
    *,
    config: dict[str, Any] | None = None,
    device: str = "auto",
    wish: Callable[[], Control] = lambda: "go",
    worker: Worker | None = None,
) -> Generator[Event | None, None, Path | None]:
    """Train a model in a process of its own.

    The model is made in a hidden folder beside ``out`` and takes its name when it is
    whole, so that whatever happens nothing half-written is left.

    Parameters
    ----------
    labels : LabelSet or path
        What to learn from.
    out : path
        The new model folder.
    base : path, optional
        The model folder to start from.
    config : dict, optional
        Fields of `clump_detector.config.model.TrainConfig` that differ from its
        defaults.
    device : str
    wish : callable
        Asked at every heartbeat: "stop" keeps the best so far, "cancel" nothing.
    worker : Worker, optional
        The process to train in, instead of a new one.

    Yields
    ------
    dict or None
        The events of `clump_detector.train.run`, the last of them ``{"event": "end",
        "model": path, ...}`` or ``{"event": "cancelled"}``.

    Returns
    -------
    path or None
        The model folder, None after "cancel".

    Raises
    ------
    TrainingError
        If it cannot start or go on, or the process died.
    """
    scratch = _scratch_folder(out)
    own = worker or Worker()
    request: WorkerRequest | None = None
    finished = False
    farewell = functools.partial(_remove, own, scratch)
    atexit.register(farewell)  # the window may be closed meanwhile
    try:
        request = own.request(
            do="train",
            labels=str(_label_file(labels, scratch)),
            out=str(scratch / out.name),
            base=None if base is None else str(base.absolute()),
            config={**(config or {}), "device": device},
        )
        less = "train fewer parts"
        events = _events(request, out, "training", less, TrainingError)
        with contextlib.closing(events):
            end = yield from _until_end(events, request, wish)
        if end is not None:
            _take_name(scratch / out.name, out)
            finished = True
            yield {**end, "model": str(out)}
    finally:
        atexit.unregister(farewell)
        cleaning = _clean_up(own, request, scratch, worker is None)
    while not finished and cleaning.is_alive():
        cleaning.join(HEARTBEAT)
        yield None
    if finished:
        return out
    yield {"event": "cancelled"}
    return None


def _until_end(
    events: Iterator[Event | None], request: WorkerRequest, wish: Callable[[], Control]
) -> Generator[Event | None, None, Event | None]:
    """Pass events on; return the event "end", or None if the training was cancelled."""
    end: Event = {"event": "end"}
    stopped = False
    for event in events:
        wanted = wish()
        if wanted == "cancel":
            return None
        if wanted == "stop" and not stopped:
            request.stop()
            stopped = True
        kind = None if event is None else event["event"]
        if event is None or kind not in {"end", "done", "cancelled"}:
            yield event
        elif kind == "end":
            end = event
        else:
            return end if kind == "done" else None
    return None


def _scratch_folder(out: Path) -> Path:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise TrainingError(
            "there is something here already", out, "Choose a new name."
        )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _sweep(out.parent)
        return Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=out.parent))
    except OSError as error:
        raise from_os_error(error, out.parent, "write") from error


def _sweep(folder: Path) -> None:
    """Remove what trainings left whose window was killed days ago."""
    for left in folder.glob(f"{_SCRATCH}*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > 2 * 86400:
                shutil.rmtree(left, ignore_errors=True)


def _label_file(labels: LabelSet | Path, folder: Path) -> Path:
    if isinstance(labels, Path):
        return labels.absolute()
    path = folder / "labels.json"
    write_label_set(labels, path)
    return path


def _take_name(made: Path, out: Path) -> None:
    try:
        if out.is_dir():
            out.rmdir()
        made.replace(out)
    except OSError as error:
        raise from_os_error(error, out, "write") from error


def _remove(worker: Worker, scratch: Path) -> None:
    worker.kill()
    shutil.rmtree(scratch, ignore_errors=True)


def _clean_up(
    worker: Worker, request: WorkerRequest | None, scratch: Path, kill: bool
) -> threading.Thread:
    """End a training's process and remove its folder, without blocking the caller.

    The thread is no daemon: Python waits for it when the window closes meanwhile.
    """

    def work() -> None:
        until = time.monotonic() + END_PATIENCE
        while request is not None and not request.ended and time.monotonic() < until:
            time.sleep(0.02)
        if kill or (request is not None and not request.ended):
            worker.kill()
        shutil.rmtree(scratch, ignore_errors=True)

    thread = threading.Thread(target=work, name="end of a training")
    if not start_unless_exiting(thread):
        _remove(worker, scratch)
    return thread


# -- comparison ---------------------------------------------------------------


def compare(
    old: Path,
    new: Path,
    labels: LabelSet | Path,
    *,
    device: str = "auto",
    which: Literal["all", "held_out"] = "held_out",
    keep: bool = False,
    worker: Worker | None = None,
) -> Generator[Event | None, None, Event]:
    """Compare two models on the held-out cutouts of a label set.

    Parameters
    ----------
    old, new : paths
        The model folders.
    labels : LabelSet or path
    device : str
    which : {"held_out", "all"}
    keep : bool
        Keep the verdict in the card of the new model.
    worker : Worker, optional
        The process to work in, instead of a new one.

    Yields
    ------
    dict or None
        ``{"event": "progress", "done": i, "total": n}``, and last ``{"event":
        "comparison", ...}`` with what `comparison.compare_models` returns.

    Returns
    -------
    dict
        The same again, without "event".

    Raises
    ------
    ModelError
        If a model cannot be used, or the process died.
    """
    own = worker or Worker()
    try:
        with tempfile.TemporaryDirectory(
            prefix="napari-clumps-", ignore_cleanup_errors=True
        ) as folder:
            request = own.request(
                do="compare",
                old=str(old.absolute()),
                new=str(new.absolute()),
                labels=str(_label_file(labels, Path(folder))),
                device=device,
                which=which,
                keep=keep,
            )
            events = _events(request, new, "the comparison", "compare fewer cutouts")
            with contextlib.closing(events):
                for event in events:
                    if event is not None and event["event"] == "done":
                        result = dict(event["comparison"])
                        yield {"event": "comparison", **result}
                        return result
                    yield event
        raise Cancelled
    finally:
        if worker is None:
            own.kill()
