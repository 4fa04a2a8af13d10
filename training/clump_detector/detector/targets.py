"""What a loss counts: which regions of an image are clump, background or neither.

A target says, beside its boxes, which regions are ``ignored`` (neither clump nor
background), which boxes a reviewer has ``rejected`` (background, always sampled), and
whether it is ``complete``: where it is not, background that nobody looked at gives no
loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import torch
from torch import Tensor
from torchvision.ops import box_iou

#: Labels beside the classes, which count from 1.
BACKGROUND, IGNORED, REJECTED = 0, -1, -2

#: A proposal of which this share lies in an ignored box is ignored.
IGNORED_SHARE = 0.5

#: A proposal with this IoU with a rejected box is rejected with it.
REJECTED_IOU = 0.5


class LossTarget(TypedDict):
    """What is known of one image, boxes in network pixels from the edge.

    ``boxes`` (n, 4), ``labels`` (n,) int64 from 1, ``weights`` (n,) of their class
    loss, ``ignored`` (m, 4), ``rejected`` (k, 4); ``complete`` says that every clump
    has its box.
    """

    boxes: Tensor
    labels: Tensor
    weights: Tensor
    ignored: Tensor
    rejected: Tensor
    complete: bool


class Sampler:
    """Chooses which proposals of an image count, rejected ones always among them.

    Parameters
    ----------
    size : int
        Proposals of an image that count, at most.
    positive_share : float
        Largest share of them that are positive.
    """

    def __init__(self, size: int, positive_share: float) -> None:
        self.size = size
        self.positives = int(size * positive_share)

    def __call__(self, labels: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Return masks of the chosen positives and negatives of each image."""
        chosen = [self._choose(one) for one in labels]
        return [c[0] for c in chosen], [c[1] for c in chosen]

    def _choose(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        positive = _draw(labels >= 1, self.positives)
        rejected = labels == REJECTED
        left = self.size - int(positive.sum()) - int(rejected.sum())
        return positive, rejected | _draw(labels == BACKGROUND, max(left, 0))


def _draw(candidates: Tensor, most: int) -> Tensor:
    """Return a mask of at most ``most`` of the candidates, drawn at random."""
    indices = torch.where(candidates)[0]
    mask = torch.zeros_like(candidates)
    mask[indices[torch.randperm(len(indices), device=indices.device)[:most]]] = True
    return mask


def not_background(labels: Tensor, proposals: Tensor, target: LossTarget) -> Tensor:
    """Return labels in which only what a reviewer has seen is background.

    Parameters
    ----------
    labels : tensor of shape (n,)
        Classes, `BACKGROUND`, or `IGNORED` between the two.
    proposals : tensor of shape (n, 4)
    target : LossTarget

    Returns
    -------
    tensor of shape (n,)
        Background that is mostly ignored, or of an image that is not complete, becomes
        `IGNORED`; background on a rejected box `REJECTED`, which overrides it.
    """
    background = labels == BACKGROUND
    labels = labels.clone()
    if not target["complete"]:
        labels[background] = IGNORED
    elif len(target["ignored"]):
        share = _share_inside(proposals, target["ignored"])
        labels[background & (share >= IGNORED_SHARE)] = IGNORED
    if len(target["rejected"]) and len(proposals):
        overlap = box_iou(target["rejected"], proposals)
        best = overlap.max(dim=1, keepdim=True).values
        # The best anchor counts even if none fits well: every rejection is learned.
        close = (overlap >= REJECTED_IOU) | ((overlap == best) & (best > 0))
        labels[background & close.any(dim=0)] = REJECTED
    return labels


def _share_inside(proposals: Tensor, regions: Tensor) -> Tensor:
    """Return the largest share of each proposal that is in one region, shape (n,)."""
    low = torch.maximum(proposals[:, None, :2], regions[None, :, :2])
    high = torch.minimum(proposals[:, None, 2:], regions[None, :, 2:])
    both = (high - low).clamp(min=0).prod(dim=2)
    area = (proposals[:, 2:] - proposals[:, :2]).prod(dim=1)
    return (both / area[:, None].clamp(min=1e-6)).amax(dim=1)
