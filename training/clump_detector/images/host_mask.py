"""Where in a picture the galaxies are, and the nucleus of the one in the middle."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: A segment begins this many sigma above the background, after smoothing by the PSF.
THRESHOLD = 2.5

#: A segment beside the central one counts as a merger's other member from this share
#: of the central one's area,
COMPANION = 0.25

#: where the gap between them is at most this share of the central one's radius, and it
#: is wholly in the picture: what is farther off is mostly a bright star.
GAP = 0.5

#: The central segment lies within this share of the picture's side from its middle.
CENTRAL = 0.15

#: The nucleus is the brightest place this near to the middle, as a share of the side.
NUCLEAR = 0.1

#: A box whose centre is so many FWHM from it lies on the nucleus,
ON_NUCLEUS = 0.5

#: unless it is bluer by more than so many grey levels than the light around.
BLUER = 10.0


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
        Whether the other members of a merger count.

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
    central = central_segment(found.data)
    if central == 0:
        return everything
    chosen = [central, *(_companions(found.data, central) if companions else ())]
    far = ndimage.distance_transform_edt(~np.isin(found.data, chosen))
    return np.asarray(far <= fwhm)


def _companions(segments: NDArray[np.int_], central: int) -> list[int]:
    """Return the numbers of the segments that are members of a merger."""
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
    luminance: NDArray[Any], mask: NDArray[np.bool_], sigma: float
) -> NDArray[np.float64]:
    """Return x, y of the brightest place of the host near the picture's middle.

    Parameters
    ----------
    luminance : array of shape (height, width)
    mask : bool array of shape (height, width)
        The host.
    sigma : float
        Pixels by which the picture is smoothed to find it.
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
    places: NDArray[np.float64],
    fwhm: float,
) -> NDArray[np.bool_]:
    """Tell which places lie on the nucleus of the host and are no bluer than around it.

    Parameters
    ----------
    picture : uint8 array of shape (height, width, 3)
    mask : bool array of shape (height, width)
        The host; without one, that is all true, there is no nucleus.
    places : array of shape (n, 2)
        x, y in pixels.
    fwhm : float

    Returns
    -------
    bool array of shape (n,)

    Notes
    -----
    Clump Scout's volunteers marked the central bulge apart from clumps; a clump in
    front of it is bluer than the ring from 1.2 to 2 FWHM around.
    """
    from scipy import ndimage

    if mask.all():
        return np.zeros(len(places), dtype=bool)
    centre = nucleus(picture.mean(axis=2), mask, fwhm / 2)
    far = np.hypot(*(places - centre).T)
    found: NDArray[np.bool_] = np.asarray(far <= ON_NUCLEUS * fwhm)
    if not found.any():
        return found
    blue = picture[..., 2].astype(float) - picture[..., 0]
    blue = ndimage.gaussian_filter(blue, 0.25 * fwhm)
    rows, columns = np.indices(blue.shape)
    for k in np.flatnonzero(found):
        far = np.hypot(columns - places[k, 0], rows - places[k, 1]) / fwhm
        around = blue[(far > 1.2) & (far < 2)]
        within = blue[far <= np.maximum(0.5, far.min())]
        found[k] = within.mean() - np.median(around) < BLUER
    return found


def on_host(
    picture: NDArray[np.uint8], boxes: NDArray[np.float64], fwhm: float
) -> NDArray[np.intp]:
    """Return which boxes lie on the galaxy in the middle and not on its nucleus.

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
        Their indices, in their order.
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


def central_segment(segments: NDArray[np.int_]) -> int:
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
