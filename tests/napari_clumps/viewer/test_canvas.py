"""Picture and boxes belong together whatever a hand does to napari's layers."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.gui


def rows(boxes):
    return sorted(tuple(round(v) for v in box.corners) for box in boxes)


def draw(ui, *corners):
    controller = ui.controller
    for x1, y1, x2, y2 in corners:
        ui.key("D")
        ui.drag((x1, y1), (x2, y2))
        ui.settle(50)
    return [b for b in controller.session.shown.boxes if b.status.value == "drawn"]


def shows(ui):
    """Tell whether the picture on the screen is that of the cutout."""
    controller = ui.controller
    rgb = controller.session.pictures.get(controller.session.cutout.source).rgb
    layer = controller.session.canvas.image
    return layer in ui.viewer.layers and np.array_equal(layer.data, rgb)


@pytest.mark.parametrize("gone", [["boxes"], ["image"], ["marks"], ["image", "boxes"]])
def test_a_deleted_layer_comes_back(ui, gone):
    controller, layers = ui.controller, ui.viewer.layers
    own = [getattr(controller.session.canvas, name) for name in gone]
    said = []
    controller.session.said.connect(said.append)
    first = controller.session.cutout.id
    layers.selection = set(own)
    layers.remove_selected()
    ui.settle(50)
    ours = [layer for layer in layers if controller.session.canvas.owns(layer)]
    canvas = controller.session.canvas
    assert ours == [canvas.image, canvas.marks, canvas.boxes]
    assert any("is restored" in line for line in said)
    assert shows(ui)
    assert len(canvas.boxes.data) == len(controller.session.shown.boxes) == 3
    ui.key("N")
    assert controller.session.cutout.id != first
    assert shows(ui)
    drawn = draw(ui, (70, 70, 90, 90))
    assert rows(drawn) == [(70, 70, 90, 90)]
    assert controller.session.review.boxes(first)
    assert not [b for b in controller.session.review.boxes(first) if b.decided]
    layers.clear()
    ui.settle(50)
    assert shows(ui)
    controller.session.said.disconnect(said.append)


def test_a_layer_that_is_gone_when_another_cutout_is_shown(ui):
    controller = ui.controller
    ui.viewer.layers.remove(controller.session.canvas.image)
    controller.navigator.go_to(2)  # before the window has come to bring it back
    assert controller.session.cutout.id == 2
    assert shows(ui)


def test_a_closed_review_gives_its_layers_free(ui, galaxies):
    controller = ui.controller
    controller.close_review()
    ui.viewer.layers.clear()
    ui.settle(50)
    assert not [x for x in ui.viewer.layers if controller.session.canvas.owns(x)]
    controller.open_paths([galaxies])
    ui.settle(50)
    assert shows(ui)


def test_a_picture_is_not_moved_away_from_its_boxes(ui):
    image = ui.controller.session.canvas.image
    image.mode = "transform"
    assert str(image.mode) == "pan_zoom"


def test_many_deleted_at_once_come_back_by_one_undo(ui):
    from napari.layers.shapes._shapes_key_bindings import delete_selected_shapes

    controller = ui.controller
    ui.key("N")
    boxes = ((20, 20, 35, 45), (50, 20, 65, 45), (80, 20, 95, 45))
    assert rows(draw(ui, *boxes)) == sorted(boxes)
    shapes = controller.session.canvas.boxes
    shapes.selected_data = {0, 1, 2}
    ui.settle()
    delete_selected_shapes(shapes)
    ui.settle(50)
    assert controller.session.shown.boxes == []
    ui.key("Z", control=True)
    assert rows(controller.session.shown.boxes) == sorted(boxes)
    ui.key("Z", control=True)
    assert len(controller.session.shown.boxes) == 2


def test_many_moved_or_pasted_at_once_go_back_by_one_undo(ui):
    controller = ui.controller
    ui.key("N")
    boxes = ((20, 20, 35, 45), (50, 20, 65, 45))
    draw(ui, *boxes)
    shapes = controller.session.canvas.boxes
    shapes.selected_data = {0, 1}
    ui.settle()
    ui.drag((28, 30), (28, 50))
    ui.settle(50)
    assert rows(controller.session.shown.boxes) != sorted(boxes)
    ui.key("Z", control=True)
    assert rows(controller.session.shown.boxes) == sorted(boxes)
    controller.session.canvas.changes.drawn.emit([(5, 5, 15, 15), (100, 100, 120, 120)])
    ui.settle(50)
    assert len(controller.session.shown.boxes) == 4
    ui.key("Z", control=True)
    assert rows(controller.session.shown.boxes) == sorted(boxes)
