"""Rings of pixels around ellipses, and the light in them."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import BandArray, Floats, Mask
from clump_detector.photometry.aperture.annulus import MEDIAN
from clump_detector.photometry.aperture.background import medians, spreads
from clump_detector.photometry.aperture.profile import CLUMPY

from .ellipses import Shapes

#: Semi-major axes grow by this share from one isophote to the next.
GROWTH = 0.15

#: A ring of fewer pixels has no median of its own.
LEAST_PIXELS = 6


def rings(hidden: Mask, shapes: Shapes) -> list[NDArray[np.intp]]:
    """Return the indices of the pixels around each ellipse, but for those hidden.

    A ring reaches half-way to its neighbours.

    Parameters
    ----------
    hidden : bool array of shape (height, width)
    shapes : Shapes
    """
    height, width = hidden.shape
    radius = shapes.radius_at(np.arange(width), np.arange(height)[:, None])
    edges = np.sqrt(shapes.radii[1:] * shapes.radii[:-1])
    edges = np.concatenate([[0.0], edges, [shapes.radii[-1] * (1 + GROWTH / 2)]])
    ring = np.searchsorted(edges, radius.ravel(), side="right") - 1
    ring[hidden.ravel()] = -1
    order = np.argsort(ring, kind="stable")
    starts = np.searchsorted(ring[order], np.arange(len(shapes.radii) + 1))
    return [order[a:b] for a, b in itertools.pairwise(starts)]


def ring_light(
    planes: BandArray, level: Floats, noise: Floats, hidden: Mask, shapes: Shapes
) -> tuple[Floats, Floats, Floats]:
    """Return the median light along ellipses, its error, and the pixels that gave it.

    Clumps that are no boxes are clipped.

    Parameters
    ----------
    planes : array of shape (bands, height, width)
    level, noise : array of shape (bands,)
        Of the sky, per pixel.
    hidden : bool array of shape (height, width)
    shapes : Shapes

    Returns
    -------
    (array of shape (bands, n), array of shape (bands, n), array of shape (n,))
        NaN where a ring has too few pixels.
    """
    members = rings(hidden, shapes)
    n = len(members)
    flat = planes.reshape(len(planes), -1)
    light, error = np.full((2, len(planes), n), np.nan)
    area = np.array([len(ring) for ring in members], dtype=float)
    for k in np.flatnonzero(area >= LEAST_PIXELS):
        values = flat[:, members[k]].astype(np.float64)
        middle = medians(values)
        most = middle + CLUMPY * spreads(values, middle)
        kept = np.where(values <= most[:, None], values, np.nan)
        light[:, k] = medians(kept) - level
        count = np.maximum(np.isfinite(kept).sum(axis=1), 1)
        spread = np.fmax(spreads(kept), noise)
        error[:, k] = np.sqrt(MEDIAN / count) * spread
    return light, error, area
