"""Units of angles as users, surveys and the CDS write them; astropy knows the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from astropy.units import Unit

#: Spellings that astropy does not read as the angle that is meant.
_WORDS = {
    '"': "arcsec", "''": "arcsec", "″": "arcsec", "asec": "arcsec",
    "'": "arcmin", "′": "arcmin", "amin": "arcmin",
    "°": "deg", "dms": "deg", "d:m:s": "deg", "dd:mm:ss": "deg",
    "decimal degree": "deg", "decimal deg": "deg", "ddeg": "deg",
    "h": "hourangle", "hr": "hourangle", "hour": "hourangle", "hms": "hourangle",
    "h:m:s": "hourangle", "hh:mm:ss": "hourangle", "hour angle": "hourangle",
    "decimal hour": "hourangle",
}  # fmt: skip

#: What may follow an angle, as in ``arcsec/pixel`` or ``deg pix-1``.
_PER_PIXEL = ("pixel", "pix", "px")


def angle_unit(text: str) -> Unit | None:
    """Return the unit of an angle, or None where a text names none.

    Hours are those of right ascension, 15 degrees each. Case, plural, full stops and
    quotation marks are ignored: ``DEG``, ``Degrees``, ``deg.`` and ``"deg"`` are
    degrees.

    Parameters
    ----------
    text : str

    Returns
    -------
    astropy.units.Unit or None
    """
    import astropy.units as u

    bare = text.strip()
    if bare not in _WORDS:
        bare = bare.strip("\"'[](). ")  # the CDS puts some of its units in quotes
    small = bare.lower()
    for word in (bare, small, small.removesuffix("s")):
        found = u.Unit(_WORDS.get(word, word or "?"), parse_strict="silent")
        if found.physical_type == "angle":
            return found
    return None


def per_pixel(text: str) -> Unit | None:
    """Return the unit of an angle per pixel, or None; ``per pixel`` may be left out."""
    words = text.lower().replace("per", "/").strip()
    for end in ("-1", "^-1", "**-1"):
        words = words.removesuffix(end)
    for pixel in _PER_PIXEL:
        for ending in (f"{pixel}els", f"{pixel}s", pixel):
            words = words.removesuffix(ending)
    return angle_unit(words.rstrip(" /*."))


def degrees(unit: Unit) -> float:
    """Return how many degrees a unit of an angle is."""
    if str(unit) == "hourangle":
        return 15.0  # astropy's value has a rounding error
    return float(unit.to("deg"))


def arcsec(unit: Unit) -> float:
    """Return how many arcsec a unit of an angle is."""
    return float(unit.to("arcsec"))
