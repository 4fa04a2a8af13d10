"""A model on real labelled galaxies: strong clumps, and a round of corrections.

The galaxies are not part of this project: ``NAPARI_CLUMPS_REAL`` names a folder with
``images/``, ``galaxies.csv`` (file, psf_fwhm_r_px) and ``clumps.csv`` (file, x1, y1,
x2, y2, fratio_u), such as of Stripe 82 with the clumps of Mehta et al. (2021). The
model is ``REAL_MODEL``, by default starter-simulated, which has learned from no label
of a real galaxy; the starter has, and may have from these.
"""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.goal import Figure

#: Shares of its galaxy's u light that a clump has more of.
STRENGTHS = (0.01, 0.03)

#: Boxes a galaxy that a person would look at.
BUDGET = 3

FOLDS = 5


@dataclass(frozen=True)
class Galaxy:
    """A real galaxy with its labelled clumps."""

    path: Path
    fwhm: float
    corners: np.ndarray
    ratios: np.ndarray

    @property
    def centres(self) -> np.ndarray:
        return (self.corners[:, :2] + self.corners[:, 2:]) / 2


def figures() -> Iterator[Figure]:
    """Find strong clumps, then learn from four fifths and judge on the rest."""
    named = os.environ.get("NAPARI_CLUMPS_REAL")
    if not named:
        print("real galaxies: NAPARI_CLUMPS_REAL names no folder, so none is judged on")
        return
    galaxies = read_galaxies(Path(named))
    finders = (("the model", _model()), ("peak finder", peaks))
    for least in STRENGTHS:
        n = sum(int((g.ratios > least).sum()) for g in galaxies)
        for name, find in finders:
            what = f"clumps above {least:.0%} of u, {name}, {BUDGET} boxes a galaxy"
            yield Figure(what, strong(galaxies, find, least), f"of {n}")
    yield from five_fold(galaxies)


def read_galaxies(folder: Path) -> list[Galaxy]:
    """Return the galaxies of the two tables."""
    clumps: dict[str, list[dict[str, str]]] = {}
    with (folder / "clumps.csv").open() as file:
        for row in csv.DictReader(file):
            clumps.setdefault(row["file"], []).append(row)
    with (folder / "galaxies.csv").open() as file:
        rows = list(csv.DictReader(file))
    return [
        Galaxy(
            folder / "images" / row["file"],
            float(row["psf_fwhm_r_px"]),
            np.array(
                [[float(c[k]) for k in ("x1", "y1", "x2", "y2")]
                 for c in clumps.get(row["file"], [])]
            ).reshape(-1, 4),
            np.array([float(c["fratio_u"]) for c in clumps.get(row["file"], [])]),
        )
        for row in rows
    ]  # fmt: skip


def strong(galaxies: list[Galaxy], find: Any, least: float) -> float:
    """Return how many clumps above a share have a best box within one FWHM."""
    found = 0
    for galaxy in galaxies:
        places = find(galaxy)[:BUDGET]
        for centre in galaxy.centres[galaxy.ratios > least]:
            apart = (
                np.hypot(*(places - centre).T) if len(places) else np.array([np.inf])
            )
            found += bool(apart.min() <= galaxy.fwhm)
    return float(found)


def _folder() -> Path:
    from clump_detector.models.registry import resolve_model

    return resolve_model(os.environ.get("REAL_MODEL", "starter-simulated"))


def _model() -> Any:
    from clump_detector.detector.predict import Predictor

    predictor = Predictor(_folder(), "cpu")

    def find(galaxy: Galaxy) -> np.ndarray:
        boxes = predictor.predict(_cutout(galaxy)).boxes
        return (boxes[:, :2] + boxes[:, 2:]) / 2

    return find


def _cutout(galaxy: Galaxy) -> Any:
    from clump_detector.image_files.sources import find_sources
    from clump_detector.images.cutout import read_cutout

    return replace(read_cutout(find_sources([galaxy.path])[0]), fwhm=galaxy.fwhm)


def peaks(galaxy: Galaxy) -> np.ndarray:
    """Return the places of the peak finder, best first."""
    from PIL import Image

    from clump_detector.evaluation.peak_finder import find_peaks

    picture = np.asarray(Image.open(galaxy.path).convert("RGB"))
    boxes, _ = find_peaks(picture, galaxy.fwhm)
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def five_fold(galaxies: list[Galaxy]) -> Iterator[Figure]:
    """Retrain on four fifths of the labels, and judge both models on the others."""
    from clump_detector.config.recipe import preset
    from clump_detector.metrics import bootstrap, matching
    from clump_detector.train.run import TrainRequest, train

    base = _folder()
    old: list[Any] = []
    new: list[Any] = []
    order = np.random.default_rng(0).permutation(len(galaxies))
    with tempfile.TemporaryDirectory() as name:
        for fold in range(FOLDS):
            apart = [galaxies[i] for i in order[fold::FOLDS]]
            kept = [g for g in galaxies if g not in apart]
            labels = _write(kept, Path(name) / f"{fold}.json")
            model = Path(name) / f"model-{fold}"
            train(TrainRequest(labels, model, base=base, config=preset("heads")))
            old += _matches(base, apart)
            new += _matches(model, apart)
    # No threshold is chosen on so few: each at the score that gives as many boxes as
    # there are labels.
    old_score, new_score = _as_many(old), _as_many(new)
    for name, matches, score in (
        ("before", old, old_score),
        ("retrained", new, new_score),
    ):
        f1 = matching.f1(matches, score)
        yield Figure(f"five-fold, {name}, F1", 0.0 if f1 is None else f1, "")
    result = bootstrap.compare(old, new, old_score, new_score)
    outer = result.difference["f1"].outer or (0.0, 0.0)
    yield Figure("five-fold, difference of F1, from", outer[0], "(95 %)")
    yield Figure("five-fold, difference of F1, to", outer[1], "(95 %)")


def _matches(model: Path, galaxies: list[Galaxy]) -> list[Any]:
    from clump_detector.detector.predict import Predictor
    from clump_detector.metrics import matching

    predictor = Predictor(model, "cpu")
    matches = []
    for galaxy in galaxies:
        found = predictor.predict(_cutout(galaxy))
        matches.append(
            matching.match(galaxy.corners, found.boxes, found.scores, fwhm=galaxy.fwhm)
        )
    return matches


def _as_many(matches: Any) -> float:
    """Return the score from which on there are as many boxes as true ones."""
    scores = np.sort(np.concatenate([m.scores for m in matches]))[::-1]
    n = sum(m.n_true for m in matches)
    return float(scores[min(n, len(scores)) - 1])


def _write(galaxies: list[Galaxy], path: Path) -> Path:
    from clump_detector.image_files.sources import find_sources
    from clump_detector.labels.label_set import (
        LabelledBox,
        LabelledCutout,
        LabelSet,
        write_label_set,
    )

    cutouts = []
    for galaxy in galaxies:
        cutout = _cutout(galaxy)
        cutouts.append(
            LabelledCutout(
                find_sources([galaxy.path])[0],
                cutout.width,
                cutout.height,
                boxes=tuple(
                    LabelledBox(*row, "clump") for row in galaxy.corners.tolist()
                ),
                fwhm=galaxy.fwhm,
            )
        )
    write_label_set(LabelSet(tuple(cutouts)), path)
    return path
