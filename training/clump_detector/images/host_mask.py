"""Segmentation of a picture: the galaxy at its centre, and the galaxy's nucleus."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import AnyArray, Mask

from .segmentation import grown, segments_above, smoothed, smoothed_in, total_of

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

#: unless it is bluer than the light around it by more than this many grey levels:
BLUER = 10.0

#: the ring between these many FWHM from it.
INNER, OUTER = 1.2, 2.0


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
    luminance = np.divide(total_of(picture), 3, dtype=np.float32)
    smooth = smoothed(luminance, fwhm / 2.3548)
    level, sigma = background(smooth)
    threshold = level + THRESHOLD * sigma
    segments = segments_above(smooth, threshold, max(int(fwhm**2), 5))
    central = central_segment(segments)
    if central == 0:
        return np.ones(picture.shape[:2], dtype=bool)
    own = segments == central
    for member in _companions(segments, own) if companions else ():
        own |= segments == member
    return grown(own, fwhm)


def _companions(segments: NDArray[np.int32], own: Mask) -> list[int]:
    """Return the labels of the segments that are members of a merger with one of them.

    Parameters
    ----------
    segments : int array of shape (height, width)
    own : bool array of shape (height, width)
        Where the central one is.
    """
    area = np.bincount(segments.ravel())
    size = int(np.count_nonzero(own))
    rim = np.concatenate([segments[[0, -1]].ravel(), segments[:, [0, -1]].ravel()])
    whole = area >= COMPANION * size
    whole[rim] = False
    whole[[0, segments[own][0]]] = False
    if not whole.any():
        return []
    near = np.zeros_like(whole)
    near[segments[grown(own, GAP * np.sqrt(size / np.pi))]] = True
    return [int(label) for label in np.flatnonzero(whole & near)]


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
    height, width = mask.shape
    reach = NUCLEAR * min(mask.shape)
    window = _window(mask.shape, (width / 2, height / 2), reach)
    smooth = smoothed_in(window, luminance, sigma)
    rows, columns = np.mgrid[window]
    from_middle = np.hypot(rows - height / 2, columns - width / 2)
    near = (from_middle < reach) & mask[window]
    if not near.any():
        return np.zeros(2)
    best = int(np.argmax(np.where(near, smooth, -np.inf)))
    return np.array([columns.flat[best], rows.flat[best]], dtype=float)


def _window(
    shape: tuple[int, int], middle: tuple[float, float], reach: float
) -> tuple[slice, slice]:
    """Return the rows and the columns of an image around x, y."""
    x, y = middle
    height, width = shape
    return (
        slice(max(int(y - reach), 0), min(int(y + reach) + 2, height)),
        slice(max(int(x - reach), 0), min(int(x + reach) + 2, width)),
    )


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
    if mask.all():
        return np.zeros(len(positions), dtype=bool)
    centre = nucleus(total_of(picture) / 3.0, mask, fwhm / 2)
    far = np.hypot(*(positions - centre).T)
    found: NDArray[np.bool_] = np.asarray(far <= ON_NUCLEUS * fwhm)
    if not found.any():
        return found
    window = _window(mask.shape, (centre[0], centre[1]), (OUTER + ON_NUCLEUS) * fwhm)
    blueness = picture[..., 2].astype(float) - picture[..., 0]
    blue = smoothed_in(window, blueness, 0.25 * fwhm)
    rows, columns = np.mgrid[window]
    for k in np.flatnonzero(found):
        far = np.hypot(columns - positions[k, 0], rows - positions[k, 1]) / fwhm
        around = blue[(far > INNER) & (far < OUTER)]
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
    sides = image[rim:-rim]
    strips = (
        image[:rim],
        image[rim:][-rim:],  # not the first ones again, where there are no others
        sides[:, :rim],
        sides[:, rim:][:, -rim:],
    )
    values = np.concatenate([strip.ravel() for strip in strips])
    level = float(np.median(values))
    return level, max(noise_below(values, level), 0.5)


def noise_below(values: AnyArray, level: float) -> float:
    """Return the noise of a sky as a standard deviation, from values below its level.

    Parameters
    ----------
    values : array of any shape
    level : float
        Their median, or that of the sky.
    """
    below = level - values[values <= level]
    return 1.4826 * float(np.median(below))


def central_part(shape: tuple[int, int]) -> tuple[slice, slice]:
    """Return the rows and columns about the centre in which a galaxy is looked for.

    Parameters
    ----------
    shape : (int, int)
        Height and width.
    """
    height, width = shape
    reach = max(int(CENTRAL * min(height, width)), 1)
    return (
        slice(height // 2 - reach, height // 2 + reach + 1),
        slice(width // 2 - reach, width // 2 + reach + 1),
    )


def central_segment(segments: NDArray[np.int32]) -> int:
    """Return the label of the largest segment near the centre, or 0."""
    height, width = segments.shape
    counts = np.bincount(segments[central_part((height, width))].ravel())
    counts[0] = 0
    return int(counts.argmax())
