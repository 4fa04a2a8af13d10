"""A simulated patch of sky as a list of sources, before a pixel is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from clump_detector.core.arrays import Floats

from .priors import SimulatedSurvey


@dataclass(frozen=True)
class SimulatedHost:
    """A galaxy. Lengths in arcsec, angles in radians, fluxes u to z in nanomaggies."""

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
    """A clump, placed in arcsec from the picture's centre, x right and y down."""

    x: float
    y: float
    flux: Floats
    ratio: float
    fwhm: float
    odd: bool = False


@dataclass(frozen=True)
class Star:
    """A foreground star."""

    x: float
    y: float
    flux: Floats


@dataclass(frozen=True)
class Neighbour:
    """A background galaxy, a single Sersic profile."""

    x: float
    y: float
    flux: Floats
    re: float
    index: float
    axis_ratio: float
    angle: float


@dataclass(frozen=True)
class Scene:
    """All that is in a picture of ``size`` pixels of ``scale`` arcsec."""

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

    @property
    def host(self) -> SimulatedHost:
        """The galaxy in the middle."""
        return self.hosts[0]

    @property
    def fwhm_px(self) -> float:
        """PSF's FWHM in pixels of the picture."""
        return self.fwhm / self.scale

    def pixels(self, x: float, y: float) -> tuple[float, float]:
        """Return the place in pixels of the picture of offsets in arcsec."""
        middle = (self.size - 1) / 2
        return middle + x / self.scale, middle + y / self.scale


def arm_angle(host: SimulatedHost, radius: Any) -> Any:
    """Return the angle of the first arm, a logarithmic spiral, at radius / Re."""
    return host.arm_phase + host.handed * np.log(radius + 0.05) / np.tan(host.pitch)
