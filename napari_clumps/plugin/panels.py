"""The panel that a window shows from the start."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari.viewer import Viewer


def show_panels(viewer: Viewer) -> None:
    """Dock the panel "Clumps", the home of all others, if it is not there yet.

    Parameters
    ----------
    viewer : napari.Viewer
    """
    if not any(key.startswith("Clumps") for key in viewer.window.dock_widgets):
        viewer.window.add_plugin_dock_widget("napari-clumps", "Clumps")
