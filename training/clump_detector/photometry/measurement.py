"""Measuring the clumps in boxes on a cutout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from clump_detector.core import boxes as geometry
from clump_detector.core.arrays import Floats
from clump_detector.core.boxes import Boxes
from clump_detector.images.cutout import Cutout
from clump_detector.photometry.aperture.apertures import reach_of
from clump_detector.photometry.aperture.centroid import find_centre
from clump_detector.photometry.aperture.neighbours import (
    REACH,
    TIMES,
    PointLight,
    groups,
    surroundings,
)
from clump_detector.photometry.aperture.psf import APERTURE
from clump_detector.photometry.aperture.stamp import cut_stamp

from .clump import ClumpMeasurement, measure_clump, points_of
from .field import Field, prepare
from .flags import Quality
from .host import CORE, ON_NUCLEUS
from .psf_choice import Given
from .results import Measured

#: From this width on more than one clump may be in the aperture.
WIDE = 1.6

#: With more than this share of a galaxy's light in the apertures, the profile beside
#: them is mostly the clumps' own wings: their fluxes are up to 15 % too low.
MOSTLY = 0.7

Flags = NDArray[np.int64]


def measure(
    cutout: Cutout,
    boxes: Boxes,
    *,
    psf: Mapping[str, Given] | Given | None = None,
    model: str = "moffat",
    gain: float | None = None,
    recentre: bool = True,
) -> Measured:
    """Measure the clumps in boxes on a cutout.

    Parameters
    ----------
    cutout : Cutout
        A picture gives positions and distances, but no fluxes.
    boxes : array of shape (n, 4)
        x1, y1, x2, y2 in pixels.
    psf, model, gain
        As for `prepare`.
    recentre : bool
        Whether to look for the clump's middle in its box.

    Raises
    ------
    ConfigError, ImageError
        If a PSF that was given is none.
    """
    boxes = geometry.as_boxes(boxes)
    field = prepare(cutout, psf=psf, model=model, gain=gain, boxes=boxes)
    return measure_boxes(field, boxes, recentre=recentre)


def measure_boxes(
    field: Field, boxes: Boxes, *, recentre: bool = True, only: int | None = None
) -> Measured:
    """Measure the clumps in boxes on a prepared cutout.

    Parameters
    ----------
    field : Field
    boxes : array of shape (n, 4)
    recentre : bool
    only : int, optional
        Measure this one, as among all.
    """
    boxes = geometry.as_boxes(boxes)
    n, b = len(boxes), len(field.bands)
    wanted = range(n) if only is None else [only]
    positions = geometry.centres(boxes)
    flags = _recentred(field, boxes, positions) if recentre else np.zeros(n, np.int64)
    width, width_error = np.ones(n), np.full(n, np.nan)
    flux, error, correction, level = np.full((4, n, b), np.nan)
    found = _measured(field, boxes, positions, recentre, only) if b else {}
    flags |= _flags_of_positions(field, boxes, positions)
    for i, clump in found.items():
        flux[i], error[i] = clump.flux, clump.error
        correction[i], level[i] = clump.correction, clump.level
        width[i], width_error[i] = clump.width, clump.width_error
        flags[i] |= clump.flags
    if b:
        flags[(flux <= 0).any(axis=1)] |= int(Quality.NEGATIVE)
        flags[~np.isfinite(flux).all(axis=1)] |= int(Quality.NO_FLUX)
        flags[width >= WIDE] |= int(Quality.WIDE)
    known = field.cutout.galaxy
    kept = list(wanted)
    return Measured(
        boxes=boxes[kept],
        bands=field.bands,
        x=positions[kept, 0],
        y=positions[kept, 1],
        psfs=field.psfs,
        width=width[kept],
        width_error=width_error[kept],
        flux=flux[kept],
        error=error[kept],
        correction=correction[kept],
        background=level[kept],
        flags=flags[kept],
        host=field.host,
        fwhm=field.fwhm,
        fwhm_source=field.fwhm_source,
        jansky=field.cutout.jansky if b else (),
        ebv=None if known is None else known.ebv,
        scale=field.cutout.scale,
        radius=None if known is None else known.radius,
        redshift=None if known is None else known.redshift,
    )


def _measured(
    field: Field, boxes: Boxes, positions: Floats, recentre: bool, only: int | None
) -> dict[int, ClumpMeasurement]:
    """Return what is measured of each clump, without the light of its neighbours.

    Positions are moved where a neighbour's light had drawn them towards it. The nucleus
    is a neighbour, too.
    """
    n, reach = len(positions), REACH * max(psf.fwhm for psf in field.psfs)
    nucleus = _nucleus_beside(field, geometry.centres(boxes))
    all_boxes, places = np.vstack([boxes, nucleus]), np.copy(positions)
    places = np.vstack([places, geometry.centres(nucleus)])
    found: dict[int, ClumpMeasurement] = {}
    for group in groups(places, reach):
        if only is not None and only not in group:
            continue
        for time in range(TIMES if len(group) > 1 else 1):
            for k in reversed(group):  # the nucleus first: it outshines most clumps
                far = np.hypot(*(places[group] - places[k]).T)
                near_by = [m for m, d in zip(group, far, strict=True) if d < reach]
                others = {m: found[m] for m in near_by if m != k and m in found}
                if time and (recentre or k >= n):
                    near = points_of(places, others)
                    places[k] = _centre(field, all_boxes[k], near) or places[k]
                found[k] = measure_clump(field, places, k, others)
    positions[:] = places[:n]
    return {k: found[k] for k in (range(n) if only is None else [only])}


def _nucleus_beside(field: Field, middles: Floats) -> Boxes:
    """Return the box of the nucleus if a box lies beside it, shape (0 or 1, 4).

    By the middles of boxes: the nucleus draws the peaks in them towards it. What lies
    between two clumps that are brighter is their own light, such as in a galaxy that is
    nothing but them.
    """
    host = field.host
    if host is None or host.profile is None or not len(middles):
        return np.zeros((0, 4))
    far = np.hypot(middles[:, 0] - host.x, middles[:, 1] - host.y) / field.fwhm
    if (
        far.min() <= ON_NUCLEUS
        or far.min() >= CORE
        or _between(field, middles[far < CORE])
    ):
        return np.zeros((0, 4))
    half = geometry.SIDE_IN_FWHM * field.fwhm / 2
    return np.array([[host.x - half, host.y - half, host.x + half, host.y + half]])


def _between(field: Field, middles: Floats) -> bool:
    """Return whether clumps on two sides of the galaxy's middle outshine it."""
    host = field.host
    assert host is not None
    places = np.vstack([[[host.x, host.y]], middles])
    light = np.array([_brightness(field, x, y) for x, y in places])
    beside = (middles - (host.x, host.y))[light[1:] > light[0]]
    return bool((beside @ beside.T < 0).any())


