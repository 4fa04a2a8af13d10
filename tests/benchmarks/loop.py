"""The loop on real galaxies: learn from some, and be judged on others.

``NAPARI_CLUMPS_LABELS`` names a folder of label sets (``*.json``) of real galaxies. Of
all of them 25, 50, 100 and 200 are drawn, ten times each; heads are trained on them as
a person would, and 300 of the others are the test. What is done stays in
``build/loop``: started again, it goes on. ``LOOP_SEEDS`` and ``LOOP_SIZES`` take fewer
or others, ``LOOP_PROCESSES`` lets several draws share the processors, and their times
say nothing then.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from clump_detector.labels.joined import read_joined
from clump_detector.labels.label_set import LabelSet, write_label_set
from tests.benchmarks.goal import Figure, memory, run_verb

SIZES = (25, 50, 100, 200)
SEEDS = 10

#: Galaxies of the rest that are judged on.
TEST = 300

#: The model to begin with: the starter has learned from labels of real galaxies, and
#: may have from these.
BASE = "starter-simulated"

OUT = Path("build/loop")


def figures() -> Iterator[Figure]:
    """Make all draws that are not there yet, and sum them up by size."""
    named = os.environ.get("NAPARI_CLUMPS_LABELS")
    if not named:
        print("the loop: NAPARI_CLUMPS_LABELS names no folder, so nothing is learned")
        return
    sizes = [int(n) for n in os.environ.get("LOOP_SIZES", "").split()] or SIZES
    seeds = int(os.environ.get("LOOP_SEEDS", SEEDS))
    plan = [(n, seed) for seed in range(seeds) for n in sizes]
    with ThreadPoolExecutor(int(os.environ.get("LOOP_PROCESSES", 1))) as pool:
        rows = list(pool.map(lambda draw: _row(*draw), plan))
    for n in sizes:
        yield from _summed(n, [row for row in rows if row["galaxies"] == n])


def _row(n: int, seed: int) -> dict[str, Any]:
    """Return the row of a draw, made in a process of its own unless it is there."""
    path = OUT / f"{n}-{seed}.json"
    if not path.is_file():
        command = [sys.executable, "-m", "tests.benchmarks.loop", str(n), str(seed)]
        subprocess.run(command, check=True, stdout=sys.stderr)
    return dict(json.loads(path.read_text()))


def _summed(n: int, rows: list[dict[str, Any]]) -> Iterator[Figure]:
    """Yield the figures of one number of galaxies."""

    def of(key: str) -> np.ndarray:
        return np.array([row[key] for row in rows], dtype=float)

    share = of("f1") / of("best_f1")
    what = f"{n} galaxies"
    yield Figure(f"{what}: F1 at the default score, median", np.median(of("f1")), "")
    yield Figure(f"{what}: best F1 over scores, median", np.median(of("best_f1")), "")
    yield Figure(f"{what}: F1 before, median", np.median(of("old_f1")), "")
    near, most = int((share >= 0.95).sum()), f"{0.9 * len(rows):g}"
    yield Figure(
        f"{what}: draws with 0.95 of the best F1", near, f"of {len(rows)}", most
    )
    yield Figure(f"{what}: share of the best F1, lowest", share.min(), "", "0.85")
    yield Figure(f"{what}: average precision gained", np.median(of("ap_gain")), "")
    goal = "0.05" if n >= 100 else ""
    error = np.median(of("calibration_error"))
    yield Figure(f"{what}: calibration error, median", error, "", goal)
    for verdict in ("better", "worse"):
        told = sum(row["verdict"] == verdict for row in rows)
        yield Figure(f"{what}: draws called {verdict}", told, f"of {len(rows)}")
    wrong = sum(row["verdict"] == "worse" and row["ap_low"] > 0 for row in rows)
    yield Figure(f"{what}: called worse with a higher precision", wrong, "", "0")
    yield Figure(f"{what}: training, median", np.median(of("seconds")), "s")
    yield memory(f"{what}: memory of the training", *of("memory"))


def draw(n: int, seed: int) -> tuple[LabelSet, LabelSet]:
    """Return n galaxies to learn from, and others to judge on."""
    files = sorted(Path(os.environ["NAPARI_CLUMPS_LABELS"]).glob("*.json"))
    joined = read_joined(files)
    cutouts = [replace(c, held_out=False) for c in joined.cutouts]
    order = np.random.default_rng([seed, 11]).permutation(len(cutouts))
    taken = [cutouts[i] for i in order]
    classes = joined.classes
    test = tuple(taken[n : n + TEST])
    return LabelSet(tuple(taken[:n]), classes), LabelSet(test, classes)


def make(n: int, seed: int) -> dict[str, Any]:
    """Learn from one draw with the command line, judge, and return its row."""
    from clump_detector.evaluation.comparison import compare_models
    from clump_detector.models.registry import resolve_model

    learned, test = draw(n, seed)
    folder = OUT / f"{n}-{seed}"
    write_label_set(learned, folder / "labels.json")
    model = folder / "model"
    took = peak = float("nan")
    if not model.is_dir():
        started = time.perf_counter()
        found = run_verb(
            "train", folder / "labels.json", "--base", BASE, "--out", model
        )
        took, peak = time.perf_counter() - started, found or peak
    result = compare_models(resolve_model(BASE), model, test, which="all")
    old, new, gain = result["old"], result["new"], result["difference"]
    return {
        "galaxies": n,
        "seed": seed,
        "boxes": learned.n_boxes,
        "test_galaxies": result["galaxies"],
        "test_boxes": new["true_boxes"],
        "f1": new["f1"]["value"],
        "best_f1": new["best_f1"],
        "score": new["score"],
        "old_f1": old["f1"]["value"],
        "old_best_f1": old["best_f1"],
        "precision": new["ranking_precision"],
        "ap_gain": gain["average_precision"]["value"],
        "ap_low": gain["average_precision"]["95"][0],
        "calibration_error": new["reliability"]["error"],
        "verdict": result["verdict"],
        "summary": result["summary"],
        "seconds": took,
        "memory": peak,
    }


if __name__ == "__main__":
    n, seed = int(sys.argv[1]), int(sys.argv[2])
    OUT.mkdir(parents=True, exist_ok=True)
    row = make(n, seed)
    (OUT / f"{n}-{seed}.json").write_text(json.dumps(row, indent=1))
