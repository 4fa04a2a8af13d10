"""The galaxy in the middle: which pixels are its, how bright and how large it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import AnyArray, BandArray, Floats, Mask
from clump_detector.images.host_mask import central_segment
from clump_detector.images.segmentation import segments_above
from clump_detector.photometry.aperture.background import (
    SkyBackground,
    rough_sky,
    sky_beside,
    whole_sky,
)
from clump_detector.photometry.aperture.downsample import Coarse, reduce
from clump_detector.photometry.aperture.profile import (
    Profile,
    measure_profile,
    shape_of,
)
from clump_detector.photometry.aperture.psf import SIGMA_PER_FWHM

from .nucleus import find_nucleus

#: A segment begins this many sigma above the sky, in the band it is found in, smoothed
#: by the PSF.
THRESHOLD = 2.0

#: SDSS' Petrosian system (Strauss et al. 2002, AJ 124, 1810, section 3.2): the radius
#: where the brightness around it has fallen to this share of the mean within it, and
#: the aperture in units of it.
PETROSIAN_RATIO = 0.2
PETROSIAN_APERTURE = 2.0

#: A galaxy's segment has at least this many square FWHM: what is smaller is a peak of
#: the noise or a star.
LEAST_AREA = 3.0

#: Within this semi-major axis, in FWHM, the galaxy's smooth light cannot be
#: distinguished from a clump on the nucleus.
CORE = 2.0

#: A clump within this distance of the nucleus, in FWHM, is not distinguished from it;
#: beside it the nucleus is measured as another clump.
ON_NUCLEUS = 0.7

#: What has half of its light within less than this many FWHM is a point: its wings are
#: not a galaxy's smooth light.
POINT = 0.8


@dataclass(frozen=True)
class Host:
    """The galaxy that the clumps belong to.

    Attributes
    ----------
    mask : bool array of shape (height, width)
        Its segment, widened by one FWHM.
    sources : bool array of shape (height, width)
        Everything that is no sky, widened likewise.
    band : int
        The index of the band that it was found in.
    x, y : float
        Its centre in pixels: the mean position of the segment's light in that band.
    flux, error : array of shape (bands,)
        Within the Petrosian aperture of that band, or the segment, in the units of the
        pixels.
    aperture : float or None
        The Petrosian aperture's radius in pixels; None where it is the segment.
    radius : float
        Half of the flux in that band lies within this radius in pixels.
    cut : bool
        Whether the galaxy reaches over the edge of the image.
    profile : Profile or None
        Its smooth light.
    """

    mask: Mask
    sources: Mask
    band: int
    x: float
    y: float
    flux: Floats
    error: Floats
    aperture: float | None
    radius: float
    cut: bool
    profile: Profile | None = None

    @property
    def kind(self) -> str:
        """What the flux is, in words."""
        return "segment" if self.aperture is None else "Petrosian"


def find_host(
    planes: BandArray, bands: tuple[str, ...], fwhm: float
) -> tuple[Host | None, SkyBackground]:
    """Find the galaxy in the middle, and measure the sky beside it.

    Parameters
    ----------
    planes : array of shape (bands, height, width)
    bands : tuple of str
        The r band is used; where there is none, the one with the most signal.
    fwhm : float
        Of the PSF in pixels.

    Returns
    -------
    Host or None
        None where nothing stands out in the middle.
    SkyBackground
    """
    coarse = reduce(planes, fwhm)
    narrow = fwhm / coarse.step
    band = _deepest(coarse.planes, bands)
    segments = _segments(coarse.planes[band], narrow)
    number = central_segment(segments)
    if number == 0:
        return None, whole_sky(planes)
    own = np.asarray(segments == number)
    if own.sum() < LEAST_AREA * narrow**2:
        return None, whole_sky(planes)
    sources = _widened(segments > 0, narrow)
    on_image = coarse.enlarged(sources)
    sky = sky_beside(planes, ~on_image, coarse.planes, ~sources, fwhm)
    others = np.asarray((segments > 0) & ~own)
    light = _Light(coarse, band, own, others, sky, narrow)
    mask = coarse.enlarged(_widened(own, narrow))
    return light.host(mask, on_image), sky


def middle_of_light(light: AnyArray, mask: Mask) -> tuple[float, float, float]:
    """Return the middle of a galaxy's light and its half-light radius, in pixels.

    Parameters
    ----------
    light : array of shape (height, width)
        Not negative.
    mask : bool array of shape (height, width)
        The galaxy's pixels, one at least.

    Returns
    -------
    x, y, radius : float
    """
    rows, columns = np.nonzero(mask)
    inside = light[rows, columns].astype(float) + 1e-9  # all of it may be black
    x = float(np.average(columns, weights=inside))
    y = float(np.average(rows, weights=inside))
    far = np.hypot(columns - x, rows - y)
    order = np.argsort(far)
    grown = inside[order].cumsum()
    return x, y, float(far[order][int(np.searchsorted(grown, grown[-1] / 2))])


def _deepest(planes: BandArray, bands: tuple[str, ...]) -> int:
    """Return the index of the band in which the galaxy stands out most; r if there."""
    if "r" in bands and np.isfinite(planes[bands.index("r")]).any():
        return bands.index("r")
    height, width = planes.shape[1:]
    middle = planes[
        :, 3 * height // 8 : 5 * height // 8 + 1, 3 * width // 8 : 5 * width // 8 + 1
    ]
    best, most = 0, -np.inf
    for k, plane in enumerate(planes):
        level, noise = rough_sky(plane)
        values = middle[k][np.isfinite(middle[k])]
        if len(values) and noise > 0:
            signal = float(values.mean() - level) / noise
            if signal > most:
                best, most = k, signal
    return best


def _segments(plane: BandArray, fwhm: float) -> NDArray[np.int32]:
    """Return the numbered segments of a plane, 0 where nothing stands out."""
    from scipy import ndimage

    level, _ = rough_sky(plane)
    known = np.where(np.isfinite(plane), plane, np.float32(level))
    smooth = ndimage.gaussian_filter(known, fwhm * SIGMA_PER_FWHM)
    level, noise = rough_sky(smooth)
    return segments_above(smooth, level + THRESHOLD * noise, max(int(fwhm**2), 5))


def _widened(mask: Mask, by: float) -> Mask:
    """Return a mask with all that lies within ``by`` pixels of it.

    By shifting it: distances to it of all pixels cost ten times that, for a few pixels.
    """
    height, width = mask.shape
    reach = int(min(by, max(mask.shape)))
    wide = np.pad(mask, reach)
    out = np.zeros_like(mask)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            if dx * dx + dy * dy <= by * by:
                y, x = reach + dy, reach + dx
                out |= wide[y : y + height, x : x + width]
    return out


class _Light:
    """Measures the galaxy's light on the reduced image."""

    def __init__(
        self,
        coarse: Coarse,
        band: int,
        own: Mask,
        others: Mask,
        sky: SkyBackground,
        fwhm: float,
    ) -> None:
        self._coarse, self._band, self._own = coarse, band, own
        self._others, self._sky, self._fwhm = others, sky, fwhm

    def host(self, mask: Mask, sources: Mask) -> Host:
        """Return the galaxy; other sources' pixels count as its rings do."""
        coarse, sky, own = self._coarse, self._sky, self._own
        x, y = self._centre()
        rings = _Rings(coarse.planes, self._others, sky, x, y)
        petrosian = rings.petrosian(self._band)
        aperture = None if petrosian is None else PETROSIAN_APERTURE * petrosian
        edge = min(x, y, own.shape[1] - 1 - x, own.shape[0] - 1 - y)
        rim = own[0].any() or own[-1].any() or own[:, 0].any() or own[:, -1].any()
        cut = bool(rim) or (aperture is not None and aperture > edge + 1)
        if aperture is None:
            flux, count = self._segment_flux()
        else:
            flux, count = rings.within(aperture)
        pixels = count * coarse.step**2
        # The sky's level is known to its spread over the root of its pixels.
        level_error = sky.noise / np.sqrt(max(sky.pixels, 1)) * pixels
        noise = sky.noise * np.sqrt(pixels * sky.correlation)
        reach = aperture if aperture is not None else rings.largest
        half_light = rings.half_light(self._band, reach)
        profile = None
        if half_light >= POINT * self._fwhm:
            profile = measure_profile(
                coarse.planes,
                own,
                self._others,
                x,
                y,
                CORE * self._fwhm,
                self._reach(x, y),
            )
        return Host(
            mask,
            sources,
            self._band,
            *coarse.position(x, y),
            flux * coarse.step**2,
            np.hypot(noise, level_error),
            None if aperture is None else aperture * coarse.step,
            half_light * coarse.step,
            cut,
            None if profile is None else profile.enlarged(coarse),
        )

    def _reach(self, x: float, y: float) -> float:
        """Return how far out the smooth light is measured: beyond the segment."""
        rows, columns = np.nonzero(self._own)
        return 1.5 * float(np.hypot(columns - x, rows - y).max()) + 3

    def _centre(self) -> tuple[float, float]:
        plane = self._coarse.planes[self._band]
        rows, columns = np.nonzero(self._own & np.isfinite(plane))
        light = plane[rows, columns].astype(np.float64) - self._sky.level[self._band]
        noise = float(self._sky.noise[self._band]) / self._coarse.step
        return find_nucleus(
            np.clip(light, 0, None), columns, rows, noise, shape_of(self._own)
        )

    def _segment_flux(self) -> tuple[Floats, float]:
        flux = [
            float(np.nansum(plane[self._own].astype(np.float64) - level))
            for plane, level in zip(self._coarse.planes, self._sky.level, strict=True)
        ]
        return np.array(flux), float(self._own.sum())


