"""Import, export and merge of labels in the background.

The files are those of other programs and of other reviewers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from pathlib import Path

from psygnal import Signal

from clump_detector.core.errors import Cancelled, ClumpError
from napari_clumps.io.formats import export
from napari_clumps.io.import_labels import PlacedLabels, add_labels, find_labels
from napari_clumps.io.selection import ExportOptions
from napari_clumps.review import MergeResult, Review, merge_in_words
from napari_clumps.review.comparison.agreement import (
    agreement_in_words,
    compare_reviews,
)

from .host import JobHost
from .work import Work


class Exporting(Work[str]):
    """Writes the open review in another format."""

    words = "Exporting"
    when_cancelled = "Cancelled: nothing was exported."

    def start(self, path: Path, how: str | None, options: ExportOptions) -> None:
        """Start to write the open review.

        Parameters
        ----------
        path : path
            A file, or the folder to create.
        how : str or None
            One of `io.formats.FORMATS`; None for what the ending says.
        options : ExportOptions

        Raises
        ------
        ClumpError
            If there is nothing to export, or no such format.
        """
        review = self._host.opened
        if self.running:
            self._host.say("An export is running already.")
            return
        self._run(export(review, path, how, options))

    def _take(self, value: str) -> None:
        self._host.say(value)


class Importing(Work[PlacedLabels]):
    """Reads external labels and finds their cutouts.

    Signals
    -------
    found(PlacedLabels): labels are located; `Exchange.take` adds them.
    """

    words = "Matching labels to cutouts"
    when_cancelled = "Cancelled: nothing was imported."
    found = Signal(object)

    def start(self, path: Path) -> None:
        """Start to read."""
        review = self._host.opened
        if self.running:
            self._host.say("Labels are being read already.")
            return
        self._run(find_labels(review, path))

    def _take(self, value: PlacedLabels) -> None:
        if self.cancelling:
            self._host.say(self.when_cancelled)
        elif value.placed.total:
            self.found.emit(value)
        else:
            self._host.warn(" ".join(value.in_words()))


class Merging(Work[tuple[list[str], MergeResult]]):
    """Merges another reviewer's file into the open review.

    Parameters
    ----------
    host : JobHost
    reload : callable
        Has the window show the review again, after many changes.

    Signals
    -------
    agreed(list): the file is merged; the agreement before that, in sentences.
    """

    words = "Merging"
    when_cancelled = "Cancelled: nothing was merged."
    agreed = Signal(list)

    def __init__(self, host: JobHost, reload: Callable[[], None]) -> None:
        super().__init__(host)
        self._reload = reload
        self._ending = threading.Event()

    def start(self, path: Path) -> None:
        """Start to merge."""
        review = self._host.opened
        if self.running:
            self._host.say("A review is being merged already.")
            return
        self._ending = threading.Event()
        self._run(_merge(review, path, self._ending))

    def cancel(self) -> None:
        """Stop before or while the merge is written; nothing is changed then."""
        self._ending.set()
        super().cancel()

    def close(self) -> None:
        """Stop when the review is closed."""
        self._ending.set()
        super().close()

    def _on_error(self, error: Exception) -> None:
        if isinstance(error, Cancelled):
            self._end()
            self._host.say(self.when_cancelled)
        else:
            super()._on_error(error)

    def _take(self, value: tuple[list[str], MergeResult]) -> None:
        sentences, merged = value
        host = self._host
        host.opened.emit_changed(merged.touched)
        self._reload()
        host.say(merge_in_words(merged))
        if merged.skipped:
            host.warn(
                f"{len(merged.skipped)} cutouts have another size there and were left "
                f"out, such as {merged.skipped[0]}."
            )
        self.agreed.emit(sentences)


def _merge(
    review: Review, path: Path, ending: threading.Event
) -> Generator[tuple[int, int], None, tuple[list[str], MergeResult]]:
    """Return the agreement of two reviewers, and the outcome of the merge."""

    def should_go_on() -> None:
        if ending.is_set():
            raise Cancelled

    with Review.open(path, read_only=True) as other:
        sentences = agreement_in_words(compare_reviews(review, other))
    return sentences, (yield from review.merge_steps(path, should_go_on))


AnyWork = Exporting | Importing | Merging


class Exchange:
    """Import into the open review, export of it, and merging of other reviews.

    Parameters
    ----------
    host : JobHost
    reload : callable
        Has the window show the review again, after many changes.
    """

    def __init__(self, host: JobHost, reload: Callable[[], None]) -> None:
        self._host, self._reload = host, reload
        self.exporting = Exporting(host)
        self.importing = Importing(host)
        self.merging = Merging(host, reload)

    @property
    def jobs(self) -> dict[str, AnyWork]:
        """The jobs that may be running, by name."""
        return {
            "exporting": self.exporting,
            "importing": self.importing,
            "merging": self.merging,
        }

    def export(
        self, path: Path, how: str | None = None, options: ExportOptions | None = None
    ) -> None:
        """Export the review in the background; `io.formats.export` lists the formats.

        Parameters
        ----------
        path : path
            A file, or the folder to create.
        how : str, optional
            One of `io.formats.FORMATS`; by default what the ending says.
        options : ExportOptions, optional
        """
        try:
            self.exporting.start(path, how, options or ExportOptions())
        except ClumpError as error:
            self._host.warn(error.message)

    def read(self, path: Path) -> None:
        """Read external labels; `importing.found` is emitted when they are located."""
        try:
            self.importing.start(path)
        except ClumpError as error:
            self._host.warn(error.message)

    def merge(self, path: Path) -> None:
        """Merge another reviewer's file, in one step of undo."""
        try:
            self.merging.start(path)
        except ClumpError as error:
            self._host.warn(error.message)

    def take(self, found: PlacedLabels, how: str) -> None:
        """Add labels to the review, in one step of undo.

        Parameters
        ----------
        found : PlacedLabels
        how : {"proposals", "accepted"}
        """
        try:
            sentences = add_labels(self._host.opened, found, how)
        except ClumpError as error:
            self._host.warn(error.message)
            return
        self._reload()
        self._host.say(" ".join(sentences))

    def close(self) -> None:
        """Stop all jobs when the review is closed."""
        for job in self.jobs.values():
            job.close()
