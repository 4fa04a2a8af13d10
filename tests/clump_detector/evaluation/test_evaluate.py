"""Judging models on labelled galaxies, with models whose every box is known."""

from __future__ import annotations

import json
import sys
import types
from dataclasses import dataclass, replace

import numpy as np
import pytest
from PIL import Image

from clump_detector.core.errors import Cancelled, LabelError, ModelError
from clump_detector.core.progress import CancelToken
from clump_detector.evaluation.comparison import compare_models, store_verdict
from clump_detector.evaluation.evaluate import SCORES, evaluate_model
from clump_detector.evaluation.plots import draw_metrics
from clump_detector.image_files.sources import Source
from clump_detector.images.identity import image_keys, sky_keys, telling
from clump_detector.labels.label_set import (
    LabelledBox,
    LabelledCutout,
    LabelSet,
    write_label_set,
)
from clump_detector.models.card import ModelCard, read_card, write_card

PLACES = [(10, 10), (40, 12), (12, 40), (40, 40)]


def box(place, cls="clump", **more):
    x, y = place
    return LabelledBox(x - 5, y - 5, x + 5, y + 5, cls, **more)


@dataclass
class Found:
    """What `Detections` are, without the network."""

    boxes: np.ndarray
    scores: np.ndarray
    classes: list

    def take(self, rows):
        return Found(
            self.boxes[rows], self.scores[rows], [self.classes[i] for i in rows]
        )


class FakePredictor:
    """Finds the first n places with score 0.9, and m false ones with 0.5.

    The model's folder is named n-m-...; an n of "all" finds every place.
    """

    def __init__(self, folder, device="auto"):
        n, m, *_ = folder.name.split("-")
        self.model_id = folder.name
        self.n, self.m = len(PLACES) if n == "all" else int(n), int(m)
        self.fwhms = []

    def predict(self, cutout, cancel):
        FakePredictor.fwhms.append(cutout.fwhm)
        if self.model_id.endswith("picky") and cutout.name == "2":
            raise ModelError("the memory does not suffice for it", cutout.name)
        cancel.check()
        found = [box(place).corners for place in PLACES[: self.n]]
        found += [box((26, 20 + 3 * i)).corners for i in range(self.m)]
        return Found(
            np.array(found, dtype=float).reshape(-1, 4),
            np.array([0.9] * self.n + [0.5] * self.m),
            ["clump"] * len(found),
        )

    fwhms: list


@pytest.fixture(autouse=True)
def fake_predict(monkeypatch):
    module = types.ModuleType("clump_detector.detector.predict")
    module.Predictor = FakePredictor
    monkeypatch.setitem(sys.modules, "clump_detector.detector.predict", module)
    FakePredictor.fwhms = []


@pytest.fixture
def model(tmp_path):
    def make(name, default_score=0.3):
        folder = tmp_path / "models" / name
        folder.mkdir(parents=True)
        write_card(folder, ModelCard(name, default_score=default_score))
        return folder

    return make


@pytest.fixture
def galaxies(tmp_path):
    def make(n, places=PLACES, held_out=True, **more):
        cutouts = []
        for i in range(n):
            path = tmp_path / f"{i}.png"
            pixels = np.random.default_rng(i).integers(0, 255, (52, 50, 3))
            Image.fromarray(pixels.astype(np.uint8)).save(path)
            boxes = tuple(box(place) for place in places)
            cutouts.append(
                LabelledCutout(
                    Source(path.stem, (path,)),
                    50,
                    52,
                    held_out=held_out,
                    boxes=boxes,
                    **more,
                )
            )
        return LabelSet(tuple(cutouts))

    return make


def told(steps):
    """Return what adds the progress to a list."""
    return lambda done, total, text: steps.append((done, total))


