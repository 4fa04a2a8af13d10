"""Describing a cutout: its boxes, embeddings, and how far a model's heads agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clump_detector.core import boxes as geometry
from clump_detector.core.progress import CancelToken
from clump_detector.detector.backend import torch_search
from clump_detector.detector.heads import Encoded
from clump_detector.detector.predict import Detections, Predictor, as_arrays, as_tensor
from clump_detector.images.cutout import Cutout
from clump_detector.images.host_mask import host_mask
from clump_detector.images.host_profile import VALUES, host_profile
from clump_detector.metrics.information import mutual_information
from clump_detector.models.described import Description
from clump_detector.models.network_scale import (
    NetworkPicture,
    NetworkTile,
    tile_side,
    tiles,
    to_network,
)

from .embedding import (
    box_vectors,
    coarsest_maps,
    encoder_id,
    vector_in,
    vector_of,
)
from .ensemble import Ensemble, Heads, load_heads

#: The network's score from which boxes are described: lower than what is proposed, so
#: that clumps that are likely missed count.
LOWEST = 0.02


@dataclass(frozen=True)
class _Tile:
    """A tile as the network sees it: the pyramid, and the encoder's coarsest map."""

    encoded: Encoded
    coarsest: Tensor


class Describer:
    """Describes cutouts with a model.

    Parameters
    ----------
    predictor : Predictor

    Raises
    ------
    ModelError
        If the heads of the model's ensemble cannot be loaded.
    """

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._search = torch_search(predictor.detector, predictor.device)
        self._box_heads = self._search.detector.roi_heads
        self.heads: Heads = load_heads(
            predictor.folder, predictor.card, self._box_heads
        )
        self.encoder = encoder_id(self._search.detector.backbone.encoder)

    def describe(
        self,
        cutout: Cutout,
        given: geometry.Boxes,
        keys: Sequence[str] = (),
        cancel: CancelToken | None = None,
    ) -> tuple[Detections, Description]:
        """Return what `Predictor.predict` returns, and a description.

        Parameters
        ----------
        cutout : Cutout
        given : array of shape (k, 4)
            Boxes to describe beside the model's own, in the cutout's pixels.
        keys : sequence of str
            Of the cutout, as `clump_detector.images.identity` has them.
        cancel : CancelToken, optional
            Checked before each tile.

        Raises
        ------
        Cancelled
        """
        cancel = cancel or CancelToken()
        seen = self._predictor.seen(cutout)
        with torch.inference_mode():
            if self._predictor.in_tiles(seen.picture):
                found = self._predictor.predict(cutout, cancel)
                return found, self._of_field(found, given, keys, seen, cancel)
            cancel.check()
            tile = self._tile(seen.picture)
            found, low = self._found(cutout, seen, tile)
            boxes = geometry.as_boxes(np.concatenate([found.boxes, low.boxes, given]))
            scores = np.concatenate([found.scores, low.scores])
            described = self._described(tile, to_network(boxes, seen.scale), keys)
            host = host_mask(seen.picture, seen.fwhm)
            vector = np.concatenate(
                [
                    vector_in(tile.coarsest, host, tile.encoded.padded),
                    vector_of([tile.coarsest]),
                ]
            )
            profile = host_profile(seen.picture, host, seen.fwhm)
        return found, self._whole(described, vector, profile, boxes, scores)

    def _tile(self, picture: NDArray[np.uint8]) -> _Tile:
        with coarsest_maps(self._search) as maps:
            image = as_tensor(picture, self._predictor.device)
            encoded = self._search.encode([image])
        return _Tile(encoded, maps[0])

    def _found(
        self, cutout: Cutout, seen: NetworkPicture, tile: _Tile
    ) -> tuple[Detections, Detections]:
        """Return the boxes of a detection, and those below the model's score floor."""
        one = self._search.detector.find(tile.encoded, LOWEST)[0]
        named = self._predictor.named(*as_arrays(one))
        placed = self._predictor.placed(cutout, seen, named)
        proper = placed.scores >= self._predictor.card.config.box_score_thresh
        found = placed.take(np.flatnonzero(proper))
        low = placed.take(np.flatnonzero(~proper))
        calibrated = self._predictor.card.calibration(low.scores)
        return (
            self._predictor.scored(cutout, seen, found),
            replace(low, scores=calibrated),
        )

    def _of_field(
        self,
        found: Detections,
        given: geometry.Boxes,
        keys: Sequence[str],
        seen: NetworkPicture,
        cancel: CancelToken,
    ) -> Description:
        """Describe a field of many galaxies, each box in the tile that is about it."""
        height, width = seen.picture.shape[:2]
        parts = list(tiles(width, height, tile_side(self._predictor.card.config)))
        boxes = geometry.as_boxes(np.concatenate([found.boxes, given]))
        placed = to_network(boxes, seen.scale)
        home = _nearest(placed, parts)
        means, rows, order = [], [], []
        for k, part in enumerate(parts):
            cancel.check()
            tile = self._tile(part.cut(seen.picture))
            means.append(tile.coarsest.mean(dim=(2, 3), keepdim=True))
            mine = np.flatnonzero(home == k)
            order.append(mine)
            shift = np.array([part.x, part.y, part.x, part.y])
            rows.append(self._described(tile, placed[mine] - shift, keys))
        back = np.argsort(np.concatenate(order), kind="stable")
        joined = {
            name: np.concatenate([row[name] for row in rows])[back] for name in rows[0]
        }
        vector = np.tile(vector_of(means), 2)
        profile = np.full(VALUES, np.nan)
        return self._whole(joined, vector, profile, boxes, found.scores)

    def _described(
        self, tile: _Tile, boxes: geometry.Boxes, keys: Sequence[str]
    ) -> dict[str, NDArray[Any]]:
        """Return what heads and encoder say of boxes, in the tile's pixels."""
        device = self._predictor.device
        corners = torch.as_tensor(boxes, dtype=torch.float32, device=device)
        pooled = self._box_heads.pooled(tile.encoded, [corners])
        calibrated = self._predictor.card.calibration
        chances = self.heads.chances(pooled)
        scores = calibrated((1 - chances[:, :, 0]).double().cpu().numpy())
        own = self._box_heads.box_predictor(self._box_heads.box_head(pooled))[0]
        score = 1 - own.float().softmax(dim=1)[:, 0]
        unseen = scores[self.heads.unseen(keys)].mean(axis=0)
        least = self._predictor.card.default_score
        stride = self._predictor.card.config.strides[-1]
        return {
            "score": calibrated(score.double().cpu().numpy()),
            "mean": scores.mean(axis=0),
            "spread": scores.std(axis=0),
            "information": mutual_information(scores),
            "unseen": unseen,
            "votes": (scores >= least).sum(axis=0),
            "vectors": box_vectors(tile.coarsest, corners, stride),
        }

    def _whole(
        self,
        described: dict[str, NDArray[Any]],
        vector: NDArray[np.float32],
        profile: NDArray[np.float64],
        boxes: geometry.Boxes,
        scores: NDArray[np.float64],
    ) -> Description:
        """Return a description; the model's own boxes, the first, keep their scores."""
        own = np.arange(len(boxes)) < len(scores)
        described["score"][own] = scores
        vectors = described.pop("vectors")
        return Description(
            encoder=self.encoder,
            vector=vector.astype(np.float16),
            profile=profile.astype(np.float16),
            boxes=boxes,
            found=own,
            heads=self.heads.count,
            vectors=vectors.astype(np.float16),
            ensemble=isinstance(self.heads, Ensemble),
            **described,
        )


def _nearest(boxes: geometry.Boxes, parts: list[NetworkTile]) -> NDArray[np.intp]:
    """Return the number of the tile whose centre is nearest to each box's."""
    middles = np.array([[p.x + p.width / 2, p.y + p.height / 2] for p in parts])
    distances = geometry.centres(boxes)[:, None] - middles
    return np.asarray(np.hypot(*np.moveaxis(distances, 2, 0)).argmin(axis=1))
