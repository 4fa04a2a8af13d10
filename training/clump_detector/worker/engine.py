"""Answers requests: detection, training, comparison and explanation, one by one."""

from __future__ import annotations

import os
import queue
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from clump_detector.core.errors import Cancelled, ClumpError
from clump_detector.core.progress import CancelToken
from clump_detector.models.card import WEIGHTS

from .cutouts import artefacts, explanation, proposals
from .requests import Event, Request, Requests, Send

if TYPE_CHECKING:
    from clump_detector.detector.describing.describer import Describer
    from clump_detector.detector.predict import Predictor
    from clump_detector.train.request import TrainRequest


def serve(
    waiting: queue.SimpleQueue[Request | None], requests: Requests, send: Send
) -> None:
    """Answer requests, one after the other, until there is None.

    Parameters
    ----------
    waiting : queue
        The requests in their order.
    requests : Requests
    send : callable
        Takes the events.
    """
    engine = Engine(lambda: not waiting.empty())
    while (request := waiting.get()) is not None:
        number = int(request.get("id", 0))
        token = requests.begin(number)
        if token is not None:
            _answer(engine, request, send, token)
            requests.end(number)


def _answer(engine: Engine, request: Request, send: Send, cancel: CancelToken) -> None:
    number = int(request.get("id", 0))

    def emit(event: Event) -> None:
        send({"id": number, **event})

    try:
        work = {
            "detect": engine.detect,
            "artefacts": engine.artefacts,
            "train": engine.train,
            "compare": engine.compare,
            "explain": engine.explain,
        }
        if request["do"] not in work:
            raise ClumpError(f"there is no request called {request['do']!r}")
        emit({"event": "done", **work[request["do"]](request, emit, cancel)})
    except Cancelled:
        emit({"event": "cancelled"})
    except BrokenPipeError:
        raise
    except Exception as error:
        emit({"event": "error", "message": _message(error)})


def _message(error: Exception) -> str:
    """Return one line for users; an unforeseen error goes to stderr in full."""
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


def _or_problem(work: Callable[..., Event], *args: object) -> Event:
    """Return the event of a cutout, or the event ``problem`` that says what failed."""
    try:
        return work(*args)
    except (Cancelled, BrokenPipeError):
        raise
    except Exception as error:
        return {"event": "problem", "message": _message(error)}


