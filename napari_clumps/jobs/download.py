"""From a list of galaxies to cutouts: in the background of the window, or without one.

The work itself is done by `clump_detector.surveys`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clump_detector.core.errors import Cancelled, ClumpError, ConfigError
from clump_detector.galaxies.read import GalaxyList, read_galaxies
from clump_detector.surveys import (
    SURVEYS,
    Choices,
    Ended,
    Event,
    Failed,
    Fetched,
    Kept,
    Plan,
    Services,
    Waits,
    fetch,
    make_plan,
    survey_named,
)
from clump_detector.surveys.plan import RADII

from .base import Job

if TYPE_CHECKING:
    from napari_clumps.app.controller import Controller

#: Problems that a message names by themselves.
_SHOWN = 3


@dataclass(frozen=True)
class Wish:
    """What a person says about the cutouts to be fetched.

    Attributes
    ----------
    survey, bands, picture : str
        A key of the surveys or a HiPS; letters; and empty, jpg or png.
    size, radii, pixels, scale
        As in `clump_detector.surveys.Choices`.
    columns : mapping of str to str
        Which column of the list is what, where the guess is wrong.
    """

    survey: str = "sdss"
    bands: str = ""
    picture: str = ""
    size: float | None = None
    radii: float = RADII
    pixels: int | None = None
    scale: float | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    def choices(self) -> Choices:
        """Return them as the engine takes them.

        Raises
        ------
        ConfigError
            If they do not fit each other.
        """
        return Choices(
            survey_named(self.survey),
            tuple(self.bands.replace(",", "").replace(" ", "")),
            self.picture,
            self.size,
            self.radii,
            self.pixels,
            self.scale,
        ).checked()


def plan_for(galaxies: GalaxyList, wish: Wish, folder: Path) -> Plan:
    """Return what is to be fetched for a list.

    Raises
    ------
    ClumpError
        If nothing can be fetched as wished.
    """
    plan = make_plan(galaxies, wish.choices(), folder)
    if not plan.wanted:
        raise ConfigError(
            f"none of the {len(galaxies)} galaxies can be fetched",
            galaxies.path,
            plan.problems[0],
        )
    return plan


def in_words(ended: Ended) -> str:
    """Return what a run came to, in a sentence."""
    kept = f", {ended.kept} were there already" if ended.kept else ""
    failed = f", {ended.failed} did not come" if ended.failed else ""
    n = ended.fetched
    return f"{ended.folder}: {n} cutout{'s' * (n != 1)} fetched{kept}{failed}."


def fetch_from_command_line(
    path: Path,
    folder: Path,
    wish: Wish,
    show: Callable[[int, int], None],
    say: Callable[[str], None],
) -> list[str]:
    """Fetch the cutouts of a list and return what went wrong, one sentence each.

    Parameters
    ----------
    path : path
        The list.
    folder : path
        Where the cutouts go.
    wish : Wish
    show : callable
        Told of progress: done, total.
    say : callable
        Told of what a person should know, in lines.

    Raises
    ------
    ClumpError
        If the list or the wish is of no use, or the folder cannot be written to.
    """
    galaxies = read_galaxies(path, wish.columns)
    plan = plan_for(galaxies, wish, folder)
    say(f"{path}: {len(galaxies)} galaxies. {' '.join(galaxies.said)}")
    for line in plan.said:
        say(line)
    problems = [*galaxies.problems, *plan.problems]
    done = 0
    for event in fetch(plan, Services()):
        if isinstance(event, Waits):
            say(f"{event.reason}: going on in {event.seconds:.0f} s.")
            continue
        if isinstance(event, Ended):
            say(in_words(event))
            problems += [event.stopped] if event.stopped else []
            continue
        if isinstance(event, Failed):
            problems.append(event.message)
        done += 1
        show(done, len(plan.wanted))
    return problems


class Fetching(Job):
    """Reads a list, fetches its cutouts, and hands them to a review."""

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller)
        self.galaxies: GalaxyList | None = None
        self.total = self.done = 0
        self._plan: Plan | None = None
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
        """Return all bands of a survey, as `Wish` takes them."""
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
        lines = [f"{galaxies.path.name}: {len(galaxies)} galaxies.", *galaxies.said]
        if left_out:
            lines.append(f"{left_out} rows left out: {galaxies.problems[0]}")
        return lines

    # -- fetching -----------------------------------------------------------

    def start(self, wish: Wish, folder: Path, *, into_open: bool = False) -> None:
        """Fetch the cutouts of the list that was read.

        Parameters
        ----------
        wish : Wish
        folder : path
        into_open : bool
            Whether they go into the open review, rather than into that of their folder.
        """
        if self.running:
            return
        if self.galaxies is None:
            self._controller.warn("Choose a list of galaxies first.")
            return
        try:
            self._plan = plan_for(self.galaxies, wish, folder)
        except ClumpError as error:
            self._controller.warn(error.message)
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
        """Stop now: what has come stays, and is kept when the same is started again."""
        if not self.running:
            return
        thread, reading = self._thread, self.reading
        self._stop.set()
        self.outcome = (
            "" if reading else f"Cancelled after {self.done} of {self.total}."
        )
        self._end()
        thread.quit()

    def close(self) -> None:
        """End what runs."""
        self.cancel()

    # -- what comes ---------------------------------------------------------

    def _on_event(self, event: Any) -> None:
        if isinstance(event, GalaxyList):
            self.galaxies = event
        elif isinstance(event, Waits):
            self.outcome = f"{event.reason}: going on in {event.seconds:.0f} s."
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
        self.outcome = in_words(ended)
        if ended.stopped:
            self._problems.insert(0, ended.stopped)
        if self._problems:
            self._controller.warn(_summary(self._problems))
        if ended.fetched or ended.kept:
            self._open(ended.folder)

    def _open(self, folder: Path) -> None:
        """Show what came: in the open review, or in that of its folder."""
        controller = self._controller
        review = controller.review
        if self._into_open and review is not None and self._plan is not None:
            files = [self._plan.folder / wanted.file for wanted in self._plan.wanted]
            there = [file for file in files if file.exists()]
            controller.open_paths(there, review.path)
        else:
            controller.open_paths([folder])

    def _on_error(self, error: Exception) -> None:
        self.outcome = ""
        self._end()
        if not isinstance(error, Cancelled):
            message = error.message if isinstance(error, ClumpError) else str(error)
            self._controller.warn(message)

    def _on_finished(self) -> None:
        if self._plan is None:
            self.outcome = ""
        self._end()


def _read(path: Path) -> Iterator[GalaxyList]:
    yield read_galaxies(path)


def _fetch(plan: Plan, stop: threading.Event) -> Iterator[Event]:
    yield from fetch(plan, Services(), stop)


def _summary(problems: list[str]) -> str:
    shown = " ".join(problems[:_SHOWN])
    more = len(problems) - _SHOWN
    return f"{shown} And {more} more." if more > 0 else shown
