"""All private members of napari that the plugin uses, each behind one function.

napari may change them in any release. Each function says why there is no public way.
They were written for napari 0.9.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Shapes, Vectors
    from napari.layers.shapes._shapes_constants import Mode
    from napari.utils.events import Event
    from napari.viewer import Viewer
    from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

# -- the window ---------------------------------------------------------------


def find_window(viewer: ViewerModel) -> QMainWindow | None:
    """Return the QMainWindow of a viewer, or None if it has none or is closed.

    The public `Window` can add dock widgets, but gives no access to the size of the
    window, to the tabs of its dock widgets, or to the widgets inside.
    """
    return getattr(getattr(viewer, "window", None), "_qt_window", None)


def main_window(viewer: Viewer) -> QMainWindow:
    """Return the QMainWindow of a viewer; the viewer must have a window."""
    return viewer.window._qt_window


def canvas_widget(viewer: Viewer) -> QWidget:
    """Return the widget of the canvas; the viewer must have a window.

    Overlays drawn by Qt need a parent widget, and the keyboard focus goes to it.
    """
    return viewer.window._qt_viewer.canvas.native


def layer_list_widget(viewer: Viewer) -> QWidget:
    """Return the widget with the list of layers; the viewer must have a window.

    Shortcuts must work while it has the keyboard focus.
    """
    return viewer.window._qt_viewer.layers


def layer_controls_dock(viewer: Viewer) -> QDockWidget:
    """Return the dock widget of the layer controls; the viewer must have a window.

    The public `Window` gives access to dock widgets of plugins only.
    """
    return viewer.window._qt_viewer.dockLayerControls


# -- layers -------------------------------------------------------------------


def skip_thumbnail(vectors: Vectors) -> None:
    """Draw no thumbnail of a Vectors layer.

    `block_thumbnail_update` is for a block of code, not for the life of a layer.
    """
    vectors._max_vectors_thumbnail = 0


def set_handle_size(shapes: Shapes, size: float) -> None:
    """Set the size of the handles of a Shapes layer.

    It is a constant of napari without a public setter.

    Parameters
    ----------
    shapes : napari.layers.Shapes
    size : float
        In screen pixels.
    """
    shapes._vertex_size = size


def is_drawing(shapes: Shapes) -> bool:
    """Return whether a shape is being drawn with the mouse.

    napari emits selections meanwhile that the user did not make.
    """
    return bool(shapes._is_creating)


def is_dragging(shapes: Shapes) -> bool:
    """Return whether a shape is being drawn, moved or resized with the mouse.

    Changing the data of the layer meanwhile would end that.
    """
    return bool(shapes._is_creating or shapes._is_moving)


def set_edge_width(shapes: Shapes, index: int, width: float) -> None:
    """Set the line width of one shape.

    The public `edge_width` sets all shapes and makes the mesh of each again.

    Parameters
    ----------
    shapes : napari.layers.Shapes
    index : int
        Of the shape.
    width : float
        In data pixels.
    """
    shapes._data_view.update_edge_width(index, width)


def set_edge_colours(
    shapes: Shapes,
    indices: Sequence[int] | NDArray[np.intp],
    colours: NDArray[np.float64],
) -> None:
    """Set the line colours of some shapes.

    The public `edge_color` sets all shapes and makes the mesh of each again.

    Parameters
    ----------
    shapes : napari.layers.Shapes
    indices : sequence of int
        Of the shapes.
    colours : array of shape (n, 4)
    """
    shapes._data_view.update_edge_colors(indices, colours)


# -- handles of a Shapes layer --------------------------------------------------

Points = NDArray[np.float64]

#: A colour as napari takes it.
Colour = str | NDArray[np.float64]

#: Vertices, their face and edge colour, a line or none, and its width.
Highlight = tuple[Points, Colour, Colour, Points | None, float]

#: Vertices and triangles of an outline, or None twice.
Outline = tuple[Points | None, NDArray[np.uint32] | None]


class ShapesInternals:
    """The highlight and the mouse handling of a Shapes layer.

    There is no public way to replace the handles, or to know which one is picked.

    Parameters
    ----------
    layer : napari.layers.Shapes
        Of rectangles, in two dimensions.

    Attributes
    ----------
    napari_highlight, napari_outline, napari_value, napari_drag : callable
        The methods that `replace` has replaced.
    """

    def __init__(self, layer: Shapes) -> None:
        self.layer = layer

    def replace(
        self,
        highlight: Callable[[], Highlight],
        outline: Callable[[], Outline],
        value: Callable[[Sequence[float]], tuple[int | None, int | None]],
        drag: Callable[[Shapes, Event], Generator[None, None, None]],
    ) -> None:
        """Replace methods of the layer; napari's own ones become attributes.

        Parameters
        ----------
        highlight : callable
            Returns vertices, face and edge colour, line and its width.
        outline : callable
            Returns vertices and triangles of the outline of the shape at the mouse.
        value : callable
            Returns the shape and the handle at a position.
        drag : callable
            The mouse drag callback in the mode "select".
        """
        layer = self.layer
        self.napari_highlight = layer._compute_vertices_and_box
        self.napari_outline = layer._outline_shapes
        self.napari_value = layer._get_value
        self.napari_drag = layer._drag_modes[self._select]
        layer._compute_vertices_and_box = highlight
        layer._outline_shapes = outline
        layer._get_value = value
        layer._drag_modes = {**layer._drag_modes, self._select: drag}

    @property
    def _select(self) -> Mode:
        return self.layer._modeclass.SELECT

    @property
    def selects(self) -> bool:
        """Whether the layer is in the mode "select"."""
        return bool(self.layer._mode == self._select)

    @property
    def interaction_box(self) -> NDArray[np.float64] | None:
        """Handles, centre and rotation handle around the selected shapes, or None."""
        box = self.layer._selected_box
        return None if box is None else np.asarray(box)

    @property
    def selected(self) -> list[int]:
        """Indices of the selected shapes in the displayed slice."""
        return list(self.layer._selected_data_in_view)

    @property
    def unselected(self) -> set[int]:
        """Indices of the other shapes in the displayed slice."""
        return set(self.layer._view_indices.tolist()) - set(self.selected)

    @property
    def at_mouse(self) -> tuple[int | None, int | None]:
        """The shape and the handle at the mouse."""
        value = self.layer._value
        return (None, None) if value is None else value

    @property
    def is_moving(self) -> bool:
        """Whether a shape is being moved or resized."""
        return bool(self.layer._is_moving)

    @property
    def moving(self) -> tuple[int | None, int | None]:
        """The shape and the handle that are being moved."""
        shape, handle = self.layer._moving_value
        return shape, handle

    @property
    def highlight_visible(self) -> bool:
        """Whether napari shows the highlight at all."""
        return bool(self.layer._highlight_visible)

    @property
    def highlight_colour(self) -> Colour:
        """Colour of the highlight."""
        colour: Colour = self.layer._highlight_color
        return colour

    @property
    def highlight_width(self) -> float:
        """Width of the highlight in data pixels."""
        return float(self.pixel * self.layer._highlight_width)

    @property
    def pixel(self) -> float:
        """Data pixels per screen pixel."""
        return float(self.layer._normalized_scale_factor)

    @property
    def displayed_axes(self) -> list[int]:
        """The axes of the layer that are displayed."""
        return list(self.layer._slice_input.displayed)

    @property
    def is_3d(self) -> bool:
        """Whether the viewer displays three dimensions."""
        return bool(self.layer._slice_input.ndisplay == 3)

    def shape_at(self, point: NDArray[np.float64]) -> int | None:
        """Return the index of the topmost shape at a point of the displayed axes."""
        index: int | None = self.layer._data_view.inside(point)
        return index

    def outline_of(self, index: int) -> tuple[Points, Points, NDArray[np.uint32]]:
        """Return centres, offsets and triangles of the outline of a shape."""
        centres, offsets, triangles = self.layer._data_view.outline(index)
        return centres, offsets, triangles

    def redraw(self) -> None:
        """Draw the highlight again."""
        self.layer._set_highlight(force=True)
