"""Random patches of sky: a host with its clumps, stars and background galaxies."""

from __future__ import annotations

import numpy as np

from clump_detector.simulate import priors
from clump_detector.simulate.priors import (
    SURVEYS,
    Rng,
    SimulatedSurvey,
    choose,
    fluxes,
    lognormal,
)

from .hosts import (
    CLUMPY_KINDS,
    SMOOTH_KINDS,
    draw_clumps,
    draw_companions,
    draw_host,
    merge_close,
)
from .scene import Neighbour, Scene, SimulatedHost, Star


def draw_scene(
    rng: Rng, *, size: int = 400, clumpy: bool | None = None, bands: str = ""
) -> Scene:
    """Draw one patch of sky.

    Parameters
    ----------
    rng : numpy.random.Generator
    size : int
        Side of the picture in pixels.
    clumpy : bool, optional
        With or without clumps; by default as often as real galaxies have them.
    bands : str
        Of a survey that has these; of any, in the bands of its pictures, if empty.
    """
    names = [name for name in priors.SURVEY_SHARES if SURVEYS[name].has(bands)]
    shares = np.array([priors.SURVEY_SHARES[name] for name in names])
    survey = SURVEYS[names[rng.choice(len(names), p=shares / shares.sum())]]
    fwhm = lognormal(rng, *survey.fwhm)
    fwhm_px = float(np.clip(lognormal(rng, *priors.PICTURE_FWHM), 2.6, 14.0))
    # Drawn for a picture of 400 pixels; a larger one shows the same sky finer.
    scale = fwhm / fwhm_px * 400 / size
    if clumpy is None:
        clumpy = bool(rng.random() < priors.CLUMPY_SHARE)
    kind = choose(rng, CLUMPY_KINDS if clumpy else SMOOTH_KINDS)
    clump_scout = rng.random() < (0.65 if survey.name == "sdss" else 0.25)
    framing = priors.PICTURE_RE[0 if clump_scout else 1]
    re_px = float(np.clip(lognormal(rng, *framing), 12, 75))
    if kind == "elliptical":
        re_px *= 0.6
    host = draw_host(rng, kind, re_px * size / 400 * scale, clumpy=clumpy)
    hosts = (host, *draw_companions(rng, host, clumpy))
    clumps = draw_clumps(rng, host, fwhm) if clumpy else ()
    half = size * scale / 2
    return Scene(
        survey,
        size,
        scale,
        fwhm,
        float(rng.uniform(2.5, 4.0)),
        lognormal(rng, 1.0, 0.25),
        hosts,
        merge_close(clumps, fwhm),
        draw_stars(rng, half, host),
        draw_neighbours(rng, half, survey),
        bands or survey.bands,
    )


def draw_stars(rng: Rng, half: float, host: SimulatedHost) -> tuple[Star, ...]:
    """Draw the foreground stars of a frame of twice ``half`` arcsec a side.

    Counts rise by 0.22 dex a magnitude; a few are placed on the host on purpose
    (`priors.STAR_ON_HOST`), and a tenth of the frames have one so bright that it
    saturates.

    Parameters
    ----------
    rng : numpy.random.Generator
    half : float
        Half of the frame's side in arcsec.
    host : SimulatedHost
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
    """Draw the background galaxies: many faint small ones, of all colours.

    Parameters
    ----------
    rng : numpy.random.Generator
    half : float
        Half of the frame's side in arcsec.
    survey : SimulatedSurvey
    """
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
