"""Fitting isophotes to a galaxy, without its clumps and whatever else is on it."""

from __future__ import annotations

import itertools
import math
import warnings
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from clump_detector.core import boxes as geometry
from clump_detector.core.arrays import BandArray, Floats, Mask
from clump_detector.core.boxes import Boxes
from clump_detector.core.errors import ImageError
from clump_detector.images.pixels.asinh import undone
from clump_detector.photometry.aperture.annulus import MEDIAN
from clump_detector.photometry.aperture.background import medians, rough_sky, spreads
from clump_detector.photometry.aperture.downsample import reduce
from clump_detector.photometry.aperture.profile import CLUMPY, shape_of
from clump_detector.photometry.aperture.psf import APERTURE, SIGMA_PER_FWHM
from clump_detector.photometry.field import Field
from clump_detector.photometry.host import POINT, Host

from .ellipses import FLATTEST, Isophotes, Shapes

#: Semi-major axes grow by this share from one isophote to the next.
GROWTH = 0.15

#: Fewer isophotes than this are no profile, and so are those of which fewer than this
#: share converged: then all have the shape of one Sersic profile.
LEAST, LEAST_CONVERGED = 5, 0.4

#: A galaxy whose light ends within so many FWHM has no isophotes that could be told
#: from the PSF's.
SMALLEST = 2.0

#: An isophote of fewer pixels has no median of its own.
_LEAST_PIXELS = 6

#: The nucleus is looked for within so many FWHM of the middle of the light.
NUCLEUS_WITHIN = 2.0

#: Of so many rings around the galaxy, what is this many sigma above its ring's median
#: is no part of its smooth light: arms are less, stars more.
_RINGS, _STANDS_OUT = 16, 6.0

#: No host is flatter: a fit that says so has followed something else.
_FLAT = 0.9

#: photutils' codes of a fit that converged, or nearly did when its time was up.
_CONVERGED = (0, 2)


@dataclass(frozen=True)
class _Image:
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
        return tuple((v + 0.5) / self.step - 0.5 for v in (self.x, self.y))  # type: ignore[return-value]

    @property
    def masked(self) -> np.ma.MaskedArray:
        return np.ma.masked_array(self.plane, mask=self.hidden)


def fit_isophotes(field: Field, boxes: Boxes) -> Isophotes:
    """Fit the isophotes of a cutout's galaxy.

    Parameters
    ----------
    field : Field
        Of fluxes or of a picture; of a picture the light is in units of its own, since
        its curve is not known.
    boxes : array of shape (n, 4)
        Its clumps', in pixels: left out.

    Raises
    ------
    ImageError
        If there is no galaxy in the middle, or too little of it.
    """
    host = field.host
    if host is None:
        raise _refused(field, "no galaxy was found in its middle")
    planes, bands, level, noise = _planes_of(field)
    hidden = _hidden(field, host, planes, geometry.as_boxes(boxes))
    reach = _reach(host)
    if reach < SMALLEST * field.fwhm or host.radius < POINT * field.fwhm:
        raise _refused(field, "its galaxy is too small to have isophotes")
    if (host.mask & ~hidden).sum() < 0.3 * host.mask.sum():
        raise _refused(field, "most of its galaxy is hidden by clumps or missing")
    plane = planes[host.band] - level[host.band]
    image = _image(field, host, plane, hidden, reach)
    notes: list[str] = []
    found = _photutils(image, host, reach, field.fwhm)
    kind = "isophotes"
    if found is None:
        kind = "Sersic"
        notes.append(
            "No isophotes converged: all ellipses have the shape of one Sersic profile."
        )
        found = _sersic(image, host, reach, field.fwhm)
    if field.cutout.is_picture:
        notes.append("A picture: the light is relative, and its curve was guessed.")
    elif host.cut:
        notes.append("The galaxy reaches over the edge of the image.")
    shapes, ellipticity_error, angle_error = found
    light, error, area = _light(planes, level, noise, hidden, shapes)
    known = np.isfinite(light[host.band])
    if known.sum() < LEAST:
        raise _refused(field, "its galaxy has too few pixels for isophotes")
    shapes = Shapes(
        shapes.x,
        shapes.y,
        shapes.radii[known],
        shapes.ellipticity[known],
        shapes.angle[known],
    )
    return Isophotes(
        kind=kind,
        fitted_in=bands[host.band],
        shapes=shapes,
        ellipticity_error=ellipticity_error[known],
        angle_error=angle_error[known],
        bands=bands,
        light=light[:, known],
        error=error[:, known],
        area=area[known],
        scale=field.cutout.scale,
        jansky=() if field.cutout.is_picture else field.cutout.jansky,
        notes=tuple(notes),
    )


