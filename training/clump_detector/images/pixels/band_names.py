"""The bands of an image, from headers, extension names and file names.

Bands are named as in surveys: ``u g r i z y Y J H K``, or as a filter of a space
telescope such as ``F606W``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clump_detector.core.fits_header import HeaderKeys
from clump_detector.image_files.bands import (
    BAND_ORDER,
    NARROW,
    SPACE_FILTER,
    band_of_token,
)
from clump_detector.image_files.sources import stem

Names = tuple[str | None, ...]

#: Keys that name the filter of one plane, the most reliable first. FILT_ID is
#: AstroWISE's (KiDS); FILTER1 and FILTER2 are the two wheels of HST's ACS, one of them
#: clear.
_FILTER_KEYS = (
    "BAND", "FILTER", "FILTNAM", "FILTNAME", "FILT_ID", "FILTERID", "FILTER1",
    "FILTER2", "PHOTBAND",
)  # fmt: skip

#: Keys that name all bands of a cube in one word or list.
_LIST_KEYS = ("BANDS", "FILTERS", "BAND", "FILTER", "CTYPE3", "COLORSPC", "COLORTYP")

#: ``g``, ``i2`` and ``r2`` of the HSC, ``gp`` and ``gp1`` of Pan-STARRS, Ks and K', and
#: letters after a survey's name.
_LETTER = re.compile(
    r"(?:sdss|hsc|decam|ps1)?(?:([ugrizyjhk])|([ri])2|([ugrizyk])(?:p1?|prime)|"
    r"(k)(?:s|short)|([yk])(?:band)?)",
    re.IGNORECASE,
)

#: Johnson's bands, which are not recognised in file names.
_JOHNSON = {"B", "V"}

#: Short names of lines, and elements before the letter of a line (Ca K, He I).
_OF_LINES = {"ha", "hb", "he", "ca", "na", "mg"}

#: Programs for colour pictures of the sky, whose cubes are red, green and blue.
_COLOUR_PROGRAMS = re.compile(
    r"Siril|PixInsight|ASTAP|DeepSkyStacker|AstroPixelProcessor|GraXpert", re.IGNORECASE
)

#: Channels of a colour picture, by the name of a cube of three planes.
_CHANNELS = {"rgb": ("red", "green", "blue"), "bgr": ("blue", "green", "red")}


def bands_word(bands: Sequence[str]) -> str:
    """Return bands as the key BANDS of a header names them.

    Parameters
    ----------
    bands : sequence of str
        Letters make one word, other names stand between commas.
    """
    return ("" if all(len(band) == 1 for band in bands) else ",").join(bands)


@dataclass(frozen=True)
class Naming:
    """The bands of an image and their source.

    Attributes
    ----------
    bands : tuple of str
        One for each plane, or none.
    named_by : str
        The source of the names, such as "the header (BANDS)".
    notes : tuple of str
        Sentences on sources that contradict each other.
    """

    bands: tuple[str, ...] = ()
    named_by: str = ""
    notes: tuple[str, ...] = ()


def band_in(text: str) -> str | None:
    """Return the band in the name of a filter, or None.

    ``g.MP9401``, ``OCAM_g_SDSS``, ``HSC-G``, ``i_SDSS.res`` and ``r DECam SDSS c0002``
    are g, g, g, i and r. A letter counts only as a separate word: ``H-alpha``, ``H2``,
    ``K continuum`` and ``g+r`` are not bands.
    """
    words = re.split(r"[^A-Za-z0-9]+", text.replace("\u03b1", "alpha"))
    tokens = [t for t in words if t]
    if text.strip().lower() in ("red", "green", "blue"):
        return text.strip().lower()
    for token in tokens:
        if SPACE_FILTER.fullmatch(token):
            return token.upper()
    if len(tokens) > 1 and (NARROW | _OF_LINES) & {t.lower() for t in tokens}:
        return None
    if re.search(r"\bH[\W_]*[ab]\b", text, re.IGNORECASE):
        return None
    found = [_letter(token, "hsc" in text.lower()) for token in tokens]
    bands = {band for band in found if band}
    return bands.pop() if len(bands) == 1 else None


def _letter(token: str, is_hsc: bool) -> str | None:
    """Return the band that a word of a filter's name stands for, or None."""
    if token in _JOHNSON:
        return token
    letter = _LETTER.fullmatch(token)
    if letter is None:
        return None
    return _as_band(next(part for part in letter.groups() if part), is_hsc)


def _as_band(letter: str, is_hsc: bool) -> str:
    """Return a letter as `BAND_ORDER` writes it; Y (VISTA, Euclid) differs from y."""
    if letter in "yY":
        return "y" if is_hsc else letter
    return letter.upper() if letter in "jhkJHK" else letter.lower()


