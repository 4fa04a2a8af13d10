"""Boxes to napari's shapes and marks, and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_clumps.render.box_style import COLOURS
from napari_clumps.review import Box, Status
from napari_clumps.viewer import layers

coordinate = st.floats(-100, 5000, allow_nan=False)
side = st.floats(1, 400)


def make_box(
    status: Status = Status.PROPOSAL, corners=(10, 20, 30, 44), box_id=7
) -> Box:
    score = None if status is Status.DRAWN else 0.5
    origin = "person" if status is Status.DRAWN else "model"
    return Box(box_id, 1, *corners, "clump", status, origin, score, "m", None, None)


@given(coordinate, coordinate, side, side)
def test_a_box_comes_back_from_its_shape(x, y, width, height):
    box = make_box(corners=(x, y, x + width, y + height))
    (rectangle,) = layers.to_shapes([box], 1.0, None).rectangles
    assert layers.from_shape(rectangle) == pytest.approx(box.corners)


@given(st.permutations(range(4)))
def test_the_order_of_vertices_does_not_matter(order):
    (rectangle,) = layers.to_shapes([make_box()], 1.0, None).rectangles
    assert layers.from_shape(rectangle[order]) == pytest.approx((10, 20, 30, 44))


@pytest.mark.parametrize(
    "vertices",
    [
        [[0, 5], [5, 10], [10, 5], [5, 0]],  # turned by 45 degrees
        [[0, 0], [0, 10], [10, 10]],  # a triangle
        [[0, 0], [0, 10], [10, 10], [10, 0], [5, 5]],
        [[0, 0], [0, 0], [0, 0], [0, 0]],
        [[0, 0], [0, np.nan], [10, 10], [10, 0]],
    ],
)
def test_what_is_no_level_rectangle_is_no_box(vertices):
    assert layers.from_shape(vertices) is None


def test_a_click_is_a_slip():
    assert layers.is_slip((10, 10, 10.4, 30))
    assert not layers.is_slip((10, 10, 13, 13))


def test_every_status_has_a_colour_and_a_line_of_its_own():
    looks = set()
    for status in Status:
        box = make_box(status)
        shapes = layers.to_shapes([box], 1.0, None)
        marks = layers.to_marks([box])
        colour = tuple(np.round(COLOURS[status], 3))
        looks.add((colour, shapes.widths[0], len(marks.segments)))
    assert len(looks) == len(Status)
    lines = {
        (
            layers.to_shapes([make_box(s)], 1.0, None).widths[0],
            len(layers.to_marks([make_box(s)]).segments),
        )
        for s in Status
    }
    # Without colour, accepted and drawn are both solid: the label's score differs.
    assert len(lines) >= len(Status) - 1


def test_only_the_current_box_is_labelled():
    boxes = [make_box(box_id=1), make_box(Status.DRAWN, box_id=2)]
    assert layers.to_shapes(boxes, 1.0, 1).features["label"] == ["clump 0.50", ""]
    assert layers.to_shapes(boxes, 1.0, 2).features["label"] == ["", "clump"]


def test_no_boxes_make_empty_arrays_of_the_right_shape():
    shapes, marks = layers.to_shapes([], 1.0, None), layers.to_marks([])
    assert shapes.rectangles == []
    assert shapes.colours.shape == (0, 4)
    assert marks.segments.shape == (0, 2, 2)


def test_dashes_lie_on_the_outline():
    marks = layers.to_marks([make_box(corners=(0, 0, 70, 35))])
    ends = np.concatenate([marks.segments[:, 0], marks.segments.sum(axis=1)])
    on_x = np.isclose(ends[:, 1], 0) | np.isclose(ends[:, 1], 70)
    on_y = np.isclose(ends[:, 0], 0) | np.isclose(ends[:, 0], 35)
    assert (on_x | on_y).all()
    assert ends.min() >= -1e-9
    assert ends[:, 1].max() <= 70 + 1e-9


def test_a_place_in_doubt_has_a_frame_of_its_own():
    box = make_box(corners=(10, 10, 30, 30))
    without = layers.to_marks([box], 1.0, None)
    marks = layers.to_marks([box], 1.0, None, [(50.0, 60.0, 70.0, 80.0)])
    added = marks.segments[len(without.segments) :]
    assert len(added)
    ends = np.concatenate([added[:, 0], added.sum(axis=1)])
    assert (np.abs(ends - [70, 60]) <= 20).all()  # (y, x), a bit outside of the place
    assert not (marks.colours[-1] == (1, 1, 1, 1)).all()
