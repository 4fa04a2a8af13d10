"""Names of filters: letters for ground-based surveys, words for space telescopes."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

#: Names of bands from blue to red; a token of a file name that is one of them names
#: the band of that file.
BAND_ORDER = "ugrizyYJHK"

#: Filters whose names are words: of HST and JWST, Roman, Euclid, GALEX, WISE.
SPACE_FILTER = re.compile(
    r"f\d{3,4}(?:w2|w|m|n|lp|x)|[rzyjhfkw](?:062|087|106|129|146|158|184|213)|vis|"
    r"[nf]uv|w[1-4]",
    re.IGNORECASE,
)

#: Effective wavelengths in nanometres: GALEX, SDSS u to z, LSST y, DECam Y, UKIRT J, H
#: and K, Johnson's B and V, Euclid's VIS, WISE; the channels of a picture, roughly.
#: The names of space telescopes' filters contain theirs.
WAVELENGTHS = {
    "FUV": 153.9, "NUV": 231.6, "u": 355.1, "B": 440.0, "blue": 450.0, "g": 468.6,
    "green": 540.0, "V": 550.0, "r": 616.6, "red": 640.0, "VIS": 715.0, "i": 748.0,
    "z": 893.2, "y": 971.0, "Y": 988.0, "J": 1248.0, "H": 1631.0, "K": 2201.0,
    "W1": 3353.0, "W2": 4603.0, "W3": 11561.0, "W4": 22088.0,
}  # fmt: skip

#: Filters of JWST from 2 micron up, which count tens of nanometres; HST's of such
#: numbers, F250W or F300X, count nanometres. F410M is either's: JWST's is taken, which
#: is the one in use.
_JWST = frozenset((
    "200W", "210M", "212N", "250M", "277W", "300M", "322W2", "323N", "335M", "356W",
    "360M", "405N", "410M", "430M", "444W", "460M", "466N", "470N", "480M", "560W",
    "770W",
))  # fmt: skip

#: HST's far ultraviolet (ACS/SBC), the only ones below 200 that count nanometres.
_FAR_ULTRAVIOLET = frozenset(("115LP", "122M", "125LP", "140LP", "150LP", "165LP"))

#: Words beside a letter that make it no broad band: lines (H-alpha, H II) and narrow
#: filters (K-continuum).
NARROW = frozenset((
    "alpha", "beta", "gamma", "delta", "epsilon", "cont", "continuum", "narrow", "nb",
    "ii", "iii", "iv", "line", "halpha", "hbeta",
))  # fmt: skip


def wavelength(band: str) -> float | None:
    """Return a band's effective wavelength in nanometres, or None."""
    return WAVELENGTHS.get(band) or space_wavelength(band)


def from_blue(band: str) -> float:
    """Return the sort key of a band from blue to red; unknown bands come last."""
    return wavelength(band) or math.inf


def space_wavelength(band: str) -> float | None:
    """Return the wavelength in the name of a filter of HST, JWST or Roman, or None."""
    name = band.upper()
    roman = re.fullmatch(r"[RZYJHFKW](062|087|106|129|146|158|184|213)", name)
    if roman:
        return 10.0 * int(roman[1])
    found = re.fullmatch(r"F(\d{3,4})(W2|W|M|N|LP|X)", name)
    if found is None:
        return None
    n, kind = int(found[1]), f"{found[1]}{found[2]}"
    if kind in _FAR_ULTRAVIOLET:
        return float(n)
    in_tens = n < 200 or kind in _JWST or len(found[1]) == 4
    return 10.0 * n if in_tens else float(n)


def blue_to_red(
    bands: Sequence[str], n: int, *, red_first: bool = False
) -> tuple[int, ...]:
    """Return the order in which n planes go from blue to red.

    Parameters
    ----------
    bands : sequence of str
        One name per plane, or none; bands of unknown wavelength come last.
    n : int
        Number of planes.
    red_first : bool
        Whether planes without names begin with red.
    """
    if len(bands) == n:
        return tuple(sorted(range(n), key=lambda i: from_blue(bands[i])))
    return tuple(range(n))[::-1] if red_first else tuple(range(n))


def band_of_token(token: str, before: str = "", after: str = "") -> str | None:
    """Return the band that a word of a file name stands for, or None.

    Parameters
    ----------
    token : str
        The word.
    before, after : str
        The words next to it: capital G, R, I, Z, Y are bands only after "HSC", and a
        letter before a word of `NARROW` (H before alpha) is an emission line.
    """
    if len(token) == 1 and after.lower() in NARROW:
        return None
    if SPACE_FILTER.fullmatch(token):
        return token.upper()
    if len(token) == 1 and token in BAND_ORDER:
        return token
    if before.upper() == "HSC" and len(token) == 1 and token.lower() in "grizy":
        return token.lower()
    return None
