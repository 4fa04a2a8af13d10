"""More classes than a model was made for."""

from dataclasses import replace

import numpy as np
import torch

from clump_detector.detector.class_layers import with_more_classes
from clump_detector.detector.model_folder import load_model, save_model
from clump_detector.detector.predict import Predictor
from clump_detector.image_files.sources import find_sources
from clump_detector.images.cutout import read_cutout
from clump_detector.models.card import ModelCard
from clump_detector.models.registry import resolve_model
from tests.clump_detector.conftest import TINY
from tests.helpers.paths import ROOT


def test_a_new_class_changes_little_of_what_is_found(tmp_path):
    detector, card = load_model(resolve_model("starter"))
    config = replace(card.config, classes=(*card.config.classes, "star", "arm"))
    save_model(
        tmp_path / "more", with_more_classes(detector, config),
        replace(card, name="more", config=config),
    )  # fmt: skip
    old, new = Predictor(resolve_model("starter")), Predictor(tmp_path / "more")
    compared = 0
    for source in find_sources([ROOT / "sample_data" / "images"])[:4]:
        cutout = read_cutout(source)
        before, after = old.predict(cutout), new.predict(cutout)
        own = np.isin(after.classes, card.config.classes)
        assert not (after.scores[~own] > 0.1).any()
        for box, score in zip(before.boxes, before.scores, strict=True):
            if score > 0.3:
                compared += 1
                near = np.abs(after.boxes[own] - box).max(axis=1)
                assert near.min() < 0.5
                assert abs(after.scores[own][near.argmin()] - score) < 0.01
    assert compared > 3


def test_rows_of_known_classes_are_copied(tiny):
    old = tiny.roi_heads.box_predictor
    config = replace(TINY, classes=(*TINY.classes, "star"))
    new = with_more_classes(tiny, config).roi_heads.box_predictor
    assert torch.equal(new.cls_score.weight[:3], old.cls_score.weight)
    assert torch.equal(new.bbox_pred.bias[:12], old.bbox_pred.bias)
    mean = old.bbox_pred.weight[4:].reshape(2, 4, -1).mean(0)
    assert torch.allclose(new.bbox_pred.weight[12:], mean)


def test_a_model_with_more_classes_can_be_loaded(tiny, tmp_path):
    config = replace(TINY, classes=(*TINY.classes, "star"))
    save_model(tmp_path / "m", with_more_classes(tiny, config), ModelCard("m", config))
    assert load_model(tmp_path / "m")[1].config.classes[2] == "star"
