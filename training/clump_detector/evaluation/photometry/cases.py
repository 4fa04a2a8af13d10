"""Simulated galaxies whose clumps are measured, and how their clumps are placed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import BandArray, Floats, Mask
from clump_detector.photometry.aperture.psf import ANNULUS, APERTURE
from clump_detector.simulate.cutout import galaxy_rng
from clump_detector.simulate.priors import BANDS, CLUMP_COLOUR, Rng, fluxes
from clump_detector.simulate.render import DOUBTFUL_SNR, draw
from clump_detector.simulate.scenes.scene import Scene, SimulatedClump
from clump_detector.simulate.scenes.sky import draw_scene

#: Where the clumps are: anywhere on their galaxy and far from everything else, within
#: `NUCLEUS_REACH` of the nucleus, or two together.
CASES = ("isolated", "nucleus", "pairs")

#: A clump is isolated where the centres of everything else, true clumps that nobody can
#: see, stars, neighbours and galaxies, are farther than this many FWHM: none of their
#: apertures reaches into its annulus.
ISOLATED = ANNULUS[1] + APERTURE

#: In FWHM: how far from the nucleus, and how far from each other.
NUCLEUS_REACH, PAIR = 2.5, 1.5

#: Neighbours fainter than this in r, in nanomaggies (24 mag), are part of the noise.
FAINTEST = 0.25

#: Flux ratios in the bluest band of clumps near the nucleus, and of pairs, of which one
#: is up to so many times brighter.
_NUCLEUS_RATIOS, _PAIR_RATIOS, _UNEQUAL = (0.03, 0.5), (0.02, 0.3), 3.0

#: Half of those clumps are points; the others' own FWHM is up to this many PSFs'.
_WIDEST = 0.8


@dataclass(frozen=True)
class Case:
    """A simulated galaxy with the clumps that are measured on it.

    Attributes
    ----------
    scene : Scene
    planes : array of shape (bands, n, n)
        In nanomaggies.
    scale, fwhm : float
        Arcsec per pixel, and the PSF's FWHM in pixels of the planes.
    positions : array of shape (m, 2)
        Of the scene's clumps, x, y in pixels.
    measured : bool array of shape (m,)
        Which are bright enough to be measured.
    wanted : bool array of shape (m,)
        Which have nothing else near them but what the case is about.
    """

    scene: Scene
    planes: BandArray
    scale: float
    fwhm: float
    positions: Floats
    measured: Mask
    wanted: Mask

    @property
    def from_nucleus(self) -> Floats:
        """Distances of the clumps from the nucleus in FWHM, shape (m,)."""
        host = self.scene.host
        x, y = np.array([(c.x, c.y) for c in self.scene.clumps]).reshape(-1, 2).T
        return np.hypot(x - host.x, y - host.y) / self.scene.fwhm

    def true_size(self, clump: int | np.intp) -> float:
        """Return how many times wider than the PSF a clump is."""
        own = self.scene.clumps[clump].fwhm / self.scene.fwhm
        return float(np.hypot(1, own))

    def true(self, clump: int | np.intp, band: str) -> float:
        """Return the flux of a clump in a band, in nanomaggies."""
        return float(self.scene.clumps[clump].flux[BANDS.index(band)])


def make_case(kind: str, seed: int, index: int) -> Case:
    """Simulate one galaxy.

    Parameters
    ----------
    kind : str
        One of `CASES`.
    seed : int
    index : int
        Number of the galaxy, from 0.
    """
    rng = galaxy_rng(seed, index)
    scene = draw_scene(rng, clumpy=True)
    if kind == "nucleus":
        scene = replace(scene, clumps=(_near_nucleus(scene, rng),))
    elif kind == "pairs":
        scene = replace(scene, clumps=_pair(scene, rng))
    drawn = draw(scene, rng)
    n = drawn.planes.shape[1]
    scale = scene.size * scene.scale / n
    fwhm = scene.fwhm / scale
    positions = _positions(scene, n, scale, scene.clumps)
    bright = np.array([one.snr >= DOUBTFUL_SNR for one in drawn.seen], dtype=bool)
    if kind == "isolated":
        inside = ((positions > 0) & (positions < n - 1)).all(axis=1)
        bright &= inside
    wanted = _wanted(kind, scene, positions, n, scale, fwhm)
    return Case(scene, drawn.planes, scale, fwhm, positions, bright, wanted)


def _clump(scene: Scene, x: float, y: float, ratio: float, rng: Rng) -> SimulatedClump:
    """Return a clump of a flux ratio in u, with the colours of real ones."""
    mean, scatter = (np.array(v) for v in CLUMP_COLOUR)
    light = np.asarray(fluxes(20.0, rng.normal(mean, scatter)))
    own = rng.choice([0.0, rng.uniform(0, _WIDEST)]) * scene.fwhm
    flux = light / light[0] * scene.host.flux[0] * ratio
    return SimulatedClump(x, y, flux, ratio, float(own))


def _ratio(rng: Rng, bounds: tuple[float, float]) -> float:
    return float(np.exp(rng.uniform(*np.log(bounds))))


def _near_nucleus(scene: Scene, rng: Rng) -> SimulatedClump:
    far = NUCLEUS_REACH * scene.fwhm * np.sqrt(rng.uniform())
    turn = rng.uniform(0, 2 * np.pi)
    x, y = scene.host.x + far * np.cos(turn), scene.host.y + far * np.sin(turn)
    return _clump(scene, x, y, _ratio(rng, _NUCLEUS_RATIOS), rng)


def _pair(scene: Scene, rng: Rng) -> tuple[SimulatedClump, SimulatedClump]:
    """Return two clumps beside each other on the host's disc."""
    host = scene.host
    far, turn = host.re * rng.uniform(0.5, 1.6), rng.uniform(0, 2 * np.pi)
    along, across = far * np.cos(turn), far * np.sin(turn) * host.axis_ratio
    cos, sin = np.cos(host.angle), np.sin(host.angle)
    x, y = host.x + along * cos - across * sin, host.y + along * sin + across * cos
    ratio = _ratio(rng, _PAIR_RATIOS)
    turn = rng.uniform(0, 2 * np.pi)
    apart = PAIR * scene.fwhm
    other = ratio * _ratio(rng, (1 / _UNEQUAL, _UNEQUAL))
    return (
        _clump(scene, x, y, ratio, rng),
        _clump(scene, x + apart * np.cos(turn), y + apart * np.sin(turn), other, rng),
    )


