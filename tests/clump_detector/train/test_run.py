"""Training: what is learned from, what is kept, and what stops it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from clump_detector.config.model import ModelConfig
from clump_detector.config.training import TrainConfig
from clump_detector.core.errors import (
    Cancelled,
    ConfigError,
    FileError,
    LabelError,
    ModelError,
    TrainingError,
)
from clump_detector.core.progress import CancelToken
from clump_detector.detector.class_layers import AT_FIRST
from clump_detector.detector.model_folder import load_model
from clump_detector.detector.predict import Predictor, as_tensor
from clump_detector.images.cutout import read_cutout
from clump_detector.labels.label_set import (
    LabelledBox,
    LabelSet,
    read_label_set,
    write_label_set,
)
from clump_detector.models.card import read_card
from clump_detector.train import run, training
from clump_detector.train.events import from_json, to_json
from clump_detector.train.fitting import fitter as fitting
from clump_detector.train.fitting.fitter import Fitter, rate_share
from clump_detector.train.fitting.validation import ValidationResult, validate
from clump_detector.train.fitting.variants import SampleViews
from clump_detector.train.run import TrainRequest
from clump_detector.train.samples.dataset import load_sample, load_samples
from tests.clump_detector.conftest import TINY

QUICK = TrainConfig(
    folds=0, epochs=2, batch=4, cache_views=2, learning_rate=1e-3, device="cpu"
)


def go(labels, out, base=None, *, on_event=None, cancel=None, **changes):
    events = []
    config = replace(QUICK, **changes)
    request = TrainRequest(labels, out, base, config, TINY)
    path = run.train(request, on_event or into(events), cancel)
    return path, events


def into(events):
    """Return what adds events to a list, as JSON has them, and tests that."""

    def add(event):
        table = json.loads(json.dumps(to_json(event)))
        assert from_json(table) == event
        events.append(table)

    return add


def change(path, function):
    """Rewrite a label set by a function of its cutouts."""
    labels = read_label_set(path)
    write_label_set(replace(labels, cutouts=tuple(function(labels.cutouts))), path)


# -- samples ---------------------------------------------------------------------


def test_only_what_is_known_of_a_cutout_is_learned(make_labels):
    path = make_labels(3)

    def mark(cutouts):
        done, begun, untouched = cutouts
        proposal = LabelledBox(1, 1, 9, 9, "clump", "proposed", "model", ignored=True)
        rejected = LabelledBox(40, 1, 49, 9, "clump", "rejected", "model")
        yield done
        yield replace(begun, done=False, boxes=(*begun.boxes, proposal),
                      rejected=(rejected,))  # fmt: skip
        yield replace(untouched, done=False, boxes=(proposal,))

    change(path, mark)
    labels = read_label_set(path)
    samples = load_samples(labels, path, TINY, share=0.5, seed=0)
    first, second = samples.train
    assert samples.validation == []  # too few to spare any
    assert first.complete
    assert not second.complete
    assert len(second.ignored) == len(second.rejected) == 1
    np.testing.assert_allclose(second.rejected, [[40.5, 1.5, 49.5, 9.5]])


def test_held_out_cutouts_are_never_seen(make_labels):
    path = make_labels(14, held_out=2)
    samples = load_samples(read_label_set(path), path, TINY, share=0.15, seed=3)
    assert len(samples.validation) == 3
    assert len(samples.train) == 9
    names = {s.name for s in (*samples.train, *samples.validation)}
    assert names == {f"galaxy-{i}" for i in range(2, 14)}
    again = load_samples(read_label_set(path), path, TINY, share=0.15, seed=3)
    assert [s.name for s in again.validation] == [s.name for s in samples.validation]


def test_only_cutouts_of_the_named_label_sets_are_set_apart(make_labels):
    path = make_labels(24)
    change(
        path,
        lambda cutouts: [
            replace(c, label_set="sky" if i < 12 else "simulated")
            for i, c in enumerate(cutouts)
        ],
    )
    labels = read_label_set(path)
    found = load_samples(labels, path, TINY, share=0.25, seed=0, validate_on=("sky",))
    assert {s.label_set for s in found.validation} == {"sky"}
    assert (len(found.validation), len(found.train)) == (3, 21)
    both = load_samples(labels, path, TINY, share=0.5, seed=0).validation
    assert {s.label_set for s in both} == {"sky", "simulated"}
    with pytest.raises(ConfigError, match=r"names 'sea'.*simulated, sky"):
        load_samples(labels, path, TINY, share=0.25, seed=0, validate_on=("sea",))


def test_a_recipe_changes_how_a_base_sees_a_picture_and_nothing_else(
    make_labels, tmp_path
):
    path = make_labels(4)
    base, _ = go(path, tmp_path / "base", epochs=1)
    request = TrainRequest(
        path, tmp_path / "sees", base, replace(QUICK, epochs=1),
        model=ModelConfig(psf_from_noise=True, pixels_per_fwhm=4.0, encoder="vit"),
        model_keys=("psf_from_noise", "pixels_per_fwhm"),
    )  # fmt: skip
    before, after = read_card(base).config, read_card(run.train(request)).config
    assert after == replace(before, psf_from_noise=True, pixels_per_fwhm=4.0)
    other = replace(request, out=tmp_path / "other", model_keys=("encoder",))
    with pytest.raises(ConfigError, match=r"model.encoder is 'vit', and the base"):
        run.train(other)


def test_a_share_of_the_base_stays_in_the_weights(make_labels, tmp_path):
    path = make_labels(4)
    base, _ = go(path, tmp_path / "base", epochs=1)
    whole, _ = go(path, tmp_path / "whole", base, train_parts="everything")
    mixed, _ = go(
        path, tmp_path / "mixed", base, train_parts="everything", base_share=0.25
    )
    before, after, mean = (
        load_model(folder)[0].state_dict() for folder in (base, whole, mixed)
    )
    key = "roi_heads.box_predictor.cls_score.weight"
    assert not torch.equal(before[key], after[key])
    expected = 0.25 * before[key] + 0.75 * after[key]
    torch.testing.assert_close(mean[key], expected, rtol=0, atol=2e-3)


def test_training_and_detection_see_a_cutout_at_the_same_scale(make_labels):
    path = make_labels(1)
    labelled = read_label_set(path).cutouts[0]
    config = ModelConfig(input_size=192, pixels_per_fwhm=5)
    assert load_sample(labelled, config, path).size == (192, 192)
    known = replace(labelled, fwhm=10.0)
    assert load_sample(known, config, path).size == (48, 48)
    assert load_sample(known, config, path, by_psf=False).size == (192, 192)
    sides = load_sample(known, config, path).boxes
    np.testing.assert_allclose(sides[:, 2] - sides[:, 0], 6)


# -- what is wrong with labels ---------------------------------------------------


def test_missing_images_are_counted_and_the_first_is_named(make_labels, tmp_path):
    path = make_labels(12)
    for i in (4, 7):
        (path.parent / f"galaxy-{i}.png").unlink()
    with pytest.raises(TrainingError, match=r"2 of the 12 images.*galaxy-4\.png"):
        go(path, tmp_path / "new")
    assert not (tmp_path / "new").exists()
    _, events = go(path, tmp_path / "new", skip_missing=True, epochs=1)
    assert events[0]["cutouts"] == 10
    assert len(events[0]["problems"]) == 2


def test_an_image_that_cannot_be_read_is_named(make_labels, tmp_path):
    path = make_labels(12)
    (path.parent / "galaxy-3.png").write_bytes(b"no image")
    with pytest.raises(TrainingError, match=r"galaxy-3\.png: this file is damaged"):
        go(path, tmp_path / "new")


def test_labels_of_another_size_or_class(make_labels, tmp_path):
    path = make_labels(3)
    change(path, lambda cutouts: [replace(c, width=100) for c in cutouts])
    with pytest.raises(LabelError, match=r"100 x 96.*96 x 96"):
        go(path, tmp_path / "new")
    path = make_labels(3, name="others")
    labels = read_label_set(path)
    knot = replace(labels.cutouts[0].boxes[0], cls="knot")
    cutouts = (replace(labels.cutouts[0], boxes=(knot,)), *labels.cutouts[1:])
    write_label_set(LabelSet(cutouts, ("clump", "knot")), path)
    with pytest.raises(LabelError, match=r"'odd clump': 'knot' \(1 box\).*knot=knot"):
        go(path, tmp_path / "new")


def test_nothing_to_learn_from(make_labels, tmp_path):
    path = make_labels(3)
    change(path, lambda cutouts: [replace(c, boxes=()) for c in cutouts])
    with pytest.raises(TrainingError, match="no box to learn from"):
        go(path, tmp_path / "new")
    path = make_labels(3, held_out=3, name="all-held-out")
    with pytest.raises(TrainingError, match="no box to learn from"):
        go(path, tmp_path / "new")


def test_a_base_that_is_no_model_and_a_folder_that_is_taken(make_labels, tmp_path):
    path = make_labels(3)
    with pytest.raises(ModelError, match="no such model"):
        go(path, tmp_path / "new", tmp_path / "none")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.txt").write_text("mine")
    with pytest.raises(FileError, match="exists already"):
        go(path, tmp_path / "taken")
    assert (tmp_path / "taken" / "thesis.txt").read_text() == "mine"


# -- learning ---------------------------------------------------------------------


def test_the_events_tell_the_whole_story(make_labels, tmp_path):
    path, events = go(make_labels(14, held_out=2), tmp_path / "new")
    json.dumps(events, allow_nan=False)
    kinds = [e["event"] for e in events]
    epoch = [*["step"] * 3, "epoch"]
    assert kinds == ["start", *["features"] * 9, *epoch, *epoch, "end"]
    assert [(e["done"], e["total"]) for e in events[1:10]] == [(i, 9) for i in range(9)]
    start = events[0]
    assert (start["cutouts"], start["validation"], start["steps"]) == (12, 3, 6)
    assert [e["step"] for e in events if e["event"] == "step"] == [1, 2, 3, 4, 5, 6]
    assert events[-1]["model"] == str(path)
    card = read_card(path)
    learned = card.learned_from
    assert learned["cutouts"] == 12
    assert (
        learned["label_set"]
        == read_label_set(tmp_path / "labels" / "labels.json").hash()
    )
    assert learned["versions"]["torch"]
    assert str(tmp_path) not in json.dumps(learned)
    load_model(path)


def test_few_cutouts_are_gone_through_more_than_once(make_labels, tmp_path):
    labels = make_labels(6)
    _, events = go(labels, tmp_path / "once", epochs=1)
    assert events[0]["steps"] == 2
    _, events = go(labels, tmp_path / "more", epochs=1, least_steps=5)
    assert [e["step"] for e in events if e["event"] == "step"] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(("variants", "each"), [(0, 4), (12, 3), (5, 2), (99, 4)])
def test_many_cutouts_have_fewer_variants_each(make_labels, tiny, variants, each):
    path = make_labels(4)
    samples = load_samples(read_label_set(path), path, TINY, share=0, seed=0).train
    config = replace(QUICK, cache_views=4, cache_variants=variants)
    views = SampleViews(
        Fitter(tiny, config, torch.device("cpu"), start="model"), samples
    )
    assert {len(kept) for kept in views._stored} == {each}
    views.close()


def test_with_few_cutouts_the_start_says_that_none_validate(make_labels, tmp_path):
    _, events = go(make_labels(4), tmp_path / "new", epochs=1)
    assert events[0]["validation"] == 0
    assert "Too few" in events[0]["note"]
    (epoch,) = (e for e in events if e["event"] == "epoch")
    assert epoch["validation_loss"] is None


def test_the_same_seed_makes_the_same_model_and_another_does_not(make_labels, tmp_path):
    labels = make_labels(5)
    hashes = [
        read_card(go(labels, tmp_path / f"m{i}", epochs=1, seed=seed)[0]).weights
        for i, seed in enumerate((1, 1, 2))
    ]
    assert hashes[0] == hashes[1] != hashes[2]


PARTS = {
    "heads": {"roi_heads"},
    "fpn": {"rpn", "roi_heads", "fpn"},
    "last stages": {"rpn", "roi_heads", "fpn", "last"},
    "everything": {"rpn", "roi_heads", "fpn", "last", "first"},
}


def _part(name):
    if name.startswith("backbone.encoder"):
        return "last" if "layer1" in name or "layer2" in name else "first"
    return "fpn" if name.startswith("backbone") else name.split(".")[0]


@pytest.mark.parametrize("parts", PARTS)
def test_only_the_chosen_parts_change(make_labels, tmp_path, tiny_folder, parts):
    before = load_model(tiny_folder)[0].state_dict()
    path, _ = go(
        make_labels(4), tmp_path / "new", tiny_folder, train_parts=parts, epochs=1
    )
    after = load_model(path)[0].state_dict()
    changed = {k for k in before if not torch.equal(before[k], after[k])}
    assert {_part(k) for k in changed} == PARTS[parts]
    statistics = {k for k in before if "running" in k or "num_batches" in k}
    assert statistics
    assert not statistics & changed  # batch statistics of a trained model stay


def test_from_scratch_batch_statistics_are_learned(make_labels, tmp_path):
    path, _ = go(make_labels(4), tmp_path / "new", train_parts="everything", epochs=1)
    state = load_model(path)[0].state_dict()
    assert any(v.abs().max() > 0 for k, v in state.items() if "running_mean" in k)


def test_kept_features_teach_the_same_as_new_ones(make_labels, tiny):
    """A step on kept feature maps has the loss of one through the whole network."""
    path = make_labels(4)
    samples = load_samples(read_label_set(path), path, TINY, share=0, seed=0).train
    plain = replace(QUICK, flips=False, scale_jitter=0, colour_jitter=0, noise=0)
    kept_losses = []
    for megabytes in (600, 0):
        fitter = Fitter(
            tiny,
            replace(plain, cache_megabytes=megabytes),
            torch.device("cpu"),
            start="model",
        )
        views = SampleViews(fitter, samples)
        assert bool(views._stored) == bool(megabytes)
        drawn = next(views.batches([0, 1, 2, 3], 4, np.random.default_rng(0)))
        kept_losses.append(validate(fitter, drawn).loss)
        views.close()
    assert kept_losses[0] == pytest.approx(kept_losses[1], rel=1e-3)


@pytest.mark.parametrize("parts", ["heads", "fpn"])
def test_a_kept_view_is_searched_as_the_picture_is(make_labels, tiny, parts):
    path = make_labels(3)
    samples = load_samples(read_label_set(path), path, TINY, share=0, seed=0).train
    config = replace(QUICK, train_parts=parts)
    fitter = Fitter(tiny, config, torch.device("cpu"), start="model")
    views = SampleViews(fitter, samples)
    for i, sample in enumerate(samples):
        boxes, scores = fitter.search(views.whole(i))
        with torch.no_grad():
            found = tiny.eval()([as_tensor(sample.picture, torch.device("cpu"))])[0]
        assert len(boxes) == len(found["boxes"]) > 0
        np.testing.assert_allclose(boxes, found["boxes"], atol=0.2)
        np.testing.assert_allclose(scores, found["scores"], atol=0.01)
    views.close()


def test_it_learns_and_goes_on_from_what_it_learned(make_labels, tmp_path):
    """From scratch it comes to find easy blobs; rejecting them makes it silent."""
    labels = make_labels(24, seed=1)
    taught, events = go(
        labels,
        tmp_path / "taught",
        train_parts="everything",
        epochs=30,
        learning_rate=3e-3,
        scale_jitter=0.0,
    )
    losses = [e["train_loss"] for e in events if e["event"] == "epoch"]
    assert losses[-1] < losses[0] / 4
    performance = read_card(taught).performance
    assert performance["completeness"] > 0.6
    assert performance["purity"] > 0.6

    again, events = go(labels, tmp_path / "again", taught, epochs=1)
    assert events[0]["validation"] == 4
    first = next(e for e in events if e["event"] == "epoch")["validation_loss"]
    assert first < losses[0] / 3  # it started from what was there
    assert read_card(again).learned_from["parent"] == read_card(taught).model_id

    def reject(cutouts):
        for cutout in cutouts:
            rejected = tuple(replace(b, status="rejected") for b in cutout.boxes)
            yield replace(cutout, done=False, boxes=(), rejected=rejected)

    before = highest_scores(taught, labels)
    change(labels, reject)
    silent, _ = go(labels, tmp_path / "silent", taught, epochs=4)
    assert highest_scores(silent, labels) < before - 0.2


def highest_scores(folder, labels):
    """Return the mean over cutouts of the highest score."""
    predictor = Predictor(folder, "cpu")
    found = [
        predictor.predict(read_cutout(c.source)).scores
        for c in read_label_set(labels).cutouts
    ]
    return float(np.mean([scores.max(initial=0) for scores in found]))


# -- cancelling, breaks and accidents -------------------------------------------------


def after(events, n, ask):
    """Return what keeps events, and asks for the end after n steps."""
    add = into(events)
    if n == 0:
        ask()

    def on_event(event):
        add(event)
        if sum(e["event"] == "step" for e in events) >= n:
            ask()

    return on_event


@pytest.mark.parametrize("n", [0, 1, 4])
def test_cancel_leaves_nothing(make_labels, tmp_path, n):
    token = CancelToken()
    with pytest.raises(Cancelled):
        go(
            make_labels(8),
            tmp_path / "models" / "new",
            on_event=after([], n, token.cancel),
            cancel=token,
            checkpoint=True,
            epochs=4,
        )
    folder = tmp_path / "models"
    assert not folder.exists() or list(folder.iterdir()) == []


@pytest.mark.parametrize(("n", "best"), [(1, {1}), (5, {1, 2, 3})])
def test_stop_keeps_the_best_so_far(make_labels, tmp_path, n, best):
    events, token = [], CancelToken()
    path, _ = go(
        make_labels(8),
        tmp_path / "new",
        on_event=after(events, n, token.stop),
        cancel=token,
        epochs=50,
    )
    load_model(path)
    assert events[-1]["best_epoch"] in best
    assert sum(e["event"] == "step" for e in events) == n


def test_time_that_is_up_stops_it(make_labels, tmp_path):
    path, events = go(make_labels(8), tmp_path / "new", minutes=1e-6, epochs=50)
    load_model(path)
    assert events[-1]["event"] == "end"


def test_patience_ends_a_training_that_gets_no_better(
    make_labels, tmp_path, monkeypatch
):
    losses = iter([3.0, 1.0, 2.0, 2.0, 2.0, 2.0])
    result = ValidationResult(1.0, 0.5, 0.5, 0.4, 9)

    def validate(fitter, views, cancel):
        return replace(result, loss=next(losses))

    monkeypatch.setattr(training, "validate", validate)
    _, events = go(make_labels(12), tmp_path / "new", epochs=6, patience=2)
    epochs = [e for e in events if e["event"] == "epoch"]
    assert [e["best"] for e in epochs] == [True, True, False, False]
    assert events[-1]["best_epoch"] == 2


def test_a_training_that_was_killed_goes_on_to_the_same_end(
    make_labels, tmp_path, monkeypatch
):
    labels = make_labels(6)
    whole, _ = go(labels, tmp_path / "whole", checkpoint=True, epochs=3)

    class Killed(BaseException):
        pass

    def kill(event):
        if event.kind == "step" and event.epoch == 3:
            raise Killed

    request = TrainRequest(
        labels,
        tmp_path / "broken",
        None,
        replace(QUICK, checkpoint=True, epochs=3),
        TINY,
    )
    with pytest.raises(Killed):
        run.train(request, kill)
    events = []
    path = run.train(replace(request, resume=True), into(events))
    assert {e["epoch"] for e in events if e["event"] == "step"} == {3}
    assert read_card(path).weights == read_card(whole).weights
    assert [p.name for p in tmp_path.glob(".*")] == []


def test_a_checkpoint_that_is_damaged_foreign_or_harmful(make_labels, tmp_path):
    labels = make_labels(4)
    request = TrainRequest(
        labels, tmp_path / "new", None, replace(QUICK, checkpoint=True), TINY, True
    )
    with pytest.raises(TrainingError, match="no checkpoint"):
        run.train(request)
    path = tmp_path / ".new.checkpoint.pt"
    path.write_bytes(b"not a checkpoint")
    with pytest.raises(TrainingError, match="damaged or foreign"):
        run.train(request)
    torch.save({"epoch": Path("harm")}, path)  # an object: not only weights
    with pytest.raises(TrainingError, match="damaged or foreign"):
        run.train(request)


def test_a_loss_that_is_not_finite(make_labels, tmp_path, monkeypatch):
    monkeypatch.setattr(
        fitting, "sum_losses", lambda losses: sum(losses.values()) * np.nan
    )
    with pytest.raises(TrainingError, match="not finite") as caught:
        go(make_labels(4), tmp_path / "new")
    assert "learning rate" in caught.value.message
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_memory_that_does_not_suffice(make_labels, tmp_path, monkeypatch, error):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(Fitter, "step", fail)
    with pytest.raises(TrainingError, match="memory is full") as caught:
        go(make_labels(4), tmp_path / "new")
    assert "batch" in caught.value.message


def test_the_learning_rate_rises_and_falls():
    shares = [rate_share(done, 0.1) for done in np.linspace(0, 1, 101)]
    assert max(shares) == pytest.approx(1)
    assert int(np.argmax(shares)) == 10
    assert shares[-1] == pytest.approx(0.01)
    assert np.all(np.diff(shares[10:]) <= 0)
    assert rate_share(0.0, 0.0) == 1


def test_the_best_epoch_is_that_of_most_f1_where_boxes_are_many():
    many = ValidationResult(0.9, 0.8, 0.6, 0.5, 100)
    assert many.selection_loss == pytest.approx(1 - 2 * 0.8 * 0.6 / 1.4)
    assert replace(many, n_boxes=99).selection_loss == 0.9
    assert replace(many, purity=None).selection_loss == 1
    assert replace(many, completeness=0.0).selection_loss == 1


@pytest.mark.parametrize("parts", ["heads", "fpn"])
def test_kept_features_and_half_precision(make_labels, tmp_path, tiny_folder, parts):
    half = replace(QUICK, train_parts=parts, precision="half")
    request = TrainRequest(make_labels(4), tmp_path / "half", tiny_folder, half)
    assert (run.train(request) / "model.json").is_file()


@pytest.mark.parametrize("has", [True, False])
def test_a_processor_without_half_precision_computes_in_full_and_says_so(
    make_labels, tmp_path, tiny_folder, monkeypatch, has
):
    seen, real = set(), torch.autocast

    def autocast(*given, enabled):
        seen.add(enabled)
        return real(*given, enabled=enabled)

    monkeypatch.setattr("clump_detector.detector.backend.has_bfloat16", lambda: has)
    monkeypatch.setattr(torch, "autocast", autocast)
    _, events = go(make_labels(4), tmp_path / "a", tiny_folder, precision="half")
    said = [p for p in events[0]["problems"] if "only imitates it" in p]
    assert (seen, len(said)) == ({has}, 0 if has else 1)


# -- classes -----------------------------------------------------------------------


def test_a_class_is_learned_that_the_base_has_not(make_labels, tiny_folder, tmp_path):
    path = make_labels(8)

    labels = read_label_set(path)
    cutouts = tuple(
        replace(c, boxes=tuple(replace(b, cls="star") for b in c.boxes))
        for c in labels.cutouts
    )
    write_label_set(LabelSet(cutouts, (*labels.classes, "star")), path)
    made, events = go(
        path, tmp_path / "new", tiny_folder, epochs=20, new_classes=("star",)
    )
    assert read_card(made).config.classes == ("clump", "odd clump", "star")
    assert any("'star' is new" in said and "boxes, which are few" in said
               for said in events[0]["problems"])  # fmt: skip
    before, after = (
        load_model(folder)[0].roi_heads.box_predictor.cls_score.bias
        for folder in (tiny_folder, made)
    )
    # Every box is a star: it becomes likelier than it began, the others less.
    assert after[3] > before[1:].mean() + AT_FIRST + 0.01
    assert (after[1:3] < before[1:3] - 0.01).all()
    # The next training starts from the model with three classes, and needs no more.
    again, events = go(path, tmp_path / "again", made, new_classes=("Star",))
    assert read_card(again).config.classes == ("clump", "odd clump", "star")
    assert events[0]["problems"] == []


def test_classes_by_another_name_are_the_models_own(make_labels, tmp_path):
    path = make_labels(3)
    labels = read_label_set(path)
    cutouts = tuple(
        replace(c, boxes=tuple(replace(b, cls="Odd") for b in c.boxes))
        for c in labels.cutouts
    )
    write_label_set(LabelSet(cutouts, ("Odd",)), path)
    samples = load_samples(read_label_set(path), path, TINY, share=0.0, seed=0)
    assert all((sample.labels == 2).all() for sample in samples.train)