def test_a_models_figures(model, galaxies):
    events = []
    figures = evaluate_model(model("3-1"), galaxies(6), progress=told(events))
    assert figures["model"] == "3-1"
    assert figures["score"] == 0.3
    assert (figures["galaxies"], figures["true_boxes"]) == (6, 24)
    assert (figures["hits"], figures["false"]) == (18, 6)
    assert figures["completeness"] == {
        "value": 0.75,
        "68": [0.75, 0.75],
        "95": [0.75, 0.75],
    }
    assert figures["purity"]["value"] == 0.75
    assert figures["best_score"] == 0.9
    at = figures["curve"]["scores"].index(0.55)
    assert figures["curve"]["purity"][at] == 1
    assert figures["false_per_empty_galaxy"] is None
    clump, odd = figures["classes"]["clump"], figures["classes"]["odd clump"]
    assert (clump["true_boxes"], clump["found"]) == (24, 24)
    assert clump["completeness"]["value"] == clump["purity"]["value"] == 0.75
    assert (odd["true_boxes"], odd["found"]) == (0, 0)
    assert odd["completeness"]["value"] is None
    assert figures["class_confusion"] == [
        {"label": "clump", "model": "clump", "boxes": 18}
    ]
    assert figures["summary"] == (
        "3-1: completeness 0.75 (0.75 to 0.75) and purity 0.75 (0.75 to 0.75) (95 %) "
        "at score 0.30, on 6 galaxies with 24 clumps."
    )
    assert [done for done, _ in events] == [1, 2, 3, 4, 5, 6]
    json.dumps(figures, allow_nan=False)


def test_the_score_is_the_cards_unless_given(model, galaxies):
    assert evaluate_model(model("3-1", 0.6), galaxies(1))["purity"]["value"] == 1
    figures = evaluate_model(model("3-2"), galaxies(1), score=0.6)
    assert (figures["score"], figures["false"]) == (0.6, 0)


def test_galaxies_without_clumps(model, galaxies):
    figures = evaluate_model(model("0-2"), galaxies(3, places=[]))
    assert figures["false_per_empty_galaxy"] == 2
    assert figures["completeness"]["value"] is None
    assert figures["summary"].startswith("0-2: completeness not defined and purity")
    json.dumps(figures, allow_nan=False)


def test_ignored_boxes_neither_help_nor_hurt(model, galaxies):
    labels = galaxies(1, places=PLACES[:2])
    (one,) = labels.cutouts
    ignored = box(PLACES[2], ignored=True)
    labels = replace(labels, cutouts=(replace(one, boxes=(*one.boxes, ignored)),))
    figures = evaluate_model(model("3-0"), labels)
    assert (figures["true_boxes"], figures["hits"], figures["false"]) == (2, 2, 0)


def test_a_wrong_class_counts_in_the_classes_only(model, galaxies):
    labels = galaxies(1)
    (one,) = labels.cutouts
    odd = (box(PLACES[0], "odd clump"), *one.boxes[1:])
    labels = replace(labels, cutouts=(replace(one, boxes=odd),))
    figures = evaluate_model(model("all-0"), labels)
    assert figures["completeness"]["value"] == 1
    assert figures["classes"]["clump"]["purity"]["value"] == 0.75
    assert figures["classes"]["odd clump"]["completeness"]["value"] == 0


def test_a_class_the_model_does_not_know_is_never_found(model, galaxies):
    labels = galaxies(1)
    (one,) = labels.cutouts
    strange = (box(PLACES[0], "knot"), *one.boxes[1:])
    labels = LabelSet((replace(one, boxes=strange),), ("clump", "knot"))
    figures = evaluate_model(model("all-0"), labels)
    assert figures["classes"]["knot"]["completeness"]["value"] == 0


def test_only_some_classes_are_looked_for(model, galaxies):
    labels = galaxies(1)
    (one,) = labels.cutouts
    strange = (box(PLACES[0], "knot"), *one.boxes[1:])
    labels = LabelSet((replace(one, boxes=strange),), ("clump", "knot"))
    figures = evaluate_model(model("all-0"), labels, classes=("clump",))
    assert (figures["true_boxes"], figures["hits"], figures["false"]) == (3, 3, 1)
    result = compare_models(
        model("2-0"), model("all-1"), labels, which="all", classes=("clump",)
    )
    assert (result["old"]["hits"], result["old"]["false"]) == (1, 1)
    assert (result["new"]["hits"], result["new"]["false"]) == (3, 2)
    none = compare_models(model("3-0"), model("3-1"), labels, classes=("arm",))
    assert "no box of the labels is of the class 'arm'" in none["summary"]


