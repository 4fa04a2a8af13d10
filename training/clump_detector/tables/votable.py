"""Checks of a VOTable before astropy reads it."""

from __future__ import annotations

import re
from pathlib import Path
from xml.parsers import expat

from clump_detector.core.errors import FileError

from .limits import LIMITS, too_much

#: A VOTable is decoded in memory several times over.
_MOST_BYTES = LIMITS.file_bytes // 2

#: Bytes a value of each type takes in memory.
_WIDTHS = {"char": 4, "unicodeChar": 4, "bit": 1, "doubleComplex": 16}


def check_votable(path: Path) -> None:
    """Refuse a VOTable that is not XML, claims too much, or links to its data.

    astropy allocates memory for the rows that ``nrows`` claims, and would open the link
    of a ``STREAM``, to a local file or to a server.

    Raises
    ------
    FileError
        If it is too large, not well-formed, defines entities or links to its data.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise too_much("this VOTable is too large", path)
    content = _Content(path)
    parser = expat.ParserCreate()
    parser.StartElementHandler = content.start
    parser.EntityDeclHandler = content.entity
    try:
        with path.open("rb") as file:
            parser.ParseFile(file)
    except expat.ExpatError as error:
        raise FileError(
            f"this VOTable is not complete XML ({error})", path, "Get the file again."
        ) from error


class _Content:
    """Counts rows and bytes of a file, element by element."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows = self._fields = self._width = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Count or refuse an element."""
        kind = name.rpartition(":")[2]
        if kind == "TR":
            self._rows += 1
            if self._rows % 1000 == 1:
                self._check(self._rows)
        elif kind == "TABLE":
            self._rows = self._fields = self._width = 0
            self._promised = _number(attributes.get("nrows", "0"))
        elif kind == "FIELD":
            self._fields += 1
            size = _size(attributes.get("arraysize", "1"))
            self._width += size * _WIDTHS.get(attributes.get("datatype", ""), 8)
            self._check(self._promised)
        elif kind == "PARAM" and _size(attributes.get("arraysize", "1")) > LIMITS.word:
            raise too_much("a PARAM of this VOTable is too long", self._path)
        elif kind == "STREAM" and "href" in attributes:
            raise FileError(
                "the data of this VOTable are in another file "
                f"({attributes['href'][:80]})",
                self._path,
                "Save it with its data inside.",
            )

    def entity(self, *_: object) -> None:
        """Refuse an entity: a short one can expand to gigabytes."""
        raise FileError(
            "this VOTable defines XML entities", self._path, "Save it without them."
        )

    _promised = 0

    def _check(self, rows: int) -> None:
        LIMITS.check(self._path, rows=rows, columns=self._fields)
        if rows * self._width > LIMITS.memory or self._width > LIMITS.line:
            raise too_much(
                f"{rows:,} rows of {self._width:,} bytes are too many", self._path
            )


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"\s*\d{1,18}\s*", text) else 0


def _size(text: str) -> int:
    """Return the number of values of a fixed ``arraysize`` such as ``2x3``, or 1."""
    if text.strip().endswith("*"):  # of variable length
        return 1
    size = 1
    for part in text.split("x"):
        size *= max(_number(part), 1)
    return size