class _Source(Protocol):
    """A source of a scene, at its offsets from the picture's centre in arcsec."""

    @property
    def x(self) -> float: ...

    @property
    def y(self) -> float: ...


def _positions(scene: Scene, n: int, scale: float, things: Iterable[_Source]) -> Floats:
    """Return the positions of sources in pixels of a scene's planes, shape (n, 2)."""
    middle = (n - 1) / 2
    rows = [(middle + t.x / scale, middle + t.y / scale) for t in things]
    return np.array(rows, dtype=float).reshape(-1, 2)


def _wanted(
    kind: str, scene: Scene, positions: Floats, n: int, scale: float, fwhm: float
) -> NDArray[np.bool_]:
    """Return which clumps have nothing near them but what the case is about."""
    bright = [t for t in scene.neighbours if t.flux[2] > FAINTEST]
    first = 0 if kind == "isolated" else 1
    around: list[_Source] = [*scene.hosts[first:], *scene.stars, *bright]
    others = _positions(scene, n, scale, around)
    nearest = _nearest(positions, others)
    if kind == "isolated":
        apart = np.hypot(*(positions[:, None] - positions[None]).transpose(2, 0, 1))
        np.fill_diagonal(apart, np.inf)
        nearest = np.minimum(nearest, apart.min(axis=1, initial=np.inf))
    rim = np.minimum(positions, n - 1 - positions).min(axis=1, initial=np.inf)
    return np.asarray((nearest > ISOLATED * fwhm) & (rim > ANNULUS[1] * fwhm))


def _nearest(positions: Floats, others: Floats) -> Floats:
    away = np.hypot(*(positions[:, None] - others[None]).transpose(2, 0, 1))
    return np.asarray(away.min(axis=1, initial=np.inf))
