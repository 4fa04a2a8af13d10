"""Reading lists of galaxies: any table with positions, as `Galaxy` records."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np
from numpy.typing import NDArray

from clump_detector.astrometry.wcs import note
from clump_detector.core.arrays import Floats
from clump_detector.core.errors import FileError
from clump_detector.image_files.sources import stem
from clump_detector.tables.read import read_table

from .columns import Columns, find_columns
from .coordinates import j_name
from .galaxy import Galaxy
from .values import ColumnValues

if TYPE_CHECKING:
    from astropy.table import Table

#: The key of a table's metadata that holds the meaning of its columns.
CHOICES = "galaxy_columns"

_RA_NAMES = "ra and dec, RAJ2000 and DEJ2000, alpha and delta, or coord"


class GalaxyList(Sequence[Galaxy]):
    """The galaxies of a table, created one by one on access.

    Parameters
    ----------
    table : astropy.table.Table
    columns : Columns
    path : path
        The table's file, for messages.
    positions : bool
        Whether rows without a position are left out.

    Attributes
    ----------
    path : path
    columns : Columns
        The meaning of the table's columns.
    report : tuple of str
        What was read from which column, and the warnings, in sentences.
    warnings : tuple of str
        What was not understood, guessed or left out, in sentences.
    problems : tuple of str
        Rows that were left out, one sentence each.
    """

    def __init__(
        self, table: Table, columns: Columns, path: Path, *, positions: bool
    ) -> None:
        self.path, self.columns, self._table = path, columns, table
        self._read = ColumnValues(table, columns, path)
        self.problems, self._rows = self._good_rows(positions)
        left = [n for n in table.colnames if n not in self._read.used]
        self.warnings = (*self._read.notes, *table.meta.get("reading_notes", []))
        self.report = (
            *columns.in_words(),
            *([f"Kept unchanged: {', '.join(left)}."] if left else []),
            *self.warnings,
        )
        self._left = left
        units = {name: table[name].unit for name in left}
        self._units = {name: str(unit) for name, unit in units.items() if unit}

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Galaxy: ...

    @overload
    def __getitem__(self, index: slice) -> list[Galaxy]: ...

    def __getitem__(self, index: int | slice) -> Galaxy | list[Galaxy]:
        """Return the galaxy of a usable row, counted from 0."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        row = int(self._rows[index])
        read = self._read
        return Galaxy(
            name=self.names[row],
            ra=_known(read.ra, row),
            dec=_known(read.dec, row),
            redshift=_known(read.redshift, row),
            radius=_known(read.radius, row),
            ebv=_known(read.ebv, row),
            scale=_known(read.scale, row),
            psf=_known_of(read.psf, row),
            magnitudes=_known_of(read.magnitudes, row),
            ids={k: v for k, ids in read.ids.items() if (v := ids[row]) is not None},
            other=Others(self._table, self._left, row),
            units=self._units,
        )

    def __iter__(self) -> Iterator[Galaxy]:
        return (self[i] for i in range(len(self)))

    def file(self, index: int) -> str:
        """Return the file that the table names for a galaxy, or ''."""
        return self.files[int(self._rows[index])]

    def notes(self, index: int) -> tuple[str, ...]:
        """Return sentences on values of a galaxy's row that were not understood."""
        row = int(self._rows[index])
        notes = list(self._read.doubts.get(row, ()))
        columns = self.columns
        axes = columns.positions.columns if columns.positions else (columns.coord,)
        texts = [self._read.texts(c)[row] for c in axes if c is not None]
        if not np.isfinite(self._read.ra[row] + self._read.dec[row]) and any(texts):
            notes.append(note(f"{' '.join(texts)} is not a readable position"))
        return tuple(notes)

    @cached_property
    def paths(self) -> list[str]:
        """The file of each row of the table, as the table has it, or ''."""
        if self.columns.file is None:
            return [""] * len(self._table)
        return self._read.texts(self.columns.file)

    @cached_property
    def files(self) -> list[str]:
        """The file of each row of the table, without its folder."""
        return [re.split(r"[\\/]", text)[-1] for text in self.paths]

    @property
    def ids(self) -> list[list[int | None]]:
        """The ids of each row of the table, for each column of ids."""
        return list(self._read.ids.values())

    @cached_property
    def names(self) -> list[str]:
        """The name of each row: its name, file, id or position, the first known."""
        names = [""] * len(self._table)
        if self.columns.name is not None:
            names = self._read.texts(self.columns.name)
        by_file = [stem(Path(file)) if file else "" for file in self.files]
        ids = list(self._read.ids.values())
        for row, name in enumerate(names):
            if not name:
                own = next((i[row] for i in ids if i[row] is not None), None)
                names[row] = by_file[row] or (
                    self._position_name(row) if own is None else str(own)
                )
        return names

    def _position_name(self, row: int) -> str:
        ra, dec = self._read.ra[row], self._read.dec[row]
        known = np.isfinite(ra) and np.isfinite(dec)
        return j_name(float(ra), float(dec)) if known else f"galaxy-{row + 1}"

    def _good_rows(self, positions: bool) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        n = len(self._table)
        if not positions:
            return (), np.arange(n)
        ra, dec = self._read.ra, self._read.dec
        bad = ~(np.isfinite(ra) & np.isfinite(dec))
        empty = np.ones(n, bool)
        for (
            name
        ) in self._table.colnames:  # spreadsheets may write empty rows at the end
            empty &= np.ma.getmaskarray(self._table[name])
        problems = [
            f"Row {row + 1} ({self.names[row]}) has no readable position."
            for row in np.flatnonzero(bad & ~empty)[:1000]
        ]
        return tuple(problems), np.flatnonzero(~bad)


