"""What a host looks like in some fifty values: isophotes, radial profiles, colour.

They serve to find galaxies that look alike, not to be published: the picture's grey
levels are no fluxes. photutils fits isophotes properly, but takes seconds a galaxy, and
does not converge on clumpy ones.
"""

from __future__ import annotations

from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import Floats, Mask

from .segmentation import smoothed, total_of

#: Elliptical annuli from the centre out to the edge of the host.
ANNULI = 6

#: The shares of the host's pixels that are within the isophotes.
WITHIN = (0.03, 0.08, 0.15, 0.3, 0.5)

_SIZES = {
    "profile": ANNULI,
    "lopsided": ANNULI,
    "two_sided": ANNULI,
    "rough": ANNULI,
    "colour": ANNULI,
    "isophotes": 3 * len(WITHIN),
    "size": 1,
}
_ENDS = dict(zip(_SIZES, accumulate(_SIZES.values()), strict=True))

#: The values by their names: where they are among all.
PARTS = {name: slice(end - _SIZES[name], end) for name, end in _ENDS.items()}

#: How many values there are.
VALUES = _ENDS["size"]

#: Standard deviation in pixels of the Gaussian that smooths the picture first.
_SMOOTHING = 1.0

#: Pixels that an annulus needs; one with fewer takes the values of the one within.
_FEWEST = 4

#: Grey levels that a mean is at least taken for, where something is divided by it.
_LEAST = 0.3

#: Variance of a position within a pixel, roughly: no segment is thinner.
_PIXEL = 0.3


def host_profile(
    picture: NDArray[np.uint8], host: NDArray[np.bool_], fwhm: float
) -> Floats:
    """Return what a host looks like, whichever way it is turned.

    Parameters
    ----------
    picture : uint8 array of shape (height, width, 3)
    host : bool array of shape (height, width)
        As `host_mask` returns it; at least one pixel.
    fwhm : float
        FWHM of the PSF in pixels.

    Returns
    -------
    array of shape (VALUES,)
        `PARTS` names them. For each annulus of the host's own ellipse: the logarithm
        of the mean light relative to the host's (``profile``), the amplitudes of the
        first and second Fourier component in azimuth relative to the mean
        (``lopsided``, ``two_sided``; Rix and Zaritsky 1995), the standard deviation
        relative to the mean (``rough``), and blue minus red as a share of the light
        (``colour``). For each isophote the logarithm of its axis ratio, and its
        elongation along and across the host's major axis (``isophotes``), by second
        moments. Last, the logarithm of the host's semi-major axis in FWHM (``size``).
    """
    light, colours = _light_of(picture, host)
    rows, columns = np.nonzero(host)
    x, y = columns - columns.mean(), rows - rows.mean()
    angle, major, minor = _ellipse(x, y)
    inside = np.maximum(light, 0)
    heavy = inside.astype(float) ** 2 + 1e-9
    x, y = x - np.average(x, weights=heavy), y - np.average(y, weights=heavy)
    along = x * np.cos(angle) + y * np.sin(angle)
    across = y * np.cos(angle) - x * np.sin(angle)
    return np.concatenate(
        [
            _annuli(along, across * major / minor, major, light, colours),
            _isophotes(along, across, inside, host),
            [np.log(2 * major / fwhm)],
        ]
    )


def _light_of(picture: NDArray[np.uint8], host: Mask) -> tuple[Floats, Floats]:
    """Return the host's smoothed luminance and its colours, above the sky.

    The sky is the median of what is not the host; where nothing is, the darkest level.
    """
    # A third of the rows tells the sky as well.
    outside = picture[::3][~host[::3]]
    sky = np.median(outside, axis=0) if len(outside) else picture.min((0, 1))
    total = smoothed(total_of(picture).astype(np.float32), _SMOOTHING)[host]
    return total.astype(np.float64) / 3 - sky.mean(), picture[host] - sky


def _ellipse(x: Floats, y: Floats) -> tuple[float, float, float]:
    """Return the angle in radians, and the standard deviations along both axes."""
    xx, yy, xy = x.var() + _PIXEL, y.var() + _PIXEL, float((x * y).mean())
    xy -= float(x.mean() * y.mean())
    middle, apart = (xx + yy) / 2, float(np.hypot((xx - yy) / 2, xy))
    angle = 0.5 * float(np.arctan2(2 * xy, xx - yy))
    return angle, np.sqrt(middle + apart), np.sqrt(max(middle - apart, _PIXEL))


def _annuli(
    along: Floats, across: Floats, major: float, light: Floats, colours: Floats
) -> Floats:
    """Return the values of annuli, part by part.

    Parameters
    ----------
    along, across : array of shape (n,)
        Positions of the host's pixels, in pixels, as if it were round.
    major : float
        Standard deviation of the host's pixels along its major axis.
    light : array of shape (n,)
    colours : array of shape (n, 3)
    """
    # An evenly filled ellipse ends at two standard deviations.
    position = along + 1j * across
    distance = np.abs(position)
    phase = position / np.maximum(distance, 1e-9)
    number = np.minimum((distance / (2 * major) * ANNULI).astype(int), ANNULI)
    n = np.bincount(number, minlength=ANNULI + 1)[:ANNULI]

    def mean(values: Floats) -> Floats:
        total = np.bincount(number, values, ANNULI + 1)[:ANNULI]
        return np.asarray(total / np.maximum(n, 1))

    level = mean(light)
    least = np.maximum(level, _LEAST)
    deviation = np.sqrt(np.maximum(mean(light.astype(float) ** 2) - level**2, 0))

    def amplitude(order: int) -> Floats:
        wave = phase**order
        real = mean(light * wave.real) - level * mean(wave.real)
        imaginary = mean(light * wave.imag) - level * mean(wave.imag)
        return np.asarray(np.hypot(real, imaginary) / least)

    red, green, blue = (mean(colours[:, k]) for k in range(3))
    whole = max(float(np.maximum(light, 0).mean()), _LEAST)
    parts = np.array(
        [
            np.log(least / whole),
            amplitude(1),
            amplitude(2),
            deviation / least,
            (blue - red) / np.maximum(red + green + blue, 1),
        ]
    )
    for k in range(1, ANNULI):
        if n[k] < _FEWEST:
            parts[:, k] = parts[:, k - 1]
    return parts.ravel()


def _isophotes(along: Floats, across: Floats, light: Floats, host: Mask) -> Floats:
    """Return axis ratio and elongation of isophotes.

    Of each only the largest connected part counts: others are stars and companions.

    Parameters
    ----------
    along, across, light : array of shape (n,)
        Of the host's pixels, row by row.
    host : bool array of shape (height, width)
    """
    from scipy import ndimage

    bounds = ndimage.find_objects(host.astype(np.uint8))[0]
    window = host[bounds]
    levels = np.sort(light)
    within = np.zeros(window.shape, dtype=bool)
    values: list[float] = []
    for share in WITHIN:
        within[window] = light >= levels[int((1 - share) * len(levels))]
        parts, n = ndimage.label(within)
        number = parts[window]
        mine = number == np.bincount(number, minlength=n + 1)[1:].argmax() + 1
        angle, major, minor = _ellipse(along[mine], across[mine])
        thin = float(np.log(minor / major))
        values += [thin, -thin * np.cos(2 * angle), -thin * abs(np.sin(2 * angle))]
    return np.array(values)
