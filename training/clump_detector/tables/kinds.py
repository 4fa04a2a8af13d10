"""The type of the values of a column of text, and their conversion."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from .limits import LIMITS, too_much

MISSING = frozenset({"", "null", "none", "n/a", "na", "nan", "--", "---", "...", "-"})
FLOAT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?|[+-]?inf", re.I)

_INTEGER = re.compile(r"[+-]?\d+")


class ValueKind:
    """Types of a column's values, from narrow to wide."""

    INTEGER, FLOAT, TEXT = range(3)


def kind_of(cells: Sequence[str], kind: int, path: Path) -> int:
    """Return the kind of a column, given further cells of it.

    Parameters
    ----------
    cells : sequence of str
        Further cells of the column.
    kind : int
        Of `ValueKind`: what the cells before are.
    path : path
        For messages.

    Returns
    -------
    int
        Of `ValueKind`: the same or a wider one.

    Raises
    ------
    FileError
        If a cell is too long.
    """
    longest = max(map(len, cells), default=0)
    if longest > LIMITS.word:
        raise too_much(f"a value of {longest:,} characters is too long", path)
    if kind == ValueKind.TEXT:
        return kind
    values = [c for c in map(str.strip, cells) if c.lower() not in MISSING]
    whole = kind == ValueKind.INTEGER and all(map(_INTEGER.fullmatch, values))
    if whole and "-0" not in values:  # an integer would lose the sign
        # 007 is a name, and so is a number that does not fit into 64 bits.
        if not any(_is_name(v) for v in values):
            return ValueKind.INTEGER
        return ValueKind.TEXT
    # The last digits of a long id would be lost.
    numbers = all(FLOAT.fullmatch(v) and not _is_long(v) for v in values)
    return ValueKind.FLOAT if numbers else ValueKind.TEXT


def _is_name(digits: str) -> bool:
    bare = digits.lstrip("+-")
    if len(bare) > 1 and bare[0] == "0":
        return True
    return len(bare) > 18 and (len(bare) > 19 or int(bare) >= 2**63)


def _is_long(number: str) -> bool:
    return len(number) > 15 and number.lstrip("+-").isdigit() and int(number) >= 2**53


#: The values of a column's cells.
Cells: TypeAlias = list[str] | list[int | float]


def values_of(cells: Sequence[str], kind: int) -> tuple[Cells, list[bool]]:
    """Return the values of cells, and which of them are missing.

    Parameters
    ----------
    cells : sequence of str
        All of the kind.
    kind : int
        Of `ValueKind`.

    Returns
    -------
    (list of int, float or str, list of bool)
        Missing numbers are 0.
    """
    stripped = [cell.strip() for cell in cells]
    if kind == ValueKind.TEXT:
        # A text that is repeated a million times takes memory once.
        return list(map(sys.intern, stripped)), [not cell for cell in stripped]
    missing = [cell.lower() in MISSING for cell in stripped]
    convert: type[int | float] = int if kind == ValueKind.INTEGER else float
    return [
        0 if gone else convert(cell)
        for cell, gone in zip(stripped, missing, strict=True)
    ], missing
