"""A simulated patch of sky as a list of sources, before a pixel is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import Floats
from clump_detector.simulate.priors import SimulatedSurvey


@dataclass(frozen=True)
class SimulatedHost:
    """A simulated galaxy.

    Attributes
    ----------
    kind : str
    x, y : float
        Centre in arcsec from the picture's centre.
    re : float
        Half-light radius in arcsec.
    axis_ratio : float
        Of the disc, minor over major.
    angle : float
        Of the major axis, in radians.
    index : float
        Sersic index of the disc.
    old, young, bulge : array of shape (5,)
        Fluxes of the old and the young disc and of the bulge, u to z, in nanomaggies.
    bulge_re, bulge_index, bulge_axis_ratio : float
    arms : int
        Number of spiral arms.
    pitch, arm_phase : float
        In radians.
    arm_strength, arm_width : float
    handed : int
        1 or -1: the sense of the arms.
    bar, ring, dust, texture, lopsided : float
        Strengths; 0 for none.
    ring_radius, texture_size : float
        In half-light radii.
    """

    kind: str
    x: float
    y: float
    re: float
    axis_ratio: float
    angle: float
    index: float
    old: Floats
    young: Floats
    bulge: Floats
    bulge_re: float
    bulge_index: float
    bulge_axis_ratio: float
    arms: int = 0
    pitch: float = 0.3
    arm_phase: float = 0.0
    arm_strength: float = 0.0
    arm_width: float = 0.5
    handed: int = 1
    bar: float = 0.0
    ring: float = 0.0
    ring_radius: float = 1.0
    dust: float = 0.0
    texture: float = 0.0
    texture_size: float = 1.0
    lopsided: float = 0.0

    @property
    def flux(self) -> Floats:
        """Flux in u, g, r, i, z."""
        return self.old + self.young + self.bulge


@dataclass(frozen=True)
class SimulatedClump:
    """A simulated clump.

    Attributes
    ----------
    x, y : float
        In arcsec from the picture's centre, x right and y down.
    flux : array of shape (5,)
        u to z, in nanomaggies.
    ratio : float
        Its flux over the host's, in u.
    fwhm : float
        Intrinsic, in arcsec; 0 for a point.
    odd : bool
    """

    x: float
    y: float
    flux: Floats
    ratio: float
    fwhm: float
    odd: bool = False


@dataclass(frozen=True)
class Star:
    """A foreground star.

    Attributes
    ----------
    x, y : float
        In arcsec from the picture's centre.
    flux : array of shape (5,)
        u to z, in nanomaggies.
    """

    x: float
    y: float
    flux: Floats


@dataclass(frozen=True)
class Neighbour:
    """A background galaxy, a single Sersic profile.

    Attributes
    ----------
    x, y : float
        In arcsec from the picture's centre.
    flux : array of shape (5,)
        u to z, in nanomaggies.
    re : float
        Half-light radius in arcsec.
    index : float
        Sersic index.
    axis_ratio : float
    angle : float
        In radians.
    """

    x: float
    y: float
    flux: Floats
    re: float
    index: float
    axis_ratio: float
    angle: float


@dataclass(frozen=True)
class Scene:
    """All that is in a picture.

    Attributes
    ----------
    survey : SimulatedSurvey
    size : int
        Side of the picture in pixels.
    scale : float
        Arcsec per pixel of the picture.
    fwhm, beta : float
        Of the PSF, a Moffat profile; FWHM in arcsec.
    depth : float
        Sky noise in units of the survey's usual one.
    hosts : tuple of SimulatedHost
        The galaxy in the middle first.
    clumps : tuple of SimulatedClump
    stars : tuple of Star
    neighbours : tuple of Neighbour
    bands : str
        The bands that are drawn.
    """

    survey: SimulatedSurvey
    size: int
    scale: float
    fwhm: float
    beta: float
    depth: float
    hosts: tuple[SimulatedHost, ...]
    clumps: tuple[SimulatedClump, ...]
    stars: tuple[Star, ...]
    neighbours: tuple[Neighbour, ...]
    bands: str

    @property
    def host(self) -> SimulatedHost:
        """The galaxy in the middle."""
        return self.hosts[0]

    @property
    def fwhm_px(self) -> float:
        """PSF's FWHM in pixels of the picture."""
        return self.fwhm / self.scale

    def pixels(self, x: float, y: float) -> tuple[float, float]:
        """Return a position in pixels of the picture.

        Parameters
        ----------
        x, y : float
            Offsets from the picture's centre in arcsec.
        """
        middle = (self.size - 1) / 2
        return middle + x / self.scale, middle + y / self.scale


Values = TypeVar("Values", float, NDArray[np.floating])


def arm_angle(host: SimulatedHost, radius: Values) -> Values:
    """Return the angle of the first arm, a logarithmic spiral, at a radius.

    Parameters
    ----------
    host : SimulatedHost
    radius : array
        In half-light radii.

    Returns
    -------
    array
        In radians, of the same shape.
    """
    turned: Values = host.handed * np.log(radius + 0.05) / np.tan(host.pitch)
    return host.arm_phase + turned
