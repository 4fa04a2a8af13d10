"""The detector: torchvision's Faster R-CNN over an FPN over a timm encoder.

What differs from torchvision is what a loss counts; `clump_detector.detector.targets`
says it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.models.detection.rpn import RegionProposalNetwork, RPNHead
from torchvision.ops import (
    FeaturePyramidNetwork,
    MultiScaleRoIAlign,
    clip_boxes_to_image,
    nms,
)
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

from clump_detector.config.model import ModelConfig

from .encoder import build_encoder, channels
from .targets import BACKGROUND, LossTarget, Sampler, not_background

Features = OrderedDict[str, Tensor]


@dataclass
class Encoded:
    """Feature maps of a batch of images, and the images' sizes (height, width).

    ``proposals`` are the boxes (n, 4) to judge on each image, in its pixels, where they
    are known already; None lets the proposal network find them.
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

    def assign_targets_to_anchors(
        self, anchors: list[Tensor], targets: list[LossTarget]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return labels (n,) and matched boxes (n, 4) of each image's anchors."""
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
        """Return the losses of objectness and of boxes; 0 where nothing counts."""
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
        """Return proposals that count, their weights, labels and regression targets."""
        boxes = [t["boxes"] for t in targets]
        places = [
            torch.cat([found, t["boxes"], t["rejected"]])
            for found, t in zip(proposals, targets, strict=True)
        ]
        matches, labels = self.assign_targets_to_proposals(
            places, boxes, [t["labels"] for t in targets]
        )
        labels = [
            not_background(*three)
            for three in zip(labels, places, targets, strict=True)
        ]
        matched, weights = [], []
        for i, kept in enumerate(self.subsample(labels)):
            places[i], matches[i] = places[i][kept], matches[i][kept]
            labels[i] = labels[i][kept].clamp(min=BACKGROUND)
            some = boxes[i] if len(boxes[i]) else boxes[i].new_zeros((1, 4))
            matched.append(some[matches[i]])
            weights.append(_weights(targets[i]["weights"], matches[i], labels[i]))
        return places, weights, labels, list(self.box_coder.encode(matched, places))

    def losses(
        self,
        encoded: Encoded,
        proposals: list[Tensor],
        targets: list[LossTarget],
    ) -> dict[str, Tensor]:
        """Return the losses of class and of box; 0 where nothing counts."""
        places, *known = self.select_training_samples(proposals, targets)
        logits, deltas = self._judge(encoded, places)
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
        self, encoded: Encoded, proposals: list[Tensor]
    ) -> list[dict[str, Tensor]]:
        """Return boxes, labels and scores of each image, the best first."""
        logits, deltas = self._judge(encoded, proposals)
        found = self.postprocess_detections(logits, deltas, proposals, encoded.sizes)
        return [
            {"boxes": boxes, "scores": scores, "labels": labels}
            for boxes, scores, labels in zip(*found, strict=True)
        ]

    def _judge(self, encoded: Encoded, places: list[Tensor]) -> tuple[Tensor, Tensor]:
        pooled = self.box_roi_pool(encoded.features, places, encoded.sizes)
        logits, deltas = self.box_predictor(self.box_head(pooled))
        return logits.float(), deltas.float()

    def postprocess_detections(
        self,
        class_logits: Tensor,
        box_regression: Tensor,
        proposals: list[Tensor],
        image_shapes: list[tuple[int, int]],
    ) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """Return boxes, scores and labels of each image, the best first.

        The score is the probability of any class: a box that may be a clump or an odd
        clump is still a box. Doubles are suppressed whatever their class.
        """
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
            good = torch.where((score >= self.score_thresh) & (sides >= 1))[0]
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


class Pyramid(nn.Module):
    """The encoder and the feature pyramid over it, in the form torchvision asks for."""

    def __init__(
        self, encoder: nn.Module, out_channels: int, *, pooled_level: bool = False
    ) -> None:
        super().__init__()
        self.encoder = encoder
        extra = LastLevelMaxPool() if pooled_level else None
        self.fpn = FeaturePyramidNetwork(channels(encoder), out_channels, extra)
        self.out_channels = out_channels

    def encode(self, images: Tensor) -> Features:
        """Return the encoder's feature maps, fine to coarse."""
        return OrderedDict((str(i), m) for i, m in enumerate(self.encoder(images)))

    def forward(self, images: Tensor) -> Features:
        """Return the pyramid's feature maps, fine to coarse."""
        return cast(Features, self.fpn(self.encode(images)))


