"""What is left without a galaxy's smooth light, as a picture for the eye."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import Floats
from clump_detector.photometry.aperture.background import medians, spreads
from clump_detector.photometry.field import Field

from .ellipses import Isophotes
from .residual import residual

#: Grey of no difference, the noise's standard deviations that the curve is linear for,
#: and those that are white or black.
_GREY, _LINEAR, _MOST = 96.0, 2.0, 40.0


def residual_picture(field: Field, found: Isophotes) -> NDArray[np.uint8]:
    """Return the residual in colour: grey where nothing is left.

    The reddest of three bands is red, the bluest blue, each in units of its noise.

    Parameters
    ----------
    field : Field
    found : Isophotes

    Returns
    -------
    uint8 array of shape (height, width, 3)
    """
    planes = residual(field, found)
    if not field.cutout.is_picture:
        planes = planes[_three(len(planes))]
    host = field.host
    sky = None if host is None else ~host.sources
    shades = [_shade(plane, sky) for plane in planes]
    return np.stack(shades, axis=2)


def _three(bands: int) -> list[int]:
    """Return which bands are red, green and blue; they are in order of wavelength."""
    return [bands - 1, bands // 2, 0] if bands > 1 else [0, 0, 0]


def _shade(plane: Floats, sky: NDArray[np.bool_] | None) -> NDArray[np.uint8]:
    values = plane if sky is None or sky.sum() < 100 else plane[sky]
    values = values[np.isfinite(values)]
    noise = float(spreads(values[None], medians(values[None]))[0]) or 1.0
    scaled = np.arcsinh(np.nan_to_num(plane) / noise / _LINEAR) / np.arcsinh(
        _MOST / _LINEAR
    )
    brightness = np.where(
        scaled > 0, _GREY + (255 - _GREY) * scaled, _GREY * (1 + scaled)
    )
    return np.asarray(np.rint(brightness.clip(0, 255)), np.uint8)
