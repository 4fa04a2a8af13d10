"""Names of filters: letters of surveys on the ground, words of space telescopes."""

from __future__ import annotations

import re

#: Names of bands from blue to red; a token of a file name that is one of them names
#: the band of that file.
BAND_ORDER = "ugrizyYJHK"

#: Filters of HST, JWST, Euclid and GALEX, whose names are not letters.
SPACE_FILTER = re.compile(r"f\d{3,4}(?:w|m|n|lp|x|w2)|vis|[nf]uv", re.IGNORECASE)

#: Nanometres, roughly: they put bands in order.
_LETTERS = dict(
    zip(
        BAND_ORDER, (355, 475, 620, 760, 900, 1000, 1020, 1250, 1650, 2200), strict=True
    )
)
_WORDS = {"FUV": 150, "NUV": 230, "VIS": 700}

#: Filters of JWST from 2 micron up; HST's of such numbers are in nanometres.
_JWST = {200, 210, 250, 277, 300, 322, 323, 335, 356, 360, 405, 410, 430, 444, 460, 466,
         470, 480, 560, 770}  # fmt: skip


def nanometres(band: str) -> float:
    """Return about which wavelength a band is at; unknown ones come last."""
    if band in _LETTERS:
        return float(_LETTERS[band])
    number = re.match(r"F(\d{3,4})", band)
    if number is None:
        return float(_WORDS.get(band, 10**6))
    n = int(number[1])
    in_tens = n < 200 or n in _JWST or len(number[1]) == 4
    return 10.0 * n if in_tens else float(n)


def band_of_token(token: str, before: str = "") -> str | None:
    """Return the band that a word of a file's name is, or None.

    Parameters
    ----------
    token : str
    before : str
        The word before it: capitals name a band behind HSC only.
    """
    if SPACE_FILTER.fullmatch(token):
        return token.upper()
    if len(token) == 1 and token in BAND_ORDER:
        return token
    if before.upper() == "HSC" and len(token) == 1 and token.lower() in "grizy":
        return token.lower()
    return None
