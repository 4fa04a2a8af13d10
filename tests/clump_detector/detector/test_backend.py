"""Whatever computes the dense layers, the boxes are the same."""

from __future__ import annotations

import importlib.util
import logging
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from clump_detector.core.errors import ConfigError
from clump_detector.detector import backend
from clump_detector.detector.backend import (
    BFLOAT16,
    OPENVINO,
    PRECISION,
    SINGLE,
    TORCH,
    VARIABLE,
    Dense,
    has_bfloat16,
    search_of,
)
from clump_detector.detector.network import build_detector
from clump_detector.detector.predict import Predictor
from clump_detector.images.cutout import from_array
from clump_detector.models.registry import resolve_model
from tests.clump_detector.conftest import TINY, sky
from tests.helpers.paths import SHARED

REAL = SHARED / "real" / "reviewed" / "images"

INSTALLED = importlib.util.find_spec("openvino") is not None
CPU = torch.device("cpu")

needs_openvino = pytest.mark.skipif(not INSTALLED, reason="needs OpenVINO")


def images(*sizes, n=1):
    torch.manual_seed(1)
    return [torch.rand(3, height, width) for height, width in sizes for _ in range(n)]


def same(found, wanted, scores=1e-4, boxes=1e-3):
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one["scores"], other["scores"], atol=scores)
        np.testing.assert_allclose(one["boxes"], other["boxes"], atol=boxes)
        assert one["labels"].tolist() == other["labels"].tolist()


def plain(detector, pictures):
    """Search as training does: proposals by torchvision's own method."""
    with torch.inference_mode():
        return detector(pictures)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"pooled_level": True, "anchor_sizes": ((8, 12), (16, 24), (40, 60))},
        {"anchor_sizes": ((16, 24), (16, 24))},  # levels that could cover each other
    ],
)
@pytest.mark.parametrize("sizes", [[(96, 96)], [(70, 130)], [(96, 96), (64, 90)]])
def test_the_search_finds_what_the_detector_finds(changes, sizes, monkeypatch):
    monkeypatch.setenv(VARIABLE, TORCH)
    detector = build_detector(replace(TINY, box_score_thresh=0.0, **changes)).eval()
    search = search_of(detector, CPU)
    assert search.backend == TORCH
    pictures = images(*sizes)
    for _ in range(2):  # the second time with anchors of the first
        with torch.inference_mode():
            found = search(pictures)
        wanted = plain(detector, pictures)
        assert all(len(one["boxes"]) for one in wanted)
        same(found, wanted)


def test_proposals_are_torchvision_s():
    """Of levels with the same anchors, which do not suppress each other's."""
    detector = build_detector(
        replace(TINY, anchor_sizes=((16, 24), (16, 24)), rpn_post_nms_top_n=120)
    ).eval()
    with torch.inference_mode():
        pyramid = detector.pyramid(detector.encode(images((96, 96), (64, 90))))
        maps = detector.rpn.head(list(pyramid.features.values()))
        found = detector.rpn.select(pyramid, *maps)
        wanted = detector.propose(pyramid)
    assert len(found) == len(wanted) == 2
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=0)


@needs_openvino
def test_boxes_of_openvino_are_those_of_torch(monkeypatch):
    monkeypatch.setenv(VARIABLE, OPENVINO)
    detector = build_detector(replace(TINY, box_score_thresh=0.0)).eval()
    search = search_of(detector, CPU)
    assert search.backend == OPENVINO
    for pictures in (images((96, 96)), images((70, 130)), images((64, 64), n=3)):
        with torch.inference_mode():
            found = search(pictures)
        same(found, plain(detector, pictures))


@needs_openvino
def test_a_trained_model_finds_the_same_with_either(monkeypatch):
    found = []
    for name in (TORCH, OPENVINO):
        monkeypatch.setenv(VARIABLE, name)
        predictor = Predictor(resolve_model("starter"), "cpu")
        assert predictor.detector.backend == name
        cutout = from_array(sky(np.random.default_rng(3), 3, size=200)[0], rgb=True)
        found.append(predictor.predict(cutout))
    assert len(found[0]) > 0
    np.testing.assert_allclose(found[0].boxes, found[1].boxes, atol=1e-2)
    np.testing.assert_allclose(found[0].scores, found[1].scores, atol=1e-3)


@needs_openvino
def test_openvino_has_as_many_threads_as_torch(monkeypatch):
    monkeypatch.setenv(VARIABLE, OPENVINO)
    search = search_of(build_detector(TINY).eval(), CPU)
    for n in (1, 2):
        torch.set_num_threads(n)
        with torch.inference_mode():
            search(images((64, 64)))
        assert search.compute._compiled.get_property("INFERENCE_NUM_THREADS") == n


@needs_openvino
def test_openvino_tells_nobody_that_it_is_used(monkeypatch):
    """Its package for telemetry cannot be imported while it is loaded."""
    monkeypatch.setenv(VARIABLE, OPENVINO)
    before = sys.modules.get("openvino_telemetry")
    with backend._without_telemetry(), pytest.raises(ImportError):
        import openvino_telemetry  # noqa: F401
    assert sys.modules.get("openvino_telemetry") is before


