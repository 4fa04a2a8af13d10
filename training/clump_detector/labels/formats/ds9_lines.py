"""The statements of a DS9 file, each with its frame and whether it is excluded.

`regions` reads shapes, but it does not apply ``global include=0``, drops background
regions, and skips physical coordinates silently. Hence the frame of a shape, and
whether it is excluded, are found by own code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

SHAPES = (
    "circle", "ellipse", "box", "rotbox", "polygon", "annulus", "point", "line",
    "vector", "text", "panda", "epanda", "bpanda", "cpanda", "ruler", "compass",
    "projection", "segment", "rectangle", "pie",
)  # fmt: skip

#: Frames of an image's pixels; a file without a frame is in physical ones.
IMAGE, PHYSICAL = "image", "physical"

_FRAME = re.compile(
    r"(image|physical|icrs|fk5|fk4|j2000|b1950|galactic|ecliptic|linear|detector|"
    r"amplifier|wcs\w?)",
    re.I,
)
_SHAPE = re.compile(rf"([+!-]*)\s*((?:{'|'.join(SHAPES)})\b\s*.*)", re.I | re.S)

#: Texts in brackets or quotation marks, which are not properties.
_QUOTED = re.compile(r"\{[^}]*\}|'[^']*'|\"[^\"]*\"")
_INCLUDE = re.compile(r"\binclude\s*=\s*(\d)", re.I)
_SOURCE = re.compile(r"\bsource\s*=\s*(\d)|\b(background|source)\b", re.I)
_OWN = re.compile(
    r"(\{[^}]*\}|'[^']*'|\"[^\"]*\")|\b(?:include|source)\s*=\s*\d|"
    r"\b(?:background|source)\b",
    re.I,
)


@dataclass(frozen=True)
class Statement:
    """One shape.

    Attributes
    ----------
    frame : str
        In lower case; '' where the file names none.
    shape : str
        Without the sign before it.
    properties : str
        The text after #, without ``include`` and ``source``.
    why_not : str
        Why it does not mark an object: ``excluded`` or ``background``; else ''.
    """

    frame: str
    shape: str
    properties: str = ""
    why_not: str = ""

    @property
    def text(self) -> str:
        """The statement as `regions` reads it."""
        comment = f" # {self.properties}" if self.properties else ""
        return f"{self.shape}{comment}"


@dataclass(frozen=True)
class _Inclusion:
    """The properties include and source; None where not given."""

    included: bool | None = None
    source: bool | None = None

    @classmethod
    def of(cls, properties: str) -> _Inclusion:
        bare = _QUOTED.sub("", properties)
        include, source = _INCLUDE.search(bare), _SOURCE.search(bare)
        is_source = None
        if source is not None:
            word = (source[2] or "").lower()
            is_source = word == "source" if word else source[1] != "0"
        return cls(None if include is None else include[1] != "0", is_source)


def statements(text: str) -> Iterator[Statement]:
    """Yield the shapes of a file, in order."""
    frame, everywhere = "", _Inclusion()
    for line in text.splitlines():
        code, _, properties = line.strip().partition("#")
        if code.lower().startswith("global"):
            new = _Inclusion.of(line)
            everywhere = _Inclusion(
                everywhere.included if new.included is None else new.included,
                everywhere.source if new.source is None else new.source,
            )
            continue
        parts = [part.strip() for part in code.split(";")]
        for index, part in enumerate(parts):
            if _FRAME.fullmatch(part):
                frame = part.lower()
                continue
            found = _SHAPE.fullmatch(part)
            if found is None:
                continue
            last = not any(parts[index + 1 :])
            own = properties.strip() if last else ""
            shape = found[2].removesuffix("||").strip()  # a part of a composite
            yield Statement(
                frame, shape, _plain(own), _why_not(found[1], own, everywhere)
            )


def _plain(properties: str) -> str:
    return " ".join(_OWN.sub(lambda found: found[1] or "", properties).split())


def _why_not(sign: str, properties: str, everywhere: _Inclusion) -> str:
    own = _Inclusion.of(properties)
    included = own.included
    if "-" in sign or "!" in sign:
        included = False
    elif "+" in sign:
        included = True
    if included is None:
        included = everywhere.included is not False
    if not included:
        return "excluded"
    source = everywhere.source if own.source is None else own.source
    return "background" if source is False else ""
