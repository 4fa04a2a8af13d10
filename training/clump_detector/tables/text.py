"""Tables of text: CSV and its kin, and ECSV; broken ones are refused by line."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FileError
from .limits import LIMITS, Room, too_much

_MISSING = frozenset({"", "null", "none", "n/a", "na", "nan", "--", "---", "...", "-"})
#: Columns of signs, as the CDS and people call them: a "-" in them is no gap.
_SIGNS = frozenset({"de-", "dec-", "de_sign", "dec_sign", "design", "decsign", "sign"})
_INTEGER = re.compile(r"[+-]?\d+")
_FLOAT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?|[+-]?inf", re.I)
_DASHES = re.compile(r"-{2,}")

#: Rows that are looked at together.
_CHUNK = 10_000

#: Characters of the header of an ECSV file; YAML is read slowly.
MOST_YAML = 200_000


class _Kind:
    """What the values of a column have in common, from narrow to wide."""

    INTEGER, FLOAT, TEXT = range(3)


def read_text(path: Path) -> Any:
    """Read CSV, or a table with tabs, semicolons, bars or blanks between its columns.

    Lines before the header that begin with ``#`` are left out; one of them may be the
    header.

    Returns
    -------
    astropy.table.Table

    Raises
    ------
    FileError
        Naming the line, if quotation marks are not closed or a line has more or fewer
        columns than the header.
    """
    encoding, said = _encoding_of(path)
    start = _Start.of(path, encoding)
    kinds, n = _kinds_of(path, encoding, start)
    table = _fill(path, encoding, start, kinds, n)
    table.meta["said"] = said
    return table


def read_ecsv(path: Path) -> Any:
    """Read ECSV: as CSV, with the types and units that its header says.

    Raises
    ------
    FileError
    """
    from astropy.table.meta import get_header_from_yaml

    lines, yaml = [], 0
    for _, line in _lines(path, "utf-8-sig"):
        if not line.startswith("#"):
            break
        yaml += len(line)
        if yaml > MOST_YAML:
            raise too_much("the header of this ECSV file is too long", path)
        lines.append(line[2:].rstrip("\r\n"))
    header = get_header_from_yaml(lines[2:])  # after %ECSV and ---
    columns = header["datatype"]
    delimiter = header.get("delimiter", " ")
    if delimiter not in (" ", ","):
        raise FileError(
            f"ECSV has no delimiter {delimiter!r}", path, "Write the file again."
        )
    start = _Start.of(path, "utf-8-sig", delimiter)
    if start.names != [column["name"] for column in columns]:
        raise FileError(
            "the header of this ECSV file names other columns than its first line",
            path,
            "Write the file again.",
        )
    kinds, n = _kinds_of(path, "utf-8-sig", start)
    for i, column in enumerate(columns):
        if str(column.get("datatype", "")).startswith(("string", "bool")):
            kinds[i] = _Kind.TEXT
    table = _fill(path, "utf-8-sig", start, kinds, n)
    for column in columns:
        if column.get("unit"):
            table[column["name"]].unit = str(column["unit"])
    table.meta["said"] = []
    table.meta.update(header.get("meta") or {})
    return table


class _Start:
    """How a text table begins: its columns, what parts them, where its rows begin."""

    def __init__(
        self, names: list[str], delimiter: str, rows_from: int, units: list[str]
    ) -> None:
        self.names, self.delimiter = names, delimiter
        self.rows_from, self.units = rows_from, units

    @classmethod
    def of(cls, path: Path, encoding: str, delimiter: str | None = None) -> _Start:
        """Look at the first lines."""
        comment: tuple[int, str] | None = None
        head: list[tuple[int, str]] = []
        for number, line in _lines(path, encoding):
            if not head and (line.startswith("#") or not line.strip()):
                comment = (number, line.lstrip("# \t")) if line.strip() else comment
                continue
            head.append((number, line))
            if len(head) == 3:
                break
        if not head:
            raise FileError("this table has no line but comments", path, "Add rows.")
        number, first = head[0]
        delimiter = delimiter or _delimiter_of(first, path)
        names = _split(first, delimiter)
        said_before = comment and _split(comment[1], delimiter)
        if said_before and len(said_before) == len(names) and _is_data(names):
            names, number = said_before, number - 1
        names = _named(names, path)
        units = [""] * len(names)
        if len(head) == 3 and all(
            map(_DASHES.fullmatch, _split(head[2][1], delimiter))
        ):
            units = _split(head[1][1], delimiter)  # as VizieR writes tables
            units += [""] * (len(names) - len(units))
            number = head[2][0]
        return cls(names, delimiter, number, units)


def _encoding_of(path: Path) -> tuple[str, list[str]]:
    with path.open("rb") as file:
        start = file.read(1 << 20)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16", []
    if b"\0" in start:
        raise FileError(
            "this is no text, it holds zero bytes", path, "Save it as CSV in UTF-8."
        )
    try:
        with path.open(encoding="utf-8-sig") as text:
            while text.read(1 << 20):
                pass
    except UnicodeDecodeError:
        return "latin-1", ["The file is not UTF-8; its letters were read as Latin-1."]
    return "utf-8-sig", []


def _lines(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    """Yield (number from 1, line), refusing a line without end."""
    with path.open(encoding=encoding, newline="") as file:
        number = 0
        while line := file.readline(LIMITS.line + 1):
            number += 1
            if len(line) > LIMITS.line:
                raise too_much(f"line {number} is too long", path)
            if "\0" in line:
                raise FileError(
                    f"line {number} holds zero bytes, so this is no text",
                    path,
                    "Save it as CSV in UTF-8.",
                )
            yield number, line


def _delimiter_of(line: str, path: Path) -> str:
    bare = re.sub(r'"[^"]*"', "", line.strip("\r\n"))
    counts = {mark: bare.count(mark) for mark in ",;\t|"}
    mark = max(counts, key=lambda m: counts[m])
    if counts[mark]:
        return mark
    loose = path.suffix.lower() in (".txt", ".dat", ".tsv")
    return " " if loose and len(bare.split()) > 1 else ","


def _reader(lines: Iterator[str], delimiter: str) -> Any:
    return csv.reader(
        lines, delimiter=delimiter, strict=True, skipinitialspace=delimiter == " "
    )


def _split(line: str, delimiter: str) -> list[str]:
    if delimiter == " ":
        line = line.strip()
    try:
        return [cell.strip() for cell in next(_reader(iter([line]), delimiter))]
    except (csv.Error, StopIteration):
        return [cell.strip() for cell in line.split(delimiter)]


def _is_data(cells: Sequence[str]) -> bool:
    """Tell a row of numbers from a header."""
    return any(map(_FLOAT.fullmatch, cells))


def _named(names: list[str], path: Path) -> list[str]:
    """Refuse a header without names, or with one name twice."""
    LIMITS.check(path, columns=len(names))
    if names and not names[-1]:  # a delimiter at the end of each line
        names = [*names[:-1], f"column {len(names)}"]
    if all(map(_FLOAT.fullmatch, names)):
        raise FileError(
            "its first line holds numbers, not the names of columns",
            path,
            "Write the names into the first line, such as: name,ra,dec",
        )
    twice = [name for name in names if names.count(name) > 1]
    if twice or "" in names:
        what = f"column {twice[0]!r} stands twice" if twice and twice[0] else (
            "a column has no name"
        )  # fmt: skip
        raise FileError(f"{what} in its first line", path, "Name each column once.")
    return names


def _rows(path: Path, encoding: str, start: _Start) -> Iterator[list[str]]:
    """Yield the cells of each row."""
    n, line_of = len(start.names), [0]

    def text() -> Iterator[str]:
        for number, line in _lines(path, encoding):
            line_of[0] = number
            if number > start.rows_from:
                yield line.strip(" ") if start.delimiter == " " else line

    reader, begun, count = _reader(text(), start.delimiter), start.rows_from + 1, 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _broken(path, begun, str(error)) from error
        if cells and not (len(cells) == 1 < n and not cells[0].strip()):
            if len(cells) == n + 1 and not cells[n].strip():
                cells = cells[:n]
            if len(cells) != n:
                raise FileError(
                    f"line {begun} has {len(cells)} columns and the header {n}",
                    path,
                    "Look for a missing quotation mark or delimiter there.",
                )
            count += 1
            if count % _CHUNK == 1:
                LIMITS.check_cells(path, count, n)
            yield cells
        begun = line_of[0] + 1


def _broken(path: Path, line: int, reason: str) -> FileError:
    if "unexpected end" in reason or "field larger" in reason:
        what = f"a quotation mark that opens in line {line} or later is never closed"
    else:
        what = f"line {line} cannot be read ({reason})"
    return FileError(what, path, "Mend that line, or save the table again.")


def _kinds_of(path: Path, encoding: str, start: _Start) -> tuple[list[int], int]:
    """Return the kind of each column and the number of rows, keeping nothing."""
    kinds: list[int] = [
        _Kind.TEXT if name.strip().lower() in _SIGNS else _Kind.INTEGER
        for name in start.names
    ]
    n, chunk = 0, []
    for row in _rows(path, encoding, start):
        n += 1
        chunk.append(row)
        if len(chunk) == _CHUNK:
            kinds = _widened(kinds, chunk, path)
            chunk = []
    return _widened(kinds, chunk, path), n


def _widened(kinds: list[int], rows: list[list[str]], path: Path) -> list[int]:
    columns = zip(*rows, strict=True) if rows else [()] * len(kinds)
    return [_kind_of(c, kind, path) for c, kind in zip(columns, kinds, strict=True)]


def _kind_of(cells: Sequence[str], kind: int, path: Path) -> int:
    longest = max(map(len, cells), default=0)
    if longest > LIMITS.word:
        raise too_much(f"a value of {longest:,} characters is too long", path)
    if kind == _Kind.TEXT:
        return kind
    values = [c for c in map(str.strip, cells) if c.lower() not in _MISSING]
    whole = kind == _Kind.INTEGER and all(map(_INTEGER.fullmatch, values))
    if whole and "-0" not in values:  # no integer keeps the sign of it
        # 007 is a name; so is what no integer of 64 bits holds.
        if not any(_is_name(v) for v in values):
            return _Kind.INTEGER
        return _Kind.TEXT
    # The last digits of a long id would be lost.
    numbers = all(_FLOAT.fullmatch(v) and not _is_long(v) for v in values)
    return _Kind.FLOAT if numbers else _Kind.TEXT


def _is_name(digits: str) -> bool:
    bare = digits.lstrip("+-")
    if len(bare) > 1 and bare[0] == "0":
        return True
    return len(bare) > 18 and (len(bare) > 19 or int(bare) >= 2**63)


def _is_long(number: str) -> bool:
    return len(number) > 15 and number.lstrip("+-").isdigit() and int(number) >= 2**53


def _fill(path: Path, encoding: str, start: _Start, kinds: list[int], n: int) -> Any:
    """Read the rows once more, into arrays that are as large as they need to be."""
    from astropy.table import MaskedColumn, Table

    LIMITS.check_cells(path, n, len(kinds))
    makers = {_Kind.INTEGER: np.int64, _Kind.FLOAT: np.float64, _Kind.TEXT: object}
    arrays = [np.zeros(n, dtype=makers[kind]) for kind in kinds]
    masks = [np.zeros(n, dtype=bool) for _ in kinds]
    at = 0
    chunk: list[list[str]] = []

    def store() -> None:
        nonlocal at, chunk
        stop = at + len(chunk)
        for i, column in enumerate(zip(*chunk, strict=True)):
            values, missing = _values(column, kinds[i])
            arrays[i][at:stop], masks[i][at:stop] = values, missing
        at, chunk = stop, []

    for row in _rows(path, encoding, start):
        chunk.append(row)
        if len(chunk) == _CHUNK:
            store()
    store()
    table, room = Table(), Room(path)
    for i, (name, unit) in enumerate(zip(start.names, start.units, strict=False)):
        values, arrays[i] = (
            arrays[i],
            np.empty(0),
        )  # one column at a time is there twice
        longest = max(map(len, values), default=1) if values.dtype == object else 0
        room.take(n, longest)
        if values.dtype == object:
            values = values.astype(f"U{max(longest, 1)}")
        table[name] = MaskedColumn(values, mask=masks[i], unit=unit or None)
    return table


def _values(cells: Sequence[str], kind: int) -> tuple[Any, list[bool]]:
    stripped = [cell.strip() for cell in cells]
    if kind == _Kind.TEXT:
        # What stands a million times takes its room once.
        return list(map(sys.intern, stripped)), [not cell for cell in stripped]
    missing = [cell.lower() in _MISSING for cell in stripped]
    convert: Any = int if kind == _Kind.INTEGER else float
    return [
        0 if gone else convert(cell)
        for cell, gone in zip(stripped, missing, strict=True)
    ], missing
