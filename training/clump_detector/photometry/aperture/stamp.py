"""The pixels around a clump, cut out of the bands."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import BandArray, Floats, Mask

from .profile import Profile


@dataclass(frozen=True)
class Stamp:
    """The part of the bands around a position, NaN beyond the image.

    Attributes
    ----------
    planes : array of shape (bands, m, m)
    variance : array of shape (bands, m, m) or None
    dx, dy : array of shape (m, m)
        Offsets from the position in pixels.
    first : (int, int)
        Column and row of the stamp's first pixel.
    """

    planes: Floats
    variance: Floats | None
    dx: Floats
    dy: Floats
    first: tuple[int, int]

    @property
    def distance(self) -> Floats:
        """Distances from the position in pixels."""
        return np.hypot(self.dx, self.dy)

    @property
    def position(self) -> tuple[float, float]:
        """The position x, y that it was cut out around, in pixels of the image."""
        x, y = self.first[0] - self.dx[0, 0], self.first[1] - self.dy[0, 0]
        return float(x), float(y)

    def without(self, profile: Profile | None) -> Stamp:
        """Return the stamp without a galaxy's smooth light."""
        if profile is None:
            return self
        x, y = self.position
        smooth = profile.around((x, y), self.dx + x, self.dy + y)
        return replace(self, planes=np.asarray(self.planes - smooth))

    def disc(self, radius: float) -> Floats:
        """Return the share of each pixel within a radius of the position."""
        from photutils.geometry import circular_overlap_grid

        m = len(self.dx)
        left, top = self.dx[0, 0] - 0.5, self.dy[0, 0] - 0.5
        return np.asarray(
            circular_overlap_grid(left, left + m, top, top + m, m, m, radius, 1, 1)
        )

    def of_bands(self, bands: NDArray[np.intp]) -> Stamp:
        """Return the stamp of some bands."""
        if len(bands) == len(self.planes):
            return self
        variance = None if self.variance is None else self.variance[bands]
        return replace(self, planes=self.planes[bands], variance=variance)

    def cut(self, mask: Mask) -> Mask:
        """Return the stamp's part of a mask of the image; False beyond it."""
        m = len(self.dx)
        return np.asarray(_cut(mask[None], self.first, m, False)[0])


def cut_stamp(
    planes: BandArray,
    variance: BandArray | None,
    position: tuple[float, float],
    reach: float,
) -> Stamp:
    """Cut out the pixels around a position.

    Parameters
    ----------
    planes : array of shape (bands, height, width)
    variance : array of shape (bands, height, width) or None
    position : (float, float)
        x, y in pixels.
    reach : float
        Half of the stamp's side in pixels, at least.
    """
    half = int(np.ceil(reach)) + 1
    left, top = round(position[0]) - half, round(position[1]) - half
    m = 2 * half + 1
    dx, dy = np.meshgrid(
        np.arange(left, left + m) - position[0], np.arange(top, top + m) - position[1]
    )
    first = (left, top)
    return Stamp(
        _cut(planes, first, m, np.nan).astype(np.float64),
        None if variance is None else _cut(variance, first, m, np.nan).astype(float),
        dx,
        dy,
        first,
    )


def _cut(
    planes: NDArray[np.generic], first: tuple[int, int], m: int, beyond: float
) -> NDArray[np.generic]:
    left, top = first
    height, width = planes.shape[1:]
    out = np.full((len(planes), m, m), beyond, dtype=planes.dtype)
    rows = slice(max(top, 0), max(min(top + m, height), 0))
    columns = slice(max(left, 0), max(min(left + m, width), 0))
    part = planes[:, rows, columns]
    at = (max(-top, 0), max(-left, 0))
    out[:, at[0] : at[0] + part.shape[1], at[1] : at[1] + part.shape[2]] = part
    return out
