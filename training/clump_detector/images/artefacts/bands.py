"""Bands that lie beside each other, from the cross-correlation of their sources."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from clump_detector.core.arrays import Floats
from clump_detector.images.segmentation import grown, smoothed

from .image import SearchedImage
from .kinds import Artefact

#: Bands are apart where the offset exceeds this share of the FWHM of the PSF,
APART = 0.3

#: and this many pixels.
LEAST_APART = 0.6

#: but by less than this many FWHM: more is another source.
FARTHEST = 1.0

#: Shifted back, it correlates with the others by this much, and what it lacks to 1 is
#: at most this share of what it lacked before.
ALIKE, LACKS = 0.9, 0.75

#: Offsets are measured to a fraction of a pixel.
UPSAMPLED = 10


def find_band_offset(image: SearchedImage) -> Iterator[Artefact]:
    """Yield one find where a band is shifted against the middle one.

    Parameters
    ----------
    image : SearchedImage
    """
    prepared = [_sources(image, k) for k in range(len(image.planes))]
    offsets = _offsets(prepared)
    if not len(offsets):
        return
    far = np.hypot(offsets[:, 0], offsets[:, 1])
    worst = int(far.argmax())
    least = max(APART * image.fwhm, LEAST_APART)
    if not least <= far[worst] <= FARTHEST * image.fwhm:
        return
    if not _helps(prepared, worst, offsets):
        return
    names = ("red", "green", "blue") if image.cutout.is_picture else image.bands
    name = names[worst] if names else f"plane {worst + 1}"
    height, width = image.shape
    yield Artefact(
        "band_offset",
        f"{name} is shifted by {offsets[worst, 0]:+.1f}, {offsets[worst, 1]:+.1f} "
        "pixels against the other bands",
        (0.0, 0.0, width - 1.0, height - 1.0),
    )


def band_offsets(image: SearchedImage) -> Floats:
    """Return by how many pixels each plane is shifted in x and y, shape (n, 2).

    Against the plane of the strongest signal, less the median of all planes.
    """
    return _offsets([_sources(image, k) for k in range(len(image.planes))])


def _offsets(prepared: list[Floats]) -> Floats:
    from skimage.registration import phase_cross_correlation

    n = len(prepared)
    if n < 2:
        return np.zeros((0, 2))
    best = int(np.argmax([float((one**2).sum()) for one in prepared]))
    shifts = np.zeros((n, 2))
    for k, plane in enumerate(prepared):
        if k == best or not plane.any():
            continue
        shift, _, _ = phase_cross_correlation(
            prepared[best], plane, upsample_factor=UPSAMPLED, normalization=None
        )
        shifts[k] = -shift[1], -shift[0]
    return shifts - np.median(shifts, axis=0)


def _helps(prepared: list[Floats], plane: int, offsets: Floats) -> bool:
    """Return whether a plane is like the others once it is shifted back."""
    from scipy import ndimage

    before, after = [], []
    for k, other in enumerate(prepared):
        if k == plane or not other.any():
            continue
        dx, dy = offsets[plane] - offsets[k]
        back = ndimage.shift(prepared[plane], (-dy, -dx), order=1)
        before.append(_correlation(prepared[plane], other))
        after.append(_correlation(back, other))
    if not after or np.mean(after) < ALIKE:
        return False
    return bool(1 - np.mean(after) <= LACKS * (1 - np.mean(before)))


def _correlation(one: Floats, other: Floats) -> float:
    norm = np.sqrt((one**2).sum() * (other**2).sum())
    return float((one * other).sum() / norm) if norm > 0 else 0.0


def _sources(image: SearchedImage, plane: int) -> Floats:
    """Return a plane's compact light, without what is wider than a few PSFs."""
    signal = np.clip(image.signal[plane], 0, 60)
    sharp = smoothed(signal, 0.4 * image.fwhm) - smoothed(signal, 1.6 * image.fwhm)
    sharp = np.where(sharp > 1.0, sharp, 0)
    sharp[grown(image.missing, 2 * image.fwhm)] = 0
    return np.asarray(sharp, dtype=np.float64)
