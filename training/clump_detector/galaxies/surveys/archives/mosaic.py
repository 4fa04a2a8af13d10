"""A mosaic of a survey's fields on the pixel grid of a cutout."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from clump_detector.galaxies.surveys.write import Plane

if TYPE_CHECKING:
    from astropy.wcs import WCS

#: A cutout with a smaller fraction of missing pixels is complete.
_ENOUGH = 1e-4


def add_field(onto: Plane, wcs: WCS, plane: Plane, own_wcs: WCS) -> Plane:
    """Return a cutout with its missing pixels filled from a field.

    Pixels with a value stay: fields overlap, and a mean of two would have less noise
    there than elsewhere.

    Parameters
    ----------
    onto : array of shape (height, width)
        The cutout, NaN where pixels are missing.
    wcs : astropy.wcs.WCS
        That of the cutout.
    plane : array of any shape (rows, columns)
        The field.
    own_wcs : astropy.wcs.WCS
        That of the field.
    """
    from reproject import reproject_interp

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        placed, _ = reproject_interp((plane, own_wcs), wcs, shape_out=onto.shape)
    filled = np.where(np.isfinite(onto), onto, placed)
    return np.asarray(filled, dtype=np.float32)


def is_full(plane: Plane) -> bool:
    """Return whether a cutout has practically no missing pixels."""
    return float(np.isnan(plane).mean()) < _ENOUGH
