"""Sky coordinates of a cutout: astropy's WCS, with pixels counted from 0."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clump_detector.core.fits_header import AnyHeader, HeaderKeys, as_number

from .angular_units import arcsec, per_pixel
from .celestial_frames import turned_to_icrs
from .header_cards import NoSkyError, SkyAxes, promise, sky_axes, sky_cards
from .pixel_scale import doubt, is_plausible

if TYPE_CHECKING:
    from astropy.wcs import WCS

#: The beginning of every note on the sky, which tells it from other notes.
NOTE = "Sky coordinates: "

#: Keys of the arcsec per pixel of a header without WCS.
_SCALES = ("PIXSCALE", "PIXSCAL", "PIXSCAL1", "SECPIX", "SECPIX1")

#: The reference to its own source with which wcslib begins a message.
_WCSLIB = re.compile(r"ERROR \d+ in \w+\(\) at line \d+ of file \S+:\s*")


@dataclass(frozen=True)
class HeaderSky:
    """The sky coordinates of a header.

    Attributes
    ----------
    wcs : astropy.wcs.WCS or None
        Two axes, in the header's order, also where the header belongs to a cube.
        Galactic, ecliptic and supergalactic coordinates are converted to ICRS.
    notes : tuple of str
        Why there is no WCS although the header seems to have one; or what was left
        out, guessed or replaced. Sentences that begin with `NOTE`.
    """

    wcs: WCS | None = None
    notes: tuple[str, ...] = ()


def note(clause: str) -> str:
    """Return a clause as a sentence on the sky."""
    return f"{NOTE}{clause}."


def no_sky(reason: str) -> str:
    """Return the sentence on why there are no sky coordinates."""
    return note(f"none, since {reason}")


def are_about_sky(notes: Iterable[str]) -> list[str]:
    """Return those notes that are about sky coordinates."""
    return [text for text in notes if text.startswith(NOTE)]


def celestial_axes(header: AnyHeader) -> tuple[int, int] | None:
    """Return which axes of a header are longitude and latitude on the sky.

    Returns
    -------
    (int, int) or None
        Counted from 1, the smaller number first.
    """
    axes = sky_axes(header)
    return None if axes is None else (axes.first, axes.second)


def celestial_wcs(header: AnyHeader) -> WCS | None:
    """Return the celestial part of a FITS header's WCS, or None; see `read_sky`."""
    return read_sky(header).wcs


def read_sky(header: AnyHeader) -> HeaderSky:
    """Return the sky coordinates of a FITS header, as astropy reads them.

    Of unusable cards that are not essential only themselves are dropped. Distortions
    given in the header (SIP, TPV) are kept, those in tables are not. The pixel scale
    has to be plausible; see `pixel_scale`.

    Parameters
    ----------
    header : astropy.io.fits.Header

    Returns
    -------
    HeaderSky
        Without a WCS where there is none; nothing is raised.
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


def _read(header: AnyHeader, axes: SkyAxes) -> HeaderSky:
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


def _as_wcs(keys: dict[str, str | float]) -> WCS:
    from astropy.io.fits import Header
    from astropy.wcs import WCS

    return WCS(Header(list(keys.items())), fix=True)


def _reason(error: Exception) -> str:
    lines = [_WCSLIB.sub("", line).strip() for line in str(error).splitlines()]
    cause = next((line for line in reversed(lines) if line), type(error).__name__)
    return f"astropy cannot use the header ({cause.rstrip('.')[:120]})"


def _check(wcs: WCS, corners: NDArray[np.float64]) -> None:
    """Refuse a WCS that astropy accepts but that cannot be that of a galaxy's image."""
    from astropy.wcs.utils import proj_plane_pixel_scales

    if not wcs.has_celestial:
        ctypes = " and ".join(f"{c!r}" for c in wcs.wcs.ctype)
        raise NoSkyError(f"CTYPE {ctypes} are not coordinates that astropy knows")
    if not np.isfinite(corners).all():
        raise NoSkyError("the first pixel has no position on the sky")
    for side in proj_plane_pixel_scales(wcs) * 3600:
        if not is_plausible(side):
            raise NoSkyError(f"its pixel {doubt(float(side))}")


def sky_positions(wcs: WCS, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
    """Return the sky positions of pixels.

    They are in the header's own frame if that is ICRS or FK5 of 2000, which differ by
    0.02 arcsec; older frames, such as that of 1950, are converted to ICRS.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        Celestial, with two axes.
    x, y : array_like of shape (n,) or float
        Pixels, counted from 0 at the centre of the first one.

    Returns
    -------
    array of shape (n, 2)
        Right ascension and declination in degrees, in this order also where the header
        names declination first.
    """
    xy = np.column_stack([np.atleast_1d(x), np.atleast_1d(y)]).astype(float)
    world = np.asarray(wcs.all_pix2world(xy, 0, ra_dec_order=True))
    return world if _is_modern(wcs) else _to_icrs(wcs, world)


def _is_modern(wcs: WCS) -> bool:
    """Return whether a WCS is in ICRS or in FK5 of 2000, as all but old plates are."""
    frame, equinox = str(wcs.wcs.radesys).strip(), wcs.wcs.equinox
    if frame == "ICRS":
        return True
    return frame in ("", "FK5") and (not isfinite(equinox) or equinox == 2000)


def _to_icrs(wcs: WCS, world: NDArray[np.float64]) -> NDArray[np.float64]:
    from astropy.coordinates import SkyCoord
    from astropy.wcs.utils import wcs_to_celestial_frame

    try:
        frame = wcs_to_celestial_frame(wcs)
    except ValueError:  # a frame that astropy does not know
        return world
    found = SkyCoord(world[:, 0], world[:, 1], unit="deg", frame=frame).icrs
    return np.column_stack([found.ra.deg, found.dec.deg])


def pixel_scale(wcs: WCS) -> float:
    """Return the geometric mean of a pixel's side lengths in arcsec."""
    from astropy.wcs.utils import proj_plane_pixel_scales

    return float(np.sqrt(np.prod(proj_plane_pixel_scales(wcs))) * 3600)


def stated_scale(keys: HeaderKeys) -> tuple[float | None, tuple[str, ...]]:
    """Return the arcsec per pixel that a header without WCS states, and notes.

    A unit in brackets in the comment is used: ``[arcmin/pixel]``.
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
