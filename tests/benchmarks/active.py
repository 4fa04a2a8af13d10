"""Which galaxy to label next: what each order of labelling comes to.

``NAPARI_CLUMPS_LABELS`` names a folder of label sets (``*.json``) of real galaxies;
``ACTIVE_SETS`` takes some of them by name. The base model is starter-simulated, which
learned from no label of a real galaxy. A third of the galaxies, always the same, is the
test part. Of the others each order uncovers the labels of 25, learns from them, is
judged on the test part, ranks what is left with the new heads, uncovers 25 more, and so
on up to ``ACTIVE_MOST`` (300). The first 25 are drawn at random and the same for all
orders. ``ACTIVE_SEEDS`` (5) repeats it with others. The three orders of
`napari_clumps.active_learning.ranking` draw each fifth galaxy at random, as in a
window. What is done stays in ``build/active``, or ``ACTIVE_OUT``: started again, it
goes on.

What is learned is what the recipe retrain-heads changes: the box head, for as many
epochs and steps, at the same rates, with five heads from folds. It differs from a
training of the product in this: no variants of the pictures (flips, scales, crops),
bfloat16, 32 rows of a galaxy in a step for 96 (background that is left out is stood in
for by what is taken), and the model is the mean of the five heads, not a sixth that
learned from all. From which score boxes count is chosen, and scores are calibrated, on
the galaxies that are labelled so far, each by the head that did not learn from it.

In the same run a tenth of the labels is spoiled, and galaxies are ranked by
`napari_clumps.active_learning.doubts`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.active_report import doubted, draw, summed
from tests.benchmarks.goal import Figure

STEP, MOST, SEEDS, FOLDS = 25, 300, 5, 5

#: Share of the galaxies that are looked at again.
AGAIN = 0.2

#: Orders of labelling. The first two are also the queue's.
ARMS = (
    "random",
    "least certain",
    "most informative",
    "diverse",
    "informative and diverse",
)

BASE = "starter-simulated"


@dataclass(frozen=True)
class Folder:
    """Where results are kept, one file for each order and seed."""

    path: Path

    def result(self, arm: str, seed: int) -> Path:
        """Return the file of a curve."""
        return self.path / f"{arm.replace(' ', '-')}-{seed}.json"

    def spoiled(self, seed: int) -> Path:
        """Return the file of what became of spoiled labels."""
        return self.path / f"spoiled-{seed}.json"


def figures() -> Iterator[Figure]:
    """Run what is not there yet, and give the figures of every order."""
    named = os.environ.get("NAPARI_CLUMPS_LABELS")
    if not named:
        print("active: NAPARI_CLUMPS_LABELS names no folder, so nothing is learned")
        return
    import torch

    from tests.benchmarks.active_loop import Loop

    torch.set_num_threads(1)
    folder = Folder(Path(os.environ.get("ACTIVE_OUT", "build/active")))
    loop = Loop.of(label_sets(Path(named)), BASE, folder.path / "rows.pt")
    seeds = range(int(os.environ.get("ACTIVE_SEEDS", SEEDS)))
    most = int(os.environ.get("ACTIVE_MOST", MOST))
    for seed in seeds:
        for arm in ARMS:
            file = folder.result(arm, seed)
            _kept(file, partial(loop.curve, arm, seed, STEP, most, FOLDS))
        _kept(folder.spoiled(seed), partial(loop.spoiled, seed))
    curves = {
        arm: [json.loads(folder.result(arm, seed).read_text()) for seed in seeds]
        for arm in ARMS
    }
    (folder.path / "curves.json").write_text(json.dumps(curves, indent=1))
    draw(curves, folder.path / "active.png")
    yield from summed(curves)
    spoiled = [json.loads(folder.spoiled(seed).read_text()) for seed in seeds]
    yield from doubted(spoiled, AGAIN)


def label_sets(folder: Path) -> list[Path]:
    """Return the label sets that are asked for."""
    chosen = os.environ.get("ACTIVE_SETS", "").split()
    return [f for f in sorted(folder.glob("*.json")) if not chosen or f.stem in chosen]


def _kept(path: Path, make: Callable[[], dict[str, Any]]) -> None:
    """Make a result unless it is there."""
    if not path.is_file():
        unfinished = path.with_suffix(".partial")
        unfinished.write_text(json.dumps(make(), indent=1))
        unfinished.rename(path)
        print(f"{path.stem} is done", flush=True)
