"""The light of a host where a clump is: what a picture shows once the clump is gone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from clump_detector.core.arrays import Floats, Mask
from clump_detector.photometry.aperture.background import SIGMA_PER_MAD

Picture = NDArray[np.uint8]

#: What is replaced reaches so many FWHM beyond the box's sides.
BEYOND = 0.5

#: The ring whose light is taken for the host's reaches to so many times that ellipse.
RING = 2.0

#: The replaced light passes into the picture's own between these radii of the ellipse.
FULL, NONE = 0.85, 1.15

#: A pixel of the ring so many standard deviations off the others is no host light.
CLIPPED, ROUNDS = 2.5, 6

#: Fewest pixels of a ring for each coefficient of the surface that is fitted to it.
_PER_COEFFICIENT = 6

#: Powers of x and y of surfaces of degree 0, 1 and 2.
_POWERS = ((0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2))
_COEFFICIENTS = (6, 3, 1)


@dataclass(frozen=True)
class _Window:
    """The pixels about an ellipse, as coordinates in units of its semi-axes.

    Attributes
    ----------
    rows, columns : slice
        Of the picture.
    u, v : array of shape (height, width)
        From the centre, in semi-axes along x and y.
    """

    rows: slice
    columns: slice
    u: Floats
    v: Floats

    @property
    def across(self) -> float:
        """Semi-axes along x from one column to the next."""
        return _step(self.u[0])

    @property
    def down(self) -> float:
        """Semi-axes along y from one row to the next."""
        return _step(self.v[:, 0])

    @property
    def radius(self) -> Floats:
        """Distance from the centre; 1 on the ellipse."""
        return np.hypot(self.u, self.v)


def without_clump(
    picture: Picture,
    box: Floats,
    fwhm: float,
    channels: tuple[int, ...] = (0, 1, 2),
) -> Picture:
    """Return a picture in which the host's light stands where a box is.

    A surface of second degree is fitted to the ring about the box, other clumps left
    out. It gets the ring's own noise, moved inwards: a model would notice a place
    without any.

    Parameters
    ----------
    picture : uint8 array of shape (height, width, 3)
    box : array of shape (4,)
        Corners in pixels, counted from the first one's edge.
    fwhm : float
        FWHM of the PSF in pixels.
    channels : tuple of int
        In which of red (0), green (1) and blue (2) the clump is replaced.
    """
    window = _window(picture.shape[:2], box, fwhm)
    radius = window.radius
    ring = (radius > 1) & (radius <= RING)
    share = np.clip((NONE - radius) / (NONE - FULL), 0, 1)
    result = picture.copy()
    part = result[window.rows, window.columns]
    for channel in channels:
        values = part[..., channel].astype(float)
        known = ring if ring.any() else np.ones_like(ring)
        surface, kept = _surface(values, window, known)
        noise = grain(np.where(kept, values - surface, 0.0), fwhm)
        host = surface + _moved_in(noise, window)
        mixed = share * host + (1 - share) * values
        part[..., channel] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
    return result


def grain(values: Floats, fwhm: float) -> Floats:
    """Return what varies faster than the PSF: the noise, without any structure.

    Parameters
    ----------
    values : array of shape (height, width)
    fwhm : float
        FWHM of the PSF in pixels.
    """
    return np.asarray(values - gaussian_filter(values, 0.5 * fwhm, mode="nearest"))


def _window(shape: tuple[int, int], box: Floats, fwhm: float) -> _Window:
    """Return the pixels about a box's ellipse, its ring included."""
    x, y = (box[0] + box[2]) / 2 - 0.5, (box[1] + box[3]) / 2 - 0.5
    a = (box[2] - box[0]) / 2 + BEYOND * fwhm
    b = (box[3] - box[1]) / 2 + BEYOND * fwhm
    left, right = _span(x, RING * a, shape[1])
    top, bottom = _span(y, RING * b, shape[0])
    v, u = np.mgrid[top:bottom, left:right].astype(float)
    return _Window(slice(top, bottom), slice(left, right), (u - x) / a, (v - y) / b)


def _span(centre: float, reach: float, length: int) -> tuple[int, int]:
    low = min(max(int(np.floor(centre - reach)), 0), length - 1)
    high = max(min(int(np.ceil(centre + reach)) + 1, length), low + 1)
    return low, high


def _surface(values: Floats, window: _Window, known: Mask) -> tuple[Floats, Mask]:
    """Fit a surface to known pixels; return it everywhere, and the pixels it is of."""
    u, v = window.u, window.v
    # Where the picture's edge cuts the ring, a curved surface would run away.
    whole = known.sum() >= 0.8 * np.pi * (RING**2 - 1) / (window.across * window.down)
    choices = _COEFFICIENTS if whole else _COEFFICIENTS[1:]
    n = next((k for k in choices if known.sum() >= _PER_COEFFICIENT * k), 1)
    terms = np.stack([u**i * v**j for i, j in _POWERS[:n]], axis=-1)
    kept = known
    for _ in range(ROUNDS):
        found, *_ = np.linalg.lstsq(terms[kept], values[kept], rcond=None)
        surface = terms @ found
        off = values - surface
        middle = float(np.median(off[kept]))
        spread = SIGMA_PER_MAD * float(np.median(np.abs(off[kept] - middle)))
        near = known & (np.abs(off - middle) <= CLIPPED * max(spread, 0.5))
        if near.sum() < _PER_COEFFICIENT * n or (near == kept).all():
            break
        kept = near
    return surface, kept


def _step(along: Floats) -> float:
    """Return the difference of neighbouring coordinates; 1 where there is only one."""
    return float(along[1] - along[0]) if len(along) > 1 else 1.0


def _moved_in(noise: Floats, window: _Window) -> Floats:
    """Return the noise of a ring, moved into the inside of its ellipse.

    The right half of the inside takes it from one semi-axis further right, the left
    half from further left, which is within the ring for each of its pixels.
    """
    height, width = noise.shape
    rows = np.arange(height)[:, None]
    columns = np.arange(width)
    step = max(round(1 / abs(window.across)), 1)
    inside = window.radius <= NONE
    moved = columns + np.where(window.u[0] >= 0, step, -step)
    # At the picture's edge there is a ring on one side only.
    moved = np.where((moved < 0) | (moved >= width), 2 * columns - moved, moved)
    there = noise[rows, np.clip(moved, 0, width - 1)]
    return np.where(inside, there, 0.0)
