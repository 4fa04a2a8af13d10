"""The columns of a list of galaxies as numbers in our units, and what is no number."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FileError
from .angles import parse_angles, parse_position
from .columns import Column, Columns

#: From here up floating point does not tell one integer from the next.
_LOSSY = 2**53

_IN_ARCSEC = {"": 1.0, "arcsec": 1.0, '"': 1.0, "arcmin": 60.0, "'": 60.0,
              "deg": 3600.0, "degree": 3600.0, "mas": 1e-3}  # fmt: skip

_HOURS = {
    "h",
    "hr",
    "hour",
    "hours",
    "hourangle",
    "hms",
    "h:m:s",
    '"h:m:s"',
    "hh:mm:ss",
}
_RADIANS = {"rad", "radian", "radians"}

Floats = NDArray[np.float64]


class Values:
    """The columns of a table as numbers in the units of `Galaxy`, NaN where unknown."""

    def __init__(self, table: Any, columns: Columns, path: Path) -> None:
        self._table, self._path = table, path
        self.said: list[str] = []
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
        unit = column.unit.lower()
        if unit.startswith("pix"):
            factor: Any = self.scale
        elif unit in _IN_ARCSEC:
            factor = _IN_ARCSEC[unit]
        else:
            self.said.append(f"{column} is no angle on the sky: it was left out.")
            self.used.discard(column.name)
            return self._none()
        values = self.numbers(column) * factor
        return np.where((values >= least) & (values <= most), values, np.nan)

    def _scale(self, column: Column | None) -> Floats:
        if column is None:
            return self._none()
        unit = re.split(r"[/ ]", column.unit.lower())[0]
        values = self.numbers(column) * _IN_ARCSEC.get(unit, 1.0)
        return np.where((values > 1e-4) & (values < 1000), values, np.nan)

    def _positions(self, columns: Columns) -> tuple[Floats, Floats]:
        if columns.coord is not None:
            pairs = [parse_position(t) for t in self.texts(columns.coord)]
            known = [p or (np.nan, np.nan) for p in pairs]
            ra, dec = np.array(known, dtype=float).reshape(-1, 2).T
        elif columns.ra is not None and columns.dec is not None:
            ra = self._degrees(columns.ra, hours=None)
            dec = self._degrees(columns.dec, hours=False)
        else:
            return self._none(), self._none()
        good = (ra >= -180) & (ra <= 360) & (np.abs(dec) <= 90)
        with np.errstate(invalid="ignore"):
            around = np.where(ra % 360 == 360, 0.0, ra % 360)  # -1e-20 % 360 is 360
            return np.where(good, around, np.nan), np.where(good, dec, np.nan)

    def _degrees(self, column: Column, *, hours: bool | None) -> Floats:
        """Return a column of right ascensions or declinations in degrees."""
        unit = column.unit.lower()
        if unit in _HOURS and hours is None:
            hours = True
        elif unit in _IN_ARCSEC and unit:
            hours = False
        if self._table[column.name].dtype.kind in "US":
            return parse_angles(self.texts(column), hours=hours)
        values = self.numbers(column)
        if unit in _RADIANS:
            return np.degrees(values)
        if unit in ("arcsec", "arcmin", "mas"):
            return values * _IN_ARCSEC[unit] / 3600
        return values * 15 if hours else values

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
