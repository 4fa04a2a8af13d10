"""The width of the PSF in a picture that does not say it, from the noise of its sky.

Galaxy Zoo's cutouts are survey images that were enlarged or shrunk until the galaxy
fills the frame, each by a factor of its own. An enlarged image has no noise beyond the
frequency of the survey's own pixels, so where the power spectrum of the sky falls off
tells how large those are now. Surveys choose their pixels by their seeing: the FWHM is
3 to 5 of them. So the width is known to some 20 %, and nothing is known of a picture
that was not enlarged, nor of one whose sky is black. (Stars tell more where there are
some, see `clump_detector.simulate.inject.star_width`; cutouts of one galaxy have few.)
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import AnyArray, Floats, Mask

from .segmentation import total_of

#: Side of the tiles whose spectra are averaged, in pixels.
TILE = 48

#: Fewest and most tiles of sky; the darkest are taken.
FEWEST, MOST = 8, 40

#: A tile with a pixel so much brighter than its mean, in grey levels, is not sky.
BRIGHT = 70.0

#: A tile with more black pixels than this has lost its noise.
BLACK = 0.3

#: The spectrum has fallen off where it is below this share of its level at low
#: frequencies.
FALLEN = 0.1

#: FWHM in pixels for each pixel of 1 / frequency at which the spectrum has fallen off,
#: less that of the picture's own pixels in quadrature. On 23 pictures of Stripe 82 with
#: known PSFs it is 2.0, with a scatter of 7 %; there the FWHM is 3.1 of the survey's
#: pixels. Single exposures of SDSS have 3.5 of them, KiDS 3.5, the Legacy Surveys 4.6:
#: this is for the geometric middle of these.
WIDTH = 2.4

#: Where a picture that was not enlarged falls off: at its own pixels' frequency.
NYQUIST = 0.5

#: Above this frequency the spectrum tells nothing: that of JPEG falls there anyway.
HIGHEST = 0.37


def width_from_noise(
    picture: NDArray[np.uint8], filled: Mask | None = None
) -> float | None:
    """Return the FWHM of the PSF in pixels, good to some 20 %.

    Parameters
    ----------
    picture : uint8 array of shape (height, width, 3)
    filled : bool array of shape (height, width), optional
        Where it has no noise of its own.

    Returns
    -------
    float or None
        None where the noise does not tell: the picture was not enlarged, its sky is
        black, or the galaxy fills the frame.
    """
    frequency = fall_off(picture, filled)
    if frequency is None or frequency > HIGHEST:
        return None
    return float(WIDTH * np.sqrt(1 / frequency**2 - 1 / NYQUIST**2))


def fall_off(picture: NDArray[np.uint8], filled: Mask | None = None) -> float | None:
    """Return where the power spectrum of the sky falls off, in cycles per pixel.

    Parameters
    ----------
    picture : uint8 array of shape (height, width, 3)
    filled : bool array of shape (height, width), optional
        Where it has no noise of its own.

    Returns
    -------
    float or None
        None without enough sky, or where the spectrum does not fall.
    """
    tiles = _sky(picture, filled)
    if tiles is None:
        return None
    window, which, weights = _grid()
    tiles = (tiles - tiles.mean(axis=(1, 2), keepdims=True)) * window
    power = np.abs(np.fft.rfft2(tiles)) ** 2
    # The median over tiles: one with a faint star in it does not count.
    middle = np.median(power.reshape(len(tiles), -1), axis=0)
    n = np.bincount(which, weights)
    spectrum = np.bincount(which, weights * middle) / n
    relative = spectrum / spectrum[2:5].mean() if spectrum[2:5].any() else spectrum
    fallen = np.flatnonzero(relative[4:] < FALLEN) + 4
    if not len(fallen) or not spectrum[2:5].any():
        return None
    k = int(fallen[0])
    above, below = np.log(relative[k - 1]), np.log(max(relative[k], 1e-9))
    share = (above - np.log(FALLEN)) / (above - below)
    return float((k - 0.5 + share) / TILE)


def _sky(picture: NDArray[np.uint8], filled: Mask | None = None) -> Floats | None:
    """Return the luminance of the darkest tiles of sky, shape (n, TILE, TILE)."""
    if min(picture.shape[:2]) < TILE:
        return None
    total = total_of(picture)
    step = TILE // 2
    # Tiles overlap by half, and so share the sums and the maxima of a quarter.
    quarters = _quartered(total, step)
    sums = _four(quarters.sum(axis=2, dtype=np.int64), np.add)
    means = sums / (3 * TILE**2)
    sky = _four(quarters.max(axis=2), np.maximum) / 3 - means < BRIGHT
    black = np.count_nonzero(quarters == 0, axis=2)
    sky &= _four(black, np.add) / TILE**2 <= BLACK
    if sky.sum() < FEWEST:
        return None
    if filled is not None and filled.any():
        missing = np.count_nonzero(_quartered(filled, step), axis=2)
        whole = sky & (_four(missing, np.add) == 0)
        # A few tiles with all of their noise tell more than many without some of it.
        sky = whole if whole.sum() >= FEWEST // 2 else sky
    order = np.flatnonzero(sky)
    chosen = order[np.argsort(sums.flat[order], kind="stable")[:MOST]]
    views = np.lib.stride_tricks.sliding_window_view(total, (TILE, TILE))
    tiles: Floats = views[::step, ::step][np.unravel_index(chosen, sky.shape)] / 3.0
    return tiles


def _quartered(image: AnyArray, side: int) -> AnyArray:
    """Return the pixels of squares of a side, shape (rows, columns, side * side)."""
    rows, columns = (n // side for n in image.shape)
    squares = image[: rows * side, : columns * side]
    squares = squares.reshape(rows, side, columns, side).swapaxes(1, 2)
    return squares.reshape(rows, columns, side * side)


def _four(quarters: NDArray[Any], joined: np.ufunc) -> NDArray[Any]:
    """Return one value of each tile from those of its quarters."""
    pairs = joined(quarters[1:], quarters[:-1])
    return np.asarray(joined(pairs[:, 1:], pairs[:, :-1]))


@cache
def _grid() -> tuple[Floats, NDArray[np.intp], Floats]:
    """Return the window, and the ring and the weight of each value of a spectrum."""
    window = np.outer(np.hanning(TILE), np.hanning(TILE))
    x, y = np.meshgrid(np.fft.rfftfreq(TILE), np.fft.fftfreq(TILE))
    rings = np.floor(np.hypot(x, y) * TILE).astype(np.intp)
    # Half of the plane is there; its first and its last column stand for themselves.
    weights = np.where((x == 0) | (x == 0.5), 1.0, 2.0)
    inside = rings < TILE // 2
    return window, np.where(inside, rings, 0).ravel(), (weights * inside).ravel()
