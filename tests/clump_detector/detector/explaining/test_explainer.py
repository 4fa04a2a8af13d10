"""Why a box is proposed: the starter on simulated galaxies whose clumps are known."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from clump_detector.core import boxes as geometry
from clump_detector.core.errors import Cancelled
from clump_detector.core.progress import CancelToken
from clump_detector.detector.explaining import explainer as module
from clump_detector.detector.explaining.explainer import (
    Explainer,
    best_in,
    channels_of,
    quiet_place,
)
from clump_detector.detector.predict import Predictor
from clump_detector.images.cutout import from_array, read_cutout
from clump_detector.labels.label_set import read_label_set
from clump_detector.models.explained import Explanation, still_explained
from clump_detector.models.registry import resolve_model
from clump_detector.simulate.dataset import simulate


@pytest.fixture(scope="module")
def predictor():
    return Predictor(resolve_model("starter"), "cpu")


@pytest.fixture(scope="module")
def proposed(tmp_path_factory, predictor):
    """Cutouts with the box of a true clump that the starter proposes."""
    folder = tmp_path_factory.mktemp("explained") / "sky"
    simulate(folder, 12, seed=21, clumpy=1.0)
    found = []
    for one in read_label_set(folder / "labels.json").cutouts:
        cutout = read_cutout(one.source)
        boxes = predictor.predict(cutout)
        true = one.array()
        for box, score in zip(boxes.boxes, boxes.scores, strict=True):
            hit = len(true) and geometry.iou(box[None], true).max() > 0.3
            if hit and score > 0.6:
                found.append((cutout, box, float(score)))
                break
    assert len(found) >= 4
    return found[:4]


@pytest.fixture(scope="module")
def answers(proposed, predictor):
    explainer = Explainer(predictor)
    return [explainer.explain(cutout, box) for cutout, box, _ in proposed]


def test_the_score_is_that_of_the_proposal(proposed, answers):
    for (_, _, score), answer in zip(proposed, answers, strict=True):
        assert answer.score == pytest.approx(score, abs=1e-3)
        assert answer.found


def test_without_the_clump_the_box_goes_and_without_a_place_beside_it_stays(answers):
    for answer in answers:
        assert answer.erased < answer.limit
        assert answer.explained
        assert answer.beside is None or answer.beside > 0.7 * answer.score


def test_the_middle_of_the_map_counts_and_its_rim_does_not(answers, proposed):
    for answer, (_, box, _) in zip(answers, proposed, strict=True):
        middle = answer.covered[2:5, 2:5].min()
        rim = np.median(np.concatenate([answer.covered[0], answer.covered[-1]]))
        assert middle < 0.5 * rim
        assert answer.x[3] == pytest.approx((box[0] + box[2]) / 2, abs=0.1)
        assert answer.y[3] == pytest.approx((box[1] + box[3]) / 2, abs=0.1)
        assert answer.x[-1] - answer.x[0] == pytest.approx(
            2 * max(box[2] - box[0], box[3] - box[1]), rel=0.05
        )


def test_blue_counts_most(answers):
    for answer in answers:
        assert set(answer.without) == {"red", "green", "blue"}
    lost = {
        band: np.mean([answer.score - answer.without[band] for answer in answers])
        for band in ("red", "blue")
    }
    assert lost["blue"] > lost["red"]


def test_erasing_many_says_the_same(proposed, answers, predictor):
    explainer = Explainer(predictor)
    for (cutout, box, _), answer in zip(proposed, answers, strict=True):
        ((score, erased, beside),) = explainer.erase(cutout, box[None])
        assert score == pytest.approx(answer.score, abs=1e-4)
        assert erased == pytest.approx(answer.erased, abs=1e-4)
        assert beside == pytest.approx(answer.beside, abs=1e-4)


def test_where_the_model_sees_nothing_it_says_so(predictor):
    sky = np.random.default_rng(0).normal(20, 3, (120, 120, 3)).astype(np.uint8)
    answer = Explainer(predictor).explain(from_array(sky), [50, 50, 60, 60])
    assert answer.score < answer.limit
    if not answer.found:
        assert np.isnan(answer.covered).all()


def test_a_box_in_a_large_field_is_searched_about_it(predictor, proposed):
    cutout, box, _ = proposed[0]
    config = predictor.card.config
    wide = np.zeros((1400, 1400, 3), np.uint8)
    height, width = cutout.pixels.shape[:2]
    wide[900 : 900 + height, 800 : 800 + width] = cutout.pixels
    field = replace(from_array(wide), fwhm=config.pixels_per_fwhm)
    moved = np.asarray(box) + np.array([800, 900, 800, 900])
    answer = Explainer(predictor).explain(field, moved)
    assert answer.x[3] == pytest.approx((moved[0] + moved[2]) / 2, abs=0.1)


def test_it_can_be_cancelled(proposed, predictor):
    cancel = CancelToken()
    cancel.cancel()
    cutout, box, _ = proposed[0]
    with pytest.raises(Cancelled):
        Explainer(predictor).explain(cutout, box, cancel)


def test_it_comes_back_from_json(answers):
    unknown = replace(
        answers[0], beside=None, covered=np.full_like(answers[0].covered, np.nan)
    )
    for one in (answers[0], unknown):
        back = Explanation.from_json(json.loads(json.dumps(one.to_json())))
        assert back.to_json() == one.to_json()
        assert back.covered == pytest.approx(one.covered, abs=1e-4, nan_ok=True)


@pytest.mark.parametrize(
    ("score", "erased", "explained"),
    [
        (0.9, 0.0, True),
        (0.9, 0.39, True),
        (0.9, 0.4, False),
        (0.9, 0.85, False),
        (0.3, 0.1, True),
        (0.3, 0.15, False),
        (0.3, 0.35, False),
        (0.0, 0.0, False),
    ],
)
def test_what_still_would_be_proposed_is_not_explained(score, erased, explained):
    assert still_explained(score, erased, 0.4) is explained


def test_the_bands_of_the_picture_s_channels():
    def names(n, bands):
        planes = np.random.default_rng(0).normal(size=(n, 8, 8))
        return channels_of(replace(from_array(planes), bands=bands))

    assert names(1, ("g",)) == {}
    assert names(2, ("g", "r")) == {"r": (0,), "g": (2,)}
    assert names(5, tuple("ugriz")) == {"i": (0,), "r": (1,), "g": (2,)}
    assert names(3, ()) == {"plane 3": (0,), "plane 2": (1,), "plane 1": (2,)}


def test_the_best_box_with_its_centre_inside():
    boxes = np.array([[0, 0, 10, 10], [4, 4, 8, 8], [20, 20, 30, 30.0]])
    scores = np.array([0.3, 0.5, 0.9])
    assert best_in(boxes, scores, np.array([0, 0, 9, 9.0])) == 0.5
    assert best_in(boxes, scores, np.array([12, 12, 14, 14.0])) == 0
    assert best_in(np.zeros((0, 4)), np.zeros(0), np.array([0, 0, 9, 9.0])) == 0


def test_the_place_beside_is_the_quietest_and_on_the_picture():
    rng = np.random.default_rng(1)
    picture = rng.integers(0, 255, (60, 60, 3)).astype(np.uint8)
    picture[:, 36:] = 100
    box = np.array([25.0, 25, 35, 35])
    place = quiet_place(picture, box, 4.0)
    assert place is not None
    assert place[0] > 36
    assert geometry.iou(place[None], box[None])[0, 0] == 0
    assert quiet_place(picture[20:40, 20:40], box - 20, 4.0) is None


def test_few_pixels_at_a_time_change_nothing(proposed, predictor, monkeypatch):
    cutout, box, _ = proposed[1]
    whole = Explainer(predictor).explain(cutout, box)
    monkeypatch.setattr(module, "_PIXELS", 1)
    one_by_one = Explainer(predictor).explain(cutout, box)
    assert one_by_one.covered == pytest.approx(whole.covered, abs=2e-2)
