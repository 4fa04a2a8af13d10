"""Gaps in an image, filled from what is around them.

Dead columns and masked cosmic rays cut a clump into pieces that no network knows, and
the edges of a missing block are things of their own to it. What is filled is for the
network only: it is not displayed, nothing is measured on it, and it shows no clump.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import AnyArray, BandArray, Mask

#: How far known pixels may be in small gaps, in pixels: those of up to four are closed.
REACH = 2

#: Standard deviation in pixels of the weights of what is around.
_WIDTH = 1.2

#: In a picture a gap is black where what is around has at least this mean grey level. A
#: sky may be black, a galaxy never is.
BRIGHT = 40

#: A square of black pixels with this side in a picture is no noise: a large gap, if the
#: median grey level at its rim is at least `RIM`. A sky that is cut off at black fades.
SOLID, RIM = 5, 8

#: So is a line of this length, one pixel wide: a dead column, or a row.
LINE = 40

_SHAPES = ((SOLID, SOLID), (LINE, 1), (1, LINE))

#: What takes more of the picture's border than this is its sky, however bright its rim.
SKY = 0.5

#: Standard deviations in pixels of the weights that fill large gaps from their rims
#: inwards, and the least weight that counts.
_WIDTHS, _LEAST = (2, 4, 8, 16, 32), 0.15


def filled_fluxes(pixels: BandArray) -> BandArray:
    """Return fluxes whose gaps are filled, as far as something known is near.

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
        large = np.isnan(plane)
        if large.any() and not large.all():
            plane[large] = _smoothly(plane[..., None], large)[large][:, 0]
    return changed


def large_gaps(pixels: AnyArray) -> Mask:
    """Return where an image has no data in blocks and long lines.

    Parameters
    ----------
    pixels : array
        Fluxes of shape (bands, height, width), NaN where there is no data; or a
        picture, uint8 of shape (height, width, 3), black there.
    """
    picture = pixels.dtype == np.uint8
    if picture:
        gone = (pixels[..., 0] | pixels[..., 1] | pixels[..., 2]) == 0
    else:
        gone = np.isnan(pixels).any(axis=0)
    solid = np.zeros(gone.shape, dtype=bool)
    for height, width in _SHAPES:
        _add_rectangles(solid, gone, height, width)
    if not solid.any():
        return solid
    return _bright_at_the_rim(pixels, gone, solid) if picture else solid


def _add_rectangles(solid: Mask, gone: Mask, height: int, width: int) -> None:
    """Mark all pixels of rectangles of a size that have no data."""
    if gone.shape[0] < height or gone.shape[1] < width:
        return
    first = _runs(_runs(gone, width, 1), height, 0)
    if first.any():
        for row in range(height):
            for column in range(width):
                part = solid[row : row + len(first), column:]
                part[:, : first.shape[1]] |= first


def _runs(gone: Mask, length: int, axis: int) -> Mask:
    """Return at which pixels a run of some length without data begins."""
    whole, known = gone, 1
    while known < length:  # runs twice as long each time
        step = min(known, length - known)
        first, second = (
            (whole[:-step], whole[step:])
            if axis == 0
            else (whole[:, :-step], whole[:, step:])
        )
        whole, known = first & second, known + step
    return whole


def _bright_at_the_rim(picture: AnyArray, black: Mask, solid: Mask) -> Mask:
    """Return the black regions of a picture that are missing, rather than dark."""
    from scipy import ndimage

    regions, n = ndimage.label(solid)
    rim = ndimage.maximum_filter(regions, 2 * REACH + 1)[~black]
    light = picture.sum(axis=2, dtype=np.uint16)[~black] >= 3 * RIM
    # The median at a rim is bright where half of it is.
    pixels, lit = (np.bincount(one, minlength=n + 1)[1:] for one in (rim, rim[light]))
    bright = 2 * lit > np.maximum(pixels, 1)
    border = np.concatenate(
        [regions[0], regions[-1], regions[1:-1, 0], regions[1:-1, -1]]
    )
    share = np.bincount(border, minlength=n + 1)[1:] / len(border)
    return np.asarray(np.concatenate([[False], bright & (share <= SKY)])[regions])


def filled_picture(
    picture: NDArray[np.uint8], large: Mask | None = None
) -> NDArray[np.uint8]:
    """Return a picture without black gaps.

    Parameters
    ----------
    picture : uint8 array of shape (height, width, 3)
    large : bool array of shape (height, width), optional
        Its `large_gaps`. Others are filled where they cross a galaxy.
    """
    closed = _without_lines(picture)
    if large is None or not large.any() or large.all():
        return closed
    from scipy import ndimage

    # What is dark beside a gap is half missing, from resampling or JPEG.
    dark = ndimage.binary_dilation(large) & (closed.max(axis=2) <= RIM // 2)
    filled = _smoothly(closed.astype(np.float32), dark)
    return np.asarray(np.clip(np.nan_to_num(filled) + 0.5, 0, 255), dtype=np.uint8)


def _smoothly(values: AnyArray, gone: Mask) -> NDArray[np.float32]:
    """Return an image with the mean of what is near wherever it has no data.

    Parameters
    ----------
    values : array of shape (height, width, n)
    gone : bool array of shape (height, width)

    Returns
    -------
    float32 array of shape (height, width, n)
        As it was where there is nothing near.
    """
    from scipy import ndimage

    filled = values.astype(np.float32)
    known = np.where(gone[..., None], np.float32(0), filled)
    left = gone.copy()
    for width in _WIDTHS:
        weight = ndimage.gaussian_filter((~gone).astype(np.float32), width, truncate=3)
        near = left & (weight > _LEAST)
        if near.any():
            sums = ndimage.gaussian_filter(known, (width, width, 0), truncate=3)
            filled[near] = sums[near] / weight[near, None]
            left &= ~near
        if not left.any():
            break
    return filled


def _without_lines(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture without narrow black gaps that cross a galaxy."""
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
