"""The process behind a window: requests come in and events go out, as JSON lines.

``python -m clump_detector.worker`` says ``{"event": "ready"}`` and then answers

=============  ======================================================================
``do``         fields, and the events before ``done``, ``error`` or ``cancelled``
=============  ======================================================================
``detect``     ``model``, ``device``, ``cutouts`` (each with ``key``, ``name``, and
               ``files`` and ``bands``, or ``array``: a .npy file, and ``rgb``);
               ``loading``, ``loaded``, then ``boxes`` or ``problem`` per cutout
``train``      ``labels``, ``out``, ``base``, ``device``, ``config``; the events of
               `clump_detector.train.run`
``compare``    ``old``, ``new``, ``labels``, ``device``, ``which``, ``keep`` (the
               verdict in the card of the new one); ``progress``
``cancel``     ``id`` of a request that leaves nothing behind
``stop``       ``id`` of a training that keeps the best so far
``quit``       nothing; the end of the input means the same
=============  ======================================================================

Every request has an ``id`` and every event the id of its request. A window that talks
to this process needs no torch, stays responsive, and outlives it.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TextIO

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.errors import Cancelled, ClumpError, ImageError, from_os_error
from clump_detector.core.sources import Source
from clump_detector.images.cutout import Cutout, from_array, read_cutout
from clump_detector.models.card import WEIGHTS

Request = dict[str, Any]
Say = Callable[[dict[str, Any]], None]
Control = Literal["go", "stop", "cancel"]

#: Seconds that work under way has to end by itself after the window is gone.
GRACE = 3.0


class Wishes:
    """What the window wants of each request; every thread may ask and tell."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: set[int] = set()
        self._told: dict[int, Control] = {}
        self._closed = False

    def add(self, number: int) -> None:
        """Note a request that waits for its turn."""
        with self._lock:
            self._waiting.add(number)

    def begin(self, number: int) -> bool:
        """Take a request's turn; False if it was cancelled while it waited."""
        with self._lock:
            wanted = number in self._waiting and not self._closed
            self._waiting.discard(number)
            return wanted

    def tell(self, number: int, wish: Control) -> bool:
        """Note a wish; True if this ends a request that has not begun."""
        with self._lock:
            if wish == "cancel" and number in self._waiting:
                self._waiting.remove(number)
                return True
            self._told[number] = wish
            return False

    def of(self, number: int) -> Control:
        """Return what is wanted of a request."""
        with self._lock:
            return "cancel" if self._closed else self._told.get(number, "go")

    def end(self, number: int) -> None:
        """Forget a request."""
        with self._lock:
            self._told.pop(number, None)

    def close(self) -> None:
        """Cancel everything."""
        with self._lock:
            self._closed = True


def listen(
    lines: TextIO, wishes: Wishes, requests: queue.SimpleQueue[Request | None], say: Say
) -> None:
    """Take lines until the input ends; wishes act at once, requests wait in turn."""
    for line in lines:
        if not line.strip():
            continue
        try:
            request = json.loads(line)
            do, number = request["do"], int(request.get("id", 0))
        except (ValueError, KeyError, TypeError, AttributeError):
            say({"id": None, "event": "error", "message": "this line is no request"})
            continue
        if do == "quit":
            break
        if do in ("cancel", "stop"):
            if wishes.tell(number, do):
                say({"id": number, "event": "cancelled"})
        else:
            wishes.add(number)
            requests.put(request)
    wishes.close()
    requests.put(None)
    time.sleep(GRACE)
    os._exit(1)  # work that hears no wish must not outlive the window


def serve(
    requests: queue.SimpleQueue[Request | None], wishes: Wishes, say: Say
) -> None:
    """Answer requests, one after the other, until there is None."""
    desk = Desk()
    while (request := requests.get()) is not None:
        number = int(request.get("id", 0))
        if wishes.begin(number):
            _answer(desk, request, wishes, say)
            wishes.end(number)


def _answer(desk: Desk, request: Request, wishes: Wishes, say: Say) -> None:
    number = int(request.get("id", 0))

    def tell(event: dict[str, Any]) -> None:
        say({"id": number, **event})

    try:
        work = {"detect": desk.detect, "train": desk.train, "compare": desk.compare}
        if request["do"] not in work:
            raise ClumpError(f"there is no request called {request['do']!r}")
        tell({"event": "done", **work[request["do"]](request, tell, number, wishes)})
    except Cancelled:
        tell({"event": "cancelled"})
    except BrokenPipeError:
        raise
    except Exception as error:
        tell({"event": "error", "message": _message(error)})


def _message(error: Exception) -> str:
    """Return one line for people; what nobody foresaw goes to stderr in full."""
    if isinstance(error, ClumpError):
        return error.message
    if isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__:
        return (
            "the memory is full. Close other programs, cut large images into parts, "
            "or choose the device cpu."
        )
    traceback.print_exception(error)
    first = (str(error) or "no message").splitlines()[0]
    return (
        f"{type(error).__name__}: {first} (a fault of this program, please report it)"
    )


