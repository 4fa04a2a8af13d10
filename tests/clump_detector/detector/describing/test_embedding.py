"""The embedding of a cutout: the encoder's mean features, at no cost to the boxes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from clump_detector.detector.describing.embedding import embedding_of
from clump_detector.detector.predict import Predictor, as_tensor
from clump_detector.images.cutout import from_array
from clump_detector.images.host_profile import VALUES
from clump_detector.images.rgb import to_rgb
from clump_detector.models.network_scale import to_network_scale


@pytest.fixture
def cutout():
    rng = np.random.default_rng(4)
    return from_array(rng.integers(0, 255, (80, 90, 3), dtype=np.uint8))


def test_it_is_the_mean_of_the_encoders_last_map(tiny_folder, cutout):
    predictor = Predictor(tiny_folder, "cpu")
    _, vector, profile = embedding_of(predictor, cutout)
    detector = predictor.detector.detector
    seen = to_network_scale(to_rgb(cutout), cutout.fwhm, predictor.card.config)
    with torch.inference_mode():
        batch, _ = detector.batch_of([as_tensor(seen.picture)])
        last = detector.backbone.encoder(batch)[-1]
    assert vector == pytest.approx(last.mean(dim=(0, 2, 3)).numpy(), abs=1e-5)
    assert vector.shape == (last.shape[1],)
    assert profile is not None
    assert profile.shape == (VALUES,)


def test_the_boxes_are_those_of_a_search_without_it(tiny_folder, cutout):
    predictor = Predictor(tiny_folder, "cpu")
    found, *_ = embedding_of(predictor, cutout)
    alone = predictor.predict(cutout)
    assert found.boxes == pytest.approx(alone.boxes)
    assert found.scores == pytest.approx(alone.scores)


def test_after_an_error_nothing_is_noted_any_more(tiny_folder, cutout, monkeypatch):
    predictor = Predictor(tiny_folder, "cpu")

    def broken(*_):
        raise RuntimeError("no memory")

    with monkeypatch.context() as patch:
        patch.setattr(predictor, "find", broken)
        with pytest.raises(RuntimeError):
            embedding_of(predictor, cutout)
    assert not predictor.detector.detector.backbone.encoder._forward_hooks
