"""Ways in which an image gets worse, each at some levels.

What is said of missing data, noise, PSF, colours and offsets holds for linear fluxes as
for pictures: of these the asinh curve is undone, changed intensities get it again, and
missing pixels are black.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from clump_detector.core.arrays import AnyArray, Floats
from clump_detector.core.boxes import Boxes
from clump_detector.fluxes.magnitudes import bluest
from clump_detector.images.cutout import Cutout
from clump_detector.images.pixels.asinh import redone, undone
from clump_detector.images.rgb import to_rgb
from clump_detector.photometry.aperture.psf import SIGMA_PER_FWHM
from clump_detector.simulate.clump_light import probable_fwhm
from clump_detector.simulate.missing import KINDS, Mask, missing_pixels
from clump_detector.simulate.priors import SIGMA_PER_MAD, Rng

#: How much worse, as a number or in words.
Level = float | str


def level_name(level: Level) -> str:
    """Return a level in words."""
    return level if isinstance(level, str) else f"{level:g}"


@dataclass(frozen=True)
class Degraded:
    """An image that got worse.

    Attributes
    ----------
    cutout : Cutout
    gone : bool array of shape (height, width) or None
        Pixels that have no data any more.
    back : callable or None
        Moves boxes found on it to where they are on the image as it was.
    """

    cutout: Cutout
    gone: Mask | None = None
    back: Callable[[Boxes], Boxes] | None = None


@dataclass(frozen=True)
class Degradation:
    """A way in which an image gets worse.

    Attributes
    ----------
    name : str
    unit : str
        What its levels count, in words.
    levels : tuple of float or str
        From little to much.
    apply : callable
        Returns a cutout at a level; chance is the third argument.
    """

    name: str
    unit: str
    levels: tuple[Level, ...]
    apply: Callable[[Cutout, Level, Rng], Degraded]


def _missing(kind: str) -> Callable[[Cutout, Level, Rng], Degraded]:
    def apply(cutout: Cutout, share: Level, rng: Rng) -> Degraded:
        shape = cutout.height, cutout.width
        gone = missing_pixels(kind, shape, float(share), rng)
        if cutout.is_picture:
            pixels: AnyArray = np.where(gone[..., None], np.uint8(0), cutout.pixels)
        else:
            pixels = np.where(gone, np.float32(np.nan), cutout.pixels)
        return Degraded(replace(cutout, pixels=pixels), gone)

    return apply


def _in_planes(cutout: Cutout, change: Callable[[Floats], Floats]) -> Degraded:
    """Return a cutout whose planes, the bluest one first, are changed."""
    if cutout.is_picture:
        planes = np.moveaxis(undone(cutout.pixels), 2, 0)[::-1]
        changed = np.moveaxis(change(planes)[::-1], 0, 2)
        return Degraded(replace(cutout, pixels=redone(changed)))
    order = _from_blue(cutout)
    pixels = np.empty_like(cutout.pixels)
    pixels[order] = change(cutout.pixels[order].astype(np.float64))
    return Degraded(replace(cutout, pixels=pixels))


def _from_blue(cutout: Cutout) -> list[int]:
    """Return the places of the planes with the bluest first."""
    blue = bluest(cutout.bands)
    return [blue, *(k for k in range(len(cutout.pixels)) if k != blue)]


def _noise(planes: Floats) -> Floats:
    """Return the noise of each plane, shape (n, 1, 1)."""
    sky = np.nanmedian(planes, axis=(1, 2), keepdims=True)
    mad = np.nanmedian(np.abs(planes - sky), axis=(1, 2), keepdims=True)
    return np.asarray(SIGMA_PER_MAD * mad)


def _noisier(cutout: Cutout, level: Level, rng: Rng) -> Degraded:
    def change(planes: Floats) -> Floats:
        noise = float(level) * _noise(planes)
        return np.asarray(planes + noise * rng.standard_normal(planes.shape))

    return _in_planes(cutout, change)


def _blurred(cutout: Cutout, factor: Level, rng: Rng) -> Degraded:
    from scipy import ndimage

    wider = float(factor)
    fwhm = cutout.fwhm or probable_fwhm(cutout)
    sigma = fwhm * np.sqrt(wider**2 - 1) * SIGMA_PER_FWHM

    def change(planes: Floats) -> Floats:
        known = np.isfinite(planes)
        light = ndimage.gaussian_filter(np.where(known, planes, 0), (0, sigma, sigma))
        weight = ndimage.gaussian_filter(known.astype(float), (0, sigma, sigma))
        smooth = np.where(known, light / np.maximum(weight, 1e-6), np.nan)
        # The noise comes after the PSF: what the Gaussian took is added again.
        lost = np.clip(_noise(planes) ** 2 - _noise(smooth) ** 2, 0, None)
        return smooth + np.sqrt(lost) * rng.standard_normal(planes.shape)

    made = _in_planes(cutout, change).cutout
    known_fwhm = None if cutout.fwhm is None else cutout.fwhm * wider
    psf = {band: width * wider for band, width in cutout.psf.items()}
    return Degraded(replace(made, fwhm=known_fwhm, psf=psf))


def _recoloured(cutout: Cutout, magnitudes: Level, rng: Rng) -> Degraded:
    factor = 10 ** (-0.4 * float(magnitudes))

    def change(planes: Floats) -> Floats:
        changed = planes.copy()
        sky = np.nanmedian(planes[0])
        changed[0] = sky + factor * (planes[0] - sky)
        return changed

    return _in_planes(cutout, change)


def _offset(cutout: Cutout, pixels: Level, rng: Rng) -> Degraded:
    from scipy import ndimage

    angle = rng.uniform(0, 2 * np.pi)
    shift = float(pixels) * np.array([np.sin(angle), np.cos(angle)])

    def change(planes: Floats) -> Floats:
        changed = planes.copy()
        known = np.isfinite(planes[0])
        moved = ndimage.shift(
            np.where(known, planes[0], np.nanmedian(planes[0])), shift, order=3,
            mode="nearest",
        )  # fmt: skip
        changed[0] = np.where(known, moved, np.nan)
        return changed

    return _in_planes(cutout, change)


def _compressed(cutout: Cutout, quality: Level, rng: Rng) -> Degraded:
    from PIL import Image

    packed = io.BytesIO()
    Image.fromarray(to_rgb(cutout)).save(packed, "JPEG", quality=int(quality))
    with Image.open(packed) as image:
        pixels = np.asarray(image.convert("RGB"))
    return Degraded(
        replace(cutout, pixels=pixels, bands=(), variance=None, jansky=(), psf={})
    )


#: Whether an image is mirrored left to right, and how many quarters it is then turned.
_TURNS = {
    "mirrored": (True, 0), "by 90°": (False, 1), "by 180°": (False, 2),
    "by 270°": (False, 3),
}  # fmt: skip


def _turned(cutout: Cutout, how: Level, rng: Rng) -> Degraded:
    mirrored, quarters = _TURNS[str(how)]
    first = 0 if cutout.is_picture else 1  # the axis of the rows
    axes = first, first + 1

    def moved(values: AnyArray) -> AnyArray:
        if mirrored:
            values = np.flip(values, axes[1])
        return np.ascontiguousarray(np.rot90(values, quarters, axes))

    width, height = cutout.width, cutout.height

    def back(boxes: Boxes) -> Boxes:
        """Undo it: a quarter back takes (x, y) to (width - 1 - y, x)."""
        x1, y1, x2, y2 = boxes.reshape(-1, 4).T
        tall = height if quarters % 2 == 0 else width  # of the turned image
        wide = width if quarters % 2 == 0 else height
        for _ in range(quarters):
            x1, y1, x2, y2 = tall - 1 - y2, x1, tall - 1 - y1, x2
            tall, wide = wide, tall
        if mirrored:
            x1, x2 = width - 1 - x2, width - 1 - x1
        return np.stack([x1, y1, x2, y2], axis=1)

    variance = None if cutout.variance is None else moved(cutout.variance)
    made = replace(cutout, pixels=moved(cutout.pixels), variance=variance, wcs=None)
    return Degraded(made, back=back)


_SHARES = (0.05, 0.1, 0.2, 0.4)

#: All of them.
DEGRADATIONS = (
    *(
        Degradation(f"missing {kind}", "share of the pixels", _SHARES, _missing(kind))
        for kind in KINDS
    ),
    Degradation("noise", "times the image's own, added", (0.5, 1.0, 2.0), _noisier),
    Degradation("wider PSF", "times the FWHM", (1.25, 1.5, 2.0), _blurred),
    Degradation(
        "bluest band", "magnitudes fainter", (-0.2, -0.1, 0.1, 0.2), _recoloured
    ),
    Degradation("offset of a band", "pixels", (0.5, 1.0, 2.0), _offset),
    Degradation("JPEG", "quality", (90, 70, 50, 30), _compressed),
    Degradation("turned", "", tuple(_TURNS), _turned),
)
