"""Training in the worker process, as a generator of events."""

from __future__ import annotations

import atexit
import contextlib
import functools
import shutil
import tempfile
import threading
import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path

from clump_detector.core.errors import TrainingError, from_os_error
from clump_detector.core.json_types import JsonObject
from clump_detector.core.progress import CancelToken
from clump_detector.labels.label_set import LabelSet
from clump_detector.train.events import EndEvent

from .messages import (
    CancelledEvent,
    DoneEvent,
    TrainMessage,
    WorkerEvent,
)
from .process import (
    END_PATIENCE,
    HEARTBEAT,
    Worker,
    WorkerRequest,
    start_unless_exiting,
)
from .requests import events_of, label_file

#: Prefix of the hidden folder in which a model is made.
_SCRATCH = ".training-"

#: Seconds after which such a folder was left by a window that was killed.
_ABANDONED = 2 * 86400


def retrain(
    labels: LabelSet | Path,
    out: Path,
    base: Path | None = None,
    *,
    config: JsonObject | None = None,
    device: str = "auto",
    cancel: CancelToken | None = None,
    worker: Worker | None = None,
) -> Generator[WorkerEvent | None, None, Path | None]:
    """Train a model in a process of its own.

    The model is made in a hidden folder beside ``out`` and takes its name when it is
    complete, so that no incomplete model is ever left.

    Parameters
    ----------
    labels : LabelSet or path
        What to learn from.
    out : path
        The new model folder.
    base : path, optional
        The model folder to start from.
    config : dict, optional
        Fields of `clump_detector.config.training.TrainConfig` that differ from its
        defaults.
    device : str
        auto, cpu, cuda or mps.
    cancel : CancelToken, optional
        Checked at every heartbeat: `stop` keeps the best model so far, `cancel`
        nothing.
    worker : Worker, optional
        The process to train in, instead of a new one.

    Yields
    ------
    WorkerEvent or None
        `Loading`, the events of `clump_detector.train.events`, and last an `EndEvent`
        with the path of the model, or a `CancelledEvent`.

    Returns
    -------
    path or None
        The model folder, None after `cancel`.

    Raises
    ------
    TrainingError
        If it cannot start or continue, or the process died.
    """
    scratch = _scratch_folder(out)
    own = worker or Worker()
    request: WorkerRequest | None = None
    finished = False
    at_exit = functools.partial(_remove, own, scratch)
    atexit.register(at_exit)  # the window may be closed meanwhile
    try:
        request = own.request(
            TrainMessage(
                labels=str(label_file(labels, scratch)),
                out=str(scratch / out.name),
                base=None if base is None else str(base.absolute()),
                config={**(config or {}), "device": device},
            )
        )
        events = events_of(
            request,
            out,
            doing="training",
            less="train fewer parts",
            error=TrainingError,
        )
        with contextlib.closing(events):
            end = yield from _until_end(events, request, cancel or CancelToken())
        if end is not None:
            _take_name(scratch / out.name, out)
            finished = True
            yield replace(end, model=str(out))
    finally:
        atexit.unregister(at_exit)
        cleaning = _clean_up(own, request, scratch, kill=worker is None)
    while not finished and cleaning.is_alive():
        cleaning.join(HEARTBEAT)
        yield None
    if finished:
        return out
    yield CancelledEvent()
    return None


def _until_end(
    events: Iterator[WorkerEvent | None], request: WorkerRequest, cancel: CancelToken
) -> Generator[WorkerEvent | None, None, EndEvent | None]:
    """Pass events on; return the `EndEvent`, or None if the training was cancelled."""
    end: EndEvent | None = None
    stopped = False
    for event in events:
        if cancel.cancelled:
            return None
        if cancel.stopping and not stopped:
            request.stop()
            stopped = True
        if isinstance(event, EndEvent):
            end = event
        elif isinstance(event, DoneEvent):
            if end is None:
                raise TrainingError("the training ended without a model")
            return end
        elif isinstance(event, CancelledEvent):
            return None
        else:
            yield event
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
            if time.time() - left.stat().st_mtime > _ABANDONED:
                shutil.rmtree(left, ignore_errors=True)


def _take_name(made: Path, out: Path) -> None:
    """Move the complete model folder to its final path."""
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
    worker: Worker, request: WorkerRequest | None, scratch: Path, *, kill: bool
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
