"""Fitting a detector to samples: which parts change, and one step after the other.

Where the encoder does not change, its feature maps of a few rotated variants of every
picture are computed once and stored: training heads on them takes a minute, not an
hour. Of a trained model's heads only the box head changes, and proposals are stored.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from clump_detector.config.training import TrainConfig
from clump_detector.core.arrays import Floats
from clump_detector.core.boxes import Boxes
from clump_detector.core.errors import TrainingError
from clump_detector.detector import backend
from clump_detector.detector.encoder import last_stages
from clump_detector.detector.heads import Encoded
from clump_detector.detector.network import Detector
from clump_detector.detector.predict import as_tensor
from clump_detector.detector.targets import LossTarget
from clump_detector.train.distributed import Processes
from clump_detector.train.samples.augment import Sample, augment
from clump_detector.train.samples.dataset import to_target

from .views import SampleView, convert, join_features

#: What of a detector was trained before.
Start = Literal["nothing", "encoder", "model"]

#: Defaults: from a trained model's heads down, and from scratch.
RATES = {"heads": 5e-4, "fpn": 5e-4, "last stages": 2e-4, "everything": 2e-4}
RATE_FROM_SCRATCH = 1e-3

#: An encoder that was trained before changes this much more slowly.
ENCODER_SHARE = 0.2

#: Parts below which all is frozen, so that feature maps can be stored.
FROZEN_BELOW = ("heads", "fpn")

#: The learning rate ends at this share of its highest value.
LAST_SHARE = 0.01


class Fitter:
    """A detector, what of it changes, and how.

    Parameters
    ----------
    detector : Detector
    config : TrainConfig
    device : torch.device
    start : {"nothing", "encoder", "model"}
        How much of the detector was trained before.
    processes : Processes
        The processes that train it together.
    """

    def __init__(
        self,
        detector: Detector,
        config: TrainConfig,
        device: torch.device,
        *,
        start: Start,
        processes: Processes | None = None,
    ) -> None:
        self.detector = detector.to(device)
        self.config = config
        self.device = device
        # What a processor imitates takes twenty times as long.
        known = device.type != "cpu" or backend.has_bfloat16()
        self.half = config.precision == "half" and known
        # Statistics of batches are learned only where there are none yet.
        self._fresh = config.train_parts == "everything" and start == "nothing"
        self._start = start
        self._begin()
        # After what changes is known: only that is averaged.
        self._learner = (processes or Processes()).learner(self.detector)

    def _begin(self) -> None:
        self.optimizer = torch.optim.AdamW(
            self._groups(), weight_decay=self.config.weight_decay
        )
        self._highest = [float(g["lr"]) for g in self.optimizer.param_groups]

    def restart(self, state: Mapping[str, Tensor]) -> None:
        """Go back to weights that `state` returned, with nothing learned since."""
        self.detector.load_state_dict(dict(state))
        self._begin()

    @property
    def stores_features(self) -> bool:
        """Whether the layers below what is trained are frozen, their maps stored."""
        return self.config.train_parts in FROZEN_BELOW

    @property
    def stores_proposals(self) -> bool:
        """Whether what proposes boxes is frozen, too, and only the box head changes.

        A trained model proposes nearly every position that could be a clump;
        corrections teach which of them are clumps.
        """
        return self.config.train_parts == "heads" and self._start == "model"

    def _groups(self) -> list[dict[str, object]]:
        """Return groups of parameters with their learning rates; freeze the others."""
        parts, detector = self.config.train_parts, self.detector
        rate = self.config.learning_rate or (
            RATE_FROM_SCRATCH if self._start == "nothing" else RATES[parts]
        )
        for parameter in detector.parameters():
            parameter.requires_grad_(False)
        tops: list[nn.Module] = [detector.roi_heads]
        if not self.stores_proposals:
            tops.append(detector.rpn)
        if parts != "heads":
            tops.append(detector.backbone.fpn)
        encoder = {
            "last stages": last_stages(detector.backbone.encoder),
            "everything": list(detector.backbone.encoder.parameters()),
        }.get(parts, [])
        top = [p for module in tops for p in module.parameters()]
        for parameter in (*top, *encoder):
            parameter.requires_grad_(True)
        groups: list[dict[str, object]] = [{"params": top, "lr": rate}]
        if encoder:
            share = 1.0 if self._fresh else ENCODER_SHARE
            groups.append({"params": encoder, "lr": rate * share})
        return groups

    def state(self) -> dict[str, Tensor]:
        """Return a copy of the detector's weights."""
        weights = self.detector.state_dict()
        return {key: value.detach().clone() for key, value in weights.items()}

    # -- pictures and feature maps -------------------------------------------

    def view(self, sample: Sample) -> SampleView:
        """Return a sample as the network takes it, through the frozen layers."""
        target = to_target(sample, self.device)
        image = as_tensor(sample.picture, self.device)
        if not self.stores_features:
            return SampleView(target, image=image)
        self.detector.eval()
        with torch.no_grad(), self.precision():
            frozen = self.detector.encode([image])
            if self.config.train_parts == "heads":
                frozen = self.detector.pyramid(frozen)
            if self.stores_proposals:
                frozen.proposals = self.detector.propose(frozen)
        return SampleView(target, frozen=convert(frozen, torch.float16))

    def variant(
        self, sample: Sample, rng: np.random.Generator, which: int
    ) -> SampleView:
        """Return a random variant of a sample.

        Parameters
        ----------
        sample : Sample
        rng : numpy.random.Generator
        which : int
            One of the eight flips and quarter turns, from 0.
        """
        config = self.config
        return self.view(
            augment(
                sample,
                rng,
                which=which if config.flips else 0,
                scale=config.scale_jitter,
                colour=config.colour_jitter,
                noise=config.noise,
                angle=config.any_angle,
                blur=config.blur,
                missing=config.missing,
                dropped=config.dropped,
                side=config.crop,
            )
        )

    def _batches(
        self, views: Sequence[SampleView]
    ) -> Iterable[tuple[Encoded, list[LossTarget]]]:
        """Yield the views' pyramids in batches of one size."""
        groups: dict[tuple[int, int] | None, list[SampleView]] = {}
        for view in views:
            size = None if view.frozen is None else view.frozen.padded
            groups.setdefault(size, []).append(view)
        for group in groups.values():
            targets = [view.target for view in group]
            frozen = [view.frozen for view in group if view.frozen is not None]
            if not frozen:
                images = [view.image for view in group if view.image is not None]
                yield self.detector.pyramid(self.detector.encode(images)), targets
            elif self.config.train_parts == "heads":
                yield join_features(frozen), targets
            else:
                yield self.detector.pyramid(join_features(frozen)), targets

    def precision(self) -> torch.autocast:
        """Return the context in which the network computes."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.half)

    # -- learning -------------------------------------------------------------

    def learning_mode(self) -> None:
        """Let the parts that change learn; the others stay as they are when used."""
        self.detector.train()
        if not self._fresh:
            self.detector.backbone.encoder.eval()

    def step(self, views: Sequence[SampleView], done: float) -> float:
        """Take one step and return its loss.

        Parameters
        ----------
        views : sequence of SampleView
        done : float
            Share of the training that is over, for the learning rate.

        Raises
        ------
        TrainingError
            If the loss is not finite.
        """
        self.learning_mode()
        for group, highest in zip(
            self.optimizer.param_groups, self._highest, strict=True
        ):
            group["lr"] = highest * rate_share(done, self.config.warm_up)
        self.optimizer.zero_grad(set_to_none=True)
        total = 0.0
        for loss in self._losses(views):
            loss.backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach())
        if not math.isfinite(total):
            raise TrainingError(
                f"the loss is not finite ({total})",
                remedy="Lower the learning rate, or train fewer parts.",
            )
        norm = nn.utils.clip_grad_norm_(self.detector.parameters(), self.config.clip)
        if torch.isfinite(norm):  # half precision may overflow once in a while
            self.optimizer.step()
        return total

    def _losses(self, views: Sequence[SampleView]) -> Iterator[Tensor]:
        """Yield losses whose sum is the batch's."""
        if self._learner is not None:
            images = [view.image for view in views]
            with self.precision():
                yield sum_losses(self._learner(images, [view.target for view in views]))
            return
        for pyramid, targets in self.pyramids(views):
            with self.precision():
                loss = sum_losses(self.detector.losses(pyramid, targets))
            yield loss * (len(targets) / len(views))

    def pyramids(
        self, views: Sequence[SampleView]
    ) -> Iterable[tuple[Encoded, list[LossTarget]]]:
        """Yield the views' pyramids with their targets, in batches of one size."""
        batches = iter(self._batches(views))
        while True:
            with self.precision():
                batch = next(batches, None)
            if batch is None:
                return
            yield batch

    # -- searching ------------------------------------------------------------

    def search(self, view: SampleView) -> tuple[Boxes, Floats]:
        """Return the boxes (n, 4) on a view, in its pixels, and their scores (n,)."""
        self.detector.eval()
        with torch.no_grad():
            for pyramid, _ in self.pyramids([view]):
                with self.precision():
                    found = self.detector.find(pyramid)[0]
        return (
            found["boxes"].double().cpu().numpy(),
            found["scores"].double().cpu().numpy(),
        )


def rate_share(done: float, warm_up: float) -> float:
    """Return the learning rate as a share of its highest: a rise, then a cosine.

    Parameters
    ----------
    done : float
        Share of the training that is over, 0 to 1.
    warm_up : float
        Share of the training in which the rate rises, 0 to 1.
    """
    if done < warm_up:
        return max(done / warm_up, LAST_SHARE)
    falling = (done - warm_up) / (1 - warm_up)
    return LAST_SHARE + (1 - LAST_SHARE) * (1 + math.cos(math.pi * falling)) / 2


def sum_losses(losses: dict[str, Tensor]) -> Tensor:
    """Return the sum of a detector's losses."""
    return torch.stack(list(losses.values())).sum()
