"""Isophotes of a galaxy, and the semi-major axis of the one through each pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import BandArray, Floats
from clump_detector.fluxes.magnitudes import ab_magnitudes
from clump_detector.photometry.aperture.profile import semi_major

#: The ellipse through a pixel is found in so many steps: shapes change little from one
#: isophote to the next.
_STEPS = 12

#: An ellipse flatter than this is no isophote.
FLATTEST = 0.95


@dataclass(frozen=True)
class Shapes:
    """Concentric ellipses.

    Attributes
    ----------
    x, y : float
        Their centre in pixels.
    radii : array of shape (n,)
        Semi-major axes in pixels, rising.
    ellipticity : array of shape (n,)
        1 - minor over major axis.
    angle : array of shape (n,)
        Of the major axis from the columns' direction towards higher rows, in radians
        from 0 to pi.
    """

    x: float
    y: float
    radii: Floats
    ellipticity: Floats
    angle: Floats

    def radius_at(self, x: NDArray[np.number], y: NDArray[np.number]) -> Floats:
        """Return the semi-major axis of the ellipse through each position, in pixels.

        Beyond the last ellipse all have its shape.

        Parameters
        ----------
        x, y : array
            In pixels, broadcast against each other.
        """
        dx, dy = np.broadcast_arrays(x - self.x, y - self.y)
        # A round ellipse has no angle: both together change smoothly.
        along = self.ellipticity * np.cos(2 * self.angle)
        across = self.ellipticity * np.sin(2 * self.angle)
        radius = np.hypot(dx, dy)
        for _ in range(_STEPS):
            first = np.interp(radius, self.radii, along)
            second = np.interp(radius, self.radii, across)
            flat = np.minimum(np.hypot(first, second), FLATTEST)
            angle = np.arctan2(second, first) / 2
            radius = (radius + semi_major(dx, dy, 1 - flat, angle)) / 2
        return np.asarray(radius)


@dataclass(frozen=True)
class Isophotes:
    """The isophotes of a galaxy: their shapes, and the light along them by band.

    Attributes
    ----------
    kind : {"isophotes", "Sersic"}
        Whether each ellipse was fitted (Jedrzejewski 1987, MNRAS 226, 747), or all have
        the shape of one Sersic profile since those fits did not converge.
    fitted_in : str
        The band whose light gave the shapes.
    shapes : Shapes
    ellipticity_error, angle_error : array of shape (n,)
        NaN where the shape was not fitted; angles in radians.
    bands : tuple of str
    light, error : array of shape (bands, n)
        Light per pixel above the sky and its error, in the units of the pixels.
    area : array of shape (n,)
        Number of pixels that gave it.
    scale : float or None
        Arcsec per pixel.
    jansky : tuple of (float or None)
        Jy per unit of the pixels, by band; empty where no unit is known.
    notes : tuple of str
        Sentences for the user.
    """

    kind: str
    fitted_in: str
    shapes: Shapes
    ellipticity_error: Floats
    angle_error: Floats
    bands: tuple[str, ...]
    light: Floats
    error: Floats
    area: Floats
    scale: float | None = None
    jansky: tuple[float | None, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def surface_brightness(self) -> Floats:
        """AB magnitudes per square arcsec, shape (bands, n); NaN where not known."""
        units = self.jansky or (None,) * len(self.bands)
        per_pixel = np.array([np.nan if unit is None else unit for unit in units])
        area = np.nan if not self.scale else self.scale**2
        return ab_magnitudes(self.light * per_pixel[:, None] / area)

    def smooth_light(self, shape: tuple[int, int]) -> BandArray:
        """Return the light of all ellipses on the pixels of an image.

        Parameters
        ----------
        shape : (int, int)
            Height and width.

        Returns
        -------
        array of shape (bands, height, width)
            Above the sky; it falls to 0 beyond the last isophote, within a fifth of
            its radius.
        """
        rows, columns = np.arange(shape[0])[:, None], np.arange(shape[1])
        radius = self.shapes.radius_at(columns, rows)
        last = self.shapes.radii[-1]
        radii = np.append(self.shapes.radii, 1.2 * last)
        return np.stack(
            [
                np.interp(radius, radii, np.append(light, 0.0)).astype(np.float32)
                for light in self.light
            ]
        )
