"""Box heads that learn from rows of features, five from folds, and what they find."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import clip_boxes_to_image, nms

from clump_detector.config.training import TrainConfig
from clump_detector.detector.network import Detector
from clump_detector.detector.targets import BACKGROUND, REJECTED
from clump_detector.metrics import matching
from clump_detector.train.fitting.fitter import RATES, rate_share
from clump_detector.train.schedule import draw_order

from .active_rows import Galaxy, Rows, Target

#: Rows of a galaxy that count in a step; the product takes `PRODUCT` of them. What is
#: left out is background, and what is taken of it weighs as much more.
ROWS, PRODUCT, POSITIVE = 32, 96, 12

#: From this score on places count as found.
LOWEST = 0.02


class Head(nn.Module):
    """A box head with its predictor: features of places to logits and shifts."""

    def __init__(self, detector: Detector) -> None:
        super().__init__()
        self.box_head = copy.deepcopy(detector.roi_heads.box_head)
        self.box_predictor = copy.deepcopy(detector.roi_heads.box_predictor)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (n, classes + 1) and shifts (n, 4 * (classes + 1))."""
        with torch.autocast("cpu", torch.bfloat16):
            logits, shifts = self.box_predictor(self.box_head(features))
        return logits.float(), shifts.float()


@dataclass(frozen=True)
class Found:
    """What heads find on a galaxy, the best first.

    Attributes
    ----------
    boxes : array of shape (n, 4)
    scores : array of shape (n,)
        The mean of the heads'.
    heads : array of shape (heads, n)
        The score that each gives.
    """

    boxes: np.ndarray
    scores: np.ndarray
    heads: np.ndarray


