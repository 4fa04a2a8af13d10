"""The names of a table's columns, and the units stated in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from astropy.table import Table

_UNIT_IN_NAME = re.compile(r"\s*[\[(]([^\])]*)[\])]\s*$")
_UNIT_AT_END = {
    "arcsec": "arcsec", "arcmin": "arcmin", "mas": "mas", "deg": "deg",
    "degrees": "deg", "hours": "h", "hr": "h", "hms": "hms", "dms": "dms",
    "px": "pix", "pix": "pix", "pixel": "pix", "pixels": "pix", "kpc": "kpc",
    "mag": "mag",
}  # fmt: skip


@dataclass(frozen=True)
class NamedColumn:
    """A column of a table and the unit of its values, '' where unknown."""

    name: str
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.name} [{self.unit}]" if self.unit else self.name


def unit_of(table: Table, name: str) -> str:
    """Return the unit of a column, from the table or else from the column's name.

    Parameters
    ----------
    table : astropy.table.Table
    name : str

    Returns
    -------
    str
        As written; '' where none is stated.
    """
    unit = getattr(table[name], "unit", None)
    if unit is not None and str(unit).strip():
        return str(unit).strip()
    bracket = _UNIT_IN_NAME.search(name)
    if bracket:
        return bracket[1].strip()
    last = re.split(r"[_ .]", name.lower())[-1]
    return _UNIT_AT_END.get(last, "") if last != name.lower() else ""


def named_with_unit(text: str) -> tuple[str, str] | None:
    """Return name and unit of a text such as ``RA[hourangle]``, or None."""
    bracket = _UNIT_IN_NAME.search(text)
    return (
        None if bracket is None else (_UNIT_IN_NAME.sub("", text), bracket[1].strip())
    )


def bare(name: str) -> str:
    """Return a name in lower case without its unit and without "galaxy" or "host"."""
    left = _UNIT_IN_NAME.sub("", name).strip().lower()
    words = re.split(r"([_ .])", left)
    if len(words) > 2 and words[-1] in _UNIT_AT_END:
        left = "".join(words[:-2])
    return re.sub(r"^(galaxy|host|gal)[_ .](?=.)(?!id$|name$)", "", left)


def plain(name: str) -> str:
    """Return only the letters and digits of a bare name."""
    return re.sub(r"[^a-z0-9]", "", bare(name))
