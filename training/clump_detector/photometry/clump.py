"""The light of one clump, in all bands, with its errors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import Floats
from clump_detector.photometry.aperture.annulus import (
    LEAST_ANNULUS,
    MEDIAN,
    Background,
    annulus_around,
    background,
    unevenness,
)
from clump_detector.photometry.aperture.apertures import Sums, reach_of, sum_within
from clump_detector.photometry.aperture.clump_size import Circles, measure_width
from clump_detector.photometry.aperture.profile import Profile
from clump_detector.photometry.aperture.psf import ANNULUS_MIDDLE, APERTURE, INNER
from clump_detector.photometry.aperture.stamp import Stamp, cut_stamp

from .field import Field
from .flags import Quality

Indices = NDArray[np.intp]

#: Less of a point's light than this on pixels with data, and no flux is told.
LEAST_PRESENT = 0.5

#: So much of it missing is worth a flag.
MISSING = 0.002

#: More of the annulus than this under other clumps is worth one, too.
CROWDED = 0.5

#: A step of the width by which the correction's slope is found.
_STEP = 0.02


class Clump:
    """Measures one clump of a cutout.

    Bands of one PSF share their aperture; one of another width has its own, and its
    own correction, so that fluxes of different bands are totals that can be compared.

    Attributes
    ----------
    flux, error, correction, level : array of shape (bands,)
        Totals, their errors, the factor from net to total, and the background.
    width, width_error : float
        How many times wider than the PSF it is.
    flags : int
    """

    def __init__(self, field: Field, places: Floats, index: int) -> None:
        self._field = field
        self.flags = 0
        b = len(field.bands)
        self._net, self._variance, self._present = np.full((3, b), np.nan)
        self.level, self._area = np.full((2, b), np.nan)
        self._told = {name: np.full(b, np.nan) for name in Circles.__annotations__}
        self._sum_all(places, index)
        circles = Circles(**self._told)
        self.width, self.width_error = measure_width(circles, field.psfs)
        self.flux, self.error, self.correction = self._totals()

    def _sum_all(self, places: Floats, index: int) -> None:
        field = self._field
        fwhms = np.array([psf.fwhm for psf in field.psfs])
        x, y = places[index]
        others = np.delete(places, index, axis=0) - (x, y)
        stamp = cut_stamp(
            field.planes,
            field.cutout.variance,
            (float(x), float(y)),
            reach_of(float(fwhms.max())),
        )
        smooth = None if field.host is None else field.host.profile
        self._below = _light_below(smooth, x, y, len(fwhms))
        self._note_saturated(stamp, APERTURE * fwhms)
        stamp = stamp.without(smooth)
        for fwhm in np.unique(fwhms):
            self._sum_bands(np.flatnonzero(fwhms == fwhm), stamp, others)

    def _sum_bands(self, bands: Indices, stamp: Stamp, others: Floats) -> None:
        """Measure the bands of one PSF."""
        field, psf = self._field, self._field.psfs[bands[0]]
        part = stamp.of_bands(bands)
        masked = np.column_stack([others, np.full(len(others), APERTURE * psf.fwhm)])
        host = None if field.host is None else stamp.cut(field.host.mask)
        annulus = annulus_around(part, psf.fwhm, masked, host)
        if annulus.share < LEAST_ANNULUS:
            self.flags |= Quality.FEW_PIXELS
        if annulus.taken > CROWDED:
            self.flags |= Quality.CROWDED
        around = background(part, annulus.used)
        profile = psf.at(part.distance)
        outer = sum_within(part, part.disc(APERTURE * psf.fwhm), profile)
        inner = sum_within(part, part.disc(INNER * psf.fwhm), profile)
        self._keep(bands, around, outer, inner)

    def _note_saturated(self, stamp: Stamp, radii: Floats) -> None:
        for plane, full, radius in zip(
            stamp.planes, self._field.full, radii, strict=True
        ):
            if full is not None and (plane[stamp.distance <= radius] >= full).any():
                self.flags |= Quality.SATURATED

    def _keep(
        self, bands: Indices, around: Background, outer: Sums, inner: Sums
    ) -> None:
        """Keep light and variances of some bands."""
        sky = self._field.sky
        assert sky is not None
        pixel = np.fmax(around.noise, sky.noise[bands]) ** 2 * sky.correlation[bands]
        light = around.level + self._below[bands] - sky.level[bands]
        uneven = unevenness(around.uneven, light)
        level = MEDIAN * pixel / np.maximum(around.pixels, 1) + uneven**2
        net = outer.light - outer.area * around.level
        own = outer.squares * pixel
        if outer.variance is not None:
            own = np.where(np.isfinite(outer.variance), outer.variance, own)
        if self._field.gain is not None:
            own = own + np.clip(net, 0, None) / self._field.gain
        variance = own + outer.area**2 * level
        present = outer.present
        if (present < 1 - MISSING).any():
            self.flags |= Quality.MISSING
        self._net[bands], self._variance[bands] = net, variance
        self._present[bands], self._area[bands] = present, outer.area
        self.level[bands] = around.level + self._below[bands]
        whole = present >= 1 - MISSING  # the width is told by whole circles only
        told = {
            "inner": inner.light - inner.area * around.level,
            "outer": np.where(whole, net, np.nan),
            "inner_area": inner.area,
            "outer_area": outer.area,
            "pixel": pixel,
            "level": level,
            "error": np.sqrt(variance),
        }
        for name, values in told.items():
            self._told[name][bands] = values

    def _totals(self) -> tuple[Floats, Floats, Floats]:
        """Return fluxes, errors and corrections."""
        around = self.width + _STEP * np.array([[0.0], [1.0], [-1.0]])
        correction, above, below = self._corrections(around)
        slope = (above - below) / (2 * _STEP)
        error = np.hypot(
            np.sqrt(self._variance) * correction,
            self._net * slope * self.width_error,
        )
        return self._net * correction, error, correction

    def _corrections(self, widths: Floats) -> Floats:
        """Return the factors from net to total light of sources of some widths.

        Where pixels are missing, they are for the part of the circle that is there.

        Parameters
        ----------
        widths : array of shape (n, 1)

        Returns
        -------
        array of shape (n, bands)
        """
        psfs = self._field.psfs
        made: dict[int, tuple[Floats, Floats]] = {}
        for psf in psfs:
            if id(psf) not in made:
                inside = psf.inside(APERTURE * psf.fwhm, widths)
                made[id(psf)] = inside, psf.at(ANNULUS_MIDDLE * psf.fwhm, widths)
        inside = np.hstack([made[id(psf)][0] for psf in psfs])
        own = np.hstack([made[id(psf)][1] for psf in psfs])
        caught = inside * self._present - self._area * own
        caught[~(self._present >= LEAST_PRESENT) | (caught < 0.1)] = np.nan
        return np.asarray(1 / caught)


def _light_below(profile: Profile | None, x: float, y: float, bands: int) -> Floats:
    """Return the galaxy's smooth light at a place, by band."""
    if profile is None:
        return np.zeros(bands)
    return np.asarray(profile.around((x, y), np.array([x]), np.array([y]))[:, 0])
