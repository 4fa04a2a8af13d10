"""From a scene to fluxes on a detector: GalSim for profiles and PSF, numpy for arms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clump_detector.core.arrays import BandArray, Floats

from .pixel_grid import PixelGrid, rotated, smooth_noise
from .priors import BANDS, FWHM_PER_SIGMA, Rng
from .scenes.scene import (
    Neighbour,
    Scene,
    SimulatedClump,
    SimulatedHost,
    Star,
    arm_angle,
)

#: A clump from this matched-filter S/N up is one that an observer sees in the picture:
#: chosen by looking at pictures with the values written beside the clumps.
VISIBLE_SNR = 8.0

#: Between this and `VISIBLE_SNR` observers disagree: such a clump is to be ignored.
DOUBTFUL_SNR = 4.0

#: Structure of the host under a clump, as a share of the host's brightness there, that
#: counts as noise: a bump of a few per cent is not distinguished from arms and texture.
HOST_STRUCTURE = 0.06

#: Attenuation by dust relative to g, in u, g, r, i, z.
DUST_CURVE = np.array([1.3, 1.0, 0.72, 0.55, 0.41])


@dataclass(frozen=True)
class Seen:
    """How a clump stands out from what lies under it.

    Attributes
    ----------
    snr : float
        Matched-filter signal-to-noise ratio over all bands.
    peak, under : array of shape (bands,)
        Its peak, and what lies under it, in nanomaggies per pixel.
    """

    snr: float
    peak: Floats
    under: Floats


@dataclass(frozen=True)
class Drawn:
    """Fluxes of a scene on the detector's pixels.

    Attributes
    ----------
    planes : array of shape (bands, n, n)
        Noisy fluxes in nanomaggies per pixel, from the bluest to the reddest band.
    noise : array of shape (bands,)
        Sky noise per pixel.
    centre : array of shape (bands,)
        Brightness of the host's inner part, without noise.
    seen : tuple of Seen
        What each clump stands out from.
    """

    planes: BandArray
    noise: Floats
    centre: Floats
    seen: tuple[Seen, ...]

    def of(self, chosen: list[int]) -> Drawn:
        """Return it in some of the bands, given by their numbers."""
        seen = tuple(
            Seen(one.snr, one.peak[chosen], one.under[chosen]) for one in self.seen
        )
        return Drawn(self.planes[chosen], self.noise[chosen], self.centre[chosen], seen)


def draw(scene: Scene, rng: Rng) -> Drawn:
    """Draw a scene on the pixels of its survey's detector, with noise.

    Parameters
    ----------
    scene : Scene
    rng : numpy.random.Generator
    """
    survey = scene.survey
    grid = PixelGrid(scene)
    chosen = [BANDS.index(b) for b in scene.bands]
    before = np.zeros((len(chosen), grid.n, grid.n), np.float32)  # not yet convolved
    after = np.zeros_like(before)
    for host in scene.hosts:
        before += _disc(host, grid, rng)[chosen]
        after += _bulge(host, grid)[chosen]
    for neighbour in scene.neighbours:
        _add_neighbour(before, neighbour, grid, chosen)
    planes = grid.convolve(before) + after
    for star in scene.stars:
        _add_star(planes, star, grid, chosen, rng)
    for clump in scene.clumps:
        add_point(planes, clump.x, clump.y, clump.flux[chosen], clump.fwhm, grid)
    middle = grid.n // 2
    reach = max(int(0.3 * scene.host.re / grid.scale), 1)
    inner = slice(middle - reach, middle + reach + 1)
    core = planes[:, middle - 1 : middle + 2, middle - 1 : middle + 2].mean((1, 2))
    centre = 0.6 * planes[:, inner, inner].mean((1, 2)) + 0.4 * core
    noise = survey.noise_in(scene.bands) * scene.depth
    seen = [_seen(c, planes, noise, grid, chosen) for c in scene.clumps]
    planes = np.minimum(planes, np.float32(_full_well(scene)))
    # The photons' own noise: gain falls with depth as exposure does.
    gain = survey.gain / scene.depth**2
    sigma = np.sqrt(noise[:, None, None] ** 2 + np.clip(planes, 0, None) / gain)
    planes += (sigma * rng.standard_normal(planes.shape, np.float32)).astype(np.float32)
    return Drawn(planes, noise, centre.astype(float), tuple(seen))


def _full_well(scene: Scene) -> float:
    """Return the flux per pixel where the detector saturates: a star of about 13.5 mag.

    All bands saturate at much the same, so that a bright star's core is white.
    """
    sigma = scene.fwhm / FWHM_PER_SIGMA / scene.survey.scale
    return 4000.0 / (2 * np.pi * sigma**2)


def _disc(host: SimulatedHost, grid: PixelGrid, rng: Rng) -> BandArray:
    """Return the disc's fluxes before the PSF, shape (5, n, n)."""
    if host.old.sum() + host.young.sum() < 0.02 * host.bulge.sum():
        return np.zeros((5, grid.n, grid.n), np.float32)
    along, across = rotated(grid, host.x, host.y, host.angle)
    u, v = along / host.re, across / (host.re * host.axis_ratio)
    if host.lopsided:  # bends the isophotes and moves the light to one side
        v = v + 0.25 * host.lopsided * (u**2 - 0.5).clip(-1, 2)
    radius = np.sqrt(u**2 + v**2 + 1e-4)
    theta = np.arctan2(v, u)
    b = 2 * host.index - 1 / 3
    smooth = np.exp(-b * radius ** (1 / host.index)) * (radius < 5)
    if host.lopsided:
        smooth = smooth * (
            1 + 0.8 * host.lopsided * np.tanh(u * np.cos(host.arm_phase))
        )
    inside = _share_inside(host, grid, smooth)
    if inside < 1e-3:
        return np.zeros((5, grid.n, grid.n), np.float32)
    pattern, dust = _pattern(host, radius, theta, u, v)
    texture = np.ones_like(smooth)
    if host.texture:
        coarse = max(host.texture_size * host.re, 3.0 * grid.fwhm)
        texture = np.exp(host.texture * smooth_noise(rng, grid, coarse))
    young = smooth**0.85 * (0.15 + pattern) * texture
    old = smooth * (1 + 0.35 * host.arm_strength * pattern) * texture**0.3
    old = old + _bar(host, u, v)
    planes = host.old[:, None, None] * (old / old.sum())
    planes = inside * (planes + host.young[:, None, None] * (young / young.sum()))
    if host.dust:
        depth = host.dust * dust * np.exp(-0.5 * radius)
        planes = planes * np.exp(-DUST_CURVE[:, None, None] * depth)
    return np.asarray(planes, np.float32)


