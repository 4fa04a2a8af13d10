"""A clump catalogue in memory: columns that grow cutout by cutout."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import AnyArray

from .columns import COLUMNS, Column, band_order, suffixes
from .list_columns import Listed

#: The key of the values for which lists have columns and we have none.
LISTED = "listed"

#: The largest integer of a table's 64 bits with a sign.
_MOST = 2**63 - 1

_CODES = {"float": "d", "int": "q", "bool": "b"}


#: Values under the names of their columns; `CatalogueBuilder.add` has the kinds.
Rows: TypeAlias = dict[str, Any]


@dataclass
class _Grown:
    """The values of one column so far; of integers, which of them are there."""

    kind: str
    values: Any
    known: bytearray

    @classmethod
    def empty(cls, kind: str, n: int) -> _Grown:
        """Return a column of n values that are missing."""
        made = cls(kind, [] if kind == "text" else array(_CODES[kind]), bytearray())
        made.add_missing(n)
        return made

    def __len__(self) -> int:
        return len(self.values)

    def add_missing(self, n: int) -> None:
        """Add n values that are missing."""
        if self.kind == "text":
            self.values.extend([None] * n)
        else:
            missing = np.nan if self.kind == "float" else 0
            self.values.extend([missing] * n)
        self.known.extend(bytes(n))

    def add(self, values: Sequence[object] | AnyArray) -> None:
        """Add values; None, NaN and a masked one are missing."""
        if self.kind == "float":
            numbers = np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan)
            self.values.frombytes(np.ascontiguousarray(numbers).tobytes())
            self.known.extend(np.isfinite(numbers).tobytes())
            return
        known = [_is_there(value) for value in values]
        self.known.extend(bytes(known))
        pairs = list(zip(values, known, strict=True))
        if self.kind == "int" and any(k and abs(int(v)) > _MOST for v, k in pairs):
            self._become_text()
        if self.kind == "text":
            self.values.extend(str(v) if k else None for v, k in pairs)
        else:
            self.values.extend(int(v) if k else 0 for v, k in pairs)

    def _become_text(self) -> None:
        """Hold digits from now on: SDSS has ids that need 64 bits without a sign."""
        before = zip(self.values, self.known[: len(self.values)], strict=True)
        self.values = [str(v) if k else None for v, k in before]
        self.kind = "text"


def _is_there(value: object) -> bool:
    if value is None or value is np.ma.masked:
        return False
    return not (isinstance(value, float) and np.isnan(value))


@dataclass(frozen=True)
class Catalogue:
    """A finished catalogue.

    Attributes
    ----------
    columns : tuple of Column
    values : mapping of str to array
        Of each column's name; floats are NaN where they are missing.
    missing : mapping of str to bool array
    meta : mapping
        What holds for all of it: software, method, units, meaning of the flags.
    name : str
        What a row is, in the plural.
    """

    columns: tuple[Column, ...]
    values: Mapping[str, AnyArray]
    missing: Mapping[str, NDArray[np.bool_]]
    meta: Mapping[str, object] = field(default_factory=dict)
    name: str = "clumps"

    def __len__(self) -> int:
        return len(self.missing[self.columns[0].name])


class CatalogueBuilder:
    """Takes rows in, a cutout at a time, each value under its column's name.

    A value of a column with a band in its name is a mapping of bands to values.

    Parameters
    ----------
    columns : sequence of Column
        In their order.
    name : str
        What a row is, in the plural.
    """

    def __init__(
        self, columns: Sequence[Column] = COLUMNS, name: str = "clumps"
    ) -> None:
        self._columns = {column.name: column for column in columns}
        self._name = name
        self._grown: dict[str, dict[str, _Grown]] = {}
        self._listed = Listed()
        self._n = 0
        self.bands: list[str] = []

    def __len__(self) -> int:
        return self._n

    def add(self, n: int, values: Rows) -> None:
        """Add n rows.

        Parameters
        ----------
        n : int
        values : mapping
            By column: a sequence of n values, one value for all of them, or, of a
            column with a band, a mapping of band to such. What is not named is missing.
            Under `LISTED`: what `Listed.add` takes.
        """
        self._listed.add(n, values.get(LISTED, {}))
        for name, value in values.items():
            if name == LISTED:
                continue
            column = self._columns[name]
            by_band = value if column.of_band else {"": value}
            for band, part in by_band.items():
                if band and band not in self.bands:
                    self.bands.append(band)
                grown = self._grown.setdefault(name, {})
                if band not in grown:
                    grown[band] = _Grown.empty(column.kind, self._n)
                grown[band].add(_as_sequence(part, n))
        self._n += n
        for parts in self._grown.values():
            for grown_part in parts.values():
                grown_part.add_missing(self._n - len(grown_part))

    def finished(self, meta: Mapping[str, object] | None = None) -> Catalogue:
        """Return the catalogue of what was taken in."""
        columns: list[Column] = []
        values: dict[str, AnyArray] = {}
        missing: dict[str, NDArray[np.bool_]] = {}
        bands = suffixes(band_order(self.bands))
        for column, band in self._in_order(bands):
            grown = self._grown.get(column.name, {}).get(band)
            if grown is None and (band or column.optional):
                continue  # no cutout has it
            named = column.in_band(band, bands[band]) if band else column
            part = grown or _Grown.empty(column.kind, self._n)
            if part.kind != named.kind:
                words = f"{named.description}; digits, as some need 64 bits unsigned"
                named = replace(named, kind="text", description=words)
            columns.append(named)
            values[named.name] = _as_array(part)
            missing[named.name] = ~np.frombuffer(bytes(part.known), dtype=bool)
        for column, own, gone in self._listed.finished(values.keys()):
            columns.append(column)
            values[column.name], missing[column.name] = own, gone
        return Catalogue(tuple(columns), values, missing, dict(meta or {}), self._name)

    def _in_order(self, bands: Mapping[str, str]) -> list[tuple[Column, str]]:
        """Return columns and bands in order: all bands of one quantity."""
        found: list[tuple[Column, str]] = []
        for column in self._columns.values():
            found += (
                [(column, band) for band in bands] if column.of_band else [(column, "")]
            )
        return found


def _as_sequence(value: Any, n: int) -> Sequence[object] | AnyArray:
    if isinstance(value, (str, bytes)) or np.ndim(value) == 0:
        return [value] * n
    values: Sequence[object] | AnyArray = value
    if len(values) != n:
        raise ValueError(f"{len(values)} values for {n} rows")
    return values


def _as_array(grown: _Grown) -> AnyArray:
    if grown.kind == "text":
        return np.array(grown.values, dtype=object)
    kinds = {"float": np.float64, "int": np.int64, "bool": np.int8}
    values = np.frombuffer(grown.values.tobytes(), dtype=kinds[grown.kind])
    return values.astype(bool) if grown.kind == "bool" else values
