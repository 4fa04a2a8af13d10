"""What the light in a box looks like on a cutout's picture, in 17 values.

They are of the picture that users see, 8 bits and three colours, so that a picture and
a file of fluxes have the same ones. Lengths are in FWHM of the PSF.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from clump_detector.core import boxes as geometry
from clump_detector.core.arrays import Floats, Mask
from clump_detector.images.host_mask import host_mask
from clump_detector.photometry.host import middle_of_light

VALUES = (
    "contrast", "contrast_red", "contrast_blue", "colour", "around", "colour_around",
    "width", "concentration", "elongation", "unevenness", "white", "side", "distance",
    "distance_re", "over_nucleus", "snr", "off_host",
)  # fmt: skip

#: Those that are colours: of a picture in grey they say nothing.
COLOURS = ("contrast_red", "contrast_blue", "colour", "colour_around")

#: Radii: of the core, of the ring about it from and to, of the light whose shape
#: counts and of its middle.
CORE, RING, SHAPE, MIDDLE = 0.6, (1.5, 2.5), 1.5, 0.5

#: A ring and a core with fewer pixels say nothing.
FEWEST_RING = 8

#: White is a channel of more than this share of the highest value.
WHITE = 0.97

#: How far from a box's centre the peak may be, as a share of its longer side.
REACH = 0.35

#: Of a Gaussian, the FWHM over its standard deviation.
_FWHM = 2.355

Grey = NDArray[np.float32]


@dataclass(frozen=True)
class Scene:
    """A picture as its boxes are looked at.

    Attributes
    ----------
    picture : array of shape (height, width, 3)
        From 0 to 1.
    smooth : array of shape (height, width)
        Its mean colour, smoothed by the PSF.
    mask : bool array of shape (height, width)
        The galaxy's pixels.
    x, y, radius : float
        The galaxy's middle and half-light radius in pixels.
    sky, noise : float
        Median and spread of the mean colour off the galaxy.
    nucleus : float
        The greatest smoothed brightness within one FWHM of the middle.
    fwhm : float
        In pixels.
    """

    picture: NDArray[np.float32]
    smooth: Grey
    mask: Mask
    x: float
    y: float
    radius: float
    sky: float
    noise: float
    nucleus: float
    fwhm: float


def scene_of(rgb: NDArray[np.uint8], fwhm: float) -> Scene:
    """Look at a picture: its galaxy, its sky, its noise.

    Parameters
    ----------
    rgb : uint8 array of shape (height, width, 3)
    fwhm : float
        Of the PSF in pixels.
    """
    picture = rgb.astype(np.float32) / np.float32(255)
    mean: Grey = picture.mean(axis=2)
    mask = host_mask(rgb, fwhm)
    x, y, radius = _middle(mean, mask)
    free = mean[~mask] if (~mask).sum() > FEWEST_RING else mean.ravel()
    sky = float(np.median(free))
    noise = max(1.4826 * float(np.median(np.abs(free - sky))), 1 / 255)
    smooth = gaussian_filter(mean, fwhm / _FWHM)
    rows = _window(y, fwhm, mean.shape[0])
    columns = _window(x, fwhm, mean.shape[1])
    return Scene(
        picture, smooth, mask, x, y, radius, sky, noise,
        float(smooth[rows, columns].max()), fwhm,
    )  # fmt: skip


def _middle(mean: Grey, mask: Mask) -> tuple[float, float, float]:
    """Return the middle of the galaxy's light and its half-light radius in pixels."""
    height, width = mean.shape
    if mask.all():  # no galaxy stands out
        return (width - 1) / 2, (height - 1) / 2, min(height, width) / 4
    return middle_of_light(mean, mask)


def _window(at: float, reach: float, size: int) -> slice:
    """Return the pixels within a reach of a place, one at least."""
    first = int(np.clip(np.floor(at - reach), 0, size - 1))
    return slice(first, int(np.clip(np.ceil(at + reach) + 1, first + 1, size)))


def values_of(scene: Scene, boxes: Sequence[Sequence[float]] | Floats) -> Floats:
    """Return the values of boxes, shape (n, 17), in the order of `VALUES`.

    Parameters
    ----------
    scene : Scene
    boxes : array of shape (n, 4)

    Returns
    -------
    array of shape (n, 17)
        NaN for a box that is not on the picture, or has no ring of pixels about it.
    """
    corners = geometry.as_boxes(boxes)
    made = np.full((len(corners), len(VALUES)), np.nan)
    for k, box in enumerate(corners):
        found = _values(scene, box)
        if found is not None:
            made[k] = found
    return made


