"""Segmentation of a picture: the galaxy at its centre, and the galaxy's nucleus."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import AnyArray

#: A segment begins this many sigma above the background, after smoothing by the PSF.
THRESHOLD = 2.5

#: Another segment counts as the other member of a merger if its area is at least this
#: fraction of the central one's,
COMPANION = 0.25

#: the gap between them is at most this fraction of the central one's radius, and it is
#: completely in the picture: segments farther away are mostly bright stars.
GAP = 0.5

#: Greatest distance of the central segment from the centre, as a fraction of the
#: picture's side length.
CENTRAL = 0.15

#: The nucleus is the brightest pixel within this fraction of the side length from the
#: centre.
NUCLEAR = 0.1

#: A box whose centre is within this many FWHM of it lies on the nucleus,
ON_NUCLEUS = 0.5

#: unless it is bluer than the light around it by more than this many grey levels.
BLUER = 10.0


def host_mask(
    picture: NDArray[np.uint8], fwhm: float, *, companions: bool = True
) -> NDArray[np.bool_]:
    """Return which pixels belong to the central galaxy, dilated by one FWHM.

    Parameters
    ----------
    picture : uint8 array of shape (height, width, 3)
    fwhm : float
        FWHM of the PSF in pixels.
    companions : bool
        Whether the other members of a merger are included.

    Returns
    -------
    bool array of shape (height, width)
        All True if there is no segment at the centre.

    Notes
    -----
    Popp et al. (2023) drop boxes outside the host's segment in the r band; here it is
    that in luminance, because a picture has no bands.
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
    central = central_segment(found.data)
    if central == 0:
        return everything
    chosen = [central, *(_companions(found.data, central) if companions else ())]
    far = ndimage.distance_transform_edt(~np.isin(found.data, chosen))
    return np.asarray(far <= fwhm)


def _companions(segments: NDArray[np.int_], central: int) -> list[int]:
    """Return the labels of the segments that are members of a merger."""
    from scipy import ndimage

    area = np.bincount(segments.ravel())
    large = set(np.flatnonzero(area >= COMPANION * area[central])) - {0, central}
    rim = np.concatenate([segments[[0, -1]].ravel(), segments[:, [0, -1]].ravel()])
    candidates = sorted(large - set(rim))
    if not candidates:
        return []
    far = ndimage.distance_transform_edt(segments != central)
    gaps = ndimage.minimum(far, segments, candidates)
    near = np.asarray(gaps) <= GAP * np.sqrt(area[central] / np.pi)
    return [int(k) for k, is_near in zip(candidates, near, strict=True) if is_near]


def nucleus(
    luminance: AnyArray, mask: NDArray[np.bool_], sigma: float
) -> NDArray[np.float64]:
    """Return x, y in pixels of the brightest part of the host near the centre.

    Parameters
    ----------
    luminance : array of shape (height, width)
    mask : bool array of shape (height, width)
        The host.
    sigma : float
        Standard deviation in pixels of the Gaussian that smooths the picture first.
    """
    from scipy import ndimage

    smooth = ndimage.gaussian_filter(luminance, sigma)
    height, width = mask.shape
    rows, columns = np.indices(mask.shape)
    from_middle = np.hypot(rows - height / 2, columns - width / 2)
    near = from_middle < NUCLEAR * min(mask.shape)
    row, column = np.unravel_index(
        int(np.argmax(np.where(mask & near, smooth, -1))), mask.shape
    )
    return np.array([column, row], dtype=float)


def on_nucleus(
    picture: NDArray[np.uint8],
    mask: NDArray[np.bool_],
    positions: NDArray[np.float64],
    fwhm: float,
) -> NDArray[np.bool_]:
    """Return which positions lie on the host's nucleus and are not bluer than around.

    Parameters
    ----------
    picture : uint8 array of shape (height, width, 3)
    mask : bool array of shape (height, width)
        The host; if all of it is True, no host was found and there is no nucleus.
    positions : array of shape (n, 2)
        x, y in pixels.
    fwhm : float
        FWHM of the PSF in pixels.

    Returns
    -------
    bool array of shape (n,)

    Notes
    -----
    Clump Scout's volunteers marked the central bulge separately from clumps; a clump in
    front of it is bluer than the ring from 1.2 to 2 FWHM around it.
    """
    from scipy import ndimage

    if mask.all():
        return np.zeros(len(positions), dtype=bool)
    centre = nucleus(picture.mean(axis=2), mask, fwhm / 2)
    far = np.hypot(*(positions - centre).T)
    found: NDArray[np.bool_] = np.asarray(far <= ON_NUCLEUS * fwhm)
    if not found.any():
        return found
    blue = picture[..., 2].astype(float) - picture[..., 0]
    blue = ndimage.gaussian_filter(blue, 0.25 * fwhm)
    rows, columns = np.indices(blue.shape)
    for k in np.flatnonzero(found):
        far = np.hypot(columns - positions[k, 0], rows - positions[k, 1]) / fwhm
        around = blue[(far > 1.2) & (far < 2)]
        within = blue[far <= np.maximum(0.5, far.min())]
        found[k] = within.mean() - np.median(around) < BLUER
    return found


def on_host(
    picture: NDArray[np.uint8], boxes: NDArray[np.float64], fwhm: float
) -> NDArray[np.intp]:
    """Return which boxes lie on the central galaxy but not on its nucleus.

    Parameters
    ----------
    picture : uint8 array of shape (height, width, 3)
    boxes : array of shape (n, 4)
        In pixels from the picture's edge.
    fwhm : float
        FWHM of the PSF in pixels.

    Returns
    -------
    int array of shape (k,)
        Their indices, in ascending order.
    """
    if not len(boxes):
        return np.zeros(0, dtype=np.intp)
    mask = host_mask(picture, fwhm)
    edges = (boxes[:, :2] + boxes[:, 2:]) / 2
    columns = edges[:, 0].astype(int).clip(0, mask.shape[1] - 1)
    rows = edges[:, 1].astype(int).clip(0, mask.shape[0] - 1)
    kept = mask[rows, columns] & ~on_nucleus(picture, mask, edges - 0.5, fwhm)
    return np.flatnonzero(kept)


def background(image: NDArray[np.float32]) -> tuple[float, float]:
    """Return the median of an image's border, and the noise as a standard deviation.

    The noise is from values below the median only, since light of a galaxy that fills
    the picture adds to the others.
    """
    rim = max(min(image.shape) // 12, 1)
    frame = np.ones(image.shape, dtype=bool)
    frame[rim:-rim, rim:-rim] = False
    values = image[frame]
    level = float(np.median(values))
    below = level - values[values <= level]
    return level, max(1.4826 * float(np.median(below)), 0.5)


def central_segment(segments: NDArray[np.int_]) -> int:
    """Return the label of the largest segment near the centre, or 0."""
    height, width = segments.shape
    reach = max(int(CENTRAL * min(height, width)), 1)
    middle = segments[
        height // 2 - reach : height // 2 + reach + 1,
        width // 2 - reach : width // 2 + reach + 1,
    ]
    counts = np.bincount(middle.ravel())
    counts[0] = 0
    return int(counts.argmax())
