"""How robust a model is, told on galaxies that were degraded on purpose."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from clump_detector.core.errors import LabelError
from clump_detector.evaluation.robustness import curves
from clump_detector.evaluation.robustness.degradations import DEGRADATIONS
from clump_detector.evaluation.robustness.picture import draw_robustness
from clump_detector.image_files.sources import Source
from clump_detector.labels.label_set import LabelSet, read_label_set
from clump_detector.models.registry import resolve_model
from clump_detector.simulate.dataset import simulate

CHOSEN = [
    replace(way, levels=way.levels[-2:])
    for way in DEGRADATIONS
    if way.name in ("missing blocks", "turned")
]


@pytest.fixture(scope="module")
def labels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sky") / "made"
    simulate(folder, 7, seed=3, clumpy=1.0)
    return read_label_set(folder / "labels.json")


@pytest.fixture(scope="module")
def figures(labels):
    return curves.robustness(
        resolve_model("starter"), labels, degradations=CHOSEN, score=0.1
    )


def test_every_level_has_its_figures_and_its_change(figures):
    assert figures["galaxies"] == 7
    assert [w["name"] for w in figures["degradations"]] == [w.name for w in CHOSEN]
    for way, one in zip(figures["degradations"], CHOSEN, strict=True):
        assert [row["level"] for row in way["levels"]] == list(one.levels)
        for row in way["levels"]:
            assert 0 <= row["completeness"]["value"] <= 1
            assert row["true_boxes"] <= figures["true_boxes"]
    assert json.loads(json.dumps(figures)) == figures


def test_turning_changes_little_and_clumps_without_data_do_not_count(figures):
    by_name = {way["name"]: way["levels"] for way in figures["degradations"]}
    for row in by_name["turned"]:
        assert row["true_boxes"] == figures["true_boxes"]
        assert abs(row["completeness_change"]["value"]) < 0.35
    kept = [row["true_boxes"] for row in by_name["missing blocks"]]
    assert kept[-1] < figures["true_boxes"]


def test_the_same_seed_gives_the_same_figures(labels, figures):
    again, once_more = (
        curves.robustness(
            resolve_model("starter"), LabelSet(labels.cutouts[:2], labels.classes),
            degradations=CHOSEN[:1],
        )
        for _ in range(2)
    )  # fmt: skip
    assert again == once_more
    assert again["galaxies"] == 2
    assert again["score"] > figures["score"] == 0.1


def test_an_image_that_is_gone_is_said_and_the_others_count(labels, tmp_path):
    gone = replace(labels.cutouts[0], source=Source("x", (tmp_path / "x.png",)))
    some = LabelSet((gone, *labels.cutouts[1:3]), labels.classes)
    told = curves.robustness(resolve_model("starter"), some, degradations=CHOSEN[:1])
    assert told["galaxies"] == 2
    assert "x.png" in told["problems"][0]
    with pytest.raises(LabelError, match=r"x\.png"):
        curves.robustness(
            resolve_model("starter"), LabelSet((gone,), labels.classes),
            degradations=CHOSEN[:1],
        )  # fmt: skip


def test_it_is_told_in_lines_and_drawn(figures, tmp_path):
    told = copy.deepcopy(figures)
    for way in told["degradations"]:
        for row, clumps in zip(way["levels"], (curves.FEWEST, 2), strict=True):
            row["true_boxes"] = clumps
    lines = curves.robustness_in_words(told)
    assert lines[0].startswith(figures["model"])
    assert any("by 180°: completeness" in line for line in lines)
    assert sum("2 clumps are left to be found, too few" in x for x in lines) == 2
    draw_robustness(told, tmp_path / "r.png")
    with Image.open(tmp_path / "r.png") as picture:
        assert len(np.unique(np.asarray(picture.convert("L")))) > 20
