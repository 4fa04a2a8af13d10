"""The pixels of each clump: where it stands out of its host, and is nearer than others.

Touching clumps are parted by a watershed from their centres, as SExtractor's deblending
and photutils' do from peaks; here the boxes say how many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import Floats, Mask
from clump_detector.images.pixels.asinh import undone

from .aperture.background import medians, rough_sky, spreads
from .aperture.psf import ANNULUS, SIGMA_PER_FWHM
from .field import Field
from .results import Measured

#: A clump's pixels stand out by this many sigma of what is around it, noise and arms,
#: and by this share of its own peak: beyond that are wings that nobody would call it.
STANDS_OUT, SHARE_OF_PEAK = 2.0, 0.1

#: They are no farther from its centre than so many FWHM, or its box's corner.
REACH = 2.0

#: The image is smoothed by this share of the PSF first.
SMOOTHED = 0.5

#: Fewer pixels are no segment.
LEAST_PIXELS = 4


@dataclass(frozen=True)
class Segments:
    """The pixels of the clumps of a cutout.

    Attributes
    ----------
    labels : int array of shape (height, width)
        The number of the clump from 1, in the order of the boxes; 0 is none.
    area : int array of shape (n,)
        Pixels of each; 0 where it does not stand out.
    flux : array of shape (n, bands)
        Light in them above the clump's background, in the units of the pixels; NaN of
        a picture, and where it does not stand out.
    """

    labels: NDArray[np.int32]
    area: NDArray[np.int64]
    flux: Floats

    @property
    def radius(self) -> Floats:
        """Radius in pixels of a circle of that area, shape (n,); NaN for none."""
        area = np.where(self.area > 0, self.area, np.nan)
        return np.sqrt(area / np.pi)

    def outline(self, clump: int) -> list[tuple[float, float]]:
        """Return the corners x, y of a clump's outline, between the pixels.

        Parameters
        ----------
        clump : int
            Its place among the boxes, from 0.
        """
        from skimage.measure import find_contours

        rows, columns = np.nonzero(self.labels == clump + 1)
        if not len(rows):
            return []
        top, left = int(rows.min()), int(columns.min())
        part = self.labels[top : rows.max() + 1, left : columns.max() + 1] == clump + 1
        contours = find_contours(np.pad(part, 1).astype(float), 0.5)
        longest = max(contours, key=len)[:-1]
        return [(float(x) + left - 1, float(y) + top - 1) for y, x in longest]


@dataclass(frozen=True)
class _Part:
    """Where a clump stands out: a mask of some rows and columns of the image."""

    window: tuple[slice, slice]
    mask: Mask


def segment(field: Field, measured: Measured) -> Segments:
    """Return the segments of the clumps that were measured on a cutout.

    Parameters
    ----------
    field : Field
    measured : Measured
        Of all its clumps.
    """
    n, shape = len(measured), (field.cutout.height, field.cutout.width)
    labels = np.zeros(shape, np.int32)
    if n:
        light = _standing_out(field)
        parts = [_part(field, measured, k, light) for k in range(n)]
        labels = _parted(light, parts, _pixels(measured, shape))
    area = np.bincount(labels.ravel(), minlength=n + 1)[1 : n + 1].astype(np.int64)
    return Segments(labels, area, _fluxes(field, measured, labels, area))


def _parted(
    light: Floats, parts: Sequence[_Part], centres: Sequence[tuple[int, int]]
) -> NDArray[np.int32]:
    """Return the clumps' labels: each pixel is that of one of those it is a part of."""
    from skimage.segmentation import watershed

    together = np.zeros(light.shape, dtype=bool)
    seeds = np.zeros(light.shape, np.int32)
    for number, (part, (row, column)) in enumerate(
        zip(parts, centres, strict=True), start=1
    ):
        together[part.window] |= part.mask
        if together[row, column]:
            seeds[row, column] = number
    labels: NDArray[np.int32] = watershed(-light, seeds, mask=together)
    for number, part in enumerate(parts, start=1):
        own = labels[part.window]
        own[(own == number) & ~part.mask] = 0
    few = np.bincount(labels.ravel(), minlength=len(parts) + 1) < LEAST_PIXELS
    labels[few[labels]] = 0
    return labels.astype(np.int32)


