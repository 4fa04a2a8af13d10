"""``learn-colours``: what a model card then says, and what it changes."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from clump_detector.evaluation import card_metrics
from clump_detector.images.cutout import read_cutout
from clump_detector.labels.label_set import read_label_set
from clump_detector.models.card import read_card
from clump_detector.models.registry import resolve_model

pytest.importorskip("galsim")

from clump_detector.simulate import simulate


@pytest.fixture(scope="module")
def five(tmp_path_factory):
    """Simulated galaxies in five bands, and the same in three."""
    folder = tmp_path_factory.mktemp("bands")
    for name, bands in (("five", "ugriz"), ("three", "gri")):
        simulate(
            folder / name, 12, seed=8, kind="fits", bands=bands, size=200, clumpy=1.0
        )
    return folder


@pytest.fixture
def model(tmp_path):
    return shutil.copytree(resolve_model("starter"), tmp_path / "mine")


def test_scores_count_colours_where_there_is_u_and_nowhere_else(
    run, five, model, monkeypatch
):
    from clump_detector.detector.predict import Predictor

    monkeypatch.setattr(card_metrics, "FEWEST_BOXES", 3)
    before = Predictor(model, "cpu")
    before.classifier = None
    code, out, err = run(
        "learn-colours", five / "five" / "labels.json", "--model", model
    )
    assert (code, "ugr, ugri, ugrz, ugriz" in out) == (0, True), err
    after = Predictor(model, "cpu")
    moved = 0
    for name in ("five", "three"):
        for one in read_label_set(five / name / "labels.json").cutouts:
            cutout = read_cutout(one.source)
            old, new = before.predict(cutout), after.predict(cutout)
            assert sorted(map(tuple, old.boxes)) == sorted(map(tuple, new.boxes))
            assert (np.diff(new.scores) <= 0).all()
            if name == "five" and len(new):
                assert new.bands == "ugriz"
                moved += int(
                    np.abs(np.sort(old.scores) - np.sort(new.scores)).max() > 0
                )
            elif name == "three":
                np.testing.assert_array_equal(old.scores, new.scores)
                assert new.bands == ""
    assert moved > 3

    image = next((five / "five" / "images").glob("*.fits"))
    _, _, err = run("detect", image, "--model", model, "--out", model / "boxes.csv")
    assert "Colours in ugriz count in the scores of 1 cutout." in err


def test_too_few_boxes_or_no_u_are_said_so(run, five, model):
    for name in ("five", "three"):
        code, _, err = run(
            "learn-colours", five / name / "labels.json", "--model", model
        )
        assert code != 0
        assert "fluxes in u, g and r are needed" in err
        assert "Traceback" not in err


def test_a_damaged_card_is_refused_with_a_reason(run, five, model):
    path = model / "model.json"
    content = json.loads(path.read_text())
    content["source_classifier"] = {"ugr": {"low": 3}}
    path.write_text(json.dumps(content))
    assert read_card(model).source_classifier
    image = next((five / "five" / "images").glob("*.fits"))
    code, _, err = run("detect", image, "--model", model)
    assert code != 0
    assert "the source classifier of its card is wrong" in err
