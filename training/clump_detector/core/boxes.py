"""Geometry of boxes: arrays of shape (n, 4) with x1, y1, x2, y2 in pixels.

(0, 0) is the centre of the first pixel, x runs along columns and y along rows, so an
image of width W spans -0.5 to W - 0.5.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arrays import Floats

Boxes = NDArray[np.float64]

#: Side length of a clump's box in units of the PSF's FWHM (Popp et al. 2023).
SIDE_IN_FWHM = 2.5

#: A box narrower than this, in pixels, was drawn by accident.
SMALLEST_SIDE = 1.0


def as_boxes(values: ArrayLike) -> Boxes:
    """Return boxes as float64 of shape (n, 4), corners sorted.

    Parameters
    ----------
    values : array_like of shape (n, 4) or (4,)

    Raises
    ------
    ValueError
        If the values are not n rows of four finite numbers.
    """
    boxes = np.asarray(values, dtype=np.float64)
    if boxes.size == 0:
        return np.zeros((0, 4))
    if boxes.ndim == 1:
        boxes = boxes[None]
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"boxes have shape (n, 4), not {boxes.shape}")
    if not np.isfinite(boxes).all():
        raise ValueError("a box has a corner that is not a finite number")
    low: Boxes = np.minimum(boxes[:, :2], boxes[:, 2:])
    high: Boxes = np.maximum(boxes[:, :2], boxes[:, 2:])
    return np.hstack([low, high])


def areas(boxes: Boxes) -> NDArray[np.float64]:
    """Return the areas in square pixels, shape (n,)."""
    spans = np.clip(boxes[:, 2:] - boxes[:, :2], 0, None)
    return np.asarray(np.prod(spans, axis=1))


def centres(boxes: Boxes) -> NDArray[np.float64]:
    """Return the centres (x, y) in pixels, shape (n, 2)."""
    middle: Boxes = (boxes[:, :2] + boxes[:, 2:]) / 2
    return middle


def sides(boxes: Boxes) -> NDArray[np.float64]:
    """Return the geometric means of width and height in pixels, shape (n,)."""
    return np.sqrt(areas(boxes))


def fwhm(boxes: Boxes) -> NDArray[np.float64]:
    """Return the FWHM in pixels that fits the boxes: side / 2.5, shape (n,)."""
    return sides(boxes) / SIDE_IN_FWHM


def intersections(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    """Return the area of overlap of each pair of boxes.

    Parameters
    ----------
    first : array of shape (n, 4)
    second : array of shape (m, 4)

    Returns
    -------
    array of shape (n, m)
        Square pixels.
    """
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    return np.asarray(np.prod(np.clip(high - low, 0, None), axis=2))


def iou(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    """Return the intersection over union of each pair of boxes.

    Parameters
    ----------
    first : array of shape (n, 4)
    second : array of shape (m, 4)

    Returns
    -------
    array of shape (n, m)
        0 to 1; 0 where neither box has an area.
    """
    both = intersections(first, second)
    union = areas(first)[:, None] + areas(second)[None] - both
    return np.divide(both, union, out=np.zeros_like(both), where=union > 0)


def nms(boxes: Boxes, scores: ArrayLike, threshold: float) -> NDArray[np.intp]:
    """Return the indices kept by non-maximum suppression, best score first.

    Parameters
    ----------
    boxes : array of shape (n, 4)
    scores : array of shape (n,)
    threshold : float
        Of two boxes with a greater IoU, the one with the lower score is removed.
    """
    order = np.argsort(-np.asarray(scores, dtype=float), kind="stable")
    overlap = iou(boxes, boxes)
    kept: list[int] = []
    for index in order:
        if not kept or overlap[index, kept].max() <= threshold:
            kept.append(int(index))
    return np.array(kept, dtype=np.intp)


def clip(boxes: Boxes, width: int, height: int) -> Boxes:
    """Return the boxes clipped to the image, which spans -0.5 to size - 0.5.

    Parameters
    ----------
    boxes : array of shape (n, 4)
    width, height : int
        Size of the image in pixels.
    """
    low = np.array([-0.5, -0.5, -0.5, -0.5])
    high = np.array([width, height, width, height]) - 0.5
    return np.clip(boxes, low, high)


def outside(boxes: Boxes, width: int, height: int) -> NDArray[np.bool_]:
    """Return which boxes have no area inside the image, shape (n,).

    Parameters
    ----------
    boxes : array of shape (n, 4)
    width, height : int
        Size of the image in pixels.
    """
    return areas(clip(boxes, width, height)) <= 0


def from_vertices(vertices: ArrayLike) -> Boxes:
    """Return the box, shape (1, 4), around vertices given as (y, x) rows."""
    points = np.asarray(vertices, dtype=np.float64)[:, -2:]
    y1, x1 = points.min(axis=0)
    y2, x2 = points.max(axis=0)
    return np.array([[x1, y1, x2, y2]])


def to_vertices(box: Sequence[float]) -> NDArray[np.float64]:
    """Return the four corners of a box as (y, x) rows, clockwise from x1, y1."""
    x1, y1, x2, y2 = box
    return np.array([[y1, x1], [y1, x2], [y2, x2], [y2, x1]], dtype=np.float64)


def to_edges(boxes: Boxes) -> Boxes:
    """Convert to the convention of COCO and torchvision, where (0, 0) is the corner."""
    return boxes + 0.5


def from_edges(boxes: Boxes) -> Boxes:
    """Convert from the convention of COCO and torchvision."""
    return boxes - 0.5


def share_within(mask: NDArray[np.bool_], boxes: Boxes) -> Floats:
    """Return the share of each box's pixels that a mask holds, shape (n,).

    Parameters
    ----------
    mask : bool array of shape (height, width)
    boxes : array of shape (n, 4)
        From the first pixel's edge on; each has a pixel at least. Of one outside of
        the image the share is 1.
    """
    # A table of sums makes the share of any box four look-ups.
    sums = np.pad(mask.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    height, width = mask.shape
    x1, y1, x2, y2 = np.round(boxes).astype(int).reshape(-1, 4).T
    x2, y2 = np.maximum(x2, x1 + 1), np.maximum(y2, y1 + 1)
    x1, x2 = x1.clip(0, width), x2.clip(0, width)
    y1, y2 = y1.clip(0, height), y2.clip(0, height)
    total = sums[y2, x2] - sums[y1, x2] - sums[y2, x1] + sums[y1, x1]
    pixels = (x2 - x1) * (y2 - y1)
    return np.where(pixels > 0, total / np.maximum(pixels, 1), 1.0)
