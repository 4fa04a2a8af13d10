"""Light of bright sources beside the cutout, in its sky."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from clump_detector.core.arrays import Floats
from clump_detector.images.segmentation import grown

from .image import BLOCK, SKY_PERCENTILE, SearchedImage
from .kinds import Artefact
from .shapes import part_of

#: Blocks of sky along the shorter side.
BLOCKS = 9

#: A block counts if this share of its pixels is sky.
SKY_SHARE = 0.25

#: A block's sky is bright where it exceeds that opposite by this many times the noise
#: of a pixel, and in a picture by this many grey levels.
BRIGHT, BRIGHT_LEVELS = 3.0, 14.0

#: As many blocks beside each other, on the cutout's rim, make a find; one in a corner
#: is on two sides, and counts twice.
LEAST_BLOCKS = 3

#: The whole sky is coloured where its brightest colour exceeds its darkest by this
#: many grey levels, and this share of itself.
COLOURED, COLOURED_SHARE = 30.0, 0.55


def find_scattered_light(image: SearchedImage) -> Iterator[Artefact]:
    """Yield where the sky is brighter than opposite, or coloured as a whole.

    The galaxy's own halo is alike on both sides of it.

    Parameters
    ----------
    image : SearchedImage
    """
    level, noise = image.sky
    coloured = max(COLOURED, COLOURED_SHARE * float(level.max()))
    if image.cutout.is_picture and float(np.ptp(level)) > coloured:
        height, width = image.shape
        yield Artefact(
            "scattered_light",
            f"the sky is coloured: {np.ptp(level):.0f} grey levels between its colours",
            (0.0, 0.0, width - 1.0, height - 1.0),
        )
        return
    if image.filled:
        return
    blocks = _block_skies(image)
    least = np.maximum(BRIGHT * noise, BRIGHT_LEVELS if image.cutout.is_picture else 0)
    excess = ((blocks - blocks[:, ::-1, ::-1]) / least[:, None, None]).max(axis=0)
    yield from _brightest(image, np.nan_to_num(excess, nan=0.0))


def _brightest(image: SearchedImage, excess: Floats) -> Iterator[Artefact]:
    from scipy import ndimage

    numbers, n = ndimage.label(excess > 1)
    rim = np.concatenate([numbers[[0, -1]].ravel(), numbers[:, [0, -1]].ravel()])
    counts = np.bincount(rim, minlength=n + 1)
    counts[0] = 0
    if not counts.any():
        return
    best = int(counts.argmax())
    if counts[best] < LEAST_BLOCKS:
        return
    rows, columns = np.nonzero(numbers == best)
    side = _block_side(image)
    height, width = image.shape
    place = (
        float(columns.min() * side),
        float(rows.min() * side),
        min(float((columns.max() + 1) * side), width - 1.0),
        min(float((rows.max() + 1) * side), height - 1.0),
    )
    yield Artefact(
        "scattered_light",
        f"the sky {part_of(place, image.shape)} is brighter than opposite, by "
        f"{excess.max():.1f} times what is usual",
        place,
    )


def _block_side(image: SearchedImage) -> int:
    """Return the side of a block of sky in pixels."""
    return max(image.side // BLOCKS, BLOCK // 2)


def _block_skies(image: SearchedImage) -> Floats:
    """Return the sky by plane in blocks, shape (n, rows, columns); NaN without sky."""
    side = _block_side(image)
    height, width = image.shape
    free = ~image.missing & ~grown(image.galaxy, 2 * image.fwhm)
    skies = []
    for row in range(height // side):
        for column in range(width // side):
            part = np.s_[
                row * side : (row + 1) * side, column * side : (column + 1) * side
            ]
            inside = free[part]
            if inside.mean() < SKY_SHARE:
                skies.append(np.full(len(image.planes), np.nan))
                continue
            values = image.planes[:, part[0], part[1]][:, inside]
            skies.append(np.percentile(values, SKY_PERCENTILE, axis=1))
    table: Floats = np.array(skies)
    return table.T.reshape(len(image.planes), height // side, width // side)
