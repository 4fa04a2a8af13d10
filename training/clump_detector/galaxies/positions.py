"""Columns of positions, and their conversion to degrees of ICRS.

All tables use it, lists of galaxies and tables of labels. A unit may be stated by the
table, in the column's name (``ra [rad]``, ``RA_hours``, ``RAdeg``), or by the CDS's
name for the column (``RAh``, ``RAm``, ``RAs``, ``DE-``, ``DEd``, ``DEm``, ``DEs``).
Without unit values are in degrees, as in most files; where the numbers contradict that,
the column is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from clump_detector.astrometry.angular_units import angle_unit, degrees
from clump_detector.core.arrays import Floats

from .column_names import NamedColumn, plain
from .coordinates import NUMBER, parse_angle

#: Pairs of right ascension and declination, the likeliest first.
_PAIRS = (
    ("ra", "dec"), ("ra", "de"), ("radeg", "decdeg"), ("radeg", "dedeg"),
    ("raj2000", "dej2000"), ("raj2000", "decj2000"), ("raicrs", "deicrs"),
    ("raicrs", "decicrs"), ("coordra", "coorddec"), ("alpha", "delta"),
    ("alphaj2000", "deltaj2000"), ("rightascension", "declination"),
    ("ramean", "decmean"), ("rah", "decdeg"), ("objra", "objdec"),
    ("targetra", "targetdec"), ("galaxyra", "galaxydec"), ("rafloat", "decfloat"),
)  # fmt: skip

_UNITS = (
    r"(deg|degrees?|d|dms|h|hr|hrs|hours?|hms|rad|radians?|arcsec|arcmin|mas|)"
)  # fmt: skip
_EPOCH = r"(j2000|2000|icrs|b1950|1950|)"
_RA = re.compile(rf"(?:ra|rightascension|alpha){_EPOCH}{_UNITS}{_EPOCH}")
_DEC = re.compile(rf"(?:dec|de|declination|delta){_EPOCH}{_UNITS}{_EPOCH}")

#: Other coordinates, and astropy's names of their frames.
_OTHER = (
    ("glon", "glat", "galactic"), ("gallon", "gallat", "galactic"),
    ("elon", "elat", "barycentricmeanecliptic"),
)  # fmt: skip

#: A value of a column; None where it is missing.
Cell: TypeAlias = str | bytes | float | None

#: Least number of positions from which a missing unit is questioned.
_SEVERAL = 10


class AngleError(ValueError):
    """Raised with the reason, a clause, why a column is not read as an angle."""


@dataclass(frozen=True)
class PositionColumns:
    """The columns of a position.

    Attributes
    ----------
    ra, dec : NamedColumn
        Or longitude and latitude of another frame.
    ra_rest, dec_rest : tuple of NamedColumn
        Minutes, and seconds where there are any.
    sign : NamedColumn or None
        The sign of the declination.
    frame : str
        astropy's name of the frame.
    """

    ra: NamedColumn
    dec: NamedColumn
    ra_rest: tuple[NamedColumn, ...] = ()
    dec_rest: tuple[NamedColumn, ...] = ()
    sign: NamedColumn | None = None
    frame: str = "icrs"

    @property
    def columns(self) -> tuple[NamedColumn, ...]:
        """All of them."""
        sign = () if self.sign is None else (self.sign,)
        return (self.ra, *self.ra_rest, *sign, self.dec, *self.dec_rest)


def find_positions(named: Sequence[NamedColumn]) -> PositionColumns | None:
    """Return the columns of positions, the most likely of several, or None."""
    known: dict[str, NamedColumn] = {}
    for column in named:
        if not column.name.strip().endswith("-"):
            known.setdefault(plain(column.name), column)
    parts = _in_parts(known, named)
    for lon, lat in _PAIRS:
        if lon in known and lat in known and not (parts and lon == "rah"):
            return PositionColumns(with_unit(known[lon]), with_unit(known[lat]))
    if parts is not None:
        return parts
    by_frame: dict[str, tuple[list[NamedColumn], list[NamedColumn]]] = {
        "icrs": ([], [])
    }
    for column in named:
        for axis, pattern in enumerate((_RA, _DEC)):
            frame = _frame_in(pattern, column)
            if frame:
                by_frame.setdefault(frame, ([], []))[axis].append(column)
    for frame, (ras, decs) in by_frame.items():
        if ras and decs:
            ra, dec = with_unit(ras[0]), with_unit(decs[0])
            return PositionColumns(ra, dec, frame=frame)
    for lon, lat, frame in _OTHER:
        if lon in known and lat in known:
            return PositionColumns(known[lon], known[lat], frame=frame)
    return None


def _letters(column: NamedColumn) -> str:
    return re.sub(r"[^a-z0-9]", "", re.sub(r"[\[(].*", "", column.name.lower()))


def _frame_in(pattern: re.Pattern[str], column: NamedColumn) -> str:
    found = pattern.fullmatch(_letters(column))
    if found is None or column.name.strip().endswith("-"):
        return ""
    return "fk4" if "1950" in found[1] + found[3] else "icrs"


def with_unit(column: NamedColumn) -> NamedColumn:
    """Return a column with the unit at the end of its name, if it has none yet."""
    if column.unit:
        return column
    for pattern in (_RA, _DEC):
        found = pattern.fullmatch(_letters(column))
        if found is not None:
            return replace(column, unit=found[2])
    return column


def _in_parts(
    known: dict[str, NamedColumn], named: Sequence[NamedColumn]
) -> PositionColumns | None:
    """Return the columns of the CDS for hours, degrees, minutes and seconds."""
    if not {"rah", "ram", "ded", "dem"} <= set(known):
        return None
    signs = ("de-", "dec-", "de_sign", "dec_sign", "design", "decsign", "sign")
    sign = next((c for c in named if c.name.strip().lower() in signs), None)
    return PositionColumns(
        NamedColumn(known["rah"].name, "h"),
        NamedColumn(known["ded"].name, "deg"),
        tuple(known[k] for k in ("ram", "ras") if k in known),
        tuple(known[k] for k in ("dem", "des") if k in known),
        sign,
    )


# -- in degrees ----------------------------------------------------------------


def positions_of(
    found: PositionColumns, values: Callable[[str], Sequence[Cell]]
) -> tuple[Floats, Floats]:
    """Return right ascension (0 to 360) and declination in degrees of ICRS.

    Parameters
    ----------
    found : PositionColumns
    values : callable
        Returns a column's values by its name: texts or numbers, None where missing.

    Returns
    -------
    (array, array)
        NaN where a value is not an angle, or a declination is beyond the pole.

    Raises
    ------
    AngleError
        If a unit is not one of an angle, or the numbers contradict it.
    """
    ra_raw, dec_raw = values(found.ra.name), values(found.dec.name)
    ra = in_degrees(ra_raw, found.ra, longitude=True)
    dec = in_degrees(dec_raw, found.dec, longitude=False)
    if found.ra_rest or found.dec_rest:
        ra = ra + 15 * _rest(found.ra_rest, values)
        dec = _signed(dec, dec_raw, found, values)
    elif not (found.ra.unit or found.dec.unit or _is_text([*ra_raw, *dec_raw])):
        _doubt_degrees(ra, dec, found.ra.name)
    good = (ra >= -360) & (ra <= 360) & (np.abs(dec) <= 90)
    ra, dec = np.where(good, ra, np.nan), np.where(good, dec, np.nan)
    if found.frame != "icrs":
        ra, dec = _to_icrs(ra, dec, found.frame)
    around = ra % 360
    return np.where(around == 360, 0.0, around), dec  # -1e-20 % 360 is 360


def in_degrees(
    values: Sequence[Cell], column: NamedColumn, *, longitude: bool
) -> Floats:
    """Return the angles of a column in degrees, NaN where a value is not an angle.

    Sexagesimal longitudes are hours unless the unit is degrees; the letters h and d
    take precedence.

    Parameters
    ----------
    values : sequence of str, float or None
    column : NamedColumn
        Its name and unit.
    longitude : bool
        Whether these are longitudes rather than latitudes.

    Raises
    ------
    AngleError
        If the unit is not one of an angle, or hours are larger than 24.
    """
    unit = angle_unit(column.unit) if column.unit else None
    if column.unit and unit is None:
        raise AngleError(f"the unit of {column} is not a known unit of an angle")
    hours = None if unit is None else str(unit) == "hourangle"
    if hours and not longitude:
        raise AngleError(f"{column} would be a declination in hours")
    factor = 1.0 if unit is None else degrees(unit)
    sexagesimal_hours = hours if longitude else False
    if any(isinstance(v, str | bytes | bool) for v in values):
        angles = [_one(v, factor, hours=sexagesimal_hours) for v in values]
        found = np.array(angles, dtype=float)
    else:
        numbers = np.array(values, dtype=float) * factor
        found = np.where(np.isfinite(numbers), numbers, np.nan)
    if hours and np.nanmax(np.abs(found), initial=0) > 360 + 1e-9:
        most = np.nanmax(np.abs(found)) / 15
        raise AngleError(f"{column} has values up to {most:g}, which are not hours")
    return found


def _one(value: Cell, factor: float, *, hours: bool | None) -> float:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        text = value.strip().replace("−", "-").replace("–", "-")
        if NUMBER.fullmatch(text):
            return float(text) * factor
        angle = parse_angle(text, hours=hours)
        return np.nan if angle is None else angle
    if value is None or isinstance(value, bool):
        return np.nan
    number = float(value) * factor
    return number if np.isfinite(number) else np.nan


def _is_text(values: Sequence[Cell]) -> bool:
    texts = (v for v in values if isinstance(v, str))
    return any(not NUMBER.fullmatch(text.strip()) for text in texts)


def _rest(
    columns: Sequence[NamedColumn], values: Callable[[str], Sequence[Cell]]
) -> Floats:
    """Return minutes and seconds as fractions, NaN where one is not a number."""
    parts = []
    for column, per in zip(columns, (60, 3600), strict=False):
        numbers = np.array([_one(v, 1.0, hours=False) for v in values(column.name)])
        parts.append(np.where((numbers >= 0) & (numbers <= 60), numbers / per, np.nan))
    return np.asarray(np.sum(parts, axis=0))


def _signed(
    dec: Floats,
    raw: Sequence[Cell],
    found: PositionColumns,
    values: Callable[[str], Sequence[Cell]],
) -> Floats:
    """Return declinations from their parts, with the sign of -0 degrees if given.

    A column of integers cannot hold -0: without a column of signs, and with others
    below 0, the sign of 0 degrees is unknown and they are NaN.
    """
    if found.sign is not None:
        signs = [str(v or "").strip() for v in values(found.sign.name)]
        south = np.array([s.startswith(("-", "−")) for s in signs])
    else:
        south = np.signbit(dec)
        texts = [isinstance(v, str) and v.strip().startswith("-") for v in raw]
        south |= np.array(texts, dtype=bool)
        if south.any() and all(isinstance(v, int) for v in raw if v is not None):
            dec = np.where(dec == 0, np.nan, dec)
    whole = np.abs(dec) + _rest(found.dec_rest, values)
    return np.where(south, -whole, whole)


def _doubt_degrees(ra: Floats, dec: Floats, name: str) -> None:
    """Refuse numbers without a unit that look like hours or radians.

    An all-sky list has right ascensions above 24 degrees. The Rubin pipelines have
    ``coord_ra`` in radians in some of their tables, in degrees in others.
    """
    known = np.isfinite(ra) & np.isfinite(dec)
    ra, dec = ra[known], dec[known]
    if not len(ra):
        return
    small = np.abs(ra).max() <= 2 * np.pi and np.abs(dec).max() <= np.pi / 2
    if small and plain(name) == "coordra":
        raise AngleError(f"{name} states no unit and may be in radians or in degrees")
    wide = np.ptp(ra) > 12 and np.ptp(dec) > 45
    if len(ra) >= _SEVERAL and ra.min() >= 0 and ra.max() <= 24 and wide:
        raise AngleError(
            f"{name} states no unit, and its {len(ra)} values lie between 0 and 24 "
            "over much of the sky, as hours do"
        )


def _to_icrs(lon: Floats, lat: Floats, frame: str) -> tuple[Floats, Floats]:
    from astropy.coordinates import SkyCoord

    given = SkyCoord(np.nan_to_num(lon), np.nan_to_num(lat), unit="deg", frame=frame)
    icrs, known = given.icrs, np.isfinite(lon) & np.isfinite(lat)
    return (
        np.where(known, icrs.ra.deg, np.nan),
        np.where(known, icrs.dec.deg, np.nan),
    )
