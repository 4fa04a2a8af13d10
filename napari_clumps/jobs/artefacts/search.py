"""The search for artefacts in the background, after each detection."""

from __future__ import annotations

from functools import partial

from clump_detector.core.errors import ClumpError
from napari_clumps.jobs.base import Job
from napari_clumps.jobs.detecting.detection import Detection
from napari_clumps.jobs.host import JobHost
from napari_clumps.worker.artefacts import ArtefactEvent, search_artefacts
from napari_clumps.worker.detection import CutoutRequest
from napari_clumps.worker.messages import FoundArtefacts, Unreadable

#: Cutouts that are searched after a detection, at most; the others after the next one.
MOST = 500


class ArtefactSearch(Job[ArtefactEvent | None]):
    """Keeps in the review what artefacts its cutouts have.

    Those are searched on which a model has run, once each, and those after the current
    one first. It begins when a detection ends, and lets every other request to the
    worker process go first.

    Parameters
    ----------
    host : JobHost
    detection : Detection
        Whose process searches.
    """

    def __init__(self, host: JobHost, detection: Detection) -> None:
        super().__init__(host)
        self._detection = detection
        self._unreadable: set[str | int] = set()
        detection.finished.connect(self._start)

    def _start(self) -> None:
        """Search what has not been searched, unless that is being done."""
        review = self._host.review
        if self.running or review is None or review.read_only:
            return
        here = 1 if self._host.cutout is None else self._host.cutout.id
        ids = [i for i in review.unsearched() if i not in self._unreadable]
        ids.sort(key=lambda i: (i < here, i))
        records = [review.cutout(i) for i in ids[:MOST]]
        if records:
            requests = [CutoutRequest(r.id, r.source) for r in records]
            work = partial(search_artefacts, self._detection.worker, requests)
            self._begin(work, words="Searching for artefacts", total=len(requests))

    def close(self) -> None:
        """Stop when the window or the review closes."""
        self._unreadable.clear()
        if self.running:
            self._drop()

    def _on_event(self, event: ArtefactEvent | None) -> None:
        review = self._host.review
        if event is None or review is None:
            return
        if isinstance(event, Unreadable):  # a detection has said so
            self._unreadable.add(event.key)
        elif isinstance(event, FoundArtefacts):
            try:
                review.note_artefacts(int(event.key), event.artefacts)
            except ClumpError as error:
                self._drop()
                self._host.warn(error.message)
                return
        if self._bar is not None:
            self._bar.update(1)

    def _on_error(self, error: Exception) -> None:
        self._end()
        self._host.say(
            "The search for artefacts ended early; it goes on after the next detection."
        )

    def _on_finished(self) -> None:
        self._end()
