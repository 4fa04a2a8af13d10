"""Comparing the open review with a catalogue of clumps, in the background."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from clump_detector.evaluation.catalogues.comparison import Compared
from napari_clumps.review import Review
from napari_clumps.review.comparison.catalogues import compare_catalogues
from napari_clumps.review.label_set import label_set_steps

from .host import JobHost
from .work import Work


class Comparing(Work[Compared]):
    """Compares the clumps of the open review with those of a file.

    Attributes
    ----------
    found : Compared or None
        Of the last run on the open review.
    """

    words = "Comparing"
    when_cancelled = "Cancelled: nothing was compared."

    def __init__(self, host: JobHost) -> None:
        super().__init__(host)
        self.found: Compared | None = None

    def start(self, path: Path) -> None:
        """Start to compare with a file of labels, or another review.

        Parameters
        ----------
        path : path
        """
        review = self._host.opened
        if self.running:
            self._host.say("A catalogue is being compared already.")
            return
        self.found = None
        self._run(_compared(review, path))

    def close(self) -> None:
        """Stop, and forget what was found, when the review closes."""
        self.found = None
        super().close()

    def _take(self, value: Compared) -> None:
        self.found = value
        self.changed.emit()


def _compared(review: Review, path: Path) -> Generator[tuple[int, int], None, Compared]:
    """Compare a review with a file of labels, or with another review."""
    labels = yield from label_set_steps(review, include_undone=True)
    ours = labels, review.path
    if path.suffix != ".clumps":
        return (yield from compare_catalogues(ours, str(path)))
    with Review.open(path, read_only=True) as other:
        theirs = yield from label_set_steps(other, include_undone=True)
    return (yield from compare_catalogues(ours, (theirs, path)))
