"""The handles of the current box: outside of it, and only near the mouse.

napari 0.9 draws its handles on the box, and one more for rotation; they hide a clump of
a few pixels and rotate boxes that must stay aligned. The drawing and the picking of
handles are replaced here; moving and resizing are napari's.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

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

    def __init__(self, layer: Any, gap: Callable[[], float]) -> None:
        self._layer, self._gap = layer, gap
        self.near = False
        self._napari_highlight = layer._compute_vertices_and_box
        self._napari_outline = layer._outline_shapes
        self._napari_value = layer._get_value
        layer._compute_vertices_and_box = self._highlight
        layer._outline_shapes = self._outline
        layer._get_value = self._value
        modes = dict(layer._drag_modes)
        self._napari_drag = modes[self._select]
        layer._drag_modes = {**modes, self._select: self._drag}
        layer.mouse_move_callbacks.append(self._on_move)

    def redraw(self) -> None:
        """Draw the highlight of the current box again."""
        self._layer._set_highlight(force=True)

    @property
    def _select(self) -> Any:
        return self._layer._modeclass.SELECT

    def _box(self) -> NDArray[np.float64] | None:
        """Return the corners and middles of the current box's sides, or None."""
        box = self._layer._selected_box
        shown = self._layer._mode == self._select and self._layer._selected_data_in_view
        return None if box is None or not shown else np.asarray(box)

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

    def _highlight(self) -> tuple[Any, str, Any, Any, float]:
        """Return napari's vertices, face and edge colours, line and its width."""
        layer, box = self._layer, self._box()
        if box is None or not layer._highlight_visible:
            vertices, face, edge, line, width = self._napari_highlight()
            if str(layer.mode) == "add_rectangle":
                vertices = np.empty(
                    (0, 2)
                )  # they would hide the clump that is drawn around
            return vertices, face, edge, line, width
        colour = layer._highlight_color
        held = layer._value is not None and layer._value[1] is not None
        positions = self.positions() if self.near and not layer._is_moving else None
        vertices = np.empty((0, 2)) if positions is None else positions[:, ::-1]
        line = box[[0, 2, 4, 6, 0]][:, ::-1] if layer._is_moving else None
        return vertices, colour if held else "white", colour, line, 1.0

    def _outline(self) -> tuple[Any, Any]:
        """Return the outline of the box at the mouse, unless it is the current one."""
        layer = self._layer
        if layer._mode != self._select:
            return self._napari_outline()  # type: ignore[no-any-return]
        at = None if layer._value is None else layer._value[0]
        others = set(layer._view_indices.tolist()) - set(layer._selected_data_in_view)
        if not layer._highlight_visible or at not in others:
            return None, None
        centres, offsets, triangles = layer._data_view.outline(at)
        width = layer._normalized_scale_factor * layer._highlight_width
        return (centres + width * offsets)[:, ::-1], triangles

    # -- mouse ------------------------------------------------------------------

    def _displayed(self, position: Any) -> NDArray[np.float64]:
        """Return a point of the layer in its displayed axes."""
        axes = self._layer._slice_input.displayed
        return np.array([position[i] for i in axes], dtype=np.float64)

    def _on_move(self, layer: Any, event: Any) -> None:
        """Show the handles when the mouse is near."""
        positions = self.positions()
        near = False
        if positions is not None:
            reach = 2 * _REACH * layer._normalized_scale_factor
            point = self._displayed(layer.world_to_data(event.position))
            low, high = positions.min(axis=0) - reach, positions.max(axis=0) + reach
            near = bool(((point >= low) & (point <= high)).all())
        if near != self.near:
            self.near = near
            self.redraw()

    def _value(self, position: Any) -> tuple[int | None, int | None]:
        """Return the box and the handle at a point, as napari's layer does."""
        layer, box = self._layer, self._box()
        if box is None or layer._slice_input.ndisplay == 3:
            return self._napari_value(position)  # type: ignore[no-any-return]
        if layer._is_moving:
            return layer._moving_value  # type: ignore[no-any-return]
        point = self._displayed(position)
        held = self._held(point, box)
        if held is not None:
            return layer._selected_data_in_view[0], held
        return layer._data_view.inside(point), None

    def _held(self, point: NDArray[np.float64], box: NDArray[np.float64]) -> int | None:
        """Return the number of the handle at a point, or of the corner itself."""
        scale = self._layer._normalized_scale_factor
        positions = self.positions()
        assert positions is not None
        corner = np.minimum(_CORNER * scale, _CORNER_SHARE * np.ptp(box[_HELD], axis=0))
        for there, reach in ((positions, _REACH * scale), (box[_HELD], corner)):
            found = np.flatnonzero((abs(there - point) <= reach).all(axis=1))
            if len(found):
                return int(found[-1])
        return None

    def _drag(self, layer: Any, event: Any) -> Generator[None, None, None]:
        """Move or resize as napari does, without a jump when a handle is picked."""
        held = _Held(event)
        steps = self._napari_drag(layer, held)
        next(steps)
        vertex = layer._moving_value[1]
        pressed = self._displayed(layer.world_to_data(event.position))
        if vertex is not None:
            held.off = np.zeros(len(event.position))
            first = len(event.position) - layer.ndim
            axes = [first + axis for axis in layer._slice_input.displayed]
            held.off[axes] = pressed - layer._selected_box[vertex]
        yield
        moved = False
        for _ in steps:
            moved = moved or layer._is_moving
            yield
        # A click on a handle selects the box below it, if there is one.
        under = layer._data_view.inside(pressed)
        if vertex is not None and not moved and under is not None:
            layer.selected_data = {under}


class _Held:
    """A mouse event with the position of the corner that it moves."""

    def __init__(self, event: Any) -> None:
        self._event = event
        self.off: NDArray[np.float64] | None = None

    @property
    def position(self) -> tuple[float, ...]:
        """Position of the corner, in world coordinates."""
        position = tuple(float(v) for v in self._event.position)
        return position if self.off is None else tuple(np.subtract(position, self.off))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._event, name)