class Detector(FasterRCNN):  # type: ignore[misc]
    """Faster R-CNN whose steps can be taken one by one.

    `encode` and `pyramid` make feature maps, which can be kept while what follows is
    trained; `losses` and `find` use them. Images are tensors of shape (3, height,
    width) in 0 to 1, already at the network's scale: nothing is resized here.
    """

    def __init__(self, config: ModelConfig, encoder: nn.Module) -> None:
        n_classes = len(config.classes) + 1
        backbone = Pyramid(
            encoder, config.fpn_channels, pooled_level=config.pooled_level
        )
        names = [str(i) for i in range(len(config.strides))]
        super().__init__(
            backbone,
            image_mean=list(config.mean),
            image_std=list(config.std),
            rpn_anchor_generator=AnchorGenerator(
                config.anchors, (config.ratios,) * len(config.anchors)
            ),
            box_roi_pool=MultiScaleRoIAlign(
                names, output_size=7, sampling_ratio=config.roi_samples
            ),
            box_head=TwoMLPHead(config.fpn_channels * 49, config.head_channels),
            box_predictor=FastRCNNPredictor(config.head_channels, n_classes),
        )
        self.config = config
        self.rpn = self._proposer(config)
        self.roi_heads = self._box_heads(config)

    def _proposer(self, config: ModelConfig) -> Proposer:
        rpn = Proposer(
            self.rpn.anchor_generator,
            ProposalHead(
                config.fpn_channels, len(config.anchors[0]) * len(config.ratios)
            ),
            fg_iou_thresh=0.6,
            bg_iou_thresh=0.3,
            batch_size_per_image=128,
            positive_fraction=0.5,
            pre_nms_top_n={"training": 400, "testing": config.proposals_before},
            post_nms_top_n={"training": 300, "testing": config.proposals},
            nms_thresh=0.7,
        )
        rpn.fg_bg_sampler = Sampler(128, 0.5)
        return rpn

    def _box_heads(self, config: ModelConfig) -> BoxHeads:
        old = self.roi_heads
        heads = BoxHeads(
            old.box_roi_pool,
            old.box_head,
            old.box_predictor,
            # A centre one FWHM off, which still counts as found, has an IoU of 0.43.
            fg_iou_thresh=0.5,
            bg_iou_thresh=0.4,
            batch_size_per_image=96,
            positive_fraction=0.25,
            bbox_reg_weights=None,
            score_thresh=config.score_floor,
            nms_thresh=config.nms_iou,
            detections_per_img=config.most_boxes,
        )
        heads.fg_bg_sampler = Sampler(96, 0.25)
        return heads

    def encode(self, images: Sequence[Tensor]) -> Encoded:
        """Return the encoder's feature maps of images, before the pyramid."""
        sizes = [(int(i.shape[-2]), int(i.shape[-1])) for i in images]
        # torchvision's transform as a whole would resize: its `_skip_resize` is for
        # training only.
        batch = self.transform.batch_images(
            [self.transform.normalize(i) for i in images], max(self.config.strides)
        )
        features = self.backbone.encode(
            batch.contiguous(memory_format=torch.channels_last)
        )
        return Encoded(features, sizes, (int(batch.shape[-2]), int(batch.shape[-1])))

    def pyramid(self, encoded: Encoded) -> Encoded:
        """Return the pyramid's feature maps of an encoder's, in full precision."""
        maps = self.backbone.fpn(encoded.features)
        features = OrderedDict((name, one.float()) for name, one in maps.items())
        return Encoded(features, encoded.sizes, encoded.padded)

    def propose(self, pyramid: Encoded) -> list[Tensor]:
        """Return each image's proposals (n, 4); the network has to be in test mode."""
        proposals, _ = self.rpn(pyramid.as_images(), pyramid.features)
        return list(proposals)

    def losses(self, pyramid: Encoded, targets: list[LossTarget]) -> dict[str, Tensor]:
        """Return the losses of a batch; the network has to be in training mode.

        They are four, or the two of the box head where the proposals are known.
        """
        proposals, losses = pyramid.proposals, {}
        if proposals is None:
            proposals, losses = self.rpn(pyramid.as_images(), pyramid.features, targets)
        return {**losses, **self.roi_heads.losses(pyramid, proposals, targets)}

    def find(self, pyramid: Encoded) -> list[dict[str, Tensor]]:
        """Return boxes, labels and scores of each image, the best first."""
        proposals = pyramid.proposals
        if proposals is None:
            proposals = self.propose(pyramid)
        return self.roi_heads.find(pyramid, proposals)

    def forward(
        self, images: Sequence[Tensor], targets: list[LossTarget] | None = None
    ) -> Any:
        """Return losses when training, and otherwise what is found."""
        pyramid = self.pyramid(self.encode(images))
        if self.training:
            if targets is None:
                raise ValueError("training needs targets")
            return self.losses(pyramid, targets)
        return self.find(pyramid)


def build_detector(config: ModelConfig, *, pretrained: bool = True) -> Detector:
    """Build a detector, with its encoder's pretrained weights unless told otherwise.

    Raises
    ------
    ModelError
        If its encoder cannot be built or loaded.
    """
    encoder = build_encoder(config.encoder, config.strides, pretrained=pretrained)
    detector = Detector(config, encoder)
    detector.to(memory_format=torch.channels_last)
    return detector