def _share_inside(host: SimulatedHost, grid: PixelGrid, smooth: Floats) -> float:
    """Return how much of a disc's light falls into the frame, 0 to 1."""
    radius = np.linspace(0, 5, 501)
    b = 2 * host.index - 1 / 3
    profile = radius * np.exp(-b * radius ** (1 / host.index))
    area = (host.re / grid.scale) ** 2 * host.axis_ratio
    whole = 2 * np.pi * area * float(np.trapezoid(profile, radius))
    return min(float(smooth.sum()) / whole, 1.0)


def _pattern(
    host: SimulatedHost, radius: Floats, theta: Floats, u: Floats, v: Floats
) -> tuple[Floats, Floats]:
    """Return where young stars are (arms, ring, or all over) and where the dust is."""
    pattern = np.full_like(radius, 1.0 if not (host.arms or host.ring) else 0.12)
    dust = np.exp(-(((v * host.axis_ratio + 0.03) / 0.05) ** 2))
    if host.axis_ratio > 0.3:
        dust = np.zeros_like(radius)
    if host.arms:
        phase = theta - arm_angle(host, radius)
        narrow = 1 / host.arm_width**2
        # Arms start outside the bulge and fade outwards.
        rise = radius**2 / (radius**2 + 0.12)
        arms = np.exp(narrow * (np.cos(host.arms * phase) - 1) / host.arms)
        pattern = pattern + 2.2 * host.arm_strength * rise * arms
        lane = np.cos(host.arms * (phase + 0.35 * host.handed)) - 1
        dust = dust + rise * np.exp(3 * narrow * lane / host.arms)
    if host.ring:
        ring = np.exp(-(((radius - host.ring_radius) / 0.16) ** 2) / 2)
        pattern = pattern + host.ring * ring * np.exp(1.2 * radius)
    return pattern, dust


def _bar(host: SimulatedHost, u: Floats, v: Floats) -> Floats | float:
    """Return a bar as an addition to the old disc of central brightness one."""
    if not host.bar:
        return 0.0
    length, turn = 0.35 + 0.5 * host.bar, host.arm_phase
    along = u * np.cos(turn) + v * np.sin(turn)
    across = v * np.cos(turn) - u * np.sin(turn)
    shape = (np.abs(along) / length) ** 3 + (np.abs(across) / (0.22 * length)) ** 2
    light: Floats = 1.2 * host.bar * np.exp(-shape)
    return light


def _bulge(host: SimulatedHost, grid: PixelGrid) -> BandArray:
    """Return the bulge's fluxes after the PSF, shape (5, n, n)."""
    import galsim

    planes = np.zeros((5, grid.n, grid.n), np.float32)
    if host.bulge[2] < 1e-3 * host.flux[2]:
        return planes
    ratio = host.axis_ratio if host.kind == "elliptical" else host.bulge_axis_ratio
    profile = galsim.Sersic(
        host.bulge_index,
        half_light_radius=host.bulge_re,
        gsparams=grid.params,
    ).shear(q=max(ratio, 0.2), beta=host.angle * galsim.radians)
    convolved = galsim.Convolve(profile, grid.psf, gsparams=grid.params)
    image = galsim.ImageF(grid.n, grid.n, scale=grid.scale)
    column, row = grid.pixel(host.x, host.y)
    convolved.drawImage(image, center=galsim.PositionD(column + 1, row + 1))
    planes += host.bulge[:, None, None].astype(np.float32) * np.clip(
        image.array, 0, None
    )
    return planes


