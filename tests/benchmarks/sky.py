"""Models judged on real galaxies that they did not learn from: five-fold.

``NAPARI_CLUMPS_LABELS`` names a folder of label sets (``*.json``) of real galaxies.
Each fold trains with the recipe of ``SKY_RECIPE`` (default: retrain-real) on four
fifths of the galaxies, and on the label sets of ``SKY_WITH`` (paths with blanks
between, such as of simulated galaxies), and is judged on the last fifth at the score
that its own card says. The label sets whose names stand in ``SKY_ASIDE`` (default: s82)
never teach: every fold is judged on all of them. What is done stays in ``build/sky``,
or ``SKY_OUT``: started again, it goes on, also in the middle of a training.
``SKY_FOLDS`` takes fewer of the five.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from clump_detector.evaluation.evaluate import Evaluated, search_all
from clump_detector.evaluation.groups import by_group
from clump_detector.labels.joined import join_label_sets
from clump_detector.labels.label_set import LabelSet, read_label_set, write_label_set
from clump_detector.metrics.matching import Match
from clump_detector.models.registry import resolve_model
from tests.benchmarks.goal import Figure, run_verb

FOLDS = 5


def figures() -> Iterator[Figure]:
    """Train what is not there yet, judge, and give the figures of every label set."""
    named = os.environ.get("NAPARI_CLUMPS_LABELS")
    if not named:
        print("the sky: NAPARI_CLUMPS_LABELS names no folder, so nothing is learned")
        return
    files = sorted(Path(named).glob("*.json"))
    joined = join_label_sets([(file.stem, read_label_set(file)) for file in files])
    folds = range(int(os.environ.get("SKY_FOLDS", FOLDS)))
    for name in ("starter", "retrained"):
        sets, matches = [], []
        for fold in folds:
            learned, test = _split(joined, fold)
            model = resolve_model("starter")
            if name == "retrained":
                model = _trained(fold, learned)
            found = search_all(model, test.cutouts, None, "cpu")
            sets += [galaxy.label_set for galaxy in found.galaxies]
            matches += list(_decided(found))
        yield from _summed(name, sets, matches)


def fold_of(name: str) -> int:
    """Return the fold of a galaxy, by its name alone."""
    return int(hashlib.sha1(name.encode()).hexdigest(), 16) % FOLDS


def _split(joined: LabelSet, fold: int) -> tuple[LabelSet, LabelSet]:
    """Return what teaches in a fold, and what it is judged on."""
    aside = os.environ.get("SKY_ASIDE", "s82").split()
    open_ones = [replace(c, held_out=False) for c in joined.cutouts]
    learned, test = [], []
    for cutout in open_ones:
        if cutout.label_set in aside or fold_of(cutout.source.name) == fold:
            test.append(cutout)
        else:
            learned.append(cutout)
    return (
        LabelSet(tuple(learned), joined.classes),
        LabelSet(tuple(test), joined.classes),
    )


def _trained(fold: int, learned: LabelSet) -> Path:
    """Return the model of a fold; train it in a process of its own if need be."""
    out = Path(os.environ.get("SKY_OUT", "build/sky")) / f"fold-{fold}"
    model = out / "model"
    if model.is_dir():
        return model
    labels = out / "real.json"
    write_label_set(learned, labels)
    more = os.environ.get("SKY_WITH", "").split()
    recipe = os.environ.get("SKY_RECIPE", "retrain-real")
    begun = ["--resume"] if (out / ".model.checkpoint.pt").is_file() else []
    run_verb("train", labels, *more, "--recipe", recipe, "--out", model, *begun)
    return model


def _decided(found: Evaluated) -> Iterator[Match]:
    """Yield matches with a score of 1 for what the model proposes, and else of 0.

    Each fold's model has a score of its own from which its boxes count.
    """
    for match in found.matches:
        yield replace(match, scores=(match.scores >= found.score).astype(float))


def _summed(name: str, sets: list[str], matches: list[Match]) -> Iterator[Figure]:
    """Yield the figures of every label set and of all of them."""
    rows = by_group(sets, matches, 0.5)
    if len(rows) > 1:
        rows += by_group(["all"] * len(matches), matches, 0.5)
    for row in rows:
        what = f"{row['true_boxes']} clumps"
        for key in ("f1", "completeness", "purity"):
            low, high = row[key]["95"] or (np.nan, np.nan)
            yield Figure(
                f"{row['name']}, {name}: {key}",
                row[key]["value"] if row[key]["value"] is not None else np.nan,
                f"({low:.2f} to {high:.2f}), {what}",
            )
