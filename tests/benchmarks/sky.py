"""Models judged on real galaxies that they did not learn from: five-fold.

``NAPARI_CLUMPS_LABELS`` names a folder of label sets (``*.json``) of real galaxies.
Each fold trains with the recipe of ``SKY_RECIPE`` (default: starter) on four
fifths of the galaxies, and on the label sets of ``SKY_WITH`` (paths with blanks
between, such as of simulated galaxies), and is judged on the last fifth. From which
score its boxes count is chosen on what the models of the other folds found out of fold:
no galaxy has a say in how it is judged. The label sets whose names stand in
``SKY_ASIDE`` (default: s82) are only judged and never teach. What is done stays in
``build/sky``, or ``SKY_OUT``: started again, it goes on, also in the middle of a
training.
``SKY_FOLDS`` takes fewer of the five; ``SKY_GROUPS`` names label sets whose figures are
given together, such as ``a+b c+d``. ``SKY_KEEP`` names a model that learned from all of
them with the same recipe: its card gets the calibration and the default score of all
boxes out of fold.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np

from clump_detector.config.recipe import find_recipe, read_recipe
from clump_detector.evaluation.evaluate import Evaluated, search_all
from clump_detector.evaluation.groups import by_group
from clump_detector.labels.joined import read_joined
from clump_detector.labels.label_set import (
    LabelledCutout,
    LabelSet,
    write_label_set,
)
from clump_detector.metrics.calibration import Calibration
from clump_detector.metrics.matching import Match
from clump_detector.metrics.threshold import Goal
from clump_detector.models.card import read_card, write_card
from clump_detector.models.registry import resolve_model
from clump_detector.train.cross_validation import Unseen
from clump_detector.train.operating_point import OperatingPoint, operating_point
from tests.benchmarks.goal import Figure, run_verb

FOLDS = 5

#: Label sets of one kind of image, whose figures are given together.
GROUPS = "decals_kids+gz_and_decals sdss+sdss_more"


def figures() -> Iterator[Figure]:
    """Train what is not there yet, judge, and give the figures of every label set."""
    named = os.environ.get("NAPARI_CLUMPS_LABELS")
    if not named:
        print("the sky: NAPARI_CLUMPS_LABELS names no folder, so nothing is learned")
        return
    files = sorted(Path(named).glob("*.json"))
    joined = read_joined(files)
    folds = range(int(os.environ.get("SKY_FOLDS", FOLDS)))
    parts = [_split(joined, fold) for fold in folds]
    base = resolve_model(read_recipe(find_recipe(_recipe())).base)
    before = [_search(base, test) for _, test in parts]
    score = read_card(base).default_score
    yield from _summed("its base", before, [_decided(one, score) for one in before])
    models = [_trained(fold, learned) for fold, (learned, _) in enumerate(parts)]
    after = [
        _search(model, test) for model, (_, test) in zip(models, parts, strict=True)
    ]
    raw = [_raw(one.matches, model) for one, model in zip(after, models, strict=True)]
    decided = []
    for fold, own in enumerate(raw):
        point = _point([m for k, others in enumerate(raw) if k != fold for m in others])
        print(f"fold {fold}: {point.sentence}")
        mended = [replace(m, scores=point.calibration(m.scores)) for m in own]
        decided.append([_yes_or_no(m, point.score) for m in mended])
    yield from _summed("trained", after, decided)
    if os.environ.get("SKY_KEEP"):
        galaxies = [one for part in after for one in part.galaxies]
        _keep(
            Path(os.environ["SKY_KEEP"]),
            _point(list(chain(*raw))),
            galaxies,
            list(chain(*decided)),
        )


def fold_of(name: str) -> int:
    """Return the fold of a galaxy, by its name alone."""
    return int(hashlib.sha1(name.encode()).hexdigest(), 16) % FOLDS


def _split(joined: LabelSet, fold: int) -> tuple[LabelSet, LabelSet]:
    """Return what teaches in a fold, and what it is judged on."""
    aside = os.environ.get("SKY_ASIDE", "s82").split()
    open_ones = [replace(c, held_out=False) for c in joined.cutouts]
    learned, test = [], []
    for cutout in open_ones:
        if fold_of(cutout.source.name) == fold:
            test.append(cutout)
        elif cutout.label_set not in aside:
            learned.append(cutout)
    return (
        LabelSet(tuple(learned), joined.classes),
        LabelSet(tuple(test), joined.classes),
    )


def _recipe() -> str:
    return os.environ.get("SKY_RECIPE", "starter")


def _trained(fold: int, learned: LabelSet) -> Path:
    """Return the model of a fold; train it in a process of its own if need be."""
    out = Path(os.environ.get("SKY_OUT", "build/sky")) / f"fold-{fold}"
    model = out / "model"
    if model.is_dir():
        return model
    labels = out / "real.json"
    write_label_set(learned, labels)
    more = os.environ.get("SKY_WITH", "").split()
    begun = ["--resume"] if (out / ".model.checkpoint.pt").is_file() else []
    run_verb("train", labels, *more, "--recipe", _recipe(), "--out", model, *begun)
    return model


def _search(model: Path, test: LabelSet) -> Evaluated:
    return search_all(model, test.cutouts, None, "cpu")


def _raw(matches: list[Match], model: Path) -> list[Match]:
    """Return matches with the scores that the network gave, before calibration."""
    card = read_card(model).calibration
    back = Calibration(1 / card.temperature, -card.offset * card.temperature)
    return [replace(match, scores=back(match.scores)) for match in matches]


def _point(matches: list[Match]) -> OperatingPoint:
    """Return the calibration and the score that boxes out of fold tell."""
    return operating_point(Unseen("out of fold", matches), None, Goal("f1"))


def _keep(
    model: Path,
    point: OperatingPoint,
    galaxies: list[LabelledCutout],
    decided: list[Match],
) -> None:
    """Store what the folds tell in the card of a model that learned from all."""
    (whole,) = by_group(["all"] * len(decided), decided, 0.5)
    by = sorted({b.annotator for g in galaxies for b in g.boxes if b.annotator})
    card = replace(
        read_card(model),
        calibration=point.calibration,
        default_score=point.score,
        expected=point.as_table(),
        performance={
            "on": f"{len(galaxies)} real galaxies, five-fold: each searched by a model "
            f"made alike that had not learned from it; labels by {', '.join(by)}",
            **{k: v for k, v in whole.items() if k != "name"},
            "score": point.score,
            "label_sets": by_group([g.label_set for g in galaxies], decided, 0.5),
        },
    )
    write_card(model, card)
    print(f"{model}: {point.sentence}")


def _decided(found: Evaluated, score: float) -> list[Match]:
    return [_yes_or_no(match, score) for match in found.matches]


def _yes_or_no(match: Match, score: float) -> Match:
    """Return a match with a score of 1 for what is proposed, and else of 0."""
    return replace(match, scores=(match.scores >= score).astype(float))


def _summed(
    name: str, found: list[Evaluated], decided: list[list[Match]]
) -> Iterator[Figure]:
    """Yield the figures of every label set, of the surveys, and of all of them."""
    galaxies = [one for part in found for one in part.galaxies]
    matches = list(chain(*decided))
    rows = by_group([one.label_set for one in galaxies], matches, 0.5)
    for group in filter(None, os.environ.get("SKY_GROUPS", GROUPS).split()):
        names = group.split("+")
        inside = [group if one.label_set in names else "" for one in galaxies]
        rows += by_group(inside, matches, 0.5)
    for row in rows:
        what = f"{row['true_boxes']} clumps"
        for key in ("f1", "completeness", "purity"):
            low, high = row[key]["95"] or (np.nan, np.nan)
            yield Figure(
                f"{row['name']}, {name}: {key}",
                row[key]["value"] if row[key]["value"] is not None else np.nan,
                f"({low:.2f} to {high:.2f}), {what}",
            )
