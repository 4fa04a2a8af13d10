"""Adding the layers of a review to a viewer, and updating its Shapes layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import layers
from .napari_private import (
    set_edge_colours,
    set_edge_width,
    set_handle_size,
    skip_thumbnail,
)

IMAGE_NAME = "Galaxy"
MARKS_NAME = "Marks"
BOXES_NAME = "Clump boxes"

#: Size of the current box's handles, in screen pixels.
_HANDLE = 6


def add_layers(viewer: Any) -> tuple[Any, Any, Any]:
    """Add an Image, a Vectors and a Shapes layer to a viewer, and return them."""
    blank = np.zeros((400, 400, 3), np.uint8)
    image = viewer.add_image(blank, name=IMAGE_NAME, rgb=True)
    marks = viewer.add_vectors(
        np.zeros((0, 2, 2)), ndim=2, name=MARKS_NAME, vector_style="line", opacity=1.0
    )
    boxes = viewer.add_shapes(
        None, ndim=2, name=BOXES_NAME, face_color="transparent", opacity=1.0
    )
    skip_thumbnail(marks)  # it takes longer than drawing the dashes
    set_handle_size(boxes, _HANDLE)
    boxes.features = layers.feature_table(layers.to_shapes([], 1.0, None).features)
    boxes.text = {
        "string": "{label}",
        "color": "white",
        "size": 10,
        "anchor": "upper_left",
        "translation": [0, 0],
    }
    for layer in (image, marks, boxes):
        layer.metadata["napari_clumps"] = True
    return image, marks, boxes


def put_back(shown: Any, missing: Sequence[Any], own: Sequence[Any]) -> None:
    """Add deleted layers again, and move all layers of the review to the top.

    Parameters
    ----------
    shown : napari.components.LayerList
    missing : sequence of layers
        Those that were deleted.
    own : sequence of layers
        All layers of the review, the lowest first.
    """
    for layer in missing:
        shown.append(layer)
    for layer in own:
        shown.move(shown.index(layer), len(shown))


def replace_shapes(boxes: Any, data: layers.ShapesData) -> None:
    """Replace the rectangles of a Shapes layer, with their colours and widths.

    Parameters
    ----------
    boxes : napari.layers.Shapes
    data : ShapesData
    """
    if len(boxes.data):
        boxes.data = []
    if data.rectangles:
        boxes.add(
            data.rectangles,
            shape_type="rectangle",
            edge_width=data.widths,
            edge_color=data.colours,
            face_color="transparent",
        )
    # napari keeps the old rows when the data change.
    boxes.features = layers.feature_table(data.features)
    # A drawn shape would copy the last row, a model's score included.
    boxes.feature_defaults = {
        "box": [-1],
        "class": [""],
        "score": [np.nan],
        "status": [""],
        "label": [""],
    }


def restyle_shapes(
    boxes: Any,
    data: layers.ShapesData,
    widths: Sequence[float],
    colours: NDArray[np.float64],
) -> None:
    """Change only the differing styles of the same rectangles, which is faster.

    Parameters
    ----------
    boxes : napari.layers.Shapes
    data : ShapesData
        With the rectangles of the layer.
    widths : sequence of float
        Current line widths.
    colours : array of shape (n, 4)
        Current line colours.
    """
    wider = [i for i, width in enumerate(data.widths) if width != widths[i]]
    for i in wider:  # each makes a new mesh
        set_edge_width(boxes, i, data.widths[i])
    if wider:
        boxes.events.edge_width()
    changed = np.flatnonzero((data.colours != colours).any(axis=1))
    if len(changed):
        set_edge_colours(boxes, changed, data.colours[changed])
        boxes.events.edge_color()
    rows = boxes.features
    for name, values in data.features.items():
        if name != "score" and rows[name].tolist() != values:
            rows[name] = values
    boxes.refresh_text()
    boxes.events.features()
