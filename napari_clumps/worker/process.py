"""The worker process behind the window: starting it, its messages, and its end.

`clump_detector.worker` documents the protocol.
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import json
import logging
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from clump_detector.core.errors import from_os_error

from .messages import (
    CancelMessage,
    LastEvent,
    Loading,
    Request,
    StopMessage,
    WorkerEvent,
    from_json,
    to_json,
)

_log = logging.getLogger(__name__)

#: Seconds between two events or `None` of a request, at most.
HEARTBEAT = 0.1

#: Seconds after which a cancelled request is killed.
END_PATIENCE = 0.8

_NO_MEMORY = {-9, 137}  # killed; a shell or a container reports 128 + 9


class WorkerDied(Exception):  # noqa: N818 - always turned into a ClumpError
    """The process ended before the request did.

    Parameters
    ----------
    code : int
        Exit code of the process.
    last_words : str
        The last line it wrote to stderr; may be empty.
    """

    def __init__(self, code: int, last_words: str) -> None:
        self.code, self.last_words = code, last_words
        super().__init__(f"exit code {code}: {last_words}")

    def explain(self, doing: str, when_killed: str) -> tuple[str, str]:
        """Return the parts of a message to the user: what happened, and the remedy.

        Parameters
        ----------
        doing : str
            Name of the work that was interrupted.
        when_killed : str
            The remedy where the system killed the process.
        """
        if self.code in _NO_MEMORY:
            what = "the system stopped it, most likely for lack of memory"
            return f"{doing} ended early: {what}", when_killed
        reason = self.last_words or f"exit code {self.code}"
        return f"{doing} ended early: {reason}", "Try again, and report it if it stays."


class WorkerRequest:
    """One request to a worker.

    Iterating gives its events, and None while there are none.

    Parameters
    ----------
    process : _Process
    number : int
        Id of the request in the protocol.
    """

    def __init__(self, process: _Process, number: int) -> None:
        self._process = process
        self.number = number
        self._events = process.open(number)

    def __iter__(self) -> Iterator[WorkerEvent | None]:
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
            if isinstance(event, LastEvent):
                return

    @property
    def ended(self) -> bool:
        """Whether its last event has come, or the process has ended."""
        return not self._process.waits_for(self.number)

    def stop(self) -> None:
        """Ask a training to end and to keep its best so far."""
        self._process.send(StopMessage(), self.number)

    def cancel(self) -> None:
        """End the request within a second; returns at once.

        A worker that does not react is killed, unless it is loading: there is nothing
        to undo then, and the next request needs what is loaded.
        """
        self._process.cancel(self.number)


class Worker:
    """Keeps one worker process; it starts with the first request, and again if it died.

    Parameters
    ----------
    command : sequence of str, optional
        The command that starts another process than the engine's worker.
    """

    def __init__(self, command: Sequence[str] | None = None) -> None:
        self._command = list(command or worker_command())
        self._process: _Process | None = None
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.alive

    @property
    def pid(self) -> int | None:
        """Id of the process, or None without one."""
        return self._process.pid if self._process is not None and self.running else None

    def start(self) -> None:
        """Start the process unless it is running.

        Raises
        ------
        ClumpError
            If the system does not start it.
        """
        with self._lock:
            self._started()

    def _started(self) -> _Process:
        if self._process is None or not self._process.alive:
            self._process = _Process(self._command)
        return self._process

    def request(self, message: Request) -> WorkerRequest:
        """Send a request; it waits for the ones before it."""
        with self._lock:
            process = self._started()
            request = WorkerRequest(process, next(self._numbers))
            process.send(message, request.number)
        return request

    def cancel(self) -> None:
        """Cancel all requests; returns at once."""
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
        self._open: dict[int, queue.SimpleQueue[WorkerEvent | None]] = {}
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

    def open(self, number: int) -> queue.SimpleQueue[WorkerEvent | None]:
        """Return the queue of a new request's events; None in it is the end."""
        events: queue.SimpleQueue[WorkerEvent | None] = queue.SimpleQueue()
        with self._lock:
            self._open[number] = events
            if self._ended:
                events.put(None)
        return events

    def send(self, request: Request, number: int) -> None:
        """Send a line; never blocks, since a worker that loads does not read."""
        self._outbox.put(json.dumps(to_json(request, number)).encode() + b"\n")

    def waits_for(self, number: int) -> bool:
        with self._lock:
            return not self._ended and number in self._open

    def cancel(self, number: int) -> None:
        if not self.waits_for(number):
            return
        self.send(CancelMessage(), number)
        timer = threading.Timer(END_PATIENCE, self._kill_unless_ended, [number])
        timer.daemon = True
        if not start_unless_exiting(timer):
            self.kill()

    def cancel_all(self) -> None:
        for number in list(self._open):
            self.cancel(number)

    def _kill_unless_ended(self, number: int) -> None:
        if self.waits_for(number) and not self._loading:
            self.kill()

    def kill(self) -> None:
        """Kill the process, and wait for its end."""
        with contextlib.suppress(OSError):
            self._popen.kill()
        self._outbox.put(None)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(timeout=5)

    def died(self) -> WorkerDied:
        """Return the exception that describes the end."""
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
                table = json.loads(line)
                number, event = table["id"], from_json(table)
            except (ValueError, KeyError, TypeError, AttributeError):
                continue  # "ready", or a line of a library
            self._loading = event == Loading()
            with self._lock:
                events = self._open.get(number)
                if isinstance(event, LastEvent):
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


def start_unless_exiting(thread: threading.Thread) -> bool:
    """Start a thread, unless Python is exiting: it would wait for ever then."""
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


def worker_command() -> list[str]:
    """Return the command that starts the engine's worker."""
    # -P: never import a torch.py of the folder where the window was started.
    return [sys.executable, "-P", "-m", "clump_detector.worker"]


def _environment() -> dict[str, str]:
    """Return this process's environment, where the worker finds the same engine."""
    engine = importlib.util.find_spec("clump_detector")
    assert engine is not None
    assert engine.origin is not None
    paths = [str(Path(engine.origin).parent.parent), os.environ.get("PYTHONPATH", "")]
    return {
        # Waiting threads that spin make training beside a window 1.5 times as long.
        "OMP_WAIT_POLICY": "PASSIVE",
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "PYTHONIOENCODING": "utf-8",
        "NO_ALBUMENTATIONS_UPDATE": "1",
    }
