"""Boxes out of fold, and the store of features that makes folds cheap."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from clump_detector.config.model import ModelConfig
from clump_detector.config.training import TrainConfig
from clump_detector.core.errors import Cancelled, FileError
from clump_detector.core.progress import CancelToken
from clump_detector.detector.feature_store import FeatureStore
from clump_detector.detector.heads import Encoded
from clump_detector.labels.label_set import read_label_set, write_label_set
from clump_detector.metrics.matching import FALSE, IGNORED
from clump_detector.models.card import read_card
from clump_detector.train import run
from clump_detector.train.cross_validation import deal, enough, match_sample
from clump_detector.train.events import to_json
from clump_detector.train.fitting.fitter import Fitter
from clump_detector.train.run import TrainRequest
from clump_detector.train.samples.augment import Sample

NONE = np.zeros((0, 4))
FOLDED = TrainConfig(
    epochs=2, batch=4, cache_views=1, learning_rate=1e-3, device="cpu", folds=3
)


def sample(name, keys=(), boxes=NONE, **more):
    n = len(boxes)
    return Sample(
        name, np.zeros((32, 32, 3), np.uint8), np.asarray(boxes, dtype=float),
        np.ones(n, dtype=np.int64), np.ones(n), NONE, NONE, keys=keys, **more,
    )  # fmt: skip


# -- dealing --------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), min_size=2, max_size=40),
    st.integers(2, 5),
    st.integers(0, 5),
)
def test_every_galaxy_is_in_one_fold_and_its_images_with_it(galaxies, wanted, seed):
    samples = [
        sample(f"{i}", (f"sha256:{which}",), np.tile([1, 1, 5, 5], (n, 1)))
        for i, (which, n) in enumerate(galaxies)
    ]
    folds = deal(samples, wanted, seed)
    different = len({which for which, _ in galaxies})
    assert len(folds) == (min(wanted, different) if different > 1 else 0)
    if folds:
        assert sorted(i for fold in folds for i in fold) == list(range(len(samples)))
    for fold in folds:
        here = {galaxies[i][0] for i in fold}
        elsewhere = {which for i, (which, _) in enumerate(galaxies) if i not in fold}
        assert not here & elsewhere


def test_galaxies_with_boxes_are_dealt_out_evenly():
    boxes = [[1, 1, 5, 5]]
    samples = [sample(str(i), (str(i),), boxes if i < 6 else NONE) for i in range(30)]
    for fold in deal(samples, 3, 0):
        assert sum(len(samples[i].boxes) for i in fold) == 2


def test_of_many_galaxies_some_folds_are_enough():
    assert enough([[0] * 30] * 3) == 3
    assert enough([[0] * 100] * 3) == 2
    assert enough([[0] * 200] * 3) == 1


# -- what counts -----------------------------------------------------------------


def test_on_a_cutout_that_is_not_done_only_decided_boxes_count():
    begun = sample("begun", boxes=[[2, 2, 8, 8]], complete=False)
    begun = replace(begun, rejected=np.array([[20.0, 20, 26, 26]]))
    boxes = np.array([[2.0, 2, 8, 8], [20, 20, 26, 26], [12, 2, 18, 8]])
    config = ModelConfig(host_only=False)
    found = match_sample(begun, boxes, np.array([0.9, 0.8, 0.7]), config)
    assert list(found.partner) == [0, FALSE, IGNORED]
    whole = match_sample(
        replace(begun, complete=True), boxes, np.array([0.9, 0.8, 0.7]), config
    )
    assert list(whole.partner) == [0, FALSE, FALSE]


# -- the store -----------------------------------------------------------------


def encoded(seed):
    rng = torch.Generator().manual_seed(seed)
    maps = OrderedDict(
        (str(k), torch.rand(1, 3, 8 // 2**k, 6 // 2**k, generator=rng)) for k in (0, 1)
    )
    proposals = [30 * torch.rand(seed, 4, generator=rng)] if seed else None
    return Encoded(maps, [(30, 22)], (32, 24), proposals)


def test_maps_come_back_in_half_precision(tmp_path):
    store = FeatureStore(tmp_path)
    kept = [store.add(encoded(seed)) for seed in range(5)]
    assert len(store) == 5
    for seed in (3, 0, 4):
        back = store.get(kept[seed], torch.device("cpu"))
        one = encoded(seed)
        assert (back.sizes, back.padded) == (one.sizes, one.padded)
        for name, values in one.features.items():
            assert torch.equal(back.features[name], values.half())
        if one.proposals is None:
            assert back.proposals is None
        else:
            assert torch.equal(back.proposals[0], one.proposals[0])
    store.close()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said(tmp_path, monkeypatch):
    store = FeatureStore(tmp_path)

    def full(data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store._file, "write", full, raising=False)
    with pytest.raises(FileError, match="No space left"):
        store.add(encoded(0))
    store.close()


# -- a training in folds --------------------------------------------------------------


def go(labels, out, base, events=None, ask=lambda event, token: None, **changes):
    """Train; ``ask`` may stop or cancel at an event."""
    config, token = replace(FOLDED, **changes), CancelToken()

    def on_event(event):
        table = to_json(event)
        if events is not None:
            events.append(table)
        ask(table, token)

    return run.train(TrainRequest(labels, out, base, config), on_event, token)


def test_folds_leave_no_galaxy_out_of_the_training(make_labels, tmp_path, tiny_folder):
    events = []
    path = go(make_labels(9), tmp_path / "new", tiny_folder, events)
    start = events[0]
    assert (start["cutouts"], start["validation"], start["folds"]) == (9, 0, 3)
    kinds = [e["event"] for e in events]
    assert kinds.count("fold") == 3
    steps = [e for e in events if e["event"] == "step"]
    assert [e["step"] for e in steps] == list(range(1, start["steps"] + 1))
    assert {e["fold"] for e in steps} == {0, 1, 2, 3}
    card = read_card(path)
    assert card.expected["method"] == "out of fold, 3 of 3 folds"
    assert card.expected["galaxies"] == 9
    assert (
        card.expected["true_boxes"]
        == read_label_set(tmp_path / "labels" / "labels.json").n_boxes
    )
    assert events[-1]["calibrated"].startswith(f"Default score {card.default_score}")
    assert events[-1]["expected"] == card.expected


def test_folds_change_nothing_of_the_weights(make_labels, tmp_path, tiny_folder):
    labels = make_labels(6)
    plan = {"epochs": 1, "least_steps": 4}  # of more epochs the best may be another
    with_folds = go(labels, tmp_path / "with", tiny_folder, **plan)
    without = go(labels, tmp_path / "without", tiny_folder, folds=0, **plan)
    assert read_card(with_folds).weights == read_card(without).weights


def test_one_galaxy_teaches_and_the_new_model_still_proposes(
    make_labels, tmp_path, tiny_folder
):
    path = go(make_labels(1), tmp_path / "new", tiny_folder)
    card, base = read_card(path), read_card(tiny_folder)
    assert card.default_score == base.default_score
    assert card.expected["method"] == "as many clumps expected as by the base model"
    assert card.performance == {}


def test_all_rejected_and_no_box_at_all(make_labels, tmp_path, tiny_folder):
    labels = make_labels(6)
    found = read_label_set(labels)
    cutouts = []
    for one in found.cutouts:
        boxes = tuple(replace(b, status="rejected") for b in one.boxes)
        cutouts.append(replace(one, boxes=(), rejected=boxes))
    rejected = tuple(cutouts)
    write_label_set(replace(found, cutouts=rejected), labels)
    card = read_card(go(labels, tmp_path / "new", tiny_folder))
    assert card.default_score == read_card(tiny_folder).default_score
    assert card.expected["true_boxes"] == 0


@pytest.mark.parametrize("where", ["training", "first fold", "second fold"])
def test_stop_ends_early_and_still_calibrates(
    make_labels, tmp_path, tiny_folder, where
):
    events = []
    after = {"training": 0, "first fold": 1, "second fold": 2}[where]

    def ask(event, token):
        if event["event"] == "step" and event["fold"] == after:
            token.stop()

    path = go(make_labels(12), tmp_path / "new", tiny_folder, events, ask, epochs=3)
    card = read_card(path)
    assert card.expected["method"] == "out of fold, 1 of 3 folds"
    assert events[-1]["event"] == "end"


@pytest.mark.parametrize("held_back", [True, False])
def test_cancel_is_heeded_while_galaxies_are_searched(
    make_labels, tmp_path, tiny_folder, monkeypatch, held_back
):
    """Of the part set apart, or of galaxies that it learned from, none is searched."""
    events, searched = [], []
    whole = Fitter.search
    monkeypatch.setattr(
        Fitter, "search", lambda self, view: searched.append(1) or whole(self, view)
    )

    def ask(event, token):
        if event["event"] == "epoch":
            token.cancel()

    labels = make_labels(14 if held_back else 1)
    with pytest.raises(Cancelled):
        go(labels, tmp_path / "new", tiny_folder, events, ask, epochs=1, folds=0)
    assert events[0]["validation"] == (3 if held_back else 0)
    assert searched == []


def test_cancel_in_a_fold_leaves_nothing(make_labels, tmp_path, tiny_folder):

    def ask(event, token):
        if event["event"] == "fold":
            token.cancel()

    with pytest.raises(Cancelled):
        go(make_labels(6), tmp_path / "m" / "new", tiny_folder, ask=ask)
    assert not (tmp_path / "m").exists() or list((tmp_path / "m").iterdir()) == []


def test_a_purity_that_is_asked_for_is_in_the_card(make_labels, tmp_path, tiny_folder):
    path = go(make_labels(6), tmp_path / "new", tiny_folder, goal="purity 0.9")
    assert read_card(path).expected["goal"] == "purity 0.9"


def test_the_card_lists_what_it_and_its_ancestors_learned_from(
    make_labels, tmp_path, tiny_folder
):
    labels = make_labels(6, held_out=2)
    first = go(labels, tmp_path / "first", tiny_folder)
    learned = read_card(first).learned_from["images"]
    assert len(learned) == 4 * 2  # content and pixels; held-out ones are not among them
    other = make_labels(3, seed=9, name="others")
    second = read_card(go(other, tmp_path / "second", first))
    assert set(learned) <= second.learned_keys
    assert len(second.learned_keys) == 7 * 2
    assert second.unknown_ancestors == read_card(first).unknown_ancestors != ()


def test_the_card_says_what_was_found_on_galaxies_that_an_order_asked_for(
    make_labels, tmp_path, tiny_folder
):
    labels = make_labels(7)
    found = read_label_set(labels)
    arms = ("random", "chosen", "chosen", "", "random", "", "elsewhere")
    cutouts = [replace(c, arm=a) for c, a in zip(found.cutouts, arms, strict=True)]
    write_label_set(replace(found, cutouts=tuple(cutouts)), labels)
    card = read_card(go(labels, tmp_path / "new", tiny_folder))
    table = card.expected["arms"]
    assert {arm: len(rows) for arm, rows in table.items()} == {"random": 2, "chosen": 2}
    boxes = dict.fromkeys(table, 0)
    for one in cutouts:
        if one.arm in boxes:
            boxes[one.arm] += len(one.boxes)
    assert {arm: sum(row[0] for row in rows) for arm, rows in table.items()} == boxes


def test_without_arms_the_card_is_as_before(make_labels, tmp_path, tiny_folder):
    card = read_card(go(make_labels(6), tmp_path / "new", tiny_folder))
    assert "arms" not in card.expected
