"""A made-up patch of sky as a list of things, before a pixel is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from clump_detector.core.arrays import Floats

from . import priors
from .priors import SURVEYS, SimulatedSurvey, fluxes

Rng = np.random.Generator

#: Kinds of host with and without clumps, and how often each is drawn.
CLUMPY_KINDS = {
    "spiral": 0.42,
    "irregular": 0.26,
    "disc": 0.14,
    "edge-on": 0.08,
    "ring": 0.05,
    "merger": 0.05,
}
SMOOTH_KINDS = {
    "spiral": 0.27,
    "elliptical": 0.19,
    "lenticular": 0.14,
    "disc": 0.12,
    "ring": 0.10,
    "edge-on": 0.08,
    "irregular": 0.05,
    "merger": 0.05,
}


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


def draw_scene(rng: Rng, *, size: int = 400, clumpy: bool | None = None) -> Scene:
    """Draw one patch of sky.

    Parameters
    ----------
    rng : numpy.random.Generator
    size : int
        Side of the picture in pixels.
    clumpy : bool, optional
        With or without clumps; by default as often as real galaxies have them.
    """
    names = list(priors.SURVEY_SHARES)
    shares = list(priors.SURVEY_SHARES.values())
    survey = SURVEYS[names[rng.choice(len(names), p=shares)]]
    fwhm = _lognormal(rng, *survey.fwhm)
    fwhm_px = float(np.clip(_lognormal(rng, *priors.PICTURE_FWHM), 2.6, 14.0))
    # Drawn for a picture of 400 pixels; a larger one shows the same sky finer.
    scale = fwhm / fwhm_px * 400 / size
    if clumpy is None:
        clumpy = bool(rng.random() < priors.CLUMPY_SHARE)
    kind = _choose(rng, CLUMPY_KINDS if clumpy else SMOOTH_KINDS)
    clump_scout = rng.random() < (0.65 if survey.name == "sdss" else 0.25)
    framing = priors.PICTURE_RE[0 if clump_scout else 1]
    re_px = float(np.clip(_lognormal(rng, *framing), 12, 75))
    if kind == "elliptical":
        re_px *= 0.6
    host = draw_host(rng, kind, re_px * size / 400 * scale, clumpy=clumpy)
    hosts = (host, *_companions(rng, host, clumpy))
    clumps = draw_clumps(rng, host, fwhm) if clumpy else ()
    half = size * scale / 2
    return Scene(
        survey,
        size,
        scale,
        fwhm,
        float(rng.uniform(2.5, 4.0)),
        _lognormal(rng, 1.0, 0.25),
        hosts,
        merge_close(clumps, fwhm),
        draw_stars(rng, half, host),
        draw_neighbours(rng, half, survey),
    )


def _companions(
    rng: Rng, host: SimulatedHost, clumpy: bool
) -> tuple[SimulatedHost, ...]:
    """Return the other member of a merger, or a chance neighbour as large."""
    if host.kind != "merger" and rng.random() > 0.05:
        return ()
    kind = _choose(rng, CLUMPY_KINDS if clumpy else SMOOTH_KINDS)
    far = (1.2, 2.6) if host.kind == "merger" else (3.5, 5.0)
    distance = host.re * rng.uniform(*far)
    angle = rng.uniform(0, 2 * np.pi)
    return (
        draw_host(
            rng,
            "disc" if kind == "merger" else kind,
            host.re * rng.uniform(0.35, 1.0),
            clumpy=clumpy,
            centre=(distance * np.cos(angle), distance * np.sin(angle)),
        ),
    )


def draw_host(
    rng: Rng,
    kind: str,
    re: float,
    *,
    clumpy: bool,
    centre: tuple[float, float] = (0.0, 0.0),
) -> SimulatedHost:
    """Draw a galaxy of a kind and of a half-light radius in arcsec."""
    brightness = priors.SURFACE_BRIGHTNESS
    surface = rng.normal(
        brightness[0] + (0.3 if kind == "irregular" else 0), brightness[1]
    )
    if kind in ("elliptical", "lenticular"):
        surface -= 0.6
    r_magnitude = surface - 2.5 * np.log10(2 * np.pi * re**2)
    late = clumpy or (kind in ("irregular", "spiral", "disc") and rng.random() < 0.55)
    bulge_share, young_share = _shares(rng, kind, late)
    total = 10 ** (-0.4 * (r_magnitude - 22.5))
    parts = []
    for share, colour in (
        ((1 - bulge_share) * (1 - young_share), priors.OLD_COLOUR),
        ((1 - bulge_share) * young_share, priors.YOUNG_COLOUR),
        (bulge_share, priors.BULGE_COLOUR),
    ):
        magnitude = 22.5 - 2.5 * np.log10(max(total * share, 1e-9))
        parts.append(fluxes(magnitude, _colour(rng, colour)))
    arms = kind == "spiral" or (kind in ("merger", "disc") and rng.random() < 0.35)
    ring = kind == "ring" or (kind == "spiral" and rng.random() < 0.12)
    elliptical = kind == "elliptical"
    return SimulatedHost(
        kind=kind,
        x=centre[0] + float(rng.normal(0, 0.02)) * re,
        y=centre[1] + float(rng.normal(0, 0.02)) * re,
        re=re,
        axis_ratio=_axis_ratio(rng, kind),
        angle=float(rng.uniform(0, np.pi)),
        index=float(
            rng.uniform(0.5, 1.1) if kind == "irregular" else rng.uniform(0.8, 1.3)
        ),
        old=parts[0],
        young=parts[1],
        bulge=parts[2],
        bulge_re=float(
            re * (rng.uniform(0.8, 1.0) if elliptical else rng.uniform(0.12, 0.38))
        ),
        # Few values: GalSim keeps its tables of each index it has met.
        bulge_index=float(
            rng.choice([2.5, 3.0, 4.0] if elliptical else [1.0, 1.5, 2.5])
        ),
        bulge_axis_ratio=float(rng.uniform(0.55, 1.0)),
        arms=int(rng.choice([1, 2, 2, 2, 3, 4, 5])) if arms else 0,
        pitch=float(np.radians(rng.uniform(15, 38))),
        arm_phase=float(rng.uniform(0, 2 * np.pi)),
        arm_strength=float(rng.uniform(0.4, 1.0)) if arms else 0.0,
        arm_width=float(rng.uniform(0.25, 0.7)),
        handed=int(rng.choice([-1, 1])),
        bar=float(rng.uniform(0.2, 0.6))
        if rng.random() < 0.3 and not elliptical
        else 0.0,
        ring=float(rng.uniform(0.3, 1.2)) if ring else 0.0,
        ring_radius=float(rng.uniform(0.6, 1.5)),
        dust=float(rng.uniform(0.2, 1.2))
        if rng.random() < (0.7 if kind == "edge-on" else 0.4)
        else 0.0,
        texture=float(rng.uniform(0.1, 0.5) if late else rng.uniform(0, 0.15)),
        texture_size=float(rng.uniform(0.25, 0.8)),
        lopsided=float(rng.uniform(0.2, 0.8))
        if kind in ("irregular", "merger")
        else 0.0,
    )


def _shares(rng: Rng, kind: str, late: bool) -> tuple[float, float]:
    """Return the bulge's share of the r light and the young stars' of the disc's."""
    if kind == "elliptical":
        return 0.999, 0.0
    if kind == "lenticular":
        return float(rng.uniform(0.2, 0.6)), float(rng.uniform(0, 0.15))
    if kind == "irregular":
        return float(rng.uniform(0, 0.08)), float(rng.uniform(0.6, 1.0))
    if late:
        return float(rng.beta(0.8, 10)), float(rng.uniform(0.35, 0.9))
    return float(rng.uniform(0.05, 0.35)), float(rng.uniform(0.05, 0.45))


