"""The light of one clump, in all bands, with its errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

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
from clump_detector.photometry.aperture.apertures import reach_of, sum_within
from clump_detector.photometry.aperture.clump_size import Circles, measure_width
from clump_detector.photometry.aperture.neighbours import (
    PointLight,
    Surroundings,
    surroundings,
)
from clump_detector.photometry.aperture.profile import Profile
from clump_detector.photometry.aperture.psf import ANNULUS_MIDDLE, APERTURE, INNER, Psf
from clump_detector.photometry.aperture.stamp import Stamp, cut_stamp

from .field import Field
from .flags import Quality

Indices = NDArray[np.intp]

#: With less of a point's light than this on pixels with data there is no flux.
LEAST_PRESENT = 0.5

#: A larger missing share of it gives a flag.
MISSING = 0.002

#: A larger share of the annulus under other clumps gives one, too.
CROWDED = 0.5

#: Around the nucleus the galaxy's light is less even: within so many FWHM by this share
#: of it, as simulated galaxies with bulges, bars and arms show.
CORE_ERRORS = ((1.5, 0.4), (2.5, 0.15))

#: A step of the width by which the correction's slope is found.
_STEP = 0.02


@dataclass(frozen=True)
class ClumpMeasurement:
    """The light of one clump.

    Attributes
    ----------
    flux, error : array of shape (bands,)
        Totals and their errors, in the units of the pixels.
    correction : array of shape (bands,)
        The factor from the aperture's net light to the total.
    level : array of shape (bands,)
        The background per pixel.
    width, width_error : float
        How many times wider than the PSF it is.
    flags : int
        Bits of `Quality`.
    """

    flux: Floats
    error: Floats
    correction: Floats
    level: Floats
    width: float
    width_error: float
    flags: int


@dataclass(frozen=True)
class _Light:
    """What is summed in the aperture, by band: arrays of shape (bands,).

    ``net`` is the light above the background and ``variance`` that of it, ``present``
    the share of a point's light on pixels with data, ``area`` that of the aperture in
    pixels.
    """

    net: Floats
    variance: Floats
    present: Floats
    area: Floats
    level: Floats
    circles: Circles
    flags: Quality


def measure_clump(
    field: Field,
    positions: Floats,
    index: int,
    others: Mapping[int, ClumpMeasurement] | None = None,
) -> ClumpMeasurement:
    """Measure one clump of a cutout.

    Bands of one PSF share their aperture; one of another width has its own, and its
    own correction, so that fluxes of different bands are totals that can be compared.

    Parameters
    ----------
    field : Field
    positions : array of shape (n, 2)
        x, y of all clumps, in pixels; the others are left out of the annulus.
    index : int
        Which of them is measured.
    others : mapping of int to ClumpMeasurement, optional
        Clumps near by, by their numbers: their light is taken off first.
    """
    light = _sum_light(field, positions, index, points_of(positions, others or {}))
    width, width_error = measure_width(light.circles, field.psfs)
    around = width + _STEP * np.array([[0.0], [1.0], [-1.0]])
    correction, above, below = _corrections(field.psfs, light, around)
    slope = (above - below) / (2 * _STEP)
    flux = light.net * correction
    shape = np.array([psf.shape_error for psf in field.psfs])
    error = np.sqrt(
        light.variance * correction**2
        + (light.net * slope * width_error) ** 2
        + (flux * shape) ** 2
    )
    return ClumpMeasurement(
        flux=flux,
        error=error,
        correction=correction,
        level=light.level,
        width=width,
        width_error=width_error,
        flags=int(light.flags),
    )


def points_of(
    positions: Floats, others: Mapping[int, ClumpMeasurement]
) -> list[PointLight]:
    """Return the light of clumps that were measured, each at its position.

    Parameters
    ----------
    positions : array of shape (n, 2)
        Of all clumps, in pixels.
    others : mapping of int to ClumpMeasurement
        By their numbers.
    """
    return [
        PointLight(
            float(positions[k, 0]),
            float(positions[k, 1]),
            one.flux,
            one.error,
            one.width,
        )
        for k, one in others.items()
    ]


def _sum_light(
    field: Field, positions: Floats, index: int, points: Sequence[PointLight]
) -> _Light:
    """Return the light of one clump in its aperture, all bands together."""
    fwhms = np.array([psf.fwhm for psf in field.psfs])
    x, y = positions[index]
    others = np.delete(positions, index, axis=0) - (x, y)
    stamp = cut_stamp(
        field.planes,
        field.cutout.variance,
        (float(x), float(y)),
        reach_of(float(fwhms.max())),
    )
    smooth = None if field.host is None else field.host.profile
    below = _light_below(smooth, x, y, len(fwhms))
    flags = _saturated(field, stamp, APERTURE * fwhms)
    near = surroundings(stamp, field.psfs, points)
    stamp = near.taken_from(stamp.without(smooth))
    parts, order = [], []
    for fwhm in np.unique(fwhms):
        bands = np.flatnonzero(fwhms == fwhm)
        parts.append(_sum_bands(field, bands, stamp, others, below[bands], near))
        order.append(bands)
    return _joined(parts, np.concatenate(order), flags)


def _joined(parts: Sequence[_Light], order: Indices, flags: Quality) -> _Light:
    """Return the light of all bands, put into their order."""
    back = np.argsort(order)

    def all_of(objects: Sequence[object], name: str) -> Floats:
        return np.concatenate([getattr(one, name) for one in objects])[back]

    names = [one.name for one in fields(Circles)]
    circles = [part.circles for part in parts]
    for part in parts:
        flags |= part.flags
    return _Light(
        net=all_of(parts, "net"),
        variance=all_of(parts, "variance"),
        present=all_of(parts, "present"),
        area=all_of(parts, "area"),
        level=all_of(parts, "level"),
        circles=Circles(**{name: all_of(circles, name) for name in names}),
        flags=flags,
    )


def _saturated(field: Field, stamp: Stamp, radii: Floats) -> Quality:
    for plane, full, radius in zip(stamp.planes, field.full, radii, strict=True):
        if full is not None and (plane[stamp.distance <= radius] >= full).any():
            return Quality.SATURATED
    return Quality(0)


def _sum_bands(
    field: Field,
    bands: Indices,
    stamp: Stamp,
    others: Floats,
    below: Floats,
    near: Surroundings,
) -> _Light:
    """Return the light in the bands of one PSF."""
    psf = field.psfs[bands[0]]
    part = stamp.of_bands(bands)
    masked = np.column_stack([others, np.full(len(others), APERTURE * psf.fwhm)])
    host = None if field.host is None else stamp.cut(field.host.mask)
    annulus = annulus_around(part, psf.fwhm, masked, host)
    flags = Quality(0)
    if annulus.share < LEAST_ANNULUS:
        flags |= Quality.FEW_PIXELS
    if annulus.taken > CROWDED:
        flags |= Quality.CROWDED
    around = background(part, annulus.used)
    profile = psf.at(part.distance)
    disc = part.disc(APERTURE * psf.fwhm)
    outer = sum_within(part, disc, profile)
    middle = part.disc(INNER * psf.fwhm)
    inner = sum_within(part, middle, profile)
    if (outer.present < 1 - MISSING).any():
        flags |= Quality.MISSING
    pixel, level = _variances(field, bands, around, below, part)
    net = outer.light - outer.area * around.level
    own = outer.squares * pixel
    if outer.variance is not None:
        own = np.where(np.isfinite(outer.variance), outer.variance, own)
    if field.gain is not None:
        own = own + np.clip(net, 0, None) / field.gain
    near = near.of_bands(bands)
    near_outer = near.errors(disc)
    variance = own + outer.area**2 * level + (near_outer**2).sum(axis=1)
    whole = outer.present >= 1 - MISSING  # only whole circles give the width
    circles = Circles(
        inner=inner.light - inner.area * around.level,
        outer=np.where(whole, net, np.nan),
        inner_area=inner.area,
        outer_area=outer.area,
        pixel=pixel,
        level=level,
        error=np.sqrt(variance),
        near_inner=near.errors(middle),
        near_outer=near_outer,
    )
    return _Light(
        net, variance, outer.present, outer.area, around.level + below, circles, flags
    )


def _variances(
    field: Field, bands: Indices, around: Background, below: Floats, stamp: Stamp
) -> tuple[Floats, Floats]:
    """Return the variances of a pixel, and of the background's level per pixel."""
    sky = field.sky
    assert sky is not None
    pixel = np.fmax(around.noise, sky.noise[bands]) ** 2 * sky.correlation[bands]
    light = around.level + below - sky.level[bands]
    core = _core_error(field, stamp) * np.clip(light, 0, None)
    uneven = np.hypot(unevenness(around.uneven, light), core)
    level = MEDIAN * pixel / np.maximum(around.pixels, 1) + uneven**2
    return pixel, level


