"""The user's changes to the layer of boxes, each reported once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_clumps.review import Box

from . import layers
from .napari_private import is_drawing
from .review_layers import ReviewLayers

if TYPE_CHECKING:
    from napari.layers import Shapes
    from napari.utils.events import Event

#: Modes of the Shapes layer in which only boxes can be made and changed.
_SAFE_MODES = {"select", "add_rectangle", "pan_zoom"}


class BoxChanges:
    """Reports what the user does to the boxes with the mouse; it decides nothing.

    Signals
    -------
    drawn(list of corners), edited(corners by box id), removed(list of box ids): the
    result of one mouse action. selected(box id or None), refused(message).
    touched(): the layer is not as it was shown; emitted before drawn, edited, removed
    and refused.
    """

    drawn = Signal(list)
    edited = Signal(dict)
    removed = Signal(list)
    selected = Signal(object)
    refused = Signal(str)
    touched = Signal()

    _layer: Shapes

    def __init__(self) -> None:
        self._own: ReviewLayers | None = None
        self._boxes: list[Box] = []
        self._quiet = 0

    def watch(self, own: ReviewLayers) -> None:
        """Report changes of the review's layers, which were just added."""
        self._own, self._layer = own, own.boxes
        own.boxes.events.data.connect(self._on_data)
        own.boxes.events.mode.connect(self._on_mode)
        own.boxes.selected_data.events.items_changed.connect(self._on_selection)
        own.image.events.mode.connect(self._on_other_mode)
        own.marks.events.mode.connect(self._on_other_mode)

    def expect(self, boxes: Sequence[Box]) -> None:
        """Take the boxes that the layer shows from now on, in its order."""
        self._boxes = list(boxes)

    @property
    def quiet(self) -> bool:
        """Whether changes are not reported now."""
        return self._quiet > 0

    @contextmanager
    def kept_quiet(self) -> Iterator[None]:
        """Change the layers without reporting it as a change by the user."""
        self._quiet += 1
        try:
            yield
        finally:
            self._quiet -= 1

    # -- modes and selection ------------------------------------------------

    def _on_other_mode(self) -> None:
        """Leave the mode that moves or turns the picture relative to its boxes."""
        if self._own is None:
            return
        for layer in (self._own.image, self._own.marks):
            if str(layer.mode) == "transform":
                layer.mode = "pan_zoom"

    def _on_mode(self) -> None:
        """Leave modes that make or edit shapes other than boxes."""
        if not self._quiet and str(self._layer.mode) not in _SAFE_MODES:
            with self.kept_quiet():
                self._layer.mode = "select"

    def _on_selection(self) -> None:
        if self._quiet or is_drawing(self._layer):
            return
        chosen = [i for i in self._layer.selected_data if i < len(self._boxes)]
        self.selected.emit(self._boxes[chosen[-1]].id if chosen else None)

    # -- boxes --------------------------------------------------------------

    def _on_data(self, event: Event) -> None:
        """Report what was drawn, moved or removed; the session shows boxes again then.

        napari's own handler is still running and will change the layer again, so the
        session refreshes it later, while the decision is on disk at once.
        """
        action = str(getattr(event.action, "value", event.action))
        if self._quiet or action not in ("added", "changed", "removed"):
            return
        self.touched.emit()
        if action == "added":
            self._report_drawn()
        elif action == "removed":
            self._report_removed(event.data_indices)
        else:
            self._report_moved(event.data_indices)

    def _report_drawn(self) -> None:
        drawn = []
        for vertices in self._layer.data[len(self._boxes) :]:
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
            corners = layers.from_shape(self._layer.data[index])
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