def _axis_ratio(rng: Rng, kind: str) -> float:
    """Return an apparent axis ratio near 0.32 / 0.60 / 0.87 (5, 50, 95 %)."""
    if kind == "edge-on":
        return float(rng.uniform(0.10, 0.24))
    if kind == "elliptical":
        return float(rng.uniform(0.55, 1.0))
    return float(np.clip(rng.normal(0.62, 0.18), 0.28, 0.98))


def draw_clumps(
    rng: Rng, host: SimulatedHost, fwhm: float
) -> tuple[SimulatedClump, ...]:
    """Draw the clumps of a host, the ones too faint to be seen among them."""
    count = int(rng.choice(len(priors.COUNT_SHARES), p=priors.COUNT_SHARES)) + 1
    # About as many again are real and too faint or too near the centre to be seen.
    total = count + int(rng.poisson(1.0 * count))
    ratios = priors.FLUX_RATIO[0] * np.exp(rng.normal(0, priors.FLUX_RATIO[1], total))
    if rng.random() < priors.STRONG_SHARE:
        ratios[0] = max(_lognormal(rng, *priors.STRONG_RATIO), priors.STRONG)
    return tuple(_clump(rng, host, min(float(r), 0.3), fwhm) for r in ratios)


def _clump(rng: Rng, host: SimulatedHost, ratio: float, fwhm: float) -> SimulatedClump:
    radius = float(np.clip(_lognormal(rng, *priors.CLUMP_RADIUS), 0.15, 2.5))
    theta = rng.uniform(0, 2 * np.pi)
    if host.ring and rng.random() < 0.6:
        radius = host.ring_radius * float(rng.normal(1, 0.06))
    elif host.arms and rng.random() < 0.75:
        arm = 2 * np.pi * rng.integers(host.arms) / host.arms
        theta = arm_angle(host, radius) + arm + rng.normal(0, 0.4 * host.arm_width)
    u, v = radius * np.cos(theta), radius * np.sin(theta) * host.axis_ratio
    cos, sin = np.cos(host.angle), np.sin(host.angle)
    x = host.x + host.re * (u * cos - v * sin)
    y = host.y + host.re * (u * sin + v * cos)
    odd = bool(rng.random() < priors.ODD_SHARE)
    colours = _colour(rng, priors.CLUMP_COLOUR)
    if odd:  # strong lines or an odd age: green, violet or far too blue
        colours += rng.choice([-1, 1]) * np.array([0.2, 0.5, -0.5, 0.1])
        ratio = max(ratio, 0.02)
    # Clumps follow the disc they were born in: far out they are fainter.
    ratio *= float(np.exp(-0.5 * (radius - 1.2)))
    flux_u = ratio * host.flux[0]
    r_magnitude = 22.5 - 2.5 * np.log10(flux_u) - colours[0] - colours[1]
    intrinsic = fwhm * float(rng.choice([0.0, rng.uniform(0.3, 1.1)], p=[0.4, 0.6]))
    return SimulatedClump(
        float(x), float(y), fluxes(r_magnitude, colours), ratio, intrinsic, odd
    )


