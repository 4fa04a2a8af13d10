"""The earlier names of images that a program renamed.

Label Studio puts eight hexadecimal digits before a name (``1a2b3c4d-a.png``), and names
files by URLs; Roboflow writes ``a_png.rf.`` and a hash, and replaces blanks and dots.
URLs contain escapes such as ``%20``. Each rule gives a possible earlier name; `match`
checks whether exactly one cutout has it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import parse_qs, unquote, urlsplit

LABEL_STUDIO, ROBOFLOW = "Label Studio", "Roboflow"

_LABEL_STUDIO = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){0,3}(?:-[0-9a-f]{12})?-(.+)", re.I
)
_ROBOFLOW = re.compile(r"(.+)_(png|jpe?g|tiff?|bmp|webp|fits?)\.rf\.[\w-]{8,64}", re.I)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://|/data/", re.I)

#: Suffixes of pictures that other programs make of images, besides those read here.
_OTHERS = (".webp", ".bmp", ".gif", ".jp2", ".svg", ".heic", ".avif")


def plain_path(image: str) -> str:
    """Return a path for comparison: with /, without a query, in composed form."""
    path = unicodedata.normalize("NFC", image.replace("\\", "/"))
    if not _ADDRESS.match(path):
        return path
    try:
        parts = urlsplit(path)
        # Label Studio's local files: /data/local-files/?d=folder/a.png
        local = parse_qs(parts.query).get("d")
    except ValueError:
        return path
    return local[0] if local else parts.path or path


def without_picture_ending(name: str) -> str:
    """Return a name without a suffix of pictures that are not read here."""
    ending = next((e for e in _OTHERS if name.endswith(e)), "")
    return name.removesuffix(ending)


def earlier_names(name: str) -> Iterator[tuple[str, str]]:
    """Yield possible earlier names of a file, in lower case, with the program."""
    plain = unquote(name, errors="replace")
    if plain != name:
        yield plain.rsplit("/", 1)[-1], ""
    last = plain.rsplit("/", 1)[-1]
    for given in dict.fromkeys((last, name)):
        found = _ROBOFLOW.match(given)
        if found is not None:
            yield f"{found[1]}.{found[2]}", ROBOFLOW
        found = _LABEL_STUDIO.fullmatch(given)
        if found is not None:
            yield found[1], LABEL_STUDIO


def simplified(stem: str) -> str:
    """Return a stem with - for all characters that Roboflow may have replaced."""
    return re.sub(r"[\W_]+", "-", stem).strip("-")
