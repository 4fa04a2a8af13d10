"""The cards of a header that describe the sky, checked and cleaned for astropy.

wcslib allocates memory for any number of axes or order of polynomial that a header
claims, and reads texts as 0 and missing cards as 0 or 1: positions would be wrong
without a warning. So it gets the cards of two axes only, as numbers. Where an essential
card is not a number, there is no WCS, with a reason; any other unusable card is left
out, with a note.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from clump_detector.core.fits_header import (
    AnyHeader,
    Broken,
    CardValue,
    as_number,
    cards,
    fortran_number,
    value_of,
)

from .angular_units import angle_unit, degrees
from .distortions import distortion_cards

#: Axes of an array that are considered.
_MOST_AXES = 6

#: Longitude and latitude as CTYPE names them, and the name of the frame.
SKIES = {
    ("RA", "DEC"): "equatorial",
    ("GLON", "GLAT"): "galactic",
    ("ELON", "ELAT"): "ecliptic",
    ("SLON", "SLAT"): "supergalactic",
}

#: Keys of one axis, of a pair of axes in the notations of today and of before 2002, and
#: of a parameter of an axis; then the letter of another description of the same pixels.
_KEY = re.compile(
    r"(?:(CTYPE|CUNIT|CRVAL|CRPIX|CDELT|CROTA)(\d)"
    r"|(CD|PC)0{0,2}(\d)_?0{0,2}(\d)"
    r"|PV(\d)_(\d\d?))([A-Z]?)"
)
_SHARED = re.compile(
    r"(LONPOLE|LATPOLE|RADESYS|RADECSYS|EQUINOX|EPOCH)([A-Z]?)"
)  # fmt: skip

#: Frames by the spellings of RADESYS in use.
_FRAMES = {
    "ICRS": "ICRS", "ICRF": "ICRS", "FK5": "FK5", "J2000": "FK5", "FK5J2000": "FK5",
    "J20000": "FK5", "FK4": "FK4", "B1950": "FK4", "FK4B1950": "FK4",
    "FK4NOE": "FK4-NO-E",
}  # fmt: skip

#: Years of a valid equinox; 0 means "not known".
_EQUINOXES = 1800, 2100


class NoSkyError(Exception):
    """Raised with the reason, a clause, why a header's sky coordinates are not used."""


@dataclass(frozen=True)
class SkyAxes:
    """Which axes of a header are the sky, counted from 1, the smaller first.

    Attributes
    ----------
    first, second : int
    alternate : str
        The letter of the alternate WCS description, '' for the primary one.
    sky : str
        The frame, one of the values of `SKIES`.
    """

    first: int
    second: int
    alternate: str
    sky: str


