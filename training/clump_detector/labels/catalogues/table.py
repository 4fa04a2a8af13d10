"""A table of labels in columns, independent of its format; ids stay integers."""

from __future__ import annotations

import math
import re
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clump_detector.core.errors import FileError, LabelError
from clump_detector.core.notation import whole
from clump_detector.galaxies.column_names import NamedColumn, unit_of
from clump_detector.galaxies.positions import (
    AngleError,
    Cell,
    PositionColumns,
    find_positions,
    positions_of,
    with_unit,
)
from clump_detector.labels.packed_files import PACKED, read_bytes, read_text
from clump_detector.tables.read import SUFFIXES, read_table

if TYPE_CHECKING:
    from astropy.table import Table

#: Suffixes of tables, compressed ones included.
ENDINGS = (*SUFFIXES, ".mrt", ".csv.gz", ".csv.zip")

#: Marks a text as a machine-readable table of the journals and the CDS.
_MRT = "Byte-by-byte Description of file"

_NOWHERE = (None, None)


class LabelTable:
    """Columns by name.

    Parameters
    ----------
    path : Path
    table : astropy.table.Table
    """

    def __init__(self, path: Path, table: Table) -> None:
        self.path = path
        self.names = [
            name for name in table.colnames if getattr(table[name], "ndim", 1) == 1
        ]
        if not self.names:
            raise LabelError("this table has no column", path, "Get the file again.")
        self._table = table
        #: The names of columns that were requested.
        self.used: set[str] = set()
        #: What was left out of the file, in sentences.
        self.notes: tuple[str, ...] = tuple(table.meta.get("reading_notes") or ())

    def __len__(self) -> int:
        return len(self._table)

    def find(self, *names: str) -> str | None:
        """Return the first of some names that a column has, in any case, or None."""
        known = {name.strip().lower(): name for name in reversed(self.names)}
        found = next((known[n.lower()] for n in names if n.lower() in known), None)
        if found is not None:
            self.used.add(found)
        return found

    def has(self, name: str) -> bool:
        """Return whether a column has a name, in any case."""
        return any(own.strip().lower() == name.lower() for own in self.names)

    def like(self, pattern: str) -> list[str]:
        """Return the names of columns that match a pattern, in any case."""
        return [n for n in self.names if re.fullmatch(pattern, n.strip(), re.I)]

    def words(self, name: str | None) -> list[str]:
        """Return a column as texts, '' where a value is missing."""
        return [_word(value) for value in self._values(name)]

    def numbers(self, name: str | None) -> list[float | None]:
        """Return a column as finite numbers, None where a value is not one."""
        return [_number(value) for value in self._values(name)]

    def integers(self, name: str | None) -> list[int | None]:
        """Return the ids of a column, None where one is missing or digits are lost."""
        return [_integer(value) for value in self._values(name)]

    def positions(
        self, names: tuple[str, ...] | None
    ) -> list[tuple[float | None, float | None]]:
        """Return right ascension and declination in degrees, None where there is none.

        Parameters
        ----------
        names : (str, str) or None
            The names of their columns.

        Raises
        ------
        LabelError
            If their unit is not one of an angle, or their numbers contradict it.
        """
        if names is None:
            return [(None, None)] * len(self)
        ra, dec = (with_unit(NamedColumn(n, unit_of(self._table, n))) for n in names)
        return self.positions_in(PositionColumns(ra, dec))

    def positions_in(
        self, found: PositionColumns
    ) -> list[tuple[float | None, float | None]]:
        """Return the same as `positions` for columns with units, parts or frames.

        Raises
        ------
        LabelError
            If their unit is not one of an angle, or their numbers contradict it.
        """
        try:
            ra, dec = positions_of(found, self._values)
        except AngleError as error:
            raise LabelError(
                f"its positions cannot be used: {error}",
                self.path,
                f"Write the unit into the column's name, as in '{found.ra.name} "
                "[hourangle]' or '[deg]'.",
            ) from error
        return [
            (float(a), float(b)) if math.isfinite(a) and math.isfinite(b) else _NOWHERE
            for a, b in zip(ra, dec, strict=True)
        ]

    def find_positions(self) -> PositionColumns | None:
        """Return the columns of positions by their names in lists of galaxies."""
        return find_positions(
            [NamedColumn(n, unit_of(self._table, n)) for n in self.names]
        )

    def _values(self, name: str | None) -> list[Cell]:
        if name is None:
            return [None] * len(self)
        column = self._table[name]
        masked = np.ma.asarray(getattr(column, "value", column))
        missing = np.ma.getmaskarray(masked).tolist()
        values = np.ma.getdata(masked).tolist()
        return [
            None if gone else value for value, gone in zip(values, missing, strict=True)
        ]


def read_grid(path: Path) -> LabelTable:
    """Read a table, in the format of its suffix and first lines.

    Raises
    ------
    LabelError
        If it is not a table, or damaged, or empty.
    FileError
        If it cannot be read.
    """
    with _unpacked(path) as plain:
        try:
            mrt = plain.suffix.lower() == ".mrt" or _is_mrt(plain)
            table = _read_mrt(plain) if mrt else read_table(plain)
        except (FileError, LabelError) as error:
            where = path if error.path == plain else error.path
            raise LabelError(error.what, where, error.remedy) from error
    return LabelTable(path, table)


@contextmanager
def _unpacked(path: Path) -> Iterator[Path]:
    """Give the path of a file that is not compressed: itself, or a temporary copy."""
    packed = next((p for p in PACKED if path.name.lower().endswith(p)), None)
    if packed is None or path.name.lower().endswith((".fits.gz", ".fit.gz")):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder, path.name[: -len(packed)])
        plain.write_bytes(read_bytes(path))
        yield plain


def _is_mrt(path: Path) -> bool:
    if path.suffix.lower() not in ("", ".txt", ".dat"):
        return False
    with path.open("rb") as file:
        return _MRT.encode() in file.read(20_000)


def _read_mrt(path: Path) -> Table:
    from astropy.table import Table

    text = read_text(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Table.read(text.splitlines(), format="ascii.mrt")
    except Exception as error:  # the reader raises many kinds for damaged lines
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:120]
        raise LabelError(
            f"this machine-readable table is damaged ({reason})",
            path,
            "Get the file again.",
        ) from error


# -- values ------------------------------------------------------------------


def _word(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    return str(value).strip()


def _number(value: Cell) -> float | None:
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _integer(value: Cell) -> int | None:
    """Return an id; 0 and -9999 mean "none" in surveys."""
    number = whole(_word(value) if isinstance(value, bytes) else value)
    return number if number is not None and number > 0 else None