def _core_error(field: Field, stamp: Stamp) -> float:
    """Return the share by which the galaxy's light around its nucleus is not known."""
    if field.host is None or field.host.profile is None:
        return 0.0
    x, y = stamp.position
    far = np.hypot(x - field.host.x, y - field.host.y) / field.fwhm
    return next((error for reach, error in CORE_ERRORS if far < reach), 0.0)


def _corrections(psfs: Sequence[Psf], light: _Light, widths: Floats) -> Floats:
    """Return the factors from net to total light of sources of some widths.

    Where pixels are missing, they are for the part of the circle that is there.

    Parameters
    ----------
    psfs : sequence of Psf
    light : _Light
    widths : array of shape (n, 1)

    Returns
    -------
    array of shape (n, bands)
    """
    made: dict[int, tuple[Floats, Floats]] = {}
    for psf in psfs:
        if id(psf) not in made:
            inside = psf.inside(APERTURE * psf.fwhm, widths)
            made[id(psf)] = inside, psf.at(ANNULUS_MIDDLE * psf.fwhm, widths)
    inside = np.hstack([made[id(psf)][0] for psf in psfs])
    own = np.hstack([made[id(psf)][1] for psf in psfs])
    caught = inside * light.present - light.area * own
    caught[~(light.present >= LEAST_PRESENT) | (caught < 0.1)] = np.nan
    return np.asarray(1 / caught)


def _light_below(profile: Profile | None, x: float, y: float, bands: int) -> Floats:
    """Return the galaxy's smooth light at a position, by band."""
    if profile is None:
        return np.zeros(bands)
    return np.asarray(profile.around((x, y), np.array([x]), np.array([y]))[:, 0])
