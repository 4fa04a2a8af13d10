"""Many cutouts at once are searched as each alone, and fail alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from clump_detector.core.errors import Cancelled, ModelError
from clump_detector.core.progress import CancelToken
from clump_detector.detector import predict
from clump_detector.detector.predict import Predictor
from clump_detector.images.cutout import from_array
from tests.clump_detector.conftest import sky


@pytest.fixture
def predictor(tiny_folder):
    predictor = Predictor(tiny_folder, "cpu")
    config = replace(predictor.card.config, host_only=False, box_score_thresh=0.0)
    predictor.card = replace(predictor.card, config=config)
    predictor.batch = 3
    return predictor


@pytest.fixture
def cutouts():
    """Seven of one size, two of another, and a field in tiles, mixed."""
    rng = np.random.default_rng(0)
    pictures = [sky(rng, 3)[0] for _ in range(9)]
    pictures[2] = pictures[2][:70]
    pictures[5] = pictures[5][:70]
    pictures.insert(4, np.tile(sky(rng, 2)[0], (12, 12, 1)))
    return [from_array(picture, rgb=True) for picture in pictures]


def sizes_of(predictor, monkeypatch):
    """Return a list that is filled with the sizes of the batches."""
    sizes, search = [], predictor._search_all

    def counted(pictures):
        sizes.append(len(pictures))
        return search(pictures)

    monkeypatch.setattr(predictor, "_search_all", counted)
    return sizes


def test_together_as_alone(predictor, cutouts, monkeypatch):
    wanted = [predictor.predict(cutout) for cutout in cutouts]
    sizes = sizes_of(predictor, monkeypatch)
    found = predictor.predict_all(cutouts)
    assert sizes.count(3) == 2
    assert sizes.count(2) == 1
    assert sum(len(one) for one in wanted) > 50
    for one, alone in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one.boxes, alone.boxes, atol=1e-3)
        np.testing.assert_allclose(one.scores, alone.scores, atol=1e-4)
        assert one.classes == alone.classes


def test_one_that_cannot_be_prepared_fails_alone(predictor, cutouts, monkeypatch):
    seen = predict.network_picture
    broken = cutouts[3]

    def network_picture(cutout, fwhm, config):
        if cutout is broken:
            raise ValueError("broken")
        return seen(cutout, fwhm, config)

    monkeypatch.setattr(predict, "network_picture", network_picture)
    found = predictor.predict_all(cutouts)
    assert [isinstance(one, Exception) for one in found] == [k == 3 for k in range(10)]
    assert str(found[3]) == "broken"


def test_a_batch_that_fails_is_searched_one_by_one(predictor, cutouts, monkeypatch):
    """As where its memory does not suffice, or one of them breaks the network."""
    wanted = [predictor.predict(cutout) for cutout in cutouts]
    search, first = predictor._search_all, predictor.seen(cutouts[0]).picture

    def scarce(pictures):
        if len(pictures) > 1 or np.array_equal(pictures[0], first):
            raise ModelError("the memory does not suffice")
        return search(pictures)

    monkeypatch.setattr(predictor, "_search_all", scarce)
    found = predictor.predict_all(cutouts)
    assert isinstance(found[0], ModelError)
    for one, alone in zip(found[1:], wanted[1:], strict=True):
        np.testing.assert_array_equal(one.boxes, alone.boxes)


def test_what_fails_after_the_network_fails_alone(predictor, cutouts, monkeypatch):
    finish = predictor.finished

    def finished(cutout, seen, found):
        if cutout is cutouts[1]:
            raise ZeroDivisionError
        return finish(cutout, seen, found)

    monkeypatch.setattr(predictor, "finished", finished)
    found = predictor.predict_all(cutouts[:4])
    assert [type(one).__name__ for one in found] == [
        "Detections", "ZeroDivisionError", "Detections", "Detections",
    ]  # fmt: skip


def test_it_stops_when_told(predictor, cutouts, monkeypatch):
    token = CancelToken()
    search, sizes = predictor._search_all, []

    def search_and_cancel(pictures):
        sizes.append(len(pictures))
        token.cancel()
        return search(pictures)

    monkeypatch.setattr(predictor, "_search_all", search_and_cancel)
    with pytest.raises(Cancelled):
        predictor.predict_all(cutouts, token)
    assert len(sizes) == 1


def test_of_no_cutouts_there_is_nothing(predictor):
    assert predictor.predict_all([]) == []