def _refused(field: Field, why: str) -> ImageError:
    source = field.cutout.source
    return ImageError(
        f"{field.cutout.name} has no isophotes: {why}",
        None if source is None else source.path,
        "It is left out.",
    )


def _planes_of(field: Field) -> tuple[BandArray, tuple[str, ...], Floats, Floats]:
    """Return planes, bands, level of the sky and noise of a pixel by band."""
    if field.sky is not None:
        sky = field.sky
        noise = sky.noise * np.sqrt(sky.correlation)
        return field.planes, field.bands, sky.level, noise
    linear = np.moveaxis(undone(field.cutout.pixels), 2, 0).astype(np.float32)
    assert field.host is not None
    outside = linear[:, ~field.host.sources]
    if outside.shape[1] < _LEAST_PIXELS:
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
    planes, _, level, _ = _planes_of(field)
    return np.asarray(planes - level[:, None, None].astype(np.float32))


def _hidden(field: Field, host: Host, planes: BandArray, boxes: Boxes) -> Mask:
    """Return what is not the galaxy: other sources, clumps, pixels without data."""
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


def _reach(host: Host) -> float:
    """Return the semi-major axis of the galaxy's segment, in pixels."""
    ratio, _ = shape_of(host.mask)
    return math.sqrt(float(host.mask.sum()) / (math.pi * ratio))


def _image(
    field: Field, host: Host, plane: Floats, hidden: Mask, reach: float
) -> _Image:
    """Return what is fitted, on as few pixels as resolve the PSF."""
    both = np.stack([plane, np.where(hidden, np.nan, 0.0)]).astype(np.float32)
    coarse = reduce(both, field.fwhm)
    gone = ~np.isfinite(coarse.planes[1]) | ~np.isfinite(coarse.planes[0])
    small = np.where(gone, 0, coarse.planes[0]).astype(np.float64)
    x, y = _nucleus(small, gone, host, field.fwhm, coarse.step)
    image = _Image(small, gone, coarse.step, x, y)
    return replace(image, hidden=gone | _spots(image, host, reach))


