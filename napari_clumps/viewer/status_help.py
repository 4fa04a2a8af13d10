"""Help on shortcuts in napari's status bar while the boxes are the active layer.

napari lists its own keys there, such as R for rectangles, which do other things in a
review.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_clumps.settings.shortcuts import BOOK

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Shapes

#: The first keys that a user needs, and a word for each.
_FIRST = {
    "accept": "accept",
    "reject": "reject",
    "draw": "draw",
    "accept_rest": "accept the rest",
    "undo": "undo",
    "show_keys": "all keys",
}


def help_text(*, drawing: bool) -> str:
    """Return the line of help, with the keys that the user has chosen."""
    if drawing:
        return f"drag from corner to corner, or end drawing with {BOOK.key('draw')}"
    # Not as napari writes keys: Qt would read <A> as a link.
    words = ", ".join(f"{BOOK.key(key)} {word}" for key, word in _FIRST.items())
    return f"{words}; drag a box to move it, its handles to resize it"


class HelpLine:
    """Keeps this help on the layer of boxes, whatever napari writes there.

    Parameters
    ----------
    viewer : napari.Viewer
    layer : napari.layers.Shapes
        Lives as long as the viewer.
    """

    def __init__(self, viewer: ViewerModel, layer: Shapes) -> None:
        self._viewer, self._layer = viewer, layer
        layer.events.help.connect(self._write)
        BOOK.changed.connect(self._write)
        self._write()

    def _write(self) -> None:
        drawing = str(self._layer.mode) == "add_rectangle"
        # napari emits changes only, so this does not loop.
        self._layer.help = help_text(drawing=drawing)
        if self._viewer.layers.selection.active is self._layer:
            self._viewer.help = self._layer.help
