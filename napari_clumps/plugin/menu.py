"""Entries of napari's menus that start something."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari.viewer import Viewer


def detect_clumps(viewer: Viewer) -> None:
    """Open the widget "Detect clumps" and start: the entry of the Layers menu."""
    from .window import controller_of

    viewer.window.add_plugin_dock_widget("napari-clumps", "Detect clumps", tabify=True)
    controller_of(viewer).detection.start()