class Desk:
    """Does the work; the model stays loaded between requests."""

    def __init__(self) -> None:
        self._predictor: Any = None
        self._loaded: tuple[Any, ...] | None = None

    def predictor(self, folder: Path, device: str) -> Any:
        """Return the predictor of a model folder, loaded once."""
        stamp = None  # the predictor says best what is wrong with a folder
        with suppress(OSError):
            stamp = (folder / WEIGHTS).stat().st_mtime_ns
        key = (folder.absolute(), device, stamp)
        if self._predictor is None or key != self._loaded:
            _use_all_cores()
            from clump_detector.detector.predict import Predictor

            self._predictor = self._loaded = None  # two at once may not fit
            self._predictor = Predictor(folder, device=device)
            self._loaded = key
        return self._predictor

    def detect(
        self, request: Request, tell: Say, number: int, wishes: Wishes
    ) -> dict[str, Any]:
        """Search each cutout; a bad one is a problem of its own."""
        start = time.perf_counter()
        tell({"event": "loading"})
        model = self.predictor(Path(request["model"]), request.get("device", "auto"))
        tell({"event": "loaded", "model": model.model_id})

        def cancelled() -> bool:
            return wishes.of(number) == "cancel"

        found = problems = 0
        for entry in request["cutouts"]:
            if cancelled():
                raise Cancelled
            try:
                event = _proposals(model, entry, cancelled)
                found += len(event["boxes"])
            except (Cancelled, BrokenPipeError):
                raise
            except Exception as error:
                event = {"event": "problem", "message": _message(error)}
                problems += 1
            tell({"key": entry.get("key"), **event})
        return {
            "cutouts": len(request["cutouts"]),
            "boxes": found,
            "problems": problems,
            "seconds": round(time.perf_counter() - start, 3),
        }

    def train(
        self, request: Request, tell: Say, number: int, wishes: Wishes
    ) -> dict[str, Any]:
        """Train a model; the events are those of `clump_detector.train.run`."""
        tell({"event": "loading"})
        _use_all_cores()
        from clump_detector.train.run import train

        folder = train(training_request(request), tell, lambda: wishes.of(number))
        return {"model": str(folder)}

    def compare(
        self, request: Request, tell: Say, number: int, wishes: Wishes
    ) -> dict[str, Any]:
        """Compare two models on the cutouts of a label set."""
        tell({"event": "loading"})
        _use_all_cores()
        from clump_detector.evaluation.comparison import compare_models, keep_verdict

        self._predictor = None  # make room
        result = compare_models(
            Path(request["old"]),
            Path(request["new"]),
            Path(request["labels"]),
            device=request.get("device", "auto"),
            which=request.get("which", "held_out"),
            report=tell,
            should_stop=lambda: wishes.of(number) == "cancel",
        )
        if request.get("keep"):
            keep_verdict(Path(request["new"]), result)
        return {"comparison": result}


def training_request(fields: Request) -> Any:
    """Return the `TrainRequest` of a request's fields."""
    from clump_detector.config.tables import fill
    from clump_detector.config.training import TrainConfig
    from clump_detector.train.run import TrainRequest

    base = fields.get("base")
    config = {"device": fields.get("device", "auto"), **fields.get("config", {})}
    return TrainRequest(
        labels=Path(fields["labels"]),
        out=Path(fields["out"]),
        base=None if base is None else Path(base),
        config=fill(TrainConfig, config),
    )


def _proposals(
    model: Any, entry: dict[str, Any], cancelled: Callable[[], bool]
) -> dict[str, Any]:
    """Return the event "boxes" of one cutout of a request."""
    cutout = _read(entry)
    found = model.predict(cutout, should_stop=cancelled)
    return {
        "event": "boxes",
        "size": [cutout.width, cutout.height],
        "boxes": [[round(float(v), 3) for v in box] for box in found.boxes],
        "scores": [round(float(v), 5) for v in found.scores],
        "classes": list(found.classes),
        "model": model.model_id,
        "notes": list(cutout.notes),
    }


def _read(entry: dict[str, Any]) -> Cutout:
    if entry.get("array"):
        name = str(entry.get("name", "image"))
        cutout = from_array(
            _load_array(entry["array"], name), name, rgb=bool(entry.get("rgb"))
        )
    else:
        files = tuple(Path(name) for name in entry.get("files", ()))
        if not files:
            raise ImageError("this cutout has no file", entry.get("name", "cutout"))
        bands = tuple(entry.get("bands", ()))
        cutout = read_cutout(
            Source(str(entry.get("name", files[0].stem)), files, bands)
        )
    if entry.get("fwhm"):
        cutout = replace(cutout, fwhm=float(entry["fwhm"]))
    return cutout


def _load_array(path: str, name: str) -> NDArray[Any]:
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except OSError as error:
        raise from_os_error(error, path, "read") from error
    except ValueError as error:
        raise ImageError(
            "its values are no numbers", name, "Give real numbers."
        ) from error


def _use_all_cores() -> None:
    """Let torch use the cores this process may use: more make it ten times slower."""
    import torch

    if hasattr(os, "sched_getaffinity"):
        torch.set_num_threads(len(os.sched_getaffinity(0)))
    else:
        torch.set_num_threads(os.cpu_count() or 1)


def _own_the_pipes() -> tuple[TextIO, TextIO]:
    """Return (input, output) that no library can reach.

    What libraries print, from C as well, goes to stderr from here on, and what they
    read is empty.
    """
    lines = os.fdopen(os.dup(0), "r", encoding="utf-8")
    output = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1, newline="\n")
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.stdout = sys.stderr
    return lines, output


def main() -> None:
    """Serve the window that started this process until it says so or is gone."""
    lines, output = _own_the_pipes()
    with suppress(ValueError, OSError, AttributeError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the window decides
        os.nice(5)  # and it has the cores first
    lock = threading.Lock()

    def say(event: dict[str, Any]) -> None:
        line = json.dumps(event, default=str)
        with lock:
            output.write(line + "\n")
            output.flush()

    say({"event": "ready"})
    wishes, requests = Wishes(), queue.SimpleQueue[Request | None]()
    listener = threading.Thread(
        target=listen, args=(lines, wishes, requests, say), daemon=True
    )
    listener.start()
    with suppress(BrokenPipeError):
        serve(requests, wishes, say)
    with suppress(BrokenPipeError, OSError):
        output.close()


if __name__ == "__main__":
    main()
