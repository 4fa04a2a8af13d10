"""What lists give for galaxies beside our own columns: ids, and columns of users.

They keep their names, values and units. A name that the catalogue has already gets
``galaxy_`` before it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import AnyArray

from .columns import Column, ColumnKind

#: From here up floating point does not distinguish one integer from the next.
_LOSSY = 2**53

_MOST = 2**63 - 1


class Listed:
    """Takes in the values of lists, a cutout at a time."""

    def __init__(self) -> None:
        self._counts: list[int] = []
        self._values: dict[tuple[str, str], list[object]] = {}

    def add(self, n: int, values: Mapping[str, tuple[object, str]]) -> None:
        """Add n rows of one cutout.

        Parameters
        ----------
        n : int
        values : mapping of str to (value, str)
            By the column's name: the value of all n rows, and its unit.
        """
        for name, (value, unit) in values.items():
            # Columns of two lists are one where their units are.
            kept = self._values.setdefault((name, unit), [])
            kept.extend([None] * (len(self._counts) - len(kept)))
            kept.append(value)
        self._counts.append(n)

    def finished(
        self, taken: Collection[str]
    ) -> Iterator[tuple[Column, AnyArray, NDArray[np.bool_]]]:
        """Yield each column, its values, and which are missing.

        Parameters
        ----------
        taken : collection of str
            The names of other columns, which none of these gets in any case.
        """
        small = {name.lower() for name in taken}
        for (name, unit), values in self._values.items():
            values = values + [None] * (len(self._counts) - len(values))
            known = [v for v in values if _is_known(v)]
            kind = _kind_of(known)
            free = _free_name(name, small)
            small.add(free.lower())
            yield (
                Column(free, kind, f"{name}, as the list of galaxies has it", unit),
                self._repeated(values, kind),
                np.repeat([not _is_known(v) for v in values], self._counts).astype(
                    bool
                ),
            )

    def _repeated(self, values: list[object], kind: ColumnKind) -> AnyArray:
        if kind == "text":
            plain: list[str | None] = [str(v) if _is_known(v) else None for v in values]
            return np.repeat(np.array(plain, dtype=object), self._counts)
        missing = np.nan if kind == "float" else 0
        numbers = [v if _is_known(v) else missing for v in values]
        types = {"float": np.float64, "int": np.int64, "bool": np.bool_}
        return np.repeat(np.array(numbers, dtype=types[kind]), self._counts)


def _is_known(value: object) -> bool:
    if value is None or value is np.ma.masked or value == "":
        return False
    return not (isinstance(value, float) and math.isnan(value))


def _kind_of(known: list[object]) -> ColumnKind:
    """Return the kind that holds all values to the last digit."""
    if known and all(isinstance(v, bool) for v in known):
        return "bool"
    if any(isinstance(v, bool) or not isinstance(v, int | float) for v in known):
        return "text"
    whole = [abs(v) for v in known if isinstance(v, int)]
    if len(whole) == len(known) and whole:
        return "int" if max(whole) <= _MOST else "text"
    return "float" if max(whole, default=0) < _LOSSY else "text"


def _free_name(name: str, taken: Collection[str]) -> str:
    """Return a name that is not taken in any case, since FITS ignores case."""
    name = "".join(c if c.isprintable() else " " for c in name).strip() or "column"
    for candidate in (name, f"galaxy_{name}"):
        if candidate.lower() not in taken:
            return candidate
    number = 2
    while f"galaxy_{name}_{number}".lower() in taken:
        number += 1
    return f"galaxy_{name}_{number}"
