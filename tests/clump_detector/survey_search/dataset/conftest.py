"""Small datasets that no survey was needed for."""

from __future__ import annotations

import json

import numpy as np
import pytest

from clump_detector.images.host_profile import VALUES
from clump_detector.survey_search.dataset.collection import collect
from clump_detector.survey_search.dataset.parts import Parts
from clump_detector.survey_search.dataset.tables import (
    CUTOUTS,
    DETECTIONS,
    EMBEDDINGS,
    table_of,
)

CLASSES = ("clump", "odd clump")


def rows_of(n: int, seed: int = 1) -> dict[str, list[dict[str, object]]]:
    """Return rows of n cutouts: some without position, some without boxes."""
    rng = np.random.default_rng(seed)
    cutouts, boxes, embeddings = [], [], []
    for k in range(n):
        address, name = f"cutouts/g{k:04d}.png", f"g{k:04d}"
        placed = rng.random() > 0.2
        ra, dec = float(rng.uniform(0, 360)), float(rng.uniform(-90, 90))
        where = {"ra": ra if placed else None, "dec": dec if placed else None}
        scores = sorted(np.round(rng.uniform(0.1, 1, rng.poisson(1.5)), 2))[::-1]
        for number, score in enumerate(map(float, scores), start=1):
            x, y = (float(v) for v in rng.integers(0, 80, 2))
            boxes.append({
                "cutout": address, "name": name, "box": number,
                "class": CLASSES[int(rng.integers(2))], "score": score, "x1": x,
                "y1": y, "x2": x + 10, "y2": y + 12, "model": "m-1", **where,
            })  # fmt: skip
        best = max(scores, default=0.0)
        cutouts.append({
            "cutout": address, "name": name, **where, "width": 100, "height": 80,
            "bands": "g r" if placed else "", "n_boxes": len(scores),
            "pixel_scale": 0.4 if rng.random() > 0.5 else None,
            "n_clumps": sum(s >= 0.5 for s in scores),
            "best_score": float(best) + 4e-6 * (k % 3 - 1) * (best > 0),
            "uncertainty": float(rng.random()), "notes": "", "model": "m-1",
            "content": str(k), "stamp": str(k),
        })  # fmt: skip
        vector = [float(v) for v in rng.normal(size=4)]
        named = {"cutout": address, "model": "m-1", **where}
        profile = [float(v) for v in rng.normal(size=VALUES)]
        embeddings.append(named | {"embedding": vector, "profile": profile})
    return {CUTOUTS: cutouts, DETECTIONS: boxes, EMBEDDINGS: embeddings}


def write_dataset(folder, rows):
    """Write rows as the survey does, and put the tables together."""
    folder.mkdir(exist_ok=True)
    made = {"model": "m-1", "weights": "", "version": "", "options": {}, "begun": ""}
    (folder / "survey.json").write_text(json.dumps({"format": 1, **made}))
    Parts(folder).write({name: table_of(name, some) for name, some in rows.items()})
    collect(folder)
    return folder


@pytest.fixture(scope="session")
def dataset_rows():
    return rows_of(120)


@pytest.fixture(scope="session")
def dataset(tmp_path_factory, dataset_rows):
    return write_dataset(tmp_path_factory.mktemp("survey") / "ds", dataset_rows)
