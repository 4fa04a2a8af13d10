"""Which order of labelling reaches a quality first: simulated reviews of real galaxies.

``NAPARI_CLUMPS_LABELS`` names a folder of label sets of real galaxies, all done. For
every seed a third of the galaxies is put apart for testing; of the rest labels are
uncovered as an order asks, in the steps of `SIZES`, and each time five box heads are
trained. The score from which boxes count is chosen out of fold on what is
labelled, never on the test part. ``ACTIVE_SEEDS`` (default 5) is the number of seeds;
``ACTIVE_OUT`` a file to which every training is added, and from which a run goes on.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.goal import Figure

SIZES = (25, 50, 100, 150, 200)

RANDOM, DOUBT = "random", "least certain"

ARMS = (RANDOM, DOUBT, "most informative", "diverse", "informative and diverse")

FOLDS = 5

#: Share of the galaxies whose labels are spoiled, and that of the queue looked through.
SPOILED, LOOKED_AT = 0.1, 0.2


def figures() -> Iterator[Figure]:
    """Simulate the reviews, and tell how many galaxies each order needs."""
    named = os.environ.get("NAPARI_CLUMPS_LABELS")
    if not named:
        print("active: NAPARI_CLUMPS_LABELS names no folder, so nothing is learned")
        return
    seeds = int(os.environ.get("ACTIVE_SEEDS", "5"))
    out = Path(os.environ.get("ACTIVE_OUT", "build/active.jsonl"))
    out.parent.mkdir(parents=True, exist_ok=True)
    rows = _known(out)
    bench = None
    for seed in range(seeds):
        for arm in (*ARMS, "check again"):
            if any(row["seed"] == seed and row["arm"] == arm for row in rows):
                continue
            bench = bench or _bench(Path(named))
            simulate = _spoiled if arm == "check again" else _review
            made = simulate(bench, arm, seed)
            with out.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(row) + "\n" for row in made)
            rows += made
            print(arm, seed, [round(row["f1"], 3) for row in made], flush=True)
    yield from summary(rows)


def _known(out: Path) -> list[dict[str, Any]]:
    if not out.exists():
        return []
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


def _bench(folder: Path) -> Any:
    import torch

    from clump_detector.labels.joined import read_joined
    from clump_detector.models.registry import resolve_model
    from tests.benchmarks.active_heads import Bench

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    files = sorted(folder.glob("*.json"))
    cutouts = [(c, files[0]) for c in read_joined(files).cutouts if c.done]
    # The shipped starter has learned from real galaxies; this one has not.
    return Bench(resolve_model("starter-simulated"), cutouts)


def _review(bench: Any, arm: str, seed: int) -> list[dict[str, Any]]:
    """Simulate one review, and return a row for each training."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(bench.galaxies))
    test, pool = order[: len(order) // 3], order[len(order) // 3 :]
    labelled = list(pool[: SIZES[0]])
    rows = []
    for size, following in zip(SIZES, (*SIZES[1:], 0), strict=True):
        heads, out_of_fold, _ = _ensemble(bench, labelled, seed)
        rows.append(
            {
                "seed": seed, "arm": arm, "galaxies": size,
                "boxes": sum(len(bench.galaxies[i].sample.boxes) for i in labelled),
                "f1": _quality(bench, heads, out_of_fold, test),
            }
        )  # fmt: skip
        left = np.setdiff1d(pool, labelled)
        if following:
            chosen = _chosen(bench, arm, heads, left, labelled, seed + size)
            labelled += list(chosen[: following - size])
    return rows


def _ensemble(
    bench: Any, labelled: Sequence[int], seed: int
) -> tuple[list[Any], list[Any], dict[int, int]]:
    """Train a head without each fold; return them, matches out of fold, the folds."""
    galaxies = bench.galaxies
    order = np.random.default_rng(seed).permutation(len(labelled))
    fold = {int(labelled[k]): place % FOLDS for place, k in enumerate(order)}
    heads, matches = [], []
    for k in range(FOLDS):
        rest = [galaxies[i] for i in labelled if fold[int(i)] != k]
        heads.append(bench.head(rest, seed * FOLDS + k))
        apart = [galaxies[i] for i in labelled if fold[int(i)] == k]
        matches += [bench.match(one, [heads[k]]) for one in apart]
    return heads, matches, fold


def _quality(
    bench: Any, heads: Sequence[Any], out_of_fold: Sequence[Any], test: Sequence[int]
) -> float:
    from clump_detector.metrics.matching import best_score, f1

    score = best_score(out_of_fold)
    found = [bench.match(bench.galaxies[i], heads) for i in test]
    return float(f1(found, 0.5 if score is None else score) or 0.0)


def _chosen(
    bench: Any,
    arm: str,
    heads: Sequence[Any],
    left: np.ndarray,
    labelled: Sequence[int],
    seed: int,
) -> list[int]:
    """Return the galaxies that are not labelled in the order of an arm."""
    from clump_detector.metrics.information import mutual_information
    from napari_clumps.active_learning.ranking import MOST_BOXES, Pool, rank

    rng = np.random.default_rng(seed)
    if arm == RANDOM:
        return [int(i) for i in rng.permutation(left)]
    information, split, doubt = [], [], []
    for i in left:
        _, scores = bench.find(bench.galaxies[i], heads)
        best = np.sort(mutual_information(scores))[::-1][:MOST_BOXES]
        information.append(float(best.sum()))
        votes = (scores >= 0.5).sum(axis=0)
        split.append(int(((votes > 0) & (votes < len(heads))).sum()))
        doubt.append(float(np.abs(scores.mean(axis=0) - 0.5).min(initial=1.0)))
    if arm == DOUBT:
        return [int(i) for i in left[np.argsort(doubt, kind="stable")]]
    vectors = np.stack([galaxy.vector for galaxy in bench.galaxies])
    pool = Pool(
        left, np.array(information), np.array(split), vectors[left],
        vectors[list(labelled)],
    )  # fmt: skip
    return [choice.cutout for choice in rank(arm, pool, seed)]


def _spoiled(bench: Any, arm: str, seed: int) -> list[dict[str, Any]]:
    """Spoil some labels, and return how many of them are found again, as ``f1``."""
    from napari_clumps.active_learning.doubts import Place, doubts

    rng = np.random.default_rng(100 + seed)
    labelled = [int(i) for i in rng.permutation(len(bench.galaxies))[: SIZES[-1]]]
    kept = {i: bench.galaxies[i] for i in labelled}
    fit = [i for i in labelled if _ways(kept[i])]
    spoiled = fit[: round(SPOILED * len(labelled))]
    try:
        for k, i in enumerate(spoiled):
            bench.galaxies[i] = _spoil(kept[i], k, rng)
        heads, _, fold = _ensemble(bench, labelled, seed)
        places = []
        for i in labelled:
            for kind, score in _unseen(bench, bench.galaxies[i], heads[fold[i]]):
                places.append(Place(i, kind, score))
    finally:
        for i, galaxy in kept.items():
            bench.galaxies[i] = galaxy
    first = [one.cutout for one in doubts(places)][: round(LOOKED_AT * len(labelled))]
    share = len(set(first) & set(spoiled)) / len(spoiled)
    return [{"seed": seed, "arm": arm, "galaxies": len(labelled), "f1": share}]


def _ways(galaxy: Any) -> list[str]:
    """Return how a galaxy's labels can be spoiled."""
    sample = galaxy.sample
    ways = ["shift", "delete"] if len(sample.boxes) else []
    return ways + (["accept"] if len(sample.rejected) else [])


def _spoil(galaxy: Any, k: int, rng: np.random.Generator) -> Any:
    """Return a galaxy with one label shifted, deleted or wrongly accepted."""
    from dataclasses import replace

    sample, ways = galaxy.sample, _ways(galaxy)
    way = ways[k % len(ways)]
    boxes, labels, weights = sample.boxes, sample.labels, sample.weights
    if way == "accept":
        one = int(rng.integers(len(sample.rejected)))
        boxes = np.concatenate([boxes, sample.rejected[one : one + 1]])
        labels, weights = np.append(labels, 1), np.append(weights, 1.0)
        rejected = np.delete(sample.rejected, one, axis=0)
        return replace(
            galaxy,
            sample=replace(
                sample, boxes=boxes, labels=labels, weights=weights, rejected=rejected
            ),
        )
    one = int(rng.integers(len(boxes)))
    if way == "delete":
        changed = [np.delete(part, one, axis=0) for part in (boxes, labels, weights)]
    else:
        side = boxes[one, 2] - boxes[one, 0]
        moved = boxes.copy()
        moved[one] += np.tile(1.5 * side * rng.choice([-1, 1], 2), 2)
        changed = [moved, labels, weights]
    boxes, labels, weights = changed
    return replace(
        galaxy, sample=replace(sample, boxes=boxes, labels=labels, weights=weights)
    )


def _unseen(bench: Any, galaxy: Any, head: Any) -> Iterator[tuple[Any, float]]:
    """Yield what is labelled on a galaxy, with the score of a head that left it out."""
    from clump_detector.core import boxes as geometry

    found, scores = bench.find(galaxy, [head])
    sample = galaxy.sample
    decided = np.concatenate([sample.boxes, sample.rejected])
    overlap = geometry.iou(found, geometry.as_boxes(decided))
    own = bench.scores(galaxy, decided, head)
    for k, score in enumerate(own):
        kind = "kept" if k < len(sample.boxes) else "rejected"
        yield kind, float(score)
    ignored = geometry.iou(found, geometry.as_boxes(sample.ignored))
    apart = overlap.max(axis=1, initial=0) < 0.2
    apart &= ignored.max(axis=1, initial=0) < 0.2
    for score in scores[0][apart]:
        yield "unboxed", float(score)


def summary(rows: Sequence[dict[str, Any]]) -> Iterator[Figure]:
    """Yield what each order needs to reach the F1 of random order at the most."""
    seeds = sorted({row["seed"] for row in rows})
    goals = {
        row["seed"]: row["f1"]
        for row in rows
        if row["arm"] == RANDOM and row["galaxies"] == SIZES[-1]
    }
    mean_goal = float(np.mean([goals[s] for s in goals])) if goals else float("nan")
    yield Figure(f"F1 of random order at {SIZES[-1]}, mean of seeds", mean_goal, "")
    for arm in ARMS:
        for size in SIZES:
            values = [
                row["f1"]
                for row in rows
                if row["arm"] == arm and row["galaxies"] == size
            ]
            if values:
                name = f"{arm}, F1 at {size} galaxies ({len(values)} seeds)"
                yield Figure(name, float(np.mean(values)), f"+- {np.std(values):.3f}")
        means = [
            (size, float(np.mean(found)))
            for size in SIZES
            if (
                found := [
                    r["f1"] for r in rows if r["arm"] == arm and r["galaxies"] == size
                ]
            )
        ]
        needed = next((size for size, value in means if value >= mean_goal), None)
        yield Figure(
            f"{arm}, galaxies to reach it",
            float(needed or np.inf),
            "",
            "120 (40 % fewer)",
        )
    again = [row["f1"] for row in rows if row["arm"] == "check again"]
    if again:
        name = f"spoiled labels in the first fifth ({len(seeds)} seeds)"
        yield Figure(name, float(np.mean(again)), f"+- {np.std(again):.3f}", "0.8")