def arm_angle(host: SimulatedHost, radius: Any) -> Any:
    """Return the angle of the first arm, a logarithmic spiral, at radius / Re."""
    return host.arm_phase + host.handed * np.log(radius + 0.05) / np.tan(host.pitch)


def merge_close(
    clumps: tuple[SimulatedClump, ...], fwhm: float
) -> tuple[SimulatedClump, ...]:
    """Merge pairs closer than one FWHM, the closest first, at their centre of flux."""
    found = list(clumps)
    while len(found) > 1:
        xy = np.array([(c.x, c.y) for c in found])
        apart = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
        np.fill_diagonal(apart, np.inf)
        first, second = sorted(np.unravel_index(int(apart.argmin()), apart.shape))
        if apart[first, second] >= fwhm:
            break
        one, two = found[first], found.pop(second)
        weight = one.flux[1] / (one.flux[1] + two.flux[1])
        found[first] = SimulatedClump(
            weight * one.x + (1 - weight) * two.x,
            weight * one.y + (1 - weight) * two.y,
            one.flux + two.flux,
            one.ratio + two.ratio,
            max(one.fwhm, two.fwhm, 0.7 * float(apart[first, second])),
            one.odd or two.odd,
        )
    return tuple(found)


def draw_stars(rng: Rng, half: float, host: SimulatedHost) -> tuple[Star, ...]:
    """Draw the foreground stars of a frame of twice ``half`` arcsec a side.

    Counts rise by 0.22 dex a magnitude; a few are placed on the host on purpose
    (`numbers.STAR_ON_HOST`), and a tenth of the frames have one so bright that it
    saturates.
    """
    area = (2 * half / 60) ** 2
    found = []
    for _ in range(rng.poisson(area * rng.uniform(*priors.STARS))):
        x, y = rng.uniform(-half, half, 2)
        found.append(_star(rng, x, y, 16.3, 23.5))
    if rng.random() < priors.STAR_ON_HOST:
        radius, theta = host.re * rng.uniform(0.4, 2.6), rng.uniform(0, 2 * np.pi)
        x, y = radius * np.cos(theta), radius * np.sin(theta)
        found.append(_star(rng, x, y, 15.5, 21.0))
    if rng.random() < 0.12:
        x, y = rng.uniform(-1.1 * half, 1.1 * half, 2)
        if np.hypot(x, y) > 0.35 * half:
            found.append(_star(rng, x, y, 10.5, 14.5))
    return tuple(found)


