"""Sky coordinates of a cutout: astropy's WCS, with pixels counted from 0."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clump_detector.core.fits_header import HeaderKeys, as_number

from .angular_units import arcsec, per_pixel
from .celestial_frames import turned_to_icrs
from .header_cards import NoSkyError, SkyAxes, promise, sky_axes, sky_cards
from .pixel_scale import doubt, is_plausible

#: Every note on the sky begins so, that it can be told from others.
NOTE = "Sky coordinates: "

#: Keys of the arcsec per pixel of a header without WCS.
_SCALES = ("PIXSCALE", "PIXSCAL", "PIXSCAL1", "SECPIX", "SECPIX1")

#: What wcslib says of its own source before it comes to the point.
_WCSLIB = re.compile(r"ERROR \d+ in \w+\(\) at line \d+ of file \S+:\s*")


@dataclass(frozen=True)
class HeaderSky:
    """What a header says of the sky.

    Attributes
    ----------
    wcs : astropy.wcs.WCS or None
        Two axes, in the header's order, also where the header belongs to a cube.
        Galactic, ecliptic and supergalactic ones are turned into ICRS.
    notes : tuple of str
        Why there is none although the header promises one; or what was left out,
        guessed or replaced. In sentences, each of which begins with `NOTE`.
    """

    wcs: Any = None
    notes: tuple[str, ...] = ()


def note(clause: str) -> str:
    """Return a clause as a sentence on the sky."""
    return f"{NOTE}{clause}."


def no_sky(reason: str) -> str:
    """Return the sentence that says why there are no sky coordinates."""
    return note(f"none, since {reason}")


def are_about_sky(notes: Iterable[str]) -> list[str]:
    """Return those of some notes that are on the sky."""
    return [text for text in notes if text.startswith(NOTE)]


def celestial_axes(header: Any) -> tuple[int, int] | None:
    """Return which axes of a header are longitude and latitude on the sky.

    Returns
    -------
    (int, int) or None
        Counted from 1, the smaller first, whichever of the two it is.
    """
    axes = sky_axes(header)
    return None if axes is None else (axes.first, axes.second)


def celestial_wcs(header: Any) -> Any | None:
    """Return the celestial part of a FITS header's WCS, or None; see `read_sky`."""
    return read_sky(header).wcs


def read_sky(header: Any) -> HeaderSky:
    """Return what a FITS header says of the sky: what astropy makes of it, or nothing.

    A card that is odd costs no more than itself. Distortions are kept that stand in
    the header (SIP, TPV), not those in tables. A pixel has to have a size in which a
    galaxy can be seen.

    Parameters
    ----------
    header : astropy.io.fits.Header

    Returns
    -------
    HeaderSky
        Never raises.
    """
    axes = sky_axes(header)
    if axes is None:
        reason = promise(header)
        return HeaderSky(None, (no_sky(reason),) if reason else ())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _read(header, axes)
    except NoSkyError as error:
        return HeaderSky(None, (no_sky(str(error)),))


def _read(header: Any, axes: SkyAxes) -> HeaderSky:
    found = sky_cards(header, axes)
    try:
        wcs = _as_wcs(found.keys)
        if wcs.has_celestial and axes.sky != "equatorial":
            wcs = turned_to_icrs(wcs, axes.sky)
        corners = wcs.all_pix2world([[0, 0], [1, 1]], 0)
    except NoSkyError:
        raise
    except Exception as error:  # wcslib raises many kinds for a broken header
        raise NoSkyError(_reason(error)) from error
    _check(wcs, corners)
    if axes.alternate:
        found.notes.append(f"they are those of description {axes.alternate}")
    return HeaderSky(wcs, tuple(note(clause) for clause in dict.fromkeys(found.notes)))


def _as_wcs(keys: dict[str, Any]) -> Any:
    from astropy.io.fits import Header
    from astropy.wcs import WCS

    return WCS(Header(list(keys.items())), fix=True)


def _reason(error: Exception) -> str:
    lines = [_WCSLIB.sub("", line).strip() for line in str(error).splitlines()]
    said = next((line for line in reversed(lines) if line), type(error).__name__)
    return f"astropy cannot use the header ({said.rstrip('.')[:120]})"


def _check(wcs: Any, corners: Any) -> None:
    """Refuse what astropy takes and what is no place on the sky of a galaxy."""
    from astropy.wcs.utils import proj_plane_pixel_scales

    if not wcs.has_celestial:
        ctypes = " and ".join(f"{c!r}" for c in wcs.wcs.ctype)
        raise NoSkyError(f"CTYPE {ctypes} are no coordinates that astropy knows")
    if not np.isfinite(corners).all():
        raise NoSkyError("the first pixel has no place on the sky")
    for side in proj_plane_pixel_scales(wcs) * 3600:
        if not is_plausible(side):
            raise NoSkyError(f"its pixel {doubt(float(side))}")


def sky_positions(wcs: Any, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
    """Return (ra, dec) in degrees, shape (n, 2), of pixels counted from 0.

    They are in the header's own frame: ICRS, or FK5, which is 0.02 arcsec away; older
    frames, such as that of 1950, are brought to ICRS. Right ascension comes first
    whatever the header names first.
    """
    xy = np.column_stack([np.atleast_1d(x), np.atleast_1d(y)]).astype(float)
    world = np.asarray(wcs.all_pix2world(xy, 0, ra_dec_order=True))
    return world if _is_modern(wcs) else _to_icrs(wcs, world)


def _is_modern(wcs: Any) -> bool:
    """Tell whether a WCS is in ICRS or in FK5 of 2000, as all but old plates are."""
    frame, equinox = str(wcs.wcs.radesys).strip(), wcs.wcs.equinox
    if frame == "ICRS":
        return True
    return frame in ("", "FK5") and (not isfinite(equinox) or equinox == 2000)


def _to_icrs(wcs: Any, world: NDArray[np.float64]) -> NDArray[np.float64]:
    from astropy.coordinates import SkyCoord
    from astropy.wcs.utils import wcs_to_celestial_frame

    try:
        frame = wcs_to_celestial_frame(wcs)
    except ValueError:  # a frame that astropy does not know
        return world
    found = SkyCoord(world[:, 0], world[:, 1], unit="deg", frame=frame).icrs
    return np.column_stack([found.ra.deg, found.dec.deg])


def pixel_scale(wcs: Any) -> float:
    """Return the geometric mean of the pixel's sides in arcsec."""
    from astropy.wcs.utils import proj_plane_pixel_scales

    return float(np.sqrt(np.prod(proj_plane_pixel_scales(wcs))) * 3600)


def stated_scale(keys: HeaderKeys) -> tuple[float | None, tuple[str, ...]]:
    """Return the arcsec per pixel that a header without WCS states, and notes.

    A unit in the comment counts, where it stands in brackets: ``[arcmin/pixel]``.
    """
    notes: list[str] = []
    for key in _SCALES:
        value = next((v for v in keys.values(key) if as_number(v) is not None), None)
        scale = as_number(value)
        if scale is None:
            continue
        bracket = re.search(r"[\[(]([^\])]+)[\])]", keys.comment(key))
        unit = per_pixel(bracket[1]) if bracket else None
        scale = abs(scale) * (arcsec(unit) if unit is not None else 1.0)
        if is_plausible(scale):
            return scale, tuple(notes)
        if scale:
            notes.append(note(f"{key} = {value} is not used: it {doubt(scale)}"))
    return None, tuple(notes)
