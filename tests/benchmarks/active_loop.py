"""One curve: uncover labels, learn, judge, rank what is left, and so on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from clump_detector.config.recipe import find_recipe, read_recipe
from clump_detector.config.training import TrainConfig
from clump_detector.detector.model_folder import load_model
from clump_detector.detector.network import Detector
from clump_detector.metrics import matching
from clump_detector.metrics.information import mutual_information
from clump_detector.metrics.matching import Match
from clump_detector.metrics.threshold import Goal
from clump_detector.models.arms import RANDOM
from clump_detector.models.card import ModelCard
from clump_detector.models.registry import resolve_model
from clump_detector.train.cross_validation import Unseen, deal
from clump_detector.train.operating_point import OperatingPoint, operating_point
from napari_clumps.active_learning.doubts import doubts
from napari_clumps.active_learning.ranking import (
    ORDERS,
    Pool,
    information_by_cutout,
    rank,
)

from .active_heads import Found, Head, find, learn, match
from .active_rows import Rows, Target, rows_of, target_of
from .active_spoiled import places_of, spoil

RECIPE = "retrain-heads"

#: The part of the galaxies that is only judged on.
TEST_SHARE = 1 / 3

_BOX = [("cutout", "i8"), ("found", "?"), ("information", "f8"), ("votes", "i8")]
BOX = np.dtype([*_BOX, ("heads", "i8")])


@dataclass(frozen=True)
class Trained:
    """Heads of folds, and what they find on the galaxies that each left out.

    Attributes
    ----------
    heads : list of Head
    apart : dict of int to int
        For each galaxy the head that did not learn from it.
    out : dict of int to Match
        What that head finds on it.
    point : OperatingPoint
        Calibration and default score from these.
    """

    heads: list[Head]
    apart: dict[int, int]
    out: dict[int, Match]
    point: OperatingPoint

    def out_of_fold(self) -> list[list[int]]:
        """Return galaxy, true boxes, hits and false ones at the default score."""
        mended = [
            replace(m, scores=self.point.calibration(m.scores))
            for m in self.out.values()
        ]
        counted = matching.counts(mended, self.point.score)
        return [[i, *row] for i, row in zip(self.out, counted.tolist(), strict=True)]


@dataclass
class Loop:
    """All that a curve needs.

    Attributes
    ----------
    rows : Rows
    detector : Detector
        The base model.
    card : ModelCard
        Its card.
    config : TrainConfig
    targets : list of Target
        What each galaxy teaches.
    base : list of Match
        What the base model finds on each.
    test, pool : list of int
        Galaxies to judge on, and to learn from.
    """

    rows: Rows
    detector: Detector
    card: ModelCard
    config: TrainConfig
    targets: list[Target]
    base: list[Match]
    test: list[int]
    pool: list[int]
    # All orders begin with the same heads.
    _first: dict[int, Trained] = field(default_factory=dict)

    @classmethod
    def of(cls, files: Sequence[Path], base: str, kept: Path) -> Loop:
        """Return the loop on some label sets, from a base model."""
        folder = resolve_model(base)
        rows = rows_of(list(files), folder, kept)
        detector, card = load_model(folder)
        targets = [
            target_of(g, detector, g.boxes, g.rejected, g.sample.labels)
            for g in rows.galaxies
        ]
        every = range(len(rows.galaxies))
        found = find(rows, [Head(detector).eval()], every, detector)
        matches = [
            match(rows.galaxies[i], f) for i, f in zip(every, found, strict=True)
        ]
        groups = np.array([g.group for g in rows.galaxies])
        names = np.random.default_rng(0).permutation(np.unique(groups))
        apart = np.isin(groups, names[: round(TEST_SHARE * len(names))])
        config = read_recipe(find_recipe(RECIPE)).train
        test, pool = np.flatnonzero(apart).tolist(), np.flatnonzero(~apart).tolist()
        return cls(rows, detector, card, config, targets, matches, test, pool)

    def curve(
        self, arm: str, seed: int, step: int, most: int, folds: int
    ) -> dict[str, Any]:
        """Return the figures of one order against the galaxies that are labelled."""
        start = np.random.default_rng([seed, 25]).permutation(self.pool)[:step]
        labelled = [int(i) for i in start]
        drawn = list(labelled)
        points: list[dict[str, Any]] = []
        while True:
            begun = time.monotonic()
            if points or seed not in self._first:
                trained = self.trained(labelled, self.targets, seed, folds)
                self._first.setdefault(seed, trained)
            trained = trained if points else self._first[seed]
            points.append(self._judged(trained, labelled))
            done = len(labelled) >= min(most, len(self.pool))
            if not done:
                chosen, at_random = self._next(arm, seed, trained, labelled, step)
                labelled += chosen
                drawn += at_random
            print(
                f"{arm} {seed}: {points[-1]['galaxies']} galaxies, "
                f"F1 {points[-1]['f1']:.3f}, {time.monotonic() - begun:.0f} s",
                flush=True,
            )
            if done:
                known = {"order": labelled, "drawn": drawn}
                return {"arm": arm, "seed": seed, "points": points, **known}

    def trained(
        self,
        labelled: Sequence[int],
        targets: Sequence[Target],
        seed: int,
        folds: int,
    ) -> Trained:
        """Return heads of folds, what they give out of fold, and who left out whom."""
        samples = [self.rows.galaxies[i].sample for i in labelled]
        heads: list[Head] = []
        apart: dict[int, int] = {}
        out: list[tuple[int, Found]] = []
        for k, fold in enumerate(deal(samples, folds, seed)):
            left = [labelled[i] for i in fold]
            rest = [i for i in labelled if i not in set(left)]
            head = learn(
                self.rows, targets, rest, self.detector, self.config, [seed, k]
            )
            heads.append(head)
            apart.update(dict.fromkeys(left, k))
            out += zip(left, find(self.rows, [head], left, self.detector), strict=True)
        matches = {i: match(self.rows.galaxies[i], found) for i, found in out}
        base = [self.base[i] for i in matches]
        unseen = Unseen("out of fold", list(matches.values()), base)
        before = (self.card.calibration, self.card.default_score)
        point = operating_point(unseen, before, Goal.of("f1"))
        return Trained(heads, apart, matches, point)

    def _judged(self, trained: Trained, labelled: Sequence[int]) -> dict[str, Any]:
        """Return the figures of some heads on the test part."""
        point = trained.point
        found = find(self.rows, trained.heads, self.test, self.detector)
        matches = [
            match(self.rows.galaxies[i], _calibrated(one, point))
            for i, one in zip(self.test, found, strict=True)
        ]
        completeness, purity = matching.completeness_purity(matches, point.score)
        samples = [self.rows.galaxies[i].sample for i in labelled]
        return {
            "galaxies": len(labelled),
            "boxes": sum(len(s.boxes) for s in samples),
            "decisions": sum(len(s.boxes) + len(s.rejected) for s in samples),
            "score": point.score,
            "f1": matching.f1(matches, point.score) or 0.0,
            "completeness": completeness,
            "purity": purity,
            "best_f1": float(np.nanmax(matching.curve(matches).f1)),
            "average_precision": matching.average_precision(matches),
            "out_of_fold": trained.out_of_fold(),
        }

    def _next(
        self,
        arm: str,
        seed: int,
        trained: Trained,
        labelled: Sequence[int],
        step: int,
    ) -> tuple[list[int], list[int]]:
        """Return the galaxies that an order asks for next, and which it has drawn."""
        left = sorted(set(self.pool) - set(labelled))
        if arm == "random":
            # The same order whatever was learned: draws go on where they stopped.
            order = np.random.default_rng([seed, 25]).permutation(self.pool).tolist()
            chosen = [i for i in order if i in set(left)][:step]
            return chosen, chosen
        found: list[Found] = []
        if arm != "diverse":
            found = find(self.rows, trained.heads, left, self.detector)
        if arm == "least certain":
            sure = [
                np.abs(_calibrated(f, trained.point).scores - 0.5).min(initial=0.5)
                for f in found
            ]
            return [left[i] for i in np.argsort(sure, kind="stable")[:step]], []
        assert arm in ORDERS
        gain, split = _told(left, found, trained.point)
        vectors = self.rows.vectors
        pool = Pool.of(left, gain, split, vectors[left], vectors[list(labelled)])
        choices = rank(arm, pool, seed)
        choices = choices[:step]
        drawn = [choice.cutout for choice in choices if choice.arm == RANDOM]
        return [choice.cutout for choice in choices], drawn

    def spoiled(self, seed: int) -> dict[str, Any]:
        """Spoil a tenth of the labels; return how early doubts come to the galaxies."""
        every = list(range(len(self.rows.galaxies)))
        labels, changes = spoil(self.rows.galaxies, seed)
        targets = list(self.targets)
        for i in sorted({c.galaxy for c in changes}):
            boxes, rejected = labels[i]
            galaxy = self.rows.galaxies[i]
            targets[i] = target_of(galaxy, self.detector, boxes, rejected)
        known = self.trained(every, targets, seed, 5)
        cutouts, kinds, scores = places_of(
            self.rows, known.heads, known.apart, labels, self.detector, known.point
        )
        order = [d.cutout for d in doubts(cutouts, kinds, scores)]
        order += [i for i in every if i not in set(order)]
        place = {galaxy: k for k, galaxy in enumerate(order)}
        wrong = [(c.how, place[c.galaxy]) for c in changes]
        return {"seed": seed, "galaxies": len(every), "places": wrong}


def _calibrated(found: Found, point: OperatingPoint) -> Found:
    calibrate: Callable[[Any], Any] = point.calibration
    return Found(found.boxes, calibrate(found.scores), calibrate(found.heads))


def _told(
    left: Sequence[int], found: Sequence[Found], point: OperatingPoint
) -> tuple[np.ndarray, np.ndarray]:
    """Return the information of some galaxies, and boxes on which heads differ."""
    gain, split = np.zeros(len(left)), np.zeros(len(left), dtype=np.int64)
    parts = []
    for k, one in enumerate(found):
        scores = _calibrated(one, point).heads
        part = np.zeros(scores.shape[1], dtype=BOX)
        part["cutout"], part["found"], part["heads"] = k, True, len(scores)
        part["information"] = mutual_information(scores)
        part["votes"] = (scores >= point.score).sum(axis=0)
        parts.append(part)
    if parts:
        ids, values, boxes = information_by_cutout(np.concatenate(parts))
        gain[ids], split[ids] = values, boxes
    return gain, split
