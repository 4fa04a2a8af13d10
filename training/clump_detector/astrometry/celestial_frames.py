"""Conversion of a WCS in galactic or ecliptic coordinates to one in ICRS.

These frames are rotated rigidly against ICRS, and so is the native sphere of a
projection against either: Calabretta & Greisen (2002, A&A 395, 1077), section 2.4. The
converted WCS gives each pixel the same position on the sky.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from astropy.coordinates import BaseCoordinateFrame
    from astropy.wcs import WCS

#: Unit vectors as rows, of shape (n, 3), or a matrix of such.
Vectors = NDArray[np.float64]

#: Degrees, of shape (n,).
Angles = NDArray[np.float64]


def turned_to_icrs(wcs: WCS, sky: str) -> WCS:
    """Return a WCS of another frame as one in ICRS, with the same pixels and axes.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        Celestial, with two axes.
    sky : str
        The frame, one of the values of `header_cards.SKIES`.

    Returns
    -------
    astropy.wcs.WCS
    """
    from_native = _from_native(wcs, _frame(wcs, sky))
    pole_ra, pole_dec = _angles(from_native[:, 2])
    lonpole, _ = _angles(
        from_native[2]
    )  # of the north pole of ICRS in the native frame
    prm = wcs.wcs
    origin = _vectors(np.array([prm.phi0]), np.array([prm.theta0]))[0]
    ra, dec = _angles(from_native @ origin)
    if prm.theta0 == 90:
        ra, dec = pole_ra, pole_dec
    turned = wcs.deepcopy()
    ctype, crval = list(prm.ctype), [0.0, 0.0]
    ctype[prm.lng] = "RA--" + ctype[prm.lng][4:]
    ctype[prm.lat] = "DEC-" + ctype[prm.lat][4:]
    crval[prm.lng], crval[prm.lat] = ra, dec
    turned.wcs.ctype, turned.wcs.crval = ctype, crval
    # As parameters of the longitude they would take precedence over LONPOLE.
    turned.wcs.set_pv([pv for pv in prm.get_pv() if pv[0] == prm.lat + 1])
    turned.wcs.lonpole, turned.wcs.latpole = lonpole, pole_dec
    turned.wcs.radesys, turned.wcs.equinox = "ICRS", np.nan
    turned.wcs.set()
    return turned


def _frame(wcs: WCS, sky: str) -> BaseCoordinateFrame:
    from astropy.coordinates import BarycentricMeanEcliptic, Galactic, Supergalactic

    if sky == "galactic":
        return Galactic()
    if sky == "supergalactic":
        return Supergalactic()
    equinox = wcs.wcs.equinox
    return BarycentricMeanEcliptic(
        equinox=f"J{equinox:.6f}" if np.isfinite(equinox) else "J2000"
    )


def _from_native(wcs: WCS, frame: BaseCoordinateFrame) -> Vectors:
    """Return the matrix that rotates native unit vectors to those of ICRS.

    It follows from two positions about a degree apart.
    """
    from astropy.coordinates import SkyCoord

    prm = wcs.wcs
    steps = 1 / np.abs(np.linalg.eigvals(prm.get_pc() * prm.get_cdelt()[:, None]))
    pixels = prm.crpix + np.array([[0.3, 0.5], [-0.5, 0.2]]) * steps.min()
    found = prm.p2s(pixels, 1)
    native = _vectors(found["phi"], found["theta"])
    lon, lat = found["world"][:, prm.lng], found["world"][:, prm.lat]
    there = SkyCoord(lon, lat, unit="deg", frame=frame).icrs
    return _triad(_vectors(there.ra.deg, there.dec.deg)) @ _triad(native).T


def _triad(two: Vectors) -> Vectors:
    """Return the three orthogonal vectors, in columns, that two vectors define."""
    first = two[0]
    third = np.cross(two[0], two[1])
    third /= np.linalg.norm(third)
    return np.column_stack([first, np.cross(third, first), third])


def _vectors(lon: Angles, lat: Angles) -> Vectors:
    lon, lat = np.radians(lon), np.radians(lat)
    return np.column_stack(
        [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]
    )


def _angles(vector: Vectors) -> tuple[float, float]:
    x, y, z = (float(v) for v in vector)
    return float(np.degrees(np.arctan2(y, x)) % 360), float(
        np.degrees(np.arctan2(z, np.hypot(x, y)))
    )
