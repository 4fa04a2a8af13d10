"""Sky coordinates of a cutout: astropy's WCS, with pixels counted from 0."""

from __future__ import annotations

import re
import warnings
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .headers import Keys, as_number, value_of

#: Axes of an array that are looked at.
_MOST_AXES = 6

#: Keys of one axis, of a pair of axes, and of a parameter of an axis.
_KEY = re.compile(
    r"(CTYPE|CUNIT|CRVAL|CRPIX|CDELT|CROTA)(\d)|(CD|PC)(\d)_(\d)|PV(\d)_(\d\d?)"
)
_SHARED = ("LONPOLE", "LATPOLE", "RADESYS", "RADECSYS", "EQUINOX", "EPOCH")
_SIP = re.compile(r"[AB]P?_(\d)_(\d)")

#: Polynomials of a higher order are no distortion of a camera.
_MOST_ORDER = 9


def celestial_axes(header: Any) -> tuple[int, int] | None:
    """Return which axes of a header are right ascension and declination.

    Returns
    -------
    (int, int) or None
        Counted from 1, the smaller first, whichever of the two it is.
    """
    kinds = {
        i: str(value_of(header, f"CTYPE{i}") or "").upper()[:4].strip("-")
        for i in range(1, _MOST_AXES + 1)
    }
    found = [i for i, kind in kinds.items() if kind in ("RA", "DEC")]
    if len(found) != 2 or kinds[found[0]] == kinds[found[1]]:
        return None
    return found[0], found[1]


def celestial_wcs(header: Any) -> Any | None:
    """Return the celestial part of a FITS header's WCS, or None.

    Parameters
    ----------
    header : astropy.io.fits.Header

    Returns
    -------
    astropy.wcs.WCS or None
        Two axes, in the header's order, also where the header belongs to a cube.
        Distortions are kept that stand in the header (SIP, TPV), not those in tables.
    """
    from astropy.wcs import WCS

    axes = celestial_axes(header)
    keys = None if axes is None else _celestial_keys(header, axes)
    if keys is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            wcs = WCS(_as_header(keys), naxis=2, fix=True)
            usable = (
                wcs.has_celestial
                and np.isfinite(wcs.all_pix2world([[0, 0], [1, 1]], 0)).all()
            )
        except Exception:  # wcslib raises many kinds for a broken header
            return None
    return wcs if usable else None


def _celestial_keys(header: Any, axes: tuple[int, int]) -> dict[str, Any] | None:
    """Return the keys of two axes as those of axes 1 and 2, or None if one is broken.

    wcslib makes room for whatever number of axes or order of polynomial a header
    claims, and takes words for 0: every position would be wrong without a word.
    """
    new = {str(axis): str(i) for i, axis in enumerate(axes, start=1)}
    keys: dict[str, Any] = {}
    for key in list(header.keys()):
        name = _renamed(key, new)
        if name is None or name in keys:
            continue
        value = value_of(header, key)
        if not name.startswith(("CTYPE", "CUNIT", "RADE")):
            value = as_number(value) if not isinstance(value, str) else None
            if value is None:
                return None
        if value is not None:
            keys[name] = value
    keys.update(_sip_keys(header, keys))
    return keys


def _renamed(key: str, new: dict[str, str]) -> str | None:
    if key in _SHARED:
        return key
    found = _KEY.fullmatch(key)
    if found is None:
        return None
    one, axis, two, row, column, of, parameter = found.groups()
    if one:
        return f"{one}{new[axis]}" if axis in new else None
    if two:
        known = row in new and column in new
        return f"{two}{new[row]}_{new[column]}" if known else None
    return f"PV{new[of]}_{parameter}" if of in new else None


def _sip_keys(header: Any, keys: dict[str, Any]) -> dict[str, Any]:
    """Return the keys of a SIP distortion, or none where there is no usable one."""
    if not str(keys.get("CTYPE1", "")).endswith("-SIP"):
        return {}
    orders = {f"{k}_ORDER": value_of(header, f"{k}_ORDER") for k in ("A", "B")}
    for k in ("AP", "BP"):
        order = value_of(header, f"{k}_ORDER")
        if order is not None:
            orders[f"{k}_ORDER"] = order
    if not all(isinstance(n, int) and 1 <= n <= _MOST_ORDER for n in orders.values()):
        return {}
    terms = {
        key: as_number(value_of(header, key))
        for key in list(header.keys())
        if _SIP.fullmatch(key)
    }
    return {**orders, **{key: n for key, n in terms.items() if n is not None}}


def _as_header(keys: dict[str, Any]) -> Any:
    from astropy.io.fits import Header

    return Header(list(keys.items()))


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


def stated_scale(keys: Keys) -> float | None:
    """Return the arcsec per pixel that a header without WCS states, or None."""
    scale = keys.number("PIXSCALE", "PIXSCAL", "PIXSCAL1", "SECPIX", "SECPIX1")
    return scale if scale is not None and 0.005 < scale < 30 else None
