"""Whole numbers and flags in any notation that another program writes.

A class, an id or a width may be written ``2``, ``2.0``, ``2e0`` or ``"2"``; a flag
``1``, ``true`` or ``"yes"``. All readers of labels use these functions, so that they
agree on what a notation means.
"""

from __future__ import annotations

import math
import re

#: From here up floating point does not resolve neighbouring whole numbers.
_EXACT = 2**53

#: Most characters of a whole number; no id or size has more.
_LONGEST = 40

_DIGITS = re.compile(r"[+-]?\d+")
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")

_YES = frozenset({"true", "t", "yes", "y"})


def whole(value: object) -> int | None:
    """Return a whole number in any notation, or None where the value is not one.

    Parameters
    ----------
    value : anything
        Floats from 2**53 up are refused, since their last digits are lost.
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
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    if not math.isfinite(number) or not number.is_integer() or abs(number) >= _EXACT:
        return None
    return int(number)


def real(value: object) -> float | None:
    """Return a finite number, also one written as text, or None."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        value = value.strip()
        if not value.isascii() or len(value) > 100 or not _DECIMAL.fullmatch(value):
            return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def flag(value: object) -> bool:
    """Return whether a flag is set: 1, 1.0, true, "1", "yes"."""
    if isinstance(value, bool):
        return value
    number = real(value)
    if number is not None:
        return number != 0
    return isinstance(value, str) and value.strip().lower() in _YES