def learn(
    rows: Rows,
    targets: Sequence[Target],
    among: Sequence[int],
    detector: Detector,
    config: TrainConfig,
    seed: Sequence[int],
) -> Head:
    """Return a head of the base model that has learned from some galaxies.

    Parameters
    ----------
    rows : Rows
    targets : sequence of Target
        Of all galaxies.
    among : sequence of int
        The galaxies to learn from.
    detector : Detector
        The base model.
    config : TrainConfig
    seed : sequence of int
    """
    head = Head(detector).train()
    parameters = list(head.parameters())
    rate = RATES["heads"]
    optimizer = torch.optim.AdamW(
        parameters, lr=rate, weight_decay=config.weight_decay, foreach=True
    )
    rng = np.random.default_rng([*seed])
    once = max(-(-len(among) // config.batch), config.least_steps)
    steps = once * config.epochs
    for epoch in range(config.epochs):
        order = draw_order(len(among), once * config.batch, rng)
        for i in range(once):
            done = (epoch * once + i) / steps
            optimizer.param_groups[0]["lr"] = rate * rate_share(done, config.warm_up)
            batch = order[i * config.batch : (i + 1) * config.batch]
            optimizer.zero_grad(set_to_none=True)
            loss = _loss(head, rows, [targets[among[k]] for k in batch], rng)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(parameters, config.clip)
            optimizer.step()
    return head.eval()


def _loss(
    head: Head, rows: Rows, batch: Sequence[Target], rng: np.random.Generator
) -> Tensor:
    """Return the losses of class and box, as `BoxHeads.losses` has them."""
    parts = [_drawn(target, rng) for target in batch]
    chosen, labels, wanted, weights = (
        np.concatenate(part)
        for part in zip(
            *((p.rows, p.labels, p.wanted, p.weights) for p, _ in parts), strict=True
        )
    )
    n = sum(stands for _, stands in parts)
    logits, shifts = head(rows.features[torch.as_tensor(chosen)])
    truth = torch.as_tensor(np.maximum(labels, BACKGROUND))
    loss: Tensor = F.cross_entropy(logits, truth, reduction="none")
    loss = (loss * torch.as_tensor(weights, dtype=torch.float32)).sum() / n
    positive = torch.where(truth > BACKGROUND)[0]
    shifts = shifts.reshape(len(shifts), -1, 4)[positive, truth[positive]]
    aim = torch.as_tensor(wanted, dtype=torch.float32)[positive]
    boxes: Tensor = F.smooth_l1_loss(shifts, aim, beta=1 / 9, reduction="sum")
    return loss + boxes / n


def _drawn(target: Target, rng: np.random.Generator) -> tuple[Target, int]:
    """Return the rows that count in a step, and how many of the product's they are."""
    positive = rng.permutation(np.flatnonzero(target.labels >= 1))[:POSITIVE]
    rejected = np.flatnonzero(target.labels == REJECTED)
    background = np.flatnonzero(target.labels == BACKGROUND)
    known = len(positive) + len(rejected)
    stands = min(len(background), max(PRODUCT - known, 0))
    background = rng.permutation(background)[: max(ROWS - known, 4)]
    chosen = np.concatenate([positive, rejected, background])
    weights = target.weights[chosen].copy()
    if len(background):
        weights[known:] *= stands / len(background)
    rows, labels = target.rows[chosen], target.labels[chosen]
    return Target(rows, labels, target.wanted[chosen], weights), known + stands


@torch.inference_mode()
def find(
    rows: Rows, heads: Sequence[Head], which: Sequence[int], detector: Detector
) -> list[Found]:
    """Return what the mean of some heads finds on some galaxies."""
    found = []
    for k in range(0, len(which), 16):
        galaxies = [rows.galaxies[i] for i in which[k : k + 16]]
        places = [g.first + np.flatnonzero(g.hosted) for g in galaxies]
        features = rows.features[torch.as_tensor(np.concatenate(places))]
        said = [head(features) for head in heads]
        logits = torch.stack([one for one, _ in said]).softmax(dim=2)
        shifts = torch.stack([one for _, one in said]).mean(dim=0)
        ends = np.cumsum([len(p) for p in places])[:-1].tolist()
        for g, chances, deltas in zip(
            galaxies,
            torch.tensor_split(logits, ends, dim=1),
            torch.tensor_split(shifts, ends),
            strict=True,
        ):
            found.append(_found(g, chances, deltas, detector))
    return found


def _found(
    galaxy: Galaxy, chances: Tensor, shifts: Tensor, detector: Detector
) -> Found:
    """Return the boxes of one galaxy, doubles suppressed, as the product does."""
    heads = detector.roi_heads
    proposals = galaxy.corners[: galaxy.proposals][galaxy.hosted]
    corners = torch.as_tensor(proposals, dtype=torch.float32)
    if not len(corners):
        return Found(np.zeros((0, 4)), np.zeros(0), np.zeros((len(chances), 0)))
    mean = chances.mean(dim=0)
    classes = mean[:, 1:].argmax(dim=1) + 1
    boxes = heads.box_coder.decode(shifts, [corners])
    boxes = clip_boxes_to_image(boxes[torch.arange(len(boxes)), classes], galaxy.size)
    score = 1 - mean[:, 0]
    sides = (boxes[:, 2:] - boxes[:, :2]).amin(dim=1)
    good = torch.where((score >= LOWEST) & (sides >= 1))[0]
    kept = good[nms(boxes[good], score[good], heads.nms_thresh)]
    return Found(
        boxes[kept].double().numpy(),
        score[kept].double().numpy(),
        (1 - chances[:, kept, 0]).double().numpy(),
    )


@torch.inference_mode()
def scores_of(rows: Rows, head: Head, places: np.ndarray) -> np.ndarray:
    """Return the scores that a head gives to rows of the table."""
    logits, _ = head(rows.features[torch.as_tensor(places)])
    return np.asarray(1 - logits.softmax(dim=1)[:, 0].double().numpy())


def match(galaxy: Galaxy, found: Found) -> matching.Match:
    """Match what was found with the labels, as a training does."""
    sample = galaxy.sample
    return matching.match(
        sample.boxes,
        found.boxes,
        found.scores,
        ignored=sample.ignored,
        fwhm=sample.fwhm,
    )
