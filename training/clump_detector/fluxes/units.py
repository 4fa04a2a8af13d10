"""How many jansky one unit of an image is: from its header, or as the user gives it.

A flux of 1 is ``3631 Jy * 10^(-0.4 zero point)`` for an AB zero point (Oke & Gunn 1983,
ApJ 266, 713); for which ones are AB see `zero_points`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.errors import ConfigError
from clump_detector.core.fits_header import HeaderKeys

from .zero_points import ZeroPoint, zero_point_of

#: Flux of magnitude 0 in Jy.
AB_ZERO = 3631.0

NANOMAGGY = AB_ZERO * 1e-9

#: Surveys whose cutouts are in nanomaggies although their headers do not state it.
_KNOWN = re.compile(r"DECaLS|Legacy ?Survey|BASS|MzLS", re.IGNORECASE)

_COUNTS = re.compile(
    r"(adu|dn|du|data numbers?|counts?|cts?|cps|e-?|electrons?|photons?)?"
    r"\s*(/|per|\.)?\s*(s|secs?|seconds?)?((\^|\*\*)?\(?-1\)?)?",
    re.IGNORECASE,
)

_SAME = {
    "nmaggie",
    "nmaggies",
    "nanomaggie",
    "nanomaggies",
    "nanomaggy",
    "nmgy",
    "nmgys",
}
_PER_PIXEL = re.compile(r"\s*/\s*pix(el)?$|[\s*.]*pix(el)?(\^|\*\*)?-1$", re.IGNORECASE)
_MAGGIES = {"maggy", "maggie", "maggies", "mgy"}

#: Units in capitals, as in old FITS files. MJY alone is ambiguous: mega or milli.
_CAPITALS = {
    "JY": "Jy", "MJY/SR": "MJy/sr", "JY/SR": "Jy/sr", "UJY": "uJy", "NJY": "nJy",
    "JY/BEAM": "Jy/beam", "JY/PIXEL": "Jy/pixel",
}  # fmt: skip

_PER_BEAM = re.compile(r"\s*/\s*beam$|[\s*.]*beam(\^|\*\*)?-1$", re.IGNORECASE)


@dataclass(frozen=True)
class Unit:
    """The flux unit of a plane.

    Attributes
    ----------
    jansky : float or None
        Jy of a flux of 1; None where fluxes are relative.
    words : str
        The unit's name for users, such as "nanomaggies".
    note : str
        A sentence of warning for users, or ''.
    """

    jansky: float | None
    words: str
    note: str = ""


RELATIVE = Unit(None, "relative fluxes")


def unit_of(
    keys: HeaderKeys,
    choice: str = "",
    area: float | None = None,
    brightest: Callable[[], float] = lambda: 1.0,
) -> Unit:
    """Return the flux unit of a plane.

    Parameters
    ----------
    keys : HeaderKeys
    choice : str
        The user's unit for images whose header states none; see `chosen_unit`.
    area : float, optional
        Area of a pixel in square degrees, for units per solid angle.
    brightest : callable
        Returns the greatest flux; see `zero_points.zero_point_of`.

    Raises
    ------
    ConfigError
        If the choice is needed and is not a unit.
    """
    stated = _CAPITALS.get(stated_unit(keys), stated_unit(keys))
    found = (
        _physical(stated, area)
        or _per_beam(keys, stated, area)
        or _per_wavelength(keys, stated)
        or _by_zero_point(keys, stated, brightest)
    )
    if found is None and not stated and _KNOWN.search(keys.word("SURVEY")):
        found = Unit(NANOMAGGY, "nanomaggies, as all of the Legacy Surveys")
    if choice and (found is None or found.jansky is None):
        return chosen_unit(choice, area)
    return found or RELATIVE


def stated_unit(keys: HeaderKeys) -> str:
    """Return the unit that a header states, in its own words, or ''."""
    return keys.word("BUNIT", "IMUNIT", "UNIT")


def is_logarithmic(keys: HeaderKeys) -> bool:
    """Return whether a header states that its values are magnitudes or logarithms."""
    stated = stated_unit(keys).lower()
    return bool(re.match(r"(ab|st|vega)?\s*mag(s|nitudes?)?\b|log|dex\b", stated))


def chosen_unit(text: str, area: float | None = None) -> Unit:
    """Return the unit that the user chose.

    Parameters
    ----------
    text : str
        ``nanomaggy``, a unit of flux density such as ``uJy`` or ``MJy/sr``, or an AB
        zero point such as ``zp=27.0``.
    area : float, optional
        Area of a pixel in square degrees, for units per solid angle; without it these
        are relative.

    Raises
    ------
    ConfigError
        If it is none of these.
    """
    number = re.fullmatch(
        r"(?:zp|zeropoint|magzero)\s*[=:]?\s*(-?[\d.]+)", text.strip(), re.I
    )
    if number and number[1].count(".") < 2 and abs(float(number[1])) < 100:
        return Unit(
            _of_magnitude(float(number[1])), f"zero point {number[1]}, set by the user"
        )
    found = _physical(text.strip(), area or 1.0)
    if found is None:
        raise ConfigError(
            f"the unit {text!r} is unknown",
            remedy="Give nanomaggy, Jy, mJy, uJy, nJy, MJy/sr, or the AB zero point, "
            "such as zp=27.0.",
        )
    if area is None and "sr" in text.lower():
        return RELATIVE
    return Unit(found.jansky, f"{found.words}, set by the user")


def _of_magnitude(zero_point: float) -> float:
    return float(AB_ZERO * 10 ** (-0.4 * zero_point))


def _physical(text: str, area: float | None) -> Unit | None:
    """Return a unit of flux density, or None where the text names none."""
    plain = text.lower().replace("(", "").replace(")", "").strip()
    if plain in _SAME:
        return Unit(NANOMAGGY, "nanomaggies")
    if plain in _MAGGIES:
        return Unit(AB_ZERO, "maggies")
    if not text or len(text) > 60:
        return None
    return _by_astropy(_PER_PIXEL.sub("", text), area)


@lru_cache(100)
def _by_astropy(text: str, area: float | None) -> Unit | None:
    from astropy import units

    text = re.sub(r"^micro(?=Jy)", "u", text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about several slashes
            unit = units.Unit(text)
        if unit.is_equivalent(units.Jy):
            return Unit(float(unit.to(units.Jy)), text)
        if area is not None and unit.is_equivalent(units.Jy / units.sr):
            per_pixel = float(unit.to(units.Jy / units.deg**2)) * area
            return Unit(per_pixel, f"{text} times a pixel's area")
    except Exception:  # astropy raises several kinds for a text that is not a unit
        return None
    return None


def _per_beam(keys: HeaderKeys, text: str, area: float | None) -> Unit | None:
    """Return the unit of radio maps, whose beam is a Gaussian of BMAJ and BMIN."""
    major, minor = keys.number("BMAJ"), keys.number("BMIN")
    of_beam = (
        _physical(_PER_BEAM.sub("", text), None) if _PER_BEAM.search(text) else None
    )
    if of_beam is None or of_beam.jansky is None or area is None:
        return None
    if major is None or minor is None or not (0 < major < 1 and 0 < minor < 1):
        return None
    beam = np.pi / (4 * np.log(2)) * major * minor
    return Unit(of_beam.jansky * area / beam, f"{text} divided by the beam's area")


def _per_wavelength(keys: HeaderKeys, text: str) -> Unit | None:
    """Return the unit of ``f_lambda`` if the header gives the pivot wavelength."""
    from astropy import units

    pivot = keys.number("PHOTPLAM")
    if not text or len(text) > 60 or pivot is None or pivot <= 0:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about several slashes
            unit = units.Unit(_PER_PIXEL.sub("", text))
        at = units.spectral_density(pivot * units.AA)
        return Unit(
            float(unit.to(units.Jy, equivalencies=at)), f"{text} at {pivot:g} A"
        )
    except Exception:  # astropy raises several kinds for a text that is not a unit
        return None


def _by_zero_point(
    keys: HeaderKeys, stated: str, brightest: Callable[[], float]
) -> Unit | None:
    """Return the unit of calibrated counts, or None."""
    if stated and not _COUNTS.fullmatch(stated):
        return None
    seconds = keys.number("EXPTIME") if _is_total(stated) else 1.0
    exposed = seconds is not None and seconds > 0
    point = zero_point_of(keys, brightest)
    if point is not None and point.ab is not None and (exposed or not point.per_second):
        time = seconds if point.per_second and seconds else 1.0
        return Unit(_of_magnitude(point.ab) / time, point.words)
    at_zero = keys.number("FLUXMAG0")
    if at_zero is not None and at_zero > 0:
        return Unit(AB_ZERO / at_zero, "counts calibrated by FLUXMAG0")
    per_count = keys.number("NMGY")
    if per_count is not None and per_count > 0:
        return Unit(NANOMAGGY * per_count, "counts calibrated by NMGY")
    flux = _hubble(keys)
    if flux is not None and exposed and seconds:
        return Unit(flux / seconds, "counts calibrated by PHOTFLAM")
    return None if point is None else _unusable(point)


def _unusable(point: ZeroPoint) -> Unit:
    """Return relative fluxes, with the reason why the zero point was not used."""
    why = point.words if point.ab is None else f"{point.words} is that of one second"
    return Unit(
        None,
        f"relative fluxes, since the {why}",
        f"Fluxes are relative: the {why}"
        + (", and no exposure time is stated" if point.ab is not None else "")
        + ". If you know the AB zero point, give it with --unit zp=...",
    )


def _is_total(stated: str) -> bool:
    """Return whether counts are of the whole exposure rather than per second."""
    return bool(stated) and not re.search(r"/|per|-1|\bs\b|sec|cps", stated.lower())


def _hubble(keys: HeaderKeys) -> float | None:
    """Return Jy per count per second from the photometric keys of HST.

    ``f_nu = f_lambda lambda^2 / c``, which in Jy, erg/s/cm2/A and A has the factor
    3.33564e4 (ACS Data Handbook, 5.1).
    """
    direct = keys.number("PHOTFNU")
    if direct is not None and direct > 0:
        return direct
    flam, pivot = keys.number("PHOTFLAM"), keys.number("PHOTPLAM")
    if flam is None or pivot is None or flam <= 0 or pivot <= 0:
        return None
    return 3.33564e4 * flam * pivot**2


def soft_bias(keys: HeaderKeys, values: NDArray[np.float32]) -> float:
    """Return the constant that was added to the values according to the header.

    It is ``SOFTBIAS``, or 1000 for images made from SDSS corrected frames (fpC).
    Programs that subtract it may keep the key, so it counts only if the median of the
    values is above half of it.

    Parameters
    ----------
    keys : HeaderKeys
    values : array
        The plane, NaN where there is no data.

    Returns
    -------
    float
        In the plane's unit; 0 where nothing is to be subtracted.
    """
    stated = keys.number("SOFTBIAS")
    if stated is None and "fpC-" in keys.history():
        stated = 1000.0
    known = values[np.isfinite(values)] if stated else values[:0]
    if not stated or not known.size:
        return 0.0
    return stated if abs(float(np.median(known))) > abs(stated) / 2 else 0.0


def linear(
    keys: HeaderKeys, values: NDArray[np.float32]
) -> NDArray[np.floating] | None:
    """Return fluxes of values that Pan-STARRS stores as asinh magnitudes.

    ``flux = BOFFSET + BSOFTEN (exp(v/a) - exp(-v/a))`` with ``a = 2.5 log10 e``
    (Waters et al. 2020, ApJS 251, 4).

    Parameters
    ----------
    keys : HeaderKeys
    values : array
        The plane as stored.

    Returns
    -------
    array or None
        None where the header has no BOFFSET and BSOFTEN, so values are linear.
    """
    offset, softening = keys.number("BOFFSET"), keys.number("BSOFTEN")
    if offset is None or softening is None or softening <= 0:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        v = values / np.float32(2.5 * np.log10(np.e))
        flux: NDArray[np.floating] = offset + softening * (np.exp(v) - np.exp(-v))
        return flux
