"""Reading keys of FITS headers from any source; nothing in here raises."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from astropy.io.fits import Header


#: A header, or the keys and values of one.
AnyHeader: TypeAlias = "Header | Mapping[str, object]"

#: The value of a key; None where there is none.
HeaderValue: TypeAlias = str | bool | int | float | None


class HeaderKeys:
    """The keys of an image: those of its own header, then of the file's first one.

    Parameters
    ----------
    headers : astropy.io.fits.Header or mapping
        The first one with a usable value is used.
    """

    def __init__(self, *headers: AnyHeader | None) -> None:
        self._headers = tuple(h for h in headers if h is not None)

    @property
    def own(self) -> HeaderKeys:
        """The keys of the image's own header alone."""
        return HeaderKeys(*self._headers[:1])

    def values(self, key: str) -> Iterator[HeaderValue]:
        """Yield the values under a key, those of the first header first."""
        for header in self._headers:
            value = value_of(header, key)
            if value is not None:
                yield value

    def word(self, *keys: str) -> str:
        """Return the first text that is not blank under these keys, or ''."""
        for key in keys:
            for value in self.values(key):
                if isinstance(value, str) and value.strip():
                    return value.strip()
        return ""

    def number(self, *keys: str) -> float | None:
        """Return the first finite number under these keys, or None.

        Numbers in quotes count, since some surveys write them so.
        """
        for key in keys:
            for value in self.values(key):
                number = as_number(value)
                if number is not None:
                    return number
        return None

    def comment(self, key: str) -> str:
        """Return the comment of a key's card, or ''."""
        for header in self._headers:
            if value_of(header, key) is not None:
                try:
                    return str(getattr(header, "comments", {})[key])
                except Exception:  # a mapping has none, a broken card raises
                    return ""
        return ""

    def history(self) -> str:
        """Return the text of HISTORY, in lines."""
        return "\n".join(str(value) for value in self.values("HISTORY"))


class Broken:
    """Marks the value of a card that cannot be parsed."""


#: The value of a card.
CardValue: TypeAlias = HeaderValue | type[Broken]


def cards(header: AnyHeader) -> Iterator[tuple[str, CardValue]]:
    """Yield the key and value of each card, repeated keys included.

    A value is a text, a truth value or a number, None where there is none, or
    `Broken`.
    """
    if not hasattr(header, "cards"):
        for key in header:
            yield str(key), value_of(header, key)
        return
    for card in header.cards:
        key = str(card.keyword)
        try:
            value = card.value
        except Exception:  # astropy raises many kinds for a card that it cannot parse
            yield key, Broken
            continue
        yield key, value if isinstance(value, str | bool | int | float) else None


def value_of(header: AnyHeader, key: str) -> HeaderValue:
    """Return the value of a key, or None where the header has no usable one.

    Parameters
    ----------
    header : astropy.io.fits.Header or mapping
    key : str

    Returns
    -------
    str, bool, int, float or None
        HISTORY and COMMENT as one text.
    """
    try:
        if key not in header:
            return None
        value = header[key]
    except Exception:  # astropy raises many kinds for a card that it cannot parse
        return None
    return value if isinstance(value, str | bool | int | float) else _other(value)


def _other(value: object) -> str | None:
    """Return HISTORY as text, and None for undefined and complex values."""
    return str(value) if hasattr(value, "__iter__") else None


def as_number(value: object) -> float | None:
    """Return a finite number, also one in quotes, or None."""
    if isinstance(value, bool):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return number if isfinite(number) else None


def fortran_number(value: object) -> float | None:
    """Return a number, also one in quotes and with Fortran's D in its exponent."""
    if isinstance(value, str):
        value = re.sub("[dD]", "e", value.strip())
    return as_number(value)
