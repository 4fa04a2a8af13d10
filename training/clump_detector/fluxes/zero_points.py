"""Zero points in headers, and the system of magnitudes that they are in.

The same key is AB in one survey and Vega in another, and confusing them makes fluxes
wrong by up to a factor of 500. So a zero point is AB if its key, its comment, the
header or the survey states it; a Vega one is converted to AB if the offset of its band
is published; any other one does not give janskys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from clump_detector.core.fits_header import HeaderKeys

#: Keys that are AB by definition. MZP_AB is Terapix's (CFHTLS), ZEROPNT AstroWISE's
#: (KiDS).
_AB_KEYS = ("MZP_AB", "ABMAGZP", "ABZP", "ZPAB", "ZP_AB", "MAGZPAB", "AB_ZP", "ZEROPNT")

#: Keys in AB magnitudes in some files and in Vega magnitudes in others.
_EITHER = (
    "MAGZERO", "MAGZPT", "MAGZP", "PHOTZP", "ZP", "ZPTMAG", "ZPT", "MAG_ZP", "MAGZEROP",
    "ZEROPOIN",
)  # fmt: skip

#: Keys that name the system of magnitudes.
_SYSTEM_KEYS = (
    "MAGSYS", "ZPSYS", "MAGZPSYS", "PHOTSYS", "PHOTSYST", "ZPSYSTEM", "MAGTYPE",
)  # fmt: skip

#: Keys that name the survey, telescope or program of an image.
_WHOSE = (
    "SURVEY", "TELESCOP", "TELNAME", "INSTRUME", "ORIGIN", "PROJECT", "PROGRAM",
    "FILTER", "FILT_ID", "FILTNAM", "CREATOR",
)  # fmt: skip

#: Surveys whose zero points are Vega; they are tested first, since VISTA's and UKIRT's
#: headers may name an AB survey as a reference.
_VEGA = re.compile(
    r"WISE|2 ?MASS|UKIDSS|UKIRT|WFCAM|VISTA|VIRCAM|VIKING|\bVHS\b|\bVVV|DENIS|\bDSS|"
    r"\bPOSS|Gaia",
    re.IGNORECASE,
)

#: Surveys whose zero points are AB.
_AB = re.compile(
    r"SDSS|\bDES\b|(?i:DECam|DECaLS|DELVE|Legacy ?Survey|MzLS|KiDS|CFHTLS|UNIONS|"
    r"MegaPrime|\.MP9\d|\bHSC|Hyper ?Suprime|Rubin|LSST|Pan-?STARRS|\bPS1\b|GPC1|"
    r"\bZTF|J-?PLUS|J-?PAS|S-?PLUS|GALEX|SkyMapper|Euclid|\bCFIS\b|\bGAMA\b)|\bBASS\b"
)

#: AB minus Vega. WISE: Jarrett et al. (2011, ApJ 735, 112), table 3. 2MASS: Blanton &
#: Roweis (2007, AJ 133, 734), table 1. UKIRT's WFCAM: Hewett et al. (2006, MNRAS 367,
#: 454), table 7.
_TO_AB = {
    "WISE": {"1": 2.699, "2": 3.339, "3": 5.174, "4": 6.620},
    "2MASS": {"J": 0.91, "H": 1.39, "K": 1.85},
    "WFCAM": {"Z": 0.528, "Y": 0.634, "J": 0.938, "H": 1.379, "K": 1.900},
}

_INSTRUMENTS = (
    ("WISE", re.compile("WISE", re.IGNORECASE), r"(?:.*W)?([1-4])(?:\.0)?"),
    ("2MASS", re.compile(r"2 ?MASS", re.IGNORECASE), r"(?:.*[ -])?([JHK])(?:_?S)?"),
    ("WFCAM", re.compile(r"UKIDSS|UKIRT|WFCAM", re.IGNORECASE), r"([ZYJHK])"),
)

#: A zero point of one count per second.
_PER_SECOND = re.compile(r"(/|\bper )\s*s(ec(onds?)?)?\b", re.IGNORECASE)


@dataclass(frozen=True)
class ZeroPoint:
    """A zero point of a header.

    Attributes
    ----------
    ab : float or None
        AB magnitude of one unit; None where the system is not known to be AB.
    words : str
        The zero point, its key and system, for users.
    per_second : bool
        Whether it is that of one count per second.
    """

    ab: float | None
    words: str
    per_second: bool = False


def zero_point_of(
    keys: HeaderKeys, brightest: Callable[[], float] = lambda: 1.0
) -> ZeroPoint | None:
    """Return the zero point of a header, one in AB before any other.

    Parameters
    ----------
    keys : HeaderKeys
    brightest : callable
        Returns the greatest flux. Some programs write a zero point of 0 where there is
        none, so 0 counts only if fluxes are as small as it makes them.

    Returns
    -------
    ZeroPoint or None
        None where the header has no zero point.
    """
    found = [
        _classified(keys, key, magnitude)
        for key, magnitude in _magnitudes(keys)
        if _is_zero_point(magnitude, brightest)
    ]
    return next((z for z in found if z.ab is not None), next(iter(found), None))


def _magnitudes(keys: HeaderKeys) -> Iterator[tuple[str, float]]:
    for key in (*_AB_KEYS, *_EITHER):
        magnitude = keys.number(key)
        if magnitude is not None:
            yield key, magnitude


#: Greatest flux of a galaxy in units of magnitude 0: that of magnitude 5.
_FAINT = 0.01


def _is_zero_point(magnitude: float, brightest: Callable[[], float]) -> bool:
    if magnitude == 0:
        return abs(brightest()) < _FAINT
    return 5 < magnitude < 50


def _classified(keys: HeaderKeys, key: str, magnitude: float) -> ZeroPoint:
    """Return a zero point with its system of magnitudes."""
    per_second = bool(_PER_SECOND.search(keys.comment(key)))
    named = f"zero point {magnitude:g} ({key})"
    system = _system(keys, key)
    if system == "AB":
        return ZeroPoint(magnitude, named, per_second)
    if system == "Vega":
        offset = vega_to_ab(keys)
        if offset is not None:
            words = f"{named}, Vega, converted to AB by {offset:g}"
            return ZeroPoint(magnitude + offset, words, per_second)
        return ZeroPoint(None, f"{named} is in Vega magnitudes", per_second)
    if system:
        return ZeroPoint(None, f"{named} is in {system} magnitudes", per_second)
    return ZeroPoint(None, f"{named} is not stated to be AB", per_second)


def _system(keys: HeaderKeys, key: str) -> str:
    """Return AB, Vega, another system's name, or '' where it is not stated."""
    for text in (keys.comment(key), *(keys.word(k) for k in _SYSTEM_KEYS)):
        if re.search(r"\bAB\b|\bABmag", text):
            return "AB"
        if re.search("vega", text, re.IGNORECASE):
            return "Vega"
        if re.search(r"\bST(mag)?\b", text):
            return "ST"
    if key in _AB_KEYS:
        return "AB"
    whose = _whose(keys)
    if _VEGA.search(whose):
        return "Vega"
    return "AB" if _AB.search(whose) else ""


def _whose(keys: HeaderKeys) -> str:
    return " ; ".join(keys.word(key) for key in _WHOSE)


def vega_to_ab(keys: HeaderKeys) -> float | None:
    """Return AB minus Vega in the band of a WISE, 2MASS or UKIRT image, or None."""
    whose = _whose(keys)
    for name, survey, band in _INSTRUMENTS:
        if not survey.search(whose):
            continue
        for key in ("BAND", "FILTER", "FILT_ID", "FILTNAM", "SURVEY"):
            number = keys.number(key)
            text = f"{number:g}" if number is not None else keys.word(key)
            match = re.fullmatch(band, text.strip(), re.IGNORECASE)
            if match:
                return _TO_AB[name].get(match[1].upper())
        return None
    return None
