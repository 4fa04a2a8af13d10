"""Pictures as cutout services make them: a survey's image, enlarged, as JPEG."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from scipy import ndimage

#: FWHM in the survey's own pixels.
FWHM = 3.1


def survey_image(side, *, seed=0, noise=6.0, sky=25.0):
    """A galaxy, some stars and the noise of the sky, in a survey's own pixels."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] - side / 2
    light = 150 * np.exp(-np.hypot(x, y) / (side / 12))
    for _ in range(6):
        row, column = rng.integers(0, side, 2)
        light[row, column] += rng.uniform(300, 3000)
    light = ndimage.gaussian_filter(light, FWHM / 2.3548)
    planes = [light + sky + rng.normal(0, noise, light.shape) for _ in range(3)]
    return np.clip(np.stack(planes, axis=-1), 0, 255).astype(np.uint8)


def enlarged(picture, factor, *, quality=92):
    """The picture enlarged as cutout services do, and stored as JPEG."""
    side = round(factor * picture.shape[0])
    file = io.BytesIO()
    resized = Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS)
    resized.save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))
