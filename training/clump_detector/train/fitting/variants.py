"""Variants of samples to learn from, as stored feature maps where layers are frozen."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clump_detector.core.progress import CancelToken, Progress, no_progress
from clump_detector.detector.feature_store import FeatureStore
from clump_detector.detector.targets import LossTarget
from clump_detector.train.samples.augment import TURNS, Sample

from .fitter import Fitter
from .views import SampleView, n_bytes


@dataclass(frozen=True)
class _Stored:
    """A view whose feature maps are in the file, under a number."""

    target: LossTarget
    number: int


class SampleViews:
    """Variants of samples to learn from: stored ones, or new ones at every step.

    Parameters
    ----------
    fitter : Fitter
    samples : list of Sample
    progress : callable
        Called before each sample whose feature maps are computed, with its number
        from 0 on.
    cancel : CancelToken, optional
        Checked at the same time.
    folder : path, optional
        Where the file of stored feature maps is made.

    Raises
    ------
    Cancelled
    FileError
        If the disk is full.
    """

    def __init__(
        self,
        fitter: Fitter,
        samples: list[Sample],
        progress: Progress = no_progress,
        cancel: CancelToken | None = None,
        folder: Path | None = None,
    ) -> None:
        self._fitter, self._samples = fitter, samples
        cancel = cancel or CancelToken()
        self._stored: list[list[_Stored]] = []
        self._whole: dict[int, _Stored] = {}
        self._store: FeatureStore | None = None
        if not fitter.stores_features or not samples:
            return
        self._store = FeatureStore(folder)
        n_views = self._n_views()
        try:
            for i in range(len(samples) if n_views else 0):
                cancel.check()
                progress(i, len(samples), "computing feature maps")
                self._stored.append(list(self._variants(i, n_views)))
        except BaseException:
            self.close()
            raise

    def _n_views(self) -> int:
        """Return how many variants of each sample fit into the file, 0 for none."""
        assert self._store is not None
        config, samples = self._fitter.config, self._samples
        n_views = min(config.cache_views, TURNS if config.flips else config.cache_views)
        if config.cache_variants:
            n_views = min(n_views, max(config.cache_variants // len(samples), 2))
        largest = max(samples, key=lambda s: s.picture.size)
        size = n_bytes(self._fitter.view(largest)) * math.exp(2 * config.scale_jitter)
        free = min(config.cache_megabytes * 1e6, self._store.free_bytes())
        return min(n_views, int(free / size / len(samples)))

    def _variants(self, i: int, n_views: int) -> Iterator[_Stored]:
        """Make and store some variants of a sample."""
        rng = np.random.default_rng([self._fitter.config.seed, 3, i])
        turns = rng.permutation(TURNS)
        for v in range(n_views):
            view = self._fitter.variant(self._samples[i], rng, int(turns[v % TURNS]))
            yield self._add(view)

    def _add(self, view: SampleView) -> _Stored:
        assert self._store is not None
        assert view.frozen is not None
        return _Stored(view.target, self._store.add(view.frozen))

    def _load(self, stored: _Stored) -> SampleView:
        assert self._store is not None
        frozen = self._store.get(stored.number, self._fitter.device)
        return SampleView(stored.target, frozen=frozen)

    def whole(self, i: int) -> SampleView:
        """Return a sample as it is, not turned, cut or changed."""
        if self._store is None:
            return self._fitter.view(self._samples[i])
        if i not in self._whole:
            self._whole[i] = self._add(self._fitter.view(self._samples[i]))
        return self._load(self._whole[i])

    def close(self) -> None:
        """Delete the file of stored feature maps."""
        if self._store is not None:
            self._store.close()

    def batches(
        self, order: Sequence[int], size: int, rng: np.random.Generator
    ) -> Iterator[list[SampleView]]:
        """Yield batches of variants of samples.

        Where the network has no part in it, the next batch is made meanwhile.

        Parameters
        ----------
        order : sequence of int
            Indices of samples.
        size : int
            Variants in a batch; the last batch may be smaller.
        rng : numpy.random.Generator
        """
        parts = [order[i : i + size] for i in range(0, len(order), size)]
        if self._fitter.stores_features:
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
        if self._stored:
            return [
                self._load(self._stored[i][rng.integers(len(self._stored[i]))])
                for i in indices
            ]
        return [
            self._fitter.variant(self._samples[i], rng, int(rng.integers(TURNS)))
            for i in indices
        ]
