"""The columns of a list of galaxies as numbers in our units, and what is no number."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..angular_units import angle_unit, arcsec, per_pixel
from ..errors import FileError
from ..scales import doubt, is_plausible
from ..wcs import note
from .angles import parse_position
from .columns import Columns
from .names import Column
from .positions import AngleError, positions_of

#: From here up floating point does not tell one integer from the next.
_LOSSY = 2**53

Floats = NDArray[np.float64]


class Values:
    """The columns of a table as numbers in the units of `Galaxy`, NaN where unknown.

    Attributes
    ----------
    said : list of str
        What was left out of columns, in sentences.
    doubts : dict of int to list of str
        By row what is not believed there, in sentences.
    """

    def __init__(self, table: Any, columns: Columns, path: Path) -> None:
        self._table, self._path = table, path
        self.said: list[str] = []
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

    def texts(self, column: Column) -> list[str]:
        """Return a column as texts, empty where nothing stands."""
        values = self._table[column.name]
        missing = np.ma.getmaskarray(np.ma.asarray(values))
        plain = np.ma.getdata(np.ma.asarray(values)).tolist()
        return [
            "" if gone else _printable(str(value))
            for value, gone in zip(plain, missing, strict=True)
        ]

    def numbers(self, column: Column) -> Floats:
        """Return a column as numbers, NaN where nothing or no number stands."""
        values = np.ma.asarray(self._table[column.name])
        if values.dtype.kind in "US":
            if len(values) and not np.ma.getmaskarray(values).all():
                self.said.append(
                    f"Column {column.name} holds words, not numbers: it was left out."
                )
            return np.full(len(values), np.nan)
        plain = np.ma.filled(values.astype(float), np.nan)
        return np.where(np.isfinite(plain), plain, np.nan)

    def _none(self) -> Floats:
        return np.full(len(self._table), np.nan)

    def _within(self, column: Column | None, least: float, most: float) -> Floats:
        """Return numbers; those out of range stand for "not known", as -9999 does."""
        if column is None:
            return self._none()
        values = self.numbers(column)
        return np.where((values >= least) & (values <= most), values, np.nan)

    def _angle(self, column: Column | None, least: float, most: float) -> Floats:
        """Return angles in arcsec."""
        if column is None:
            return self._none()
        if column.unit.lower().startswith("pix"):
            factor: Any = self.scale
        else:
            unit = angle_unit(column.unit or "arcsec")
            if unit is None:
                return self._left_out(column)
            factor = arcsec(unit)
        values = self.numbers(column) * factor
        return np.where((values >= least) & (values <= most), values, np.nan)

    def _left_out(self, column: Column) -> Floats:
        self.said.append(f"{column} is no angle on the sky: it was left out.")
        self.used.discard(column.name)
        return self._none()

    def _scale(self, column: Column | None) -> Floats:
        """Return arcsec per pixel; what cannot be one is doubted row by row."""
        if column is None:
            return self._none()
        unit = per_pixel(column.unit or "arcsec")
        if unit is None:
            return self._left_out(column)
        stated = self.numbers(column)
        values = stated * arcsec(unit)
        for row in np.flatnonzero(values > 0):
            if not is_plausible(values[row]):
                said = f"{column} = {stated[row]:g} {doubt(values[row])}: not used"
                self.doubts.setdefault(int(row), []).append(note(said))
        if self.doubts:
            first = next(iter(self.doubts.values()))[0]
            self.said.append(f"{first} So with {len(self.doubts):,} rows.")
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
                f"no position is taken from it: {error}",
                self._path,
                f"Write the unit into the column's name, such as '{name} [hourangle]' "
                f"or '{name} [deg]', or say --column 'ra={name}[hourangle]'.",
            ) from error

    def _raw(self, name: str) -> list[Any]:
        """Return a column as texts or numbers, None where nothing stands."""
        values = np.ma.asarray(self._table[name])
        missing = np.ma.getmaskarray(values).tolist()
        plain = np.ma.getdata(values).tolist()
        return [
            None if gone else value for value, gone in zip(plain, missing, strict=True)
        ]

    def _ids(self, column: Column) -> list[int | None] | None:
        """Return ids as Python's integers; None if they are no integers at all."""
        values = np.ma.asarray(self._table[column.name])
        missing = np.ma.getmaskarray(values).tolist()
        if values.dtype.kind == "f":
            whole = values.filled(np.nan)
            if (np.abs(whole[np.isfinite(whole)]) >= _LOSSY).any():
                raise FileError(
                    f"column {column.name} holds ids as floating point numbers, whose "
                    "last digits are lost",
                    self._path,
                    "Save them as 64-bit integers or as text, or leave them out with "
                    f"--column {column.name}=none.",
                )
            if (whole[np.isfinite(whole)] % 1).any():
                return None
            missing = (~np.isfinite(whole)).tolist()
            values = np.ma.asarray(np.nan_to_num(whole).astype(np.int64))
        if values.dtype.kind in "US":
            texts = self.texts(column)
            if not all(re.fullmatch(r"[+-]?\d{1,40}|", text) for text in texts):
                return None
            return [int(text) if text and int(text) > 0 else None for text in texts]
        if values.dtype.kind not in "ui":
            return None
        plain = np.ma.getdata(values).tolist()
        # 0 and -9999 stand for "none" in surveys.
        return [
            None if gone or value <= 0 else value
            for value, gone in zip(plain, missing, strict=True)
        ]


def _printable(text: str) -> str:
    """Return a text in one line without what cannot be shown."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return text.strip()
