"""Random host galaxies and the clumps on them."""

from __future__ import annotations

from typing import Any

import numpy as np

from clump_detector.core.arrays import Floats
from clump_detector.simulate import priors
from clump_detector.simulate.priors import Rng, choose, draw_colour, fluxes, lognormal

from .scene import SimulatedClump, SimulatedHost, arm_angle

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


def draw_companions(
    rng: Rng, host: SimulatedHost, clumpy: bool
) -> tuple[SimulatedHost, ...]:
    """Return the other member of a merger, or a chance neighbour as large.

    Parameters
    ----------
    rng : numpy.random.Generator
    host : SimulatedHost
    clumpy : bool
        Whether companions have clumps.
    """
    if host.kind != "merger" and rng.random() > 0.05:
        return ()
    kind = choose(rng, CLUMPY_KINDS if clumpy else SMOOTH_KINDS)
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
    """Draw a galaxy.

    Parameters
    ----------
    rng : numpy.random.Generator
    kind : str
        One of `CLUMPY_KINDS` or `SMOOTH_KINDS`.
    re : float
        Half-light radius in arcsec.
    clumpy : bool
        Whether it has clumps, and so a young disc.
    centre : (float, float)
        In arcsec from the picture's centre.
    """
    late, (old, young, bulge) = _light(rng, kind, re, clumpy=clumpy)
    arms = kind == "spiral" or (kind in ("merger", "disc") and rng.random() < 0.35)
    ring = kind == "ring" or (kind == "spiral" and rng.random() < 0.12)
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
        old=old,
        young=young,
        bulge=bulge,
        **_structure(rng, kind, re, arms=arms, ring=ring, late=late),
    )


def _light(
    rng: Rng, kind: str, re: float, *, clumpy: bool
) -> tuple[bool, tuple[Floats, Floats, Floats]]:
    """Return whether the disc is of late type, and fluxes of old, young and bulge."""
    mean, scatter = priors.SURFACE_BRIGHTNESS
    surface = rng.normal(mean + (0.3 if kind == "irregular" else 0), scatter)
    if kind in ("elliptical", "lenticular"):
        surface -= 0.6
    r_magnitude = surface - 2.5 * np.log10(2 * np.pi * re**2)
    late = clumpy or (kind in ("irregular", "spiral", "disc") and rng.random() < 0.55)
    bulge_share, young_share = _shares(rng, kind, late)
    total = 10 ** (-0.4 * (r_magnitude - 22.5))

    def part(share: float, colour: tuple[tuple[float, ...], ...]) -> Floats:
        magnitude = 22.5 - 2.5 * np.log10(max(total * share, 1e-9))
        return fluxes(magnitude, draw_colour(rng, (colour[0], colour[1])))

    old = part((1 - bulge_share) * (1 - young_share), priors.OLD_COLOUR)
    young = part((1 - bulge_share) * young_share, priors.YOUNG_COLOUR)
    return late, (old, young, part(bulge_share, priors.BULGE_COLOUR))


def _structure(
    rng: Rng, kind: str, re: float, *, arms: bool, ring: bool, late: bool
) -> dict[str, Any]:
    """Return the fields of a host that describe its bulge, arms, bar, ring and dust."""
    elliptical = kind == "elliptical"
    dusty = 0.7 if kind == "edge-on" else 0.4
    uneven = kind in ("irregular", "merger")
    return {
        "bulge_re": re
        * float(rng.uniform(0.8, 1.0) if elliptical else rng.uniform(0.12, 0.38)),
        # Few values: GalSim keeps its tables of each index it has met.
        "bulge_index": float(
            rng.choice([2.5, 3.0, 4.0] if elliptical else [1.0, 1.5, 2.5])
        ),
        "bulge_axis_ratio": float(rng.uniform(0.55, 1.0)),
        "arms": int(rng.choice([1, 2, 2, 2, 3, 4, 5])) if arms else 0,
        "pitch": float(np.radians(rng.uniform(15, 38))),
        "arm_phase": float(rng.uniform(0, 2 * np.pi)),
        "arm_strength": float(rng.uniform(0.4, 1.0)) if arms else 0.0,
        "arm_width": float(rng.uniform(0.25, 0.7)),
        "handed": int(rng.choice([-1, 1])),
        "bar": float(rng.uniform(0.2, 0.6))
        if rng.random() < 0.3 and not elliptical
        else 0.0,
        "ring": float(rng.uniform(0.3, 1.2)) if ring else 0.0,
        "ring_radius": float(rng.uniform(0.6, 1.5)),
        "dust": float(rng.uniform(0.2, 1.2)) if rng.random() < dusty else 0.0,
        "texture": float(rng.uniform(0.1, 0.5) if late else rng.uniform(0, 0.15)),
        "texture_size": float(rng.uniform(0.25, 0.8)),
        "lopsided": float(rng.uniform(0.2, 0.8)) if uneven else 0.0,
    }


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
    """Draw the clumps of a host, the ones too faint to be seen among them.

    Parameters
    ----------
    rng : numpy.random.Generator
    host : SimulatedHost
    fwhm : float
        FWHM of the PSF in arcsec.
    """
    count = int(rng.choice(len(priors.COUNT_SHARES), p=priors.COUNT_SHARES)) + 1
    # About as many again are real and too faint or too near the centre to be seen.
    total = count + int(rng.poisson(1.0 * count))
    ratios = priors.FLUX_RATIO[0] * np.exp(rng.normal(0, priors.FLUX_RATIO[1], total))
    if rng.random() < priors.STRONG_SHARE:
        ratios[0] = max(lognormal(rng, *priors.STRONG_RATIO), priors.STRONG)
    return tuple(_clump(rng, host, min(float(r), 0.3), fwhm) for r in ratios)


def _clump(rng: Rng, host: SimulatedHost, ratio: float, fwhm: float) -> SimulatedClump:
    radius = float(np.clip(lognormal(rng, *priors.CLUMP_RADIUS), 0.15, 2.5))
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
    colours = draw_colour(rng, priors.CLUMP_COLOUR)
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


def merge_close(
    clumps: tuple[SimulatedClump, ...], fwhm: float
) -> tuple[SimulatedClump, ...]:
    """Merge pairs closer than one FWHM, the closest first, at their centre of flux.

    Parameters
    ----------
    clumps : tuple of SimulatedClump
    fwhm : float
        FWHM of the PSF in arcsec.
    """
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
