"""Intensities of a picture: the asinh curve that it was made with, undone.

The curve of a picture is not known; one softening stands for all (Lupton et al. 2004,
PASP 116, 133).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import Floats

#: Softening of the asinh curve that stands for the one a picture was made with.
SOFTENING = 0.12


def undone(picture: NDArray[np.uint8] | Floats) -> Floats:
    """Return intensities of about 0 to 1 from grey levels."""
    return np.asarray(SOFTENING * np.sinh(picture / 255 * np.arcsinh(1 / SOFTENING)))


def redone(intensities: Floats) -> NDArray[np.uint8]:
    """Return grey levels; a pixel too bright keeps its hue, as after Lupton (2004).

    Parameters
    ----------
    intensities : array of shape (height, width, 3)
    """
    levels = 255 * np.arcsinh(np.clip(intensities, 0, None) / SOFTENING)
    levels /= np.arcsinh(1 / SOFTENING)
    levels *= 255 / np.maximum(levels.max(axis=2, keepdims=True), 255)
    return np.asarray(levels + 0.5).astype(np.uint8)
