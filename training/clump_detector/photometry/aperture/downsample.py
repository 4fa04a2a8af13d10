"""Images reduced to what a galaxy needs: a few pixels across the PSF, not a dozen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clump_detector.core.arrays import BandArray, Mask

#: Images are halved until a PSF is narrower than this.
NARROW = 4.0

#: and as long as this many pixels a side are left.
LEAST_SIDE = 32


@dataclass(frozen=True)
class Coarse:
    """The means of blocks of step x step pixels, NaN where one has no data.

    Attributes
    ----------
    planes : array of shape (bands, rows, columns)
    step : int
        A power of two; pixels at the right and the lower edge that fill no block are
        left out.
    shape : (int, int)
        Height and width of the image.
    """

    planes: BandArray
    step: int
    shape: tuple[int, int]

    def position(self, x: float, y: float) -> tuple[float, float]:
        """Return a position in the image's pixels.

        Parameters
        ----------
        x, y : float
            In blocks.
        """
        return (x + 0.5) * self.step - 0.5, (y + 0.5) * self.step - 0.5

    def enlarged(self, mask: Mask) -> Mask:
        """Return a mask of blocks on the image's own pixels."""
        step = self.step
        if step > 1:
            mask = mask.repeat(step, axis=0).repeat(step, axis=1)
        short = (self.shape[0] - mask.shape[0], self.shape[1] - mask.shape[1])
        return np.pad(mask, ((0, short[0]), (0, short[1])), mode="edge")


def reduce(planes: BandArray, fwhm: float) -> Coarse:
    """Return an image reduced so far that its PSF is still resolved.

    Parameters
    ----------
    planes : array of shape (bands, height, width)
    fwhm : float
        In pixels.
    """
    height, width = planes.shape[1:]
    step = 1
    while fwhm / step >= NARROW and min(height, width) >= 2 * step * LEAST_SIDE:
        step *= 2
        planes = _halved(planes)
    return Coarse(planes, step, (height, width))


def _halved(planes: BandArray) -> BandArray:
    rows, columns = planes.shape[1] // 2 * 2, planes.shape[2] // 2 * 2
    even = planes[:, 0:rows:2] + planes[:, 1:rows:2]
    mean = even[:, :, 0:columns:2] + even[:, :, 1:columns:2]
    mean *= np.float32(0.25)
    return mean
