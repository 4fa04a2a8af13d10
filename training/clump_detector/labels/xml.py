"""Reading XML from any source, without the features that make XML dangerous.

A document that declares entities can grow without bound or read other files; no file of
labels needs any. defusedxml refuses documents with a document type or entities; the
limit of the size, which it lacks, and the encoding are handled here.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import TYPE_CHECKING

from clump_detector.core.errors import LabelError
from clump_detector.core.signatures import kind_of

from .packed_files import read_bytes, read_text

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.:-]{1,40})["']""")

#: Prefixes of Python's names of text encodings, which excludes codecs for other
#: transformations.
_ENCODINGS = (
    "utf-", "ascii", "iso8859", "latin", "cp", "mac", "koi8", "gb", "big5", "shift",
    "euc",
)  # fmt: skip


def read_xml(path: Path, most: int, *, notes: list[str] | None = None) -> Element:
    """Return the root element of an XML file.

    Parameters
    ----------
    path : Path
    most : int
        Greatest size in bytes, unpacked.
    notes : list of str, optional
        A sentence is added if the encoding was guessed.

    Raises
    ------
    LabelError
        If it is not XML, too large, or declares a document type or entities.
    FileError
        If it cannot be read.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    text = _text(path, most, notes)
    real = kind_of(text[:512].encode())
    if real in ("a web page", "an SVG drawing"):
        raise LabelError(
            f"this is {real}, not a file of labels", path, "Get the file again."
        )
    try:
        root: Element = fromstring(text, forbid_dtd=True)
    except DefusedXmlException as error:
        raise LabelError(
            "it declares a document type or entities, which no file of labels needs",
            path,
            "Remove the declaration if you know where the file comes from.",
        ) from error
    except (ParseError, ValueError, RecursionError) as error:
        raise LabelError(
            f"this is not XML ({error})", path, "Get the file again."
        ) from error
    return root


def _text(path: Path, most: int, notes: list[str] | None) -> str:
    """Return the text in the encoding that it declares, or else as `read_text`."""
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
            pass  # the declaration is wrong
    return read_text(path, most, notes=notes)
