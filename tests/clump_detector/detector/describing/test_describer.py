"""Descriptions: boxes as a detection has them, and what the heads say of them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from clump_detector.config.training import TrainConfig
from clump_detector.core.errors import ModelError
from clump_detector.detector.describing.describer import Describer
from clump_detector.detector.describing.embedding import embedding_of
from clump_detector.detector.describing.ensemble import PASSES, Head, own_weights
from clump_detector.detector.model_folder import save_model
from clump_detector.detector.predict import Predictor
from clump_detector.images.cutout import from_array, read_cutout
from clump_detector.images.identity import pixels_key
from clump_detector.labels.label_set import read_label_set
from clump_detector.models.card import ENSEMBLE, ModelCard
from clump_detector.models.described import Description
from clump_detector.train.run import TrainRequest, train
from tests.clump_detector.conftest import TINY

NONE = np.zeros((0, 4))
SOME = np.array([[10.0, 10.0, 30.0, 30.0], [50.0, 40.0, 66.0, 58.0]])


@pytest.fixture
def cutout():
    rng = np.random.default_rng(4)
    return from_array(rng.integers(0, 255, (80, 90, 3), dtype=np.uint8))


@pytest.fixture
def with_heads(tmp_path, tiny):
    """A model with three heads, of which the last did not see one galaxy."""
    heads = []
    for k in range(3):
        weights = own_weights(tiny.roi_heads)
        bias = weights["box_predictor.cls_score.bias"]
        bias[0] += (-2.0, 0.0, 3.0)[k]
        heads.append(Head(weights, [["a"], ["b"], ["c"]][k]))
    card = ModelCard("three", tiny.config, default_score=0.5)
    save_model(tmp_path / "three", tiny, card, heads)
    return tmp_path / "three"


def close(described: Description, other: Description) -> bool:
    return np.allclose(described.vectors, other.vectors) and np.allclose(
        described.mean, other.mean
    )


def test_the_boxes_are_those_of_a_detection(tiny_folder, cutout):
    predictor = Predictor(tiny_folder, "cpu")
    found, described = Describer(predictor).describe(cutout, NONE)
    alone = predictor.predict(cutout)
    assert found.boxes == pytest.approx(alone.boxes)
    assert found.scores == pytest.approx(alone.scores)
    assert described.boxes[: len(found)] == pytest.approx(alone.boxes)
    assert described.score[: len(found)] == pytest.approx(alone.scores)
    assert described.found.all()


def test_boxes_that_it_is_asked_about_come_last(tiny_folder, cutout):
    describer = Describer(Predictor(tiny_folder, "cpu"))
    _, alone = describer.describe(cutout, NONE)
    _, described = describer.describe(cutout, SOME)
    assert described.boxes[-2:] == pytest.approx(SOME)
    assert described.found.sum() == len(alone.found) == len(described.found) - 2
    assert ((described.score >= 0) & (described.score <= 1)).all()


def test_boxes_below_the_score_floor_are_described_but_not_found(tmp_path, tiny):
    config = replace(tiny.config, box_score_thresh=0.99, host_only=False)
    save_model(tmp_path / "strict", tiny, ModelCard("strict", config))
    rng = np.random.default_rng(4)
    picture = from_array(rng.integers(0, 255, (80, 90, 3), dtype=np.uint8))
    describer = Describer(Predictor(tmp_path / "strict", "cpu"))
    found, described = describer.describe(picture, NONE)
    assert len(found) == 0
    assert described.found.any()


def test_heads_that_differ_have_spread_votes_and_information(with_heads, cutout):
    _, described = Describer(Predictor(with_heads, "cpu")).describe(cutout, SOME)
    assert described.heads == 3
    assert described.ensemble
    assert (described.spread > 0.1).all()
    assert (described.information > 0.01).all()
    assert ((described.votes >= 1) & (described.votes <= 2)).all()


@pytest.mark.parametrize(("key", "order"), [("a", 1), ("c", -1)])
def test_the_unseen_score_is_that_of_the_head_that_left_it_out(
    with_heads, cutout, key, order
):
    describer = Describer(Predictor(with_heads, "cpu"))
    _, known = describer.describe(cutout, SOME, [key])
    _, unknown = describer.describe(cutout, SOME, ["nothing"])
    assert unknown.unseen == pytest.approx(unknown.mean)
    # The head "a" finds more, the head "c" less than all of them.
    assert (order * (known.unseen - unknown.unseen) > 0.1).all()


def test_without_an_ensemble_dropout_stands_in_for_it_alike_each_time(
    tiny_folder, cutout
):
    describer = Describer(Predictor(tiny_folder, "cpu"))
    _, first = describer.describe(cutout, SOME)
    _, second = describer.describe(cutout, SOME)
    assert first.heads == PASSES
    assert not first.ensemble
    assert (first.spread > 0).all()
    assert close(first, second)


def test_a_field_in_tiles_has_each_box_described_once(tiny_folder):
    rng = np.random.default_rng(2)
    field = from_array(rng.integers(0, 255, (700, 1100, 3), dtype=np.uint8))
    field = replace(field, fwhm=5.0)
    predictor = Predictor(tiny_folder, "cpu")
    found, described = Describer(predictor).describe(field, SOME)
    assert len(described.boxes) == len(found) + len(SOME)
    assert described.boxes[: len(found)] == pytest.approx(found.boxes)
    assert described.vectors.shape == (len(described.boxes), len(described.vector) / 2)
    # A box far from the first tile's centre is seen as it is in its own tile.
    tile = from_array(field.pixels[60:, 460:])
    tile = replace(tile, fwhm=5.0)
    corner = np.array([[1060.0, 660.0, 1080.0, 680.0]])
    _, whole = Describer(predictor).describe(field, corner)
    _, part = Describer(predictor).describe(tile, corner - [460, 60, 460, 60])
    assert whole.score[-1] == pytest.approx(part.score[-1], abs=0.02)


def test_the_galaxy_s_vector_does_not_depend_on_what_is_far_from_it(tiny_folder):
    y, x = np.mgrid[:120, :120]
    disc = 180 * np.exp(-np.hypot(x - 60, y - 60) / 9)[..., None] * [1, 0.8, 0.6]
    picture = (disc + 10).astype(np.uint8)
    with_star = picture.copy()
    with_star[2:12, 2:12] = 250
    describer = Describer(Predictor(tiny_folder, "cpu"))
    plain, other = (
        describer.describe(from_array(one), NONE)[1].vector.astype(float)
        for one in (picture, with_star)
    )
    n = len(plain) // 2
    change = np.abs(plain - other)
    assert change[:n].sum() < 0.2 * change[n:].sum()


def test_it_survives_json(tiny_folder, cutout):
    _, described = Describer(Predictor(tiny_folder, "cpu")).describe(cutout, SOME)
    back = Description.from_json(json.loads(json.dumps(described.to_json())))
    assert back.vectors == pytest.approx(described.vectors)
    assert back.vector == pytest.approx(described.vector)
    assert back.boxes == pytest.approx(described.boxes, abs=1e-3)
    assert back.information == pytest.approx(described.information, abs=1e-5)
    assert (back.votes == described.votes).all()
    assert back.encoder == described.encoder


def test_another_encoder_has_another_name(tmp_path, tiny, tiny_folder):
    before = Describer(Predictor(tiny_folder, "cpu")).encoder
    with torch.no_grad():
        tiny.roi_heads.box_predictor.cls_score.bias += 1
    save_model(tmp_path / "heads", tiny, ModelCard("heads", tiny.config))
    assert Describer(Predictor(tmp_path / "heads", "cpu")).encoder == before
    with torch.no_grad():
        next(tiny.backbone.encoder.parameters()).add_(0.5)
    save_model(tmp_path / "encoder", tiny, ModelCard("encoder", tiny.config))
    assert Describer(Predictor(tmp_path / "encoder", "cpu")).encoder != before


@pytest.mark.parametrize("backend", ["torch", "openvino"])
@pytest.mark.parametrize("precision", ["single", "bfloat16"])
def test_embeddings_are_there_whatever_computes(
    tiny_folder, cutout, monkeypatch, backend, precision
):
    if backend == "openvino":
        pytest.importorskip("openvino")
    single = embedding_of(Predictor(tiny_folder, "cpu"), cutout)[1]
    monkeypatch.setattr("clump_detector.detector.backend.has_bfloat16", lambda: True)
    monkeypatch.setenv("NAPARI_CLUMPS_PRECISION", precision)
    monkeypatch.setenv("NAPARI_CLUMPS_BACKEND", backend)
    _, described = Describer(Predictor(tiny_folder, "cpu")).describe(cutout, NONE)
    whole = described.vector[len(single) :]
    assert whole == pytest.approx(single, rel=0.05, abs=0.02)


def test_heads_that_are_damaged_or_gone_are_refused_in_a_sentence(with_heads):
    path = with_heads / ENSEMBLE
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ModelError, match="not the heads"):
        Describer(Predictor(with_heads, "cpu"))
    path.unlink()
    with pytest.raises(ModelError, match="not there"):
        Describer(Predictor(with_heads, "cpu"))
    # Proposals need no ensemble.
    assert Predictor(with_heads, "cpu").card.ensemble


def test_the_key_of_a_cutout_s_pixels_is_one_that_training_keeps(make_labels):
    path = make_labels(10)
    out = path.parent / "model"
    config = TrainConfig(
        epochs=1, cache_views=1, learning_rate=1e-3, device="cpu", ensemble=True
    )
    train(TrainRequest(path, out, model=TINY, config=config))
    predictor = Predictor(out, "cpu")
    left_out = predictor.card.ensemble["left_out"]
    assert len(left_out) == 5
    heads = Describer(predictor).heads
    for labelled in read_label_set(path).cutouts:
        key = pixels_key(read_cutout(labelled.source).pixels)
        assert len(heads.unseen([key])) == 1
