"""Entries of napari's menus that start something."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari.viewer import Viewer


def detect_clumps(viewer: Viewer) -> None:
    """Open the widget "Detect clumps" and start: the entry of the Layers menu.

    Parameters
    ----------
    viewer : napari.Viewer
    """
    from napari_clumps.viewer.napari_private import main_window
    from napari_clumps.widgets.base.docks import bring_forward

    from .panels import show_panels
    from .window import controller_of

    show_panels(viewer)
    bring_forward(main_window(viewer), "detect_panel")
    controller_of(viewer).detection.start()
