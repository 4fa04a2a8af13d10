"""The layers of a review in a viewer, and updating its Shapes layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from . import layers
from .napari_private import (
    find_window,
    set_edge_colours,
    set_edge_width,
    set_handle_size,
    skip_thumbnail,
)

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image, Layer, Shapes, Vectors
    from napari.utils.events import Event

IMAGE_NAME = "Galaxy"
MARKS_NAME = "Marks"
BOXES_NAME = "Clump boxes"

#: Size of the current box's handles, in screen pixels.
_HANDLE = 6


def add_layers(viewer: ViewerModel) -> tuple[Image, Vectors, Shapes]:
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


class ReviewLayers:
    """The layers of a review in a viewer, which may be deleted and put back.

    Parameters
    ----------
    viewer : napari.Viewer

    Attributes
    ----------
    image, marks, boxes : layers
        Picture, marks over the outlines, and boxes; there once they are added.
    added : bool

    Signals
    -------
    lost(names of layers): the user has deleted them.
    """

    lost = Signal(list)

    image: Image
    marks: Vectors
    boxes: Shapes

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self.added = False

    def add(self) -> None:
        """Add them to the viewer."""
        self.image, self.marks, self.boxes = add_layers(self._viewer)
        self.added = True
        self._viewer.layers.events.removed.connect(self._on_removed)

    @property
    def all(self) -> tuple[Layer, ...]:
        """All of them, the lowest first; none before they are added."""
        return (self.image, self.marks, self.boxes) if self.added else ()

    def _missing(self) -> list[Layer]:
        """Return those that are not in the viewer, the lowest first."""
        return [layer for layer in self.all if layer not in self._viewer.layers]

    def _on_removed(self, event: Event) -> None:
        """Report a deleted layer, once napari has finished with it."""
        from qtpy.QtCore import QTimer

        if event.value in self.all:
            QTimer.singleShot(0, self._report_lost)

    def _report_lost(self) -> None:
        names = [layer.name for layer in self._missing()]
        if names and find_window(self._viewer) is not None:
            self.lost.emit(names)

    def put_back(self) -> bool:
        """Put deleted layers back; return whether there were any.

        All of them are moved to the top then, the picture below the boxes.
        """
        missing, shown = self._missing(), self._viewer.layers
        for layer in missing:
            shown.append(layer)
        if missing:
            for layer in self.all:
                shown.move(shown.index(layer), len(shown))
        return bool(missing)


def replace_shapes(boxes: Shapes, data: layers.ShapesData) -> None:
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
    boxes: Shapes,
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
