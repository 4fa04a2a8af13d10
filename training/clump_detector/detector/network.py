"""The detector: torchvision's Faster R-CNN over an FPN over a timm encoder."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.ops import (
    FeaturePyramidNetwork,
    MultiScaleRoIAlign,
)
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

from clump_detector.config.model import ModelConfig

from .encoder import build_encoder, channels
from .heads import BoxHeads, Encoded, Features, ProposalHead, Proposer
from .targets import LossTarget, Sampler


class Pyramid(nn.Module):
    """The encoder and the feature pyramid over it, in the form torchvision asks for.

    Parameters
    ----------
    encoder : torch.nn.Module
        Returns a list of feature maps, fine to coarse.
    out_channels : int
        Channels of the pyramid's maps.
    pooled_level : bool
        Whether a coarser level is added by pooling.
    """

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

    `encode` and `pyramid` make feature maps, which can be stored while what follows is
    trained; `losses` and `find` use them. Images are tensors of shape (3, height,
    width) in 0 to 1, already at the network's scale: nothing is resized here.

    Parameters
    ----------
    config : ModelConfig
    encoder : torch.nn.Module
        As `clump_detector.detector.encoder.build_encoder` makes it.
    """

    def __init__(self, config: ModelConfig, encoder: nn.Module) -> None:
        n_classes = len(config.classes) + 1
        backbone = Pyramid(
            encoder, config.fpn_channels, pooled_level=config.pooled_level
        )
        names = [str(i) for i in range(len(config.strides))]
        super().__init__(
            backbone,
            image_mean=list(config.image_mean),
            image_std=list(config.image_std),
            rpn_anchor_generator=AnchorGenerator(
                config.anchor_sizes, (config.aspect_ratios,) * len(config.anchor_sizes)
            ),
            box_roi_pool=MultiScaleRoIAlign(
                names, output_size=7, sampling_ratio=config.sampling_ratio
            ),
            box_head=TwoMLPHead(config.fpn_channels * 49, config.representation_size),
            box_predictor=FastRCNNPredictor(config.representation_size, n_classes),
        )
        self.config = config
        self.rpn = self._proposer(config)
        self.roi_heads = self._box_heads(config)

    def _proposer(self, config: ModelConfig) -> Proposer:
        rpn = Proposer(
            self.rpn.anchor_generator,
            ProposalHead(
                config.fpn_channels,
                len(config.anchor_sizes[0]) * len(config.aspect_ratios),
            ),
            fg_iou_thresh=0.6,
            bg_iou_thresh=0.3,
            batch_size_per_image=128,
            positive_fraction=0.5,
            pre_nms_top_n={"training": 400, "testing": config.rpn_pre_nms_top_n},
            post_nms_top_n={"training": 300, "testing": config.rpn_post_nms_top_n},
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
            score_thresh=config.box_score_thresh,
            nms_thresh=config.nms_iou,
            detections_per_img=config.box_detections_per_img,
        )
        heads.fg_bg_sampler = Sampler(96, 0.25)
        return heads

    def encode(self, images: Sequence[Tensor]) -> Encoded:
        """Return the encoder's feature maps of images, before the pyramid."""
        batch, sizes = self.batch_of(images)
        features = self.backbone.encode(batch)
        return Encoded(features, sizes, (int(batch.shape[-2]), int(batch.shape[-1])))

    def batch_of(
        self, images: Sequence[Tensor]
    ) -> tuple[Tensor, list[tuple[int, int]]]:
        """Return images as the encoder takes them, and the size of each.

        Parameters
        ----------
        images : sequence of tensor of shape (3, height, width)
        """
        sizes = [(int(i.shape[-2]), int(i.shape[-1])) for i in images]
        # torchvision's transform as a whole would resize: its `_skip_resize` is for
        # training only.
        batch = self.transform.batch_images(
            [self.transform.normalize(i) for i in images], max(self.config.strides)
        )
        return batch.contiguous(memory_format=torch.channels_last), sizes

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

        Parameters
        ----------
        pyramid : Encoded
            The pyramid's feature maps.
        targets : list of LossTarget
            One per image.
        """
        proposals, losses = pyramid.proposals, {}
        if proposals is None:
            proposals, losses = self.rpn(pyramid.as_images(), pyramid.features, targets)
        return {**losses, **self.roi_heads.losses(pyramid, proposals, targets)}

    def find(
        self, pyramid: Encoded, floor: float | None = None
    ) -> list[dict[str, Tensor]]:
        """Return boxes, labels and scores of each image, the best first.

        Parameters
        ----------
        pyramid : Encoded
        floor : float, optional
            The score from which boxes are returned; the model's own without it.
        """
        proposals = pyramid.proposals
        if proposals is None:
            proposals = self.propose(pyramid)
        return self.roi_heads.find(pyramid, proposals, floor)

    def forward(
        self, images: Sequence[Tensor], targets: list[LossTarget] | None = None
    ) -> dict[str, Tensor] | list[dict[str, Tensor]]:
        """Return losses when training, and otherwise what is found.

        Parameters
        ----------
        images : sequence of tensor of shape (3, height, width)
            In 0 to 1.
        targets : list of LossTarget, optional
            Needed for training.
        """
        pyramid = self.pyramid(self.encode(images))
        if self.training:
            if targets is None:
                raise ValueError("training needs targets")
            return self.losses(pyramid, targets)
        return self.find(pyramid)


def build_detector(config: ModelConfig, *, pretrained: bool = True) -> Detector:
    """Build a detector.

    Parameters
    ----------
    config : ModelConfig
    pretrained : bool
        Whether the encoder gets its pretrained weights.

    Raises
    ------
    ModelError
        If its encoder cannot be built or loaded.
    """
    encoder = build_encoder(config.encoder, config.strides, pretrained=pretrained)
    detector = Detector(config, encoder)
    detector.to(memory_format=torch.channels_last)
    return detector
