"""The share of a galaxy's light in its bulge: a disc and a bulge fitted together.

An exponential disc and a de Vaucouleurs bulge about one centre, as Simard et al. (2011,
ApJS 196, 11) fit SDSS' galaxies, each behind the PSF. statmorph's pair of Sersic
profiles with free indices does not stay with a bulge where a galaxy has clumps and
arms: it takes them for the second profile.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clump_detector.core.arrays import Floats, Mask

#: Sersic indices of bulge and disc.
BULGE, DISC = 4.0, 1.0

#: The bulge's effective radius over the disc's: at most, and where the fits begin.
LARGEST, FIRST = 0.35, (0.12, 0.3)

#: Arms and clumps are off the fit by this share of the local light, and a pixel far off
#: counts less and less (soft L1).
UNEVEN = 0.15

#: Pixels nearer to the centre than this are averages over so many by so many places.
NEAR, FINE = 3.0, 5

#: Least axis ratios of disc and bulge.
_FLATTEST, _BULGE_FLATTEST = 0.1, 0.4

#: Most evaluations of a fit.
_MOST = 25


@dataclass(frozen=True)
class Shape:
    """Where a fit begins: a galaxy's ellipse.

    Attributes
    ----------
    x, y : float
        Its centre in pixels of the image.
    radius : float
        Semi-major axis with half of the light, in pixels.
    ratio, angle : float
        Minor over major axis, and the major one's angle from the columns in radians.
    """

    x: float
    y: float
    radius: float
    ratio: float
    angle: float


@dataclass(frozen=True)
class LightToFit:
    """An image of a galaxy without the sky.

    Attributes
    ----------
    image : array of shape (height, width)
    others : bool array of shape (height, width)
        Pixels that do not count.
    smooth : array of shape (height, width)
        The galaxy's smooth light, for the errors.
    noise : float
        Per pixel.
    psf : array of shape (k, k)
        Its sum is 1.
    """

    image: Floats
    others: Mask
    smooth: Floats
    noise: float
    psf: Floats


def bulge_fraction(light: LightToFit, shape: Shape, fast: bool = False) -> float:
    """Return the bulge's share of the light of bulge and disc.

    Parameters
    ----------
    light : LightToFit
    shape : Shape
    fast : bool
        Fit once, not from a small and from a large bulge.

    Returns
    -------
    float
        From 0 to 1; NaN where no fit has light.
    """
    from scipy.optimize import least_squares

    model = _Model(light, shape)
    radius = max(shape.radius, 0.6)
    ratio = float(np.clip(shape.ratio, _FLATTEST + 0.02, 0.98))
    best = None
    for first in FIRST[:1] if fast else FIRST:
        found = least_squares(
            model.residuals,
            [np.log(radius), ratio, shape.angle, np.log(first), 0.8],
            bounds=(
                [np.log(0.5), _FLATTEST, -10, np.log(0.03), _BULGE_FLATTEST],
                [np.log(20 * radius), 1.0, 10, np.log(LARGEST), 1.0],
            ),
            loss="soft_l1",
            diff_step=1e-3,
            max_nfev=_MOST,
            x_scale=[0.3, 0.2, 0.3, 0.5, 0.2],
        )
        if best is None or found.cost < best.cost:
            best = found
    assert best is not None
    disc, bulge = model.fluxes(best.x)
    return bulge / (disc + bulge) if disc + bulge > 0 else float("nan")


class _Model:
    """Disc and bulge on an image; their fluxes follow from the other parameters."""

    def __init__(self, light: LightToFit, shape: Shape) -> None:
        rows, columns = np.indices(light.image.shape)
        self._dx: Floats = np.asarray(columns - shape.x)
        self._dy: Floats = np.asarray(rows - shape.y)
        self._near = np.asarray(np.hypot(self._dx, self._dy) < NEAR)
        offsets: Floats = np.asarray((np.arange(FINE) - (FINE - 1) / 2) / FINE)
        self._fine = (
            np.asarray(self._dx[self._near][:, None, None] + offsets[:, None]),
            np.asarray(self._dy[self._near][:, None, None] + offsets),
        )
        error = np.hypot(light.noise, UNEVEN * np.clip(light.smooth, 0, None))
        self._weights = np.where(light.others, 0.0, 1 / error)
        self._data = (light.image * self._weights).ravel()
        self._psf = light.psf

    def residuals(self, parameters: Floats) -> Floats:
        """Return model minus image over its error, shape (pixels,)."""
        parts = self._parts(parameters)
        return np.asarray(parts @ self._solve(parts) - self._data)

    def fluxes(self, parameters: Floats) -> tuple[float, float]:
        """Return the fluxes of disc and bulge."""
        disc, bulge = self._solve(self._parts(parameters))
        return float(disc), float(bulge)

    def _solve(self, parts: Floats) -> Floats:
        """Return the fluxes that fit best, none negative."""
        from scipy.optimize import nnls

        return np.asarray(nnls(parts, self._data)[0])

    def _parts(self, parameters: Floats) -> Floats:
        """Return disc and bulge of flux 1 over the error, shape (pixels, 2)."""
        radius, share = np.exp(parameters[0]), np.exp(parameters[3])
        ratio, angle, round_ratio = parameters[1], parameters[2], parameters[4]
        disc = self._profile(radius, ratio, angle, DISC)
        bulge = self._profile(radius * share, round_ratio, angle, BULGE)
        return np.stack([(one * self._weights).ravel() for one in (disc, bulge)], 1)

    def _profile(self, radius: float, ratio: float, angle: float, n: float) -> Floats:
        """Return a Sersic profile of flux 1 behind the PSF.

        Its flux is that of Graham & Driver (2005, PASA 22, 118), equation 4.
        """
        from scipy.signal import fftconvolve
        from scipy.special import gamma, gammaincinv

        b = float(gammaincinv(2 * n, 0.5))
        cos, sin = np.cos(angle), np.sin(angle)

        def at(dx: Floats, dy: Floats) -> Floats:
            far = np.hypot(dx * cos + dy * sin, (dy * cos - dx * sin) / ratio)
            return np.asarray(np.exp(-b * (far / radius) ** (1 / n)))

        light = at(self._dx, self._dy)
        light[self._near] = at(*self._fine).mean(axis=(1, 2))
        total = 2 * np.pi * n * radius**2 * ratio * b ** (-2 * n) * gamma(2 * n)
        return np.asarray(fftconvolve(light / total, self._psf, mode="same"))
