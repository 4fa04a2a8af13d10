"""The beginning of a table of text: its encoding, its columns and its delimiter."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from clump_detector.core.errors import FileError

from .decimals import Translate
from .kinds import FLOAT
from .limits import LIMITS, too_much

_DASHES = re.compile(r"-{2,}")

#: A first line that gives Excel the delimiter.
_SEPARATOR = re.compile(r'"?sep=([,;\t|])"?\s*', re.I)


class Heading:
    """The columns, the delimiter and the first row of a table of text.

    Parameters
    ----------
    names : list of str
        The columns' names, '' where a column has none.
    delimiter : str
    rows_from : int
        Number of the last line before the rows.
    units : list of str
        The columns' units, '' where unknown.

    Attributes
    ----------
    names, units : list of str
    nameless : list of str
        The names given to columns that have none.
    delimiter : str
    rows_from : int
    translate : mapping of int to callable
        By column: the conversion of a cell before it is read.
    is_free : bool
        Whether a user or a spreadsheet may have written it, unlike ECSV.
    """

    def __init__(
        self, names: list[str], delimiter: str, rows_from: int, units: list[str]
    ) -> None:
        self.nameless = [f"column {i}" for i, name in enumerate(names, 1) if not name]
        self.names = [name or f"column {i}" for i, name in enumerate(names, 1)]
        self.delimiter, self.rows_from, self.units = delimiter, rows_from, units
        self.translate: dict[int, Translate] = {}
        self.is_free = True

    @classmethod
    def of(cls, path: Path, encoding: str, delimiter: str | None = None) -> Heading:
        """Read the first lines of a table.

        Parameters
        ----------
        path : path
        encoding : str
        delimiter : str, optional
            By default found from the lines.

        Raises
        ------
        FileError
            If there is no header line, or it has too many, repeated or missing names.
        """
        comment: tuple[int, str] | None = None
        head: list[tuple[int, str]] = []
        for number, line in lines_of(path, encoding):
            stated = None if head or delimiter else _SEPARATOR.fullmatch(line)
            if stated:
                delimiter = stated[1]
                continue
            if not head and (line.startswith("#") or not line.strip(" \t\r\n,;|")):
                comment = (number, line.lstrip("# \t")) if line.strip() else comment
                continue
            head.append((number, line))
            if len(head) == 3:
                break
        if not head:
            raise FileError("this table has only comments", path, "Add rows.")
        number, first = head[0]
        delimiter = delimiter or _delimiter_of([line for _, line in head], path)
        names = _split(first, delimiter)
        commented = comment and _split(comment[1], delimiter)
        if commented and len(commented) == len(names) and _is_data(names):
            names, number = commented, number - 1
        names = _named(names, path)
        units = [""] * len(names)
        if len(head) == 3 and all(
            map(_DASHES.fullmatch, _split(head[2][1], delimiter))
        ):
            units = _split(head[1][1], delimiter)  # as VizieR writes tables
            units += [""] * (len(names) - len(units))
            number = head[2][0]
        return cls(names, delimiter, number, units)


def encoding_of(path: Path) -> tuple[str, list[str]]:
    """Return the encoding of a file of text, and a sentence where it was guessed.

    Raises
    ------
    FileError
        If the file holds zero bytes, so it is not text.
    """
    with path.open("rb") as file:
        start = file.read(1 << 20)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16", []
    if b"\0" in start:
        raise FileError(
            "this is not text, it holds zero bytes", path, "Save it as CSV in UTF-8."
        )
    try:
        with path.open(encoding="utf-8-sig") as text:
            while text.read(1 << 20):
                pass
    except UnicodeDecodeError:
        return "latin-1", ["The file is not UTF-8; its letters were read as Latin-1."]
    return "utf-8-sig", []


def lines_of(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    """Yield the number, from 1, and the text of each line.

    Parameters
    ----------
    path : path
    encoding : str

    Raises
    ------
    FileError
        If a line is too long or holds zero bytes.
    """
    with path.open(encoding=encoding, newline="") as file:
        number = 0
        while line := file.readline(LIMITS.line + 1):
            number += 1
            if len(line) > LIMITS.line:
                raise too_much(f"line {number} is too long", path)
            if "\0" in line:
                raise FileError(
                    f"line {number} holds zero bytes, so this is not text",
                    path,
                    "Save it as CSV in UTF-8.",
                )
            yield number, line


def reader_of(lines: Iterator[str], delimiter: str) -> Iterator[list[str]]:
    """Return a CSV reader that splits lines into cells.

    Parameters
    ----------
    lines : iterator of str
    delimiter : str
        Of one character; several blanks in a row count as one.
    """
    return csv.reader(
        lines, delimiter=delimiter, strict=True, skipinitialspace=delimiter == " "
    )


def _delimiter_of(head: Sequence[str], path: Path) -> str:
    """Return the delimiter of columns: the most frequent mark of the first line.

    Where two are equally frequent, as in ``ra;dec, deg;z, none``, the one that every
    line has as often is used, and semicolons before commas, which may be decimal ones.
    """
    bare = [re.sub(r'"[^"]*"', "", line.strip("\r\n")) for line in head]
    counts = {mark: bare[0].count(mark) for mark in ";\t|,"}
    most = max(counts.values())
    if most:
        even = [m for m, n in counts.items() if n and _is_even(head, m, n)]
        best = [m for m, n in counts.items() if n == most]
        return next((m for m in even if m in best), (even or best)[0])
    loose = path.suffix.lower() in (".txt", ".dat", ".tsv")
    return " " if loose and len(bare[0].split()) > 1 else ","


def _is_even(head: Sequence[str], mark: str, n: int) -> bool:
    return all(len(_split(line.strip("\r\n"), mark)) == n + 1 for line in head)


def _split(line: str, delimiter: str) -> list[str]:
    if delimiter == " ":
        line = line.strip()
    try:
        return [cell.strip() for cell in next(reader_of(iter([line]), delimiter))]
    except (csv.Error, StopIteration):
        return [cell.strip() for cell in line.split(delimiter)]


def _is_data(cells: Sequence[str]) -> bool:
    """Return whether a row holds a number, unlike a header."""
    return any(map(FLOAT.fullmatch, cells))


def _named(names: list[str], path: Path) -> list[str]:
    """Return the names of a header; refuse missing and repeated ones."""
    LIMITS.check(path, columns=len(names))
    inner = list(names)
    while inner and not inner[-1]:  # delimiters at the end of each line
        inner.pop()
    if all(map(FLOAT.fullmatch, inner)):
        raise FileError(
            "its first line holds numbers, not the names of columns",
            path,
            "Write the names into the first line, such as: name,ra,dec",
        )
    twice = [name for name in inner if inner.count(name) > 1]
    if twice or "" in inner:
        what = f"column {twice[0]!r} is given twice" if twice and twice[0] else (
            "a column has no name"
        )  # fmt: skip
        raise FileError(f"{what} in its first line", path, "Name each column once.")
    return names
