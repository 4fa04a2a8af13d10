"""The columns of a list of galaxies as numbers in the units of `Galaxy`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clump_detector.astrometry.angular_units import angle_unit, arcsec, per_pixel
from clump_detector.astrometry.pixel_scale import doubt, is_plausible
from clump_detector.astrometry.wcs import note
from clump_detector.core.arrays import Floats
from clump_detector.core.errors import FileError
from clump_detector.tables.kinds import FLOAT, MISSING

from .column_names import NamedColumn
from .columns import Columns
from .coordinates import parse_position
from .positions import AngleError, Cell, positions_of

if TYPE_CHECKING:
    from astropy.table import Table

#: From here up floating point does not resolve neighbouring integers.
_LOSSY = 2**53

#: Digits that a spreadsheet keeps of a number.
_DIGITS_KEPT = 15

#: A long id as a spreadsheet rounds it.
_ROUNDED = re.compile(r"[+-]?\d[.,]\d+[eE]\+?(1[5-9]|[2-9]\d)")

_DIGITS = re.compile(r"[+-]?\d{1,40}")

#: Least size of a negative id; negative numbers nearer to 0 mean "none".
_LEAST_SIGNED = 10**10
_SMALLEST = (-(2**31), -(2**63))


class ColumnValues:
    """The columns of a table as numbers in the units of `Galaxy`, NaN where unknown.

    Parameters
    ----------
    table : astropy.table.Table
    columns : Columns
    path : path
        The table's file, for messages.

    Attributes
    ----------
    notes : list of str
        What was left out of columns, in sentences.
    doubts : dict of int to list of str
        By row, sentences on values that are not plausible.
    used : set of str
        Columns that are read completely; the others are kept as they are.

    Raises
    ------
    FileError
        If positions are in an unknown unit, or digits of ids are lost.
    """

    def __init__(self, table: Table, columns: Columns, path: Path) -> None:
        self._table, self._path = table, path
        self.notes: list[str] = []
        self.doubts: dict[int, list[str]] = {}
        self.used = set(columns.used)
        self.ra, self.dec = self._positions(columns)
        self.scale = self._scale(columns.scale)
        self.redshift = self._within(columns.redshift, -0.02, 20)
        self.radius = self._angle(columns.radius, 1e-3, 36_000)
        self.ebv = self._within(columns.ebv, -0.1, 50)
        psf = {b: self._angle(c, 1e-3, 100) for b, c in columns.psf.items()}
        self.psf = {b: values for b, values in psf.items() if values is not None}
        self.magnitudes = {
            b: self._within(c, -10, 40) for b, c in columns.magnitudes.items()
        }
        self.ids: dict[str, list[int | None]] = {}
        for column in columns.ids:
            ids = self._ids(column)
            if ids is None:
                self.used.discard(column.name)
            else:
                self.ids[column.name] = ids

    def texts(self, column: NamedColumn) -> list[str]:
        """Return a column as texts, '' where a value is missing."""
        values = self._table[column.name]
        missing = np.ma.getmaskarray(np.ma.asarray(values))
        plain = np.ma.getdata(np.ma.asarray(values)).tolist()
        return [
            "" if gone else _printable(str(value))
            for value, gone in zip(plain, missing, strict=True)
        ]

    def numbers(self, column: NamedColumn) -> Floats:
        """Return a column as numbers, NaN where a value is missing or not a number."""
        values = np.ma.asarray(self._table[column.name])
        if values.dtype.kind in "US":
            return self._numbers_in(self.texts(column), column)
        plain = np.ma.filled(values.astype(float), np.nan)
        return np.where(np.isfinite(plain), plain, np.nan)

    def _numbers_in(self, texts: list[str], column: NamedColumn) -> Floats:
        """Return the numbers among texts; the texts stay in the list's own column."""
        known = [float(t) if FLOAT.fullmatch(t) else np.nan for t in texts]
        numbers = np.array(known, dtype=float)
        pairs = zip(texts, np.isnan(numbers), strict=True)
        words = [t for t, none in pairs if none and t.lower() not in MISSING]
        if words:
            self.used.discard(column.name)
            self.notes.append(
                f"Column {column.name}: {len(words)} of {len(texts)} values are not "
                f"numbers, such as {words[0][:40]!r}; they are ignored."
            )
        return np.where(np.isfinite(numbers), numbers, np.nan)

    def _none(self) -> Floats:
        return np.full(len(self._table), np.nan)

    def _within(self, column: NamedColumn | None, least: float, most: float) -> Floats:
        """Return numbers; those out of range mean "not known", as -9999 does."""
        if column is None:
            return self._none()
        values = self.numbers(column)
        good = (values >= least) & (values <= most)
        self._note_outliers(column, values[~good & ~_means_missing(values)])
        return np.where(good, values, np.nan)

    def _note_outliers(self, column: NamedColumn, outliers: Floats) -> None:
        """Add a note that values out of range are ignored."""
        if len(outliers):
            self.used.discard(column.name)
            self.notes.append(
                f"Column {column}: {len(outliers)} values are out of range, such as "
                f"{outliers[0]:g}; they are ignored."
            )

    def _angle(self, column: NamedColumn | None, least: float, most: float) -> Floats:
        """Return angles in arcsec."""
        if column is None:
            return self._none()
        if column.unit.lower().startswith("pix"):
            factor: Floats | float = self.scale
        else:
            unit = angle_unit(column.unit or "arcsec")
            if unit is None:
                return self._left_out(column)
            factor = arcsec(unit)
        values = self.numbers(column) * factor
        return np.where((values >= least) & (values <= most), values, np.nan)

    def _left_out(self, column: NamedColumn) -> Floats:
        self.notes.append(f"{column} is not an angle on the sky: it was left out.")
        self.used.discard(column.name)
        return self._none()

    def _scale(self, column: NamedColumn | None) -> Floats:
        """Return arcsec per pixel; values that are not plausible get a note per row."""
        if column is None:
            return self._none()
        unit = per_pixel(column.unit or "arcsec")
        if unit is None:
            return self._left_out(column)
        stated = self.numbers(column)
        values = stated * arcsec(unit)
        for row in np.flatnonzero(values > 0):
            if not is_plausible(values[row]):
                reason = f"{column} = {stated[row]:g} {doubt(values[row])}: not used"
                self.doubts.setdefault(int(row), []).append(note(reason))
        if self.doubts:
            first = next(iter(self.doubts.values()))[0]
            self.notes.append(f"{first} The same in {len(self.doubts):,} rows.")
        good = [bool(v > 0) and is_plausible(v) for v in values]
        return np.where(good, values, np.nan)

    def _positions(self, columns: Columns) -> tuple[Floats, Floats]:
        if columns.coord is not None:
            pairs = [parse_position(t) for t in self.texts(columns.coord)]
            known = [p or (np.nan, np.nan) for p in pairs]
            ra, dec = np.array(known, dtype=float).reshape(-1, 2).T
            good = (ra >= -180) & (ra <= 360) & (np.abs(dec) <= 90)
            return np.where(good, ra % 360, np.nan), np.where(good, dec, np.nan)
        if columns.positions is None:
            return self._none(), self._none()
        try:
            return positions_of(columns.positions, self._raw)
        except AngleError as error:
            name = columns.positions.ra.name
            raise FileError(
                f"its positions cannot be used: {error}",
                self._path,
                f"Write the unit into the column's name, such as '{name} [hourangle]' "
                f"or '{name} [deg]', or give --column 'ra={name}[hourangle]'.",
            ) from error

    def _raw(self, name: str) -> list[Cell]:
        """Return a column as texts or numbers, None where a value is missing."""
        values = np.ma.asarray(self._table[name])
        missing = np.ma.getmaskarray(values).tolist()
        plain = np.ma.getdata(values).tolist()
        return [
            None if gone else value for value, gone in zip(plain, missing, strict=True)
        ]

    def _ids(self, column: NamedColumn) -> list[int | None] | None:
        """Return ids as Python's integers; None if the column holds other values."""
        values = np.ma.asarray(self._table[column.name])
        missing = np.ma.getmaskarray(values).tolist()
        if values.dtype.kind == "f":
            whole = values.filled(np.nan)
            if (np.abs(whole[np.isfinite(whole)]) >= _LOSSY).any():
                raise self._lost(column)
            if (whole[np.isfinite(whole)] % 1).any():
                return None
            missing = (~np.isfinite(whole)).tolist()
            values = np.ma.asarray(np.nan_to_num(whole).astype(np.int64))
        if values.dtype.kind in "US":
            return self._ids_of(self.texts(column), column)
        if values.dtype.kind not in "ui":
            return None
        plain = np.ma.getdata(values).tolist()
        ids = [
            None if gone or not _is_id(value) else value
            for value, gone in zip(plain, missing, strict=True)
        ]
        self._doubt(column, ids)
        return ids

    def _ids_of(self, texts: list[str], column: NamedColumn) -> list[int | None] | None:
        """Return the ids in texts; None if they are not all numbers.

        Leading zeros stay in the list's own column.
        """
        if any(_ROUNDED.fullmatch(text) for text in texts):
            raise self._lost(column)
        if not all(_DIGITS.fullmatch(text) for text in texts if text):
            return None
        if any(text.lstrip("+-") != str(abs(int(text))) for text in texts if text):
            self.used.discard(column.name)
        ids = [int(text) if text and _is_id(int(text)) else None for text in texts]
        self._doubt(column, ids)
        return ids

    def _lost(self, column: NamedColumn) -> FileError:
        return FileError(
            f"column {column.name} holds ids as floating point numbers, whose "
            "last digits are lost",
            self._path,
            "Save them as 64-bit integers or as text, or leave them out with "
            f"--column {column.name}=none.",
        )

    def _doubt(self, column: NamedColumn, ids: Sequence[int | None]) -> None:
        """Add a note where long ids end in zeros, as a spreadsheet rounds them."""
        long = [
            str(abs(i)) for i in ids if i is not None and abs(i) >= 10**_DIGITS_KEPT
        ]
        if long and all(set(text[_DIGITS_KEPT:]) == {"0"} for text in long):
            self.notes.append(
                f"Column {column.name}: every id has zeros after its 15th digit, as a "
                "spreadsheet rounds them: the last digits are probably lost."
            )


def _is_id(number: int) -> bool:
    """Return False for numbers that mean "none": 0, -1, -9999, the smallest integers.

    Euclid's ids have the sign of the declination, and more digits than those.
    """
    return number > 0 or (number <= -_LEAST_SIGNED and number not in _SMALLEST)


def _means_missing(values: Floats) -> NDArray[np.bool_]:
    """Return which numbers surveys write for "not known": 0, -1, -9999, 99, 999."""
    nines = (values >= 99) & np.isin(np.floor(values), (99, 999, 9999, 99999))
    return np.asarray(np.isnan(values) | (values <= -1) | (values == 0) | nines)


def _printable(text: str) -> str:
    """Return a text in one line without characters that cannot be displayed."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return text.strip()
