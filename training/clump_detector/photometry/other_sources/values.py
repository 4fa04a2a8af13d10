"""The sources beside a cutout's galaxy, and what their light looks like in 9 values.

On the picture that users see, 8 bits and three colours, so that a picture and a file of
fluxes have the same sources. Touching ones are parted by photutils' deblending.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import Floats, Mask
from clump_detector.images.host_mask import THRESHOLD, background, central_segment
from clump_detector.images.pixels.asinh import undone
from clump_detector.images.segmentation import (
    grown,
    segments_above,
    smoothed,
    total_of,
)
from clump_detector.photometry.aperture.psf import SIGMA_PER_FWHM

#: Lengths are logarithms of FWHM of the PSF; ``narrower`` compares a source with the
#: narrowest bright one of the cutout, since the PSF's width may be wrong.
VALUES = (
    "half_light", "size", "width", "concentration", "elongation", "peak", "white",
    "snr", "narrower",
)  # fmt: skip

#: Faintest source: its smoothed peak stands out by this many sigma,
FAINTEST = 8.0

#: and by so many grey levels.
LEAST_LEVELS = 6.0

#: photutils' deblending: levels, and the least share of a source's light.
LEVELS, CONTRAST = 32, 0.005

#: What runs into the galaxy is another source where its peak is so many times as bright
#: as the brightness above which the two are apart; that is tried in steps.
PROMINENT, STEP = 4.0, 1.25

#: A pixel is white where its greatest colour is at least this.
WHITE = 247

#: A core of which at least this share is white is saturated.
SATURATED = 0.5

#: Radii in FWHM: of the core, and of the light whose shape counts.
CORE, SHAPE = 0.5, 1.5

#: Sources with this S/N are compared with the narrowest one.
BRIGHT = 25.0

Labels = NDArray[np.int32]
Index = NDArray[np.intp]
Grey = NDArray[np.float32]


@dataclass(frozen=True)
class Sky:
    """A picture's light, and the sky that sources stand out from.

    Attributes
    ----------
    light : array of shape (height, width)
        Mean of the colours, their asinh curve undone: in it bright and faint stars have
        one shape.
    dark : float
        The sky's level in it.
    smooth : float32 array of shape (height, width)
        Mean of the colours as they are, smoothed by the PSF.
    level, noise : float
        Of the sky in the smoothed picture.
    fwhm : float
        Of the PSF in pixels.
    host : bool array of shape (height, width)
        The galaxy in the middle; nothing where there is none.
    """

    light: Floats
    dark: float
    smooth: Grey
    level: float
    noise: float
    fwhm: float
    host: Mask


@dataclass(frozen=True)
class Found:
    """Sources beside the galaxy, before it is known what they are.

    Attributes
    ----------
    sky : Sky
    labels : int array of shape (height, width)
        The number of the source from 1; 0 for none.
    x, y : array of shape (n,)
        Middle of their light, in pixels.
    values : array of shape (n, len(VALUES))
    spoiled : bool array of shape (n,)
        Whether they reach the image's edge, or touch a larger source that is saturated,
        whose spikes they may be.
    touching : bool array of shape (n,)
        Whether their light runs into the galaxy's.
    """

    sky: Sky
    labels: Labels
    x: Floats
    y: Floats
    values: Floats
    spoiled: Mask
    touching: Mask


def find_sources(rgb: NDArray[np.uint8], fwhm: float) -> Found:
    """Find the sources beside the galaxy in a picture's middle.

    Parameters
    ----------
    rgb : uint8 array of shape (height, width, 3)
    fwhm : float
        Of the PSF in pixels.
    """
    grey = np.divide(total_of(rgb), 3, dtype=np.float32)
    smooth = smoothed(grey, fwhm * SIGMA_PER_FWHM)
    level, noise = background(smooth)
    least = max(int(fwhm**2), 5)
    segments = segments_above(smooth, level + THRESHOLD * noise, least)
    own = central_segment(segments)
    galaxy = np.asarray((segments == own) & (own > 0))
    host = _without_companions(smooth, galaxy, level, noise, least)
    beside = segments_above((galaxy & ~host).astype(np.float32), 0.5, least)
    rest = np.where(galaxy, np.where(beside, beside + segments.max(), 0), segments)
    light, dark = undone(rgb).mean(axis=2), float(undone(np.full(1, level))[0])
    sky = Sky(light, dark, smooth, level, noise, fwhm, host)
    labels = _bright(_parted(smooth, rest, least), sky)
    numbers = range(1, int(labels.max(initial=0)) + 1)
    pixels = [np.nonzero(labels == number) for number in numbers]
    places = [_middle(sky, *one) for one in pixels]
    values = np.array([_values(rgb, sky, *one) for one in pixels], dtype=np.float64)
    x, y = np.array(places, dtype=np.float64).reshape(-1, 2).T
    values = _compared(values.reshape(-1, len(VALUES)))
    at_edge = np.array([_at_edge(labels.shape, *one) for one in pixels], dtype=bool)
    return Found(
        sky, labels, x, y, values, at_edge | _beside_saturated(labels, values, fwhm),
        np.array([galaxy[one].any() for one in pixels], dtype=bool),
    )  # fmt: skip


def _without_companions(
    smooth: Grey, galaxy: Mask, level: float, noise: float, least: int
) -> Mask:
    """Return a galaxy's segment without the sources whose light runs into it.

    They are apart from it above some brightness, and `PROMINENT` times as bright as
    that: a knot on a disc has the disc's own light around it. Their pixels are those
    above the least such brightness.
    """
    above = np.where(galaxy, smooth - np.float32(level), np.float32(0))
    host, threshold, top = galaxy.copy(), THRESHOLD * noise, float(above.max())
    while threshold * PROMINENT < top:
        parts = segments_above(above, threshold, least)
        central = central_segment(parts)
        if not central:
            break
        for number in range(1, int(parts.max()) + 1):
            part = parts == number
            new = number != central and host[part].all()
            if new and above[part].max() >= PROMINENT * threshold:
                host &= ~part
        threshold *= STEP
    return host


def _parted(smooth: Grey, segments: Labels, least: int) -> Labels:
    """Return segments with touching sources parted."""
    from photutils.segmentation import SegmentationImage, deblend_sources

    if not segments.any():
        return segments.astype(np.int32)
    image = SegmentationImage(segments)
    image.relabel_consecutive()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sources that it leaves as they are
        parted = deblend_sources(
            smooth, image, least, nlevels=LEVELS, contrast=CONTRAST, progress_bar=False
        )
    return np.asarray(parted.data, dtype=np.int32)


def _bright(labels: Labels, sky: Sky) -> Labels:
    """Return the segments whose peak stands out, numbered from 1."""
    from scipy import ndimage

    n = int(labels.max(initial=0))
    if not n:
        return labels
    peaks = np.asarray(ndimage.maximum(sky.smooth, labels, range(1, n + 1)))
    enough = peaks - sky.level >= max(FAINTEST * sky.noise, LEAST_LEVELS)
    kept = np.concatenate([[False], enough])
    return np.where(kept, kept.cumsum(), 0).astype(np.int32)[labels]


def _above(sky: Sky, rows: Index, columns: Index) -> Floats:
    """Return the light of pixels above the sky, positive."""
    return np.asarray(np.clip(sky.light[rows, columns] - sky.dark, 1e-5, None))


def _middle(sky: Sky, rows: Index, columns: Index) -> tuple[float, float]:
    """Return x and y of the middle of a source's light."""
    weights = _above(sky, rows, columns)
    return (
        float(np.average(columns, weights=weights)),
        float(np.average(rows, weights=weights)),
    )


