"""Orientation and zoom of the displayed galaxy, and the marks in the corners.

Pixels keep their coordinates; only the viewer's camera moves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal

from napari_clumps.render.orientation import Orientation, SkyMarks, scale_bar
from napari_clumps.review import Box

from .napari_private import canvas_widget, find_window

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from .overlays.corners import CornerMarks

#: In close-up the canvas shows this many side lengths of the box,
_AROUND = 5.0

#: but never fewer pixels than this, so that the surroundings stay visible.
_LEAST_AROUND = 48

#: Longest scale bar, in screen pixels.
_LONGEST_BAR = 140

#: Share of the canvas that the whole galaxy fills, as in napari.
_MARGIN = 0.95


class Camera:
    """The camera of a napari viewer, and the marks in the corners of its canvas.

    Parameters
    ----------
    viewer : napari.Viewer

    Signals
    -------
    zoomed(): the zoom has changed.
    """

    zoomed = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._size = (1, 1)
        self._sky = SkyMarks()
        self._words = ""
        self._marks_in_corners: CornerMarks | None = None
        self._own_orientation = Orientation()
        self._near_zoom: float | None = None  # None while the whole galaxy is shown
        self._near = False
        self._fitted: tuple[float, ...] = ()

    def watch(self) -> None:
        """Keep scale bar and compass up to date when the view turns or zooms."""
        viewer = self._viewer
        self._own_orientation = self.orientation
        camera = viewer.scene.camera
        for signal in (
            camera.events.zoom,
            camera.events.orientation,
            viewer.dims.events.order,
        ):
            signal.connect(self._mark_corners)
        camera.events.zoom.connect(self._on_zoom)
        viewer.canvas.events.size.connect(self._on_resize)
        viewer.events.reset_view.connect(self._on_reset_view)
        if find_window(viewer) is not None:
            from .overlays.corners import CornerMarks

            self._marks_in_corners = CornerMarks(canvas_widget(viewer))

    def show_image(self, size: tuple[int, int], sky: SkyMarks) -> None:
        """Show the whole of another image.

        In close-up the next box that is brought into view is shown close up again.

        Parameters
        ----------
        size : (int, int)
            Width and height in pixels.
        sky : SkyMarks
        """
        self._size = size
        self.show_sky(sky)
        if self._near:
            self._near_zoom, self._near = self.zoom, False
        self._show_whole()

    def show_sky(self, sky: SkyMarks) -> None:
        """Turn the view, and show scale bar and compass where they are known."""
        self._sky = sky
        self._turn(sky.orientation or self._own_orientation)
        self._mark_corners()

    def show_words(self, words: str) -> None:
        """Show a line in a corner of the canvas, or none."""
        self._words = words
        self._mark_corners()

    @property
    def zoom(self) -> float:
        """Screen pixels per pixel of the image."""
        return float(self._viewer.scene.camera.zoom)

    def _on_zoom(self) -> None:
        self.zoomed.emit()

    def _on_resize(self) -> None:
        """Fit the galaxy to a resized canvas, unless the user chose the view."""
        if self._fitted and self._fitted == self._view():
            self._show_whole()

    def _view(self) -> tuple[float, ...]:
        camera = self._viewer.scene.camera
        return (float(camera.zoom), *(float(v) for v in camera.center))

    def _mark_corners(self) -> None:
        if self._marks_in_corners is None:
            return
        sky, turned = self._sky, self.orientation
        zoom = self.zoom
        self._marks_in_corners.show_marks(
            scale_bar(sky.scale, zoom, _LONGEST_BAR) if sky.scale else None,
            turned.on_screen(sky.compass.north) if sky.compass else None,
            turned.on_screen(sky.compass.east) if sky.compass else None,
            self._words,
        )

    @property
    def orientation(self) -> Orientation:
        """How the array is turned on the screen."""
        rows, columns = self._viewer.dims.displayed[-2:]
        vertical, horizontal = self._viewer.scene.camera.orientation2d
        return Orientation(rows > columns, str(vertical), str(horizontal))

    def _turn(self, wanted: Orientation) -> None:
        """Turn the view; pixels keep their coordinates."""
        now = self.orientation
        if wanted.transposed != now.transposed:
            *others, rows, columns = self._viewer.dims.order
            self._viewer.dims.order = (*others, columns, rows)
        if (wanted.vertical, wanted.horizontal) != (now.vertical, now.horizontal):
            self._viewer.scene.camera.orientation2d = (
                wanted.vertical,
                wanted.horizontal,
            )

    def on_screen(self, point: tuple[float, float]) -> tuple[float, float]:
        """Return the position (right, down) on the canvas of a pixel (x, y)."""
        camera, (height, width) = self._viewer.scene.camera, self._viewer.canvas.size
        turned = self.orientation
        down, across = camera.center[-2:]
        middle = (down, across) if turned.transposed else (across, down)
        right, below = turned.on_screen((point[0] - middle[0], point[1] - middle[1]))
        return right * camera.zoom + width / 2, below * camera.zoom + height / 2

    def mouse(self) -> tuple[float, float] | None:
        """Return the pixel (x, y) at the cursor, or None outside the image."""
        row, column = self._viewer.cursor.position[-2:]
        width, height = self._size
        inside = -0.5 <= column < width - 0.5 and -0.5 <= row < height - 0.5
        return (float(column), float(row)) if inside else None

    def show_again(self, box: Box | None) -> None:
        """Restore the view after it was turned: a box close up, or the whole galaxy."""
        if self._near and box is not None:
            self.bring_into_view(box)
        else:
            self._show_whole()

    @property
    def close_up(self) -> bool:
        """Whether boxes are shown close up rather than the whole galaxy."""
        return self._near_zoom is not None

    def zoom_to_galaxy(self) -> None:
        """Show the whole galaxy, also of the next cutouts."""
        self._near_zoom, self._near = None, False
        self._show_whole()

    def _show_whole(self) -> None:
        """Show the whole image with a margin, whatever other layers there are.

        napari 0.9 cannot fit one layer while another one has more dimensions.
        """
        width, height = self._size
        across, down = (height, width) if self.orientation.transposed else self._size
        high, wide = self._viewer.canvas.size
        self._viewer.scene.camera.zoom = _MARGIN * min(high / down, wide / across)
        self._centre_on((width - 1) / 2, (height - 1) / 2)
        self._fitted = self._view()

    def _centre_on(self, x: float, y: float) -> None:
        turned = self.orientation
        middle = (x, y) if turned.transposed else (y, x)
        self._viewer.scene.camera.center = (0.0, *middle)

    def zoom_to_box(self, box: Box) -> None:
        """Show a box close up, and the following ones at the same zoom."""
        x1, y1, x2, y2 = box.corners
        around = max(_AROUND * max(x2 - x1, y2 - y1), _LEAST_AROUND)
        around = min(around, max(self._size))
        self._near_zoom, self._near = min(self._viewer.canvas.size) / around, False
        self.bring_into_view(box)

    def bring_into_view(self, box: Box) -> None:
        """Move the camera to a box outside the view, or in close-up to any box."""
        camera = self._viewer.scene.camera
        if self._near_zoom is not None and not self._near:
            camera.zoom, self._near = self._near_zoom, True
        if self._near or not self._sees(box):
            x1, y1, x2, y2 = box.corners
            self._centre_on((x1 + x2) / 2, (y1 + y2) / 2)

    def _sees(self, box: Box) -> bool:
        """Return whether the whole box is on the canvas."""
        x1, y1, x2, y2 = box.corners
        corners = np.array([self.on_screen((x1, y1)), self.on_screen((x2, y2))])
        height, width = self._viewer.canvas.size
        return bool((corners >= 0).all() and (corners <= (width, height)).all())

    def _on_reset_view(self) -> None:
        """Leave the close-up when the user resets the view in napari."""
        self._near_zoom, self._near = None, False
