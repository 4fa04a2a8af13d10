"""Feature maps of a batch, and the two heads over them: proposals and boxes.

What differs from torchvision is which proposals count in a loss; see
`clump_detector.detector.targets`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.models.detection.rpn import RegionProposalNetwork, RPNHead
from torchvision.ops import (
    batched_nms,
    clip_boxes_to_image,
    nms,
    remove_small_boxes,
)

from .targets import BACKGROUND, LossTarget, not_background

Features = OrderedDict[str, Tensor]

#: Sizes of batches whose anchors are kept.
SIZES = 32


@dataclass
class Encoded:
    """Feature maps of a batch of images.

    Attributes
    ----------
    features : ordered dict of str to tensor
        Maps of shape (images, channels, rows, columns), fine to coarse.
    sizes : list of (int, int)
        Height and width of each image.
    padded : (int, int)
        Height and width of the batch.
    proposals : list of tensor or None
        Boxes (n, 4) to classify on each image, in its pixels, where they are known;
        None lets the proposal network find them.
    """

    features: Features
    sizes: list[tuple[int, int]]
    padded: tuple[int, int]
    proposals: list[Tensor] | None = None

    def as_images(self) -> ImageList:
        """Return what torchvision asks of the images themselves: their sizes."""
        reference = next(iter(self.features.values()))
        empty = reference.new_empty((1, 1, 1, 1))
        empty = empty.expand(len(self.sizes), 1, *self.padded)
        return ImageList(empty, self.sizes)


class ProposalHead(RPNHead):  # type: ignore[misc]
    """torchvision's convolutions over the pyramid, with results in full precision.

    What follows them computes corners of boxes, which bfloat16 would round to a pixel
    or two.
    """

    def forward(self, x: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Return objectness and box deltas for each feature map."""
        logits, deltas = super().forward(x)
        return [one.float() for one in logits], [one.float() for one in deltas]


