"""Figures by kind, against cases worked out by hand and the library's own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from clump_detector.evaluation import breakdown
from clump_detector.image_files.sources import Source
from clump_detector.labels.label_set import (
    LabelledBox,
    LabelledCutout,
    LabelSet,
    write_label_set,
)
from clump_detector.metrics.matching import match


def galaxy(name, *boxes):
    return LabelledCutout(Source(name, (Path(f"{name}.png"),)), 100, 100, boxes=boxes)


def clump(x, y, ratio=None, cls="clump", ignored=False):
    extra = {} if ratio is None else {"flux_ratio": ratio}
    return LabelledBox(x - 5, y - 5, x + 5, y + 5, cls, ignored=ignored, extra=extra)


def matched(one, places, scores):
    found = np.array([(x - 5, y - 5, x + 5, y + 5) for x, y in places])
    return match(one.array(), found, scores, ignored=one.array(ignored=True))


def test_completeness_by_flux_ratio():
    one = galaxy(
        "a", clump(20, 20, 0.005), clump(40, 40, 0.02, ignored=True),
        clump(60, 60, 0.02), clump(80, 80, 0.2), clump(20, 80),
    )  # fmt: skip
    found = matched(one, [(20, 20), (60, 60), (80, 80)], [0.9, 0.2, 0.8])
    rows = breakdown.by_flux_ratio([one], [found], 0.5)
    assert [(r["true_boxes"], r["found"]) for r in rows] == [
        (1, 1), (1, 0), (0, 0), (1, 1),
    ]  # fmt: skip
    assert [r["completeness"] for r in rows] == [1.0, 0.0, None, 1.0]
    assert rows[-1]["high"] is None
    assert breakdown.by_flux_ratio([galaxy("b", clump(9, 9))], [found], 0.5) == []


def test_completeness_of_clumps_that_reviewers_agreed_on_and_of_disputed_ones():
    def reviewed(x, y, *said):
        opinions = [{"status": status, "cls": cls} for status, cls in said]
        return replace(clump(x, y), extra={"opinions": opinions})

    one = galaxy(
        "a",
        reviewed(20, 20, ("accepted", "clump"), ("rejected", "clump")),
        reviewed(40, 40, ("accepted", "clump"), ("drawn", "odd clump")),
        reviewed(60, 60, ("accepted", "clump"), ("edited", "clump")),
        clump(80, 80), clump(80, 20),
        replace(clump(20, 80), ignored=True, status="proposal"),
    )  # fmt: skip
    found = matched(one, [(20, 20), (60, 60), (80, 80), (20, 80)], [0.9, 0.8, 0.7, 0.9])
    rows = breakdown.by_tier([one], [found], 0.5)
    assert [(r["tier"], r["true_boxes"], r["found"]) for r in rows] == [
        ("visually_confirmed", 3, 2),
        ("disputed", 2, 1),
    ]
    assert rows[1]["completeness"] == 0.5
    assert rows[1]["95"][0] < 0.5 < rows[1]["95"][1]
    assert "disputed by reviewers: completeness 0.50" in breakdown.tier_in_words(
        rows[1]
    )
    assert breakdown.by_tier([galaxy("b", clump(9, 9))], [found], 0.5) == []


def test_false_boxes_are_counted_by_what_they_lie_on():
    def told(x, y, name):
        extra = {"object": name} if name else {}
        return LabelledBox(
            x - 5, y - 5, x + 5, y + 5, "clump", status="rejected", extra=extra
        )

    plain = galaxy("a", clump(20, 20))
    one = replace(
        plain,
        rejected=(told(50, 50, "star"), told(80, 80, "nucleus"), told(20, 80, "")),
    )
    places = [(20, 20), (52, 51), (80, 85), (20, 80), (50, 50)]
    found = matched(one, places, [0.9, 0.8, 0.7, 0.6, 0.2])
    boxes = [np.array([(x - 5, y - 5, x + 5, y + 5) for x, y in places])]
    rows = breakdown.false_boxes_by_object([one], boxes, [found], 0.5)
    # The second is 2.2 pixels from the star, one FWHM is 4; the third is 5 away.
    assert [(r["object"], r["false"]) for r in rows] == [(None, 2), ("star", 1)]
    assert breakdown.false_boxes_in_words(rows) == (
        "Of 3 false boxes: 2 on none of what the labels name, 1 on a star."
    )
    assert breakdown.false_boxes_by_object([plain], boxes, [found], 0.5) == []


def test_bands_hold_the_curve_and_open_with_variety():
    good = galaxy("a", clump(20, 20))
    hit, missed = matched(good, [(20, 20)], [0.9]), matched(good, [(80, 80)], [0.9])
    figures = breakdown.curve_with_bands([hit, missed] * 8, [0.5])
    low, high = figures["completeness_68"][0]
    assert low < figures["completeness"][0] == 0.5 < high
    same = breakdown.curve_with_bands([hit] * 8, [0.5])
    assert same["purity_68"] == [[1.0, 1.0]]


@pytest.fixture
def scene(tmp_path):
    """Galaxies with boxes a little off, false ones, and ignored ones."""
    rng = np.random.default_rng(3)
    galaxies, found = [], []
    for k in range(12):
        places = rng.uniform(12, 88, (4, 2))
        kinds = rng.choice(["clump", "odd clump"], 4, p=[0.7, 0.3])
        galaxies.append(
            galaxy(
                f"g{k}",
                *(
                    clump(x, y, cls=str(c), ignored=i == 3)
                    for i, ((x, y), c) in enumerate(zip(places, kinds, strict=True))
                ),
            )
        )
        near = np.concatenate([places + rng.normal(0, 1.0, (4, 2)), [[50, 50]]])
        boxes = np.concatenate([near - 5, near + 5], axis=1)
        found.append((boxes, rng.uniform(0.1, 1, 5), [*map(str, kinds), "clump"]))
    return galaxies, found, tmp_path


@pytest.mark.parametrize("one_class", [True, False])
def test_average_precision_is_the_librarys_own(scene, one_class):
    """From the label set's file, by pycocotools itself."""
    galaxies, found, folder = scene
    classes = ("clump", "odd clump")
    ours = breakdown.average_precision(galaxies, found, classes)
    write_label_set(LabelSet(tuple(galaxies), classes), folder / "labels.json")
    content = json.loads((folder / "labels.json").read_text())
    if one_class:
        for annotation in content["annotations"]:
            annotation["category_id"] = 1
    (folder / "labels.json").write_text(json.dumps(content))
    truth = COCO(str(folder / "labels.json"))
    results = [
        {
            "image_id": k + 1,
            "category_id": 1 if one_class else classes.index(name) + 1,
            "bbox": [*(corners[:2] + 0.5), *(corners[2:] - corners[:2])],
            "score": float(score),
        }
        for k, (boxes, scores, names) in enumerate(found)
        for corners, score, name in zip(boxes, scores, names, strict=True)
    ]
    evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
    evaluation.params.catIds = [1]
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    mine = ours["any"] if one_class else ours["classes"]["clump"]
    assert mine["ap"] == pytest.approx(evaluation.stats[0], abs=1e-6)
    assert mine["ap50"] == pytest.approx(evaluation.stats[1], abs=1e-6)
    assert 0 < mine["ap"] < mine["ap50"]


def test_average_precision_worked_out_by_hand():
    one = galaxy("a", clump(20, 20), clump(60, 60))
    exact = np.array([[15, 15, 25, 25], [75, 75, 85, 85]], dtype=float)
    found = [(exact, [0.9, 0.8], ["clump", "clump"])]
    ours = breakdown.average_precision([one], found, ("clump", "odd clump"))
    # Precision is 1 up to a recall of 0.5, then 0: 51 of 101 points.
    assert ours["any"]["ap"] == pytest.approx(51 / 101)
    assert ours["classes"]["odd clump"]["ap"] is None
