"""Where the current box's class stands, in all eight ways a picture can be turned."""

from __future__ import annotations

import itertools

import pytest

from napari_clumps.render.orientation import Orientation
from napari_clumps.review import Box, Status
from napari_clumps.viewer.label_position import label_shift
from napari_clumps.viewer.layers import FRAME_GAP

TURNED = [
    Orientation(*which)
    for which in itertools.product((False, True), ("down", "up"), ("right", "left"))
]


def box(number, x1, y1, x2, y2):
    return Box(number, 1, x1, y1, x2, y2, "clump", Status.PROPOSAL, "model", 0.5)


def upwards(turned, distance):
    """Return how far one goes in columns and rows to go up on the screen."""
    return turned.in_array((0.0, -distance))


@pytest.mark.parametrize("turned", TURNED)
def test_it_stands_above_unless_that_hides_another_box(turned):
    here = box(1, 50, 50, 70, 70)
    x, y = upwards(turned, 20.0)
    over = box(2, 50 + x, 50 + y, 70 + x, 70 + y)
    alone = label_shift(here, [here], turned, 1.0, 4.0)
    beside = label_shift(here, [here, over], turned, 1.0, 4.0)
    assert alone != beside
    assert on_screen(here, alone, turned) < 0
    assert on_screen(here, beside, turned) > 0
    under = box(3, 50 - x, 50 - y, 70 - x, 70 - y)
    assert label_shift(here, [here, over, under], turned, 1.0, 4.0) == alone


def on_screen(here, shift, turned):
    """Return how far below the middle of a box the label stands on the screen."""
    row, column = here.y1 + shift[0], here.x1 + shift[1]
    x, y = column - (here.x1 + here.x2) / 2, row - (here.y1 + here.y2) / 2
    right, down = turned.on_screen((x, y))
    half = (here.x2 - here.x1, here.y2 - here.y1)[not turned.transposed] / 2
    wide = (here.x2 - here.x1, here.y2 - here.y1)[turned.transposed] / 2
    assert abs(down) > half + FRAME_GAP
    assert right == pytest.approx(-wide - FRAME_GAP)
    return down
