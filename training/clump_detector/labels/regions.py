"""The box around a region, in the pixels of its image or on the sky.

A region on the sky is converted along its outline: `regions` itself fits an ellipse to
it, so the rotation of a square is undefined where pixels are not square.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .coordinates import around, corners_of
from .external import Corners

if TYPE_CHECKING:
    from astropy.coordinates import SkyCoord
    from astropy.wcs import WCS
    from regions import PixelRegion, SkyRegion

#: Points on the outline of an ellipse: the box is too small by less than 1e-4 of it.
_POINTS = 360


def pixel_box(region: PixelRegion) -> Corners | None:
    """Return the box around a region in pixels, or None if it has no area."""
    vertices = getattr(region, "vertices", None)
    if vertices is not None:
        xs, ys = np.atleast_1d(vertices.x), np.atleast_1d(vertices.y)
        return around(list(zip(map(float, xs), map(float, ys), strict=True)))
    centre = getattr(region, "center", None)
    half = _half_sides(region)
    if centre is None or half is None:
        return None
    x, y = float(centre.x), float(centre.y)
    return corners_of((x - half[0], y - half[1], x + half[0], y + half[1]), edges=False)


def _half_sides(region: PixelRegion) -> tuple[float, float] | None:
    """Return half the width and height of the box around a region with a centre."""
    radius = getattr(region, "outer_radius", getattr(region, "radius", None))
    if radius is not None:
        return float(radius), float(radius)
    width = getattr(region, "outer_width", getattr(region, "width", None))
    height = getattr(region, "outer_height", getattr(region, "height", None))
    if width is None or height is None:
        return None
    angle = region.angle.to_value("rad")
    a, b = float(width) / 2, float(height) / 2
    cos, sin = abs(np.cos(angle)), abs(np.sin(angle))
    if "Ellipse" in type(region).__name__:
        return float(np.hypot(a * cos, b * sin)), float(np.hypot(a * sin, b * cos))
    return float(a * cos + b * sin), float(a * sin + b * cos)


def sky_box(region: SkyRegion, wcs: WCS) -> Corners | None:
    """Return the box in pixels around a region on the sky, or None if it has no area.

    Parameters
    ----------
    region : regions.SkyRegion
    wcs : astropy.wcs.WCS
        Celestial, with two axes.
    """
    from astropy.wcs import NoConvergence

    outline = _sky_outline(region)
    if outline is None:
        return None
    try:
        x, y = outline.to_pixel(wcs, origin=0, mode="all")
    except NoConvergence:  # too far outside a distorted image
        return None
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return None
    return around([*zip(map(float, x), map(float, y), strict=True)])


def _sky_outline(region: SkyRegion) -> SkyCoord | None:
    """Return points on the sky along a region, or None if it has no area."""
    import astropy.units as u

    vertices = getattr(region, "vertices", None)
    if vertices is not None:
        return vertices
    half = _half_axes(region)
    if getattr(region, "center", None) is None or half is None:
        return None
    if "Rectangle" in type(region).__name__:
        along = half[0] * np.array([-1, 1, 1, -1])
        across = half[1] * np.array([-1, -1, 1, 1])
    else:
        around_it = np.linspace(0, 2 * np.pi, _POINTS, endpoint=False)
        along, across = half[0] * np.cos(around_it), half[1] * np.sin(around_it)
    # `regions` counts angles from West through North, as on an image with North up.
    turn = region.angle.to_value("rad") if hasattr(region, "angle") else 0.0
    west = along * np.cos(turn) - across * np.sin(turn)
    north = along * np.sin(turn) + across * np.cos(turn)
    return region.center.directional_offset_by(
        np.arctan2(-west, north) * u.rad, np.hypot(west, north) * u.arcsec
    )


def _half_axes(region: SkyRegion) -> tuple[float, float] | None:
    """Return half the width and height of a region on the sky in arcsec."""
    radius = getattr(region, "outer_radius", getattr(region, "radius", None))
    width = getattr(region, "outer_width", getattr(region, "width", radius))
    height = getattr(region, "outer_height", getattr(region, "height", radius))
    if width is None or height is None:
        return None
    share = 1.0 if radius is not None else 0.5
    a, b = (share * float(v.to_value("arcsec")) for v in (width, height))
    return (a, b) if np.isfinite([a, b]).all() and min(a, b) > 0 else None
