"""The panels that a window shows from the start."""

from __future__ import annotations

from typing import Any


def show_panels(viewer: Any) -> None:
    """Dock the three widgets once, Review in front."""
    shown = viewer.window.dock_widgets
    first = None
    for name in ("Review clumps", "Detect clumps", "Retrain from corrections"):
        if any(key.startswith(name) for key in shown):
            continue
        dock, _ = viewer.window.add_plugin_dock_widget(
            "napari-clumps", name, tabify=first is not None
        )
        first = first or dock
    if first is not None:
        from qtpy.QtCore import QTimer

        QTimer.singleShot(0, first.raise_)  # once the docks have been laid out
