"""The background under a clump, from the annulus around it.

The annulus lies between 1.5 and 2.5 FWHM; the background is its median with other
clumps and, on the galaxy, the sky beside it left out (Popp et al. 2023). A slope of the
galaxy across the annulus is taken out first, so that an annulus of which one side is
masked gives the light in its middle, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clump_detector.core.arrays import Floats, Mask

from .background import medians, spreads
from .psf import ANNULUS
from .stamp import Stamp

#: The annulus is divided into this many sectors to measure how uneven the galaxy is.
SECTORS = 8

#: Their slope and level are fitted, which leaves this many degrees of freedom.
FREE = SECTORS - 3

#: A galaxy's light is uneven by about this share of it, over an area as large as an
#: aperture: what eight sectors give is uncertain in itself, and would be believed most
#: where it is too low by chance. It counts as much as the sectors do.
UNEVEN = 0.15

#: The variance of a median is this many times that of a mean.
MEDIAN = np.pi / 2

#: Less of the annulus than this share is too little for a background.
LEAST_ANNULUS = 0.25

#: No fewer pixels than this give one.
LEAST_PIXELS = 8

#: The sky is left out of an annulus of which at least this share is on the galaxy.
ON_HOST = 0.35


@dataclass(frozen=True)
class Background:
    """What lies around a clump, by band: arrays of shape (bands,).

    Attributes
    ----------
    level : array
        Light per pixel under the clump; NaN where the annulus gives none.
    noise : array
        Spread of a pixel in the annulus.
    uneven : array
        Standard deviation of the galaxy's light over an area as large as a sector,
        beyond what the pixels' noise makes, and beyond a slope.
    pixels : array
        Number of pixels that the level is from.
    """

    level: Floats
    noise: Floats
    uneven: Floats
    pixels: Floats


@dataclass(frozen=True)
class Annulus:
    """The pixels around a clump that give its background.

    Attributes
    ----------
    used : bool array of shape (m, m)
    share : float
        Of the annulus that is used.
    taken : float
        Share of it that other clumps cover.
    """

    used: Mask
    share: float
    taken: float


def annulus_around(
    stamp: Stamp, fwhm: float, others: Floats, host: Mask | None
) -> Annulus:
    """Return the annulus of a clump.

    Parameters
    ----------
    stamp : Stamp
    fwhm : float
    others : array of shape (n, 3)
        Offsets from this clump and radii in pixels of what else is left out.
    host : bool array of shape (m, m), optional
        The galaxy; the sky beside it is left out, unless most of the annulus is sky.
    """
    far = stamp.distance / fwhm
    ring = (far >= ANNULUS[0]) & (far <= ANNULUS[1])
    free = ring.copy()
    for x, y, radius in others:
        free &= (stamp.dx - x) ** 2 + (stamp.dy - y) ** 2 > radius**2
    known = free & np.isfinite(stamp.planes).any(axis=0)
    used = known
    if host is not None:
        on_host = known & host
        if on_host.sum() >= ON_HOST * max(int(known.sum()), 1):
            used = on_host
    total = max(int(ring.sum()), 1)
    return Annulus(used, float(used.sum()) / total, 1 - float(free.sum()) / total)


def background(stamp: Stamp, used: Mask) -> Background:
    """Return what lies around a clump, from the pixels that are used of its annulus.

    Parameters
    ----------
    stamp : Stamp
    used : bool array of shape (m, m)
        The annulus' pixels that count, from `Annulus.used`.
    """
    values = stamp.planes[:, used]
    dx, dy = stamp.dx[used], stamp.dy[used]
    count = np.isfinite(values).sum(axis=1)
    enough = count >= LEAST_PIXELS
    if not enough.any():
        nothing = np.full(len(values), np.nan)
        return Background(nothing, nothing, nothing, count.astype(float))
    flat = values - fit_planes(values, dx, dy)[:, 1:] @ np.stack([dx, dy])
    level = medians(flat)
    rest = flat - level[:, None]
    noise = spreads(flat, level)
    uneven = _unevenness(rest, np.arctan2(dy, dx), noise)
    level[~enough] = noise[~enough] = uneven[~enough] = np.nan
    return Background(level, noise, uneven, count.astype(float))


def fit_planes(values: Floats, dx: Floats, dy: Floats) -> Floats:
    """Return level and slopes along x and y of planes through values, clipped once.

    Parameters
    ----------
    values : array of shape (bands, n)
        NaN where there is none; of fewer than `LEAST_PIXELS` the slopes are 0.
    dx, dy : array of shape (n,)

    Returns
    -------
    array of shape (bands, 3)
    """
    design = np.stack([np.ones(len(dx)), dx, dy])
    size = max(float(np.abs(design[1:]).max(initial=0)), 1.0)
    design[1:] /= size
    good = np.isfinite(values)
    known = np.where(good, values, 0)
    fitted = np.zeros((len(values), 3))
    for again in (True, False):
        weighted = good[:, None, :] * design
        normal = weighted @ design.T + 1e-9 * np.eye(3)
        right = (weighted * known[:, None, :]).sum(axis=2)
        fitted = np.linalg.solve(normal, right[..., None])[..., 0]
        if not again:
            break
        rest = values - fitted @ design
        spread = spreads(np.where(good, rest, np.nan), np.zeros(len(values)))
        good = np.isfinite(values) & (np.abs(rest) <= 3 * spread[:, None])
    few = np.isfinite(values).sum(axis=1) < LEAST_PIXELS
    fitted[few, 1:] = 0
    fitted[:, 1:] /= size
    return fitted


def _unevenness(rest: Floats, angles: Floats, noise: Floats) -> Floats:
    """Return the spread of the sectors' medians beyond that of the pixels' noise."""
    sector = ((angles + np.pi) / (2 * np.pi) * SECTORS).astype(int) % SECTORS
    order = np.argsort(sector, kind="stable")
    counts = np.bincount(sector, minlength=SECTORS)
    longest = max(int(counts.max()), 1)
    index = np.full((SECTORS, longest), -1)
    starts = np.append(0, counts.cumsum())
    for k in range(SECTORS):
        index[k, : counts[k]] = order[starts[k] : starts[k + 1]]
    wide = np.concatenate([rest, np.full((len(rest), 1), np.nan)], axis=1)
    parts = wide[:, index]  # (bands, sectors, longest)
    n = np.isfinite(parts).sum(axis=2)
    middles = np.where(n >= 3, medians(parts), np.nan)
    known = np.isfinite(middles)
    number = known.sum(axis=1)
    centred = np.where(known, middles, 0)
    centred = np.where(
        known, centred - (centred.sum(axis=1) / np.maximum(number, 1))[:, None], 0
    )
    variance = (centred**2).sum(axis=1) / np.maximum(number, 1)
    own = np.where(known, MEDIAN * noise[:, None] ** 2 / np.maximum(n, 1), 0)
    own_variance = own.sum(axis=1) / np.maximum(number, 1)
    return np.asarray(np.sqrt(np.clip(variance - own_variance, 0, None)))


def unevenness(found: Floats, light: Floats) -> Floats:
    """Return how well the annulus gives the galaxy's light under the clump, per pixel.

    Parameters
    ----------
    found : array of shape (bands,)
        `Background.uneven`.
    light : array of shape (bands,)
        The galaxy's light there, above the sky.
    """
    sectors = SECTORS / FREE * found**2
    usual = (UNEVEN * np.clip(light, 0, None)) ** 2
    return np.asarray(np.sqrt((sectors + usual) / 2 * (1 + 1 / SECTORS)))
