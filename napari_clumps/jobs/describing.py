"""Describing cutouts in the background: what orders, doubts and similar ones need.

A detection describes what it searches. This job describes the rest: cutouts that are
done, or that were searched by another program or by a model before this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from clump_detector.core.errors import ClumpError
from clump_detector.core.text import message_of, plural
from clump_detector.models.registry import resolve_model
from napari_clumps.worker.detection import DetectEvent, detect
from napari_clumps.worker.messages import Proposals, Unreadable

from .base import Job
from .detecting.detection import Detection, TakesDescriptions, described_request
from .host import JobHost


class Describing(Job[DetectEvent | None]):
    """Has the current model describe cutouts of the open review.

    Parameters
    ----------
    host : JobHost
    detection : Detection
        Whose process runs the model.
    descriptions : TakesDescriptions

    Attributes
    ----------
    done, total : int
        Cutouts of the run.
    """

    def __init__(
        self, host: JobHost, detection: Detection, descriptions: TakesDescriptions
    ) -> None:
        super().__init__(host)
        self._detection, self._descriptions = detection, descriptions
        self._problems = 0
        self.done = self.total = 0

    def start(self, cutout_ids: Sequence[int]) -> None:
        """Describe cutouts, in this order.

        Parameters
        ----------
        cutout_ids : sequence of int
        """
        if self.running or not cutout_ids or not self._descriptions.wanted:
            return
        review = self._host.opened
        try:
            model = resolve_model(self._host.scores.model_name)
            requests = [described_request(review, review.cutout(i)) for i in cutout_ids]
        except ClumpError as error:
            self._host.warn(error.message)
            return
        self.done, self.total, self._problems = 0, len(requests), 0
        self.outcome = "Loading the model…"
        work = partial(
            detect,
            self._detection.worker,
            requests,
            model,
            self._host.settings.device,
            describe=True,
        )
        self._begin(work, words="Describing cutouts", total=self.total)

    def cancel(self) -> None:
        """Stop now; what is described stays."""
        if self.running:
            self.outcome = f"Stopped after {self.done} of {self.total}."
            self._drop()

    def close(self) -> None:
        """Stop when the window or the review closes."""
        self.cancel()

    def _on_event(self, event: DetectEvent | None) -> None:
        if isinstance(event, Unreadable):
            self._problems += 1
        elif isinstance(event, Proposals):
            if event.description is not None:
                key = int(event.key)
                self._descriptions.take(key, event.model, event.description)
        else:
            return
        self.done += 1
        self.outcome = f"Describing the cutouts: {self.done} of {self.total}"
        if self._bar is not None:
            self._bar.update(1)
        self.changed.emit()

    def _on_error(self, error: Exception) -> None:
        message = message_of(error)
        self._end()
        self.outcome = message
        self._host.warn(message)

    def _on_finished(self) -> None:
        self.outcome = f"{plural(self.done - self._problems, 'cutout')} described."
        if self._problems:
            n = plural(self._problems, "cutout")
            self.outcome += f" {n} could not be read."
        self._end()
