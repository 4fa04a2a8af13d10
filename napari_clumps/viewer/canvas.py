"""The three napari layers that show a review.

One image, one Vectors and one Shapes layer live as long as the window: napari 0.9 can
crash when a painted Shapes layer is removed and another layer added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_clumps.render.box_style import line_unit
from napari_clumps.render.orientation import SkyMarks
from napari_clumps.review import Box, Corners, Status

from . import layers
from .box_changes import BoxChanges
from .camera import Camera
from .handles import Handles
from .label_position import label_shift
from .napari_private import is_dragging
from .review_layers import ReviewLayers, replace_shapes, restyle_shapes
from .status_help import HelpLine

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image, Layer, Shapes, Vectors

#: Greatest width of a thin line in screen pixels, at any zoom,
_THIN = 2.5

#: and the factor of the zoom from which on lines are drawn again.
_TOO_FAR_OFF = 1.25

#: Far from any image, in pixels.
_ELSEWHERE = -9000.0


class Canvas:
    """The galaxy and its boxes in a napari viewer.

    Parameters
    ----------
    viewer : napari.Viewer

    Attributes
    ----------
    camera : Camera
    own : ReviewLayers
        Its three layers, and which of them the user deletes.
    changes : BoxChanges
        What the user does to the boxes with the mouse.
    places : sequence of (float, float, float, float)
        Corners of places to mark, such as one whose label is in doubt.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self.camera = Camera(viewer)
        self.own = ReviewLayers(viewer)
        self.changes = BoxChanges()
        self.changes.touched.connect(self._on_touched)
        self._boxes: list[Box] = []
        self._shown: list[tuple[int, tuple[float, float, float, float]]] | None = None
        self._size = (0, 0)
        self._current: int | None = None
        self.places: Sequence[Corners] = ()
        self._votes: Mapping[int, str] = {}
        self._unit = 1.0
        self._widths: list[float] = []
        self._colours = np.zeros((0, 4))

    # -- layers -------------------------------------------------------------

    @property
    def image(self) -> Image:
        """The layer of the picture."""
        return self.own.image

    @property
    def marks(self) -> Vectors:
        """The layer of the marks over the boxes' outlines."""
        return self.own.marks

    @property
    def boxes(self) -> Shapes:
        """The layer of the boxes."""
        return self.own.boxes

    def build(self) -> None:
        """Add the three layers once; later add those that the user has deleted."""
        if self.is_built:
            self._put_back()
            return
        self.own.add()
        self.changes.watch(self.own)
        self.marks.events.visible.connect(self._show_marks)
        gap = lambda: layers.FRAME_GAP * self._unit  # noqa: E731
        self._handles = Handles(self.boxes, gap)
        self._help = HelpLine(self._viewer, self.boxes)
        self.camera.watch()
        self.camera.zoomed.connect(self._on_zoom)
        self.activate()
        self._draw_once()

    def _put_back(self) -> None:
        with self.changes.kept_quiet():
            restored = self.own.put_back()
        if restored:
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
        return self.own.added

    def owns(self, layer: Layer | None) -> bool:
        """Return whether a layer is one of the review's own."""
        return layer in self.own.all

    def activate(self) -> None:
        """Make the boxes the active layer, ready to be selected and dragged."""
        self._viewer.layers.selection.active = self.boxes
        with self.changes.kept_quiet():
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
        with self.changes.kept_quiet():
            self.camera.show_image(self._size, sky or SkyMarks())
        self._unit = self._line_unit()
        self.marks.edge_width = self._unit

    def change_picture(self, rgb: NDArray[np.uint8]) -> None:
        """Show the same cutout in another rendering; the view stays."""
        self.image.data = rgb

    def show_boxes(
        self,
        boxes: Sequence[Box],
        current: int | None,
        votes: Mapping[int, str] = MappingProxyType({}),
    ) -> None:
        """Show boxes, one of them as the current one.

        Parameters
        ----------
        boxes : sequence of Box
        current : int or None
            Id of the current box.
        votes : mapping of int to str
            Of the heads of an ensemble, by the boxes' ids.
        """
        self._boxes, self._current, self._votes = list(boxes), current, votes
        self.changes.expect(boxes)
        data = layers.to_shapes(boxes, self._unit, current, self._current_votes)
        geometry = [(b.id, b.corners) for b in boxes]
        index = next((i for i, b in enumerate(boxes) if b.id == current), None)
        with self.changes.kept_quiet(), self.boxes.block_thumbnail_update():
            if geometry != self._shown:
                replace_shapes(self.boxes, data)
                self._shown = geometry
            elif boxes:
                restyle_shapes(self.boxes, data, self._widths, self._colours)
            self._widths, self._colours = data.widths, data.colours
            self._place_label()
            self.boxes.selected_data = set() if index is None else {index}
        self._show_marks()

    def _on_touched(self) -> None:
        self._shown = None

    def _line_unit(self) -> float:
        """Return the width of a thin line in the image's pixels."""
        return min(line_unit(*self._size), _THIN / self.camera.zoom)

    def _on_zoom(self) -> None:
        """Keep lines thin in close-up, where they would hide the clump."""
        unit = self._line_unit()
        if self.changes.quiet or is_dragging(self.boxes) or self._shown is None:
            return
        if not 1 / _TOO_FAR_OFF < unit / self._unit < _TOO_FAR_OFF:
            self._unit = unit
            self.marks.edge_width = unit
            self.show_boxes(self._boxes, self._current, self._votes)
            self._handles.redraw()
        else:
            with self.changes.kept_quiet():
                self._place_label()

    def _show_marks(self) -> None:
        if not self.marks.visible:  # napari 0.9 cannot colour what it does not show
            return
        marks = layers.to_marks(self._boxes, self._unit, self._current, self.places)
        self.marks.data = marks.segments
        if len(marks.segments):
            self.marks.edge_color = marks.colours

    @property
    def _current_votes(self) -> str:
        return "" if self._current is None else self._votes.get(self._current, "")

    def _place_label(self) -> None:
        """Move the current box's label to where it hides the fewest other boxes."""
        box = next((b for b in self._boxes if b.id == self._current), None)
        if box is None:
            return
        turned, zoom = self.camera.orientation, self.camera.zoom
        votes = self._current_votes
        shift = np.array(label_shift(box, self._boxes, turned, self._unit, zoom, votes))
        if not np.array_equal(self.boxes.text.translation, shift):
            self.boxes.text.translation = shift

    @property
    def visible(self) -> bool:
        """Whether the boxes are shown."""
        return not self.is_built or bool(self.boxes.visible)

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
        return self.is_built and self.boxes.mode == "add_rectangle"

    @drawing.setter
    def drawing(self, drawing: bool) -> None:
        self._viewer.layers.selection.active = self.boxes
        self.boxes.mode = "add_rectangle" if drawing else "select"
