"""The detector's pixels under a scene: coordinates, PSF and random fields on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import BandArray, Floats

from .priors import Rng
from .scenes.scene import Scene

if TYPE_CHECKING:
    from galsim import GSObject


class PixelGrid:
    """The detector's pixels under a picture, and the PSF on them."""

    def __init__(self, scene: Scene) -> None:
        import galsim

        self.scale = scene.survey.scale
        self.n = max(round(scene.size * scene.scale / self.scale), 24)
        # The picture's rim falls on the detector's: one native pixel is this wide.
        self.scale = scene.size * scene.scale / self.n
        self.fwhm = scene.fwhm
        axis = ((np.arange(self.n) - (self.n - 1) / 2) * self.scale).astype(np.float32)
        self.x, self.y = axis[None, :], axis[:, None]
        self.params = galsim.GSParams(
            folding_threshold=2e-2, maxk_threshold=1e-2, kvalue_accuracy=1e-3
        )
        self.psf = galsim.Moffat(beta=scene.beta, fwhm=scene.fwhm, gsparams=self.params)
        self._transfer: NDArray[np.complexfloating] | None = None

    def pixel(self, x: float, y: float) -> tuple[float, float]:
        """Return a position in detector pixels.

        Parameters
        ----------
        x, y : float
            Offsets from the picture's centre in arcsec.
        """
        middle = (self.n - 1) / 2
        return middle + x / self.scale, middle + y / self.scale

    def stamp(
        self, profile: GSObject, x: float, y: float, radius: float
    ) -> tuple[BandArray, slice, slice] | None:
        """Draw a GalSim profile on the pixels around a position.

        Parameters
        ----------
        profile : galsim.GSObject
            Of total flux 1.
        x, y : float
            Where, in arcsec from the picture's centre.
        radius : float
            How far it is drawn, in arcsec.

        Returns
        -------
        (array, rows, columns) or None
            None where it lies outside.
        """
        import galsim

        column, row = self.pixel(x, y)
        reach = int(np.ceil(radius / self.scale)) + 1
        left, top = max(int(column) - reach, 0), max(int(row) - reach, 0)
        right = min(int(column) + reach + 2, self.n)
        bottom = min(int(row) + reach + 2, self.n)
        if right <= left or bottom <= top:
            return None
        image = galsim.ImageF(right - left, bottom - top, scale=self.scale)
        centre = galsim.PositionD(column - left + 1, row - top + 1)
        profile.drawImage(image, center=centre, method="no_pixel")
        return image.array, slice(top, bottom), slice(left, right)

    def convolve(self, planes: BandArray) -> BandArray:
        """Return planes convolved with the PSF, reflected at the rim."""
        from scipy import fft

        if self._transfer is None:
            reach = int(min(np.ceil(5 * self.fwhm / self.scale), self.n - 1))
            self._pad = reach
            side = fft.next_fast_len(self.n + 2 * reach, real=True)
            self._side = side
            kernel = self._kernel(reach)
            padded = np.zeros((side, side), np.float32)
            padded[: 2 * reach + 1, : 2 * reach + 1] = kernel
            self._transfer = fft.rfft2(np.roll(padded, (-reach, -reach), (0, 1)))
        pad = self._pad
        wide = np.pad(planes, ((0, 0), (pad, pad), (pad, pad)), mode="reflect")
        shape = (self._side, self._side)
        out = fft.irfft2(fft.rfft2(wide, s=shape) * self._transfer, s=shape)
        return np.asarray(out[:, pad : pad + self.n, pad : pad + self.n], np.float32)

    def _kernel(self, reach: int) -> BandArray:
        """Return the PSF on a square of 2 * reach + 1 pixels, of sum one."""
        import galsim

        side = 2 * reach + 1
        image = galsim.ImageF(side, side, scale=self.scale)
        self.psf.drawImage(image, method="no_pixel")
        return np.asarray(image.array / image.array.sum(), np.float32)


def rotated(grid: PixelGrid, x: float, y: float, angle: float) -> tuple[Floats, Floats]:
    """Return all pixels' coordinates along and across an axis through a position.

    Parameters
    ----------
    grid : PixelGrid
    x, y : float
        In arcsec from the picture's centre.
    angle : float
        Of the axis, in radians.

    Returns
    -------
    (array, array)
        Of shape (n, n), in arcsec.
    """
    cos, sin = np.cos(angle), np.sin(angle)
    dx, dy = grid.x - x, grid.y - y
    return dx * cos + dy * sin, dy * cos - dx * sin


def smooth_noise(rng: Rng, grid: PixelGrid, wavelength: float) -> BandArray:
    """Return a random field of standard deviation one, shape (n, n).

    Parameters
    ----------
    rng : numpy.random.Generator
    grid : PixelGrid
    wavelength : float
        In arcsec.
    """
    from PIL import Image
    from scipy.ndimage import gaussian_filter

    cells = int(np.clip(grid.n * grid.scale / wavelength * 4, 12, grid.n)) + 1
    coarse = gaussian_filter(rng.standard_normal((cells, cells), np.float32), 1.5)
    size = (grid.n, grid.n)
    field = np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC))
    return np.asarray(field / max(float(field.std()), 1e-3), np.float32)