@dataclass
class SkyCards:
    """The cards of the sky, renamed to axes 1 and 2.

    Attributes
    ----------
    keys : dict
        Keys and values for astropy.
    notes : list of str
        What was left out, guessed or replaced, as clauses.
    """

    keys: dict[str, str | float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def sky_axes(header: AnyHeader) -> SkyAxes | None:
    """Return the axes of the sky, from the first description that names a pair."""
    for alternate in _alternates(header):
        kinds = {
            _kind(value_of(header, f"CTYPE{i}{alternate}")): i
            for i in range(_MOST_AXES, 0, -1)
        }
        for pair, sky in SKIES.items():
            if all(kind in kinds for kind in pair):
                first, second = sorted(kinds[kind] for kind in pair)
                return SkyAxes(first, second, alternate, sky)
    return None


def _alternates(header: AnyHeader) -> list[str]:
    found = (re.fullmatch(r"CTYPE1([A-Z]?)", str(key)) for key in list(header.keys()))
    return ["", *sorted({match[1] for match in found if match and match[1]})]


def _kind(ctype: object) -> str:
    return str(ctype or "").upper()[:4].strip("- ")


def promise(header: AnyHeader) -> str:
    """Return a clause on what suggests that a header without axes of the sky has some.

    Empty if nothing does: axes of pixels, wavelengths and the like do not.
    """
    names = [f"CTYPE{i}" for i in range(1, _MOST_AXES + 1)]
    types = {n: str(value_of(header, n) or "").strip() for n in names}
    kinds = [kind for pair in SKIES for kind in pair]
    # A card that is there twice counts with what it has first, but promises with both.
    read = [(k, v) for k, v in cards(header) if k in types and v is not Broken]
    every = [(k, str(v or "").strip()) for k, v in read]
    for name, text in every:
        begins = re.match(r"[A-Za-z]+", text)
        is_sky = begins is not None and begins[0].upper() in kinds
        if is_sky or re.search(r"-(TAN|SIN|ARC|ZEA|CAR|TPV|TAB)\b", text.upper()):
            pair = ", ".join(f"{n} = {t!r}" for n, t in every if t)
            return f"{name} names no pair of axes on the sky that is known ({pair})"
    numbers = [as_number(value_of(header, k)) for k in ("CRVAL1", "CRVAL2")]
    steps = [as_number(value_of(header, k)) for k in ("CD1_1", "CD1_2", "CDELT1")]
    small = [s for s in steps if s is not None and 1e-6 < abs(s) < 1e-2]
    if None not in numbers and any(numbers) and small and not any(types.values()):
        return "CRVAL1 and CRVAL2 are given, but no CTYPE1 that names their axes"
    if value_of(header, "AMDX1") is not None and not any(types.values()):
        return "the plate solution of the DSS (AMDX1) is not supported"
    return ""


def sky_cards(header: AnyHeader, axes: SkyAxes) -> SkyCards:
    """Return the cards of a header's sky for astropy.

    Parameters
    ----------
    header : astropy.io.fits.Header or mapping
    axes : SkyAxes
        From `sky_axes`.

    Raises
    ------
    NoSkyError
        If an essential card is missing or not a number, or the sky depends on a third
        axis.
    """
    _check_other_axes(header, axes)
    found = SkyCards()
    raw = _gathered(header, axes, found)
    for name, value in raw.items():
        if name.startswith("CTYPE"):
            found.keys[name] = str(value).strip().upper()
        elif name.startswith("CUNIT"):
            _put_unit(found, name, value)
        elif not _SHARED.fullmatch(name):
            found.keys[name] = _number(name, value)
    for name in ("CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2"):
        if name not in found.keys:
            raise NoSkyError(f"{name} is missing")
    if not any(re.match("CDELT|CD|PC", name) for name in found.keys):
        raise NoSkyError("neither CDELT1 nor CD1_1 gives the size of a pixel")
    _check_latitude(found)
    _put_poles(found, raw)
    if axes.sky in ("equatorial", "ecliptic"):
        _put_frame(found, raw)
    keys, notes = distortion_cards(
        header,
        str(found.keys.get("CTYPE1", "")),
        is_plain=(axes.first, axes.second) == (1, 2),
        is_alternate=bool(axes.alternate),
    )
    found.keys.update(keys)
    found.notes += notes
    return found


def _check_other_axes(header: AnyHeader, axes: SkyAxes) -> None:
    kinds = {kind for pair in SKIES for kind in pair}
    for axis in {*range(1, _MOST_AXES + 1)} - {axes.first, axes.second}:
        name = f"CTYPE{axis}{axes.alternate}"
        if _kind(value_of(header, name)) in kinds:
            raise NoSkyError(
                f"{name} = {value_of(header, name)!r} is a third axis of the sky"
            )


def _gathered(
    header: AnyHeader, axes: SkyAxes, found: SkyCards
) -> dict[str, CardValue]:
    """Return the raw values of the sky's cards under the names of axes 1 and 2."""
    new = {str(axes.first): "1", str(axes.second): "2"}
    raw: dict[str, CardValue] = {}
    for key, value in cards(header):
        name = _renamed(key, new, axes.alternate, value)
        if name is None or value is None:
            continue
        if name in raw and raw[name] != value:
            if name.startswith("CTYPE"):
                raise NoSkyError(f"{key} is given twice")
            # wcslib uses the last one, too.
            found.notes.append(f"{key} is given twice, the last one was used")
        raw[name] = value
    return raw


def _renamed(
    key: str, new: Mapping[str, str], alternate: str, value: object
) -> str | None:
    shared = _SHARED.fullmatch(key)
    if shared is not None:
        return shared[1] if shared[2] == alternate else None
    match = _KEY.fullmatch(key)
    if match is None or match[8] != alternate:
        return None
    one, axis, two, row, column, of, parameter, _ = match.groups()
    if one:
        return f"{one}{new[axis]}" if axis in new else None
    if two:
        if row in new and column not in new and as_number(value) != 0:
            raise NoSkyError(f"the sky depends on a third axis ({key} = {value})")
        known = row in new and column in new
        return f"{two}{new[row]}_{new[column]}" if known else None
    return f"PV{new[of]}_{int(parameter)}" if of in new else None


def _number(name: str, value: object) -> float:
    number = fortran_number(value)
    if number is None:
        why = "cannot be parsed" if value is Broken else f"= {value!r} is not a number"
        raise NoSkyError(f"{name} {why}")
    return number


def _put_unit(found: SkyCards, name: str, value: object) -> None:
    """Put CUNIT as wcslib knows it; without one the standard's unit is degrees."""
    text = str(value).strip() if isinstance(value, str) else ""
    unit = angle_unit(text)
    if unit is not None and str(unit) != "hourangle":
        found.keys[name] = str(unit)
    elif value is Broken or text.lower() in ("unknown", "none", "null", "n/a", "?"):
        found.notes.append(f"{name} names no unit, degrees were assumed")
    elif text:
        raise NoSkyError(f"{name} = {text!r} is not a known unit of an angle")


def _check_latitude(found: SkyCards) -> None:
    """Refuse a latitude beyond 90 degrees, such as in a header with swapped axes."""
    latitudes = [latitude for _, latitude in SKIES]
    for axis in "12":
        value = float(found.keys[f"CRVAL{axis}"])
        unit = angle_unit(str(found.keys.get(f"CUNIT{axis}", "deg")))
        is_latitude = _kind(found.keys[f"CTYPE{axis}"]) in latitudes
        if is_latitude and abs(value) * degrees(unit) > 90:
            raise NoSkyError(f"CRVAL{axis} = {value:g} is beyond the pole")


def _put_poles(found: SkyCards, raw: Mapping[str, CardValue]) -> None:
    for name in ("LONPOLE", "LATPOLE"):
        if name in raw:
            number = fortran_number(raw[name])
            if number is None:
                _leave_out(found, name, raw[name])
            else:
                found.keys[name] = number


def _leave_out(found: SkyCards, name: str, value: object) -> None:
    text = "" if value is Broken else f" = {value!r}"
    found.notes.append(f"{name}{text} was not understood and left out")


# -- the frame -----------------------------------------------------------------


def _put_frame(found: SkyCards, raw: Mapping[str, CardValue]) -> None:
    """Put RADESYS and EQUINOX as names and numbers that astropy knows."""
    name = next((n for n in ("RADESYS", "RADECSYS") if raw.get(n)), "RADESYS")
    text = raw.get(name, "")
    word = re.sub(r"[^A-Z0-9]", "", str(text).upper()) if text is not Broken else "?"
    if word == "GAPPT":
        raise NoSkyError("apparent places (RADESYS = 'GAPPT') are not supported")
    if word in _FRAMES:
        found.keys["RADESYS"] = _FRAMES[word]
    elif word:
        _leave_out(found, name, text)
    equinox = _equinox(raw.get("EQUINOX"))
    if equinox is None and raw.get("EQUINOX") not in (None, ""):
        _leave_out(found, "EQUINOX", raw["EQUINOX"])
    epoch = _equinox(raw.get("EPOCH"))
    if epoch is None and as_number(raw.get("EPOCH")) is not None:
        _leave_out(found, "EPOCH", raw["EPOCH"])
    if equinox is None and epoch is not None and not found.keys.get("RADESYS"):
        # EPOCH was the equinox before 1997; some write the date of observation there.
        equinox = epoch
        if epoch not in (1950, 2000):
            found.notes.append(f"EPOCH = {epoch:g} was used as the equinox")
    if equinox is not None:
        found.keys["EQUINOX"] = equinox


def _equinox(value: object) -> float | None:
    if isinstance(value, str):
        value = value.strip().lstrip("JBjb")
    number = as_number(value)
    least, most = _EQUINOXES
    return number if number is not None and least <= number <= most else None
