"""The pixels of each clump: where its own light is more than a tenth of its peak.

Where noise is more than that, it is drawn towards the light of a source of the clump's
width; the light that is so expected of neighbours is taken off first. SExtractor and
photutils deblend by thresholds and a watershed from peaks; here the boxes say how many
clumps there are and the photometry how wide they are, and pixels found this way agree
better with the true ones: `python -m tests.benchmarks.mask_head`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import Floats
from clump_detector.images.pixels.asinh import undone

from .aperture.background import medians, rough_sky, spreads
from .aperture.psf import ANNULUS, SIGMA_PER_FWHM, Psf, moffat
from .field import Field
from .results import Measured

#: A clump's peak stands out by this many sigma of what is around it, noise and arms,
#: and its pixels by this share of the peak: beyond are wings that nobody would call it.
STANDS_OUT, SHARE_OF_PEAK = 2.0, 0.1

#: A pixel's light is expected to be that of a source of the clump's width within this
#: share of it: where noise is more than that, the segment is round. Simulated clumps,
#: which are round, would have it smaller; real ones are less even.
UNLIKE = 0.35

#: They are no farther from its centre than so many FWHM, or its box's corner.
REACH = 2.0

#: The image is smoothed by this share of the PSF first.
SMOOTHED = 0.3

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
class _Peak:
    """How a clump stands out, in units of noise: what it does so from, and its shape.

    ``level`` and ``spread`` are those of what is around it, ``height`` is the peak
    above the level, 0 where it does not stand out, ``reach`` is how far it may go in
    pixels.
    """

    x: float
    y: float
    width: float
    level: float
    spread: float
    height: float
    reach: float

    def expected(self, x: Floats, y: Floats, psf: Psf) -> Floats:
        """Return the light of a source of its place, height and width on pixels."""
        far = np.hypot(x - self.x, y - self.y)
        peak = float(psf.at(np.zeros(1), self.width)[0])
        return np.asarray(self.height / peak * psf.at(far, self.width))


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
        peaks = [_peak(field, measured, k, light) for k in range(n)]
        labels = _parted(light, peaks, moffat(field.fwhm))
    area = np.bincount(labels.ravel(), minlength=n + 1)[1 : n + 1].astype(np.int64)
    return Segments(labels, area, _fluxes(field, measured, labels, area))


def _parted(light: Floats, peaks: Sequence[_Peak], psf: Psf) -> NDArray[np.int32]:
    """Return the clumps' labels: a pixel is of the one with most light there."""
    labels, most = np.zeros(light.shape, np.int32), np.zeros(light.shape)
    for number, own in enumerate(peaks, start=1):
        if not own.height:
            continue
        window = _window(own.x, own.y, own.reach, light.shape)
        y, x = np.mgrid[window].astype(np.float64)
        alone = light[window] - own.level
        for other in peaks:
            apart = np.hypot(other.x - own.x, other.y - own.y)
            if other is not own and apart < own.reach + REACH * psf.fwhm:
                alone = alone - other.expected(x, y, psf)
        likely = _likely(alone, own.spread, own.expected(x, y, psf))
        far = np.hypot(x - own.x, y - own.y)
        mine = (likely > SHARE_OF_PEAK * own.height) & (far <= own.reach)
        mine &= likely > most[window]
        labels[window][mine] = number
        most[window][mine] = likely[mine]
    return _in_one_piece(labels, peaks)


def _likely(light: Floats, noise: float, expected: Floats) -> Floats:
    """Return the light of pixels, drawn towards what is expected where it is noisy."""
    unlike = np.maximum((UNLIKE * expected) ** 2, np.finfo(float).tiny)
    trust = noise**2 / (noise**2 + unlike)
    return np.asarray(light + (expected - light) * trust)


def _in_one_piece(
    labels: NDArray[np.int32], peaks: Sequence[_Peak]
) -> NDArray[np.int32]:
    """Return labels without pixels that do not touch the largest part of a clump's."""
    from scipy import ndimage

    for number, own in enumerate(peaks, start=1):
        window = _window(own.x, own.y, own.reach, labels.shape)
        mine = labels[window] == number
        pieces, n = ndimage.label(mine)
        pixels = np.bincount(pieces.ravel(), minlength=n + 1)
        pixels[0] = 0
        largest = int(pixels.argmax())
        kept = pieces == largest if pixels[largest] >= LEAST_PIXELS else pieces < 0
        labels[window][mine & ~kept] = 0
    return labels


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


def _peak(field: Field, measured: Measured, clump: int, light: Floats) -> _Peak:
    """Return how a clump stands out of what is around it."""
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
    level = spread = height = 0.0
    if len(values) >= LEAST_PIXELS:
        level = float(medians(values[None])[0])
        spread = float(spreads(values[None])[0])
        inner = near[far <= max(field.fwhm / 2, 1.0)]
        height = float(inner.max(initial=level)) - level
    if height <= STANDS_OUT * spread:
        height = 0.0
    return _Peak(x, y, float(measured.width[clump]), level, spread, height, reach)


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
