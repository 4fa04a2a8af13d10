"""Box heads on kept features, for the simulated reviews of `active`.

Encoder, pyramid and proposals are the base model's and do not change, as where "heads"
are retrained; what the box head sees of every galaxy is computed once. Other than in
the product's training galaxies are not turned, scaled or coloured, and a step draws
fewer proposals of each, so that hundreds of trainings take hours, not days.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import batched_nms, clip_boxes_to_image

from clump_detector.core import boxes as geometry
from clump_detector.detector.describing.embedding import vector_of
from clump_detector.detector.model_folder import load_model
from clump_detector.detector.network import Detector
from clump_detector.detector.predict import as_tensor
from clump_detector.detector.targets import BACKGROUND, not_background
from clump_detector.images.host_mask import on_host
from clump_detector.labels.label_set import LabelledCutout
from clump_detector.metrics.matching import Match, match
from clump_detector.train.fitting.fitter import RATES, rate_share
from clump_detector.train.samples.augment import Sample
from clump_detector.train.samples.dataset import load_sample, to_target

#: As in the recipe `retrain-heads`.
EPOCHS, LEAST_STEPS, BATCH = 10, 12, 8

#: Proposals of a galaxy in a step, and how many of them are positive at most.
ROWS, POSITIVE = 48, 12

#: A box with a smaller IoU with every region is proposed by none.
PROPOSED_IOU = 0.3

#: From which score boxes count for what is chosen next.
LOWEST = 0.02


@dataclass
class Galaxy:
    """A labelled galaxy, and what the frozen layers make of it.

    Attributes
    ----------
    sample : Sample
    regions : tensor of shape (n, 4)
        Proposals, then labelled and rejected boxes.
    proposed : int
        How many of them are proposals.
    pooled : tensor of shape (n, channels, 7, 7)
        In half precision.
    hosted : bool array of shape (n,)
        Which proposals are on the galaxy.
    vector : array of shape (channels,)
    """

    sample: Sample
    regions: Tensor
    proposed: int
    pooled: Tensor
    hosted: np.ndarray
    vector: np.ndarray


class Bench:
    """The base model, and galaxies as its box head sees them.

    Parameters
    ----------
    model : path
    cutouts : sequence of (LabelledCutout, path)
        With the label set's file.
    """

    def __init__(
        self, model: Path, cutouts: Sequence[tuple[LabelledCutout, Path]]
    ) -> None:
        self.detector, self.card = load_model(model)
        self.galaxies = [self._seen(*one) for one in cutouts]

    @torch.no_grad()
    def _seen(self, cutout: LabelledCutout, path: Path) -> Galaxy:
        detector: Detector = self.detector
        sample = load_sample(cutout, self.card.config, path)
        encoded = detector.encode([as_tensor(sample.picture)])
        vector = vector_of([list(encoded.features.values())[-1]])
        pyramid = detector.pyramid(encoded)
        (proposals,) = detector.propose(pyramid)
        target = to_target(sample)
        regions = torch.cat([proposals, target["boxes"], target["rejected"]])
        pooled = detector.roi_heads.pooled(pyramid, [regions]).half()
        width = sample.fwhm or self.card.config.pixels_per_fwhm
        hosted = np.zeros(len(proposals), bool)
        hosted[on_host(sample.picture, proposals.double().numpy(), width)] = True
        return Galaxy(sample, regions, len(proposals), pooled, hosted, vector)

    def targets(self, galaxy: Galaxy) -> tuple[Tensor, Tensor]:
        """Return label and regression target of each region, as training has them."""
        heads, target = self.detector.roi_heads, to_target(galaxy.sample)
        (matched,), (labels,) = heads.assign_targets_to_proposals(
            [galaxy.regions], [target["boxes"]], [target["labels"]]
        )
        labels = not_background(labels, galaxy.regions, target)
        boxes = target["boxes"]
        if not len(boxes):
            return labels, torch.zeros(len(labels), 4)
        (encoded,) = heads.box_coder.encode([boxes[matched]], [galaxy.regions])
        return labels, encoded

    def head(self, galaxies: Sequence[Galaxy], seed: int) -> nn.Module:
        """Train a copy of the base model's box head on some galaxies."""
        torch.manual_seed(seed)
        roi = self.detector.roi_heads
        head = nn.Sequential(
            copy.deepcopy(roi.box_head), copy.deepcopy(roi.box_predictor)
        )
        head.train()
        optimizer = torch.optim.AdamW(
            head.parameters(), lr=RATES["heads"], weight_decay=1e-4
        )
        known = [self.targets(one) for one in galaxies]
        rng = np.random.default_rng(seed)
        steps = max(LEAST_STEPS, -(-len(galaxies) // BATCH))
        for epoch in range(EPOCHS):
            order = np.concatenate(
                [
                    rng.permutation(len(galaxies))
                    for _ in range(-(-steps * BATCH // len(galaxies)))
                ]
            )
            for step in range(steps):
                done = (epoch * steps + step) / (steps * EPOCHS)
                for group in optimizer.param_groups:
                    group["lr"] = RATES["heads"] * rate_share(done, 0.1)
                some = order[step * BATCH : (step + 1) * BATCH]
                loss = _loss(head, [(galaxies[i], *known[i]) for i in some])
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                nn.utils.clip_grad_norm_(head.parameters(), 5.0)
                optimizer.step()
        return head.eval()

    @torch.no_grad()
    def find(
        self, galaxy: Galaxy, heads: Sequence[nn.Module]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the boxes on a galaxy and the score of each head, (heads, n)."""
        n = galaxy.proposed
        kept = torch.as_tensor(np.flatnonzero(galaxy.hosted))
        pooled = galaxy.pooled[:n][kept].float()
        every = [head(pooled) for head in heads]
        chances = torch.stack([1 - one[0].softmax(dim=1)[:, 0] for one in every])
        labels = torch.stack([one[0] for one in every]).mean(dim=0)[:, 1:].argmax(1) + 1
        deltas = torch.stack([one[1] for one in every]).mean(dim=0)
        boxes = self.detector.roi_heads.box_coder.decode(
            deltas, [galaxy.regions[:n][kept]]
        )
        boxes = boxes[torch.arange(len(boxes)), labels]
        height, width = galaxy.sample.picture.shape[:2]
        boxes = clip_boxes_to_image(boxes, (height, width))
        mean = chances.mean(dim=0)
        good = torch.where(mean >= LOWEST)[0]
        best = batched_nms(
            boxes[good], mean[good], torch.zeros_like(good), self.card.config.nms_iou
        )
        good = good[best]
        return boxes[good].double().numpy(), chances[:, good].double().numpy()

    @torch.no_grad()
    def scores(self, galaxy: Galaxy, boxes: np.ndarray, head: nn.Module) -> np.ndarray:
        """Return the score of labelled or rejected boxes, from the nearest region.

        Where the frozen layers propose nothing that overlaps, it is 0.
        """
        if not len(boxes):
            return np.zeros(0)
        overlap = geometry.iou(
            geometry.as_boxes(boxes), galaxy.regions.double().numpy()
        )
        rows = torch.as_tensor(overlap.argmax(axis=1))
        chances = head(galaxy.pooled[rows].float())[0].softmax(dim=1)
        found = 1 - chances[:, 0].double().numpy()
        return np.where(overlap.max(axis=1) >= PROPOSED_IOU, found, 0.0)

    def match(self, galaxy: Galaxy, heads: Sequence[nn.Module]) -> Match:
        """Return what becomes of the boxes on a galaxy with the heads' mean score."""
        boxes, scores = self.find(galaxy, heads)
        sample = galaxy.sample
        return match(
            sample.boxes, boxes, scores.mean(axis=0),
            ignored=sample.ignored, fwhm=sample.fwhm,
        )  # fmt: skip


def _loss(head: nn.Module, batch: Sequence[tuple[Galaxy, Tensor, Tensor]]) -> Tensor:
    """Return the loss of class and of box, on some regions of each galaxy."""
    rows, labels, wanted = [], [], []
    for galaxy, label, target in batch:
        positive = torch.where(label > BACKGROUND)[0]
        positive = positive[torch.randperm(len(positive))[:POSITIVE]]
        rejected = torch.where(label < -1)[0]
        negative = torch.where(label == BACKGROUND)[0]
        left = max(ROWS - len(positive) - len(rejected), 0)
        negative = negative[torch.randperm(len(negative))[:left]]
        chosen = torch.cat([positive, rejected, negative])
        rows.append(galaxy.pooled[chosen])
        labels.append(label[chosen].clamp(min=BACKGROUND))
        wanted.append(target[chosen])
    truth, aim = torch.cat(labels), torch.cat(wanted)
    seen = torch.cat(rows).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        logits, deltas = head(seen)
    logits, deltas = logits.float(), deltas.float()
    classes = F.cross_entropy(logits, truth)
    at = torch.where(truth > BACKGROUND)[0]
    deltas = deltas.reshape(len(deltas), -1, 4)[at, truth[at]]
    boxes = F.smooth_l1_loss(deltas, aim[at], beta=1 / 9, reduction="sum")
    return classes + boxes / max(len(truth), 1)
