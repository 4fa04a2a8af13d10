"""Labels in and out of the open review, in the background: files of other programs."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from clump_detector.errors import ClumpError

from .exporting import export, finished, format_of
from .going_out.chosen import Wish
from .jobs import Job
from .labels_in import Found, find_labels, take_labels

if TYPE_CHECKING:
    from .controller import Controller


@dataclass(frozen=True)
class _End:
    """What a generator has returned."""

    value: Any


def _to_its_end(work: Generator[Any, None, Any]) -> Generator[Any, None, None]:
    """Yield what a generator yields, and what it returns as the last."""
    yield _End((yield from work))


class _Work(Job):
    """A generator of (done, total) in a thread, with a bar."""

    #: What a message says it was doing.
    words = ""

    def _run(self, work: Generator[Any, None, Any]) -> None:
        self._value: Any = None
        self._shown = 0
        self._begin(_to_its_end, work, words=self.words, total=100)
        # napari leaves a cancelled generator as it is, with its half of a file.
        self._thread.finished.connect(work.close)

    def _on_event(self, event: Any) -> None:
        if isinstance(event, _End):
            self._value = event.value
            return
        done, total = event
        percent = int(100 * done / max(total, 1))
        if self._bar is not None and percent > self._shown:
            self._bar.update(percent - self._shown)
            self._shown = percent
        self.outcome = f"{self.words}: {percent} %"

    def _on_error(self, error: Exception) -> None:
        message = error.message if isinstance(error, ClumpError) else str(error)
        self._end()
        self._controller.warn(message)

    def cancel(self) -> None:
        """Stop; what was written so far goes."""
        if self.running:
            thread = self._thread
            self._end()
            thread.quit()


class Exporting(_Work):
    """Writes the open review in another format."""

    words = "Exporting"

    def start(self, path: Path, how: str | None, wish: Wish) -> None:
        """Start to write; a label set, which takes no time, is there at once.

        Raises
        ------
        ClumpError
            If there is nothing to export, or no such format.
        """
        review = self._controller.opened
        if self.running:
            self._controller.say("An export is under way already.")
            return
        work = export(review, path, how, wish)
        if format_of(path, how) in ("labels", "coco") and not wish.png:
            self._controller.say(finished(work))
        else:
            self._run(work)

    def _on_finished(self) -> None:
        said = self._value
        self._end()
        if said is not None:
            self._controller.say(said)


class Importing(_Work):
    """Reads labels that others made and finds their cutouts.

    Signals
    -------
    found(Found): they have their places; `Exchange.take` takes them in.
    """

    words = "Looking for the labels' cutouts"
    found = Signal(object)

    def start(self, path: Path) -> None:
        """Start to read."""
        review = self._controller.opened
        if self.running:
            self._controller.say("Labels are being read already.")
            return
        self._run(find_labels(review, path))

    def _on_finished(self) -> None:
        found = self._value
        self._end()
        if found is None:
            return
        if not found.placed.total:
            self._controller.warn(" ".join(found.in_words()))
            return
        self.found.emit(found)


class Exchange:
    """What comes into the open review from other programs, and goes out to them.

    Parameters
    ----------
    controller : Controller
    """

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self.exporting = Exporting(controller)
        self.importing = Importing(controller)

    def export(
        self, path: Path, how: str | None = None, wish: Wish | None = None
    ) -> None:
        """Write the review; `exporting.export` says what there is."""
        try:
            self.exporting.start(path, how, wish or Wish())
        except ClumpError as error:
            self._controller.warn(error.message)

    def read(self, path: Path) -> None:
        """Read labels that others made; `importing.found` tells when they are there."""
        try:
            self.importing.start(path)
        except ClumpError as error:
            self._controller.warn(error.message)

    def take(self, found: Found, how: str) -> None:
        """Take labels into the review; undo takes them back.

        Parameters
        ----------
        found : Found
        how : {"proposals", "accepted"}
        """
        controller = self._controller
        try:
            said = take_labels(controller.opened, found, how)
        except ClumpError as error:
            controller.warn(error.message)
            return
        controller.make_queue()
        controller.review_changed.emit()
        controller.refresh(start=True)
        controller.say(" ".join(said))

    def cancel(self) -> None:
        """Stop what is under way."""
        self.exporting.cancel()
        self.importing.cancel()
