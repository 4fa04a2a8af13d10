"""Properties that hold for drawn inputs: checks, each with the strategy of its inputs.

The tests try some dozens of each, ``make bench ONLY=fields`` thousands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis.strategies import SearchStrategy

Check = Callable[[Any], None]

#: Every check and what draws its inputs.
CHECKS: list[tuple[Check, Callable[[], SearchStrategy[Any]]]] = []


def checked(strategy: Callable[[], SearchStrategy[Any]]) -> Callable[[Check], Check]:
    """Note a check of one drawn input, which asserts that a property holds."""

    def note(check: Check) -> Check:
        CHECKS.append((check, strategy))
        return check

    return note
