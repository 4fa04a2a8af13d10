"""The Labels layer with the pixels of each clump, which is there while it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .canvas import Canvas

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Labels

SEGMENTS_NAME = "Clump segments"

#: Faint enough that the clumps are seen through it.
_OPACITY = 0.45


class SegmentsLayer:
    """Shows segments above the galaxy and below the boxes.

    Parameters
    ----------
    viewer : napari.Viewer
    canvas : Canvas
        Which is in the viewer.
    """

    def __init__(self, viewer: ViewerModel, canvas: Canvas) -> None:
        self._viewer, self._canvas = viewer, canvas
        self._layer: Labels | None = None

    def show(self, labels: NDArray[np.int32] | None) -> None:
        """Show segments, or take the layer away.

        Parameters
        ----------
        labels : int array of shape (height, width) or None
            The number of a clump from 1; 0 for none.
        """
        layers = self._viewer.layers
        there = self._layer if self._layer in layers else None
        if labels is None:
            if there is not None:
                layers.remove(there)
                self._canvas.activate()
            self._layer = None
        elif there is not None:
            there.data = labels
        else:
            self._layer = self._add(labels)

    def _add(self, labels: NDArray[np.int32]) -> Labels:
        from napari.layers import Labels

        made = Labels(labels, name=SEGMENTS_NAME, opacity=_OPACITY)
        made.editable = False
        layers = self._viewer.layers
        layers.insert(layers.index(self._canvas.image) + 1, made)
        self._canvas.activate()  # napari selects a new layer, and keys go to it
        return made