def _star(rng: Rng, x: float, y: float, brightest: float, faintest: float) -> Star:
    slope = 0.22 * np.log(10)
    low, high = np.exp(slope * brightest), np.exp(slope * faintest)
    r_magnitude = float(np.log(rng.uniform(low, high)) / slope)
    dwarfs = 0.38 if r_magnitude > 18.5 else 0.04  # nearby M dwarfs are faint
    kind = rng.choice(4, p=[0.68 - dwarfs, 0.26, dwarfs, 0.06])
    if kind == 0:  # F and G
        gr = rng.uniform(0.25, 0.6)
        colours = [0.9 + gr, gr, 0.36 * gr, 0.1 * gr]
    elif kind == 1:  # K
        gr = rng.uniform(0.6, 1.25)
        colours = [0.6 + 1.5 * gr, gr, 0.36 * gr, 0.2 * gr]
    elif kind == 2:  # M: g-r stays while r-i runs away
        ri = rng.uniform(0.5, 1.6)
        colours = [2.5, rng.normal(1.42, 0.07), ri, 0.55 * ri]
    else:  # A, white dwarfs, quasars
        gr = rng.uniform(-0.4, 0.15)
        colours = [rng.uniform(0.0, 1.0), gr, gr - 0.05, gr - 0.05]
    return Star(float(x), float(y), fluxes(r_magnitude, np.array(colours, dtype=float)))


def draw_neighbours(
    rng: Rng, half: float, survey: SimulatedSurvey
) -> tuple[Neighbour, ...]:
    """Draw the background galaxies: many faint small ones, of all colours."""
    area = (2 * half / 60) ** 2
    faintest = 22.8 if survey.name == "sdss" else 24.0
    slope = priors.NEIGHBOURS_SLOPE * np.log(10)
    count = priors.NEIGHBOURS * np.exp(slope * (faintest - priors.NEIGHBOURS_ZERO))
    mean = area * count * rng.uniform(0.5, 1.5)
    low, high = np.exp(slope * 16.5), np.exp(slope * faintest)
    found = []
    for _ in range(min(rng.poisson(mean), 250)):
        r_magnitude = float(np.log(rng.uniform(low, high)) / slope)
        gr = float(np.clip(rng.normal(0.75, 0.40), -0.15, 1.6))
        colours = np.array(
            [rng.uniform(0.2, 1.6), gr, 0.45 * gr + rng.normal(0, 0.12), 0.3 * gr]
        )
        size = 0.55 * 10 ** (-0.13 * (r_magnitude - 22)) * np.exp(rng.normal(0, 0.35))
        found.append(
            Neighbour(
                float(rng.uniform(-half, half)),
                float(rng.uniform(-half, half)),
                fluxes(r_magnitude, colours),
                float(np.clip(size, 0.2, 4.0)),
                float(rng.choice([1.0, 1.0, 2.5])),
                float(rng.uniform(0.25, 1.0)),
                float(rng.uniform(0, np.pi)),
            )
        )
    return tuple(found)


def _choose(rng: Rng, shares: dict[str, float]) -> str:
    return list(shares)[rng.choice(len(shares), p=list(shares.values()))]


def _lognormal(rng: Rng, median: float, sigma: float) -> float:
    return float(median * np.exp(rng.normal(0, sigma)))


def _colour(
    rng: Rng, distribution: tuple[tuple[float, ...], tuple[float, ...]]
) -> Floats:
    mean, scatter = (np.array(v) for v in distribution)
    # One deviate moves all colours together, as age and dust do; a small one each.
    return np.asarray(mean + scatter * (0.8 * rng.normal() + 0.6 * rng.normal(size=4)))
