"""Fitting a detector to samples: which parts change, and one step after the other.

Where the encoder does not change, its feature maps of a few turned variants of every
picture are computed once and kept in a file: training heads on them takes a minute, not
an hour. Of a trained model's heads only the box head changes, and proposals are kept.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from clump_detector.config.training import TrainConfig
from clump_detector.core.arrays import Floats
from clump_detector.core.boxes import Boxes
from clump_detector.core.errors import TrainingError
from clump_detector.detector.encoder import last_stages
from clump_detector.detector.feature_store import FeatureStore
from clump_detector.detector.network import Detector, Encoded
from clump_detector.detector.predict import as_tensor
from clump_detector.detector.targets import LossTarget
from clump_detector.metrics import matching

from .augment import TURNS, Sample, augment
from .dataset import to_target
from .distributed import Processes

#: What of a detector was trained before.
Start = Literal["nothing", "encoder", "model"]

#: Where nothing else is said: from a trained model's heads down, and from scratch.
RATES = {"heads": 5e-4, "fpn": 5e-4, "last stages": 2e-4, "everything": 2e-4}
RATE_FROM_SCRATCH = 1e-3

#: With fewer validation boxes than this the loss says which epoch is the best.
FEWEST_FOR_F1 = 100

#: An encoder that was trained before changes this much more slowly.
ENCODER_SHARE = 0.2

#: Parts below which all is frozen, so that feature maps can be kept.
KEPT_FOR = ("heads", "fpn")

#: The learning rate ends at this share of its highest value.
LAST_SHARE = 0.01


@dataclass(frozen=True)
class SampleView:
    """One variant of a sample: feature maps as far as they are frozen, and its target.

    ``frozen`` is None where the encoder itself is trained; then ``image`` is there.
    """

    target: LossTarget
    frozen: Encoded | None = None
    image: Tensor | None = None


@dataclass(frozen=True)
class Judgement:
    """How well a detector does on samples."""

    loss: float
    completeness: float | None
    purity: float | None
    score: float | None
    n_boxes: int

    @property
    def regret(self) -> float:
        """What the best epoch has least of: 1 - F1, or the loss with few boxes.

        A network grows surer with time, and its loss with it, while it still finds
        more. On few boxes F1 is a matter of luck, and the loss tells more.
        """
        if self.n_boxes < FEWEST_FOR_F1:
            return self.loss
        if not self.completeness or not self.purity:
            return 1.0
        both = self.completeness + self.purity
        return 1 - 2 * self.completeness * self.purity / both


def judgement_from(table: Mapping[str, Any]) -> Judgement:
    """Return what `dataclasses.asdict` made a table of."""
    return Judgement(**table)


class Fitter:
    """A detector, what of it changes, and how.

    Parameters
    ----------
    detector : Detector
    config : TrainConfig
    device : torch.device
    start : {"nothing", "encoder", "model"}
        How much of the detector was trained before.
    team : Processes
        The processes that train it together.
    """

    def __init__(
        self,
        detector: Detector,
        config: TrainConfig,
        device: torch.device,
        *,
        start: Start,
        team: Processes | None = None,
    ) -> None:
        self.detector = detector.to(device)
        self.config = config
        self.device = device
        # Statistics of batches are learned only where there are none yet.
        self._fresh = config.train_parts == "everything" and start == "nothing"
        self._start = start
        self._begin()
        # After what changes is known: only that is averaged.
        self._learner = (team or Processes()).learner(self.detector)

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
    def keeps_features(self) -> bool:
        """Whether the layers below what is trained are frozen, their maps kept."""
        return self.config.train_parts in KEPT_FOR

    @property
    def keeps_proposals(self) -> bool:
        """Whether what proposes boxes is frozen, too, and only the box head changes.

        A trained model proposes nearly every place that could be a clump; which of
        them are clumps is what corrections tell.
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
        if not self.keeps_proposals:
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
        if not self.keeps_features:
            return SampleView(target, image=image)
        self.detector.eval()
        with torch.no_grad(), self._precision():
            frozen = self.detector.encode([image])
            if self.config.train_parts == "heads":
                frozen = self.detector.pyramid(frozen)
            if self.keeps_proposals:
                frozen.proposals = self.detector.propose(frozen)
        return SampleView(target, frozen=_convert(frozen, torch.float16))

    def variant(
        self, sample: Sample, rng: np.random.Generator, which: int
    ) -> SampleView:
        """Return a random variant of a sample, turned in one of eight ways."""
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
                side=config.crop,
            )
        )

    def _pyramids(
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
                yield _join(frozen), targets
            else:
                yield self.detector.pyramid(_join(frozen)), targets

    def _precision(self) -> torch.autocast:
        half = self.config.precision == "half"
        return torch.autocast(self.device.type, torch.bfloat16, enabled=half)

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
            with self._precision():
                yield _sum(self._learner(images, [view.target for view in views]))
            return
        for pyramid, targets in self._with_precision(views):
            with self._precision():
                loss = _sum(self.detector.losses(pyramid, targets))
            yield loss * (len(targets) / len(views))

    def _with_precision(
        self, views: Sequence[SampleView]
    ) -> Iterable[tuple[Encoded, list[LossTarget]]]:
        batches = iter(self._pyramids(views))
        while True:
            with self._precision():
                batch = next(batches, None)
            if batch is None:
                return
            yield batch

    # -- judging --------------------------------------------------------------

    def search(self, view: SampleView) -> tuple[Boxes, Floats]:
        """Return the boxes (n, 4) on a view, in its pixels, and their scores (n,)."""
        self.detector.eval()
        with torch.no_grad():
            for pyramid, _ in self._with_precision([view]):
                with self._precision():
                    found = self.detector.find(pyramid)[0]
        return (
            found["boxes"].double().cpu().numpy(),
            found["scores"].double().cpu().numpy(),
        )

    def judge(
        self,
        views: Sequence[SampleView],
        should_go_on: Callable[[], None] = lambda: None,
    ) -> Judgement:
        """Return the loss on views, and how many boxes are found."""
        matches, losses = [], []
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)  # which proposals are sampled
            for view in views:
                should_go_on()
                self.detector.eval()
                for pyramid, targets in self._with_precision([view]):
                    with self._precision():
                        found = self.detector.find(pyramid)[0]
                        self.learning_mode()
                        self.detector.backbone.eval()
                        losses.append(
                            float(_sum(self.detector.losses(pyramid, targets)))
                        )
                    matches.append(_match(found, targets[0]))
        score = matching.best_score(matches)
        kept = 0.5 if score is None else score
        completeness, purity = matching.completeness_purity(matches, kept)
        n_boxes = sum(m.n_true for m in matches)
        return Judgement(
            float(np.mean(losses)),
            completeness,
            purity,
            score,
            n_boxes,
        )


