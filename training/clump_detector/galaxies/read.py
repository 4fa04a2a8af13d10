"""Lists of galaxies: any table with positions, as `Galaxy` records."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from clump_detector.astrometry.wcs import note
from clump_detector.core.arrays import Floats
from clump_detector.core.errors import FileError
from clump_detector.core.sources import stem
from clump_detector.tables.read import read_table

from .columns import Columns, find_columns
from .coordinates import j_name
from .galaxy import Galaxy
from .values import ColumnValues

#: The key of a table's metadata that says which column is what.
CHOICES = "galaxy_columns"

_RA_NAMES = "ra and dec, RAJ2000 and DEJ2000, alpha and delta, or coord"


class GalaxyList(Sequence[Galaxy]):
    """The galaxies of a table, made one by one when they are asked for.

    Attributes
    ----------
    path : path
    columns : Columns
        What was taken from which column.
    said : tuple of str
        What was taken from where and what was left out, in sentences.
    warnings : tuple of str
        Those of them that say what was not understood, guessed or left out.
    problems : tuple of str
        Rows that were left out, one sentence each.
    """

    def __init__(
        self, table: Any, columns: Columns, path: Path, *, positions: bool
    ) -> None:
        self.path, self.columns, self._table = path, columns, table
        self._read = ColumnValues(table, columns, path)
        self.problems, self._rows = self._good_rows(positions)
        left = [n for n in table.colnames if n not in self._read.used]
        self.warnings = (*self._read.said, *table.meta.get("said", []))
        self.said = (
            *columns.in_words(),
            *([f"Kept as they are: {', '.join(left)}."] if left else []),
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
        """Make the galaxy of a row that can be used, counted from 0."""
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
        """Return the file that the table names for a galaxy, or an empty text."""
        return self.files[int(self._rows[index])]

    def notes(self, index: int) -> tuple[str, ...]:
        """Return what of a galaxy's row was not understood, in sentences."""
        row = int(self._rows[index])
        notes = list(self._read.doubts.get(row, ()))
        columns = self.columns
        place = columns.positions.columns if columns.positions else (columns.coord,)
        said = [self._read.texts(c)[row] for c in place if c is not None]
        if not np.isfinite(self._read.ra[row] + self._read.dec[row]) and any(said):
            notes.append(note(f"{' '.join(said)} is no position that can be read"))
        return tuple(notes)

    @cached_property
    def files(self) -> list[str]:
        """The file of each row of the table, without its folder."""
        if self.columns.file is None:
            return [""] * len(self._table)
        whole = self._read.texts(self.columns.file)
        return [re.split(r"[\\/]", text)[-1] for text in whole]

    @property
    def ids(self) -> list[list[int | None]]:
        """The ids of each column of them, one for each row of the table."""
        return list(self._read.ids.values())

    @cached_property
    def names(self) -> list[str]:
        """The name of each row: of the name, the file, an id or the position."""
        names = [""] * len(self._table)
        if self.columns.name is not None:
            names = self._read.texts(self.columns.name)
        by_file = [stem(Path(file)) if file else "" for file in self.files]
        ids = list(self._read.ids.values())
        for row, name in enumerate(names):
            if not name:
                own = next((i[row] for i in ids if i[row] is not None), None)
                names[row] = by_file[row] or (
                    self._place(row) if own is None else str(own)
                )
        return names

    def _place(self, row: int) -> str:
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
        for name in self._table.colnames:  # as spreadsheets write below the last row
            empty &= np.ma.getmaskarray(self._table[name])
        problems = [
            f"Row {row + 1} ({self.names[row]}) has no position that can be read."
            for row in np.flatnonzero(bad & ~empty)[:1000]
        ]
        return tuple(problems), np.flatnonzero(~bad)


class Others(Mapping[str, Any]):
    """What a table says of a galaxy beside what has a meaning here."""

    def __init__(self, table: Any, names: Sequence[str], row: int) -> None:
        self._table, self._names, self._row = table, names, row

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        value = self._table[name][self._row]
        return None if value is np.ma.masked else value.item()

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)  # a galaxy that travels leaves its table behind


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
        Which column is what, where the guess is wrong: see `columns.find_columns`.
    positions : bool
        Whether each galaxy needs a position.

    Raises
    ------
    FileError
        If the file cannot be read, names no positions, or holds ids as floating point.
    ConfigError
        If a chosen column is not there.
    """
    path = Path(path)
    table = read_table(path)
    found = find_columns(table, {**_noted(table), **(columns or {})}, path)
    if positions and found.coord is None and (found.ra is None or found.dec is None):
        listed = ", ".join(table.colnames[:20])
        raise FileError(
            f"no column of right ascension and declination was found among {listed}",
            path,
            f"Name them {_RA_NAMES}, or say --column ra=... --column dec=...",
        )
    galaxies = GalaxyList(table, found, path, positions=positions)
    if positions and not len(galaxies):
        raise FileError(
            "no row of this list has a position that can be read",
            path,
            (galaxies.problems or ("The list is empty.",))[0],
        )
    return galaxies


def _noted(table: Any) -> dict[str, str]:
    """Return which column is what as a table says itself, where it is there still."""
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
