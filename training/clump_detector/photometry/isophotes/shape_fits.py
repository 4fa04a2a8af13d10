"""The shapes of isophotes: each fitted by photutils, or all by one Sersic profile."""

from __future__ import annotations

import math
import warnings

import numpy as np

from clump_detector.core.arrays import Floats
from clump_detector.photometry.aperture.profile import shape_of
from clump_detector.photometry.host import Host

from .ellipses import FLATTEST, Shapes
from .image import FitImage
from .rings import GROWTH

#: Fewer isophotes than this are no profile, and so are those of which fewer than this
#: share converged: then all have the shape of one Sersic profile.
LEAST, LEAST_CONVERGED = 5, 0.4

#: No host is flatter: a fit that says so has followed something else.
_FLAT = 0.9

#: photutils' codes of a fit that converged, or nearly did when its time was up.
_CONVERGED = (0, 2)


def fitted_ellipses(
    image: FitImage, host: Host, reach: float, fwhm: float
) -> tuple[Shapes, Floats, Floats] | None:
    """Return shapes and their errors by photutils; None where too few converge.

    Where its first ellipse does not converge it gives up: others are tried as first.

    Parameters
    ----------
    image : FitImage
    host : Host
    reach : float
        Semi-major axis of the galaxy's segment in pixels.
    fwhm : float
        Of the PSF in pixels.
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
    image: FitImage, host: Host, start: float, reach: float, fwhm: float
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


def sersic_ellipses(
    image: FitImage, host: Host, reach: float, fwhm: float
) -> tuple[Shapes, Floats, Floats]:
    """Return ellipses of the shape of a Sersic profile, or else of the segment's.

    Parameters
    ----------
    image, host, reach, fwhm
        As for `fitted_ellipses`.
    """
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
        except (ValueError, TypeError, np.linalg.LinAlgError):
            ellipticity = 1.0
    if ellipticity > 0.99 * _FLAT:  # at the bound: it followed a star, or an arm
        ellipticity, angle = 1 - ratio, shape_of(host.mask)[1]
    radii = np.append(_inner_radii(reach, fwhm), reach)
    same = np.ones(len(radii))
    shapes = Shapes(image.x, image.y, radii, ellipticity * same, angle % np.pi * same)
    return shapes, np.nan * same, np.nan * same
