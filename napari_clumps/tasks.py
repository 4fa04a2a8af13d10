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
import importlib.util
import itertools
import json
import logging
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

from clump_detector.errors import (
    Cancelled,
    ClumpError,
    ModelError,
    TrainingError,
    from_os_error,
)
from clump_detector.images import Source
from clump_detector.labels import LabelSet, write_label_set

_log = logging.getLogger(__name__)

Event = dict[str, Any]
Wish = Literal["go", "stop", "cancel"]

#: Seconds between two yields of a generator, at most.
HEARTBEAT = 0.1

#: Seconds that a cancelled request has to end by itself.
PATIENCE = 0.8

_LAST = {"done", "error", "cancelled"}
_SCRATCH = ".training-"
_NO_MEMORY = {-9, 137}  # killed; a shell or a container says 128 + 9


class WorkerDied(Exception):  # noqa: N818 - always turned into a ClumpError
    """The process ended before the request did."""

    def __init__(self, code: int, last_words: str) -> None:
        self.code, self.last_words = code, last_words
        super().__init__(f"exit code {code}: {last_words}")

    def explain(self, doing: str, when_killed: str) -> tuple[str, str]:
        """Return (what, remedy) for people."""
        if self.code in _NO_MEMORY:
            what = "the system stopped it, most likely for lack of memory"
            return f"{doing} ended early: {what}", when_killed
        reason = self.last_words or f"exit code {self.code}"
        return f"{doing} ended early: {reason}", "Try again, and report it if it stays."


class Request:
    """One request to a worker: iterate for its events, `None` where it is silent."""

    def __init__(self, process: _Process, number: int) -> None:
        self._process = process
        self.number = number
        self._events = process.open(number)

    def __iter__(self) -> Iterator[Event | None]:
        """Yield events, the last of them included.

        Raises
        ------
        WorkerDied
            If the process ends before that.
        """
        while True:
            try:
                event = self._events.get(timeout=HEARTBEAT)
            except queue.Empty:
                yield None
                continue
            if event is None:
                raise self._process.died()
            yield event
            if event["event"] in _LAST:
                return

    @property
    def ended(self) -> bool:
        """Whether its last event has come, or the process is gone."""
        return not self._process.waits_for(self.number)

    def stop(self) -> None:
        """Ask a training to end and to keep its best so far."""
        self._process.send({"do": "stop", "id": self.number})

    def cancel(self) -> None:
        """End the request within a second; returns at once.

        A worker that does not hear is killed, unless it is loading, when there is
        nothing to undo and the next request needs what is loaded.
        """
        self._process.cancel(self.number)


class Worker:
    """Keeps one worker process; it starts with the first request, and again if it died.

    Parameters
    ----------
    command : sequence of str, optional
        What to start instead of the engine's worker.
    """

    def __init__(self, command: Sequence[str] | None = None) -> None:
        self._command = list(command or _worker_command())
        self._process: _Process | None = None
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.alive

    @property
    def pid(self) -> int | None:
        """The process's number, None where there is none."""
        return self._process.pid if self._process is not None and self.running else None

    def start(self) -> None:
        """Start the process unless it is there.

        Raises
        ------
        ClumpError
            If the system refuses.
        """
        with self._lock:
            self._started()

    def _started(self) -> _Process:
        if self._process is None or not self._process.alive:
            self._process = _Process(self._command)
        return self._process

    def request(self, **fields: Any) -> Request:
        """Send a request; it waits for the ones before it."""
        with self._lock:
            process = self._started()
            request = Request(process, next(self._numbers))
            process.send({"id": request.number, **fields})
        return request

    def cancel(self) -> None:
        """Cancel all that is under way; returns at once."""
        if self._process is not None:
            self._process.cancel_all()

    def kill(self) -> None:
        """End the process now."""
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._process = None


class _Process:
    """One life of a worker process, with the threads that read and write its pipes."""

    def __init__(self, command: Sequence[str]) -> None:
        try:
            self._popen = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_environment(),
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise from_os_error(error, command[0], "start") from error
        self.pid = self._popen.pid
        self._lock = threading.Lock()
        self._open: dict[int, queue.SimpleQueue[Event | None]] = {}
        self._ended = False
        self._loading = False
        self._errors: deque[str] = deque(maxlen=50)
        self._outbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=work, daemon=True)
            for work in (self._write, self._read_errors, self._read)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def alive(self) -> bool:
        return not self._ended and self._popen.poll() is None

    def open(self, number: int) -> queue.SimpleQueue[Event | None]:
        """Return the queue of a new request's events; None in it is the end."""
        events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        with self._lock:
            self._open[number] = events
            if self._ended:
                events.put(None)
        return events

    def send(self, fields: Event) -> None:
        """Send a line; never blocks, since a worker that loads does not read."""
        self._outbox.put(json.dumps(fields).encode() + b"\n")

    def waits_for(self, number: int) -> bool:
        with self._lock:
            return not self._ended and number in self._open

    def cancel(self, number: int) -> None:
        if not self.waits_for(number):
            return
        self.send({"do": "cancel", "id": number})
        timer = threading.Timer(PATIENCE, self._kill_unless_ended, [number])
        timer.daemon = True
        if not _begun(timer):
            self.kill()

    def cancel_all(self) -> None:
        for number in list(self._open):
            self.cancel(number)

    def _kill_unless_ended(self, number: int) -> None:
        if self.waits_for(number) and not self._loading:
            self.kill()

    def kill(self) -> None:
        """End the process, and wait for it: a killed process goes at once."""
        with contextlib.suppress(OSError):
            self._popen.kill()
        self._outbox.put(None)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(timeout=5)

    def died(self) -> WorkerDied:
        """Return what is known of the end."""
        code = self._popen.wait()
        return WorkerDied(code, self._errors[-1] if self._errors else "")

    def _write(self) -> None:
        assert self._popen.stdin is not None
        with contextlib.suppress(OSError), self._popen.stdin as pipe:
            while (line := self._outbox.get()) is not None:
                pipe.write(line)
                pipe.flush()

    def _read_errors(self) -> None:
        for line in _lines(self._popen.stderr):
            if line.strip():
                self._errors.append(line.strip())
                _log.info("worker %d: %s", self.pid, line.rstrip())

    def _read(self) -> None:
        for line in _lines(self._popen.stdout):
            try:
                event = json.loads(line)
                number, kind = event.get("id"), event["event"]
            except (ValueError, KeyError, AttributeError, TypeError):
                continue
            self._loading = kind == "loading"
            with self._lock:
                events = self._open.get(number)
                if kind in _LAST:
                    self._open.pop(number, None)
            if events is not None:
                events.put(event)
        self._popen.wait()
        self._threads[1].join(timeout=1)  # its last words
        self._outbox.put(None)
        with self._lock:
            self._ended = True
            waiting, self._open = list(self._open.values()), {}
        for events in waiting:
            events.put(None)


