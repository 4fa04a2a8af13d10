"""Position of the current box's label: above the box, or below where that hides less.

No napari.
"""

from __future__ import annotations

from collections.abc import Sequence

from napari_clumps.render.box_style import label
from napari_clumps.render.orientation import Orientation
from napari_clumps.review import Box

from . import layers

#: Gap between the frame of the current box and its label, in widths of a thin line.
_GAP = 1.5

#: Approximate size of a letter of napari's 10 point text, in screen pixels.
_LETTER = (10.0, 18.0)

Area = tuple[float, float, float, float]


def label_shift(
    box: Box,
    boxes: Sequence[Box],
    turned: Orientation,
    unit: float,
    zoom: float,
    votes: str = "",
) -> tuple[float, float]:
    """Return the offset of a box's label from the box's first row and column.

    napari writes text from the corner of least row and column, up and to the right on
    the screen, in any orientation.

    Parameters
    ----------
    box : Box
        The current one.
    boxes : sequence of Box
        All that are shown.
    turned : Orientation
        Of the picture on the screen.
    unit : float
        Width of a thin line in pixels of the picture.
    zoom : float
        Screen pixels per pixel of the picture.
    votes : str
        Of the heads of an ensemble, which are a part of the label.

    Returns
    -------
    tuple of float
        Rows and columns, in pixels.
    """
    left, top, right, bottom = _on_screen(box, turned)
    letters = len(label(box, votes))
    width, height = letters * _LETTER[0] / zoom, _LETTER[1] / zoom
    frame = layers.FRAME_GAP * unit
    gap = frame + _GAP * unit
    start = left - frame
    above, below = top - gap, bottom + gap + height
    others = [_on_screen(other, turned) for other in boxes if other.id != box.id]

    def hidden(base: float) -> int:
        area = (start, base - height, start + width, base)
        return sum(_overlap(area, other) for other in others)

    base = below if hidden(below) < hidden(above) else above
    # Back from the screen to rows and columns, as far as from the corner of the box.
    across = start - left if turned.horizontal == "right" else right - start
    down = base - top if turned.vertical == "down" else bottom - base
    return (across, down) if turned.transposed else (down, across)


def _on_screen(box: Box, turned: Orientation) -> Area:
    """Return left, top, right and bottom of a box, counted right and down."""
    x1, y1, x2, y2 = box.corners
    if turned.transposed:
        x1, y1, x2, y2 = y1, x1, y2, x2
    if turned.horizontal != "right":
        x1, x2 = -x2, -x1
    if turned.vertical != "down":
        y1, y2 = -y2, -y1
    return x1, y1, x2, y2


def _overlap(a: Area, b: Area) -> bool:
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])
