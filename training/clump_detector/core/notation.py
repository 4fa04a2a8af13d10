"""Whole numbers and flags in whatever notation another program writes them.

A class, an id or a width is the same number as ``2``, ``2.0``, ``2e0`` and ``"2"``; a
flag the same as ``1``, ``true`` and ``"yes"``. Everything that reads labels asks here,
so that one notation cannot mean two things in two readers.
"""

from __future__ import annotations

import math
import re
from typing import Any

#: From here up floating point does not tell one whole number from the next.
_EXACT = 2**53

#: No id or size has more digits, and Python refuses to read endless ones.
_LONGEST = 40

_DIGITS = re.compile(r"[+-]?\d+")
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")

_YES = frozenset({"true", "t", "yes", "y"})


def whole(value: Any) -> int | None:
    """Return a whole number in any notation, or None where it is none.

    Parameters
    ----------
    value : anything
        A float from 2**53 up is none: its last digits are lost.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        text = value.strip()
        if not text.isascii() or len(text) > _LONGEST:
            return None
        if _DIGITS.fullmatch(text):
            return int(text)
        if not _DECIMAL.fullmatch(text):
            return None
        value = text
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if not math.isfinite(number) or not number.is_integer() or abs(number) >= _EXACT:
        return None
    return int(number)


def real(value: Any) -> float | None:
    """Return a finite number, also one that stands in quotation marks, or None."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        value = value.strip()
        if not value.isascii() or len(value) > 100 or not _DECIMAL.fullmatch(value):
            return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def flag(value: Any) -> bool:
    """Tell whether a flag is set: 1, 1.0, true, "1", "yes"."""
    if isinstance(value, bool):
        return value
    number = real(value)
    if number is not None:
        return number != 0
    return isinstance(value, str) and value.strip().lower() in _YES
