"""Decimal commas and thousands separators, as spreadsheets write numbers.

A table has one decimal mark. It is a comma if a number in some column has a comma that
cannot be a thousands separator (``150,1``), and none has such a point. What could be
either (``1,234``) follows the mark of the table; where that is unknown, the column
stays text, with a note.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from .kinds import MISSING

Translate = Callable[[str], str]

#: Marks that are only used between thousands: ' in Switzerland, narrow blanks.
_APART = "'’\u00a0\u202f\u2009"
_BY_MARK = re.compile(
    rf"[+-]?\d{{1,3}}([{_APART}])\d{{3}}(?:\1\d{{3}})*(?:[.,]\d+)?"
    r"|[+-]?\d{1,3}( )\d{3}(?:\2\d{3})*,\d+"
)
_TAKEN_OUT = re.compile(f"[{_APART} ]")

_EXPONENT = r"(?:[eE][+-]?\d{1,3})?"
_WHOLE = re.compile(r"[+-]?\d+")

# With three digits after its only mark, a number may have a decimal mark or thousands.
_EITHER = {m: re.compile(rf"[+-]?[1-9]\d{{0,2}}\{m}\d{{3}}") for m in ".,"}
_FRACTION = {m: re.compile(rf"[+-]?(?:\d+\{m}\d*|\{m}\d+){_EXPONENT}") for m in ".,"}
_THOUSANDS = {
    ",": re.compile(r"[+-]?\d{1,3}(?:(?:\.\d{3})+,\d+|(?:\.\d{3}){2,})"),
    ".": re.compile(r"[+-]?\d{1,3}(?:(?:,\d{3})+\.\d+|(?:,\d{3}){2,})"),
}
#: 12:34:56,7, 12 34 56,7, 12h34m56,7s, and two angles in one cell: 188,73 +1,03
_ANGLE = {
    m: re.compile(
        rf"[+-]?\d{{1,3}}[:\shd°]\s*\d{{1,2}}[:\sm'′]\s*\d{{1,2}}\{m}\d+\s*[s\"″]?"
        rf"|[+-]?\d{{1,3}}\{m}\d+[\s;]+[+-]?\d{{1,2}}\{m}\d+"
    )
    for m in ".,"
}
#: A cell that may be a number in another notation.
_NUMBERISH = re.compile(rf"[+-]?[\d.,{_APART} ]*\d(?:[eE][+-]?\d+)?")

WHOLE, OTHER = "whole", "other"


@dataclass(frozen=True)
class Decimals:
    """How the numbers of a table are written.

    Attributes
    ----------
    translate : mapping of int to callable
        By column: converts a cell to one with a decimal point and without thousands
        separators.
    text : set of int
        Columns that stay text since their notation is ambiguous.
    notes : list of str
        Sentences for users.
    """

    translate: dict[int, Translate] = field(default_factory=dict)
    text: set[int] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


def may_be_numbers(cells: Iterable[str]) -> bool:
    """Return whether one of some cells may be a number with commas or thousands."""
    return any(
        ("," in cell or not cell.isalnum())
        and (_NUMBERISH.fullmatch(cell.strip()) or _is_angle(cell.strip(), ","))
        for cell in cells
    )


def _is_angle(cell: str, mark: str) -> bool:
    return _ANGLE[mark].fullmatch(cell) is not None


def form_of(cell: str) -> str:
    """Return how a number is written.

    Returns
    -------
    str
        The decimal mark; the mark and ``?`` where it may be a thousands separator;
        `WHOLE` for digits only; `OTHER` for a cell that is not a number.
    """
    if _BY_MARK.fullmatch(cell):
        cell = _TAKEN_OUT.sub("", cell)
    if _WHOLE.fullmatch(cell):
        return WHOLE
    for mark in ".,":
        if _EITHER[mark].fullmatch(cell):
            return f"{mark}?"
        for pattern in (_FRACTION, _THOUSANDS, _ANGLE):
            if pattern[mark].fullmatch(cell):
                return mark
    return OTHER


def find_decimals(
    rows: Iterable[Sequence[str]], names: Sequence[str], delimiter: str
) -> Decimals:
    """Find out how the numbers of a table of text are written.

    Parameters
    ----------
    rows : iterable of sequences of str
        The cells of each row.
    names : sequence of str
        The columns' names.
    delimiter : str
        The character between columns.
    """
    forms: list[set[str]] = [set() for _ in names]
    marked: set[int] = set()
    for row in rows:
        for i, raw in enumerate(row):
            cell = raw.strip()
            if OTHER not in forms[i] and cell.lower() not in MISSING:
                forms[i].add(form_of(cell))
                if _BY_MARK.fullmatch(cell) or _THOUSANDS["."].fullmatch(cell):
                    marked.add(i)
    numbers = {i: own for i, own in enumerate(forms) if OTHER not in own}
    return _decided(numbers, marked, names, delimiter)


def _decided(
    numbers: dict[int, set[str]],
    marked: set[int],
    names: Sequence[str],
    delimiter: str,
) -> Decimals:
    seen = set().union(*numbers.values()) if numbers else set()
    found = Decimals()
    if not seen & {",", ",?"} and not marked:
        return found
    mark = _mark_of(seen, delimiter)
    commas, thousands, unclear = [], [], []
    for i, own in numbers.items():
        if not own & {",", ",?", ".?"} and i not in marked:
            continue
        if mark == "," and own <= {WHOLE, ",", ",?"} | _grouped(own):
            found.translate[i] = _from_comma
            commas.append(names[i])
        elif mark != "," and not own & {",", ",?"}:
            if i in marked:
                found.translate[i] = _from_point
                thousands.append(names[i])
        elif mark == "." and "," not in own:
            found.translate[i] = _from_point
            thousands.append(names[i])
        else:
            found.text.add(i)
            unclear.append(names[i])
    found.notes.extend(_notes(commas, thousands, unclear))
    return found


def _notes(
    commas: Sequence[str], thousands: Sequence[str], unclear: Sequence[str]
) -> Iterator[str]:
    """Yield sentences on columns with commas, with thousands, and ambiguous ones."""
    if commas:
        yield f"Numbers with a decimal comma: {', '.join(commas)}."
    if thousands:
        yield f"Thousands separators were removed from {', '.join(thousands)}."
    if unclear:
        yield (
            f"The commas and points in {', '.join(unclear)} are ambiguous, so these "
            "columns are not read as numbers: write all numbers of the table with a "
            "decimal point and without thousands separators."
        )


def _grouped(own: set[str]) -> set[str]:
    """Return the forms that are thousands in a column with a certain decimal comma."""
    return {".?"} if "," in own else set()


def _mark_of(seen: set[str], delimiter: str) -> str:
    """Return the decimal mark of a table, or '' where it is not known."""
    certain = seen & {",", "."}
    if len(certain) == 1:
        return next(iter(certain))
    if certain or ",?" not in seen or ".?" in seen or delimiter == ",":
        return ""
    return ","  # as in locales that separate columns by semicolons


def _without_marks(cell: str) -> str:
    bare = cell.strip()
    return _TAKEN_OUT.sub("", bare) if _BY_MARK.fullmatch(bare) else bare


def _from_comma(cell: str) -> str:
    bare = _without_marks(cell)
    if _EITHER["."].fullmatch(bare) or _THOUSANDS[","].fullmatch(bare):
        bare = bare.replace(".", "")
    return bare.replace(",", ".")


def _from_point(cell: str) -> str:
    return _without_marks(cell).replace(",", "")
