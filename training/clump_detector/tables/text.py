"""Tables of text: CSV and similar, and ECSV; errors name the line.

ECSV has a reader in astropy, which was tried behind the limits of this package and not
taken: it holds all cells as Python objects at once, about eight times the size of the
file (215 MiB for one of 27 MB, against 55 MiB here), so that a file within the limits
could take gigabytes, and it builds the objects (SkyCoord, Time) that the header names.
It is about twice as fast.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clump_detector.core.errors import FileError
from clump_detector.core.json_types import JsonObject

from .decimals import find_decimals, may_be_numbers
from .heading import Heading, encoding_of, lines_of, reader_of
from .kinds import ValueKind, kind_of, values_of
from .limits import LIMITS, MemoryBudget, too_much

if TYPE_CHECKING:
    from astropy.table import Table

#: Columns of signs, as the CDS and users name them: "-" is not a gap in them.
_SIGNS = frozenset({"de-", "dec-", "de_sign", "dec_sign", "design", "decsign", "sign"})
_FORMULA = re.compile(r'="([^"]*)"')
_APOSTROPHE = re.compile(r"'[+-]?\d+")

#: Rows that are processed together.
_CHUNK = 10_000

#: Most characters of the header of an ECSV file; reading YAML is slow.
MOST_YAML = 200_000


def read_text(path: Path) -> Table:
    """Read CSV, or a table with tabs, semicolons, bars or blanks between columns.

    Lines before the header that begin with ``#`` are skipped; the last of them may be
    the header.

    Returns
    -------
    astropy.table.Table

    Raises
    ------
    FileError
        With the line, if quotation marks are not closed or a line has more or fewer
        columns than the header; if the table is too large or not text.
    """
    encoding, notes = encoding_of(path)
    start = Heading.of(path, encoding)
    kinds, n, doubtful = _kinds_of(path, encoding, start)
    if doubtful:
        rows = _rows(path, encoding, start)
        found = find_decimals(rows, start.names, start.delimiter)
        start.translate, notes = found.translate, [*notes, *found.notes]
        kinds, n, _ = _kinds_of(path, encoding, start)
        kinds = [ValueKind.TEXT if i in found.text else k for i, k in enumerate(kinds)]
    table = _fill(path, encoding, start, kinds, n)
    table.meta["reading_notes"] = [*notes, *_without_empty(table, start.nameless)]
    return table


def _without_empty(table: Table, names: Sequence[str]) -> list[str]:
    """Remove columns without name and values, as spreadsheets add them."""
    full = [name for name in names if not np.ma.getmaskarray(table[name]).all()]
    table.remove_columns([name for name in names if name not in full])
    return [f"{name} has no name in the first line." for name in full]


def read_ecsv(path: Path) -> Table:
    """Read ECSV: as CSV, with the types and units of its header.

    Returns
    -------
    astropy.table.Table

    Raises
    ------
    FileError
        If the header does not fit the columns, and as `read_text`.
    """
    header = _ecsv_header(path)
    columns = header["datatype"]
    delimiter = header.get("delimiter", " ")
    if delimiter not in (" ", ","):
        raise FileError(
            f"ECSV has no delimiter {delimiter!r}", path, "Write the file again."
        )
    start = Heading.of(path, "utf-8-sig", delimiter)
    start.is_free = False
    if start.names != [column["name"] for column in columns]:
        raise FileError(
            "the header of this ECSV file names other columns than its first line",
            path,
            "Write the file again.",
        )
    kinds, n, _ = _kinds_of(path, "utf-8-sig", start)
    for i, column in enumerate(columns):
        if str(column.get("datatype", "")).startswith(("string", "bool")):
            kinds[i] = ValueKind.TEXT
    table = _fill(path, "utf-8-sig", start, kinds, n)
    for column in columns:
        if column.get("unit"):
            table[column["name"]].unit = str(column["unit"])
    table.meta["reading_notes"] = []
    table.meta.update(header.get("meta") or {})
    return table


def _ecsv_header(path: Path) -> JsonObject:
    from astropy.table.meta import get_header_from_yaml

    lines, yaml = [], 0
    for _, line in lines_of(path, "utf-8-sig"):
        if not line.startswith("#"):
            break
        yaml += len(line)
        if yaml > MOST_YAML:
            raise too_much("the header of this ECSV file is too long", path)
        lines.append(line[2:].rstrip("\r\n"))
    header: JsonObject = get_header_from_yaml(lines[2:])  # after %ECSV and ---
    return header


def _rows(path: Path, encoding: str, start: Heading) -> Iterator[list[str]]:
    """Yield the cells of each row."""
    n, line_of = len(start.names), [0]

    def text() -> Iterator[str]:
        for number, line in lines_of(path, encoding):
            line_of[0] = number
            if number > start.rows_from:
                yield line.strip(" ") if start.delimiter == " " else line

    reader, begun, count = reader_of(text(), start.delimiter), start.rows_from + 1, 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _broken(path, begun, str(error)) from error
        if cells and not (len(cells) == 1 < n and not cells[0].strip()):
            if len(cells) > n and not any(map(str.strip, cells[n:])):
                cells = cells[:n]
            if len(cells) != n:
                raise FileError(
                    f"line {begun} has {len(cells)} columns and the header {n}",
                    path,
                    "Look for a missing quotation mark or delimiter there, or for a "
                    "number whose decimal comma is also the delimiter.",
                )
            count += 1
            if count % _CHUNK == 1:
                LIMITS.check_cells(path, count, n)
            if start.is_free:
                cells = [_bare(c) if c and c[0] in "='" else c for c in cells]
            for i, translate in start.translate.items():
                cells[i] = translate(cells[i])
            yield cells
        begun = line_of[0] + 1


def _bare(cell: str) -> str:
    """Return the text of ``="0123"`` and ``'0123``, notations that keep it text."""
    formula = _FORMULA.fullmatch(cell.strip())
    if formula:
        return formula[1]
    return cell[1:] if _APOSTROPHE.fullmatch(cell.strip()) else cell


