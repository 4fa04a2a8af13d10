"""Proposals on an image layer without a review, in a Shapes layer of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clump_detector.core import boxes as geometry
from napari_clumps.render.box_style import COLOURS, line_unit
from napari_clumps.review import Status
from napari_clumps.viewer.layers import Feature, feature_table
from napari_clumps.worker.messages import Proposals

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image, Shapes


@dataclass
class _Shown:
    image: Image
    shapes: Shapes
    found: Proposals


class LayerProposals:
    """Shows proposals over image layers, from a threshold up."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._target: Image
        self._shown: list[_Shown] = []

    def prepare(self, image: Image) -> None:
        """Name the image layer that the next proposals belong to."""
        self._target = image

    def show(self, found: Proposals, threshold: float) -> int:
        """Show proposals over the prepared layer; return the number of visible ones.

        Parameters
        ----------
        found : Proposals
        threshold : float
            The score from which proposals are shown.
        """
        image = self._target
        shown = next((s for s in self._shown if s.image is image), None)
        if shown is None or shown.shapes not in self._viewer.layers:
            shapes = self._viewer.add_shapes(
                None,
                ndim=2,
                name=f"Clumps: {image.name}",
                scale=image.scale[-3:-1]
                if image.rgb and image.ndim > 2
                else image.scale[-2:],
                translate=image.translate[-2:],
            )
            shown = _Shown(image, shapes, found)
            self._shown = [s for s in self._shown if s.image is not image] + [shown]
        shown.found = found
        return self._draw(shown, threshold)

    def apply(self, threshold_of: Callable[[str], float]) -> None:
        """Hide and show proposals by their models' thresholds, without running one."""
        self._shown = [s for s in self._shown if s.shapes in self._viewer.layers]
        for shown in self._shown:
            self._draw(shown, threshold_of(shown.found.model))

    def _draw(self, shown: _Shown, threshold: float) -> int:
        found, shapes = shown.found, shown.shapes
        kept = [i for i, score in enumerate(found.scores) if score >= threshold]
        rectangles = [geometry.to_vertices(found.boxes[i]) for i in kept]
        shapes.data = [(r, "rectangle") for r in rectangles]
        features: dict[str, list[Feature]] = {
            "class": [found.classes[i] for i in kept],
            "score": [round(float(found.scores[i]), 4) for i in kept],
            "status": [Status.PROPOSAL.value for _ in kept],
        }
        shapes.features = feature_table(features)
        if kept:
            shapes.edge_color = np.array([COLOURS[Status.PROPOSAL]] * len(kept))
            shapes.edge_width = line_unit(*found.size)
            shapes.face_color = np.zeros((len(kept), 4))
        shapes.feature_defaults = {"class": [""], "score": [np.nan], "status": [""]}
        return len(kept)
