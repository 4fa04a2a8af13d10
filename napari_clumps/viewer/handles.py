"""The handles of the current box: outside of it, and only near the mouse.

napari 0.9 draws its handles on the box, and one more for rotation; they hide a clump of
a few pixels and rotate boxes that must stay aligned. The drawing and the picking of
handles are replaced here; moving and resizing are napari's.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .napari_private import Highlight, Outline, ShapesInternals

if TYPE_CHECKING:
    from napari.layers import Shapes
    from napari.utils.events import Event

#: Greatest distance from a handle's centre at which it is picked, in screen pixels,
_REACH = 5.0

#: or from a corner of the box itself, but never more than this share of the side.
_CORNER, _CORNER_SHARE = 3.0, 0.25

#: Rows of napari's interaction box: handles and centre, without the rotation handle.
_HELD, _MIDDLE = slice(0, 8), 8


class Handles:
    """Replaces the handles of a Shapes layer.

    Parameters
    ----------
    layer : napari.layers.Shapes
        Of rectangles, in two dimensions.
    gap : callable
        Returns the distance of the handles from the box, in pixels of the image.

    Attributes
    ----------
    near : bool
        Whether the mouse is near the current box, so that they are shown.
    """

    def __init__(self, layer: Shapes, gap: Callable[[], float]) -> None:
        self._layer, self._gap = layer, gap
        self.near = False
        self._private = ShapesInternals(layer)
        self._private.replace(self._highlight, self._outline, self._value, self._drag)
        layer.mouse_move_callbacks.append(self._on_move)

    def redraw(self) -> None:
        """Draw the highlight of the current box again."""
        self._private.redraw()

    def _box(self) -> NDArray[np.float64] | None:
        """Return the corners and middles of the current box's sides, or None."""
        private = self._private
        return private.interaction_box if private.selects and private.selected else None

    def positions(self) -> NDArray[np.float64] | None:
        """Return the positions of the eight handles, in the layer's displayed axes."""
        box = self._box()
        if box is None:
            return None
        half = np.maximum(np.ptp(box[_HELD], axis=0) / 2, 1e-9)
        outwards = np.round((box[_HELD] - box[_MIDDLE]) / half)
        positions: NDArray[np.float64] = box[_HELD] + self._gap() * outwards
        return positions

    # -- drawing ----------------------------------------------------------------

    def _highlight(self) -> Highlight:
        """Return napari's vertices, face and edge colours, line and its width."""
        private, box = self._private, self._box()
        if box is None or not private.highlight_visible:
            vertices, face, edge, line, width = private.napari_highlight()
            if str(self._layer.mode) == "add_rectangle":
                vertices = np.empty(
                    (0, 2)
                )  # they would hide the clump that is drawn around
            return vertices, face, edge, line, width
        colour = private.highlight_colour
        held = private.at_mouse[1] is not None
        positions = self.positions() if self.near and not private.is_moving else None
        vertices = np.empty((0, 2)) if positions is None else positions[:, ::-1]
        line = box[[0, 2, 4, 6, 0]][:, ::-1] if private.is_moving else None
        return vertices, colour if held else "white", colour, line, 1.0

    def _outline(self) -> Outline:
        """Return the outline of the box at the mouse, unless it is the current one."""
        private = self._private
        if not private.selects:
            return private.napari_outline()  # type: ignore[no-any-return]
        at = private.at_mouse[0]
        if not private.highlight_visible or at not in private.unselected:
            return None, None
        centres, offsets, triangles = private.outline_of(at)
        return (centres + private.highlight_width * offsets)[:, ::-1], triangles

    # -- mouse ------------------------------------------------------------------

    def _displayed(self, position: Sequence[float]) -> NDArray[np.float64]:
        """Return a point of the layer in its displayed axes."""
        axes = self._private.displayed_axes
        return np.array([position[i] for i in axes], dtype=np.float64)

    def _on_move(self, layer: Shapes, event: Event) -> None:
        """Show the handles when the mouse is near."""
        positions = self.positions()
        near = False
        if positions is not None:
            reach = 2 * _REACH * self._private.pixel
            point = self._displayed(layer.world_to_data(event.position))
            low, high = positions.min(axis=0) - reach, positions.max(axis=0) + reach
            near = bool(((point >= low) & (point <= high)).all())
        if near != self.near:
            self.near = near
            self.redraw()

    def _value(self, position: Sequence[float]) -> tuple[int | None, int | None]:
        """Return the box and the handle at a point, as napari's layer does."""
        private, box = self._private, self._box()
        if box is None or private.is_3d:
            return private.napari_value(position)  # type: ignore[no-any-return]
        if private.is_moving:
            return private.moving
        point = self._displayed(position)
        held = self._held(point, box)
        if held is not None:
            return private.selected[0], held
        return private.shape_at(point), None

    def _held(self, point: NDArray[np.float64], box: NDArray[np.float64]) -> int | None:
        """Return the number of the handle at a point, or of the corner itself."""
        scale = self._private.pixel
        positions = self.positions()
        assert positions is not None
        corner = np.minimum(_CORNER * scale, _CORNER_SHARE * np.ptp(box[_HELD], axis=0))
        for there, reach in ((positions, _REACH * scale), (box[_HELD], corner)):
            found = np.flatnonzero((abs(there - point) <= reach).all(axis=1))
            if len(found):
                return int(found[-1])
        return None

    def _drag(self, layer: Shapes, event: Event) -> Generator[None, None, None]:
        """Move or resize as napari does, without a jump when a handle is picked."""
        private, held = self._private, _Held(event)
        steps = private.napari_drag(layer, held)
        next(steps)
        vertex = private.moving[1]
        pressed = self._displayed(layer.world_to_data(event.position))
        if vertex is not None:
            held.off = np.zeros(len(event.position))
            first = len(event.position) - layer.ndim
            axes = [first + axis for axis in private.displayed_axes]
            box = private.interaction_box
            assert box is not None
            held.off[axes] = pressed - box[vertex]
        yield
        moved = False
        for _ in steps:
            moved = moved or private.is_moving
            yield
        # A click on a handle selects the box below it, if there is one.
        under = private.shape_at(pressed)
        if vertex is not None and not moved and under is not None:
            layer.selected_data = {under}


class _Held:
    """A mouse event with the position of the corner that it moves."""

    def __init__(self, event: Event) -> None:
        self._event = event
        self.off: NDArray[np.float64] | None = None

    @property
    def position(self) -> tuple[float, ...]:
        """Position of the corner, in world coordinates."""
        position = tuple(float(v) for v in self._event.position)
        return position if self.off is None else tuple(np.subtract(position, self.off))

    def __getattr__(self, name: str) -> object:
        return getattr(self._event, name)
