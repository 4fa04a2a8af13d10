"""Finding clumps on one cutout, whatever its size, bands and scale."""

from __future__ import annotations

from collections.abc import Sequence
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
from clump_detector.models.card import ModelCard
from clump_detector.models.network_scale import (
    NetworkPicture,
    from_network,
    network_picture,
    tile_side,
    tiles,
)
from clump_detector.photometry.measurement import measure
from clump_detector.photometry.source_classifier import NEEDED, SourceClassifier

from .backend import search_of
from .batches import groups, or_error
from .model_folder import load_model, pick_device

#: A box with more than this share of pixels without data is no proposal.
MOST_MISSING = 0.5

#: Pictures that go through the network together. On a CPU its cores are busy with one,
#: and the maps of several do not fit into the cache.
BATCH = {"cuda": 16, "cpu": 1}

#: Boxes (n, 4), scores and labels.
Found = tuple[geometry.Boxes, NDArray[np.float64], NDArray[np.int64]]


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


_NOTHING = Detections(np.zeros((0, 4)), np.zeros(0), [])


class Predictor:
    """A model that is loaded once and used on many cutouts.

    Parameters
    ----------
    folder : path
        A model folder.
    device : {"auto", "cpu", "cuda", "mps"}

    Attributes
    ----------
    batch : int
        Most pictures that `predict_all` hands the network together.

    Raises
    ------
    ModelError
        If the model cannot be loaded, or there is no such device.
    ConfigError
        If the environment asks for a backend that there is none of.
    """

    def __init__(self, folder: str | Path, device: str = "auto") -> None:
        self.folder = Path(folder)
        self.device = pick_device(device)
        detector, self.card = load_model(folder, self.device)
        self.detector = search_of(detector, self.device)
        self.model_id = self.card.model_id
        self.batch = BATCH.get(self.device.type, 1)
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
        seen = self.seen(cutout)
        return self.finished(cutout, seen, self.find(seen.picture, cancel))

    def predict_all(
        self, cutouts: Sequence[Cutout], cancel: CancelToken | None = None
    ) -> list[Detections | Exception]:
        """Return what `predict` returns of each cutout, or the error that it raises.

        Pictures of one size at the network's scale go through it together, up to
        `batch` of them.

        Parameters
        ----------
        cutouts : sequence of Cutout
        cancel : CancelToken, optional
            Checked before each cutout and each batch.

        Returns
        -------
        list of Detections or Exception
            One per cutout, in their order: what is wrong with one takes no other along.

        Raises
        ------
        Cancelled
        """
        cancel = cancel or CancelToken()
        seen = [or_error(cancel, self.seen, cutout) for cutout in cutouts]
        results: list[Detections | Exception] = [
            one if isinstance(one, Exception) else _NOTHING for one in seen
        ]
        for group in groups(seen, self.batch, tile_side(self.card.config)):
            pictures = [one.picture for one in group.values()]
            parts = self._find_together(pictures, cancel)
            for (k, one), found in zip(group.items(), parts, strict=True):
                if not isinstance(found, Exception):
                    found = or_error(cancel, self.finished, cutouts[k], one, found)
                results[k] = found
        return results

    def _find_together(
        self, pictures: list[NDArray[np.uint8]], cancel: CancelToken
    ) -> list[Detections | Exception]:
        """Return what `find` does, of pictures of one size that are one tile each."""
        if len(pictures) > 1:
            cancel.check()
            try:
                return [self.named(*found) for found in self._search_all(pictures)]
            except Exception:
                # One by one tells whose error it is, and needs less memory.
                pass
        return [or_error(cancel, self.find, one, cancel) for one in pictures]

    def seen(self, cutout: Cutout) -> NetworkPicture:
        """Return the picture of a cutout that the network sees."""
        return network_picture(cutout, cutout.fwhm, self.card.config)

    def in_tiles(self, picture: NDArray[np.uint8]) -> bool:
        """Return whether a picture at the network's scale is a field of galaxies."""
        return bool(max(picture.shape[:2]) > tile_side(self.card.config))

    def finished(
        self, cutout: Cutout, seen: NetworkPicture, found: Detections
    ) -> Detections:
        """Return a cutout's boxes from those on what the network saw of it.

        Parameters
        ----------
        cutout : Cutout
        seen : NetworkPicture
        found : Detections
            In the picture's pixels, with the network's scores.
        """
        return self.scored(cutout, seen, self.placed(cutout, seen, found))

    def placed(
        self, cutout: Cutout, seen: NetworkPicture, found: Detections
    ) -> Detections:
        """Return boxes in a cutout's pixels, without those off its galaxy or its data.

        The parameters are those of `finished`.
        """
        if self.card.config.host_only and not self.in_tiles(seen.picture):
            found = found.take(on_host(seen.picture, found.boxes, seen.fwhm))
        boxes = geometry.clip(
            from_network(found.boxes, seen.scale), cutout.width, cutout.height
        )
        good = _on_data(boxes, cutout) & (
            geometry.sides(boxes) >= geometry.SMALLEST_SIDE
        )
        return replace(found, boxes=boxes).take(np.flatnonzero(good))

    def scored(
        self, cutout: Cutout, seen: NetworkPicture, placed: Detections
    ) -> Detections:
        """Return what `placed` returned with calibrated scores, colours counted in.

        Parameters
        ----------
        cutout : Cutout
        seen : NetworkPicture
        placed : Detections
        """
        found = replace(placed, scores=self.card.calibration(placed.scores))
        one_galaxy = not self.in_tiles(seen.picture)
        return self._with_colours(found, cutout) if one_galaxy else found

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
        found = self.named(boxes, scores, labels)
        if len(parts) == 1:
            return found
        return found.take(geometry.nms(boxes, scores, self.card.config.nms_iou))

    def named(
        self,
        boxes: geometry.Boxes,
        scores: NDArray[np.float64],
        labels: NDArray[np.int64],
    ) -> Detections:
        """Return what the network found, its classes by their names.

        Parameters
        ----------
        boxes : array of shape (n, 4)
        scores, labels : array of shape (n,)
            Labels count from 1.
        """
        names = self.card.config.classes
        return Detections(boxes, scores, [names[i - 1] for i in labels])

    def _search(self, picture: NDArray[np.uint8]) -> Found:
        return self._search_all([picture])[0]

    def _search_all(self, pictures: Sequence[NDArray[np.uint8]]) -> list[Found]:
        """Return boxes, scores and labels on each of some pictures of one size."""
        images = [as_tensor(picture, self.device) for picture in pictures]
        try:
            with torch.inference_mode():
                found = self.detector(images)
        except torch.OutOfMemoryError as error:
            raise ModelError(
                f"the memory of {self.device} does not suffice",
                self.folder,
                "Close other programs that use it, or choose the device cpu.",
            ) from error
        return [as_arrays(one) for one in found]


def as_arrays(found: dict[str, torch.Tensor]) -> Found:
    """Return what a detector found on one image as arrays."""
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
    missing = np.asarray(np.isnan(cutout.pixels).any(axis=0))
    share = geometry.share_within(missing, geometry.to_edges(boxes))
    return np.asarray(share <= MOST_MISSING)
