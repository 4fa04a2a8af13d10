"""A widget over the canvas whose marks are on the image, and follow the camera."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from qtpy.compat import isalive
from qtpy.QtWidgets import QWidget

from napari_clumps.viewer.camera import Camera
from napari_clumps.viewer.napari_private import canvas_widget, find_window

from .base import CanvasOverlay

if TYPE_CHECKING:
    from napari.components import ViewerModel


class CameraOverlay(CanvasOverlay):
    """What is drawn over a napari canvas where something is on the image.

    Parameters
    ----------
    canvas : QWidget
    viewer : napari.Viewer
    camera : Camera
        Gives the position of a pixel on the canvas.
    """

    #: Of the widget.
    name = ""

    def __init__(self, canvas: QWidget, viewer: ViewerModel, camera: Camera) -> None:
        super().__init__(canvas, self.name)
        self._viewer, self._camera = viewer, camera
        scene = viewer.scene.camera.events
        for signal in (
            scene.center, scene.zoom, scene.orientation, viewer.dims.events.order,
        ):  # fmt: skip
            signal.connect(self._follow)
        self.hide()

    @classmethod
    def over(cls, viewer: ViewerModel, camera: Camera) -> Self | None:
        """Return the one over a viewer's canvas; None where it has no window.

        Parameters
        ----------
        viewer : napari.Viewer
        camera : Camera
        """
        if find_window(viewer) is None:
            return None
        canvas = canvas_widget(viewer)
        return canvas.findChild(cls) or cls(canvas, viewer, camera)

    def _follow(self) -> None:
        if isalive(self) and self.isVisible():
            self.update()
