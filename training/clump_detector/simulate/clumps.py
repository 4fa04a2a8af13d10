"""Random clumps on a host: where they lie, how bright and how blue they are."""

from __future__ import annotations

import numpy as np

from . import priors
from .priors import Rng, draw_colour, fluxes, lognormal
from .scene import SimulatedClump, SimulatedHost, arm_angle


def draw_clumps(
    rng: Rng, host: SimulatedHost, fwhm: float
) -> tuple[SimulatedClump, ...]:
    """Draw the clumps of a host, the ones too faint to be seen among them."""
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
