"""The directions of isophotes on the sky."""

from __future__ import annotations

import numpy as np

from clump_detector.astrometry.wcs import sky_positions
from clump_detector.core.arrays import Floats
from clump_detector.images.cutout import Cutout

from .ellipses import Isophotes


def position_angles(cutout: Cutout, found: Isophotes) -> Floats:
    """Return the angles of the major axes on the sky, in degrees from 0 to 180.

    Parameters
    ----------
    cutout : Cutout
    found : Isophotes

    Returns
    -------
    array of shape (n,)
        From North over East; NaN without a WCS.
    """
    shapes = found.shapes
    if cutout.wcs is None:
        return np.full(len(shapes.radii), np.nan)
    x = np.append(shapes.x, shapes.x + np.cos(shapes.angle))
    y = np.append(shapes.y, shapes.y + np.sin(shapes.angle))
    ra, dec = np.radians(sky_positions(cutout.wcs, x, y)).T
    east = (ra[1:] - ra[0] + np.pi) % (2 * np.pi) - np.pi
    north = dec[1:] - dec[0]
    return np.asarray(np.degrees(np.arctan2(east * np.cos(dec[0]), north)) % 180)
