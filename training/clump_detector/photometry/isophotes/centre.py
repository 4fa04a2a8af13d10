"""Where the isophotes of a galaxy have their centre."""

from __future__ import annotations

import math
import warnings

import numpy as np

from clump_detector.core.arrays import Floats, Mask
from clump_detector.photometry.aperture.psf import SIGMA_PER_FWHM
from clump_detector.photometry.host import Host

#: The nucleus is looked for within so many FWHM of the middle of the light.
NUCLEUS_WITHIN = 2.0


def nucleus_of(
    plane: Floats, hidden: Mask, host: Host, fwhm: float, step: int
) -> tuple[float, float]:
    """Return a galaxy's centre, in pixels of the image.

    The mean of all its light, or the peak near it: that about which the inner galaxy
    is more symmetric. The mean is beside the nucleus of a lopsided galaxy, and the peak
    may be a knot of an arm.

    Parameters
    ----------
    plane : array of shape (rows, columns)
        Light above the sky in blocks.
    hidden : bool array of shape (rows, columns)
        What is not the galaxy.
    host : Host
    fwhm : float
        Of the PSF in pixels.
    step : int
        Pixels along a block's side.
    """
    from photutils.centroids import centroid_quadratic
    from scipy import ndimage

    narrow = fwhm / step
    smooth = ndimage.gaussian_filter(plane, 0.7 * narrow * SIGMA_PER_FWHM)
    rows, columns = np.arange(plane.shape[0])[:, None], np.arange(plane.shape[1])
    x, y = ((v + 0.5) / step - 0.5 for v in (host.x, host.y))
    near = (np.hypot(columns - x, rows - y) <= NUCLEUS_WITHIN * narrow) & ~hidden
    if not near.any():
        return host.x, host.y
    peak = int(np.where(near, smooth, -np.inf).argmax())
    row, column = np.unravel_index(peak, smooth.shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # photutils warns where there is no top
        found = centroid_quadratic(smooth, xpeak=int(column), ypeak=int(row))
    if not np.isfinite(found).all() or np.hypot(*(found - (column, row))) > 1:
        found = np.array([column, row], dtype=float)
    reach = max(NUCLEUS_WITHIN * fwhm, host.radius / 2) / step
    middle = ((host.x + 0.5) / step - 0.5, (host.y + 0.5) / step - 0.5)
    peak_xy = (float(found[0]), float(found[1]))
    best = min((middle, peak_xy), key=lambda xy: _asymmetry(smooth, hidden, xy, reach))
    x, y = ((v + 0.5) * step - 0.5 for v in best)
    return x, y


def _asymmetry(
    plane: Floats, hidden: Mask, centre: tuple[float, float], reach: float
) -> float:
    """Return by what share light differs from that opposite a centre, as in CAS."""
    from scipy import ndimage

    x, y = centre
    offsets = np.arange(-int(reach) - 1, int(reach) + 2)
    dx, dy = np.meshgrid(offsets, offsets)
    inside = np.hypot(dx, dy) <= reach + 1
    dx, dy = dx[inside], dy[inside]

    def at(image: Floats, sign: int) -> Floats:
        where = [y + sign * dy, x + sign * dx]
        return np.asarray(ndimage.map_coordinates(image, where, order=1))

    gone = hidden.astype(float)
    seen = (at(gone, 1) < 0.5) & (at(gone, -1) < 0.5)
    if not seen.any():
        return math.inf
    light, opposite = at(plane, 1)[seen], at(plane, -1)[seen]
    return float(np.abs(light - opposite).sum() / max(np.abs(light).sum(), 1e-12))