def test_bad_cutouts_are_problems_and_the_others_go_on(model, galaxies):
    labels = galaxies(4)
    lost, small, *_ = labels.cutouts
    lost.source.path.unlink()
    Image.fromarray(np.eye(9, dtype=np.uint8)).save(small.source.path)
    figures = evaluate_model(model("all-0"), labels)
    assert figures["galaxies"] == 2
    first, second = figures["problems"]
    assert "0.png: cannot read it: no such file" in first
    assert "1.png: it has 9 x 9 pixels, but its labels are for 50 x 52" in second


def test_when_nothing_can_be_read_that_is_the_error(model, galaxies):
    labels = galaxies(1)
    labels.cutouts[0].source.path.unlink()
    with pytest.raises(LabelError, match="no such file"):
        evaluate_model(model("all-0"), labels)


def test_only_done_cutouts_are_judged_on_and_only_held_out_ones_if_asked(
    model, galaxies, tmp_path
):
    labels = galaxies(4, held_out=False)
    first, second, third, fourth = labels.cutouts
    chosen = (first, second, replace(third, held_out=True), replace(fourth, done=False))
    labels = replace(labels, cutouts=chosen)
    write_label_set(labels, tmp_path / "labels.json")
    folder = model("all-0")
    assert evaluate_model(folder, tmp_path / "labels.json")["galaxies"] == 3
    assert evaluate_model(folder, labels, which="held_out")["galaxies"] == 1
    with pytest.raises(LabelError, match="no cutout is done"):
        evaluate_model(folder, replace(labels, cutouts=(chosen[3],)))


def test_the_fwhm_of_the_labels_counts(model, galaxies):
    folder = model("0-1")  # one box at (26, 20): 2 px from this one
    near = galaxies(1, places=[(28, 20)])
    assert evaluate_model(folder, near)["hits"] == 1  # a box of 10 px is 4 px FWHM
    assert FakePredictor.fwhms == [None]
    sharp = replace(near, cutouts=(replace(near.cutouts[0], fwhm=1.5),))
    assert evaluate_model(folder, sharp)["hits"] == 0
    assert FakePredictor.fwhms == [None, 1.5]


def test_it_stops_when_told(model, galaxies):
    token, seen = CancelToken(), []

    def progress(done, total, text):
        seen.append(done)
        if done == 3:
            token.cancel()

    with pytest.raises(Cancelled):
        evaluate_model(model("all-0"), galaxies(9), progress=progress, cancel=token)
    assert seen == [1, 2, 3]


# -- comparison ---------------------------------------------------------------


def test_few_galaxies_have_curves_in_the_picture_and_no_bands(
    model, galaxies, tmp_path
):
    sizes = {}
    for n in (4, 6):
        figures = evaluate_model(model("1-1"), galaxies(n))
        banded = [band for band in figures["curve"]["completeness_68"] if band]
        assert bool(banded) is (n == 6)
        blank = dict.fromkeys(("completeness", "purity"), [None] * len(SCORES))
        for name, drawn in (
            ("whole", figures),
            ("blank", {**figures, "curve": {**figures["curve"], **blank}}),
        ):
            draw_metrics(drawn, tmp_path / f"{name}.svg")
            sizes[n, name] = len((tmp_path / f"{name}.svg").read_bytes())
        (tmp_path / "models" / "1-1").rename(tmp_path / "models" / f"seen-{n}")
        assert sizes[n, "whole"] > sizes[n, "blank"]


def test_a_better_model(model, galaxies):
    result = compare_models(model("1-1"), model("all-0"), galaxies(12))
    assert result["verdict"] == "better"
    assert result["summary"] == (
        "all-0 finds more than 1-1: F1 0.33 -> 1.00 (+0.67 to +0.67) on 12 held-out "
        "galaxies with 48 clumps; average precision +0.75 (+0.75 to +0.75)."
    )
    assert result["more_needed"] is None
    assert result["old"]["completeness"]["value"] == 0.25
    assert result["new"]["completeness"]["value"] == 1
    assert result["difference"]["purity"]["value"] == 0.5
    assert result["galaxies"] == 12
    json.dumps(result, allow_nan=False)


