"""XML that others made, read without what makes XML dangerous.

A document that declares entities can grow without bound or ask for other files; no
file of labels needs any, so one with a document type is refused before it is parsed.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from ..errors import LabelError
from .opening import read_text


def read_xml(path: Path, most: int) -> ElementTree.Element:
    """Return the root of an XML file of at most so many bytes.

    Raises
    ------
    LabelError
        If it is no XML in UTF-8, too large, or declares a document type or entities.
    FileError
        If it cannot be read.
    """
    text = read_text(path, most)
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
