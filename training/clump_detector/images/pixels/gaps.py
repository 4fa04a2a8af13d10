"""Small gaps in an image, filled from what is around them.

Dead columns and masked cosmic rays cut a clump into pieces that no network knows. What
is filled is for the network only: it is not displayed, and nothing is measured on it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import AnyArray, BandArray

#: How far known pixels may be, in pixels: gaps of up to four are closed.
REACH = 2

#: Standard deviation in pixels of the weights of what is around.
_WIDTH = 1.2

#: In a picture a gap is black where what is around has at least this mean grey level. A
#: sky may be black, a galaxy never is.
BRIGHT = 40


def filled_fluxes(pixels: BandArray) -> BandArray:
    """Return fluxes whose small gaps are filled; wide ones are filled at their rims.

    Parameters
    ----------
    pixels : array of shape (bands, height, width)
        NaN where there is no data.
    """
    if not np.isnan(pixels).any():
        return pixels
    changed = pixels.copy()
    for plane in changed:
        gone = np.isnan(plane)
        places = np.nonzero(gone)
        known = np.where(gone, np.float32(0), plane)[..., None]
        plane[places] = _around(known, gone, places)[:, 0]
    return changed


def filled_picture(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture without the black gaps that cross a galaxy.

    Parameters
    ----------
    picture : uint8 array of shape (height, width, 3)
    """
    from scipy import ndimage

    red, green, blue = np.moveaxis(picture, 2, 0)
    light = np.maximum(np.maximum(red, green), blue)
    gone = np.asarray(light == 0)
    if not gone.any():
        return picture
    # A black sky has many such pixels, and next to none of them is near anything.
    near_light = ndimage.maximum_filter(light, 2 * REACH + 1) >= BRIGHT
    places = np.nonzero(gone & near_light)
    values = _around(picture, gone, places)
    bright = np.nan_to_num(values).mean(axis=1) >= BRIGHT
    if not bright.any():
        return picture
    changed = picture.copy()
    changed[places[0][bright], places[1][bright]] = values[bright] + 0.5
    return changed


def _around(
    values: AnyArray, gone: NDArray[np.bool_], places: tuple[NDArray[np.intp], ...]
) -> NDArray[np.float32]:
    """Return the weighted mean of what is known near some pixels.

    Parameters
    ----------
    values : array of shape (height, width, n)
        0 where missing.
    gone : bool array of shape (height, width)
    places : (rows, columns), each of shape (m,)

    Returns
    -------
    array of shape (m, n)
        NaN where nothing near is known.
    """
    rim = ((REACH, REACH), (REACH, REACH))
    padded = np.pad(values, (*rim, (0, 0)))
    known = np.pad(~gone, rim)
    rows, columns = (axis + REACH for axis in places)
    total = np.zeros((len(rows), values.shape[2]), np.float32)
    weights = np.zeros((len(rows), 1), np.float32)
    for dy in range(-REACH, REACH + 1):
        for dx in range(-REACH, REACH + 1):
            weight = np.float32(np.exp(-(dy**2 + dx**2) / (2 * _WIDTH**2)))
            there = known[rows + dy, columns + dx, None] * weight
            total += there * padded[rows + dy, columns + dx]
            weights += there
    nothing = np.full_like(total, np.nan)
    return np.divide(total, weights, out=nothing, where=weights > 0)