def rate_share(done: float, warm_up: float) -> float:
    """Return the learning rate as a share of its highest, `done` from 0 to 1."""
    if done < warm_up:
        return max(done / warm_up, LAST_SHARE)
    falling = (done - warm_up) / (1 - warm_up)
    return LAST_SHARE + (1 - LAST_SHARE) * (1 + math.cos(math.pi * falling)) / 2


@dataclass(frozen=True)
class _Kept:
    """A view whose feature maps are in the file."""

    target: LossTarget
    number: int


class SampleViews:
    """Variants of samples to learn from: kept ones, or new ones at every step.

    Parameters
    ----------
    fitter : Fitter
    samples : list of Sample
    heed : callable
        Called before each sample whose feature maps are made, with its number from 0
        on; it may raise.
    folder : path, optional
        Where the file of kept feature maps is made.

    Raises
    ------
    FileError
        If the disk is full.
    """

    def __init__(
        self,
        fitter: Fitter,
        samples: list[Sample],
        heed: Callable[[int], None] = lambda _: None,
        folder: Path | None = None,
    ) -> None:
        self._fitter, self._samples = fitter, samples
        self._kept: list[list[_Kept]] = []
        self._whole: dict[int, _Kept] = {}
        self._store: FeatureStore | None = None
        if not fitter.keeps_features or not samples:
            return
        self._store = FeatureStore(folder)
        config = fitter.config
        n_views = min(config.cache_views, TURNS if config.flips else config.cache_views)
        if config.cache_variants:
            n_views = min(n_views, max(config.cache_variants // len(samples), 2))
        largest = max(samples, key=lambda s: s.picture.size)
        size = _bytes(fitter.view(largest)) * math.exp(2 * config.scale_jitter)
        room = min(config.cache_megabytes * 1e6, self._store.room())
        n_views = min(n_views, int(room / size / len(samples)))
        try:
            for i in range(len(samples) if n_views else 0):
                heed(i)
                self._kept.append(list(self._variants(i, n_views)))
        except BaseException:
            self.close()
            raise

    def _variants(self, i: int, n_views: int) -> Iterator[_Kept]:
        """Make and keep some variants of a sample."""
        rng = np.random.default_rng([self._fitter.config.seed, 3, i])
        turns = rng.permutation(TURNS)
        for v in range(n_views):
            view = self._fitter.variant(self._samples[i], rng, int(turns[v % TURNS]))
            yield self._keep(view)

    def _keep(self, view: SampleView) -> _Kept:
        assert self._store is not None
        assert view.frozen is not None
        return _Kept(view.target, self._store.add(view.frozen))

    def _back(self, kept: _Kept) -> SampleView:
        assert self._store is not None
        frozen = self._store.get(kept.number, self._fitter.device)
        return SampleView(kept.target, frozen=frozen)

    def whole(self, i: int) -> SampleView:
        """Return a sample as it is, not turned, cut or changed."""
        if self._store is None:
            return self._fitter.view(self._samples[i])
        if i not in self._whole:
            self._whole[i] = self._keep(self._fitter.view(self._samples[i]))
        return self._back(self._whole[i])

    def close(self) -> None:
        """Give the space of what was kept back."""
        if self._store is not None:
            self._store.close()

    def batches(
        self, order: Sequence[int], size: int, rng: np.random.Generator
    ) -> Iterator[list[SampleView]]:
        """Yield variants of samples in an order, so many at a time.

        Where the network has no part in it, the next ones are made meanwhile.
        """
        parts = [order[i : i + size] for i in range(0, len(order), size)]
        if self._fitter.keeps_features:
            yield from (self._draw(part, rng) for part in parts)
            return
        with ThreadPoolExecutor(1, "variants") as pool:
            coming = pool.submit(self._draw, parts[0], rng)
            for following in parts[1:]:
                batch, coming = coming.result(), pool.submit(self._draw, following, rng)
                yield batch
            yield coming.result()

    def _draw(
        self, indices: Sequence[int], rng: np.random.Generator
    ) -> list[SampleView]:
        """Return one variant of each of some samples."""
        if self._kept:
            return [
                self._back(self._kept[i][rng.integers(len(self._kept[i]))])
                for i in indices
            ]
        return [
            self._fitter.variant(self._samples[i], rng, int(rng.integers(TURNS)))
            for i in indices
        ]


def _match(found: dict[str, Tensor], target: LossTarget) -> matching.Match:
    def array(tensor: Tensor) -> np.ndarray:
        return tensor.double().cpu().numpy()

    return matching.match(
        array(target["boxes"]),
        array(found["boxes"]),
        array(found["scores"]),
        ignored=array(target["ignored"]),
    )


def _sum(losses: dict[str, Tensor]) -> Tensor:
    return torch.stack(list(losses.values())).sum()


def _convert(encoded: Encoded, dtype: torch.dtype) -> Encoded:
    features = OrderedDict((k, v.to(dtype)) for k, v in encoded.features.items())
    return replace(encoded, features=features)


def _join(parts: Sequence[Encoded]) -> Encoded:
    """Return one batch of feature maps of the same size, in full precision."""
    features = OrderedDict(
        (name, torch.cat([part.features[name].float() for part in parts]))
        for name in parts[0].features
    )
    sizes = [size for part in parts for size in part.sizes]
    proposals = [boxes for part in parts for boxes in part.proposals or ()]
    return Encoded(features, sizes, parts[0].padded, proposals or None)


def _bytes(view: SampleView) -> int:
    if view.frozen is None:
        return 0
    return sum(v.numel() * v.element_size() for v in view.frozen.features.values())