class _Rings:
    """Light in rings one pixel wide around a position, with other sources left out."""

    def __init__(
        self, planes: BandArray, others: Mask, sky: SkyBackground, x: float, y: float
    ) -> None:
        height, width = planes.shape[1:]
        radius = np.hypot(
            np.arange(width, dtype=np.float32) - np.float32(x),
            np.arange(height, dtype=np.float32)[:, None] - np.float32(y),
        )
        ring = radius.astype(np.intp).ravel()
        n = int(ring.max()) + 1
        self.count = np.bincount(ring, minlength=n)
        self.largest = float(n)
        self.light = np.zeros((len(planes), n))
        free = ~others.ravel()
        every = np.bincount(ring[free], minlength=n)
        for k, plane in enumerate(planes.reshape(len(planes), -1)):
            good = free & np.isfinite(plane)
            sums = np.bincount(ring, np.where(good, plane, 0), minlength=n)
            missing = free & ~good
            counts = every - np.bincount(ring[missing], minlength=n)
            # A ring whose pixels are partly another's has its own mean there.
            mean = np.divide(sums, counts, out=np.zeros(n), where=counts > 0)
            mean[counts > 0] -= sky.level[k]
            self.light[k] = mean * self.count
        self.radii = np.arange(1, n + 1, dtype=float)  # outer radii
        self.grown = self.light.cumsum(axis=1)
        self.areas = self.count.cumsum()

    def petrosian(self, band: int) -> float | None:
        """Return the Petrosian radius in pixels, or None where there is none."""
        grown, areas = self.grown[band], self.areas.astype(float)
        low, high = 0.8 * self.radii, 1.25 * self.radii

        def at(radii: Floats, values: Floats) -> Floats:
            known = np.append(0, self.radii), np.append(0, values)
            return np.asarray(np.interp(radii, *known))

        inner, outer = at(low, grown), at(high, grown)
        area = at(high, areas) - at(low, areas)
        around = np.divide(outer - inner, area, out=np.zeros(len(area)), where=area > 0)
        mean = grown / np.maximum(areas, 1)
        ratio = np.divide(around, mean, out=np.zeros(len(mean)), where=mean > 0)
        # Beyond the image's corners there is nothing to average.
        usable = (high <= self.radii[-1]) & (self.radii >= 2)
        below = np.flatnonzero(usable & (ratio < PETROSIAN_RATIO))
        return float(self.radii[below[0]]) if len(below) else None

    def within(self, radius: float) -> tuple[Floats, float]:
        """Return the light within a radius by band, and the number of pixels."""
        flux = [np.interp(radius, self.radii, grown) for grown in self.grown]
        return np.array(flux), float(np.interp(radius, self.radii, self.areas))

    def half_light(self, band: int, reach: float) -> float:
        """Return the radius within which half of the light within ``reach`` lies."""
        grown = self.grown[band][self.radii <= max(reach, 1.0)]
        total = float(np.interp(reach, self.radii, self.grown[band]))
        above = np.flatnonzero(grown >= total / 2)
        if not len(above) or total <= 0:
            return float("nan")
        k = int(above[0])
        low, high = (0.0 if k == 0 else grown[k - 1]), grown[k]
        part = 0.5 if high <= low else (total / 2 - low) / (high - low)
        return float(self.radii[k] - 1 + part)