def _pixels(measured: Measured, shape: tuple[int, int]) -> list[tuple[int, int]]:
    """Return row and column of the clumps' centres."""
    rows = measured.y.round().astype(int).clip(0, shape[0] - 1)
    columns = measured.x.round().astype(int).clip(0, shape[1] - 1)
    return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True)]


def _standing_out(field: Field) -> Floats:
    """Return all bands together without the host's smooth light, in units of noise."""
    from scipy import ndimage

    shape = (field.cutout.height, field.cutout.width)
    if field.sky is None:
        planes = np.moveaxis(undone(field.cutout.pixels), 2, 0).astype(np.float64)
        noise = np.array([rough_sky(plane)[1] for plane in planes])
        rest = planes
    else:
        rest = field.planes.astype(np.float64) - _smooth(field, shape)
        noise = field.sky.noise
    scale = np.where(noise > 0, noise, 1.0)[:, None, None]
    together = np.nan_to_num(rest / scale).sum(axis=0) / np.sqrt(len(rest))
    sigma = SMOOTHED * field.fwhm * SIGMA_PER_FWHM
    return np.asarray(ndimage.gaussian_filter(together, sigma))


def _smooth(field: Field, shape: tuple[int, int]) -> Floats:
    """Return the host's smooth light on all pixels, by band."""
    profile = None if field.host is None else field.host.profile
    if profile is None:
        return np.zeros((len(field.bands), *shape))
    rows, columns = np.indices(shape, dtype=np.float64)
    return profile.light_at(columns, rows)


def _part(field: Field, measured: Measured, clump: int, light: Floats) -> _Part:
    """Return where a clump stands out of what is around it."""
    x, y = float(measured.x[clump]), float(measured.y[clump])
    x1, y1, x2, y2 = measured.boxes[clump]
    reach = max(REACH * field.fwhm, float(np.hypot(x2 - x1, y2 - y1)) / 2)
    window = _window(x, y, max(reach, ANNULUS[1] * field.fwhm), light.shape)
    near = light[window]
    rows = np.arange(window[0].start, window[0].stop)[:, None]
    columns = np.arange(window[1].start, window[1].stop)
    far = np.hypot(columns - x, rows - y)
    ring = (far >= ANNULUS[0] * field.fwhm) & (far <= ANNULUS[1] * field.fwhm)
    free = ring.copy()
    for k in range(len(measured)):
        if k != clump:
            away = np.hypot(columns - measured.x[k], rows - measured.y[k])
            free &= away >= ANNULUS[0] * field.fwhm
    values = near[free if free.sum() >= LEAST_PIXELS else ring]
    if len(values) < LEAST_PIXELS:
        return _Part(window, np.zeros(near.shape, dtype=bool))
    level = float(medians(values[None])[0])
    around = float(spreads(values[None])[0])
    peak = float(near[far <= max(field.fwhm / 2, 1.0)].max(initial=level)) - level
    limit = level + max(STANDS_OUT * around, SHARE_OF_PEAK * peak)
    return _Part(window, np.asarray((near > limit) & (far <= reach)))


def _window(
    x: float, y: float, reach: float, shape: tuple[int, ...]
) -> tuple[slice, slice]:
    """Return the rows and columns within a distance of a position."""

    def between(middle: float, size: int) -> slice:
        first = min(max(int(middle - reach), 0), size)
        return slice(first, max(min(int(middle + reach) + 2, size), first))

    return between(y, shape[0]), between(x, shape[1])


def _fluxes(
    field: Field, measured: Measured, labels: NDArray[np.int32], area: NDArray[np.int64]
) -> Floats:
    """Return the light in the segments, above the background of each clump."""
    flux = np.full((len(measured), len(field.bands)), np.nan)
    profile = None if field.host is None else field.host.profile
    for k in np.flatnonzero(area):
        rows, columns = np.nonzero(labels == k + 1)
        values = field.planes[:, rows, columns].astype(np.float64)
        if not field.bands:
            continue
        level = measured.background[k]
        if profile is not None:
            place = (float(measured.x[k]), float(measured.y[k]))
            under = profile.around(place, columns.astype(float), rows.astype(float))
            here = profile.around(place, np.array([place[0]]), np.array([place[1]]))
            values = values - (under - here)
        above = values - level[:, None]
        flux[k] = np.where(
            np.isfinite(above).all(axis=1), np.nan_to_num(above).sum(axis=1), np.nan
        )
    return flux
