"""From fluxes to the picture that a person and a detector both see.

The stretch is the asinh of Lupton et al. (2004, PASP 116, 133): one curve for the
intensity of all bands, so that the hue of a pixel does not depend on its brightness,
and a pixel that would be clipped is scaled down as a whole.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .images import Cutout

#: Relative weights that make a colour picture pleasing, from SDSS's own i:r:g = 5:6.5:9.
WEIGHTS = {"u": 18.0, "g": 9.0, "r": 6.5, "i": 5.0, "z": 4.0, "y": 4.0, "Y": 4.0}

#: Bands shown as (red, green, blue), the first triple that a cutout has.
TRIPLES = ("irg", "zrg", "rgu", "zir", "yrg")

#: The picture reaches white at this share of the brightest pixels.
BRIGHTEST = 0.9975

#: The curve turns from linear to logarithmic at this many times the sky noise.
SOFTENING = 6.0


def to_rgb(cutout: Cutout) -> NDArray[np.uint8]:
    """Return a cutout's picture, uint8 of shape (height, width, 3).

    A picture stays as it is. Fluxes have their sky subtracted and are stretched; pixels
    without data are black.
    """
    if cutout.is_picture:
        return np.asarray(cutout.pixels, dtype=np.uint8)
    planes = _red_green_blue(cutout)
    missing = np.isnan(planes).any(axis=0)
    intensity = np.nanmean(np.where(missing, np.nan, planes), axis=0)
    if not np.isfinite(intensity).any():
        return np.zeros((*intensity.shape, 3), dtype=np.uint8)
    softening, brightest = _levels(intensity[~missing])
    intensity = np.where(missing, 0, np.clip(intensity, 0, None))
    curve = np.arcsinh(intensity / softening) / np.arcsinh(brightest / softening)
    gain = np.divide(curve, intensity, out=np.zeros_like(curve), where=intensity > 0)
    colours = np.clip(np.where(missing, 0, planes), 0, None) * gain
    highest = colours.max(axis=0)
    colours /= np.maximum(highest, 1)
    return (np.moveaxis(colours, 0, 2) * 255 + 0.5).astype(np.uint8)


def _red_green_blue(cutout: Cutout) -> NDArray[np.float64]:
    """Return sky-subtracted, weighted planes of shape (3, height, width)."""
    pixels = cutout.pixels.astype(np.float64)
    bands = cutout.bands
    for triple in TRIPLES:
        if set(triple) <= set(bands):
            chosen = [pixels[bands.index(band)] for band in triple]
            weights = [WEIGHTS[band] for band in triple]
            return np.stack(
                [_above_sky(p) * w for p, w in zip(chosen, weights, strict=True)]
            )
    if len(pixels) == 1:
        return np.repeat(_above_sky(pixels[0])[None], 3, axis=0)
    order = [len(pixels) - 1, len(pixels) // 2, 0]
    planes = [_above_sky(pixels[i]) for i in order]
    if len(pixels) == 2:
        planes[1] = (planes[0] + planes[2]) / 2
    return np.stack([p / _spread(p) for p in planes])


def _above_sky(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    """Subtract the sky: the median of a plane clipped at three sigma."""
    values = plane[np.isfinite(plane)]
    if values.size == 0:
        return plane
    for _ in range(5):
        middle, spread = np.median(values), _mad(values)
        inside = np.abs(values - middle) <= 3 * spread
        if spread == 0 or inside.all():
            break
        values = values[inside]
    return plane - np.median(values)


def _mad(values: NDArray[np.float64]) -> float:
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


def _spread(plane: NDArray[np.float64]) -> float:
    """Return the flux that bands of unknown units are brought to one scale by."""
    values = plane[np.isfinite(plane)]
    high = float(np.quantile(values, BRIGHTEST)) if values.size else 0.0
    return high if high > 0 else float(np.abs(values).max(initial=0)) or 1.0


def _levels(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return (softening, brightest) in units of the intensity."""
    brightest = float(np.quantile(values, BRIGHTEST))
    if brightest <= 0:
        brightest = float(values.max())
    if brightest <= 0:
        return 1.0, 1.0
    below = values[values < np.median(values)]
    noise = _mad(np.concatenate([below, 2 * np.median(values) - below]))
    softening = float(np.clip(SOFTENING * noise, brightest / 100, brightest))
    return softening, brightest
