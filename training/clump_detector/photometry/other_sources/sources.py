"""All sources of a cutout that are neither its galaxy nor its clumps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clump_detector.core import boxes as geometry
from clump_detector.core.arrays import Floats, Mask
from clump_detector.core.boxes import Boxes
from clump_detector.images.host_mask import nucleus
from clump_detector.images.psf_width import width_from_noise
from clump_detector.images.rgb import to_rgb
from clump_detector.photometry.field import Field
from clump_detector.photometry.objects.chances import (
    LARGEST,
    OBJECTS,
    object_chances,
)

from .kinds import STAR, SURE, kinds_of, star_chances
from .values import Found, Labels, Sky, find_sources

#: A peak on or at the galaxy is a star where it looks like one with this chance among
#: clumps, galaxies' light and artefacts: there are many peaks and few stars.
ON_HOST = 0.9

#: A nucleus is no star: peaks nearer to it by so many FWHM are left out.
OFF_NUCLEUS = 1.5

#: Side of the box about a peak, as of clumps', in FWHM.
SIDE = 2.5

#: The pixels of a star on the galaxy are within so many FWHM and above this share of
#: its peak over the ring around it, from and to so many FWHM.
REACH, SHARE, RING = 1.5, 0.2, (1.5, 2.5)

#: What is nearer to a clump than so many FWHM is the clump.
SAME = 1.0

_WHAT = "other sources"


@dataclass(frozen=True)
class OtherSources:
    """The sources of a cutout that are neither its galaxy nor its clumps.

    Attributes
    ----------
    labels : int array of shape (height, width)
        The number of the source from 1; 0 for none.
    x, y : array of shape (n,)
        Middle of their light, in pixels.
    area : int array of shape (n,)
        Pixels of each.
    chance_star : array of shape (n,)
        Chance to be a star by its look; NaN of what is too faint, cut off, touches a
        saturated star, or touches the galaxy and is not clear.
    kinds : tuple of str
        Each a star, a galaxy, or unclear.
    on_host : bool array of shape (n,)
        Whether it lies on the galaxy, or touches it.
    flux, error : array of shape (n, bands)
        Light of its pixels above the sky, or the galaxy's smooth light, in the units of
        the pixels, and the noise of it; NaN of a picture.
    fwhm : float
        Of the PSF in pixels, as it was looked for with.
    """

    labels: Labels
    x: Floats
    y: Floats
    area: NDArray[np.int64]
    chance_star: Floats
    kinds: tuple[str, ...]
    on_host: Mask
    flux: Floats
    error: Floats
    fwhm: float

    def __len__(self) -> int:
        return len(self.x)

    def nearest(self, kind: str, x: Floats, y: Floats) -> Floats:
        """Return the distance of places from the nearest source of a kind, in FWHM.

        Parameters
        ----------
        kind : str
        x, y : array of shape (k,)

        Returns
        -------
        array of shape (k,)
            NaN where there is none on the cutout.
        """
        own = np.array([one == kind for one in self.kinds], dtype=bool)
        if not own.any():
            return np.full(len(x), np.nan)
        far = np.hypot(x[:, None] - self.x[own], y[:, None] - self.y[own])
        return np.asarray(far.min(axis=1) / self.fwhm)


def other_sources(field: Field, boxes: Boxes) -> OtherSources:
    """Find the stars and galaxies on a cutout, and name what they are.

    Parameters
    ----------
    field : Field
    boxes : array of shape (n, 4)
        Of clumps: what lies on one is none of the others.

    Raises
    ------
    ImageError
        If the image is a field of many galaxies.
    """
    cutout = field.cutout
    if max(cutout.width, cutout.height) > LARGEST:
        raise field.refused(
            _WHAT, f"it has more than {LARGEST:,} pixels on a side, a field of galaxies"
        )
    rgb = to_rgb(cutout)
    fwhm = field.fwhm
    if field.fwhm_source == "boxes":  # a guess
        fwhm = width_from_noise(rgb) or fwhm
    found = find_sources(rgb, fwhm)
    peak_x, peak_y = _peaks(found.sky)
    near, n = found.touching, int(found.touching.sum())
    looks = _looks(
        field,
        np.concatenate([found.x[near], peak_x]),
        np.concatenate([found.y[near], peak_y]),
        fwhm,
    )
    stars = np.asarray(looks[n:] >= ON_HOST)  # NaN is no star
    labels = _with_stars(found, peak_x[stars], peak_y[stars])
    x = np.concatenate([found.x, peak_x[stars]])
    y = np.concatenate([found.y, peak_y[stars]])
    chance = np.concatenate([_chances(found, looks[:n]), looks[n:][stars]])
    there = np.concatenate([near, np.ones(int(stars.sum()), dtype=bool)])
    kept = _no_clump(x, y, geometry.as_boxes(boxes), fwhm)
    numbers = np.concatenate([[0], np.where(kept, kept.cumsum(), 0)]).astype(np.int32)
    labels = numbers[labels]
    area = np.bincount(labels.ravel(), minlength=kept.sum() + 1)[1:].astype(np.int64)
    flux, error = _fluxes(field, labels, there[kept])
    return OtherSources(
        labels, x[kept], y[kept], area, chance[kept], tuple(kinds_of(chance[kept])),
        there[kept], flux, error, fwhm,
    )  # fmt: skip


def _no_clump(x: Floats, y: Floats, boxes: Boxes, fwhm: float) -> Mask:
    """Return which places lie on no clump."""
    if not len(boxes) or not len(x):
        return np.ones(len(x), dtype=bool)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    far = np.hypot(x[:, None] - middles[:, 0], y[:, None] - middles[:, 1])
    return np.asarray(far.min(axis=1) > SAME * fwhm)


def _chances(found: Found, core: Floats) -> Floats:
    """Return the chances of sources to be stars, shape (n,).

    Light of the galaxy is in the segments of those that touch it. So these are stars
    where the look of their core, shape (touching,), says so, and galaxies where both
    looks do.
    """
    chances, near = star_chances(found), found.touching
    both = np.where(np.maximum(core, chances[near]) <= 1 - SURE, chances[near], np.nan)
    chances[near] = np.where(core >= ON_HOST, core, both)
    return chances


def _looks(field: Field, x: Floats, y: Floats, fwhm: float) -> Floats:
    """Return the chances of places to be stars among all that boxes may hold."""
    half = SIDE * fwhm / 2
    boxes = np.stack([x - half, y - half, x + half, y + half], axis=1)
    return object_chances(field.cutout, boxes)[:, OBJECTS.index(STAR)]


def _peaks(sky: Sky) -> tuple[Floats, Floats]:
    """Return x and y of the peaks of the galaxy's light off its nucleus."""
    from skimage.feature import peak_local_max

    if not sky.host.any():
        return np.zeros(0), np.zeros(0)
    every = peak_local_max(sky.smooth, min_distance=max(int(sky.fwhm / 2), 1))
    peaks = every[sky.host[every[:, 0], every[:, 1]]]
    column, row = nucleus(sky.light, sky.host, sky.fwhm / 2)
    far = np.hypot(peaks[:, 0] - row, peaks[:, 1] - column)
    y, x = peaks[far > OFF_NUCLEUS * sky.fwhm].T.astype(float)
    return x, y


