"""The current box: what is drawn of it, and how the mouse changes it."""

from __future__ import annotations

import numpy as np
import pytest

from napari_clumps.demo.mouse import canvas_point
from napari_clumps.render.orientation import Orientation, SkyMarks
from napari_clumps.review import Proposal, Status
from napari_clumps.viewer import layers

pytestmark = pytest.mark.gui

#: Two small clumps side by side, of 8 pixels.
SMALL = ((60, 60, 68, 68), (69, 60, 77, 68))


@pytest.fixture
def small(ui):
    """A window with two small proposals on the second galaxy, the first one current."""
    controller = ui.controller
    controller.navigator.go_to(2)
    proposals = [Proposal(*c, "clump", 0.9 - i / 9) for i, c in enumerate(SMALL)]
    controller.take_proposals(2, proposals, "test-model", (160, 160))
    ui.settle(50)
    assert controller.session.shown.current == controller.session.shown.boxes[0].id
    hover(ui, (140, 140))
    return ui


def hover(ui, point) -> None:
    from qtpy.QtTest import QTest

    QTest.mouseMove(ui.canvas, canvas_point(ui.viewer, point))
    ui.settle(100)


def highlight(ui):
    """Return the points and the line that napari draws over the current box."""
    points, _, _, line, _ = (
        ui.controller.session.canvas.boxes._compute_vertices_and_box()
    )
    return np.asarray(points), line


def gap(ui) -> float:
    return layers.FRAME_GAP * ui.controller.session.canvas._unit


def test_the_current_box_is_framed_and_nothing_is_drawn_on_it(small):
    points, line = highlight(small)
    assert len(points) == 0
    assert line is None
    assert small.controller.session.canvas.boxes._outline_shapes() == (None, None)
    starts = small.controller.session.canvas.marks.data[:, 0, ::-1]
    away = np.maximum(60 - starts, starts - 68).max(axis=1)
    framing = np.isclose(away, gap(small), rtol=0.4)
    assert framing.sum() >= 8  # two lines at each corner


def test_handles_come_with_the_mouse_and_stand_outside(small):
    hover(small, (64, 64))
    points, line = highlight(small)
    assert len(points) == 8  # none of them turns the box
    assert line is None
    away = np.maximum(60 - points, points - 68).max(axis=1)
    assert away == pytest.approx(gap(small))
    hover(small, (140, 140))
    assert len(highlight(small)[0]) == 0


def test_a_handle_moves_its_corner_without_a_jump(small):
    off = gap(small)
    hover(small, (64, 64))
    small.drag((68 + off, 68 + off), (74 + off, 75 + off))
    small.settle(50)
    box = small.controller.session.shown.boxes[0]
    assert box.status is Status.EDITED
    assert box.corners == pytest.approx((60, 60, 74, 75), abs=0.6)


def test_a_handle_of_a_side_moves_that_side_only(small):
    small.drag((64, 60 - gap(small)), (66, 52 - gap(small)))
    small.settle(50)
    assert small.controller.session.shown.boxes[0].corners == pytest.approx(
        (60, 52, 68, 68), abs=0.6
    )


def test_a_small_box_is_moved_by_its_middle(small):
    small.drag((64, 64), (94, 84))
    small.settle(50)
    moved = [
        b for b in small.controller.session.shown.boxes if b.status is Status.EDITED
    ]
    assert moved[0].corners == pytest.approx((90, 80, 98, 88), abs=0.6)


def test_handles_are_right_in_a_view_that_is_turned(small):
    camera = small.controller.session.canvas.camera
    camera.show_sky(SkyMarks(orientation=Orientation(True, "down", "left")))
    small.settle(100)
    try:
        off = gap(small)
        small.drag((68 + off, 60 - off), (80 + off, 53 - off))
        small.settle(50)
        corners = small.controller.session.shown.boxes[0].corners
        assert corners == pytest.approx((60, 53, 80, 68), abs=0.6)
    finally:
        camera.show_sky(SkyMarks())


def test_a_click_on_a_handle_over_another_box_chooses_that_box(small):
    small.click((68 + gap(small), 64))
    small.settle(50)
    session = small.controller.session
    assert session.shown.current == session.shown.boxes[1].id


def test_lines_stay_thin_close_up(small):
    small.key("Z")
    small.settle(200)
    canvas = small.controller.session.canvas
    drawn = np.ptp(canvas.boxes._data_view._mesh.vertices, axis=0)[1]
    assert drawn - (SMALL[1][2] - SMALL[0][0]) < 4 / canvas.camera.zoom


def test_what_is_drawn_is_not_hidden_by_handles(small):
    small.key("D")
    seen = []
    layer = small.controller.session.canvas.boxes
    layer.events.highlight.connect(lambda: seen.append(len(highlight(small)[0])))
    small.drag((100, 100), (112, 110))
    assert seen
    assert max(seen[:-1]) == 0
