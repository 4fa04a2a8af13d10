"""Downloading the cutouts of a plan, one after the other, with an event for each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from clump_detector.astrometry.wcs import celestial_wcs
from clump_detector.core.errors import FetchError, FileError
from clump_detector.galaxies.surveys.archives.hips import Hips
from clump_detector.galaxies.surveys.archives.mosaic import add_field, is_full
from clump_detector.galaxies.surveys.archives.sdss import Sdss
from clump_detector.galaxies.write import Row, merged, read_rows, row_of, write_rows

from .cache import Cache
from .journal import Journal
from .plan import DownloadPlan, Wanted
from .retry import Asker, StopAskingError, TryAgain, Waits
from .services import Services
from .write import (
    OutsideError,
    Plane,
    check_picture,
    read_plane,
    refuse_empty,
    wcs_of,
    write_bands,
    write_picture,
)

if TYPE_CHECKING:
    from astropy.wcs import WCS

_Checked = TypeVar("_Checked")

#: The table of galaxies next to their cutouts.
TABLE = "galaxies.ecsv"

#: Failures in a row after which a download ends.
_MOST_FAILURES = 5


@dataclass(frozen=True)
class Fetched:
    """A cutout was downloaded and is on disk."""

    wanted: Wanted


@dataclass(frozen=True)
class Kept:
    """A cutout existed already."""

    wanted: Wanted


@dataclass(frozen=True)
class Failed:
    """A cutout could not be downloaded; with the reason, a sentence."""

    wanted: Wanted
    message: str


@dataclass(frozen=True)
class Ended:
    """The download is complete, or was stopped, with the reason, a sentence."""

    folder: Path
    fetched: int
    kept: int
    failed: int
    stopped: str = ""


Event = Waits | Fetched | Kept | Failed | Ended


def fetch(
    plan: DownloadPlan,
    services: Services | None = None,
    stop: threading.Event | None = None,
) -> Generator[Event, None, None]:
    """Download the cutouts of a plan, and write the table of galaxies next to them.

    Cutouts that an earlier run downloaded with the same choices are kept. A galaxy that
    is not available is reported and left out. The table lists the cutouts on disk
    however the download ends, also if it is closed or stopped.

    Parameters
    ----------
    plan : DownloadPlan
    services : Services, optional
    stop : threading.Event, optional
        Set it to end during a request.

    Yields
    ------
    Waits, Fetched, Kept, Failed, and Ended at the end

    Raises
    ------
    FileError
        If the folder cannot be written to, or holds a broken table of galaxies.
    Cancelled
        If `stop` was set.
    """
    services = services or Services()
    run = _Run(plan, services, stop or threading.Event())
    try:
        yield from run.all()
    finally:
        run.close()


class _Run:
    """One run through a plan."""

    def __init__(
        self, plan: DownloadPlan, services: Services, stop: threading.Event
    ) -> None:
        self._plan, self._choices = plan, plan.choices
        self._asker = Asker(services, stop)
        self._cache = Cache(services.cache, services.cache_bytes)
        self._sdss = Sdss(services)
        self._services = services
        self._hips: Hips | None = None
        self._journal = Journal(plan.folder)
        self._old = read_rows(plan.folder / TABLE)
        self._rows: list[Row] = []
        self._refuse_others()

    def _refuse_others(self) -> None:
        """Refuse to replace cutouts, on which boxes may have been drawn."""
        others = [
            w.file
            for w in self._plan.wanted
            if self._journal.get(w.file) not in (None, w.request(self._choices))
            and (self._plan.folder / w.file).exists()
        ]
        if others:
            raise FileError(
                f"{len(others)} cutouts of another survey or size are in this folder, "
                f"such as {others[0]}",
                self._plan.folder,
                "Choose another folder: boxes drawn on them would no longer fit.",
            )

    def all(self) -> Iterator[Event]:
        """Go through the plan."""
        counts: dict[type, int] = {Fetched: 0, Kept: 0, Failed: 0}
        in_a_row, stopped = 0, ""
        for wanted in self._plan.wanted:
            try:
                kind = yield from self._one(wanted)
                in_a_row = 0
            except StopAskingError as error:
                stopped = error.message
                break
            except FetchError as error:
                kind = Failed
                in_a_row += not isinstance(error, OutsideError)
                yield Failed(wanted, f"{wanted.galaxy.name}: {error.message}")
                if in_a_row >= _MOST_FAILURES:
                    stopped = (
                        f"{in_a_row} galaxies in a row failed, so the download was "
                        "stopped. Start it again later: existing cutouts are kept."
                    )
                    counts[kind] += 1
                    break
            counts[kind] += 1
        self.close()
        done = counts[Fetched], counts[Kept], counts[Failed]
        yield Ended(self._plan.folder, *done, stopped)

    def close(self) -> None:
        """Write the table of the cutouts on disk, once."""
        rows, self._rows = self._rows, []
        if rows:
            meta = {"comment": "Galaxies of the cutouts in this folder."}
            write_rows(merged(self._old, rows), self._plan.folder / TABLE, meta)
            self._old = merged(self._old, rows)
        self._cache.prune()

    def _one(self, wanted: Wanted) -> Generator[Event, None, type]:
        path = self._plan.folder / wanted.file
        request = wanted.request(self._choices)
        if path.exists():
            known = self._journal.get(wanted.file)
            if known is None:
                raise FetchError(
                    f"{wanted.file} exists, but was not downloaded into this folder",
                    None,
                    "Move it, or choose another folder.",
                )
            self._note(wanted)
            yield Kept(wanted)
            return Kept
        if self._choices.picture:
            content = yield from self._picture(wanted)
            self._journal.put(wanted.file, request)
            write_picture(content, path)
        else:
            planes, wcs = yield from self._bands(wanted)
            self._journal.put(wanted.file, request)
            write_bands(planes, wanted, self._choices, path, wcs)
        self._note(wanted)
        yield Fetched(wanted)
        return Fetched

    def _note(self, wanted: Wanted) -> None:
        choices = self._choices
        galaxy = replace(wanted.galaxy, scale=wanted.scale)
        more = {
            "survey": choices.survey.title,
            "bands": "".join(choices.bands) or "colour",
            "size": wanted.size,
            "pixels": wanted.pixels,
        }
        self._rows.append(row_of(galaxy, wanted.file, more))

    # -- asking -------------------------------------------------------------

    def _asked(
        self,
        asked: list[object],
        attempt: Callable[[int], bytes],
        check: Callable[[bytes], _Checked],
        what: str,
    ) -> Generator[Waits, None, _Checked]:
        """Return `check` of a response, from the cache or from the service."""
        known = self._cache.get(asked)
        if known is not None:
            try:
                return check(known)
            except TryAgain:
                self._cache.drop(asked)

        def checked(number: int) -> tuple[bytes, _Checked]:
            content = attempt(number)
            return content, check(content)

        content, result = yield from self._asker.ask(checked, what)
        self._cache.put(asked, content)
        return result

    def _from_hips(
        self, hips: str, wanted: Wanted, kind: str, check: Callable[[bytes], _Checked]
    ) -> Generator[Waits, None, _Checked]:
        wcs = wcs_of(wanted)
        asked = ["hips2fits", hips, kind, dict(wcs.to_header()), wanted.pixels]

        def attempt(number: int) -> bytes:
            if self._hips is None:
                self._hips = Hips(self._services)
            return self._hips.attempt(hips, wcs, kind, number)

        return (yield from self._asked(asked, attempt, check, hips))

    def _picture(self, wanted: Wanted) -> Generator[Waits, None, bytes]:
        def check(content: bytes) -> bytes:
            return check_picture(content, wanted)

        survey, kind = self._choices.survey, self._choices.picture
        content: bytes = yield from self._from_hips(survey.colour, wanted, kind, check)
        return content

    def _bands(
        self, wanted: Wanted
    ) -> Generator[Waits, None, tuple[dict[str, Plane], WCS]]:
        if self._choices.survey.frames:
            return (yield from self._from_fields(wanted))
        planes, wcs = {}, wcs_of(wanted)
        for band in self._choices.bands:
            hips = self._choices.survey.bands[band]
            plane, header = yield from self._from_hips(
                hips, wanted, "fits", lambda c: read_plane(c, wanted.pixels)
            )
            refuse_empty(plane, band)
            planes[band] = plane
            wcs = celestial_wcs(header) or wcs
        return planes, wcs

    def _from_fields(
        self, wanted: Wanted
    ) -> Generator[Waits, None, tuple[dict[str, Plane], WCS]]:
        wcs, (ra, dec) = wcs_of(wanted), wanted.position
        shape = (wanted.pixels, wanted.pixels)
        planes = {b: np.full(shape, np.nan, np.float32) for b in self._choices.bands}
        reach = max(wanted.size / 3600 / np.sqrt(2), 1 / 60)
        fields = yield from self._asker.ask(
            lambda _: self._sdss.fields(ra, dec, reach), "SDSS"
        )
        for field in fields:
            for band in planes:
                if not is_full(planes[band]):
                    plane, header = yield from self._asked(
                        ["sdss", field, band],
                        partial(self._field, field, band),
                        read_plane,
                        "SDSS",
                    )
                    own = celestial_wcs(header)
                    if own is not None:
                        planes[band] = add_field(planes[band], wcs, plane, own)
        if not fields:
            raise OutsideError("")
        for band, plane in planes.items():
            refuse_empty(plane, band)
        return planes, wcs

    def _field(self, field: dict[str, int], band: str, _number: int) -> bytes:
        return self._sdss.image(field, band)
