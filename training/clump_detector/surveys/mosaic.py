"""A cutout put together from fields of a survey, on its own grid of pixels."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .write import Plane

#: Share of a cutout below which a further field adds nothing.
_ENOUGH = 1e-4


def add_field(onto: Plane, wcs: Any, plane: Plane, own_wcs: Any) -> Plane:
    """Return a cutout with its missing pixels filled from a field.

    What is there stays: fields overlap, and a mean of two would have less noise there
    than elsewhere.

    Parameters
    ----------
    onto, plane : array
        Of the cutout, NaN where it is missing; and of the field.
    wcs, own_wcs : astropy.wcs.WCS
        Of the cutout and of the field.
    """
    from reproject import reproject_interp

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        placed, _ = reproject_interp((plane, own_wcs), wcs, shape_out=onto.shape)
    filled = np.where(np.isfinite(onto), onto, placed)
    return np.asarray(filled, dtype=np.float32)


def is_full(plane: Plane) -> bool:
    """Tell whether nothing is missing any more."""
    return float(np.isnan(plane).mean()) < _ENOUGH
