"""Finding clumps on one cutout, whatever its size, bands and scale."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from clump_detector.core import boxes as geometry
from clump_detector.core.errors import ModelError
from clump_detector.core.progress import CancelToken
from clump_detector.images.cutout import Cutout
from clump_detector.images.host_mask import on_host
from clump_detector.images.rgb import to_rgb
from clump_detector.models.card import ModelCard
from clump_detector.models.network_scale import (
    from_network,
    tile_side,
    tiles,
    to_network,
    to_network_scale,
)
from clump_detector.photometry.measurement import measure
from clump_detector.photometry.source_classifier import NEEDED, SourceClassifier

from .model_folder import load_model, pick_device

#: A box with more than this share of pixels without data is no proposal.
MOST_MISSING = 0.5


@dataclass(frozen=True)
class Detections:
    """Boxes on one cutout, in its pixels, the best first.

    Attributes
    ----------
    boxes : array of shape (n, 4)
    scores : array of shape (n,)
    classes : list of n str
    bands : str
        The bands whose colours count in the scores, such as "ugriz"; empty where none
        do.
    """

    boxes: geometry.Boxes
    scores: NDArray[np.float64]
    classes: list[str]
    bands: str = ""

    def __len__(self) -> int:
        return len(self.boxes)

    def take(self, indices: NDArray[np.intp]) -> Detections:
        """Return some of the boxes, in the order of the indices."""
        return replace(
            self,
            boxes=self.boxes[indices],
            scores=self.scores[indices],
            classes=[self.classes[i] for i in indices],
        )


class Predictor:
    """A model that is loaded once and used on many cutouts.

    Parameters
    ----------
    folder : path
        A model folder.
    device : {"auto", "cpu", "cuda", "mps"}

    Raises
    ------
    ModelError
        If the model cannot be loaded, or there is no such device.
    """

    def __init__(self, folder: str | Path, device: str = "auto") -> None:
        self.folder = Path(folder)
        self.device = pick_device(device)
        self.detector, self.card = load_model(folder, self.device)
        self.model_id = self.card.model_id
        self.classifier = _classifier(self.card, self.folder)

    def predict(self, cutout: Cutout, cancel: CancelToken | None = None) -> Detections:
        """Return the boxes from the model's score floor up.

        Where the cutout has fluxes in known units in u, g and r, scores count colours
        and widths if the model learned that; in a field of many galaxies they do not.

        Parameters
        ----------
        cutout : Cutout
        cancel : CancelToken, optional
            Checked before each tile.

        Raises
        ------
        Cancelled
        ModelError
            If the device's memory does not suffice.
        """
        config = self.card.config
        seen = to_network_scale(to_rgb(cutout), cutout.fwhm, config)
        picture = seen.picture
        found = self.find(picture, cancel)
        if config.host_only and max(picture.shape[:2]) <= tile_side(config):
            found = found.take(on_host(picture, found.boxes, seen.fwhm))
        boxes = geometry.clip(
            from_network(found.boxes, seen.scale), cutout.width, cutout.height
        )
        found = Detections(boxes, found.scores, found.classes)
        good = _on_data(boxes, cutout) & (
            geometry.sides(boxes) >= geometry.SMALLEST_SIDE
        )
        found = found.take(np.flatnonzero(good))
        found = replace(found, scores=self.card.calibration(found.scores))
        if max(picture.shape[:2]) > tile_side(config):
            return found
        return self._with_colours(found, cutout)

    def _with_colours(self, found: Detections, cutout: Cutout) -> Detections:
        """Return boxes with scores that count colours, the best first."""
        there = not cutout.is_picture and set(NEEDED) <= set(cutout.bands)
        if self.classifier is None or not there or not len(found):
            return found
        scores, bands = self.classifier.mend(found.scores, measure(cutout, found.boxes))
        mended = replace(found, scores=scores, bands=max(bands, key=len))
        return mended.take(np.argsort(-scores, kind="stable"))

    def find(
        self,
        picture: NDArray[np.uint8],
        cancel: CancelToken | None = None,
    ) -> Detections:
        """Return boxes on a picture at the network's scale, in its pixels' edges.

        Parameters
        ----------
        picture : array of shape (height, width, 3)
        cancel : CancelToken, optional
            Checked before each tile.

        Raises
        ------
        Cancelled
        ModelError
            If the device's memory does not suffice.
        """
        cancel = cancel or CancelToken()
        height, width = picture.shape[:2]
        parts = []
        for tile in tiles(width, height, tile_side(self.card.config)):
            cancel.check()
            boxes, scores, labels = self._search(tile.cut(picture))
            kept = tile.inside(boxes, width, height)
            shift = np.array([tile.x, tile.y, tile.x, tile.y])
            parts.append((boxes[kept] + shift, scores[kept], labels[kept]))
        boxes, scores, labels = (np.concatenate(p) for p in zip(*parts, strict=True))
        names = self.card.config.classes
        found = Detections(boxes, scores, [names[i - 1] for i in labels])
        if len(parts) == 1:
            return found
        return found.take(geometry.nms(boxes, scores, self.card.config.nms_iou))

    def _search(
        self, picture: NDArray[np.uint8]
    ) -> tuple[geometry.Boxes, NDArray[np.float64], NDArray[np.int64]]:
        image = as_tensor(picture, self.device)
        try:
            with torch.inference_mode():
                found = self.detector([image])[0]
        except torch.OutOfMemoryError as error:
            raise ModelError(
                f"the memory of {self.device} does not suffice",
                self.folder,
                "Close other programs that use it, or choose the device cpu.",
            ) from error
        return (
            found["boxes"].double().cpu().numpy(),
            found["scores"].double().cpu().numpy(),
            found["labels"].cpu().numpy(),
        )


def _classifier(card: ModelCard, folder: Path) -> SourceClassifier | None:
    """Return what a model's card says of colours, None if it says nothing."""
    if not card.source_classifier:
        return None
    try:
        return SourceClassifier.from_json(card.source_classifier)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"the source classifier of its card is wrong ({error})",
            folder,
            "Choose another model, or make this one again.",
        ) from error


def as_tensor(
    picture: NDArray[np.uint8], device: torch.device | str = "cpu"
) -> torch.Tensor:
    """Return a picture as the network takes it: (3, height, width) in 0 to 1.

    Parameters
    ----------
    picture : uint8 array of shape (height, width, 3)
    device : torch.device or str
    """
    pixels = torch.from_numpy(np.array(picture, copy=True)).to(device)
    return pixels.permute(2, 0, 1).float() / 255


def _on_data(boxes: geometry.Boxes, cutout: Cutout) -> NDArray[np.bool_]:
    """Return which boxes lie on pixels with data, shape (n,)."""
    if cutout.is_picture or not np.isnan(cutout.pixels).any():
        return np.ones(len(boxes), dtype=bool)
    missing = np.isnan(cutout.pixels).any(axis=0)
    # A table of sums makes the share of any box four look-ups.
    sums = np.pad(missing.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    x1, y1, x2, y2 = to_network(boxes, (1.0, 1.0)).round().astype(int).T
    total = sums[y2, x2] - sums[y1, x2] - sums[y2, x1] + sums[y1, x1]
    pixels = np.maximum((x2 - x1) * (y2 - y1), 1)
    return np.asarray(total / pixels <= MOST_MISSING)