def _values(scene: Scene, box: Floats) -> list[float] | None:
    x1, y1, x2, y2 = box
    height, width = scene.smooth.shape
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    if not (-0.5 <= x < width - 0.5 and -0.5 <= y < height - 0.5):
        return None
    row, column = _peak(scene, box)
    rows = _window(row, np.ceil(3 * scene.fwhm), height)
    columns = _window(column, np.ceil(3 * scene.fwhm), width)
    stamp = scene.picture[rows, columns]
    dy, dx = np.mgrid[rows, columns].astype(float)
    dy, dx = (dy - row) / scene.fwhm, (dx - column) / scene.fwhm
    far = np.hypot(dx, dy)
    ring = (far >= RING[0]) & (far <= RING[1])
    if ring.sum() < FEWEST_RING:
        return None
    core = far <= CORE
    around = np.median(stamp[ring], axis=0)
    excess = stamp[core].mean(axis=0) - around
    light = np.clip(stamp.mean(axis=2) - around.mean(), 0, None)
    distance = float(np.hypot(column - scene.x, row - scene.y))
    bright = float(scene.smooth[row, column]) - scene.sky
    mean = float(excess.mean())
    return [
        mean,
        float(excess[0]),
        float(excess[2]),
        float(excess[2] - excess[0]) / (abs(mean) + 0.03),
        float(around.mean()) - scene.sky,
        float(around[2] - around[0]) / (float(around.mean()) + 0.05),
        *_shape(light, dx, dy, far),
        _unevenness(stamp, ring, dx, dy) / scene.noise,
        float((stamp[core].max(axis=1) > WHITE).mean()),
        float(np.log(np.sqrt((x2 - x1) * (y2 - y1)) / scene.fwhm)),
        float(np.log1p(distance / scene.fwhm)),
        distance / max(scene.radius, 1.0),
        bright / max(scene.nucleus - scene.sky, 0.02),
        float(np.log1p(max(mean, 0.0) / scene.noise)),
        float(not scene.mask[row, column]),
    ]


def _peak(scene: Scene, box: Floats) -> tuple[int, int]:
    """Return row and column of the brightest smoothed pixel near a box's centre."""
    x1, y1, x2, y2 = box
    reach = max(REACH * max(x2 - x1, y2 - y1), 0.5 * scene.fwhm)
    rows = _window((y1 + y2) / 2, reach, scene.smooth.shape[0])
    columns = _window((x1 + x2) / 2, reach, scene.smooth.shape[1])
    part = scene.smooth[rows, columns]
    row, column = np.unravel_index(int(part.argmax()), part.shape)
    return rows.start + int(row), columns.start + int(column)


def _shape(
    light: Grey, dx: Floats, dy: Floats, far: Floats
) -> tuple[float, float, float]:
    """Return width in FWHM, and logarithms of concentration and of elongation."""
    inner, middle = far <= SHAPE, far <= MIDDLE
    weights = np.where(inner, light, 0).astype(float) + 1e-9 * inner
    x, y = np.average(dx, weights=weights), np.average(dy, weights=weights)
    moments = np.cov(
        np.stack([(dx - x).ravel(), (dy - y).ravel()]), aweights=weights.ravel(),
        ddof=0,
    )  # fmt: skip
    small, large = np.clip(np.linalg.eigvalsh(moments), 1e-6, None)
    density = light[middle].mean() / (light[inner].mean() + 1e-6)
    return (
        float(np.sqrt((small + large) / 2) * _FWHM),
        float(np.log(density + 0.05)),
        float(np.log(large / small) / 2),
    )


def _unevenness(
    stamp: NDArray[np.float32], ring: Mask, dx: Floats, dy: Floats
) -> float:
    """Return the spread of the brightness in eight sectors of the ring."""
    sector = np.floor((np.arctan2(dy, dx) + np.pi) / (np.pi / 4)).astype(int) % 8
    means = [
        float(stamp[ring & (sector == k)].mean())
        for k in range(8)
        if (ring & (sector == k)).any()
    ]
    return float(np.std(means))