class Proposer(RegionProposalNetwork):  # type: ignore[misc]
    """torchvision's region proposal network with this project's loss."""

    def __init__(self, *inputs: Any, **named: Any) -> None:
        super().__init__(*inputs, **named)
        self._known_anchors: dict[Any, list[Tensor]] = {}

    def select(
        self, encoded: Encoded, logits: Sequence[Tensor], deltas: Sequence[Tensor]
    ) -> list[Tensor]:
        """Return each image's proposals (n, 4), from what the proposal head returned.

        What `forward` returns, but only the boxes that may stay are computed.

        Parameters
        ----------
        encoded : Encoded
            The pyramid's feature maps.
        logits : sequence of tensor of shape (images, anchors, rows, columns)
            Objectness, fine to coarse.
        deltas : sequence of tensor of shape (images, 4 * anchors, rows, columns)
        """
        parts: list[tuple[Tensor, ...]] = []
        n = len(encoded.sizes)
        levels = zip(self._anchors(encoded, logits), logits, deltas, strict=True)
        for level, (anchors, objectness, shifts) in enumerate(levels):
            every = objectness.permute(0, 2, 3, 1).reshape(n, -1)
            most = min(self.pre_nms_top_n(), every.shape[1])
            best, which = every.topk(most, dim=1)
            shifts = shifts.permute(0, 2, 3, 1).reshape(n, -1, 4)
            shifts = shifts.gather(1, which[..., None].expand(-1, -1, 4))
            boxes = self.box_coder.decode_single(
                shifts.reshape(-1, 4), anchors[which].reshape(-1, 4)
            )
            parts.append((boxes.reshape(n, -1, 4), best, torch.full_like(which, level)))
        boxes, best, at = (torch.cat(part, dim=1) for part in zip(*parts, strict=True))
        return [
            self._strongest(boxes[k], best[k], at[k], shape)
            for k, shape in enumerate(encoded.sizes)
        ]

    def _strongest(
        self, boxes: Tensor, logits: Tensor, levels: Tensor, shape: tuple[int, int]
    ) -> Tensor:
        """Return the boxes of one image that no stronger one of their level covers."""
        boxes, scores = clip_boxes_to_image(boxes, shape), logits.sigmoid()
        kept = remove_small_boxes(boxes, self.min_size)
        kept = kept[scores[kept] >= self.score_thresh]
        boxes, scores, levels = boxes[kept], scores[kept], levels[kept]
        kept = batched_nms(boxes, scores, levels, self.nms_thresh)
        return boxes[kept[: self.post_nms_top_n()]]

    def _anchors(self, encoded: Encoded, maps: Sequence[Tensor]) -> list[Tensor]:
        """Return the anchors of each feature map, made once for each size."""
        shapes = tuple(tuple(one.shape[1:]) for one in maps)
        key = (encoded.padded, shapes, maps[0].device)
        if key not in self._known_anchors:
            if len(self._known_anchors) >= SIZES:
                self._known_anchors.clear()
            features = list(encoded.features.values())
            (anchors, *_) = self.anchor_generator(encoded.as_images(), features)
            counts = [a * rows * columns for a, rows, columns in shapes]
            self._known_anchors[key] = list(anchors.split(counts))
        return self._known_anchors[key]

    def assign_targets_to_anchors(
        self, anchors: list[Tensor], targets: list[LossTarget]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return labels (n,) and matched boxes (n, 4) of each image's anchors.

        Parameters
        ----------
        anchors : list of tensor of shape (n, 4)
            One per image.
        targets : list of LossTarget
        """
        labels, boxes = super().assign_targets_to_anchors(anchors, targets)
        labels = [
            not_background(*three)
            for three in zip(labels, anchors, targets, strict=True)
        ]
        return labels, boxes

    def compute_loss(
        self,
        objectness: Tensor,
        pred_bbox_deltas: Tensor,
        labels: list[Tensor],
        regression_targets: list[Tensor],
    ) -> tuple[Tensor, Tensor]:
        """Return the losses of objectness and of boxes; 0 where nothing counts.

        Parameters
        ----------
        objectness : tensor of shape (n, 1)
            Logits of all anchors of the batch.
        pred_bbox_deltas : tensor of shape (n, 4)
        labels : list of tensor
            Of each image's anchors, as `assign_targets_to_anchors` returns them.
        regression_targets : list of tensor of shape (n, 4)
            Of each image's anchors.
        """
        positives, negatives = self.fg_bg_sampler(labels)
        positive = torch.where(torch.cat(positives))[0]
        chosen = torch.cat([positive, torch.where(torch.cat(negatives))[0]])
        if len(chosen) == 0:
            nothing = 0 * (objectness.sum() + pred_bbox_deltas.sum())
            return nothing, nothing
        truth = torch.cat(labels)[chosen].clamp(min=0)
        boxes = F.smooth_l1_loss(
            pred_bbox_deltas[positive],
            torch.cat(regression_targets)[positive],
            beta=1 / 9,
            reduction="sum",
        )
        logits = objectness.flatten()[chosen]
        loss = F.binary_cross_entropy_with_logits(logits, truth)
        return loss, boxes / len(chosen)


class BoxHeads(RoIHeads):  # type: ignore[misc]
    """torchvision's box head with this project's loss and suppression of doubles."""

    def select_training_samples(
        self, proposals: list[Tensor], targets: list[LossTarget]
    ) -> tuple[list[Tensor], list[Tensor], list[Tensor], list[Tensor]]:
        """Return proposals that count, their weights, labels and regression targets.

        Parameters
        ----------
        proposals : list of tensor of shape (n, 4)
            One per image.
        targets : list of LossTarget
        """
        boxes = [t["boxes"] for t in targets]
        regions = [
            torch.cat([found, t["boxes"], t["rejected"]])
            for found, t in zip(proposals, targets, strict=True)
        ]
        matches, labels = self.assign_targets_to_proposals(
            regions, boxes, [t["labels"] for t in targets]
        )
        labels = [
            not_background(*three)
            for three in zip(labels, regions, targets, strict=True)
        ]
        matched, weights = [], []
        for i, kept in enumerate(self.subsample(labels)):
            regions[i], matches[i] = regions[i][kept], matches[i][kept]
            labels[i] = labels[i][kept].clamp(min=BACKGROUND)
            some = boxes[i] if len(boxes[i]) else boxes[i].new_zeros((1, 4))
            matched.append(some[matches[i]])
            weights.append(_weights(targets[i]["weights"], matches[i], labels[i]))
        return regions, weights, labels, list(self.box_coder.encode(matched, regions))

    def losses(
        self,
        encoded: Encoded,
        proposals: list[Tensor],
        targets: list[LossTarget],
    ) -> dict[str, Tensor]:
        """Return the losses of class and of box; 0 where nothing counts.

        Parameters
        ----------
        encoded : Encoded
            The pyramid's feature maps.
        proposals : list of tensor of shape (n, 4)
            One per image.
        targets : list of LossTarget
        """
        regions, *known = self.select_training_samples(proposals, targets)
        logits, deltas = self._classify(encoded, regions)
        if len(logits) == 0:
            nothing = 0 * (logits.sum() + deltas.sum())
            return {"loss_classifier": nothing, "loss_box_reg": nothing}
        weights, truth, wanted = (torch.cat(part) for part in known)
        classifier = F.cross_entropy(logits, truth, reduction="none") * weights
        positive = torch.where(truth > BACKGROUND)[0]
        deltas = deltas.reshape(len(deltas), -1, 4)[positive, truth[positive]]
        boxes = F.smooth_l1_loss(deltas, wanted[positive], beta=1 / 9, reduction="sum")
        return {
            "loss_classifier": classifier.mean(),
            "loss_box_reg": boxes / len(truth),
        }

    def find(
        self, encoded: Encoded, proposals: list[Tensor], floor: float | None = None
    ) -> list[dict[str, Tensor]]:
        """Return boxes, labels and scores of each image, the best first.

        Parameters
        ----------
        encoded : Encoded
            The pyramid's feature maps.
        proposals : list of tensor of shape (n, 4)
            One per image.
        floor : float, optional
            The score from which boxes are returned; the model's own without it.
        """
        logits, deltas = self._classify(encoded, proposals)
        found = self.postprocess_detections(
            logits, deltas, proposals, encoded.sizes, floor
        )
        return [
            {"boxes": boxes, "scores": scores, "labels": labels}
            for boxes, scores, labels in zip(*found, strict=True)
        ]

    def _classify(self, encoded: Encoded, boxes: list[Tensor]) -> tuple[Tensor, Tensor]:
        logits, deltas = self.box_predictor(self.box_head(self.pooled(encoded, boxes)))
        return logits.float(), deltas.float()

    def pooled(self, encoded: Encoded, boxes: list[Tensor]) -> Tensor:
        """Return the pyramid's features in boxes, shape (n, channels, 7, 7).

        Parameters
        ----------
        encoded : Encoded
            The pyramid's feature maps.
        boxes : list of tensor of shape (n, 4)
            One per image, in its pixels.
        """
        found: Tensor = self.box_roi_pool(encoded.features, boxes, encoded.sizes)
        return found

    def postprocess_detections(
        self,
        class_logits: Tensor,
        box_regression: Tensor,
        proposals: list[Tensor],
        image_shapes: list[tuple[int, int]],
        floor: float | None = None,
    ) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """Return boxes, scores and labels of each image, the best first.

        The score is the probability of any class: a box that may be a clump or an odd
        clump is still a box. Doubles are suppressed whatever their class.

        Parameters
        ----------
        class_logits : tensor of shape (n, classes + 1)
            Of all proposals of the batch, background first.
        box_regression : tensor of shape (n, 4 * (classes + 1))
        proposals : list of tensor of shape (k, 4)
            One per image.
        image_shapes : list of (int, int)
            Height and width of each image.
        floor : float, optional
            As in `find`.
        """
        floor = self.score_thresh if floor is None else floor
        counts = [len(p) for p in proposals]
        boxes = self.box_coder.decode(box_regression, proposals)
        chances = class_logits.softmax(dim=1)
        labels = chances[:, 1:].argmax(dim=1) + 1
        boxes = boxes[torch.arange(len(boxes), device=boxes.device), labels]
        found: tuple[list[Tensor], list[Tensor], list[Tensor]] = [], [], []
        for one, score, label, shape in zip(
            torch.split(boxes, counts),
            torch.split(1 - chances[:, 0], counts),
            torch.split(labels, counts),
            image_shapes,
            strict=True,
        ):
            one = clip_boxes_to_image(one, shape)
            sides = (one[:, 2:] - one[:, :2]).amin(dim=1)
            good = torch.where((score >= floor) & (sides >= 1))[0]
            kept = nms(one[good], score[good], self.nms_thresh)
            kept = good[kept[: self.detections_per_img]]
            for part, values in zip(found, (one, score, label), strict=True):
                part.append(values[kept])
        return found


def _weights(weights: Tensor, matches: Tensor, labels: Tensor) -> Tensor:
    """Return how much each proposal counts: as its box, background 1, shape (n,)."""
    if not len(weights):
        return torch.ones_like(labels, dtype=weights.dtype)
    return torch.where(labels > BACKGROUND, weights[matches], 1.0)
