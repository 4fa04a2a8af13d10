"""Parts of a cutout without data: strips of one value, and dark lines."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import Floats, Mask

from .image import SearchedImage
from .kinds import Artefact
from .shapes import groups, part_of

#: A strip has the same value in squares of this side, in pixels.
SQUARE = 7

#: Its values differ by at most this many grey levels: JPEG blurs a little.
SAME = 1

#: A strip has at least this share of the cutout's pixels; this one where it is in one
#: colour only, since a dark colour may be the same by chance,
STRIP_SHARE, ONE_COLOUR_SHARE = 0.004, 0.02

#: and fills this share of its convex hull. A black sky is ragged instead.
SOLID = 0.8

#: It has this share of all pixels that are so: a sky without noise is so everywhere.
ALONE = 0.4

#: One colour is full from this grey level on, where the others have at most this one,
FULL, DARK = 225, 80

#: on this share of the cutout's pixels at least, so many times longer than wide: the
#: cores of red stars are round.
FULL_SHARE, FULL_ASPECT = 0.001, 2.5

#: A dark line is narrower than this, in pixels,
NARROW = 5

#: darker than what is beside it by this share of that, this many grey levels and this
#: many times the noise,
DARKER, LEAST_DARKER, NOISES = 0.5, 20.0, 6.0

#: and at least this share of the cutout's side long, and so many times its width.
LINE_SHARE, LINE_ASPECT = 0.03, 6.0

#: or this many pixels, where that is more.
SHORTEST_LINE = 12.0


def find_gaps(image: SearchedImage) -> Iterator[Artefact]:
    """Yield strips and lines without data.

    Parameters
    ----------
    image : SearchedImage
    """
    if image.cutout.is_picture:
        yield from _strips(image, _one_value(image))
        yield from _full_band(image)
        yield from _dark_lines(image)
    else:
        yield from _strips(image, [(image.missing, STRIP_SHARE)])


def _one_value(image: SearchedImage) -> list[tuple[Mask, float]]:
    """Return where all colours of a picture, or one, have one value each."""
    from scipy import ndimage

    masks = []
    for plane in np.moveaxis(image.picture, 2, 0):
        most = ndimage.maximum_filter(plane, SQUARE)
        least = ndimage.minimum_filter(plane, SQUARE)
        masks.append(most - least <= SAME)
    single = [(mask, ONE_COLOUR_SHARE) for mask in masks]
    return [(masks[0] & masks[1] & masks[2], STRIP_SHARE), *single]


def _strips(
    image: SearchedImage, masks: list[tuple[Mask, float]]
) -> Iterator[Artefact]:
    """Yield the largest solid part of some masks, each with its least share."""
    found = []
    for mask, share in masks:
        for group in groups(mask, int(share * mask.size)):
            alone = group.area >= ALONE * np.count_nonzero(mask)
            if alone and group.area >= SOLID * _hull_area(group.rows, group.columns):
                found.append(group)
    if not found:
        return
    group = max(found, key=lambda one: one.area)
    share = group.area / image.missing.size
    yield Artefact(
        "missing",
        f"{share:.0%} of the cutout has no data, {part_of(group.place, image.shape)}",
        group.place,
    )


def _hull_area(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> float:
    """Return the area of the convex hull of pixels."""
    from scipy.spatial import ConvexHull, QhullError

    corners = [np.column_stack([rows + i, columns + j]) for i in (0, 1) for j in (0, 1)]
    try:
        return float(ConvexHull(np.concatenate(corners)).volume)
    except QhullError:
        return float(len(rows))


def _full_band(image: SearchedImage) -> Iterator[Artefact]:
    """Yield the largest drawn-out part where one colour is full, the others dark.

    The services of surveys draw so what one band has no true values for.
    """
    planes = np.moveaxis(image.picture, 2, 0)
    found = []
    for k in range(3):
        others = np.delete(planes, k, axis=0).max(axis=0)
        mask = (planes[k] >= FULL) & (others <= DARK)
        for group in groups(mask, int(FULL_SHARE * mask.size)):
            if group.length >= FULL_ASPECT * group.width:
                found.append((group, ("red", "green", "blue")[k]))
    if found:
        group, name = max(found, key=lambda one: one[0].area)
        yield Artefact(
            "missing",
            f"{name} alone is full on {group.area} pixels, "
            f"{part_of(group.place, image.shape)}",
            group.place,
        )


def _dark_lines(image: SearchedImage) -> Iterator[Artefact]:
    """Yield lines of a few pixels' width that are dark in all colours.

    Dust lanes are as wide as the PSF at least, and red.
    """
    from scipy import ndimage

    dark = np.ones(image.shape, dtype=bool)
    size = NARROW + 2
    for plane, noise in zip(
        np.moveaxis(image.picture, 2, 0), image.sky[1], strict=True
    ):
        beside: Floats = ndimage.grey_closing(plane, (size, size)).astype(float)
        least = max(LEAST_DARKER, NOISES * float(noise))
        dark &= plane < beside - np.maximum(DARKER * beside, least)
    rim = size
    inner = np.zeros_like(dark)
    inner[rim:-rim, rim:-rim] = dark[rim:-rim, rim:-rim]
    least = max(LINE_SHARE * image.side, SHORTEST_LINE)
    for group in groups(inner, int(least)):
        thin = group.width <= NARROW and group.length >= LINE_ASPECT * group.width
        if thin and group.length >= least:
            yield Artefact(
                "missing",
                f"a dark line of {group.length:.0f} pixels without data",
                group.place,
            )