def _nucleus(
    plane: Floats, hidden: Mask, host: Host, fwhm: float, step: int
) -> tuple[float, float]:
    """Return a galaxy's centre, in pixels of the image.

    The mean of all its light, or the peak near it: that about which the inner galaxy
    is more symmetric. The mean is beside the nucleus of a lopsided galaxy, and the peak
    may be a knot of an arm.
    """
    from photutils.centroids import centroid_quadratic
    from scipy import ndimage

    narrow = fwhm / step
    smooth = ndimage.gaussian_filter(plane, 0.7 * narrow * SIGMA_PER_FWHM)
    rows, columns = np.arange(plane.shape[0])[:, None], np.arange(plane.shape[1])
    x, y = ((v + 0.5) / step - 0.5 for v in (host.x, host.y))
    near = (np.hypot(columns - x, rows - y) <= NUCLEUS_WITHIN * narrow) & ~hidden
    if not near.any():
        return host.x, host.y
    peak = int(np.where(near, smooth, -np.inf).argmax())
    row, column = np.unravel_index(peak, smooth.shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # photutils warns where there is no top
        found = centroid_quadratic(smooth, xpeak=int(column), ypeak=int(row))
    if not np.isfinite(found).all() or np.hypot(*(found - (column, row))) > 1:
        found = np.array([column, row], dtype=float)
    reach = max(NUCLEUS_WITHIN * fwhm, host.radius / 2) / step
    middle = ((host.x + 0.5) / step - 0.5, (host.y + 0.5) / step - 0.5)
    peak_xy = (float(found[0]), float(found[1]))
    best = min((middle, peak_xy), key=lambda xy: _asymmetry(smooth, hidden, xy, reach))
    x, y = ((v + 0.5) * step - 0.5 for v in best)
    return x, y


def _asymmetry(
    plane: Floats, hidden: Mask, centre: tuple[float, float], reach: float
) -> float:
    """Return by what share light differs from that opposite a centre, as in CAS."""
    from scipy import ndimage

    x, y = centre
    offsets = np.arange(-int(reach) - 1, int(reach) + 2)
    dx, dy = np.meshgrid(offsets, offsets)
    inside = np.hypot(dx, dy) <= reach + 1
    dx, dy = dx[inside], dy[inside]

    def at(image: Floats, sign: int) -> Floats:
        where = [y + sign * dy, x + sign * dx]
        return np.asarray(ndimage.map_coordinates(image, where, order=1))

    gone = hidden.astype(float)
    seen = (at(gone, 1) < 0.5) & (at(gone, -1) < 0.5)
    if not seen.any():
        return math.inf
    light, opposite = at(plane, 1)[seen], at(plane, -1)[seen]
    return float(np.abs(light - opposite).sum() / max(np.abs(light).sum(), 1e-12))


def _spots(image: _Image, host: Host, reach: float) -> Mask:
    """Return what stands out of its ring: stars, and clumps that are no boxes."""
    plane, hidden, step = image.plane, image.hidden, image.step
    ratio, angle = shape_of(host.mask)
    x, y = image.centre
    radii = np.geomspace(2.0, max(reach / step, 4.0), _RINGS)
    same = np.ones(_RINGS)
    shapes = Shapes(x, y, radii, (1 - ratio) * same, angle % np.pi * same)
    spots = np.zeros(plane.size, dtype=bool)
    for ring in _rings(hidden, shapes)[1:]:
        values = plane.ravel()[ring]
        if len(values) >= _LEAST_PIXELS:
            middle = medians(values[None])
            most = float(middle[0] + _STANDS_OUT * spreads(values[None], middle)[0])
            spots[ring[values > most]] = True
    return np.asarray(spots.reshape(plane.shape))


def _photutils(
    image: _Image, host: Host, reach: float, fwhm: float
) -> tuple[Shapes, Floats, Floats] | None:
    """Return shapes and their errors by photutils; None where too few converge.

    Where its first ellipse does not converge it gives up: others are tried as first.
    """
    for start in (reach / 2, host.radius, 0.8 * reach, 2 * fwhm):
        rows = _fitted_from(image, host, start, reach, fwhm)
        converged = rows[:, 0] > 0
        if len(rows) >= LEAST and converged.mean() >= LEAST_CONVERGED:
            break
    else:
        return None
    known = rows[converged]
    # Of those between, the shape lies between.
    flat = known[:, 2].clip(0, FLATTEST)
    along, across = (
        np.interp(rows[:, 1], known[:, 1], flat * wave(2 * known[:, 3]))
        for wave in (np.cos, np.sin)
    )
    radii = rows[:, 1] * image.step
    inner = _inner_radii(radii[0], fwhm)
    radii = np.append(inner, radii)
    flat, turn = np.hypot(along, across), np.arctan2(across, along) / 2 % np.pi
    shapes = Shapes(
        image.x,
        image.y,
        radii,
        np.interp(radii, radii[len(inner) :], flat),
        np.append(np.full(len(inner), turn[0]), turn),
    )
    errors = np.where(converged, rows[:, 4:].T, np.nan)
    errors = np.hstack([np.full((2, len(inner)), np.nan), errors])
    return shapes, errors[0], errors[1]


def _inner_radii(first: float, fwhm: float) -> Floats:
    """Return radii within the first isophote, where the PSF hides the shape."""
    least = max(fwhm / 4, 0.7)
    n = int(math.log(first / least) / math.log(1 + GROWTH)) if first > least else 0
    return np.asarray(first / (1 + GROWTH) ** np.arange(n, 0, -1))


def _fitted_from(
    image: _Image, host: Host, start: float, reach: float, fwhm: float
) -> Floats:
    """Return photutils' ellipses of which one is fitted first, from the innermost out.

    Returns
    -------
    array of shape (n, 6)
        1 where it converged, semi-major axis in blocks, ellipticity, angle, and the
        errors of both.
    """
    from photutils.isophote import Ellipse, EllipseGeometry

    ratio, angle = shape_of(host.mask)
    step, first = image.step, max(start / image.step, 3.0)
    x, y = image.centre
    guess = EllipseGeometry(
        x, y, sma=first, eps=min(max(1 - ratio, 0.05), 0.85), pa=angle % np.pi
    )
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # it warns of every fit that does not converge
        try:
            fitted = Ellipse(image.masked, guess).fit_image(
                sma0=first,
                minsma=max(fwhm / step, 2.0),  # within, all have the PSF's shape
                maxsma=reach / step,
                step=GROWTH,
                fix_center=True,
                sclip=3.0,
                nclip=2,
                integrmode="median",
            )
        except (ValueError, IndexError, TypeError, np.linalg.LinAlgError):
            return np.zeros((0, 6))  # all is masked, or there is no gradient
    rows = [
        (one.stop_code in _CONVERGED and one.eps < _FLAT, one.sma, one.eps, one.pa,
         one.ellip_err, one.pa_err)
        for one in sorted(fitted, key=lambda one: one.sma)
        if one.sma > 0
    ]  # fmt: skip
    return np.array(rows, dtype=float).reshape(-1, 6)


def _sersic(
    image: _Image, host: Host, reach: float, fwhm: float
) -> tuple[Shapes, Floats, Floats]:
    """Return ellipses of the shape of a Sersic profile, or else of the segment's."""
    from astropy.modeling.fitting import TRFLSQFitter
    from astropy.modeling.models import Sersic2D

    ratio, angle = shape_of(host.mask)
    step = image.step
    x, y = image.centre
    grid = np.indices(image.plane.shape)
    rows, columns = grid[0], grid[1]
    near = ~image.hidden & (np.hypot(columns - x, rows - y) < 1.5 * reach / step)
    peak = float(np.percentile(image.plane[near], 90)) if near.any() else 1.0
    model = Sersic2D(
        amplitude=max(peak, 1e-12),
        r_eff=max(reach / 2 / step, 1.0),
        n=1.0,
        x_0=x,
        y_0=y,
        ellip=1 - ratio,
        theta=angle,
        bounds={"n": (0.3, 6), "r_eff": (0.5, 2 * reach / step), "ellip": (0, _FLAT)},
        fixed={"x_0": True, "y_0": True},
    )
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            fitted = TRFLSQFitter()(
                model, columns[near], rows[near], image.plane[near], maxiter=200
            )
            ellipticity, angle = float(fitted.ellip.value), float(fitted.theta.value)
        except (ValueError, np.linalg.LinAlgError):
            ellipticity = 1.0
    if ellipticity > 0.99 * _FLAT:  # at the bound: it followed a star, or an arm
        ellipticity, angle = 1 - ratio, shape_of(host.mask)[1]
    radii = np.append(_inner_radii(reach, fwhm), reach)
    same = np.ones(len(radii))
    shapes = Shapes(image.x, image.y, radii, ellipticity * same, angle % np.pi * same)
    return shapes, np.nan * same, np.nan * same


def _light(
    planes: BandArray, level: Floats, noise: Floats, hidden: Mask, shapes: Shapes
) -> tuple[Floats, Floats, Floats]:
    """Return the median light along ellipses, its error, and the pixels that gave it.

    A ring reaches half-way to its neighbours; clumps that are no boxes are clipped.
    """
    members = _rings(hidden, shapes)
    n = len(members)
    flat = planes.reshape(len(planes), -1)
    light, error = np.full((2, len(planes), n), np.nan)
    area = np.array([len(ring) for ring in members], dtype=float)
    for k in np.flatnonzero(area >= _LEAST_PIXELS):
        values = flat[:, members[k]].astype(np.float64)
        middle = medians(values)
        most = middle + CLUMPY * spreads(values, middle)
        kept = np.where(values <= most[:, None], values, np.nan)
        light[:, k] = medians(kept) - level
        count = np.maximum(np.isfinite(kept).sum(axis=1), 1)
        spread = np.fmax(spreads(kept), noise)
        error[:, k] = np.sqrt(MEDIAN / count) * spread
    return light, error, area


def _rings(hidden: Mask, shapes: Shapes) -> list[NDArray[np.intp]]:
    """Return the indices of the pixels around each ellipse, but for those hidden.

    A ring reaches half-way to its neighbours.
    """
    height, width = hidden.shape
    radius = shapes.radius_at(np.arange(width), np.arange(height)[:, None])
    edges = np.sqrt(shapes.radii[1:] * shapes.radii[:-1])
    edges = np.concatenate([[0.0], edges, [shapes.radii[-1] * (1 + GROWTH / 2)]])
    ring = np.searchsorted(edges, radius.ravel(), side="right") - 1
    ring[hidden.ravel()] = -1
    order = np.argsort(ring, kind="stable")
    starts = np.searchsorted(ring[order], np.arange(len(shapes.radii) + 1))
    return [order[a:b] for a, b in itertools.pairwise(starts)]
