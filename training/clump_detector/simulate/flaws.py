"""What goes wrong in real images: flaws of detectors, lost strips, compression."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import BandArray, Floats

from .priors import Rng


def add_flaws(planes: BandArray, noise: Floats, rng: Rng) -> BandArray:
    """Return planes with the flaws of a detector: trails, cosmic rays, shifts.

    Parameters
    ----------
    planes : array of shape (3, n, n)
        Fluxes, which are not changed.
    noise : array of shape (3,)
        Sky noise per pixel.
    rng : numpy.random.Generator
    """
    n = planes.shape[1]
    planes = planes.copy()
    if rng.random() < 0.06:
        _trail(planes, noise, rng)
    if rng.random() < 0.10:
        for _ in range(rng.integers(1, 5)):
            band, i, j = (int(v) for v in rng.integers((0, 2, 2), (3, n - 4, n - 4)))
            length = int(rng.integers(1, 4))
            step = rng.integers(-1, 2, 2)
            for k in range(length):
                planes[band, i + k * step[0] % 3, j + k * step[1] % 3] += (
                    rng.uniform(20, 150) * noise[band]
                )
    if rng.random() < 0.15:  # bands that are not quite on one grid
        band = int(rng.integers(3))
        part = np.float32(rng.uniform(0.1, 0.5))
        moved = np.roll(
            planes[band], int(rng.choice([-1, 1])), axis=int(rng.integers(2))
        )
        planes[band] = (1 - part) * planes[band] + part * moved
    if rng.random() < 0.15:  # light of something beyond the rim
        angle = rng.uniform(0, 2 * np.pi)
        axis = np.linspace(-1, 1, n, dtype=np.float32)
        slope = axis[None] * np.cos(angle) + axis[:, None] * np.sin(angle)
        planes += rng.uniform(0.2, 1.0) * noise[:, None, None] * slope
    return planes.astype(np.float32)


def _trail(planes: BandArray, noise: Floats, rng: Rng) -> None:
    """Add the trail of a satellite or an aeroplane, whole or dashed."""
    n = planes.shape[1]
    axis = np.arange(n) - n / 2
    angle, shift = rng.uniform(0, np.pi), rng.uniform(-0.45, 0.45) * n
    across = axis[None] * np.cos(angle) + axis[:, None] * np.sin(angle) - shift
    along = axis[:, None] * np.cos(angle) - axis[None] * np.sin(angle)
    trail = np.exp(-((across / rng.uniform(0.7, 2.5)) ** 2) / 2)
    if rng.random() < 0.4:
        trail = trail * (np.sin(along / rng.uniform(2, 8)) > -0.8)
    bands = rng.random(3) < 0.6
    planes[bands] += rng.uniform(1.5, 8) * noise[bands, None, None] * trail


def lose_strip(picture: NDArray[np.uint8], rng: Rng) -> NDArray[np.uint8]:
    """Return a picture of which a strip along a rim has no data or lacks one colour.

    Parameters
    ----------
    picture : uint8 array of shape (height, width, 3)
    rng : numpy.random.Generator
    """
    picture = picture.copy()
    # A view, so that the strip may lie along any rim and the sky stays as it is.
    lines = picture.swapaxes(0, 1) if rng.random() < 0.5 else picture
    width = int(rng.uniform(0.02, 0.30) * len(lines))
    strip = lines[:width] if rng.random() < 0.5 else lines[-width:]
    if rng.random() < 0.5:
        strip[:] = 0
    else:
        strip[..., int(rng.integers(3))] //= 5
    return picture


def as_jpeg(picture: NDArray[np.uint8], rng: Rng) -> NDArray[np.uint8]:
    """Return the picture after a round through JPEG, as most public cutouts had.

    Parameters
    ----------
    picture : uint8 array of shape (height, width, 3)
    rng : numpy.random.Generator
    """
    from PIL import Image

    if rng.random() < 0.15:
        return picture
    file = io.BytesIO()
    quality = int(rng.integers(70, 97))
    sampling = int(rng.choice([0, 2], p=[0.3, 0.7]))
    Image.fromarray(picture).save(file, "JPEG", quality=quality, subsampling=sampling)
    return np.asarray(Image.open(file))