def _brightness(field: Field, x: float, y: float) -> float:
    """Return the light at a place in units of noise, the mean of 3 x 3 pixels."""
    assert field.sky is not None
    column, row = max(round(x) - 1, 0), max(round(y) - 1, 0)
    part = field.planes[:, row : row + 3, column : column + 3]
    noise = np.where(field.sky.noise > 0, field.sky.noise, 1.0)[:, None, None]
    above = (part - field.sky.level[:, None, None]) / noise
    return float(np.nan_to_num(above).mean())


def _recentred(field: Field, boxes: Boxes, positions: Floats) -> Flags:
    """Move positions to the peaks in their boxes; return the flags of those without."""
    flags = np.zeros(len(boxes), dtype=np.int64)
    for i, corners in enumerate(boxes):
        centre = _centre(field, corners)
        if centre is None:
            flags[i] = int(Quality.NO_CENTROID)
        else:
            positions[i] = centre
    return flags


def _centre(
    field: Field, corners: Floats, near: Sequence[PointLight] = ()
) -> tuple[float, float] | None:
    """Return where a box's clump is, without the light of others; None if nowhere."""
    x1, y1, x2, y2 = (float(v) for v in corners)
    usual = reach_of(field.fwhm)
    reach = min(max(usual, x2 - x1, y2 - y1), 4 * usual)
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    stamp = cut_stamp(field.planes, None, (x, y), reach)
    if field.host is not None:
        stamp = stamp.without(field.host.profile)
    if near:
        stamp = surroundings(stamp, field.psfs, near).taken_from(stamp)
    offset = find_centre(stamp, field.fwhm, (x2 - x1, y2 - y1))
    return None if offset is None else (x + offset[0], y + offset[1])


