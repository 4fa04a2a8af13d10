"""XML that others made, read without what makes XML dangerous.

A document that declares entities can grow without bound or ask for other files; no
file of labels needs any, so one with a document type is refused before it is parsed.
The encoding is the one that the document declares.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from xml.etree import ElementTree

from clump_detector.core.errors import LabelError
from clump_detector.core.signatures import kind_of

from .packed_files import read_bytes, read_text

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.:-]{1,40})["']""")

#: Beginnings of the names, as Python has them, of encodings that texts are in: not the
#: ones that run through other transformations.
_ENCODINGS = (
    "utf-", "ascii", "iso8859", "latin", "cp", "mac", "koi8", "gb", "big5", "shift",
    "euc",
)  # fmt: skip


def read_xml(
    path: Path, most: int, *, notes: list[str] | None = None
) -> ElementTree.Element:
    """Return the root of an XML file of at most so many bytes.

    Parameters
    ----------
    path : Path
    most : int
    notes : list of str, optional
        Gets a sentence where the encoding was guessed.

    Raises
    ------
    LabelError
        If it is no XML, too large, or declares a document type or entities.
    FileError
        If it cannot be read.
    """
    text = _text(path, most, notes)
    real = kind_of(text[:512].encode())
    if real in ("a web page", "an SVG drawing"):
        raise LabelError(
            f"this is {real}, not a file of labels", path, "Get the file again."
        )
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise LabelError(
            "it declares a document type or entities, which no file of labels needs",
            path,
            "Remove the declaration if you know where the file comes from.",
        )
    try:
        return ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError, RecursionError) as error:
        raise LabelError(
            f"this is no XML ({error})", path, "Get the file again."
        ) from error


def _text(path: Path, most: int, notes: list[str] | None) -> str:
    """Return the text in the encoding that it declares, or else as any text."""
    content = read_bytes(path, most)
    declared = _DECLARED.match(content[:400])
    if declared is not None and not content.startswith(codecs.BOM_UTF8):
        try:
            name = codecs.lookup(declared[1].decode("ascii")).name
            if name.startswith(_ENCODINGS) and not name.startswith("utf-16"):
                text = content.decode(name)
                if "\0" not in text:
                    return text
        except (LookupError, UnicodeDecodeError):
            pass  # it is in another than it says
    return read_text(path, most, notes=notes)