class Engine:
    """Does the work; the model stays loaded between requests.

    Parameters
    ----------
    others_wait : callable
        Whether requests wait for the one under way.
    """

    def __init__(self, others_wait: Callable[[], bool] = lambda: False) -> None:
        self._others_wait = others_wait
        self._predictor: Predictor | None = None
        self._describer: Describer | None = None
        self._loaded: tuple[Path, str, int | None] | None = None

    def predictor(self, folder: Path, device: str) -> Predictor:
        """Return the predictor of a model folder, loaded once.

        Parameters
        ----------
        folder : path
        device : {"auto", "cpu", "cuda", "mps"}

        Raises
        ------
        ModelError
            If the model cannot be loaded.
        """
        stamp = None  # the predictor explains best what is wrong with a folder
        with suppress(OSError):
            stamp = (folder / WEIGHTS).stat().st_mtime_ns
        key = (folder.absolute(), device, stamp)
        if self._predictor is None or key != self._loaded:
            _use_all_cores()
            from clump_detector.detector.predict import Predictor

            # Two at once may not fit.
            self._predictor = self._loaded = self._describer = None
            self._predictor = Predictor(folder, device=device)
            self._loaded = key
        return self._predictor

    def _describer_of(self, model: Predictor) -> Describer:
        """Return what describes cutouts with the loaded model, made once."""
        from clump_detector.detector.describing.describer import Describer

        if self._describer is None:
            self._describer = Describer(model)
        return self._describer

    def detect(self, request: Request, emit: Send, cancel: CancelToken) -> Event:
        """Search each cutout; a bad one is a problem of its own.

        Parameters
        ----------
        request : dict
            As in the table of `clump_detector.worker`.
        emit : callable
            Takes the events.
        cancel : CancelToken

        Returns
        -------
        dict
            Fields of the event ``done``.
        """
        start = time.perf_counter()
        model = self._model_of(request, emit)
        describer = self._describer_of(model) if request.get("describe") else None
        found = problems = 0
        for entry in request["cutouts"]:
            cancel.check()
            event = _or_problem(proposals, model, entry, cancel, describer)
            problems += event["event"] == "problem"
            found += len(event.get("boxes", ()))
            emit({"key": entry.get("key"), **event})
        return {
            "cutouts": len(request["cutouts"]),
            "boxes": found,
            "problems": problems,
            "seconds": round(time.perf_counter() - start, 3),
        }

    def artefacts(self, request: Request, emit: Send, cancel: CancelToken) -> Event:
        """Search cutouts for artefacts, until another request waits.

        Parameters
        ----------
        request : dict
            As in the table of `clump_detector.worker`.
        emit : callable
            Takes the events.
        cancel : CancelToken

        Returns
        -------
        dict
            Fields of the event ``done``.
        """
        searched = 0
        for entry in request["cutouts"]:
            cancel.check()
            if self._others_wait():
                break
            event = _or_problem(artefacts, entry, cancel)
            emit({"key": entry.get("key"), **event})
            searched += 1
        return {"searched": searched}

    def explain(self, request: Request, emit: Send, cancel: CancelToken) -> Event:
        """Explain why a model proposes a box.

        Parameters
        ----------
        request : dict
            As in the table of `clump_detector.worker`.
        emit : callable
            Takes the events.
        cancel : CancelToken

        Returns
        -------
        dict
            Fields of the event ``done``.
        """
        model = self._model_of(request, emit)
        from clump_detector.detector.explaining.explainer import Explainer

        return explanation(Explainer(model), request["cutout"], cancel)

    def _model_of(self, request: Request, emit: Send) -> Predictor:
        """Return the predictor that a request names, and say when it is there."""
        emit({"event": "loading"})
        model = self.predictor(Path(request["model"]), request.get("device", "auto"))
        emit({"event": "loaded", "model": model.model_id})
        return model

    def train(self, request: Request, emit: Send, cancel: CancelToken) -> Event:
        """Train a model; the events are those of `clump_detector.train.events`.

        Parameters
        ----------
        request : dict
            As in the table of `clump_detector.worker`.
        emit : callable
            Takes the events.
        cancel : CancelToken

        Returns
        -------
        dict
            Fields of the event ``done``.
        """
        emit({"event": "loading"})
        _use_all_cores()
        from clump_detector.train.events import to_json
        from clump_detector.train.run import train

        folder = train(
            training_request(request), lambda event: emit(to_json(event)), cancel
        )
        return {"model": str(folder)}

    def compare(self, request: Request, emit: Send, cancel: CancelToken) -> Event:
        """Compare two models on the cutouts of a label set.

        Parameters
        ----------
        request : dict
            As in the table of `clump_detector.worker`.
        emit : callable
            Takes the events.
        cancel : CancelToken

        Returns
        -------
        dict
            Fields of the event ``done``.
        """
        emit({"event": "loading"})
        _use_all_cores()
        from clump_detector.evaluation.comparison import compare_models, store_verdict

        def progress(done: int, total: int, text: str) -> None:
            emit({"event": "progress", "done": done, "total": total})

        self._predictor = self._describer = None  # free their memory
        result = compare_models(
            Path(request["old"]),
            Path(request["new"]),
            Path(request["labels"]),
            device=request.get("device", "auto"),
            which=request.get("which", "held_out"),
            progress=progress,
            cancel=cancel,
        )
        if request.get("keep"):
            store_verdict(Path(request["new"]), result)
        return {"comparison": result}


def training_request(fields: Request) -> TrainRequest:
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


def _use_all_cores() -> None:
    """Let torch use the cores this process may use: more make it ten times slower."""
    import torch

    if hasattr(os, "sched_getaffinity"):
        torch.set_num_threads(len(os.sched_getaffinity(0)))
    else:
        torch.set_num_threads(os.cpu_count() or 1)
