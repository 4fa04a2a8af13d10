"""Images of a label set as they were labelled, and their true boxes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from clump_detector.config.model import ModelConfig
from clump_detector.core.boxes import Boxes
from clump_detector.core.errors import ImageError
from clump_detector.images.cutout import Cutout, read_cutout
from clump_detector.images.host_mask import host_mask
from clump_detector.labels.label_set import LabelledCutout
from clump_detector.metrics.matching import Match, match
from clump_detector.models.network_scale import network_picture, tile_side


def read_labelled(one: LabelledCutout) -> Cutout:
    """Read the image of a labelled cutout, with the PSF of its labels if they have one.

    Raises
    ------
    ImageError
        If it cannot be read, or has another size than the labels say.
    """
    cutout = read_cutout(one.source)
    if (cutout.width, cutout.height) != (one.width, one.height):
        raise ImageError(
            f"it has {cutout.width} x {cutout.height} pixels, but its labels are for "
            f"{one.width} x {one.height}",
            one.source.path,
            "Give the image that was labelled.",
        )
    return cutout if one.fwhm is None else replace(cutout, fwhm=one.fwhm)


def true_boxes(one: LabelledCutout, cls: str | None = None) -> tuple[Boxes, Boxes]:
    """Return the boxes of the clumps, and those that are neither true nor false.

    Parameters
    ----------
    one : LabelledCutout
    cls : str, optional
        Only the clumps of this class.

    Returns
    -------
    true, ignored : array of shape (n, 4)
    """
    true = [b.corners for b in one.boxes if not b.ignored and cls in (None, b.cls)]
    ignored = [b.corners for b in one.boxes if b.ignored]
    return (
        np.array(true, dtype=float).reshape(-1, 4),
        np.array(ignored, dtype=float).reshape(-1, 4),
    )


def match_boxes(
    one: LabelledCutout, boxes: Boxes, scores: ArrayLike, cls: str | None = None
) -> Match:
    """Match what was found on a labelled cutout with its clumps.

    Parameters
    ----------
    one : LabelledCutout
    boxes : array of shape (n, 4)
    scores : array of shape (n,)
    cls : str, optional
        Only the clumps of this class.
    """
    true, ignored = true_boxes(one, cls)
    return match(true, boxes, scores, ignored=ignored, fwhm=one.fwhm)


def host_diameter(cutout: Cutout, config: ModelConfig) -> float | None:
    """Return the diameter of a circle of the host's area, in FWHM of the PSF.

    The host is that of `clump_detector.images.host_mask`, which is wider than its light
    by one to two FWHM on each side. Where the PSF is not known, the FWHM is what the
    model takes it for.

    Parameters
    ----------
    cutout : Cutout
    config : ModelConfig
        Of the model, at whose scale the host is looked for.

    Returns
    -------
    float or None
        None where no host is found, or the image is a field of many galaxies.
    """
    seen = network_picture(cutout, cutout.fwhm, config)
    if max(seen.picture.shape[:2]) > tile_side(config):
        return None
    mask = host_mask(seen.picture, seen.fwhm)
    if mask.all():
        return None
    return float(2 * np.sqrt(mask.sum() / np.pi) / seen.fwhm)