def _flags_of_positions(field: Field, boxes: Boxes, positions: Floats) -> Flags:
    """Return the quality flags of boxes, positions and the whole cutout."""
    cutout, host = field.cutout, field.host
    flags = np.full(len(boxes), _flags_of_all(field), dtype=np.int64)
    inside = geometry.clip(boxes, cutout.width, cutout.height)
    over = np.abs(inside - boxes).max(axis=1, initial=0) > 1e-6
    flags[over] |= int(Quality.OVER_EDGE)
    if host is not None:
        far = np.hypot(positions[:, 0] - host.x, positions[:, 1] - host.y)
        flags[far <= ON_NUCLEUS * field.fwhm] |= int(Quality.ON_NUCLEUS)
        columns = positions[:, 0].round().astype(int).clip(0, cutout.width - 1)
        rows = positions[:, 1].round().astype(int).clip(0, cutout.height - 1)
        flags[~host.mask[rows, columns]] |= int(Quality.OUTSIDE_HOST)
        if _share_in_apertures(field, positions) > MOSTLY:
            flags |= int(Quality.MOSTLY_CLUMPS)
    if field.psfs and len(positions) > 1:
        apart = np.hypot(*(positions[:, None] - positions[None]).transpose(2, 0, 1))
        np.fill_diagonal(apart, np.inf)
        widest = max(psf.fwhm for psf in field.psfs)
        near = apart.min(axis=1) < 2 * APERTURE * widest
        flags[near] |= int(Quality.OVERLAPS)
    return flags


def _share_in_apertures(field: Field, positions: Floats) -> float:
    """Return the share of the galaxy's light in the apertures, all bands together."""
    host, sky = field.host, field.sky
    if host is None or sky is None or not len(positions):
        return 0.0
    rows, columns = np.nonzero(host.mask)
    noise = np.where(sky.noise > 0, sky.noise, 1.0)[:, None]
    above = (field.planes[:, rows, columns] - sky.level[:, None]) / noise
    light = np.nan_to_num(above).sum(axis=0)
    reach = APERTURE * field.fwhm
    inside = np.zeros(len(rows), dtype=bool)
    for x, y in positions:
        inside |= np.hypot(columns - x, rows - y) <= reach
    total = float(light.sum())
    return float(light[inside].sum()) / total if total > 0 else 0.0


def _flags_of_all(field: Field) -> int:
    guessed = field.fwhm_source == "boxes" or any(
        psf.source == "boxes" for psf in field.psfs
    )
    flags = Quality.PSF_GUESSED if guessed else Quality(0)
    if field.cutout.is_picture:
        return int(flags | Quality.PICTURE)
    if not _has_units(field.cutout.jansky):
        flags |= Quality.RELATIVE
    if field.host is None:
        flags |= Quality.NO_HOST
    elif field.host.cut:
        flags |= Quality.HOST_CUT
    return int(flags)


def _has_units(jansky: Sequence[float | None]) -> bool:
    return bool(jansky) and all(v is not None for v in jansky)