def _at_edge(shape: tuple[int, ...], rows: Index, columns: Index) -> bool:
    return bool(
        rows.min() == 0
        or columns.min() == 0
        or rows.max() == shape[0] - 1
        or columns.max() == shape[1] - 1
    )


def _beside_saturated(labels: Labels, values: Floats, fwhm: float) -> Mask:
    """Return which sources touch a larger one whose core is white."""
    size = values[:, VALUES.index("size")]
    spoiled = np.zeros(len(values), dtype=bool)
    for k in np.flatnonzero(values[:, VALUES.index("white")] >= SATURATED):
        near = np.unique(labels[grown(labels == k + 1, max(fwhm / 2, 1.5))])
        others = near[near > 0] - 1
        spoiled[others[size[others] < size[k]]] = True
    return spoiled


def _values(
    rgb: NDArray[np.uint8], sky: Sky, rows: Index, columns: Index
) -> list[float]:
    """Return the values of a source but for the last."""
    above = _above(sky, rows, columns)
    smooth = sky.smooth[rows, columns]
    best = int(smooth.argmax())
    peak = float(smooth[best]) - sky.level
    far = np.hypot(columns - columns[best], rows - rows[best])
    order = np.argsort(far)
    grown = above[order].cumsum()
    half = float(far[order][int(np.searchsorted(grown, grown[-1] / 2))])
    near, core = far <= SHAPE * sky.fwhm, far <= max(CORE * sky.fwhm, 0.8)
    width, _ = _spread(columns[near], rows[near], above[near])
    brightest = rgb[rows[core], columns[core]].max(axis=1)
    return [
        float(np.log((half + 0.5) / sky.fwhm)),
        float(np.log(np.sqrt(len(rows) / np.pi) / sky.fwhm)),
        float(np.log(width / sky.fwhm)),
        float(np.log(above[core].mean() / above[near].mean())),
        _spread(columns, rows, above)[1],
        peak / 255,
        float((brightest >= WHITE).mean()),
        float(np.log(peak / sky.noise)),
        0.0,
    ]


def _spread(columns: Index, rows: Index, weights: Floats) -> tuple[float, float]:
    """Return the width (FWHM of a Gaussian) and the logarithm of the elongation."""
    if len(columns) < 3:
        return 1.0, 0.0
    moments = np.cov(np.stack([columns, rows]), aweights=weights, ddof=0)
    small, large = np.clip(np.linalg.eigvalsh(moments), 1 / 12, None)
    return (
        float(np.sqrt((small + large) / 2) / SIGMA_PER_FWHM),
        float(np.log(large / small) / 2),
    )


def _compared(values: Floats) -> Floats:
    """Return values with how much wider each is than the narrowest bright source."""
    size = values[:, VALUES.index("half_light")]
    bright = values[:, VALUES.index("snr")] >= np.log(BRIGHT)
    if bright.any():
        values[:, VALUES.index("narrower")] = size - float(size[bright].min())
    return values
