"""Where in a picture the galaxies are: a clump lies in one, or it is none."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

#: A segment begins this many sigma above the background, after smoothing by the PSF.
THRESHOLD = 2.5

#: A segment beside the central one counts as a galaxy of its own, a merger's other
#: member, from this share of the central one's area.
COMPANION = 0.25

#: The central segment lies within this share of the picture's side from its middle.
CENTRAL = 0.15


def host_mask(
    picture: NDArray[np.uint8], fwhm: float, *, companions: bool = True
) -> NDArray[np.bool_]:
    """Return which pixels belong to the galaxy in the middle, widened by one FWHM.

    Parameters
    ----------
    picture : uint8 array of shape (height, width, 3)
    fwhm : float
        FWHM of the PSF in pixels.
    companions : bool
        Whether other segments count that are nearly as large.

    Returns
    -------
    bool array of shape (height, width)
        All of it where nothing stands out in the middle.

    Notes
    -----
    Popp et al. (2023) drop boxes outside the host's segment in the r band; luminance
    takes its place, because a picture has no bands.
    """
    from photutils.segmentation import detect_sources
    from scipy import ndimage

    everything = np.ones(picture.shape[:2], dtype=bool)
    luminance = picture.mean(axis=2, dtype=np.float32)
    smooth = ndimage.gaussian_filter(luminance, fwhm / 2.3548)
    level, sigma = background(smooth)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # photutils warns when nothing is found
        found = detect_sources(smooth, level + THRESHOLD * sigma, max(int(fwhm**2), 5))
    if found is None:
        return everything
    central = _central(found.data)
    if central == 0:
        return everything
    area = np.bincount(found.data.ravel())
    chosen = np.zeros(len(area), dtype=bool)
    chosen[central] = True
    if companions:
        chosen[1:] |= area[1:] >= COMPANION * area[central]
    far = ndimage.distance_transform_edt(~chosen[found.data])
    return np.asarray(far <= fwhm)


def background(image: NDArray[np.float32]) -> tuple[float, float]:
    """Return the level and the spread of the darker half of an image's rim.

    A galaxy may fill the picture, so the spread is that below the level: light only
    adds.
    """
    rim = max(min(image.shape) // 12, 1)
    frame = np.ones(image.shape, dtype=bool)
    frame[rim:-rim, rim:-rim] = False
    values = image[frame]
    level = float(np.median(values))
    below = level - values[values <= level]
    return level, max(1.4826 * float(np.median(below)), 0.5)


def _central(segments: NDArray[np.int_]) -> int:
    """Return the number of the largest segment that comes near the middle, or 0."""
    height, width = segments.shape
    reach = max(int(CENTRAL * min(height, width)), 1)
    middle = segments[
        height // 2 - reach : height // 2 + reach + 1,
        width // 2 - reach : width // 2 + reach + 1,
    ]
    counts = np.bincount(middle.ravel())
    counts[0] = 0
    return int(counts.argmax())
