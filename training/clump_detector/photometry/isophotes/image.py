"""What isophotes are fitted to: a galaxy's light, and what of the image is not its."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from clump_detector.core import boxes as geometry
from clump_detector.core.arrays import BandArray, Floats, Mask
from clump_detector.core.boxes import Boxes
from clump_detector.images.pixels.asinh import undone
from clump_detector.photometry.aperture.background import medians, rough_sky, spreads
from clump_detector.photometry.aperture.downsample import reduce
from clump_detector.photometry.aperture.profile import shape_of
from clump_detector.photometry.aperture.psf import APERTURE
from clump_detector.photometry.field import Field
from clump_detector.photometry.host import Host

from .centre import nucleus_of
from .ellipses import Shapes
from .rings import LEAST_PIXELS, rings

#: Of so many rings around the galaxy, what is this many sigma above its ring's median
#: is no part of its smooth light: arms are less, stars more.
_RINGS, _STANDS_OUT = 16, 6.0


@dataclass(frozen=True)
class FitImage:
    """What is fitted: one band above the sky, and what of it is not the galaxy.

    In blocks of ``step`` pixels, around a centre in pixels of the image.
    """

    plane: Floats
    hidden: Mask
    step: int
    x: float
    y: float

    @property
    def centre(self) -> tuple[float, float]:
        """The centre in blocks."""
        return (self.x + 0.5) / self.step - 0.5, (self.y + 0.5) / self.step - 0.5

    @property
    def masked(self) -> np.ma.MaskedArray:
        """The band with what is hidden masked."""
        return np.ma.masked_array(self.plane, mask=self.hidden)


def planes_of(field: Field) -> tuple[BandArray, tuple[str, ...], Floats, Floats]:
    """Return planes, bands, level of the sky and noise of a pixel by band.

    Parameters
    ----------
    field : Field
        Of a picture the asinh curve is undone, as far as it can be guessed.
    """
    if field.sky is not None:
        sky = field.sky
        noise = sky.noise * np.sqrt(sky.correlation)
        return field.planes, field.bands, sky.level, noise
    linear = np.moveaxis(undone(field.cutout.pixels), 2, 0).astype(np.float32)
    assert field.host is not None
    outside = linear[:, ~field.host.sources]
    if outside.shape[1] < LEAST_PIXELS:
        rough = np.array([rough_sky(plane) for plane in linear])
        return linear, ("red", "green", "blue"), rough[:, 0], rough[:, 1]
    level = medians(outside)
    return linear, ("red", "green", "blue"), level, spreads(outside, level)


def light_of(field: Field) -> BandArray:
    """Return the light of a cutout above its sky, in the unit of its isophotes.

    Parameters
    ----------
    field : Field
        With a host.

    Returns
    -------
    array of shape (bands, height, width)
    """
    planes, _, level, _ = planes_of(field)
    return np.asarray(planes - level[:, None, None].astype(np.float32))


def hidden_in(field: Field, host: Host, planes: BandArray, boxes: Boxes) -> Mask:
    """Return what is not the galaxy: other sources, clumps, pixels without data.

    Parameters
    ----------
    field : Field
    host : Host
    planes : array of shape (bands, height, width)
    boxes : array of shape (n, 4)
        The clumps'.
    """
    hidden = (host.sources & ~host.mask) | ~np.isfinite(planes[host.band])
    height, width = hidden.shape
    for x, y in geometry.centres(boxes):
        reach = APERTURE * field.fwhm
        top, left = max(int(y - reach), 0), max(int(x - reach), 0)
        bottom, right = min(int(y + reach) + 2, height), min(int(x + reach) + 2, width)
        if top >= bottom or left >= right:
            continue
        dx = np.arange(left, right) - x
        dy = np.arange(top, bottom)[:, None] - y
        hidden[top:bottom, left:right] |= np.hypot(dx, dy) <= reach
    return np.asarray(hidden)


def fit_image(
    field: Field, host: Host, plane: Floats, hidden: Mask, reach: float
) -> FitImage:
    """Return what is fitted, on as few pixels as resolve the PSF.

    Parameters
    ----------
    field : Field
    host : Host
    plane : array of shape (height, width)
        One band above the sky.
    hidden : bool array of shape (height, width)
    reach : float
        Semi-major axis of the galaxy's segment in pixels.
    """
    both = np.stack([plane, np.where(hidden, np.nan, 0.0)]).astype(np.float32)
    coarse = reduce(both, field.fwhm)
    gone = ~np.isfinite(coarse.planes[1]) | ~np.isfinite(coarse.planes[0])
    small = np.where(gone, 0, coarse.planes[0]).astype(np.float64)
    x, y = nucleus_of(small, gone, host, field.fwhm, coarse.step)
    image = FitImage(small, gone, coarse.step, x, y)
    return replace(image, hidden=gone | _spots(image, host, reach))


def _spots(image: FitImage, host: Host, reach: float) -> Mask:
    """Return what stands out of its ring: stars, and clumps that are no boxes."""
    plane, hidden, step = image.plane, image.hidden, image.step
    ratio, angle = shape_of(host.mask)
    x, y = image.centre
    radii = np.geomspace(2.0, max(reach / step, 4.0), _RINGS)
    same = np.ones(_RINGS)
    shapes = Shapes(x, y, radii, (1 - ratio) * same, angle % np.pi * same)
    spots = np.zeros(plane.size, dtype=bool)
    for ring in rings(hidden, shapes)[1:]:
        values = plane.ravel()[ring]
        if len(values) >= LEAST_PIXELS:
            middle = medians(values[None])
            most = float(middle[0] + _STANDS_OUT * spreads(values[None], middle)[0])
            spots[ring[values > most]] = True
    return np.asarray(spots.reshape(plane.shape))
