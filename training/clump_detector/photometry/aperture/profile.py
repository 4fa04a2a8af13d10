"""The smooth light of a galaxy: medians on ellipses around its centre.

A galaxy's light falls steeply and is hollow, as an exponential is: the mean of an
annulus is above the light in its middle, by 5 to 10 % of that light where the disc's
scale is two FWHM. Without the smooth light that difference is gone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import BandArray, Floats, Mask

from .background import medians, spreads
from .downsample import Coarse

#: Ellipses' semi-major axes grow by this factor from one to the next.
_GROWTH = 1.15

#: About this many pixels are used, and all of those this near to the core.
_ENOUGH, _NEAR = 6_000, 5.0

#: An ellipse of fewer pixels than this has no median of its own.
_LEAST = 12

#: What is this many sigma above a ring's median is taken for a clump and left out.
CLUMPY = 2.0

#: A galaxy flatter than this is taken to be this flat: the PSF makes all rounder.
_FLATTEST = 0.15


#: Positions or offsets along one axis of an image.
Pixels: TypeAlias = NDArray[np.floating] | float


@dataclass(frozen=True)
class Profile:
    """A galaxy's light on ellipses.

    Attributes
    ----------
    x, y : float
        Centre in pixels.
    ratio : float
        Minor over major axis.
    angle : float
        Of the major axis from the columns' direction, in radians.
    radii : array of shape (n,)
        Semi-major axes in pixels.
    light : array of shape (bands, n)
        Median light per pixel, units of the pixels.
    core : float
        Within this semi-major axis the galaxy is not distinguished from a clump on
        its nucleus.
    """

    x: float
    y: float
    ratio: float
    angle: float
    radii: Floats
    light: Floats
    core: float

    def around(self, position: tuple[float, float], x: Pixels, y: Pixels) -> Floats:
        """Return the galaxy's light around a clump.

        For a clump on the nucleus the core is as bright as its rim: all that is there
        above it may be the clump's.

        Parameters
        ----------
        position : (float, float)
            Position x, y of the clump in pixels.
        x, y : array
            Positions in pixels where the light is wanted.

        Returns
        -------
        array of shape (bands, ...)
            Light per pixel.
        """
        radius = self._radius(x, y)
        if self._radius(*position) < self.core:
            radius = np.maximum(radius, self.core)
        return self._light_at(radius)

    def light_at(self, x: Pixels, y: Pixels) -> Floats:
        """Return the galaxy's light, that of its nucleus included.

        Parameters
        ----------
        x, y : array
            Positions in pixels.

        Returns
        -------
        array of shape (bands, ...)
            Light per pixel.
        """
        return self._light_at(self._radius(x, y))

    def _light_at(self, radius: Floats) -> Floats:
        return np.stack([np.interp(radius, self.radii, light) for light in self.light])

    def enlarged(self, coarse: Coarse) -> Profile:
        """Return the profile in the image's pixels of one in blocks."""
        x, y = coarse.position(self.x, self.y)
        return replace(
            self, x=x, y=y, radii=self.radii * coarse.step, core=self.core * coarse.step
        )

    def _radius(self, x: Pixels, y: Pixels) -> Floats:
        return semi_major(x - self.x, y - self.y, self.ratio, self.angle)


def semi_major(dx: Pixels, dy: Pixels, ratio: float, angle: float) -> Floats:
    """Return the semi-major axis of the ellipse through each position, in pixels.

    Parameters
    ----------
    dx, dy : array
        Offsets from the centre in pixels.
    ratio : float
        Minor over major axis.
    angle : float
        Of the major axis from the columns' direction, in radians.
    """
    cos, sin = np.cos(angle), np.sin(angle)
    along, across = dx * cos + dy * sin, dy * cos - dx * sin
    return np.asarray(np.hypot(along, across / ratio))


def shape_of(own: Mask) -> tuple[float, float]:
    """Return axis ratio and angle of a segment, from its pixels' second moments."""
    rows, columns = np.nonzero(own)
    x, y = columns - columns.mean(), rows - rows.mean()
    # A pixel's own width, or a line would have no width at all.
    xx, yy, xy = (x * x).mean() + 1 / 12, (y * y).mean() + 1 / 12, (x * y).mean()
    root = np.hypot((xx - yy) / 2, xy)
    ratio = np.sqrt(((xx + yy) / 2 - root) / ((xx + yy) / 2 + root))
    return float(max(ratio, _FLATTEST)), float(np.arctan2(2 * xy, xx - yy) / 2)


def measure_profile(
    planes: BandArray,
    own: Mask,
    others: Mask,
    x: float,
    y: float,
    core: float,
    reach: float,
) -> Profile | None:
    """Measure the medians on ellipses; None of a speck.

    Parameters
    ----------
    planes : array of shape (bands, height, width)
    own, others : bool array of shape (height, width)
        The galaxy's segment, and those of other sources.
    x, y : float
        Its centre.
    core, reach : float
        `Profile.core`, and out to which semi-major axis it is measured.
    """
    ratio, angle = shape_of(own)
    height, width = own.shape
    left, right = max(int(x - reach), 0), min(int(x + reach) + 1, width)
    top, bottom = max(int(y - reach), 0), min(int(y + reach) + 1, height)
    part = (slice(top, bottom), slice(left, right))
    far = semi_major(
        np.arange(left, right, dtype=np.float32) - np.float32(x),
        (np.arange(top, bottom, dtype=np.float32) - np.float32(y))[:, None],
        ratio,
        angle,
    )
    wanted = (far <= reach) & ~others[part]
    step = int(np.sqrt(np.pi * reach**2 * ratio / _ENOUGH))
    if step > 1:  # every pixel near the core, and some of those around
        some = np.zeros_like(wanted)
        some[::step, ::step] = True
        wanted &= some | (far <= core + _NEAR)
    if wanted.sum() < 4 * _LEAST:
        return None
    radius = far[wanted]
    values = planes[:, part[0], part[1]][:, wanted].astype(np.float64)
    ring = np.floor(np.log(np.maximum(radius, 1)) / np.log(_GROWTH)).astype(int)
    order = np.argsort(ring, kind="stable")
    edges = np.flatnonzero(np.diff(ring[order])) + 1
    radii, light = [], []
    for members in _joined(np.split(order, edges)):
        radii.append(float(radius[members].mean()))
        light.append(_usual(values[:, members]))
    levels = np.array(light).T
    if len(radii) < 2 or not np.isfinite(levels).all():
        return None
    return Profile(x, y, ratio, angle, np.array(radii), levels, core)


def _usual(values: Floats) -> Floats:
    """Return the medians by band of a ring, of which clumps may cover a part."""
    level = medians(values)
    most = level + CLUMPY * spreads(values, level)
    return medians(np.where(values <= most[:, None], values, np.nan))


def _joined(groups: list[np.ndarray]) -> list[np.ndarray]:
    """Join neighbouring groups until each has enough members."""
    joined: list[np.ndarray] = []
    waiting: list[np.ndarray] = []
    for group in groups:
        waiting.append(group)
        if sum(len(g) for g in waiting) >= _LEAST:
            joined.append(np.concatenate(waiting))
            waiting = []
    return joined
