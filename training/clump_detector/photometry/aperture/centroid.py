"""Where in its box a clump is: the top of a paraboloid through its smoothed peak."""

from __future__ import annotations

import warnings

import numpy as np

from clump_detector.core.arrays import Floats

from .annulus import fit_planes
from .background import medians, spreads
from .psf import ANNULUS, SIGMA_PER_FWHM
from .stamp import Stamp

#: The peak is looked for within the inner half of the box: farther out begins the
#: light of others.
INNER = 0.5

#: A clump below this signal-to-noise ratio over all bands has no position of its own:
#: its peak would be one of the noise.
LEAST_SIGNAL = 3.0

#: The image is smoothed by this share of the PSF, so that noise makes few peaks.
SMOOTHED = 0.7


def find_centre(
    stamp: Stamp, fwhm: float, size: tuple[float, float]
) -> tuple[float, float] | None:
    """Return the offset x, y of a clump from the middle of its box, or None.

    Parameters
    ----------
    stamp : Stamp
        Around the middle of the box.
    fwhm : float
        Of the PSF in pixels.
    size : (float, float)
        Width and height of the box.

    Returns
    -------
    (float, float) or None
        None where no peak is found within the inner half of the box.
    """
    from scipy import ndimage

    image = _combined(stamp, fwhm)
    if image is None:
        return None
    sigma = SMOOTHED * fwhm * SIGMA_PER_FWHM
    known = np.asarray(np.isfinite(stamp.planes).any(axis=0))
    smooth = ndimage.gaussian_filter(image, sigma)
    if not known.all():  # what is not known is no darkness
        weight = ndimage.gaussian_filter(known.astype(float), sigma)
        smooth = np.where(known, smooth / np.maximum(weight, 1e-3), 0.0)
    reach = [max(INNER * side / 2, 1.0) for side in size]
    inside = (np.abs(stamp.dx) <= reach[0]) & (np.abs(stamp.dy) <= reach[1])
    peak = int(np.where(inside, smooth, -np.inf).argmax())
    row, column = np.unravel_index(peak, smooth.shape)
    half = max(round(fwhm / 2), 1)
    around = (
        slice(row - half, row + half + 1),
        slice(column - half, column + half + 1),
    )
    part = smooth[around]
    if part.shape != (2 * half + 1, 2 * half + 1) or not known[around].all():
        return None
    top = _top(part, half)
    if top is None:
        return None
    x = float(stamp.dx[row, column]) + top[0]
    y = float(stamp.dy[row, column]) + top[1]
    if abs(x) > reach[0] + 0.5 or abs(y) > reach[1] + 0.5:
        return None
    return x, y


def _combined(stamp: Stamp, fwhm: float) -> Floats | None:
    """Return the bands added up so that the clump stands out most, without a slope.

    A band counts with the clump's light in it over its noise's variance.
    """
    far = stamp.distance / fwhm
    ring = (far >= ANNULUS[0]) & (far <= ANNULUS[1])
    disc = far <= 1.0
    around = stamp.planes[:, ring]
    if (np.isfinite(around).sum(axis=1) < 8).all() or not disc.any():
        return None
    planes = fit_planes(around, stamp.dx[ring], stamp.dy[ring])
    shape = np.stack([np.ones_like(stamp.dx), stamp.dx, stamp.dy])
    above = stamp.planes - np.tensordot(planes, shape, 1)
    above -= medians(above[:, ring])[:, None, None]
    noise = spreads(above[:, ring])
    above = np.where(np.isfinite(above), above, 0.0)
    light = above[:, disc].sum(axis=1)
    usable = np.isfinite(noise) & (noise > 0)
    if not usable.any():
        return above.sum(axis=0) if light.sum() > 0 else None
    weight = np.where(usable, np.clip(light, 0, None) / np.where(usable, noise, 1), 0)
    signal = float(np.sqrt((weight**2).sum() / disc.sum()))
    if signal < LEAST_SIGNAL:
        return None
    weight /= np.where(usable, noise, 1)
    return np.asarray(np.tensordot(weight / weight.max(), above, 1))


def _top(part: Floats, half: int) -> tuple[float, float] | None:
    """Return the offset of the top from the middle pixel, or None if it has none."""
    from photutils.centroids import centroid_quadratic

    if int(part.argmax()) != half * part.shape[1] + half:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # photutils warns where there is no top
        x, y = centroid_quadratic(part, fit_boxsize=2 * half + 1)
    if not (np.isfinite(x) and np.isfinite(y)):
        return None
    if max(abs(x - half), abs(y - half)) > half:
        return None
    return float(x - half), float(y - half)