def _begun(thread: threading.Thread) -> bool:
    """Start a thread, unless Python is ending: then it would wait for ever."""
    if sys.is_finalizing():
        return False
    try:
        thread.start()
    except RuntimeError:
        return False
    return True


def _lines(pipe: IO[bytes] | None) -> Iterator[str]:
    assert pipe is not None
    with contextlib.suppress(OSError, ValueError), pipe:
        for line in pipe:
            yield line.decode("utf-8", "replace")


def _worker_command() -> list[str]:
    # -P: a torch.py in the folder where the window was started is nobody's torch.
    return [sys.executable, "-P", "-m", "clump_detector.worker"]


def _environment() -> dict[str, str]:
    """Return this process's environment, where the worker finds the same engine."""
    engine = importlib.util.find_spec("clump_detector")
    assert engine is not None
    assert engine.origin is not None
    places = [str(Path(engine.origin).parent.parent), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(place for place in places if place),
        "PYTHONIOENCODING": "utf-8",
        "NO_ALBUMENTATIONS_UPDATE": "1",
    }


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
        As `clump_detector.images.from_array` takes it; ``rgb`` says that its last axis
        is colour.
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

    Yields
    ------
    Loading, Proposals, Unreadable or None
        One `Proposals` or `Unreadable` per cutout, in order.

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
    request: Request,
    path: Path,
    doing: str,
    less: str,
    error: type[ClumpError] = ModelError,
) -> Generator[Event | None, None, None]:
    """Yield a request's events; cancel it when closed, explain it when it fails."""
    ended = False
    try:
        for event in request:
            ended = event is not None and event["event"] in _LAST
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
    parts: str = "heads",
    epochs: int | None = None,
    seed: int = 0,
    config: dict[str, Any] | None = None,
    device: str = "auto",
    wish: Callable[[], Wish] = lambda: "go",
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
    parts, epochs, seed
        What to train, for how long and from which random numbers, as in
        `clump_detector.config.TrainConfig`.
    config : dict, optional
        Other fields of it that differ from its defaults.
    device : str
    wish : callable
        Asked at every heartbeat: "stop" keeps the best so far, "cancel" nothing.
    worker : Worker, optional
        The process to train in, instead of a new one.

    Yields
    ------
    dict or None
        The events of `clump_detector.train`, the last of them ``{"event": "end",
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
    chosen = {"train_parts": parts, "seed": seed, **(config or {})}
    if epochs is not None:
        chosen["epochs"] = epochs
    scratch = _scratch_folder(out)
    own = worker or Worker()
    request: Request | None = None
    finished = False
    farewell = functools.partial(_remove, own, scratch)
    atexit.register(farewell)  # the window may be closed meanwhile
    try:
        request = own.request(
            do="train",
            labels=str(_label_file(labels, scratch)),
            out=str(scratch / out.name),
            base=None if base is None else str(base.absolute()),
            config=chosen,
            device=device,
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
    events: Iterator[Event | None], request: Request, wish: Callable[[], Wish]
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
    worker: Worker, request: Request | None, scratch: Path, kill: bool
) -> threading.Thread:
    """End a training's process and remove its folder, without blocking the caller.

    The thread is no daemon: Python waits for it when the window closes meanwhile.
    """

    def work() -> None:
        until = time.monotonic() + PATIENCE
        while request is not None and not request.ended and time.monotonic() < until:
            time.sleep(0.02)
        if kill or (request is not None and not request.ended):
            worker.kill()
        shutil.rmtree(scratch, ignore_errors=True)

    thread = threading.Thread(target=work, name="end of a training")
    if not _begun(thread):
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
    worker: Worker | None = None,
) -> Generator[Event | None, None, Event]:
    """Compare two models on the held-out cutouts of a label set.

    Yields
    ------
    dict or None
        ``{"event": "progress", "done": i, "total": n}``, and last ``{"event":
        "comparison", ...}`` with what `clump_detector.evaluate.compare_models` returns.

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