def test_what_openvino_cannot_convert_is_searched_by_torch(monkeypatch, caplog):
    def fails(detector, half):
        raise RuntimeError("no such operation")

    monkeypatch.setenv(VARIABLE, OPENVINO)
    monkeypatch.setattr(backend, "_WithOpenVINO", fails)
    with caplog.at_level(logging.WARNING):
        search = search_of(build_detector(TINY).eval(), CPU)
    assert search.backend == TORCH
    assert [r.getMessage() for r in caplog.records] == [
        "OpenVINO cannot be used (no such operation): detection goes on with torch. "
        "Set NAPARI_CLUMPS_BACKEND=torch to choose that."
    ]


def test_without_a_choice_it_is_torch_and_silent(monkeypatch, caplog):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert search_of(build_detector(TINY).eval(), CPU).backend == TORCH
    assert not caplog.records


def test_another_device_is_torch_s(monkeypatch):
    monkeypatch.setenv(VARIABLE, OPENVINO)
    search = search_of(build_detector(TINY).eval(), torch.device("cuda"))
    assert search.backend == TORCH


def test_a_backend_that_there_is_none_of_is_an_error(monkeypatch):
    monkeypatch.setenv(VARIABLE, "tensorflow")
    with pytest.raises(ConfigError, match="tensorflow"):
        search_of(build_detector(TINY).eval(), CPU)


@pytest.mark.parametrize("name", [TORCH, pytest.param(OPENVINO, marks=needs_openvino)])
@pytest.mark.skipif(not has_bfloat16(), reason="needs a processor with bfloat16")
def test_bfloat16_is_used_where_it_is_asked_for(name, monkeypatch):
    monkeypatch.setenv(VARIABLE, name)
    detector, far = build_detector(TINY).eval(), []
    batch = torch.rand(1, 3, 96, 96)
    with torch.inference_mode():
        exact = Dense(detector)(batch)
        for precision in (SINGLE, BFLOAT16):
            monkeypatch.setenv(PRECISION, precision)
            found = search_of(detector, CPU).compute(batch)
            assert all(one.dtype == torch.float32 for one in found)
            pairs = zip(found, exact, strict=True)
            far.append(max(float((one - two).abs().max()) for one, two in pairs))
    assert far[0] < 1e-4 < far[1] < 0.2


def test_without_bfloat16_a_processor_stays_with_single_precision(monkeypatch):
    monkeypatch.setenv(VARIABLE, TORCH)
    monkeypatch.setenv(PRECISION, BFLOAT16)
    monkeypatch.setattr(backend, "has_bfloat16", lambda: False)
    assert not search_of(build_detector(TINY).eval(), CPU).compute._half


def test_a_precision_that_there_is_none_of_is_an_error(monkeypatch):
    monkeypatch.setenv(PRECISION, "int4")
    with pytest.raises(ConfigError, match="int4"):
        search_of(build_detector(TINY).eval(), CPU)


@pytest.mark.parametrize("name", [TORCH, pytest.param(OPENVINO, marks=needs_openvino)])
@pytest.mark.skipif(not has_bfloat16(), reason="needs a processor with bfloat16")
@pytest.mark.skipif(not REAL.is_dir(), reason="needs real galaxies")
def test_on_real_galaxies_scores_hold_in_bfloat16(name, monkeypatch):
    monkeypatch.setenv(VARIABLE, name)
    single = Predictor(resolve_model("starter"), "cpu")
    monkeypatch.delenv(PRECISION)  # the processor has it
    half = Predictor(resolve_model("starter"), "cpu")
    changes, lost = [], 0
    for path in sorted(REAL.iterdir())[::40]:
        cutout = from_array(np.asarray(Image.open(path).convert("RGB")), rgb=True)
        found, wanted = half.predict(cutout), single.predict(cutout)
        for box, score in zip(wanted.boxes, wanted.scores, strict=True):
            moved = np.abs(found.boxes - box).max(axis=1, initial=0)
            near = np.flatnonzero(moved < 2)
            if score > 0.2 and len(near):
                nearest = found.scores[near] - score
                changes.append(nearest[np.abs(nearest).argmin()])
            lost += score > 0.2 and not len(near)
    assert len(changes) > 20
    assert lost <= 0.02 * len(changes)
    assert np.abs(np.mean(changes)) < 0.005
    assert np.mean(np.abs(changes)) < 0.005


@pytest.mark.parametrize("encoder", ["resnet18", "convnext_atto", "efficientnet_b0"])
def test_the_first_layer_stands_apart_and_nothing_else_changes(encoder):
    detector = build_detector(replace(TINY, encoder=encoder), pretrained=False).eval()
    batch = torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        wanted = Dense(detector)(batch)
        dense = Dense(detector, apart=True)
        found = dense(dense.stem(batch))
        again = Dense(detector)(batch)  # the detector itself is as it was
    for one, two, three in zip(found, wanted, again, strict=True):
        torch.testing.assert_close(one, two, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(three, two, atol=1e-4, rtol=1e-4)
