"""Picture and boxes belong together whatever a hand does to napari's layers."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.gui


def rows(boxes):
    return sorted(tuple(round(v) for v in box.corners) for box in boxes)


def draw(desk, *corners):
    controller = desk.controller
    for x1, y1, x2, y2 in corners:
        desk.key("D")
        desk.drag((x1, y1), (x2, y2))
        desk.settle(50)
    return [b for b in controller.session.boxes if b.status.value == "drawn"]


def shows(desk):
    """Tell whether the picture on the screen is that of the cutout."""
    controller = desk.controller
    rgb = controller.session.pictures.get(controller.session.cutout.source).rgb
    layer = controller.session.canvas.image
    return layer in desk.viewer.layers and np.array_equal(layer.data, rgb)


@pytest.mark.parametrize("gone", [["boxes"], ["image"], ["marks"], ["image", "boxes"]])
def test_a_deleted_layer_comes_back(desk, gone):
    controller, layers = desk.controller, desk.viewer.layers
    own = [getattr(controller.session.canvas, name) for name in gone]
    said = []
    controller.session.said.connect(said.append)
    first = controller.session.cutout.id
    layers.selection = set(own)
    layers.remove_selected()
    desk.settle(50)
    ours = [layer for layer in layers if controller.session.canvas.owns(layer)]
    canvas = controller.session.canvas
    assert ours == [canvas.image, canvas.marks, canvas.boxes]
    assert any("is restored" in line for line in said)
    assert shows(desk)
    assert len(canvas.boxes.data) == len(controller.session.boxes) == 3
    desk.key("N")
    assert controller.session.cutout.id != first
    assert shows(desk)
    drawn = draw(desk, (70, 70, 90, 90))
    assert rows(drawn) == [(70, 70, 90, 90)]
    assert controller.session.review.boxes(first)
    assert not [b for b in controller.session.review.boxes(first) if b.decided]
    layers.clear()
    desk.settle(50)
    assert shows(desk)
    controller.session.said.disconnect(said.append)


def test_a_layer_that_is_gone_when_another_cutout_is_shown(desk):
    controller = desk.controller
    desk.viewer.layers.remove(controller.session.canvas.image)
    controller.navigator.go_to(2)  # before the window has come to bring it back
    assert controller.session.cutout.id == 2
    assert shows(desk)


def test_a_closed_review_gives_its_layers_free(desk, galaxies):
    controller = desk.controller
    controller.close_review()
    desk.viewer.layers.clear()
    desk.settle(50)
    assert not [x for x in desk.viewer.layers if controller.session.canvas.owns(x)]
    controller.open_paths([galaxies])
    desk.settle(50)
    assert shows(desk)


def test_a_picture_is_not_moved_away_from_its_boxes(desk):
    image = desk.controller.session.canvas.image
    image.mode = "transform"
    assert str(image.mode) == "pan_zoom"


def test_many_deleted_at_once_come_back_by_one_undo(desk):
    from napari.layers.shapes._shapes_key_bindings import delete_selected_shapes

    controller = desk.controller
    desk.key("N")
    boxes = ((20, 20, 35, 45), (50, 20, 65, 45), (80, 20, 95, 45))
    assert rows(draw(desk, *boxes)) == sorted(boxes)
    shapes = controller.session.canvas.boxes
    shapes.selected_data = {0, 1, 2}
    desk.settle()
    delete_selected_shapes(shapes)
    desk.settle(50)
    assert controller.session.boxes == []
    desk.key("Z", control=True)
    assert rows(controller.session.boxes) == sorted(boxes)
    desk.key("Z", control=True)
    assert len(controller.session.boxes) == 2


def test_many_moved_or_pasted_at_once_go_back_by_one_undo(desk):
    controller = desk.controller
    desk.key("N")
    boxes = ((20, 20, 35, 45), (50, 20, 65, 45))
    draw(desk, *boxes)
    shapes = controller.session.canvas.boxes
    shapes.selected_data = {0, 1}
    desk.settle()
    desk.drag((28, 30), (28, 50))
    desk.settle(50)
    assert rows(controller.session.boxes) != sorted(boxes)
    desk.key("Z", control=True)
    assert rows(controller.session.boxes) == sorted(boxes)
    controller.session.canvas.changes.drawn.emit([(5, 5, 15, 15), (100, 100, 120, 120)])
    desk.settle(50)
    assert len(controller.session.boxes) == 4
    desk.key("Z", control=True)
    assert rows(controller.session.boxes) == sorted(boxes)
