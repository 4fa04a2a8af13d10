"""Labels layers with the pixels of clumps and other sources, while they are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .canvas import Canvas

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Labels

SEGMENTS_NAME = "Clump segments"
SOURCES_NAME = "Other sources"

#: Faint enough that the clumps are seen through it.
_OPACITY = 0.45


class SegmentsLayer:
    """Shows segments above the galaxy and below the boxes.

    Parameters
    ----------
    viewer : napari.Viewer
    canvas : Canvas
        Which is in the viewer.
    name : str
        Of the layer.
    colours : mapping of str to str, optional
        Of each kind of segment; without them each segment has a colour of its own.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        canvas: Canvas,
        name: str = SEGMENTS_NAME,
        colours: Mapping[str, str] | None = None,
    ) -> None:
        self._viewer, self._canvas = viewer, canvas
        self._name, self._colours = name, colours
        self._layer: Labels | None = None

    def show(self, labels: NDArray[np.int32] | None, kinds: Sequence[str] = ()) -> None:
        """Show segments, or take the layer away.

        Parameters
        ----------
        labels : int array of shape (height, width) or None
            The number of a segment from 1; 0 for none.
        kinds : sequence of str
            Of the segments, from 1, where kinds have colours.
        """
        layers = self._viewer.layers
        there = self._layer if self._layer in layers else None
        if labels is None:
            if there is not None:
                layers.remove(there)
                self._canvas.activate()
            self._layer = None
            return
        if there is None:
            there = self._layer = self._add(labels)
        elif there.data is not labels:
            there.data = labels
        if self._colours is not None:
            self._paint(there, kinds)

    def _add(self, labels: NDArray[np.int32]) -> Labels:
        from napari.layers import Labels

        made = Labels(labels, name=self._name, opacity=_OPACITY)
        made.editable = False
        layers = self._viewer.layers
        layers.insert(layers.index(self._canvas.image) + 1, made)
        self._canvas.activate()  # napari selects a new layer, and keys go to it
        return made

    def _paint(self, layer: Labels, kinds: Sequence[str]) -> None:
        """Colour the segments by kind; napari's status bar names it under the mouse."""
        from napari.utils.colormaps import DirectLabelColormap

        assert self._colours is not None
        colours: dict[int | None, str] = {None: "transparent", 0: "transparent"}
        for number, kind in enumerate(kinds, start=1):
            colours[number] = self._colours[kind]
        layer.colormap = DirectLabelColormap(color_dict=colours)
        layer.features = {"index": range(len(kinds) + 1), "kind": ["", *kinds]}
