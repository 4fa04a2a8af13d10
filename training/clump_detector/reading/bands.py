"""What the bands of an image are called: by headers, extension names, file names.

A band is named as surveys do: ``u g r i z y Y J H K``, or a filter of a space telescope
such as ``F606W``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from ..filters import BAND_ORDER, SPACE_FILTER, band_of_token
from ..headers import Keys
from ..sources import stem

Names = tuple[str | None, ...]

#: Keys that name the filter of one plane, the surest first. FILT_ID is AstroWISE's
#: (KiDS); FILTER1 and FILTER2 are the two wheels of HST's ACS, one of them clear;
#: SURVEY says ``SDSS-r`` in SkyView's files.
_FILTER_KEYS = (
    "BAND", "FILTER", "FILTNAM", "FILTNAME", "FILT_ID", "FILTERID", "FILTER1",
    "FILTER2", "PHOTBAND",
)  # fmt: skip

#: Keys that name all bands of a cube in one word or list.
_LIST_KEYS = ("BANDS", "FILTERS", "BAND", "FILTER")

#: ``g``, ``i2`` of the HSC, ``gp`` of Pan-STARRS, and letters behind a survey's name.
_LETTER = re.compile(r"(?:sdss|hsc|decam|ps1)?([ugrizyjhk])(?:2|p1?)?|(k)s", re.I)


@dataclass(frozen=True)
class Naming:
    """The bands of an image and who says so.

    Attributes
    ----------
    bands : tuple of str
        One for each plane, or none.
    said_by : str
        Such as "the header (BANDS)".
    notes : tuple of str
        Where sources contradict each other.
    """

    bands: tuple[str, ...] = ()
    said_by: str = ""
    notes: tuple[str, ...] = ()


def band_in(text: str) -> str | None:
    """Return the band that a filter's name tells, or None.

    ``g.MP9401``, ``OCAM_g_SDSS``, ``HSC-G``, ``i_SDSS.res`` and ``r DECam SDSS c0002``
    are g, g, g, i and r.
    """
    tokens = [t for t in re.split(r"[^A-Za-z0-9]+", text) if t]
    for token in tokens:
        if SPACE_FILTER.fullmatch(token):
            return token.upper()
        letter = _LETTER.fullmatch(token)
        if letter:
            return _as_band(letter[1] or letter[2], "hsc" in text.lower())
    return None


def _as_band(letter: str, is_hsc: bool) -> str:
    """Return a letter as `BAND_ORDER` writes it; Y is VISTA's and Euclid's, y is not.

    The Ks and the Johnson letters stand for the band of that letter.
    """
    if letter in "yY":
        return "y" if is_hsc else letter
    return letter.upper() if letter in "jhkJHK" else letter.lower()


def bands_in(text: str, n: int) -> tuple[str, ...] | None:
    """Return the n bands of a list such as ``grz`` or ``F435W, F606W``, or None."""
    letters = re.sub(r"[\s,;/|+-]+", "", text)
    if len(letters) == n and set(letters) <= set(BAND_ORDER):
        return tuple(letters)
    found = [band_in(word) for word in re.split(r"[\s,;/|]+", text.strip()) if word]
    return tuple(b for b in found if b) if len(found) == n and all(found) else None


def of_plane(keys: Keys) -> tuple[str | None, str]:
    """Return (band, the key that names it) of the header of one plane."""
    for key in _FILTER_KEYS:
        band = band_in(keys.word(key))
        if band:
            return band, key
    skyview = re.match(r"SDSS-?([ugriz])\b", keys.word("SURVEY"))
    return (skyview[1], "SURVEY") if skyview else (None, "")


def of_cube(keys: Keys, n: int) -> tuple[tuple[str, ...] | None, str]:
    """Return (bands, the key that names them) of the header of a cube of n planes."""
    for key in _LIST_KEYS:
        bands = bands_in(keys.word(key), n)
        if bands:
            return bands, key
    for key in ("BAND", "FILTER", "FILT"):
        for first in (0, 1):
            words = [keys.word(f"{key}{i}") for i in range(first, first + n)]
            found = [band_in(word) for word in words]
            if n > 1 and all(found):
                return tuple(b for b in found if b), f"{key}{first}..."
    return None, ""


def of_file_name(path: Path, n: int) -> tuple[str, ...] | None:
    """Return the n bands that a file's name tells, or None.

    A letter by itself for a plane (``a-g.fits``), a word of bands in order of
    wavelength for a cube (``a_grz.fits``).
    """
    tokens = [t for t in re.split(r"[-_. ]", stem(path)) if t]
    if n == 1:
        found = [band_of_token(t, b) for b, t in pairwise(["", *tokens])]
        named = [band for band in found if band]
        return (named[-1],) if named else None
    for token in reversed(tokens):
        places = [BAND_ORDER.find(letter) for letter in token]
        ordered = sorted(set(places))
        if len(token) == n and min(places) >= 0 and places in (
            ordered, ordered[::-1]
        ):  # fmt: skip
            return tuple(token)
    return None


def settled(
    by_header: Names,
    header: str,
    by_extension: Names,
    by_name: Sequence[str],
    by_choice: Sequence[str],
) -> Naming:
    """Return the bands of a file, or of several, and who says so.

    Headers are believed first, then the names of extensions, then those of files, then
    the user. Who calls two planes the same is not believed.

    Parameters
    ----------
    by_header, by_extension : tuple of (str or None)
        For each plane; what is not known is None.
    header : str
        What says the names by header, such as "the header (FILTER)".
    by_name, by_choice : sequence of str
        Empty, or one for each plane.
    """
    told = (
        (by_header, header or "the header"),
        (by_extension, "the extension names"),
        (tuple(by_name), "the file names" if len(by_name) > 1 else "the file name"),
        (tuple(by_choice), "your choice"),
    )
    whole = [(names, who) for names, who in told if names and all(names)]
    good = [(n, who) for n, who in whole if len(set(n)) == len(n) == len(by_header)]
    if not good:
        return Naming()
    names, who = good[0]
    bands = tuple(name for name in names if name)
    notes = []
    for others, other in whole:
        if other != who and tuple(others) != bands:
            notes.append(_contradiction(bands, who, others, other))
    return Naming(bands, who, tuple(notes))


def _contradiction(bands: tuple[str, ...], who: str, others: Names, other: str) -> str:
    said = listed([str(name) for name in others])
    if len(others) > 1 and len(set(others)) == 1:
        said = f"{others[0]} for all of them"
    verb = "say" if other.endswith("s") else "says"
    taken = "Bands {} are" if len(bands) > 1 else "Band {} is"
    return f"{taken.format(listed(bands))} from {who}, though {other} {verb} {said}."


def listed(names: Sequence[str]) -> str:
    """Return names as a list in a sentence."""
    return ", ".join(names)
