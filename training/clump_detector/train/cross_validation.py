"""Boxes out of fold: what a training finds on galaxies that it did not learn from.

The galaxies are dealt into folds. For each fold what is trained is trained anew on the
other folds, from the same start, for as many epochs, and then searches the fold. The
scores that come out are those of a model of this kind on new galaxies, and every
galaxy serves for learning and for calibration, which matters where there are few.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from torch import Tensor

from clump_detector.config.model import ModelConfig
from clump_detector.core import boxes as geometry
from clump_detector.core.arrays import Floats
from clump_detector.core.progress import CancelToken
from clump_detector.images.host_mask import on_host
from clump_detector.images.identity import groups
from clump_detector.metrics import matching
from clump_detector.metrics.matching import FALSE, IGNORED, Match
from clump_detector.models.network_scale import tile_side

from .fitting.fitter import Fitter
from .fitting.variants import SampleViews
from .fitting.views import SampleView
from .samples.augment import Sample
from .samples.dataset import Samples

#: A found box with a greater IoU with a rejected one is that one.
REJECTED_IOU = 0.3

#: Where a model has learned from all there is, it is compared with its base on at most
#: this many of the galaxies.
MOST_LEARNED = 50

#: Folds are searched until at least this many galaxies have been.
ENOUGH = 150


@dataclass
class Unseen:
    """What a new model finds on galaxies, and what its base finds on the same ones.

    Attributes
    ----------
    method : str
        Why the model, or one of its kind, has not learned from them.
    matches : list of Match
        Of the new model, with scores as its network gives them.
    base : list of Match
        Of the base model; empty where there is none.
    arms : list of str
        Arm of the galaxy of each match, where they are of folds.
    independent : bool
        Whether these are galaxies that it did not learn from. Where there were none,
        the two models are only made to expect as many clumps on the others.
    """

    method: str
    matches: list[Match] = field(default_factory=list)
    base: list[Match] = field(default_factory=list)
    independent: bool = True
    arms: list[str] = field(default_factory=list)


def deal(samples: Sequence[Sample], wanted: int, seed: int) -> list[list[int]]:
    """Deal samples into folds, images of one galaxy into one fold.

    Parameters
    ----------
    samples : sequence of Sample
    wanted : int
        Number of folds; fewer where there are fewer galaxies.
    seed : int

    Returns
    -------
    list of lists of int
        Indices; every fold has about as many galaxies with boxes as another. Empty
        where there is only one galaxy.
    """
    which = groups([s.keys or (f"name:{i}",) for i, s in enumerate(samples)])
    galaxies = sorted(set(which))
    n = min(wanted, len(galaxies))
    if n < 2:
        return []
    boxes = dict.fromkeys(galaxies, 0)
    for group, sample in zip(which, samples, strict=True):
        boxes[group] += len(sample.boxes)
    chance = np.random.default_rng([seed, 6]).permutation(len(galaxies))
    order = sorted(
        zip(galaxies, chance, strict=True), key=lambda g: (boxes[g[0]], g[1])
    )
    fold_of = {group: i % n for i, (group, _) in enumerate(order)}
    folds: list[list[int]] = [[] for _ in range(n)]
    for i, group in enumerate(which):
        folds[fold_of[group]].append(i)
    return folds


def enough(folds: Sequence[Sequence[int]]) -> int:
    """Return how many folds have to be searched to know enough."""
    searched = 0
    for k, fold in enumerate(folds, start=1):
        searched += len(fold)
        if searched >= ENOUGH:
            return k
    return len(folds)


def match_sample(
    sample: Sample,
    boxes: geometry.Boxes,
    scores: Floats,
    config: ModelConfig,
) -> Match:
    """Match boxes found on a sample as they would be reported and evaluated.

    Of a sample that is not complete, boxes without a decision do not count.

    Parameters
    ----------
    sample : Sample
    boxes : array of shape (n, 4)
        In network pixels from the edge.
    scores : array of shape (n,)
    config : ModelConfig
    """
    one_galaxy = max(sample.picture.shape[:2]) <= tile_side(config)
    if config.host_only and one_galaxy:
        kept = on_host(sample.picture, boxes, sample.fwhm or config.pixels_per_fwhm)
        boxes, scores = boxes[kept], scores[kept]
    found = matching.match(
        sample.boxes, boxes, scores, ignored=sample.ignored, fwhm=sample.fwhm
    )
    if sample.complete:
        return found
    rejected = geometry.iou(boxes, geometry.as_boxes(sample.rejected))
    known = (rejected > REJECTED_IOU).any(axis=1)
    partner = np.where((found.partner == FALSE) & ~known, IGNORED, found.partner)
    return matching.Match(found.n_true, found.scores, partner)


@dataclass(frozen=True)
class UnseenSearch:
    """Searches galaxies with a new model, or its like, that has not learned from them.

    Parameters
    ----------
    fitter : Fitter
    views : SampleViews
        Of the samples that were learned from.
    samples : Samples
    config : ModelConfig
    start : mapping of str to Tensor
        The weights that the training started from.
    has_base : bool
        Whether those are a model's, whose boxes are searched for, too.
    cancel : CancelToken
        Checked before each search.
    """

    fitter: Fitter
    views: SampleViews
    samples: Samples
    config: ModelConfig
    start: Mapping[str, Tensor]
    has_base: bool
    cancel: CancelToken

    def folds(
        self,
        folds: Sequence[Sequence[int]],
        dealt: int,
        learn: Callable[[SampleViews, Sequence[int], int], bool],
    ) -> Unseen:
        """Search every fold with what is trained anew on the others.

        Parameters
        ----------
        folds : sequence of sequence of int
            Those to search.
        dealt : int
            How many there are in all.
        learn : callable
            Trains on the samples of some indices, for the fold of a number from 1 on;
            false where it was stopped, and what was searched before has to do.
        """
        found = Unseen("")
        done = 0
        for number, fold in enumerate(folds, start=1):
            apart = set(fold)
            rest = [i for i in range(len(self.samples.train)) if i not in apart]
            self.fitter.restart(self.start)
            base = self._search(self._kept(fold)) if self.has_base else []
            if not learn(self.views, rest, number):
                break
            found.matches += self._search(self._kept(fold))
            found.base += base
            found.arms += [self.samples.train[i].arm for i in fold]
            done = number
        return replace(found, method=f"out of fold, {done} of {dealt} folds")

    def validation(
        self, best: Mapping[str, Tensor], views: Sequence[SampleView]
    ) -> Unseen:
        """Search the part that was set apart.

        Parameters
        ----------
        best : mapping of str to Tensor
            The new model's weights.
        views : sequence of SampleView
            Of the samples for validation, in their order.
        """
        pairs = list(zip(views, self.samples.validation, strict=True))
        method = "a part set apart for validation"
        return Unseen(method, *self._search_both(best, lambda: pairs))

    def learned(self, best: Mapping[str, Tensor]) -> Unseen:
        """Search some that it did learn from: nothing else is there."""
        method = "as many clumps expected as by the base model"
        if not self.has_base:
            return Unseen(method, independent=False)
        some = range(min(len(self.samples.train), MOST_LEARNED))
        both = self._search_both(best, lambda: self._kept(some))
        return Unseen(method, *both, independent=False)

    def _search_both(
        self,
        best: Mapping[str, Tensor],
        pairs: Callable[[], Iterable[tuple[SampleView, Sample]]],
    ) -> tuple[list[Match], list[Match]]:
        """Return what the new model finds, and what the base does."""
        load = self.fitter.detector.load_state_dict
        base = []
        if self.has_base:
            load(dict(self.start))
            base = self._search(pairs())
        load(dict(best))
        return self._search(pairs()), base

    def _kept(self, indices: Iterable[int]) -> Iterator[tuple[SampleView, Sample]]:
        return ((self.views.whole(i), self.samples.train[i]) for i in indices)

    def _search(self, pairs: Iterable[tuple[SampleView, Sample]]) -> list[Match]:
        """Return what the detector as it is finds on each sample."""
        found = []
        for view, sample in pairs:
            self.cancel.check()
            boxes, scores = self.fitter.search(view)
            found.append(match_sample(sample, boxes, scores, self.config))
        return found
