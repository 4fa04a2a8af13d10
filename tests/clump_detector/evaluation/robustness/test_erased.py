"""Clumps erased on a label set: how many boxes are proposed still, and said how."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from clump_detector.core.errors import LabelError
from clump_detector.evaluation.robustness.erased import erase_clumps, erased_in_words
from clump_detector.evaluation.robustness.picture import draw_erased
from clump_detector.image_files.sources import Source
from clump_detector.labels.label_set import LabelSet, read_label_set
from clump_detector.models.registry import resolve_model
from clump_detector.simulate.dataset import simulate


@pytest.fixture(scope="module")
def labels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("erased") / "made"
    simulate(folder, 12, seed=4, clumpy=1.0)
    return read_label_set(folder / "labels.json")


@pytest.fixture(scope="module")
def figures(labels):
    return erase_clumps(resolve_model("starter"), labels)


def test_most_boxes_are_explained_by_their_clump(figures):
    assert figures["galaxies"] == 12
    counted = sum(figures[kind]["boxes"] for kind in ("hit", "false", "unsure"))
    assert counted == figures["boxes"] == len(figures["each"]) >= 8
    assert figures["hit"]["share"] <= 0.1
    assert figures["lost_beside"]["share"] <= 0.2
    low, high = figures["hit"]["95"]
    assert 0 <= low <= figures["hit"]["share"] <= high < 0.6
    assert json.loads(json.dumps(figures)) == figures


def test_it_is_said_and_drawn(figures, tmp_path):
    lines = erased_in_words(figures)
    assert "12 galaxies" in lines[0]
    assert any("on labelled clumps" in line for line in lines)
    assert any("beside the box" in line for line in lines)
    draw_erased(figures, tmp_path / "erased.png")
    assert (tmp_path / "erased.png").stat().st_size > 5000


def test_unexplained_boxes_are_named_ten_at_most(figures):
    odd = {
        "cutout": "a", "box": [10.0, 10.0, 20.0, 22.0], "kind": "hit", "score": 0.9,
        "erased": 0.8, "beside": 0.9, "explained": False,
    }  # fmt: skip
    lines = erased_in_words({**figures, "each": [odd] * 12})
    named = [line for line in lines if "not explained" in line]
    assert len(named) == 10
    assert "a at x 15, y 16, score 0.90, erased 0.80" in named[0]
    assert lines[-1].strip() == "and 2 more; --out lists all"


def test_a_score_that_nothing_reaches_is_said(labels):
    few = replace(labels, cutouts=labels.cutouts[:2])
    none = erase_clumps(resolve_model("starter"), few, score=1.0)
    (line,) = erased_in_words(none)
    assert "proposes nothing from score 1.00 on 2 galaxies" in line


def test_images_that_cannot_be_read_are_problems_until_none_is_left(labels, tmp_path):
    lost = replace(labels.cutouts[0], source=Source("gone", (tmp_path / "gone.png",)))
    some = erase_clumps(
        resolve_model("starter"), LabelSet((lost, labels.cutouts[1]), labels.classes)
    )
    assert some["galaxies"] == 1
    assert len(some["problems"]) == 1
    with pytest.raises(LabelError, match=r"gone\.png"):
        erase_clumps(resolve_model("starter"), LabelSet((lost,), labels.classes))
