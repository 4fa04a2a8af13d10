"""What is understood of the field's files: a row for each test that holds it.

``docs/understood.md`` is made from these rows, so that the page says nothing that no
test holds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

Outcome = Literal["read", "converted", "ignored", "refused"]

Test = TypeVar("Test", bound=Callable[..., object])


@dataclass(frozen=True)
class Row:
    """One situation, and what becomes of it.

    Attributes
    ----------
    source : str
        The format, survey or program that it comes from, such as "FITS" or "JWST".
    situation : str
        What stands in the file.
    outcome : {"read", "converted", "ignored", "refused"}
    rule : str
        What is done, in a sentence.
    test : str
        The test that holds it.
    """

    source: str
    situation: str
    outcome: Outcome
    rule: str
    test: str


ROWS: list[Row] = []


def understood(
    source: str, situation: str, outcome: Outcome, rule: str
) -> Callable[[Test], Test]:
    """Say what a test holds; several on one test say several things."""

    def note(test: Test) -> Test:
        name = f"{test.__module__.rsplit('.', 1)[-1]}.{test.__name__}"
        ROWS.append(Row(source, situation, outcome, rule, name))
        return test

    return note
