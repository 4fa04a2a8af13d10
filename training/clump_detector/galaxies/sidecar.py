"""The table of galaxies next to cutouts, and its values for each of them.

It is ``galaxies.csv``, or has another suffix of a table, in the folder of the cutouts
or in the one above. `matching` finds the row of a cutout.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

import numpy as np

from clump_detector.astrometry.tangent_plane import tangent_wcs
from clump_detector.astrometry.wcs import no_sky, note, pixel_scale, sky_positions
from clump_detector.core.arrays import Floats
from clump_detector.core.errors import ClumpError
from clump_detector.image_files.sources import Source

from .galaxy import Galaxy
from .matching import ListRows
from .read import GalaxyList, read_galaxies

if TYPE_CHECKING:
    from astropy.wcs import WCS

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

_Cutout = TypeVar("_Cutout")


class _Image(Protocol):
    """What the position of a galaxy is compared with: an `images.Cutout`."""

    @property
    def wcs(self) -> WCS | None: ...

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...

    @property
    def is_picture(self) -> bool: ...


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


def galaxy_of(source: Source) -> tuple[Galaxy | None, tuple[str, ...]]:
    """Return the galaxy of a cutout from the table next to it.

    Returns
    -------
    (Galaxy or None, tuple of str)
        None where there is no table with a row for the cutout; and sentences for the
        user on values that were not understood, ambiguous rows and missing ones.
    """
    notes: list[str] = []
    for table in _tables_for(source):
        galaxy, words = table.find(source)
        if galaxy is not None:
            return galaxy, (*table.notes, *([words] if words else []))
        notes.append(words or f"{table.path.name} has no row for this cutout.")
    return None, tuple(notes)


def rows_without_cutout(sources: Sequence[Source]) -> list[str]:
    """Return sentences on rows of tables next to cutouts that match none of these."""
    by_table: dict[Path, tuple[FolderTable, list[Source]]] = {}
    for source in sources:
        for table in _tables_for(source):
            by_table.setdefault(table.path, (table, []))[1].append(source)
    lines = []
    for table, own in by_table.values():
        names = table.names_without(own)
        if names:
            few = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
            verb = "row matches" if len(names) == 1 else "rows match"
            lines.append(f"{len(names)} {verb} no cutout here in {table.path}: {few}.")
    return lines


def _tables_for(source: Source) -> Iterator[FolderTable]:
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


#: In place of a table that has not been read; no file has this stamp.
_NEVER: _Kept = ((-1, -1), None)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return -1, 0
    return status.st_mtime_ns, status.st_size


def with_galaxy(cutout: _Cutout) -> _Cutout:
    """Return a cutout with the values of the table next to it.

    If the image itself does not give them, it gets the pixel scale, the FWHM of the PSF
    in pixels, and, if it is a picture, a WCS with the galaxy at its centre, North up
    and East to the left.

    Parameters
    ----------
    cutout : images.Cutout
    """
    known: Any = cutout  # whose class is in a package above this one
    if known.source is None:
        return cutout
    galaxy, warnings = galaxy_of(known.source)
    known = replace(known, notes=(*known.notes, *warnings))
    if galaxy is None:
        return known  # type: ignore[no-any-return]
    scale = known.scale or galaxy.scale
    psf = psf_for(galaxy, known.bands)
    fwhm = known.fwhm or (psf / scale if psf and scale else None)
    wcs = known.wcs or _picture_wcs(known, galaxy)
    notes = (*known.notes, *_sky_notes(known, galaxy, _row_notes(known.source)))
    return replace(  # type: ignore[no-any-return]
        known, galaxy=galaxy, scale=scale, fwhm=fwhm, wcs=wcs, notes=notes
    )


def _row_notes(source: Source) -> tuple[str, ...]:
    """Return sentences on the position and scale of the row used, if not understood."""
    for table in _tables_for(source):
        if table.row_of(source)[0] is not None:
            return table.sky_notes(source)
    return ()


def _sky_notes(cutout: _Image, galaxy: Galaxy, problems: tuple[str, ...]) -> list[str]:
    """Return sentences on values of a row that are unused or contradict the image."""
    known = galaxy.ra is not None and galaxy.dec is not None
    if cutout.wcs is None:
        if known and galaxy.scale and not cutout.is_picture and not problems:
            reason = "the table of galaxies does not give the orientation of this array"
            return [no_sky(reason)]
        return list(problems)
    if not known:
        return []
    middle = (cutout.width - 1) / 2, (cutout.height - 1) / 2
    apart = _separation(sky_positions(cutout.wcs, *middle)[0], galaxy)
    reach = np.hypot(cutout.width, cutout.height) / 2 * pixel_scale(cutout.wcs)
    if apart <= reach:
        return []
    where = f"{apart:.3g}″" if apart < 3600 else f"{apart / 3600:.3g}°"
    return [
        note(
            f"the table of galaxies has {galaxy.name} {where} from the centre of the "
            "image and outside of it, so that one of the two is wrong"
        )
    ]


def _separation(position: Floats, galaxy: Galaxy) -> float:
    """Return the distance of a galaxy from a position (degrees) in arcsec."""
    from astropy.coordinates import angular_separation

    angles = np.radians([*position, galaxy.ra, galaxy.dec])
    return float(np.degrees(angular_separation(*angles)) * 3600)


def psf_for(galaxy: Galaxy, bands: tuple[str, ...] = ()) -> float | None:
    """Return the FWHM of the PSF in arcsec, or None where it is not known.

    Parameters
    ----------
    galaxy : Galaxy
    bands : tuple of str
        The image's bands, which are used in order after r; any other comes last.
    """
    for band in ("r", "", *bands, *galaxy.psf):
        if band in galaxy.psf:
            return galaxy.psf[band]
    return None


def _picture_wcs(cutout: _Image, galaxy: Galaxy) -> WCS | None:
    """Return the WCS of a picture; the orientation of other arrays is not known."""
    known = galaxy.ra is not None and galaxy.dec is not None and galaxy.scale
    if not cutout.is_picture or not known:
        return None
    return tangent_wcs(
        galaxy.ra,  # type: ignore[arg-type]
        galaxy.dec,  # type: ignore[arg-type]
        galaxy.scale,  # type: ignore[arg-type]
        cutout.width,
        cutout.height,
        picture=True,
    )
