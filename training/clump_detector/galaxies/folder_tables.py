"""Tables of galaxies in the folders of cutouts, and the row of each cutout in them.

A table is ``galaxies.csv``, or has another suffix of a table, in the folder of the
cutouts or in the one above. `matching` finds the row of a cutout.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from clump_detector.core.errors import ClumpError
from clump_detector.image_files.sources import Source

from .galaxy import Galaxy
from .matching import ListRows
from .read import GalaxyList, read_galaxies

#: Suffixes in order; the first table that has a row for a cutout is used.
_ENDINGS = (".ecsv", ".csv", ".vot", ".fits", ".parquet", ".tsv", ".txt", ".dat",
            ".votable", ".xml", ".fit", ".fits.gz", ".pq")  # fmt: skip

#: Suffixes of spreadsheets, which are not supported.
_SPREADSHEETS = (".xlsx", ".xls", ".ods", ".numbers")

#: Cases in which users write the name.
_CASES: tuple[Callable[[str], str], ...] = (str.lower, str.capitalize, str.upper)

NAMES = tuple(
    dict.fromkeys(
        f"{case('galaxies')}{write(ending)}"
        for ending in _ENDINGS
        for case in _CASES
        for write in (str.lower, str.upper)
    )
)
_NOT_READ = tuple(
    f"{c('galaxies')}{ending}" for ending in _SPREADSHEETS for c in _CASES
)

#: Most folders kept in memory.
_MOST = 64

#: Nanoseconds for which a change of a folder may not show in its modification time.
_BLUR = 2_000_000_000


class FolderTable:
    """A table of galaxies, and the rows of its cutouts.

    Attributes
    ----------
    path : path
    problem : str
        Why it cannot be used, or ''.
    notes : tuple of str
        What was not understood, guessed or left out of it, in sentences.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.problem = path, ""
        self.notes: tuple[str, ...] = ()
        self._galaxies: GalaxyList | list[Galaxy] = []
        if path.suffix.lower() in _SPREADSHEETS:
            self.problem = (
                f"{path.name} is a spreadsheet, which is not supported: save it as CSV."
            )
            return
        try:
            galaxies = read_galaxies(path, positions=False)
        except ClumpError as error:
            self.problem = f"{error.message} Its values for this galaxy are missing."
            return
        self._galaxies = galaxies
        self.notes = tuple(f"{path.name}: {words}" for words in galaxies.warnings)
        self._rows = ListRows(galaxies.files, galaxies.names, galaxies.ids, self._alike)

    def row_of(self, source: Source) -> tuple[int | None, str]:
        """Return the row of a cutout, or None, and a warning, or ''."""
        if self.problem:
            return None, self.problem
        row, words = self._rows.find(source)
        return row, f"{self.path.name}: {words}" if words else ""

    def find(self, source: Source) -> tuple[Galaxy | None, str]:
        """Return the galaxy of a cutout, or None, and a warning, or ''."""
        row, words = self.row_of(source)
        return None if row is None else self._galaxies[row], words

    def sky_notes(self, source: Source) -> tuple[str, ...]:
        """Return sentences on a cutout's position and scale if not understood."""
        row, _ = self.row_of(source)
        if row is None or not isinstance(self._galaxies, GalaxyList):
            return ()
        notes = self._galaxies.notes(row)
        return tuple(f"{text.rstrip('.')} ({self.path.name})." for text in notes)

    def names_without(self, sources: Iterable[Source]) -> list[str]:
        """Return the names of the galaxies that are on none of some cutouts."""
        if not isinstance(self._galaxies, GalaxyList):
            return []
        rows = {self.row_of(source)[0] for source in sources}
        names = self._galaxies.names
        return [name for row, name in enumerate(names) if row not in rows]

    def _alike(self, one: int, other: int) -> bool:
        first, second = (
            replace(galaxy, name="", other=dict(galaxy.other))
            for galaxy in (self._galaxies[one], self._galaxies[other])
        )
        return first == second


#: A file's modification time and size, and its table, if it has been read.
_Kept: TypeAlias = tuple[tuple[int, int], FolderTable | None]

#: In place of a table that has not been read; no file has this stamp.
_NEVER: _Kept = ((-1, -1), None)


class _Folder:
    """The tables of a folder, kept so that reading them again costs one or two stats.

    Attributes
    ----------
    time : int
        Modification time of the folder in nanoseconds.
    listed : int
        When its tables were listed, in nanoseconds.
    tables : dict
        By path: a file's modification time and size, and its table.
    """

    def __init__(self) -> None:
        self.time = -1
        self.listed = 0
        self.tables: dict[Path, _Kept] = {}


_folders: OrderedDict[str, _Folder] = OrderedDict()
_lock = threading.Lock()


def tables_for(source: Source) -> Iterator[FolderTable]:
    """Yield the tables next to a cutout, those of its own folder first."""
    own = source.path.parent
    for folder in (own, own.parent):
        yield from _tables_of(folder)


def _tables_of(folder: Path) -> list[FolderTable]:
    key = str(folder)
    with _lock:
        known = _folders.setdefault(key, _Folder())
        _folders.move_to_end(key)
        while len(_folders) > _MOST:
            _folders.popitem(last=False)
        try:
            changed = os.stat(key or ".").st_mtime_ns  # noqa: PTH116 - half the time
        except OSError:
            return []
        # A folder's time changes with its names, but a recent one may hide a change.
        if changed != known.time or known.listed - changed < _BLUR:
            known.tables = {p: known.tables.get(p, _NEVER) for p in _names_in(folder)}
            known.time, known.listed = changed, time.time_ns()
        for path, (stamp, _) in list(known.tables.items()):
            new = _stamp(path)
            if new != stamp:
                known.tables[path] = new, FolderTable(path)
        return [table for _, table in known.tables.values() if table is not None]


def _names_in(folder: Path) -> list[Path]:
    """Return the tables of galaxies in a folder, each once."""
    found: dict[tuple[int, int], Path] = {}
    for name in (*NAMES, *_NOT_READ):
        try:
            status = os.stat(f"{folder}{os.sep}{name}")  # noqa: PTH116 - half the time
        except (OSError, ValueError):
            continue
        if stat.S_ISREG(status.st_mode):
            # On file systems that ignore case one file has several of the names.
            found.setdefault((status.st_dev, status.st_ino), folder / name)
    return list(found.values())


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return -1, 0
    return status.st_mtime_ns, status.st_size
