"""A cutout as artefacts are searched on it: planes in units of their sky's noise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import Mask
from clump_detector.images.cutout import Cutout
from clump_detector.images.host_mask import (
    central_part,
    central_segment,
    host_mask,
    noise_below,
    nucleus,
)
from clump_detector.images.psf_width import width_from_noise
from clump_detector.images.rgb import to_rgb
from clump_detector.images.segmentation import segments_above, smoothed

Plane = NDArray[np.float32]

#: FWHM of the PSF in pixels where nothing tells it.
USUAL_FWHM = 4.0

#: Pixels a side of the blocks that the sky is measured in.
BLOCK = 16

#: The sky of a block: this percentile of its pixels, since sources only add.
SKY_PERCENTILE = 30

#: The galaxy is clear from this many times the noise on, and this share of its
#: brightest part.
CLEAR, CLEAR_SHARE = 6.0, 0.1

#: The galaxy fills the frame where the middle of the rim of a picture has so many grey
#: levels, or where it covers this share of fluxes.
BRIGHT_RIM, MOSTLY = 50.0, 0.9

#: Least noise of a picture's sky in grey levels: JPEG and black skies hide it.
LEAST_NOISE = 2.0


@dataclass(frozen=True)
class SearchedImage:
    """A cutout's planes, and what is computed of them once for all searches.

    Attributes
    ----------
    cutout : Cutout
    picture : uint8 array of shape (height, width, 3)
    planes : float32 array of shape (n, height, width)
        A picture's red, green and blue in grey levels, or fluxes by band; 0 where
        there is no data.
    missing : bool array of shape (height, width)
        Where at least one plane has no data.
    bands : tuple of str
        Names of the planes, where known.
    """

    cutout: Cutout
    picture: NDArray[np.uint8]
    planes: NDArray[np.float32]
    missing: Mask
    bands: tuple[str, ...] = ()

    @classmethod
    def of(cls, cutout: Cutout) -> SearchedImage:
        """Return a cutout as it is searched."""
        picture = to_rgb(cutout)
        if cutout.is_picture:
            planes = np.moveaxis(picture, 2, 0).astype(np.float32)
        else:
            planes = np.asarray(cutout.pixels, dtype=np.float32)
        good = np.isfinite(planes)
        # A band without any value says nothing.
        seen = [k for k, plane in enumerate(good) if plane.any()]
        missing: Mask = np.asarray(~good[seen].all(axis=0))
        filled = np.where(good, planes, np.float32(0))[seen]
        named = len(cutout.bands) == len(planes)
        bands = tuple(cutout.bands[k] for k in seen) if named else ()
        return cls(cutout, picture, filled, missing, bands)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height, width = self.missing.shape
        return height, width

    @property
    def side(self) -> int:
        """The shorter side in pixels."""
        return min(self.shape)

    @cached_property
    def fwhm(self) -> float:
        """FWHM of the PSF in pixels: the header's, the noise's or the usual one."""
        known = self.cutout.fwhm or width_from_noise(self.picture)
        return float(np.clip(known or USUAL_FWHM, 1.5, self.side / 8))

    @cached_property
    def host(self) -> Mask:
        """Which pixels belong to the central galaxy; none where there is none."""
        mask = host_mask(self.picture, self.fwhm, companions=False)
        return np.zeros_like(mask) if mask.all() else mask

    @cached_property
    def galaxy(self) -> Mask:
        """Where the central galaxy is clearly brighter than the sky, less far out."""
        brightest = float(self.smooth[central_part(self.shape)].max())
        level = max(CLEAR, CLEAR_SHARE * brightest)
        numbers = segments_above(self.smooth, level, max(int(self.fwhm**2), 5))
        central = central_segment(numbers)
        mask: Mask = numbers == central if central else np.zeros_like(self.missing)
        return mask

    @cached_property
    def filled(self) -> bool:
        """Whether the galaxy's light fills the frame, so that there is no sky."""
        if not self.cutout.is_picture:
            return bool(self.host.mean() > MOSTLY)
        rim = np.concatenate(
            [self.luminance[[0, -1]].ravel(), self.luminance[:, [0, -1]].ravel()]
        )
        return bool(np.median(rim) > BRIGHT_RIM)

    @cached_property
    def sky(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The sky's level, and its noise as a standard deviation, by plane."""
        levels, noises = [], []
        free = ~self.missing & ~self.host
        for plane in self.planes:
            values = plane[free] if free.sum() > BLOCK**2 else plane.ravel()
            levels.append(float(np.median(values)))
            noises.append(noise_below(values, levels[-1]))
        least = LEAST_NOISE if self.cutout.is_picture else 0
        spread = np.maximum(noises, least).astype(np.float32)
        spread[spread == 0] = 1
        return np.array(levels, dtype=np.float32), spread

    @cached_property
    def signal(self) -> NDArray[np.float32]:
        """The planes above the sky in units of its noise; 0 without data."""
        level, noise = self.sky
        signal = (self.planes - level[:, None, None]) / noise[:, None, None]
        signal[:, self.missing] = 0
        return signal

    @cached_property
    def total(self) -> Plane:
        """The mean of all planes above the sky, in units of its noise."""
        mean: Plane = self.signal.mean(axis=0)
        return mean

    @cached_property
    def luminance(self) -> Plane:
        """The mean of the picture's colours, in grey levels."""
        light: Plane = self.picture.mean(axis=2, dtype=np.float32)
        return light

    @cached_property
    def luminance_noise(self) -> float:
        """The noise of the luminance's sky, as a standard deviation in grey levels."""
        level = float(np.median(self.luminance))
        return max(noise_below(self.luminance, level), LEAST_NOISE)

    @cached_property
    def nucleus(self) -> tuple[float, float]:
        """x, y of the galaxy's brightest part, or of the cutout's centre."""
        height, width = self.shape
        if not self.host.any():
            return width / 2, height / 2
        x, y = nucleus(self.luminance, self.host, self.fwhm / 2)
        return float(x), float(y)

    @cached_property
    def smooth(self) -> Plane:
        """What `total` is after smoothing by the PSF."""
        return smoothed(self.total, self.fwhm / 2.3548)
