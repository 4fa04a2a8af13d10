"""A survey in a list of galaxies, whose cutouts a service delivers.

They are downloaded by the client alone, one request after the other with the service's
pace, by the same code as the verb ``fetch``: the pace holds for the whole cluster,
whatever the number of its workers, since no worker asks a service. Each cutout goes to
the workers as soon as it is there; what an earlier run downloaded is kept.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from clump_detector.core.errors import Cancelled, FetchError
from clump_detector.core.text import plural
from clump_detector.galaxies.read import read_galaxies
from clump_detector.galaxies.surveys import (
    Ended,
    Failed,
    Fetched,
    Kept,
    Services,
    Wanted,
    fetch,
)
from clump_detector.galaxies.surveys.request import DownloadRequest, plan_for
from clump_detector.image_files.sources import Source
from clump_detector.survey_search.items import Item, address_of

from .scratch import FailedItem, ListedItem, known_of

#: The folder of the cutouts in the dataset.
FOLDER = "images"

#: Galaxies that cannot be asked for, of which the reasons are told.
_TOLD = 5


class Positions:
    """The galaxies of a list, as a service delivers their cutouts.

    Parameters
    ----------
    path : path
        The list: any table of positions.
    request : DownloadRequest
        Survey, bands, size and format.
    dataset : path
        The cutouts go into its folder ``images``.
    stop : threading.Event, optional
        Set it to end also during a request.
    services : Services, optional

    Attributes
    ----------
    notes : list of str

    Raises
    ------
    ClumpError
        If the list or the request is of no use.
    """

    def __init__(
        self,
        path: Path,
        request: DownloadRequest,
        dataset: Path,
        stop: threading.Event | None = None,
        services: Services | None = None,
    ) -> None:
        self._path, self._dataset = path, dataset.absolute()
        self._folder = self._dataset / FOLDER
        request.choices()  # refused before a long list is read
        galaxies = read_galaxies(path, request.columns)
        self._plan = plan_for(galaxies, request, self._folder)
        self._services = services
        self._stop = stop or threading.Event()
        self.notes = [f"{path}: {text}" for text in self._plan.notes]
        left_out = [*galaxies.problems, *self._plan.problems]
        if left_out:
            words = plural(len(left_out), "row is", "rows are")
            told = " ".join(left_out[:_TOLD])
            self.notes.append(f"{path}: {words} without a cutout. {told}")

    @property
    def total(self) -> int:
        """How many cutouts are asked for."""
        return len(self._plan.wanted)

    def __iter__(self) -> Iterator[Item]:
        """Go through the galaxies as their cutouts come.

        One that the service does not deliver becomes a problem of the dataset, as do
        all that were not asked for where the service ended the downloads; the next run
        asks for them again.
        """
        done = 0
        try:
            with closing(fetch(self._plan, self._services, self._stop)) as events:
                for event in events:
                    if isinstance(event, Fetched | Kept):
                        done += 1
                        yield self._item(event.wanted)
                    elif isinstance(event, Failed):
                        done += 1
                        yield self._failed(event.wanted, event.message)
                    elif isinstance(event, Ended) and event.stopped:
                        self.notes.append(f"{self._path}: {event.stopped}")
                        for wanted in self._plan.wanted[done:]:
                            yield self._failed(wanted, event.stopped)
        except Cancelled:
            return

    def _address(self, wanted: Wanted) -> str:
        return address_of(self._folder / wanted.file, self._dataset)

    def _item(self, wanted: Wanted) -> ListedItem:
        """Return a cutout with its row: the table next to it is written at the end."""
        source = Source(wanted.galaxy.name, (self._folder / wanted.file,))
        known = {**known_of(wanted.galaxy), "pixscale": wanted.scale}
        return ListedItem(source, self._address(wanted), known)

    def _failed(self, wanted: Wanted, words: str) -> FailedItem:
        name = wanted.galaxy.name
        error = FetchError(words.removeprefix(f"{name}: "))
        return FailedItem(self._address(wanted), name, error)
