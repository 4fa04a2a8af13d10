"""The three napari layers that show a review, and the user's changes to them.

One image, one Vectors and one Shapes layer live as long as the window: napari 0.9 can
crash when a painted Shapes layer is removed and another layer added. The canvas shows
boxes and reports which were drawn, moved, removed or selected; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_clumps.render.box_style import line_unit
from napari_clumps.render.orientation import SkyMarks
from napari_clumps.review import Box, Status

from . import layers
from .camera import Camera
from .handles import Handles
from .label_position import label_shift
from .napari_private import is_dragging, is_drawing, main_window
from .review_layers import add_layers, put_back, replace_shapes, restyle_shapes
from .status_help import HelpLine

#: Greatest width of a thin line in screen pixels, at any zoom,
_THIN = 2.5

#: and the factor of the zoom from which on lines are drawn again.
_TOO_FAR_OFF = 1.25

#: Far from any image, in pixels.
_ELSEWHERE = -9000.0

#: Modes of the Shapes layer in which only boxes can be made and changed.
_SAFE_MODES = {"select", "add_rectangle", "pan_zoom"}


class Canvas:
    """The galaxy and its boxes in a napari viewer.

    Signals
    -------
    drawn(list of corners), edited(corners by box id), removed(list of box ids): the
    result of one mouse action. selected(box id or None), refused(message), lost(names
    of layers that the user has deleted)
    """

    drawn = Signal(list)
    edited = Signal(dict)
    removed = Signal(list)
    selected = Signal(object)
    refused = Signal(str)
    lost = Signal(list)

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self.camera = Camera(viewer)
        self._boxes: list[Box] = []
        self._shown: list[tuple[int, tuple[float, float, float, float]]] | None = None
        self._size = (0, 0)
        self._current: int | None = None
        self._unit = 1.0
        self._widths: list[float] = []
        self._colours = np.zeros((0, 4))
        self._busy = 0
        self.image: Any = None
        self.marks: Any = None
        self.boxes: Any = None

    # -- layers -------------------------------------------------------------

    def build(self) -> None:
        """Add the three layers once; later add those that the user has deleted."""
        if self.boxes is not None:
            self._put_back()
            return
        viewer = self._viewer
        self.image, self.marks, self.boxes = add_layers(viewer)
        self.boxes.events.data.connect(self._on_data)
        self.boxes.events.mode.connect(self._on_mode)
        self.boxes.selected_data.events.items_changed.connect(self._on_selection)
        self.marks.events.visible.connect(self._show_marks)
        gap = lambda: layers.FRAME_GAP * self._unit  # noqa: E731
        self._handles = Handles(self.boxes, gap)
        self._help = HelpLine(viewer, self.boxes)
        self.camera.watch()
        self.camera.zoomed.connect(self._on_zoom)
        self._viewer.layers.events.removed.connect(self._on_lost)
        self.image.events.mode.connect(self._on_other_mode)
        self.marks.events.mode.connect(self._on_other_mode)
        self.activate()
        self._draw_once()

    def _on_lost(self, event: Any) -> None:
        """Report a deleted layer, once napari has finished with it."""
        from qtpy.QtCore import QTimer

        if self.owns(event.value):
            QTimer.singleShot(0, self._report_lost)

    def _report_lost(self) -> None:
        names = [layer.name for layer in self._missing()]
        if names and main_window(self._viewer) is not None:
            self.lost.emit(names)

    def _missing(self) -> list[Any]:
        """Return the own layers that are not in the viewer, the lowest first."""
        own = (self.image, self.marks, self.boxes)
        return [layer for layer in own if layer not in self._viewer.layers]

    def _put_back(self) -> None:
        """Put deleted layers back, the picture below the boxes."""
        missing = self._missing()
        if not missing:
            return
        with self._quiet():
            put_back(self._viewer.layers, missing, (self.image, self.marks, self.boxes))
        self._shown = None
        self.activate()

    def _draw_once(self) -> None:
        """Draw a box of each kind now: the first ones cost a tenth of a second.

        OpenGL compiles its programs then, which would delay the first proposals.
        """
        from qtpy.QtWidgets import QApplication

        corners = (_ELSEWHERE, _ELSEWHERE, _ELSEWHERE + 9, _ELSEWHERE + 9)
        kinds = enumerate(Status)
        self.show_boxes([Box(i, 0, *corners, "clump", s, "model") for i, s in kinds], 0)
        QApplication.processEvents()
        self.show_boxes([], None)

    @property
    def is_built(self) -> bool:
        """Whether the layers are in the viewer."""
        return self.boxes is not None

    def owns(self, layer: Any) -> bool:
        """Return whether a layer is one of the review's own."""
        return layer is not None and layer in (self.image, self.marks, self.boxes)

    def activate(self) -> None:
        """Make the boxes the active layer, ready to be selected and dragged."""
        self._viewer.layers.selection.active = self.boxes
        with self._quiet():
            self.boxes.mode = "select"

    # -- showing ------------------------------------------------------------

    def show_picture(
        self, rgb: NDArray[np.uint8], name: str, sky: SkyMarks | None = None
    ) -> None:
        """Show a cutout's whole picture.

        Parameters
        ----------
        rgb : uint8 array of shape (height, width, 3)
        name : str
            Of the cutout.
        sky : SkyMarks, optional
        """
        self._size = (rgb.shape[1], rgb.shape[0])
        self.image.data = rgb
        self.image.metadata["cutout"] = name
        self._shown = None
        with self._quiet():
            self.camera.show_image(self._size, sky or SkyMarks())
        self._unit = self._line_unit()
        self.marks.edge_width = self._unit

    def change_picture(self, rgb: NDArray[np.uint8]) -> None:
        """Show the same cutout in another rendering; the view stays."""
        self.image.data = rgb

    def show_boxes(self, boxes: Sequence[Box], current: int | None) -> None:
        """Show boxes, one of them as the current one.

        Parameters
        ----------
        boxes : sequence of Box
        current : int or None
            Id of the current box.
        """
        self._boxes, self._current = list(boxes), current
        data = layers.to_shapes(boxes, self._unit, current)
        geometry = [(b.id, b.corners) for b in boxes]
        index = next((i for i, b in enumerate(boxes) if b.id == current), None)
        with self._quiet(), self.boxes.block_thumbnail_update():
            if geometry != self._shown:
                replace_shapes(self.boxes, data)
                self._shown = geometry
            elif boxes:
                restyle_shapes(self.boxes, data, self._widths, self._colours)
            self._widths, self._colours = data.widths, data.colours
            self._place_label()
            self.boxes.selected_data = set() if index is None else {index}
        self._show_marks()

    def _line_unit(self) -> float:
        """Return the width of a thin line in the image's pixels."""
        return min(line_unit(*self._size), _THIN / self.camera.zoom)

    def _on_zoom(self) -> None:
        """Keep lines thin in close-up, where they would hide the clump."""
        unit = self._line_unit()
        if self._busy or is_dragging(self.boxes) or self._shown is None:
            return
        if not 1 / _TOO_FAR_OFF < unit / self._unit < _TOO_FAR_OFF:
            self._unit = unit
            self.marks.edge_width = unit
            self.show_boxes(self._boxes, self._current)
            self._handles.redraw()
        else:
            with self._quiet():
                self._place_label()

    def _show_marks(self) -> None:
        if not self.marks.visible:  # napari 0.9 cannot colour what it does not show
            return
        marks = layers.to_marks(self._boxes, self._unit, self._current)
        self.marks.data = marks.segments
        if len(marks.segments):
            self.marks.edge_color = marks.colours

    def _place_label(self) -> None:
        """Move the current box's label to where it hides the fewest other boxes."""
        box = next((b for b in self._boxes if b.id == self._current), None)
        if box is None:
            return
        turned, zoom = self.camera.orientation, self.camera.zoom
        shift = np.array(label_shift(box, self._boxes, turned, self._unit, zoom))
        if not np.array_equal(self.boxes.text.translation, shift):
            self.boxes.text.translation = shift

    @property
    def visible(self) -> bool:
        """Whether the boxes are shown."""
        return self.boxes is None or bool(self.boxes.visible)

    @visible.setter
    def visible(self, visible: bool) -> None:
        # When a layer is shown, napari restores the mode it had when it was hidden.
        if visible and not self.boxes.visible:
            self.boxes.visible = True
            self.drawing = False
        elif self.boxes.visible and not visible:
            self.drawing = False
            self.boxes.visible = False
        self.marks.visible = visible

    @property
    def drawing(self) -> bool:
        """Whether the next drag draws a box."""
        return self.boxes is not None and self.boxes.mode == "add_rectangle"

    @drawing.setter
    def drawing(self, drawing: bool) -> None:
        self._viewer.layers.selection.active = self.boxes
        self.boxes.mode = "add_rectangle" if drawing else "select"

    # -- changes by the user ------------------------------------------------

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        """Change the layers without reporting it as a change by the user."""
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1

    def _on_other_mode(self) -> None:
        """Leave the mode that moves or turns the picture relative to its boxes."""
        for layer in (self.image, self.marks):
            if str(layer.mode) == "transform":
                layer.mode = "pan_zoom"

    def _on_mode(self) -> None:
        """Leave modes that make or edit shapes other than boxes."""
        if not self._busy and str(self.boxes.mode) not in _SAFE_MODES:
            with self._quiet():
                self.boxes.mode = "select"

    def _on_selection(self) -> None:
        if self._busy or is_drawing(self.boxes):
            return
        chosen = [i for i in self.boxes.selected_data if i < len(self._boxes)]
        self.selected.emit(self._boxes[chosen[-1]].id if chosen else None)

    def _on_data(self, event: Any) -> None:
        """Report what was drawn, moved or removed; the session calls `show_boxes` then.

        napari's own handler is still running and will change the layer again, so the
        session refreshes it later, while the decision is on disk at once.
        """
        action = str(getattr(event.action, "value", event.action))
        if self._busy or action not in ("added", "changed", "removed"):
            return
        self._shown = None
        if action == "added":
            self._report_drawn()
        elif action == "removed":
            self._report_removed(event.data_indices)
        else:
            self._report_moved(event.data_indices)

    def _report_drawn(self) -> None:
        drawn = []
        for vertices in self.boxes.data[len(self._boxes) :]:
            corners = layers.from_shape(vertices)
            if corners is None:
                self.refused.emit("A box is drawn by a drag from corner to corner.")
            elif layers.is_slip(corners):
                self.refused.emit("That was a click: drag from corner to corner.")
            else:
                drawn.append(corners)
        if drawn:
            self.drawn.emit(drawn)

    def _report_moved(self, indices: Sequence[int]) -> None:
        moved = {}
        for index in sorted(i for i in indices if i < len(self._boxes)):
            corners = layers.from_shape(self.boxes.data[index])
            if corners is None:
                self.refused.emit("Boxes cannot be rotated.")
            elif layers.is_slip(corners):
                self.refused.emit("That box would have no area.")
            else:
                moved[self._boxes[index].id] = corners
        if moved:
            self.edited.emit(moved)

    def _report_removed(self, indices: Sequence[int]) -> None:
        missing = [self._boxes[i].id for i in indices if i < len(self._boxes)]
        if missing:
            self.removed.emit(missing)
