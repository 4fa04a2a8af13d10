"""Downloading the cutouts of a list of galaxies, in the background of the window.

The work itself is done by `clump_detector.galaxies.surveys`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from clump_detector.core.errors import Cancelled, ClumpError
from clump_detector.core.text import message_of
from clump_detector.galaxies.read import GalaxyList, read_galaxies
from clump_detector.galaxies.surveys import (
    SURVEYS,
    DownloadPlan,
    Ended,
    Event,
    Failed,
    Fetched,
    Kept,
    Services,
    Waits,
    fetch,
)
from clump_detector.galaxies.surveys.request import (
    DownloadRequest,
    download_in_words,
    plan_for,
)

from .base import Job
from .host import JobHost

#: Problems that a message gives in full.
_SHOWN = 3


class OpenPaths(Protocol):
    """Opens images in a review, or adds them to a given one."""

    def __call__(
        self, paths: Sequence[str | Path], review: Path | None = None
    ) -> bool | None:
        """Return whether a review is open now."""


class Downloads(Job[GalaxyList | Event]):
    """Reads a list, downloads its cutouts, and opens them in a review.

    Parameters
    ----------
    host : JobHost
    open_paths : OpenPaths
    """

    def __init__(self, host: JobHost, open_paths: OpenPaths) -> None:
        super().__init__(host)
        self._open_paths = open_paths
        self.galaxies: GalaxyList | None = None
        self.total = self.done = 0
        self._plan: DownloadPlan | None = None
        self._into_open = False
        self._stop = threading.Event()
        self._problems: list[str] = []

    @staticmethod
    def surveys() -> dict[str, str]:
        """Return the surveys that can be chosen: key to title."""
        return {key: survey.title for key, survey in SURVEYS.items()}

    @staticmethod
    def kinds(survey: str) -> dict[str, str]:
        """Return what a survey's cutouts can be: key to words, the best first."""
        found, kinds = SURVEYS[survey], {}
        if found.bands:
            kinds[""] = f"FITS, bands {' '.join(found.usual)}"
            if len(found.bands) > len(found.usual):
                kinds["all"] = f"FITS, bands {' '.join(found.bands)}"
        if found.colour:
            kinds["jpg"] = "colour pictures, JPEG"
            kinds["png"] = "colour pictures, PNG"
        return kinds

    @staticmethod
    def all_bands(survey: str) -> str:
        """Return all bands of a survey, as `DownloadRequest` takes them."""
        return "".join(SURVEYS[survey].bands)

    @property
    def reading(self) -> bool:
        """Whether a list is being read."""
        return self.running and self._plan is None

    # -- the list -----------------------------------------------------------

    def read(self, path: Path) -> None:
        """Read a list in the background."""
        if self.running:
            return
        self.galaxies, self._plan = None, None
        self.outcome = f"Reading {path.name}…"
        self._begin(_read, path, words="Reading the list", total=0)

    def recognised(self) -> list[str]:
        """Return in sentences what was recognised in the list."""
        galaxies = self.galaxies
        if galaxies is None:
            return []
        left_out = len(galaxies.problems)
        lines = [f"{galaxies.path.name}: {len(galaxies)} galaxies.", *galaxies.report]
        if left_out:
            lines.append(f"{left_out} rows left out: {galaxies.problems[0]}")
        return lines

    # -- fetching -----------------------------------------------------------

    def start(
        self, request: DownloadRequest, folder: Path, *, into_open: bool = False
    ) -> None:
        """Fetch the cutouts of the list that was read.

        Parameters
        ----------
        request : DownloadRequest
        folder : path
        into_open : bool
            Whether to add them to the open review, rather than to that of their folder.
        """
        if self.running:
            return
        if self.galaxies is None:
            self._host.warn("Choose a list of galaxies first.")
            return
        try:
            self._plan = plan_for(self.galaxies, request, folder)
        except ClumpError as error:
            self._host.warn(error.message)
            return
        self._into_open = into_open
        self._stop = threading.Event()
        self._problems = [*self._plan.problems]
        self.total, self.done = len(self._plan.wanted), 0
        self.outcome = "Asking…"
        self._begin(
            _fetch,
            self._plan,
            self._stop,
            words="Fetching cutouts",
            total=self.total,
        )

    def cancel(self) -> None:
        """Stop now: downloaded files are kept, and used when it is started again."""
        if not self.running:
            return
        reading = self.reading
        self._stop.set()
        self.outcome = (
            "" if reading else f"Cancelled after {self.done} of {self.total}."
        )
        self._drop()

    def close(self) -> None:
        """Stop a running download."""
        self.cancel()

    # -- events -------------------------------------------------------------

    def _on_event(self, event: GalaxyList | Event) -> None:
        if isinstance(event, GalaxyList):
            self.galaxies = event
        elif isinstance(event, Waits):
            self.outcome = f"{event.reason}: continuing in {event.seconds:.0f} s."
        elif isinstance(event, Ended):
            self._take(event)
        elif isinstance(event, Fetched | Kept | Failed):
            if isinstance(event, Failed):
                self._problems.append(event.message)
            self.done += 1
            self.outcome = f"{self.done} of {self.total}"
            if self._bar is not None:
                self._bar.update(1)
        self.changed.emit()

    def _take(self, ended: Ended) -> None:
        self.outcome = download_in_words(ended)
        if ended.stopped:
            self._problems.insert(0, ended.stopped)
        if self._problems:
            self._host.warn(_summary(self._problems))
        if ended.fetched or ended.kept:
            self._open(ended.folder)

    def _open(self, folder: Path) -> None:
        """Show the files in the open review, or in that of their folder."""
        review = self._host.review
        if self._into_open and review is not None and self._plan is not None:
            files = [self._plan.folder / wanted.file for wanted in self._plan.wanted]
            there = [file for file in files if file.exists()]
            self._open_paths(there, review.path)
        else:
            self._open_paths([folder])

    def _on_error(self, error: Exception) -> None:
        self.outcome = ""
        self._end()
        if not isinstance(error, Cancelled):
            message = message_of(error)
            self._host.warn(message)

    def _on_finished(self) -> None:
        if self._plan is None:
            self.outcome = ""
        self._end()


def _read(path: Path) -> Iterator[GalaxyList]:
    yield read_galaxies(path)


def _fetch(plan: DownloadPlan, stop: threading.Event) -> Iterator[Event]:
    yield from fetch(plan, Services(), stop)


def _summary(problems: list[str]) -> str:
    shown = " ".join(problems[:_SHOWN])
    more = len(problems) - _SHOWN
    return f"{shown} And {more} more." if more > 0 else shown
