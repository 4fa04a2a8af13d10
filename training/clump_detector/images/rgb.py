"""From fluxes to the RGB picture that both the user and the detector see.

The stretch is the asinh of Lupton et al. (2004, PASP 116, 133): one curve for the
intensity of all bands, so that the hue of a pixel does not depend on its brightness,
and a pixel that would be clipped is scaled down as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from clump_detector.image_files.bands import blue_to_red

from .cutout import Cutout

#: Relative weights of bands for balanced colours, from SDSS's i:r:g = 5:6.5:9.
WEIGHTS = {"u": 18.0, "g": 9.0, "r": 6.5, "i": 5.0, "z": 4.0, "y": 4.0, "Y": 4.0}

#: Bands shown as (red, green, blue): the first triple that a cutout has is used.
TRIPLES = ("irg", "zrg", "rgu", "zir", "yrg")

#: The picture reaches white at this share of the brightest pixels.
BRIGHTEST = 0.9975

#: The curve turns from linear to logarithmic at this many times the sky noise.
SOFTENING = 6.0


#: Levels are measured on about this many pixels at most: more do not improve them.
ENOUGH_PIXELS = 300_000

#: Intensities are clipped at this many times that of white.
_WHITER = 1e6

#: Greatest weighted flux, of which three add up without overflow.
_MOST = np.float32(1e30)

Plane = NDArray[np.float32]

#: Brightness of (intensity, softening, brightest).
Stretch = Callable[[Plane, float, float], Plane]


def to_rgb(cutout: Cutout) -> NDArray[np.uint8]:
    """Return a cutout's picture, uint8 of shape (height, width, 3).

    A picture stays as it is. Fluxes have their sky subtracted and are stretched; pixels
    without data are black.
    """
    if cutout.is_picture:
        return np.asarray(cutout.pixels, dtype=np.uint8)
    return stretched(red_green_blue(cutout), asinh_curve)


def asinh_curve(intensity: Plane, softening: float, brightest: float) -> Plane:
    """Return the brightness ``asinh(I / softening) / asinh(brightest / softening)``.

    The stretch of Lupton et al. (2004, PASP 116, 133): 0 at the sky, 1 at the brightest
    intensity.

    Parameters
    ----------
    intensity : array of shape (height, width)
        Above the sky.
    softening : float
        Intensity where the curve turns from linear to logarithmic.
    brightest : float
        Intensity that becomes white.
    """
    curve: Plane = np.arcsinh(intensity / softening)
    curve /= np.float32(np.arcsinh(brightest / softening))
    return curve


def stretched(planes: Plane, curve_of: Stretch) -> NDArray[np.uint8]:
    """Return fluxes above the sky as a picture, uint8 of shape (height, width, 3).

    Parameters
    ----------
    planes : array of shape (3, height, width)
        Red, green and blue; they are overwritten.
    curve_of : callable
        Returns the brightness of each pixel from its intensity, the softening and the
        brightest intensity; 1 is white.
    """
    missing = ~np.isfinite(planes).all(axis=0)
    intensity = planes.mean(axis=0)
    known = sample(intensity)
    if known.size == 0:
        return np.zeros((*intensity.shape, 3), dtype=np.uint8)
    softening, brightest = levels(known)
    intensity[missing] = 0
    np.clip(intensity, 0, _WHITER * brightest, out=intensity)
    curve = curve_of(intensity, softening, brightest)
    gain = np.divide(curve, intensity, out=np.zeros_like(curve), where=intensity > 0)
    planes[:, missing] = 0
    np.clip(planes, 0, _WHITER * brightest, out=planes)
    planes *= gain
    planes /= np.maximum(planes.max(axis=0), 1)
    planes *= 255
    planes += 0.5
    return np.ascontiguousarray(np.moveaxis(planes.astype(np.uint8), 0, 2))


def red_green_blue(cutout: Cutout) -> NDArray[np.float32]:
    """Return sky-subtracted, weighted planes of shape (3, height, width), a copy.

    For bands without a known triple the longest wavelength is red and the shortest
    blue; for planes without names the last and the first are.
    """
    pixels = np.asarray(cutout.pixels, dtype=np.float32)
    triple = _triple_of(cutout.bands)
    order = plane_order(cutout)
    planes = [above_sky(pixels[i]) for i in order]
    if triple is not None:
        return _weighted(planes, [WEIGHTS[band] for band in triple])
    if len(planes) == 1:
        return np.repeat(_weighted(planes, [1.0]), 3, axis=0)
    if len(planes) == 2:
        planes.insert(1, (planes[0] + planes[1]) * np.float32(0.5))
    return _weighted(planes, [1 / _spread(plane) for plane in planes])


def plane_order(cutout: Cutout) -> tuple[int, ...]:
    """Return the planes that a cutout's picture is made of, red first.

    Three of them; of a cutout with one or two planes all there are, whose picture has
    the one in all colours, or the mean of the two in green.
    """
    n = len(cutout.pixels)
    triple = _triple_of(cutout.bands)
    if triple is not None:
        return tuple(cutout.bands.index(band) for band in triple)
    by_colour = blue_to_red(cutout.bands, n)
    if n < 3:
        return by_colour[::-1]
    return by_colour[-1], by_colour[n // 2], by_colour[0]


def _triple_of(bands: Sequence[str]) -> str | None:
    return next((one for one in TRIPLES if set(one) <= set(bands)), None)


def _weighted(planes: Sequence[Plane], weights: Sequence[float]) -> Plane:
    """Return the planes times their weights, in a common unit that float32 can hold.

    Fluxes come in units from 1e-12 to 1e12, and their products may overflow.
    """
    unit = 1 / max(_spread(plane) * w for plane, w in zip(planes, weights, strict=True))
    with np.errstate(over="ignore"):
        return np.stack(
            [
                np.clip(plane * np.float32(weight * unit), -_MOST, _MOST)
                for plane, weight in zip(planes, weights, strict=True)
            ]
        )


def sample(plane: Plane) -> NDArray[np.float32]:
    """Return finite pixels of a plane, evenly spread, at most twice `ENOUGH_PIXELS`."""
    step = max(1, int(np.sqrt(plane.size / ENOUGH_PIXELS)))
    values = plane[::step, ::step]
    values = values[np.isfinite(values)]
    if step > 1 and values.size < ENOUGH_PIXELS / 10:  # most has no data
        values = plane[np.isfinite(plane)]
        values = values[:: max(1, values.size // ENOUGH_PIXELS)]
    return values


def above_sky(plane: Plane) -> Plane:
    """Subtract the sky: the median of a plane clipped at three sigma."""
    values = np.sort(sample(plane))  # medians of sorted values are fast
    if values.size == 0:
        return plane
    for _ in range(5):
        middle, spread = _middle(values), _mad(values)
        inside = np.abs(values - middle) <= 3 * spread
        if spread == 0 or inside.all():
            break
        values = values[inside]
    return plane - _middle(values)


def _middle(ordered: NDArray[np.float32]) -> np.float32:
    """Return the median of sorted values."""
    n = len(ordered)
    return np.float32(ordered[(n - 1) // 2 : n // 2 + 1].mean())


def _mad(ordered: NDArray[np.float32]) -> float:
    """Return the scaled median absolute deviation of sorted values."""
    far = np.sort(np.abs(ordered - _middle(ordered)))
    return float(1.4826 * _middle(far))


def _spread(plane: Plane) -> float:
    """Return the flux by which bands of unknown units are brought to one scale."""
    values = np.sort(sample(plane))
    high = float(np.quantile(values, BRIGHTEST)) if values.size else 0.0
    return high if high > 0 else float(np.abs(values).max(initial=0)) or 1.0


def levels(values: NDArray[np.float32]) -> tuple[float, float]:
    """Return softening and brightest intensity, for `asinh_curve`."""
    values = np.sort(values)
    brightest = float(np.quantile(values, BRIGHTEST))
    if brightest <= 0:
        brightest = float(values.max())
    if brightest <= 0:
        return 1.0, 1.0
    middle = _middle(values)
    below = values[values < middle]
    mirrored = np.concatenate([below, (2 * middle - below)[::-1]])
    noise = _mad(mirrored) if below.size else 0.0  # where most pixels are equal
    softening = float(np.clip(SOFTENING * noise, brightest / 100, brightest))
    return softening, brightest
