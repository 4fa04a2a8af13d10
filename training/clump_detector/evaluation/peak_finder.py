"""A peak finder, which models are compared with: differences of Gaussians on blue.

It knows nothing of clumps, so what it reaches is reached without any learning.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clump_detector.config.model import ModelConfig
from clump_detector.core.boxes import Boxes, clip
from clump_detector.core.errors import ClumpError
from clump_detector.core.json_types import JsonObject
from clump_detector.core.progress import CancelToken, Progress, no_progress
from clump_detector.images.cutout import Cutout
from clump_detector.images.host_mask import host_mask
from clump_detector.images.rgb import to_rgb
from clump_detector.labels.label_set import LabelledCutout
from clump_detector.metrics import bootstrap, matching
from clump_detector.metrics.matching import Match
from clump_detector.models.network_scale import to_network_scale

from .labelled_images import match_boxes, read_labelled

#: Standard deviations of the two Gaussians, in units of the PSF's.
NARROW, WIDE = 0.7, 2.5

#: Side of a box in FWHM of the PSF, as of the labels of Mehta et al. (2021).
SIDE = 2.5

#: Peaks of a cutout that are kept, at most.
MOST = 100


def find_peaks(
    picture: NDArray[np.uint8], fwhm: float
) -> tuple[Boxes, NDArray[np.float64]]:
    """Return boxes about the peaks of a difference of Gaussians on the host.

    Parameters
    ----------
    picture : uint8 array of shape (height, width, 3)
        Red, green and blue.
    fwhm : float
        FWHM of the PSF in pixels.

    Returns
    -------
    boxes : array of shape (n, 4)
        Best first, in pixels counted from the first one's centre.
    heights : array of shape (n,)
        Of the peaks, in grey levels above their surroundings.
    """
    from astropy.stats import gaussian_fwhm_to_sigma
    from scipy import ndimage

    sigma = fwhm * gaussian_fwhm_to_sigma
    blue = picture[..., 2].astype(float)
    light = ndimage.gaussian_filter(blue, NARROW * sigma)
    light -= ndimage.gaussian_filter(blue, WIDE * sigma)
    size = 2 * max(1, round(fwhm / 2)) + 1
    highest = (ndimage.maximum_filter(light, size=size) == light) & (light > 0)
    rows, columns = np.nonzero(highest & host_mask(picture, fwhm))
    order = np.argsort(-light[rows, columns], kind="stable")[:MOST]
    centres = np.stack([columns, rows], axis=1)[order].astype(float)
    half = SIDE * fwhm / 2
    boxes = clip(
        np.concatenate([centres - half, centres + half], axis=1),
        picture.shape[1],
        picture.shape[0],
    )
    return boxes, light[rows, columns][order]


def peaks_of(cutout: Cutout, config: ModelConfig) -> tuple[Boxes, NDArray[np.float64]]:
    """Return the peaks of a cutout; see `find_peaks`.

    Where the PSF is not known its width is what the model takes it for, so that both
    search at one scale.

    Parameters
    ----------
    cutout : Cutout
    config : ModelConfig
        Of the model that is compared.
    """
    picture = to_rgb(cutout)
    seen = to_network_scale(picture, cutout.fwhm, config)
    return find_peaks(picture, seen.fwhm / seen.scale[0])


def evaluate_peaks(
    galaxies: Sequence[LabelledCutout],
    n_boxes: int,
    config: ModelConfig,
    *,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> JsonObject:
    """Return what the peak finder reaches with as many boxes as a model.

    Parameters
    ----------
    galaxies : sequence of LabelledCutout
        Those that the model was evaluated on.
    n_boxes : int
        How many of its boxes were counted, true and false.
    config : ModelConfig
        Of the model.
    progress : callable
        Called after each cutout.
    cancel : CancelToken, optional
        Checked before each cutout.

    Returns
    -------
    dict
        Ready for JSON: ``boxes``, ``completeness``, ``purity`` and ``f1`` (each with
        its intervals), ``ranking_precision`` and a ``summary``.

    Raises
    ------
    Cancelled
    """
    cancel = cancel or CancelToken()
    matches: list[Match] = []
    for done, one in enumerate(galaxies, start=1):
        cancel.check()
        try:
            boxes, heights = peaks_of(read_labelled(one), config)
        except ClumpError:
            continue  # the model's evaluation has said why it cannot be read
        matches.append(match_boxes(one, boxes, heights))
        progress(done, len(galaxies), "looking for peaks")
    height = _height_of(matches, n_boxes)
    intervals = bootstrap.bootstrap(matches, height)
    _, hits, false = (int(n) for n in matching.counts(matches, height).sum(axis=0))
    values = bootstrap.in_words(intervals)
    return {
        "boxes": hits + false,
        **{name: interval.as_json() for name, interval in intervals.items()},
        "ranking_precision": matching.average_precision(matches),
        "summary": f"Peak finder (differences of Gaussians on blue), as many boxes: "
        f"{values}.",
    }


def _height_of(matches: Sequence[Match], n_boxes: int) -> float:
    """Return the height from which on so many peaks are counted."""
    heights = np.concatenate([m.scores[m.counted] for m in matches] or [np.zeros(0)])
    if not len(heights):
        return 0.0
    if n_boxes < 1:
        return float(np.nextafter(heights.max(), np.inf))
    return float(np.sort(heights)[::-1][min(n_boxes, len(heights)) - 1])
