"""Decimal commas and marks between thousands, as spreadsheets write numbers.

A table has one decimal mark. It is a comma where a number of some column has a comma
that cannot part thousands (``150,1``), and none has a point that cannot. What could be
either (``1,234``) follows the mark of the table; where that is not known, the column
stays text, and that is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from .kinds import MISSING

Translate = Callable[[str], str]

#: Marks that stand between thousands and nowhere else: ' of Switzerland, narrow blanks.
_APART = "'’\u00a0\u202f\u2009"
_BY_MARK = re.compile(
    rf"[+-]?\d{{1,3}}([{_APART}])\d{{3}}(?:\1\d{{3}})*(?:[.,]\d+)?"
    r"|[+-]?\d{1,3}( )\d{3}(?:\2\d{3})*,\d+"
)
_TAKEN_OUT = re.compile(f"[{_APART} ]")

_EXPONENT = r"(?:[eE][+-]?\d{1,3})?"
_WHOLE = re.compile(r"[+-]?\d+")

# What cannot be told apart from thousands has three digits behind its only mark.
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
#: A cell that is worth a second look.
_NUMBERISH = re.compile(rf"[+-]?[\d.,{_APART} ]*\d(?:[eE][+-]?\d+)?")

WHOLE, OTHER = "whole", "other"


@dataclass(frozen=True)
class Decimals:
    """How the numbers of a table are written.

    Attributes
    ----------
    translate : mapping of int to callable
        By column: what makes a cell one with a decimal point and without thousands.
    text : set of int
        Columns that stay text since it cannot be told what they say.
    said : list of str
    """

    translate: dict[int, Translate] = field(default_factory=dict)
    text: set[int] = field(default_factory=set)
    said: list[str] = field(default_factory=list)


def is_worth_a_look(cells: Iterable[str]) -> bool:
    """Tell whether cells that are no numbers may be some in other writing."""
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
        The decimal mark; the mark and ``?`` where it may part thousands instead;
        `WHOLE` for digits only; `OTHER` for no number.
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
    names : sequence of str
        Of the columns.
    delimiter : str
        What parts them.
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
    if commas:
        found.said.append(f"Numbers with a decimal comma: {', '.join(commas)}.")
    if thousands:
        found.said.append(
            f"Marks between thousands were taken out of {', '.join(thousands)}."
        )
    if unclear:
        found.said.append(
            f"What the commas and points in {', '.join(unclear)} mean cannot be told, "
            "so these are no numbers here: write all numbers of the table with a "
            "decimal point, and nothing between thousands."
        )
    return found


def _grouped(own: set[str]) -> set[str]:
    """Return the forms that are thousands beside a sure decimal comma."""
    return {".?"} if "," in own else set()


def _mark_of(seen: set[str], delimiter: str) -> str:
    """Return the decimal mark of a table, or an empty text where it is not known."""
    sure = seen & {",", "."}
    if len(sure) == 1:
        return next(iter(sure))
    if sure or ",?" not in seen or ".?" in seen or delimiter == ",":
        return ""
    return ","  # who parts columns by semicolons writes numbers with commas


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
