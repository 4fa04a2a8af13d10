"""Simulated clumps in real pictures: a true sky under boxes that are known.

What else a real galaxy has is not known, so its own light is neither clump nor
background: the label set ignores the host, but for the injected clumps and a few
positions where nothing stands out. The sky around it is background, as real as can be.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import Floats
from clump_detector.core.boxes import SIDE_IN_FWHM, Boxes
from clump_detector.image_files.sources import Source
from clump_detector.images.cutout import read_cutout
from clump_detector.images.host_mask import host_mask, nucleus
from clump_detector.images.pixels.asinh import SOFTENING, redone, undone
from clump_detector.images.rgb import to_rgb

from . import priors
from .priors import FWHM_PER_SIGMA, SIGMA_PER_MAD, Rng, fluxes
from .survey_picture import VISIBLE_LEVELS, WEIGHTS, Picture

#: The brightest injected clump adds this many grey levels.
BRIGHTEST_LEVELS = 130.0

#: Places of a host without a box that are taught as background.
EMPTY_POSITIONS = 6

#: Where nothing stands out by more than this many grey levels, there is no clump.
EMPTY_LEVELS = 3.0

#: Where something stands out by more than this, no other clump fits.
FULL_LEVELS = 12.0


@dataclass(frozen=True)
class Injected:
    """A real picture with injected clumps.

    Attributes
    ----------
    rgb : uint8 array of shape (height, width, 3)
    fwhm : float
        FWHM of the clumps' PSF in pixels.
    boxes : array of shape (n, 4)
        Of the injected clumps, in pixels.
    contrast : array of shape (n,)
        Grey levels that their peaks add.
    host : array of shape (1, 4)
        The box around the galaxies in the middle.
    empty : array of shape (m, 4)
        Boxes in the host where nothing stands out.
    """

    rgb: Picture
    fwhm: float
    boxes: Boxes
    contrast: Floats
    host: Boxes
    empty: Boxes


def inject(source: Source, rng: Rng) -> Injected:
    """Inject some clumps into a real cutout's picture.

    Parameters
    ----------
    source : Source
    rng : numpy.random.Generator

    Raises
    ------
    ImageError
        If the image cannot be read.
    """
    cutout = read_cutout(source)
    picture = np.ascontiguousarray(to_rgb(cutout))
    longest = max(picture.shape[:2])
    fwhm = cutout.fwhm or star_width(picture) or priors.PICTURE_FWHM[0] * longest / 400
    mask = host_mask(picture, fwhm, companions=False)
    luminance = picture.mean(axis=2)
    sky = luminance if mask.all() else luminance[~mask]
    above = np.clip(luminance - np.median(sky), 1, None)
    standing_out = standing_out_of(luminance, fwhm)
    # Not on the nucleus, and not on a star or a clump that is there already.
    free = mask & ~near(nucleus(luminance, mask, fwhm), mask.shape, 1.5 * fwhm)
    free &= standing_out < FULL_LEVELS
    n = int(rng.choice(5, p=[0.1, 0.3, 0.3, 0.2, 0.1]))
    positions = draw_positions(free, above**0.7, n, 1.3 * fwhm, rng)
    # Faint ones are many, but what nobody sees is no label.
    levels = VISIBLE_LEVELS * (BRIGHTEST_LEVELS / VISIBLE_LEVELS) ** (
        rng.beta(1.0, 1.6, len(positions))
    )
    for position, level in zip(positions, levels, strict=True):
        picture = _add(picture, position, level, fwhm, rng)
    for position in positions:
        free &= ~near(position, mask.shape, 2.5 * fwhm)
    quiet = free & (standing_out < EMPTY_LEVELS)
    nothing = draw_positions(quiet, above, EMPTY_POSITIONS, 1.5 * fwhm, rng)
    rows, columns = np.nonzero(mask)
    host = [
        columns.min() - 0.5,
        rows.min() - 0.5,
        columns.max() + 0.5,
        rows.max() + 0.5,
    ]
    return Injected(
        picture,
        fwhm,
        _boxes(positions, fwhm),
        levels,
        np.array([host]),
        _boxes(nothing, fwhm),
    )


def star_width(picture: Picture) -> float | None:
    """Return the FWHM of a picture's point sources in pixels; None if there are few.

    A Gaussian is fitted to each compact thing after the picture's stretch is undone;
    the lower quartile represents the stars among them.
    """
    from photutils.detection import IRAFStarFinder
    from photutils.psf import fit_fwhm

    linear = undone(picture).mean(axis=2)
    linear -= np.median(linear)
    sigma = SIGMA_PER_MAD * float(np.median(np.abs(linear))) or 1e-3
    guess = priors.PICTURE_FWHM[0] * max(picture.shape[:2]) / 400
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # photutils warns when it finds or fits nothing
        found = IRAFStarFinder(20 * sigma, guess, roundness_range=(-0.2, 0.3))(linear)
        if found is None or len(found) < 4:
            return None
        positions = [
            (float(x), float(y))
            for x, y in zip(found["x_centroid"], found["y_centroid"], strict=True)
        ]
        shape = 2 * round(1.5 * guess) + 1
        widths = fit_fwhm(linear, xypos=positions, fwhm=guess, fit_shape=shape)
    widths = np.asarray(widths, dtype=float)
    good = widths[(widths > 0.4 * guess) & (widths < 2.2 * guess)]
    return float(np.percentile(good, 25)) if len(good) >= 4 else None


def _add(
    picture: Picture, position: Floats, level: float, fwhm: float, rng: Rng
) -> Picture:
    """Return a picture with a clump at x, y whose peak adds ``level`` grey levels."""
    beta = rng.uniform(2.5, 4.0)
    width = fwhm * float(rng.choice([1.0, rng.uniform(1.0, 1.4)]))
    reach = int(4 * width) + 2
    x, y = position
    left, top = max(int(x) - reach, 0), max(int(y) - reach, 0)
    part = picture[top : int(y) + reach + 1, left : int(x) + reach + 1]
    linear = undone(part)
    colour = clump_colour(rng)
    row = min(max(round(y) - top, 0), part.shape[0] - 1)
    column = min(max(round(x) - left, 0), part.shape[1] - 1)
    under = part[row, column].astype(float)
    brightest = int(np.argmax(colour))
    target = np.clip(under[brightest] + level, 0, 400) / 255
    wanted = SOFTENING * np.sinh(target * np.arcsinh(1 / SOFTENING))
    peak = max(float(wanted - linear[row, column, brightest]), 0.0)
    rows, columns = np.indices(part.shape[:2])
    radius2 = (columns + left - x) ** 2 + (rows + top - y) ** 2
    alpha2 = (width / 2) ** 2 / (2 ** (1 / beta) - 1)
    moffat = (1 + radius2 / alpha2) ** -beta
    added = peak * moffat[..., None] * colour
    # The photons of the clump bring their own noise.
    added *= 1 + 0.03 * rng.standard_normal(added.shape)
    picture = picture.copy()
    picture[top : int(y) + reach + 1, left : int(x) + reach + 1] = redone(
        linear + added
    )
    return picture


def clump_colour(rng: Rng) -> Floats:
    """Return a clump's share of red, green and blue, the greatest of them 1."""
    mean, scatter = (np.array(v) for v in priors.CLUMP_COLOUR)
    flux = fluxes(20.0, rng.normal(mean, scatter))
    bands = "gri" if rng.random() < 0.5 else "grz"
    shares = np.array([flux["ugriz".index(b)] for b in bands]) * WEIGHTS[bands]
    return np.asarray(shares[::-1] / shares.max())