def test_a_worse_one(model, galaxies):
    result = compare_models(model("all-0"), model("1-1"), galaxies(12))
    assert result["verdict"] == "worse"
    assert result["summary"].startswith("1-1 finds less than all-0: F1 1.00 -> 0.33")


def test_no_difference(model, galaxies):
    result = compare_models(model("3-0"), model("3-0-again"), galaxies(12))
    assert result["verdict"] == "no clear difference"
    assert result["summary"].startswith(
        "No clear difference between 3-0-again and 3-0: F1 0.86 -> 0.86 (+0.00 to +0.00"
    )


def test_each_at_its_own_score(model, galaxies):
    result = compare_models(model("3-2", 0.6), model("3-2-low", 0.3), galaxies(8))
    assert (result["old"]["score"], result["new"]["score"]) == (0.6, 0.3)
    assert result["verdict"] == "worse"


def test_too_few_galaxies_never_tell(model, galaxies):
    result = compare_models(model("1-1"), model("all-0"), galaxies(4))
    assert result["verdict"] == "no clear difference"
    assert result["summary"].startswith(
        "No clear difference between all-0 and 1-1: F1 0.33 -> 1.00 (+0.67 to +0.67) "
        "on 4 held-out galaxies with 16 clumps, which are too few for a verdict"
    )
    assert "6 more held-out galaxies have to be done" in result["summary"]
    assert result["more_needed"] == 6


def test_without_held_out_galaxies_there_is_no_verdict(model, galaxies):
    result = compare_models(model("1-1"), model("all-0"), galaxies(9, held_out=False))
    assert result["verdict"] == "no clear difference"
    assert "no held-out cutout is done" in result["summary"]
    every = compare_models(
        model("1-1-b"), model("all-0-b"), galaxies(9, held_out=False), which="all"
    )
    assert every["verdict"] == "better"
    assert "on 9 galaxies with 36 clumps;" in every["summary"]


def test_both_are_judged_on_what_both_could_read(model, galaxies):
    labels = galaxies(7)
    labels.cutouts[4].source.path.unlink()
    events = []
    result = compare_models(
        model("1-1"),
        model("all-0-picky"),
        labels,
        progress=told(events),
    )
    assert result["galaxies"] == 5
    assert result["old"]["true_boxes"] == result["new"]["true_boxes"] == 20
    assert result["old"]["classes"]["clump"]["true_boxes"] == 20
    assert len(result["problems"]) == 2
    assert events[-1] == (14, 14)


# -- galaxies that a model has learned from -------------------------------------------


def learned(folder, labels, n, where="images"):
    """Note in a model's card that it has learned from the first n galaxies."""
    keys = [key for c in labels.cutouts[:n] for key in image_keys(c.source)]
    card = read_card(folder)
    known = {"images": ["sha256:another"], where: keys}
    write_card(folder, replace(card, learned_from=known))


@pytest.mark.parametrize("where", ["images", "ancestor_images"])
def test_what_a_model_learned_from_does_not_count(model, galaxies, where):
    labels, folder = galaxies(9), model("all-0")
    learned(folder, labels, 4, where)
    figures = evaluate_model(folder, labels)
    assert (figures["galaxies"], figures["left_out"]) == (5, 4)
    assert figures["notes"] == [
        "4 cutouts were left out, because a model or one it comes from has learned "
        "from them."
    ]
    other = model("1-1")
    for old, new in ((folder, other), (other, folder)):
        result = compare_models(old, new, labels)
        assert (result["galaxies"], result["left_out"]) == (5, 4)


def test_a_copy_under_another_name_does_not_count_either(model, galaxies, tmp_path):
    labels, folder = galaxies(6), model("all-0")
    learned(folder, labels, 1)
    copy = tmp_path / "elsewhere" / "copy.png"
    copy.parent.mkdir()
    copy.write_bytes(labels.cutouts[0].source.path.read_bytes())
    moved = replace(labels.cutouts[0], source=Source("copy", (copy,)))
    again = replace(labels, cutouts=(moved, *labels.cutouts[1:], labels.cutouts[1]))
    figures = evaluate_model(folder, again)
    assert (figures["galaxies"], figures["left_out"]) == (5, 1)
    assert "1 other image of the same galaxies did not count again." in figures["notes"]