def _add_neighbour(
    planes: BandArray, neighbour: Neighbour, grid: PixelGrid, chosen: list[int]
) -> None:
    import galsim

    profile = galsim.Sersic(
        neighbour.index, half_light_radius=neighbour.re, gsparams=grid.params
    ).shear(q=neighbour.axis_ratio, beta=neighbour.angle * galsim.radians)
    reach = min(5 * neighbour.re + 2 * grid.scale, 40.0)
    stamp = grid.stamp(profile, neighbour.x, neighbour.y, reach)
    if stamp is None:
        return
    array, rows, columns = stamp
    total = float(array.sum())
    if total > 1.0:  # a cusp on a pixel's centre is sampled too bright
        array = array / total
    planes[:, rows, columns] += neighbour.flux[chosen, None, None] * array


def add_point(
    planes: BandArray,
    x: float,
    y: float,
    flux: Floats,
    intrinsic: float,
    grid: PixelGrid,
) -> None:
    """Add a source of the PSF's shape, or wider by an intrinsic FWHM in arcsec."""
    profile = grid.psf
    if intrinsic > 0:
        wide = float(np.hypot(grid.fwhm, intrinsic))
        profile = profile.dilate(wide / grid.fwhm)
    stamp = grid.stamp(profile, x, y, 6 * grid.fwhm)
    if stamp is not None:
        array, rows, columns = stamp
        planes[:, rows, columns] += flux[:, None, None] * array


def _add_star(
    planes: BandArray, star: Star, grid: PixelGrid, chosen: list[int], rng: Rng
) -> None:
    """Add a star, with a halo and spikes where it is bright."""
    flux = star.flux[chosen]
    bright = flux.max() > 1500  # brighter than 14.6 mag
    reach = 6.0 if flux.max() < 15 else 14.0
    stamp = grid.stamp(
        grid.psf, star.x, star.y, grid.n * grid.scale if bright else reach * grid.fwhm
    )
    if stamp is not None:
        array, rows, columns = stamp
        planes[:, rows, columns] += flux[:, None, None] * array
    if bright:
        dx, dy = grid.x - star.x, grid.y - star.y
        # Scattered light is redder than the star, as in SDSS's thick i chips.
        red = rng.uniform(1.0, 2.5)
        tint = np.interp(np.linspace(0, 2, len(chosen)), (0, 1, 2), (0.5, 1.0, red))
        tint = tint[:, None, None]
        share = 0.02 * flux[:, None, None] * tint * grid.scale**2
        size = rng.uniform(4, 9)
        halo = (1 + (dx**2 + dy**2) / size**2) ** -1.6 / (2 * np.pi * size**2)
        planes += (share * halo).astype(np.float32)
        turn = rng.choice([0.0, np.pi / 4]) + rng.normal(0, 0.08)
        a = dx * np.cos(turn) + dy * np.sin(turn)
        b = dy * np.cos(turn) - dx * np.sin(turn)
        thin = 0.35 * grid.fwhm
        for along, across in ((a, b), (b, a)):
            spike = np.exp(-((across / thin) ** 2) / 2) / (
                1 + (np.abs(along) / 4) ** 1.8
            )
            planes += (0.02 * share * spike).astype(np.float32)


def _seen(
    clump: SimulatedClump,
    planes: BandArray,
    noise: Floats,
    grid: PixelGrid,
    chosen: list[int],
) -> Seen:
    """Return a clump's S/N through a filter of its own shape, over all bands.

    Noise is the sky's and the photons', and a share `HOST_STRUCTURE` of what lies
    under the clump: host, neighbours, stars and other clumps.
    """
    column, row = grid.pixel(clump.x, clump.y)
    i, j = round(row), round(column)
    if not (0 <= i < grid.n and 0 <= j < grid.n):
        return Seen(0.0, np.zeros(len(chosen)), np.zeros(len(chosen)))
    sigma = float(np.hypot(grid.fwhm, clump.fwhm)) / FWHM_PER_SIGMA / grid.scale
    area = 4 * np.pi * sigma**2
    flux = clump.flux[chosen]
    peak = 1.7 * flux / area  # a Moffat's is a little below a Gaussian's, 2 / area
    under = np.clip(planes[:, i, j] - peak, 0, None)
    variance = area * noise**2 + (HOST_STRUCTURE * area * under) ** 2
    return Seen(float(np.sqrt((flux**2 / variance).sum())), peak, under)