def _broken(path: Path, line: int, reason: str) -> FileError:
    if "unexpected end" in reason or "field larger" in reason:
        what = f"a quotation mark that opens in line {line} or later is never closed"
    else:
        what = f"line {line} cannot be read ({reason})"
    return FileError(what, path, "Correct that line, or save the table again.")


def _kinds_of(path: Path, encoding: str, start: Heading) -> tuple[list[int], int, bool]:
    """Return the kind of each column, the number of rows, and whether one is doubtful.

    A column of text is doubtful if it may hold numbers in another notation.
    """
    kinds: list[int] = [
        ValueKind.TEXT if name.strip().lower() in _SIGNS else ValueKind.INTEGER
        for name in start.names
    ]
    n, doubtful = 0, False
    for chunk in _chunks(_rows(path, encoding, start)):
        n += len(chunk)
        for i, cells in enumerate(zip(*chunk, strict=True)):
            kinds[i] = kind_of(cells, kinds[i], path)
            if kinds[i] == ValueKind.TEXT and not doubtful:
                doubtful = may_be_numbers(cells)
    return kinds, n, doubtful


def _chunks(rows: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    while chunk := list(islice(rows, _CHUNK)):
        yield chunk


def _fill(path: Path, encoding: str, start: Heading, kinds: list[int], n: int) -> Table:
    """Read the rows once more, into arrays of the size needed."""
    from astropy.table import MaskedColumn, Table

    LIMITS.check_cells(path, n, len(kinds))
    makers = {
        ValueKind.INTEGER: np.int64,
        ValueKind.FLOAT: np.float64,
        ValueKind.TEXT: object,
    }
    arrays = [np.zeros(n, dtype=makers[kind]) for kind in kinds]
    masks = [np.zeros(n, dtype=bool) for _ in kinds]
    at = 0
    for chunk in _chunks(_rows(path, encoding, start)):
        stop = at + len(chunk)
        for i, column in enumerate(zip(*chunk, strict=True)):
            arrays[i][at:stop], masks[i][at:stop] = values_of(column, kinds[i])
        at = stop
    table, memory = Table(), MemoryBudget(path)
    for i, (name, unit) in enumerate(zip(start.names, start.units, strict=False)):
        # Only one column at a time is in memory twice.
        values, arrays[i] = arrays[i], np.empty(0)
        longest = max(map(len, values), default=1) if values.dtype == object else 0
        memory.take(n, longest)
        if values.dtype == object:
            values = values.astype(f"U{max(longest, 1)}")
        table[name] = MaskedColumn(values, mask=masks[i], unit=unit or None)
    return table