class Others(Mapping[str, object]):
    """A galaxy's values in the columns without a known meaning.

    Parameters
    ----------
    table : astropy.table.Table
    names : sequence of str
        The columns.
    row : int
    """

    def __init__(self, table: Table, names: Sequence[str], row: int) -> None:
        self._table, self._names, self._row = table, names, row

    def __getitem__(self, name: str) -> object:
        if name not in self._names:
            raise KeyError(name)
        value = self._table[name][self._row]
        return None if value is np.ma.masked else value.item()

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __reduce__(self) -> tuple[type, tuple[dict[str, object]]]:
        return dict, (dict(self),)  # so that a pickled galaxy does not carry its table


def read_galaxies(
    path: str | Path,
    columns: Mapping[str, str] | None = None,
    *,
    positions: bool = True,
) -> GalaxyList:
    """Read a list of galaxies.

    Parameters
    ----------
    path : path
        CSV, ECSV, VOTable, FITS table or Parquet.
    columns : mapping of str to str, optional
        Columns by role, where the guess is wrong: see `columns.find_columns`.
    positions : bool
        Whether each galaxy needs a position.

    Raises
    ------
    FileError
        If the file cannot be read, has no positions, or holds ids as floating point.
    ConfigError
        If a chosen column does not exist.
    """
    path = Path(path)
    table = read_table(path)
    found = find_columns(table, {**_noted(table), **(columns or {})}, path)
    if positions and found.coord is None and (found.ra is None or found.dec is None):
        listed = ", ".join(table.colnames[:20])
        raise FileError(
            f"no column of right ascension and declination was found among {listed}",
            path,
            f"Name them {_RA_NAMES}, or give --column ra=... --column dec=...",
        )
    galaxies = GalaxyList(table, found, path, positions=positions)
    if positions and not len(galaxies):
        raise FileError(
            "no row of this list has a readable position",
            path,
            (galaxies.problems or ("The list is empty.",))[0],
        )
    return galaxies


def _noted(table: Table) -> dict[str, str]:
    """Return the columns by role from a table's own metadata, if they still exist."""
    noted = table.meta.get(CHOICES)
    pairs = noted.items() if isinstance(noted, dict) else ()
    return {str(role): str(name) for role, name in pairs if str(name) in table.colnames}


def _known(values: Floats, row: int) -> float | None:
    value = float(values[row])
    return value if np.isfinite(value) else None


def _known_of(several: Mapping[str, Floats], row: int) -> dict[str, float]:
    return {
        band: value
        for band, values in several.items()
        if (value := _known(values, row)) is not None
    }
