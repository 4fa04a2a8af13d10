"""Figures by class, with boxes and classes that are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from clump_detector.core.errors import LabelError
from clump_detector.detector.predict import Detections
from clump_detector.evaluation.classes import (
    by_class,
    class_confusion,
    classes_in_words,
    only_found,
    only_labels,
)
from clump_detector.evaluation.labelled_images import match_boxes
from clump_detector.evaluation.plots import draw_metrics
from clump_detector.image_files.sources import Source
from clump_detector.labels.label_set import LabelledBox, LabelledCutout

PLACES = ((10, 10), (40, 10), (10, 40), (40, 40))


def corners(place):
    x, y = place
    return x - 5, y - 5, x + 5, y + 5


def labelled(*classes, **more):
    boxes = tuple(
        LabelledBox(*corners(place), cls)
        for place, cls in zip(PLACES, classes, strict=False)
    )
    return LabelledCutout(Source("a", (Path("a.png"),)), 60, 60, boxes=boxes, **more)


def found(*classes, score=0.9):
    boxes = np.array([corners(p) for p, _ in zip(PLACES, classes, strict=False)])
    return Detections(
        boxes.reshape(-1, 4).astype(float),
        np.full(len(classes), score), list(classes),
    )  # fmt: skip


def figures(galaxies, detections, names):
    per_class = {
        name: [
            match_boxes(g, f.boxes[[c == name for c in f.classes]],
                        f.scores[[c == name for c in f.classes]], name)
            for g, f in zip(galaxies, detections, strict=True)
        ]
        for name in names
    }  # fmt: skip
    together = [
        match_boxes(g, f.boxes, f.scores)
        for g, f in zip(galaxies, detections, strict=True)
    ]
    return {
        "model": "m",
        "classes": by_class(per_class, 0.5),
        "class_confusion": class_confusion(galaxies, detections, together, 0.5),
    }


def test_each_class_has_its_figures_with_intervals():
    galaxies = [labelled("clump", "star", "clump", "star") for _ in range(6)]
    detections = [found("clump", "star", "star") for _ in range(6)]
    made = figures(galaxies, detections, ("clump", "star", "arm"))
    clump, star = made["classes"]["clump"], made["classes"]["star"]
    assert (clump["true_boxes"], clump["found"]) == (12, 6)
    assert clump["completeness"] == {"value": 0.5, "68": [0.5] * 2, "95": [0.5] * 2}
    assert clump["purity"]["value"] == 1
    assert (star["completeness"]["value"], star["purity"]["value"]) == (0.5, 0.5)
    assert made["class_confusion"] == [
        {"label": "clump", "model": "clump", "boxes": 6},
        {"label": "star", "model": "star", "boxes": 6},
        {"label": "clump", "model": "star", "boxes": 6},
    ]
    first, second, same = classes_in_words(made)
    assert first.startswith("m, class clump: completeness 0.50 (0.50 to 0.50), purity")
    assert second.endswith("12 boxes")
    assert same == "m: 12 of the 18 boxes that are right have the class of their label"


def test_one_class_needs_no_words():
    made = figures([labelled("clump")], [found("clump")], ("clump", "odd clump"))
    assert list(classes_in_words(made)) == []


def test_what_is_below_the_score_is_not_confused():
    made = figures([labelled("clump")], [found("star", score=0.4)], ("clump", "star"))
    assert made["class_confusion"] == []


def test_only_some_classes_are_looked_for():
    cutout = labelled("Clump", "star", "odd", rejected=(LabelledBox(0, 0, 9, 9, "x"),))
    (one,) = only_labels([cutout], ("clump", "odd clump"))
    assert [b.cls for b in one.boxes] == ["Clump", "odd"]
    assert [(b.cls, b.status) for b in one.rejected[1:]] == [("star", "rejected")]
    kept = only_found(found("clump", "star", "odd clump"), ("clump",))
    assert kept.classes == ["clump"]
    assert len(kept.boxes) == len(kept.scores) == 1
    assert only_labels([cutout], None) == [cutout]


def test_classes_that_no_box_has():
    with pytest.raises(LabelError, match=r"class 'knot'.*are: clump, star"):
        only_labels([labelled("clump", "star")], ("knot",))


def test_classes_are_drawn_where_there_are_several(tmp_path):
    galaxies = [labelled("clump", "star") for _ in range(3)]
    made = figures(galaxies, [found("clump", "star")] * 3, ("clump", "star"))
    curve = {"scores": [0.5], **{k: [0.5] for k in ("completeness", "purity")},
             **{f"{k}_68": [None] for k in ("completeness", "purity")}}  # fmt: skip
    metrics = {**made, "curve": curve, "score": 0.5, "flux_ratios": [],
               "reliability": {"bins": []}}  # fmt: skip
    draw_metrics(metrics, tmp_path / "two.png")
    one = {**metrics, "classes": {"clump": made["classes"]["clump"]}}
    draw_metrics(one, tmp_path / "one.png")
    widths = [imread(tmp_path / f"{name}.png").shape[1] for name in ("two", "one")]
    assert widths[0] > widths[1]
