"""Explaining a box in the background: why a model proposes it."""

from __future__ import annotations

from functools import partial

from psygnal import Signal

from clump_detector.core.errors import ClumpError
from clump_detector.core.text import message_of
from clump_detector.models.explained import Explanation
from clump_detector.models.registry import resolve_model
from napari_clumps.review import Corners
from napari_clumps.worker.detection import CutoutRequest
from napari_clumps.worker.explanation import explain

from .base import Job
from .detecting.detection import Detection
from .host import JobHost

#: What is explained: a cutout, corners of a box on it, and the id of the model.
Question = tuple[int, Corners, str]


class Explaining(Job[Explanation | None]):
    """Has the chosen model explain one box.

    Parameters
    ----------
    host : JobHost
    detection : Detection
        Whose process runs the model.

    Attributes
    ----------
    question : (int, (float, float, float, float), str) or None
        What was asked last: the cutout, corners of the box, the id of the model.

    Signals
    -------
    explained(question, answer): an `Explanation`, or why there is none.
    """

    explained = Signal(object, object)

    def __init__(self, host: JobHost, detection: Detection) -> None:
        super().__init__(host)
        self._detection = detection
        self.question: Question | None = None

    def start(self, cutout_id: int, corners: Corners) -> None:
        """Explain a box; nothing happens while another one is being explained.

        Parameters
        ----------
        cutout_id : int
        corners : (float, float, float, float)
        """
        if self.running:
            return
        scores = self._host.scores
        self.question = cutout_id, corners, scores.chosen_model
        try:
            model = resolve_model(scores.model_name)
            source = self._host.opened.cutout(cutout_id).source
        except ClumpError as error:
            self.explained.emit(self.question, error.message)
            return
        request = CutoutRequest(cutout_id, source, boxes=[corners])
        device = self._host.settings.device
        work = partial(explain, self._detection.worker, request, model, device)
        self._begin(work, words="Explaining a box", total=0)

    def close(self) -> None:
        """Stop when the window or the review closes."""
        if self.running:
            self._drop()

    def _on_event(self, event: Explanation | None) -> None:
        if event is not None:
            self.explained.emit(self.question, event)

    def _on_error(self, error: Exception) -> None:
        self._end()
        self.explained.emit(self.question, message_of(error))

    def _on_finished(self) -> None:
        self._end()
