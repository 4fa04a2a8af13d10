"""Cutouts of a survey's dataset in the window: asked for, reviewed, decisions back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from clump_detector.core.errors import ClumpError
from clump_detector.core.text import message_of, plural
from clump_detector.survey_search.dataset.asking.selection import Question, Selection
from clump_detector.survey_search.dataset.query import answer
from napari_clumps.io.survey_decisions import Taken, dataset_of, take_decisions
from napari_clumps.io.survey_review import (
    FIRST,
    Prepared,
    await_all,
    new_path,
    prepared,
    review_of,
    take,
)
from napari_clumps.settings.settings import load_settings

from .base import Job
from .download import OpenPaths
from .host import JobHost
from .work import Work

#: Rows that a table shows, and seconds between two looks at a review that grows.
SHOWN_ROWS, _PAUSE = 1_000, 1.0

#: Problems that a message gives in full.
_IN_FULL = 3


class Selecting(Job[Selection]):
    """Answers a question to a dataset; a new one takes the place of one that runs.

    Attributes
    ----------
    selection : Selection or None
        The last answer.
    most : int
        How many of its cutouts were asked for; it may have more, to be shown.
    """

    def __init__(self, host: JobHost) -> None:
        super().__init__(host)
        self.selection: Selection | None = None
        self.most = 0

    def start(self, dataset: Path, question: Question) -> None:
        """Ask a dataset."""
        if self.running:
            self._drop()
        self.most = question.most
        self.outcome = "Asking…"
        shown = replace(question, most=max(question.most, SHOWN_ROWS))
        self._begin(_answered, dataset, shown, words="Asking a dataset", total=0)

    def _on_event(self, event: Selection) -> None:
        self.selection, self.outcome = event, ""

    def _on_error(self, error: Exception) -> None:
        self.selection, self.outcome = None, message_of(error)

    def _on_finished(self) -> None:
        self._end()

    def forget(self) -> None:
        """Forget the answer, and one that is still to come."""
        if self.running:
            self._drop()
        self.selection, self.outcome = None, ""
        self.changed.emit()


def _answered(dataset: Path, question: Question) -> Iterator[Selection]:
    yield answer(dataset, question)


class Making(Job["tuple[Path, list[str]]"]):
    """Makes a review of a selection, with its first cutouts, and opens it.

    Parameters
    ----------
    host : JobHost
    open_paths : OpenPaths
    """

    def __init__(self, host: JobHost, open_paths: OpenPaths) -> None:
        super().__init__(host)
        self._open_paths = open_paths
        self._made: Path | None = None

    def start(self, selection: Selection) -> None:
        """Make a review in the folder of the dataset."""
        if self.running:
            return
        self._made = None
        name = load_settings().name()
        self._begin(_made, selection, name, words="Making a review", total=0)

    def _on_event(self, event: tuple[Path, list[str]]) -> None:
        self._made, problems = event
        if problems:
            self._host.warn(left_out_in_words(problems))

    def _on_error(self, error: Exception) -> None:
        self._host.warn(message_of(error))

    def _on_finished(self) -> None:
        made = self._made
        self._end()
        if made is not None:
            self._open_paths([made])

    def close(self) -> None:
        """End when the window closes."""
        if self.running:
            self._drop()


def _made(selection: Selection, name: str) -> Iterator[tuple[Path, list[str]]]:
    path = new_path(selection.dataset)
    review, problems = review_of(selection, path, first=FIRST, annotator=name)
    review.close()
    yield path, problems


class Filling(Job["list[Prepared]"]):
    """Adds the cutouts that wait in the open review, in their order.

    Parameters
    ----------
    host : JobHost
    grown : callable
        Has the window show that the review has more cutouts.
    """

    def __init__(self, host: JobHost, grown: Callable[[], None]) -> None:
        super().__init__(host)
        self._grown = grown
        self._problems: list[str] = []
        self._shown = 0.0
        self._room, self._over = threading.Semaphore(1), threading.Event()
        self.left = 0

    def follow(self) -> None:
        """Start where the open review waits for cutouts; end what was for another."""
        self.close()
        review = self._host.review
        origin = None if review is None or review.read_only else review.survey
        if origin is None or not origin.waiting:
            self.left, self.outcome = 0, ""
            return
        self._problems, self.left = [], len(origin.waiting)
        self._room, self._over = threading.Semaphore(1), threading.Event()
        self._begin(
            _in_step,
            prepared(origin.dataset, origin.waiting),
            self._room,
            self._over,
            words="Adding cutouts of the dataset",
            total=self.left,
        )

    def _on_event(self, event: list[Prepared]) -> None:
        try:
            self._problems += take(self._host.opened, event)
        except ClumpError as error:
            self._problems.append(error.message)
        self.left -= len(event)
        self.outcome = f"{plural(self.left, 'cutout')} still to come."
        if self._bar is not None:
            self._bar.update(len(event))
        if time.monotonic() - self._shown > _PAUSE:
            self._shown = time.monotonic()
            self._grown()
        self.changed.emit()
        self._room.release()

    def _on_error(self, error: Exception) -> None:
        self._problems.append(message_of(error))

    def _on_finished(self) -> None:
        self.outcome = ""
        self._end()
        self._grown()
        if self._problems:
            self._host.warn(left_out_in_words(self._problems))

    def close(self) -> None:
        """End; the review goes on when it is opened again."""
        self._over.set()
        if self.running:
            self._drop()


def _in_step(
    found: Iterator[list[Prepared]],
    may_come: threading.Semaphore,
    over: threading.Event,
) -> Iterator[list[Prepared]]:
    """Yield what is prepared no faster than it is taken.

    The progress bar lets Qt handle what waits: of many that wait, each would be handled
    inside the one before.
    """
    for some in found:
        while not may_come.acquire(timeout=0.1):
            if over.is_set():
                return
        yield some


class TakingBack(Work[Taken]):
    """Takes the decisions of the open review into its dataset."""

    words = "Taking decisions"
    when_cancelled = "Cancelled: the dataset has what it had."

    def start(self) -> None:
        """Start to take them."""
        review = self._host.opened
        if not self.running:
            self._run(take_decisions(review, dataset_of(review)))

    def _take(self, value: Taken) -> None:
        self._host.say(value.in_words)


class Surveys:
    """Asks a dataset, reviews what it has, and takes decisions back into it.

    Parameters
    ----------
    host : JobHost
    open_paths : OpenPaths
    grown : callable
        Has the window show that the open review has more cutouts.
    """

    def __init__(
        self, host: JobHost, open_paths: OpenPaths, grown: Callable[[], None]
    ) -> None:
        self._host = host
        self.selecting = Selecting(host)
        self.making = Making(host, open_paths)
        self.filling = Filling(host, grown)
        self.taking_back = TakingBack(host)

    def ask(self, dataset: Path, question: Question) -> None:
        """Ask a dataset in the background."""
        self.selecting.start(dataset, question)

    def review(self) -> None:
        """Open the cutouts that were asked for as a new review."""
        selection = self.selecting.selection
        if selection is None or not len(selection):
            self._host.say("Ask the dataset for some cutouts first.")
            return
        self.making.start(selection.first(self.selecting.most))

    def add_to_open(self) -> None:
        """Add the cutouts that were asked for to the open review."""
        selection = self.selecting.selection
        if selection is None:
            return
        try:
            review = self._host.opened
            n = await_all(review, selection.first(self.selecting.most))
        except ClumpError as error:
            self._host.warn(error.message)
            return
        self._host.say(f"{plural(n, 'cutout')} will be added to {review.path.name}.")
        self.filling.follow()

    def take_back(self) -> None:
        """Take the decisions of the open review into its dataset, in the background."""
        try:
            self.taking_back.start()
        except ClumpError as error:
            self._host.warn(error.message)

    def follow_review(self) -> None:
        """Go on with another review, or none."""
        self.taking_back.close()
        self.filling.follow()

    def close(self) -> None:
        """End all jobs when the window closes."""
        self.selecting.forget()
        for job in (self.making, self.filling, self.taking_back):
            job.close()


def left_out_in_words(problems: list[str]) -> str:
    """Return which cutouts were left out, and why the first of them were."""
    more = len(problems) - _IN_FULL
    rest = f" And {more} more." if more > 0 else ""
    n = plural(len(problems), "cutout was", "cutouts were")
    return f"{n} left out: {' '.join(problems[:_IN_FULL])}{rest}"