def bands_in(text: str, n: int) -> tuple[str, ...] | None:
    """Return the bands of a list such as ``grz`` or ``F435W, F606W``.

    Parameters
    ----------
    text : str
    n : int
        Number of bands that there should be.

    Returns
    -------
    tuple of str or None
        None where the text is not a list of n bands.
    """
    if n == 3 and text.strip().lower() in _CHANNELS:
        return _CHANNELS[text.strip().lower()]
    letters = re.sub(r"[\s,;/|+-]+", "", text)
    if len(letters) == n and set(letters) <= set(BAND_ORDER):
        return tuple(letters)
    found = [band_in(word) for word in re.split(r"[\s,;/|]+", text.strip()) if word]
    return tuple(b for b in found if b) if len(found) == n and all(found) else None


def of_plane(keys: HeaderKeys) -> tuple[str | None, str]:
    """Return the band that the header of one plane names, and the key."""
    for key in _FILTER_KEYS:
        band = band_in(keys.word(key))
        if band:
            return band, key
    skyview = re.match(r"SDSS-?([ugriz])\b", keys.word("SURVEY"))
    return (skyview[1], "SURVEY") if skyview else (None, "")


def unknown_filter(keys: HeaderKeys) -> str:
    """Return key and value of a filter that is not a known band, or ''."""
    if of_plane(keys)[0]:
        return ""
    values = [(key, keys.word(key)) for key in _FILTER_KEYS]
    filters = [f"{key} = {word[:30]!r}" for key, word in values if _is_filter(word)]
    return filters[0] if filters else ""


def _is_filter(word: str) -> bool:
    return bool(word) and not re.match(r"clear|open|none|no ?filter|n/?a\b", word, re.I)


def of_cube(keys: HeaderKeys, n: int) -> tuple[tuple[str, ...] | None, str]:
    """Return the bands that the header of a cube names, and the key.

    Parameters
    ----------
    keys : HeaderKeys
    n : int
        Number of planes.

    Returns
    -------
    (tuple of str or None, str)
        None and '' where the header does not name n bands.
    """
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
    for key in ("PROGRAM", "CREATOR", "SWCREATE", "SOFTWARE"):
        if n == 3 and _COLOUR_PROGRAMS.search(keys.word(key)):
            return _CHANNELS["rgb"], key
    return None, ""


def of_file_name(path: Path, n: int) -> tuple[str, ...] | None:
    """Return the bands in a file's name.

    It is a separate letter for a plane (``a-g.fits``), and a word of bands in order of
    wavelength for a cube (``a_grz.fits``).

    Parameters
    ----------
    path : path
    n : int
        Number of planes.

    Returns
    -------
    tuple of str or None
        None where the name does not give n bands.
    """
    tokens = [t for t in re.split(r"[-_. ]", stem(path)) if t]
    if n == 1:
        around = zip(["", *tokens], tokens, [*tokens[1:], ""], strict=False)
        found = [band_of_token(t, before, after) for before, t, after in around]
        named = [band for band in found if band]
        return (named[-1],) if named else None
    for token in reversed(tokens):
        if n == 3 and token.lower() in _CHANNELS:
            return _CHANNELS[token.lower()]
        ranks = [BAND_ORDER.find(letter) for letter in token]
        ordered = sorted(set(ranks))
        if len(token) == n and min(ranks) >= 0 and ranks in (
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
    """Return the bands of a file, or of several, and their source.

    Headers take precedence, then the names of extensions, those of files, and the
    user's choice. A source that gives two planes the same name is not used.

    Parameters
    ----------
    by_header, by_extension : tuple of (str or None)
        One for each plane; None where unknown.
    header : str
        The source of the names by header, such as "the header (FILTER)".
    by_name, by_choice : sequence of str
        Empty, or one for each plane.
    """
    sources = (
        (by_header, header or "the header"),
        (by_extension, "the extension names"),
        (tuple(by_name), "the file names" if len(by_name) > 1 else "the file name"),
        (tuple(by_choice), "your choice"),
    )
    whole = [(names, source) for names, source in sources if names and all(names)]
    good = [(n, s) for n, s in whole if len(set(n)) == len(n) == len(by_header)]
    if not good:
        return Naming()
    names, used = good[0]
    bands = tuple(name for name in names if name)
    notes = []
    for others, other in whole:
        if other != used and tuple(others) != bands:
            notes.append(_contradiction(bands, used, others, other))
    return Naming(bands, used, tuple(notes))


def _contradiction(bands: tuple[str, ...], used: str, others: Names, other: str) -> str:
    names = listed([str(name) for name in others])
    if len(others) > 1 and len(set(others)) == 1:
        names = f"{others[0]} for all of them"
    verb = "give" if other.endswith("s") else "gives"
    taken = "Bands {} are" if len(bands) > 1 else "Band {} is"
    return f"{taken.format(listed(bands))} from {used}, though {other} {verb} {names}."


def listed(names: Sequence[str]) -> str:
    """Return names as a list for a sentence."""
    return ", ".join(names)