def test_a_twin_is_known_by_a_key_in_the_label_set(model, galaxies):
    labels, folder = galaxies(6), model("all-0")
    write_card(
        folder,
        replace(read_card(folder), learned_from={"images": ["id:objid-123456789"]}),
    )
    first, *rest = labels.cutouts
    known = replace(first, keys=("id:objid-123456789",))
    figures = evaluate_model(folder, replace(labels, cutouts=(known, *rest)))
    assert (figures["galaxies"], figures["left_out"]) == (5, 1)


def test_an_older_card_is_said_and_an_empty_test_refused(model, galaxies):
    labels, folder = galaxies(6), model("all-0")
    (note,) = evaluate_model(folder, labels)["notes"]
    assert note.startswith("all-0: which images this learned from is not recorded")
    learned(folder, labels, 6)
    with pytest.raises(LabelError, match="learned from every cutout that is done"):
        evaluate_model(folder, labels)
    result = compare_models(model("1-1"), folder, labels)
    assert result["verdict"] == "no clear difference"
    assert "learned from every held-out cutout" in result["summary"]


def test_galaxies_that_were_not_blind_are_said(model, galaxies):
    labels = galaxies(8)
    cutouts = tuple(
        replace(c, blind=i < 3, boxes=tuple(replace(b, model="1-1") for b in c.boxes))
        for i, c in enumerate(labels.cutouts)
    )
    result = compare_models(
        model("1-1"), model("all-0"), replace(labels, cutouts=cutouts)
    )
    assert result["blind"] == 3
    assert result["notes"][-1] == (
        "5 of the 8 galaxies were reviewed under a model's boxes, which favours that "
        "model."
    )


def test_a_verdict_stays_in_the_card(model, galaxies):
    old, new = model("1-1"), model("all-0")
    for _ in range(2):
        store_verdict(new, compare_models(old, new, galaxies(12)), "some galaxies")
    first, second = read_card(new).verdicts
    assert first["verdict"] == "better"
    assert (first["against"], first["galaxies"]) == ("1-1", 12)
    assert first["difference"]["f1"]["95"][0] > 0
    assert first["time"] <= second["time"]


def test_a_header_copied_to_all_cutouts_makes_them_no_twins(model, galaxies):
    labels = galaxies(12)
    same = sky_keys(150.0, 2.0)
    cutouts = tuple(replace(c, keys=same) for c in labels.cutouts)
    figures = evaluate_model(model("all-0"), replace(labels, cutouts=cutouts))
    assert figures["galaxies"] == 12


def test_neighbours_in_a_deep_field_are_galaxies_of_their_own(model, galaxies):
    """Ten arcsec apart they share a wide cell on the sky, and no more."""
    labels, folder = galaxies(9), model("all-0")
    keys = [sky_keys(150.0, 2.0 + i * 10 / 3600) for i in range(9)]
    assert len({own[0] for own in keys}) < 9
    cutouts = tuple(
        replace(c, keys=own) for c, own in zip(labels.cutouts, keys, strict=True)
    )
    known = {"images": [*telling(keys[0])]}
    write_card(folder, replace(read_card(folder), learned_from=known))
    figures = evaluate_model(folder, replace(labels, cutouts=cutouts))
    assert (figures["galaxies"], figures["left_out"]) == (8, 1)


def test_an_image_made_anew_of_one_place_is_known(model, galaxies):
    labels, folder = galaxies(6), model("all-0")
    near = [sky_keys(150.0, 2.0), sky_keys(150.0, 2.0 + 1 / 3600)]
    known = {"images": [*telling(near[0])]}
    write_card(folder, replace(read_card(folder), learned_from=known))
    first, *rest = labels.cutouts
    again = replace(labels, cutouts=(replace(first, keys=near[1]), *rest))
    assert evaluate_model(folder, again)["left_out"] == 1
