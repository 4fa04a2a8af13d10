"""Moving and resizing a box by keys, and the size of a new box. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import median
from typing import TYPE_CHECKING

from clump_detector.core.boxes import SIDE_IN_FWHM
from napari_clumps.render.orientation import Direction, Orientation

if TYPE_CHECKING:
    from napari_clumps.render.image_cache import DisplayImage
    from napari_clumps.review import Box, Corners

#: Actions of keys: the side of the box on the screen that moves (None: the whole box),
#: and its direction, right and down.
CHANGES: dict[str, tuple[Direction | None, Direction]] = {
    "move_left": (None, (-1, 0)),
    "move_right": (None, (1, 0)),
    "move_up": (None, (0, -1)),
    "move_down": (None, (0, 1)),
    "narrower": ((1, 0), (-1, 0)),
    "wider": ((1, 0), (1, 0)),
    "shorter": ((0, 1), (0, -1)),
    "taller": ((0, 1), (0, 1)),
}

#: Default width of a clump, as a share of the image's longer side.
_SHARE = 0.035

#: Least side length of a new box, in pixels.
_LEAST = 6.0


def moved_box(corners: Corners, action: str, turned: Orientation) -> Corners:
    """Return a box after an action of `CHANGES`, by one pixel in screen directions.

    Parameters
    ----------
    corners : x1, y1, x2, y2
    action : str
    turned : Orientation
        How the array is turned on the screen.
    """
    side, towards = CHANGES[action]
    dx, dy = turned.in_array(towards)
    x1, y1, x2, y2 = corners
    if side is None:
        return x1 + dx, y1 + dy, x2 + dx, y2 + dy
    sx, sy = turned.in_array(side)
    return (
        x1 + dx * (sx < 0),
        y1 + dy * (sy < 0),
        x2 + dx * (sx > 0),
        y2 + dy * (sy > 0),
    )


def usual_side(picture: DisplayImage | None, boxes: Sequence[Box]) -> float:
    """Return the side length of a box that is added by a key.

    It comes from the PSF where that is known; else it is the median of the cutout's
    boxes that are not rejected; else a share of the image's size.

    Parameters
    ----------
    picture : DisplayImage or None
        Of the current cutout.
    boxes : sequence of Box
        Its boxes.

    Returns
    -------
    float
        In pixels.
    """
    if picture is not None and picture.fwhm:
        return max(SIDE_IN_FWHM * picture.fwhm, _LEAST)
    sides = [
        sqrt((b.x2 - b.x1) * (b.y2 - b.y1)) for b in boxes if b.kept or not b.decided
    ]
    if sides:
        return max(median(sides), _LEAST)
    size = picture.size if picture is not None else None
    return max(_SHARE * max(size or (0,)), _LEAST)
