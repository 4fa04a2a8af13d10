"""Comparing the open review with a catalogue of clumps, in the background."""

from __future__ import annotations

from pathlib import Path

from clump_detector.evaluation.catalogues.comparison import Compared
from napari_clumps.review import Review
from napari_clumps.review.comparison.catalogues import compare_catalogues

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

        Raises
        ------
        ClumpError
            If the other review cannot be opened.
        """
        review = self._host.opened
        if self.running:
            self._host.say("A catalogue is being compared already.")
            return
        self.found = None
        ours = review.label_set(), review.path
        if path.suffix == ".clumps":
            with Review.open(path, read_only=True) as other:
                theirs = other.label_set(), path
            self._run(compare_catalogues(ours, theirs))
        else:
            self._run(compare_catalogues(ours, str(path)))

    def close(self) -> None:
        """Stop, and forget what was found, when the review closes."""
        self.found = None
        super().close()

    def _take(self, value: Compared) -> None:
        self.found = value
        self.changed.emit()
