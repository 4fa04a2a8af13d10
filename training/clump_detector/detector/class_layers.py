"""The last layers of a detector's box head, for classes that it was not made for."""

from __future__ import annotations

import torch
from torch import nn
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor

from clump_detector.config.model import ModelConfig

from .network import Detector

#: How much less likely than one that it knows a model takes a class at first that it
#: has learned nothing of, as a difference of logits.
AT_FIRST = -5.0


def with_more_classes(detector: Detector, config: ModelConfig) -> Detector:
    """Return a detector whose box head has further classes, to be learned.

    Scores of its own classes change by less than 0.01. A new class begins as the mean
    of those that are known, and is unlikely: what it is looks like them.

    Parameters
    ----------
    detector : Detector
        It is changed.
    config : ModelConfig
        Its configuration with the further classes after its own.
    """
    old: FastRCNNPredictor = detector.roi_heads.box_predictor
    known, n = old.cls_score.out_features, len(config.classes) + 1
    new = FastRCNNPredictor(old.cls_score.in_features, n)
    with torch.no_grad():
        _extend(old.cls_score, new.cls_score, known, 1)
        new.cls_score.bias[known:] += AT_FIRST
        _extend(old.bbox_pred, new.bbox_pred, known, 4)
    detector.roi_heads.box_predictor = new
    detector.config = config
    return detector


def _extend(old: nn.Linear, new: nn.Linear, known: int, rows: int) -> None:
    """Copy the rows of known classes, and their mean for each further one.

    A layer has some rows for each class, the background's first.
    """
    for name in ("weight", "bias"):
        before = getattr(old, name)
        values = before.reshape(known, rows, *before.shape[1:])
        mean = values[1:].mean(dim=0, keepdim=True)
        further = new.out_features // rows - known
        getattr(new, name).copy_(
            torch.cat([values, *[mean] * further]).reshape(getattr(new, name).shape)
        )