def _with_stars(found: Found, x: Floats, y: Floats) -> Labels:
    """Return the labels of sources and, after them, of stars on the galaxy."""
    labels = found.labels.copy()
    for number, (at_x, at_y) in enumerate(zip(x, y, strict=True), len(found.x) + 1):
        labels[_pixels(found.sky, at_x, at_y)] = number
    return labels


def _pixels(sky: Sky, x: float, y: float) -> Mask:
    """Return the pixels of a star on the galaxy."""
    rows, columns = np.indices(sky.host.shape)
    far = np.hypot(columns - x, rows - y) / sky.fwhm
    ring = (far >= RING[0]) & (far <= RING[1])
    around = float(np.median(sky.smooth[ring]))
    peak = float(sky.smooth[int(y), int(x)])
    stands_out = sky.smooth > around + SHARE * (peak - around)
    return np.asarray((far <= REACH) & stands_out)


def _fluxes(field: Field, labels: Labels, on_host: Mask) -> tuple[Floats, Floats]:
    """Return light and noise of the sources' pixels, above what is around them."""
    n = len(on_host)
    flux = np.full((n, len(field.bands)), np.nan)
    error = flux.copy()
    if field.sky is None:
        return flux, error
    profile = None if field.host is None else field.host.profile
    for k in range(n):
        rows, columns = np.nonzero(labels == k + 1)
        values = field.planes[:, rows, columns].astype(np.float64)
        if on_host[k] and profile is not None:
            values = values - profile.light_at(
                columns.astype(float), rows.astype(float)
            )
        else:
            values = values - field.sky.level[:, None]
        good = np.isfinite(values).all(axis=1)
        flux[k] = np.where(good, np.nan_to_num(values).sum(axis=1), np.nan)
        noise = field.sky.noise * np.sqrt(len(rows) * field.sky.correlation)
        error[k] = np.where(good, noise, np.nan)
    return flux, error