def standing_out_of(luminance: NDArray[np.float64], fwhm: float) -> Floats:
    """Return by how many grey levels each pixel is brighter than its surroundings.

    Parameters
    ----------
    luminance : array of shape (height, width)
        In grey levels.
    fwhm : float
        FWHM of the PSF in pixels.
    """
    from scipy import ndimage

    sigma = fwhm / FWHM_PER_SIGMA
    inner = ndimage.gaussian_filter(luminance, sigma)
    return np.asarray(np.abs(inner - ndimage.gaussian_filter(luminance, 2.5 * sigma)))


def near(position: Floats, shape: tuple[int, ...], radius: float) -> NDArray[np.bool_]:
    """Return which pixels lie within a radius of a position.

    Parameters
    ----------
    position : array of shape (2,)
        x, y in pixels.
    shape : (int, int)
        Height and width of the image.
    radius : float
        In pixels.
    """
    rows, columns = np.indices(shape)
    return np.asarray(np.hypot(columns - position[0], rows - position[1]) < radius)


def draw_positions(
    allowed: NDArray[np.bool_], weight: Floats, n: int, apart: float, rng: Rng
) -> Floats:
    """Draw random positions on an image.

    Parameters
    ----------
    allowed : bool array of shape (height, width)
        Where positions may lie.
    weight : array of shape (height, width)
        Relative chance of each pixel.
    n : int
        Most positions.
    apart : float
        Smallest distance between two of them, in pixels.
    rng : numpy.random.Generator

    Returns
    -------
    array of shape (m, 2)
        x, y in pixels; fewer than n where there is no space.
    """
    allowed = allowed.copy()
    positions: list[Floats] = []
    for _ in range(n):
        chances = np.where(allowed, weight, 0).ravel().astype(float)
        if chances.sum() <= 0:
            break
        index = rng.choice(len(chances), p=chances / chances.sum())
        row, column = np.unravel_index(int(index), allowed.shape)
        position = np.array([column, row]) + rng.uniform(-0.5, 0.5, 2)
        positions.append(position)
        allowed &= ~near(position, allowed.shape, apart)
    return np.array(positions, dtype=float).reshape(-1, 2)


def _boxes(positions: Floats, fwhm: float) -> Boxes:
    half = SIDE_IN_FWHM * fwhm / 2
    return np.concatenate([positions - half, positions + half], axis=1)
