"""The three napari layers a review is shown on, and what a hand does to them.

One image, one Vectors and one Shapes layer live as long as the window: napari 0.9 can
crash when a painted Shapes layer is removed and another layer added. The canvas shows
boxes and tells what was drawn, moved, removed or selected; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from . import layers
from .review import Box, Status
from .sky import Orientation, Sky, scale_bar

IMAGE_NAME = "Galaxy"
MARKS_NAME = "Marks"
BOXES_NAME = "Clump boxes"

#: Size of the current box's handles, in screen pixels.
_HANDLE = 6

#: Pixels between the current box and its class.
_LABEL_GAP = 2

#: Share of the canvas that the whole galaxy takes, as napari has it.
_MARGIN = 0.95

#: Close up, so many sides of the box have room on the canvas,
_AROUND = 5.0

#: but never fewer pixels: more than that would show none of what is around.
_LEAST_AROUND = 48

#: Screen pixels that the scale bar may take.
_LONGEST_BAR = 140

#: Modes of the Shapes layer in which only boxes can be made and changed.
_SAFE_MODES = {"select", "add_rectangle", "pan_zoom"}


class Canvas:
    """The galaxy and its boxes in a napari viewer.

    Signals
    -------
    drawn(corners), edited(box id, corners), removed(box id), selected(box id or None),
    refused(message)
    """

    drawn = Signal(tuple)
    edited = Signal(int, tuple)
    removed = Signal(int)
    selected = Signal(object)
    refused = Signal(str)

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._boxes: list[Box] = []
        self._shown: list[tuple[int, tuple[float, float, float, float]]] | None = None
        self._size = (0, 0)
        self._widths: list[float] = []
        self._busy = 0
        self._sky = Sky()
        self._words = ""
        self._marks_in_corners: Any = None
        self._own_orientation = Orientation()
        self._near_zoom: float | None = None  # None while the whole galaxy is wanted
        self._near = False
        self.image: Any = None
        self.marks: Any = None
        self.boxes: Any = None

    # -- layers -------------------------------------------------------------

    def build(self) -> None:
        """Add the three layers, once."""
        if self.boxes is not None:
            return
        blank = np.zeros((400, 400, 3), np.uint8)
        viewer = self._viewer
        self.image = viewer.add_image(blank, name=IMAGE_NAME, rgb=True)
        self.marks = viewer.add_vectors(
            np.zeros((0, 2, 2)),
            ndim=2,
            name=MARKS_NAME,
            vector_style="line",
            opacity=1.0,
        )
        self.boxes = viewer.add_shapes(
            None, ndim=2, name=BOXES_NAME, face_color="transparent", opacity=1.0
        )
        # napari's handles, made for large shapes, would hide a clump of 20 pixels.
        self.boxes._vertex_size = _HANDLE
        self._style_text()
        for layer in (self.image, self.marks, self.boxes):
            layer.metadata["napari_clumps"] = True
        self.boxes.events.data.connect(self._on_data)
        self.boxes.events.mode.connect(self._on_mode)
        self.boxes.selected_data.events.items_changed.connect(self._on_selection)
        self.marks.events.visible.connect(self._show_marks)
        self._watch_camera()
        self.activate()
        self._draw_once()

    def _watch_camera(self) -> None:
        """Keep scale bar and compass right, whoever turns the view or zooms."""
        viewer = self._viewer
        self._own_orientation = self.orientation
        camera = viewer.scene.camera
        for signal in (
            camera.events.zoom,
            camera.events.orientation,
            viewer.dims.events.order,
        ):
            signal.connect(self._mark_corners)
        viewer.events.reset_view.connect(self._on_reset_view)
        if getattr(viewer, "window", None) is not None:
            from .widgets.corner_marks import CornerMarks

            native = viewer.window._qt_viewer.canvas.native
            self._marks_in_corners = CornerMarks(native)

    def _draw_once(self) -> None:
        """Draw a box of each kind now: the first ones cost a tenth of a second.

        OpenGL compiles its programs then, which would be felt when proposals come in.
        """
        from qtpy.QtWidgets import QApplication

        kinds = enumerate(Status)
        self.show_boxes(
            [Box(i, 0, 9, 9, 20, 20, "clump", s, "model") for i, s in kinds], 0
        )
        QApplication.processEvents()
        self.show_boxes([], None)

    def _style_text(self) -> None:
        self.boxes.features = feature_table(layers.to_shapes([], 1.0, None).features)
        self.boxes.text = {
            "string": "{label}",
            "color": "white",
            "size": 10,
            "anchor": "upper_left",
            "translation": [-_LABEL_GAP, 0],
        }

    @property
    def is_built(self) -> bool:
        """Whether the layers are in the viewer."""
        return self.boxes is not None

    def owns(self, layer: Any) -> bool:
        """Tell whether a layer is one of the review's own."""
        return layer is not None and layer in (self.image, self.marks, self.boxes)

    def activate(self) -> None:
        """Make the boxes the active layer, ready to be selected and dragged."""
        self._viewer.layers.selection.active = self.boxes
        with self._quiet():
            self.boxes.mode = "select"

    # -- showing ------------------------------------------------------------

    def show_picture(
        self, rgb: NDArray[np.uint8], name: str, sky: Sky | None = None
    ) -> None:
        """Show a cutout's picture, uint8 of shape (height, width, 3), whole."""
        self._size = (rgb.shape[1], rgb.shape[0])
        self.image.data = rgb
        self.image.metadata["cutout"] = name
        self.marks.edge_width = layers.line_unit(*self._size)
        self._shown = None
        self.show_sky(sky or Sky())
        if self._near:
            self._near_zoom, self._near = self._viewer.scene.camera.zoom, False
        self._show_whole()

    def change_picture(self, rgb: NDArray[np.uint8]) -> None:
        """Show the same cutout in another look; the view stays where it is."""
        self.image.data = rgb

    def show_sky(self, sky: Sky) -> None:
        """Turn the view, and show what is known of scale and directions."""
        self._sky = sky
        self._turn(sky.orientation or self._own_orientation)
        self._mark_corners()

    def show_words(self, words: str) -> None:
        """Show a line in a corner of the canvas, or none."""
        self._words = words
        self._mark_corners()

    def _mark_corners(self) -> None:
        if self._marks_in_corners is None:
            return
        sky, turned = self._sky, self.orientation
        zoom = self._viewer.scene.camera.zoom
        self._marks_in_corners.show_marks(
            scale_bar(sky.scale, zoom, _LONGEST_BAR) if sky.scale else None,
            turned.on_screen(sky.compass.north) if sky.compass else None,
            turned.on_screen(sky.compass.east) if sky.compass else None,
            self._words,
        )

    def show_boxes(self, boxes: Sequence[Box], current: int | None) -> None:
        """Show boxes, one of them as the current one."""
        self._boxes = list(boxes)
        data = layers.to_shapes(boxes, layers.line_unit(*self._size), current)
        geometry = [(b.id, b.corners) for b in boxes]
        index = next((i for i, b in enumerate(boxes) if b.id == current), None)
        with self._quiet(), self.boxes.block_thumbnail_update():
            if geometry != self._shown:
                self._replace_shapes(data)
                self._shown = geometry
            elif boxes:
                self.boxes.edge_color = data.colours
                for i, width in enumerate(data.widths):
                    if width != self._widths[i]:  # each makes a mesh anew
                        self.boxes._data_view.update_edge_width(i, width)
            self._widths = data.widths
            # napari keeps the old rows when the data change: set them every time.
            self.boxes.features = feature_table(data.features)
            self._reset_defaults()
            self._place_label(None if index is None else boxes[index])
            self.boxes.selected_data = set() if index is None else {index}
        self._show_marks()

    def _replace_shapes(self, data: layers.ShapesData) -> None:
        """Put other rectangles on the layer, their looks in the same stroke."""
        if len(self.boxes.data):
            self.boxes.data = []
        if data.rectangles:
            self.boxes.add(
                data.rectangles,
                shape_type="rectangle",
                edge_width=data.widths,
                edge_color=data.colours,
                face_color="transparent",
            )

    def _reset_defaults(self) -> None:
        """Keep a drawn shape from copying the last row, a model's score included."""
        self.boxes.feature_defaults = {
            "box": [-1],
            "class": [""],
            "score": [np.nan],
            "status": [""],
            "label": [""],
        }

    def _show_marks(self) -> None:
        if not self.marks.visible:  # napari 0.9 cannot colour what it does not show
            return
        marks = layers.to_marks(self._boxes)
        self.marks.data = marks.segments
        if len(marks.segments):
            self.marks.edge_color = marks.colours

    @property
    def visible(self) -> bool:
        """Whether the boxes are shown."""
        return self.boxes is None or bool(self.boxes.visible)

    @visible.setter
    def visible(self, visible: bool) -> None:
        self.boxes.visible = visible
        self.marks.visible = visible

    @property
    def drawing(self) -> bool:
        """Whether the next drag draws a box."""
        return self.boxes is not None and self.boxes.mode == "add_rectangle"

    @drawing.setter
    def drawing(self, drawing: bool) -> None:
        self._viewer.layers.selection.active = self.boxes
        self.boxes.mode = "add_rectangle" if drawing else "select"

    # -- where one looks from -------------------------------------------------

    @property
    def orientation(self) -> Orientation:
        """How the array is turned on the screen."""
        rows, columns = self._viewer.dims.displayed[-2:]
        vertical, horizontal = self._viewer.scene.camera.orientation2d
        return Orientation(rows > columns, str(vertical), str(horizontal))

    def _turn(self, wanted: Orientation) -> None:
        """Look at the array from another side; pixels keep their coordinates."""
        now = self.orientation
        if wanted.transposed != now.transposed:
            *others, rows, columns = self._viewer.dims.order
            self._viewer.dims.order = (*others, columns, rows)
        if (wanted.vertical, wanted.horizontal) != (now.vertical, now.horizontal):
            self._viewer.scene.camera.orientation2d = (
                wanted.vertical,
                wanted.horizontal,
            )

    def _place_label(self, box: Box | None) -> None:
        """Keep the current box's class above its upper left corner on the screen.

        napari writes it from the corner of least row and column, up and to the right,
        whichever corner of the screen's that is.
        """
        turned = self.orientation
        x1, y1, x2, y2 = box.corners if box is not None else (0, 0, 0, 0)
        height, width = y2 - y1, x2 - x1
        if turned.transposed:
            height, width = width, height
        down = -_LABEL_GAP if turned.vertical == "down" else height + _LABEL_GAP
        right = 0 if turned.horizontal == "right" else width
        shift = np.array([right, down] if turned.transposed else [down, right])
        if not np.array_equal(self.boxes.text.translation, shift):
            self.boxes.text.translation = shift

    def on_screen(self, point: tuple[float, float]) -> tuple[float, float]:
        """Return where a pixel (x, y) of the image is, right and down on the canvas."""
        camera, (height, width) = self._viewer.scene.camera, self._viewer.canvas.size
        turned = self.orientation
        down, across = camera.center[-2:]
        middle = (down, across) if turned.transposed else (across, down)
        right, below = turned.on_screen((point[0] - middle[0], point[1] - middle[1]))
        return right * camera.zoom + width / 2, below * camera.zoom + height / 2

    def mouse(self) -> tuple[float, float] | None:
        """Return the pixel (x, y) at the mouse, or None beside the image."""
        row, column = self._viewer.cursor.position[-2:]
        width, height = self._size
        inside = -0.5 <= column < width - 0.5 and -0.5 <= row < height - 0.5
        return (float(column), float(row)) if inside else None

    def look_again(self, box: Box | None) -> None:
        """Show what was shown, after the view was turned: a box close up, or all."""
        if self._near and box is not None:
            self.bring_into_view(box)
        else:
            self._show_whole()

    @property
    def close_up(self) -> bool:
        """Whether boxes are looked at close up rather than the whole galaxy."""
        return self._near_zoom is not None

    def zoom_to_galaxy(self) -> None:
        """Show the whole galaxy, and go on doing so."""
        self._near_zoom, self._near = None, False
        self._show_whole()

    def _show_whole(self) -> None:
        """Show all of the image, whatever other layers there are, with some margin.

        napari 0.9 cannot fit one layer while another one has more dimensions.
        """
        width, height = self._size
        across, down = (height, width) if self.orientation.transposed else self._size
        high, wide = self._viewer.canvas.size
        self._viewer.scene.camera.zoom = _MARGIN * min(high / down, wide / across)
        self._centre_on((width - 1) / 2, (height - 1) / 2)

    def _centre_on(self, x: float, y: float) -> None:
        turned = self.orientation
        middle = (x, y) if turned.transposed else (y, x)
        self._viewer.scene.camera.center = (0.0, *middle)

    def zoom_to_box(self, box: Box) -> None:
        """Show a box close up, and those that follow it as close."""
        x1, y1, x2, y2 = box.corners
        around = max(_AROUND * max(x2 - x1, y2 - y1), _LEAST_AROUND)
        around = min(around, max(self._size))
        self._near_zoom, self._near = min(self._viewer.canvas.size) / around, False
        self.bring_into_view(box)

    def bring_into_view(self, box: Box) -> None:
        """Move the camera to a box that is out of sight, or to any when close up."""
        camera = self._viewer.scene.camera
        if self._near_zoom is not None and not self._near:
            camera.zoom, self._near = self._near_zoom, True
        if self._near or not self._sees(box):
            x1, y1, x2, y2 = box.corners
            self._centre_on((x1 + x2) / 2, (y1 + y2) / 2)

    def _sees(self, box: Box) -> bool:
        """Tell whether the whole of a box is on the canvas."""
        x1, y1, x2, y2 = box.corners
        corners = np.array([self.on_screen((x1, y1)), self.on_screen((x2, y2))])
        height, width = self._viewer.canvas.size
        return bool((corners >= 0).all() and (corners <= (width, height)).all())

    def _on_reset_view(self) -> None:
        """Leave the close-up where a person asked napari for the whole view."""
        self._near_zoom, self._near = None, False

    # -- what a hand did ----------------------------------------------------

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        """Do things to the layers that no hand did."""
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1

    def _on_mode(self) -> None:
        """Leave modes that make or bend other shapes than boxes."""
        if not self._busy and str(self.boxes.mode) not in _SAFE_MODES:
            with self._quiet():
                self.boxes.mode = "select"

    def _on_selection(self) -> None:
        if self._busy or self.boxes._is_creating:
            return
        chosen = [i for i in self.boxes.selected_data if i < len(self._boxes)]
        self.selected.emit(self._boxes[chosen[-1]].id if chosen else None)

    def _on_data(self, event: Any) -> None:
        """Tell what was drawn, moved or removed; the review answers with `show_boxes`.

        napari's own handler is still running and will touch the layer again, so the
        answer is shown by `later`, while the decision is on disk at once.
        """
        action = str(getattr(event.action, "value", event.action))
        if self._busy or action not in ("added", "changed", "removed"):
            return
        self._shown = None
        if action == "added":
            self._tell_drawn()
        elif action == "removed":
            self._tell_removed(event.data_indices)
        else:
            self._tell_moved(event.data_indices)

    def _tell_drawn(self) -> None:
        for vertices in self.boxes.data[len(self._boxes) :]:
            corners = layers.from_shape(vertices)
            if corners is None:
                self.refused.emit("A box is drawn by a drag from corner to corner.")
            elif layers.is_slip(corners):
                self.refused.emit("That was a click: drag from corner to corner.")
            else:
                self.drawn.emit(corners)

    def _tell_moved(self, indices: Sequence[int]) -> None:
        for index in sorted(i for i in indices if i < len(self._boxes)):
            corners = layers.from_shape(self.boxes.data[index])
            if corners is None:
                self.refused.emit("A box cannot be turned: its sides stay level.")
            elif layers.is_slip(corners):
                self.refused.emit("That box would have no area.")
            else:
                self.edited.emit(self._boxes[index].id, corners)

    def _tell_removed(self, indices: Sequence[int]) -> None:
        for box in [self._boxes[i] for i in indices if i < len(self._boxes)]:
            self.removed.emit(box.id)


def feature_table(features: dict[str, list[Any]]) -> Any:
    """Return features as a data frame whose columns keep their types when empty."""
    import pandas as pd

    kinds = {"box": "int64", "score": "float64"}
    return pd.DataFrame(
        {k: pd.Series(v, dtype=kinds.get(k, "object")) for k, v in features.items()}
    )
