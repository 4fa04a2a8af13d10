"""What a loss counts, tested on the loss itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from clump_detector.config.model import ModelConfig
from clump_detector.detector.targets import (
    BACKGROUND,
    IGNORED,
    REJECTED,
    Sampler,
    not_background,
)

NONE = torch.zeros((0, 4))
SIDE = 96
CLUMP = torch.tensor([[40.0, 40.0, 52.0, 52.0]])
ELSEWHERE = torch.tensor([[68.0, 16.0, 80.0, 28.0]])


def target(boxes=NONE, ignored=NONE, rejected=NONE, *, complete=True, weight=1.0):
    labels = torch.ones(len(boxes), dtype=torch.int64)
    return {
        "boxes": boxes,
        "labels": labels,
        "weights": torch.full((len(boxes),), weight),
        "ignored": ignored,
        "rejected": rejected,
        "complete": complete,
    }


@pytest.fixture
def pyramid(tiny):
    """A frozen pyramid of one image, with the detector in training mode."""
    tiny.eval()
    with torch.no_grad():
        image = torch.rand((3, SIDE, SIDE), generator=torch.Generator().manual_seed(1))
        encoded = tiny.pyramid(tiny.encode([image]))
    tiny.train()
    # Everything is sampled, so that chance plays no part in what follows.
    tiny.rpn.fg_bg_sampler = Sampler(100_000, 0.5)
    tiny.roi_heads.fg_bg_sampler = Sampler(100_000, 0.5)
    return encoded


def losses(detector, pyramid, **known):
    return detector.losses(pyramid, [target(**known)])


def total(detector, pyramid, **known):
    return float(sum(losses(detector, pyramid, **known).values()).detach())


def judged(detector, pyramid, proposals, **known):
    """Return the places that count, and the gradient by their class logits."""
    kept = []

    def keep(module, inputs, output):
        output[0].retain_grad()
        kept.append(output[0])

    hook = detector.roi_heads.box_predictor.register_forward_hook(keep)
    result = detector.roi_heads.losses(pyramid, [proposals], [target(**known)])
    hook.remove()
    sum(result.values()).backward()
    places = detector.roi_heads.select_training_samples([proposals], [target(**known)])
    gradient = torch.zeros_like(kept[0]) if kept[0].grad is None else kept[0].grad
    return places[0][0], gradient


def objectness_gradient(detector, pyramid, **known):
    """Return each anchor and the gradient of the proposal loss by its objectness."""
    kept = []

    def keep(module, inputs, output):
        for one in output[0]:
            one.requires_grad_(True).retain_grad()
        kept.extend(output[0])

    hook = detector.rpn.head.register_forward_hook(keep)
    _, result = detector.rpn(pyramid.as_images(), pyramid.features, [target(**known)])
    hook.remove()
    sum(result.values()).backward()
    gradient = torch.cat([g.grad.permute(0, 2, 3, 1).reshape(-1) for g in kept])
    maps = list(pyramid.features.values())
    return detector.rpn.anchor_generator(pyramid.as_images(), maps)[0], gradient


def near(boxes, place):
    """Tell which boxes lie wholly inside a place."""
    low, high = place[0, :2], place[0, 2:]
    return ((boxes[:, :2] >= low) & (boxes[:, 2:] <= high)).all(dim=1)


AROUND = torch.tensor([[60.0, 8.0, 88.0, 36.0]])


def test_background_gives_a_gradient_unless_it_is_ignored(tiny, pyramid):
    anchors, gradient = objectness_gradient(tiny, pyramid, boxes=CLUMP)
    there = near(anchors, AROUND)
    assert there.sum() > 10
    assert (gradient[there] > 0).all()  # pushed down
    _, gradient = objectness_gradient(tiny, pyramid, boxes=CLUMP, ignored=AROUND)
    assert (gradient[there] == 0).all()
    assert (gradient != 0).any()  # elsewhere it goes on


def test_a_true_box_inside_an_ignored_one_still_counts(tiny, pyramid):
    place = torch.tensor([[30.0, 30.0, 62.0, 62.0]])
    anchors, gradient = objectness_gradient(tiny, pyramid, boxes=CLUMP, ignored=place)
    inside = gradient[near(anchors, place)]
    assert (inside < 0).any()  # pulled up
    assert (inside <= 0).all()


def test_a_proposal_in_an_ignored_place_is_judged_by_nothing(tiny, pyramid):
    boxes, gradient = judged(tiny, pyramid, ELSEWHERE, boxes=CLUMP, ignored=AROUND)
    assert len(boxes) == 1  # the true box alone: the proposal is not even sampled
    assert (boxes == CLUMP).all()
    boxes, gradient = judged(tiny, pyramid, ELSEWHERE, boxes=CLUMP)
    assert len(boxes) == 2
    assert gradient[0, 0] < 0  # background is pulled up, the classes down
    assert (gradient[0, 1:] > 0).all()


def test_a_box_counts_as_much_as_its_weight_and_background_as_before(tiny, pyramid):
    places, once = judged(tiny, pyramid, ELSEWHERE, boxes=CLUMP)
    tiny.zero_grad()
    _, thrice = judged(tiny, pyramid, ELSEWHERE, boxes=CLUMP, weight=3.0)
    true = (places == CLUMP).all(dim=1)
    assert true.sum() == 1
    torch.testing.assert_close(thrice[true], 3 * once[true])
    torch.testing.assert_close(thrice[~true], once[~true])


def test_without_weights_the_losses_are_torchvisions_own(tiny, pyramid):
    from torchvision.models.detection.roi_heads import fastrcnn_loss

    heads = tiny.roi_heads
    proposals = [torch.cat([ELSEWHERE, CLUMP + 1])]
    found = heads.losses(pyramid, proposals, [target(boxes=CLUMP)])
    places, _, labels, wanted = heads.select_training_samples(
        proposals, [target(boxes=CLUMP)]
    )
    pooled = heads.box_roi_pool(pyramid.features, places, pyramid.sizes)
    own = fastrcnn_loss(*heads.box_predictor(heads.box_head(pooled)), labels, wanted)
    torch.testing.assert_close((found["loss_classifier"], found["loss_box_reg"]), own)


def test_what_nobody_looked_at_gives_no_loss_where_a_cutout_is_not_done(tiny, pyramid):
    assert total(tiny, pyramid, complete=False) == 0
    loss = losses(tiny, pyramid, complete=False)
    sum(loss.values()).backward()
    assert all(not p.grad.any() for p in tiny.parameters() if p.grad is not None)
    assert total(tiny, pyramid) > 0  # the same image, done and empty
    tiny.zero_grad()
    _anchors, gradient = objectness_gradient(tiny, pyramid, boxes=CLUMP, complete=False)
    assert (gradient < 0).any()
    assert (gradient <= 0).all()  # only the clump is learned, nothing is pushed down


def test_a_rejected_box_pushes_down_and_an_unreviewed_one_does_not(tiny, pyramid):
    boxes, gradient = judged(tiny, pyramid, ELSEWHERE, complete=False)
    assert len(boxes) == 0
    boxes, gradient = judged(
        tiny, pyramid, ELSEWHERE, rejected=ELSEWHERE, complete=False
    )
    assert len(boxes) == 2  # the proposal and the rejected box itself
    assert (gradient[:, 0] < 0).all()
    assert (gradient[:, 1:] > 0).all()


def test_a_rejected_box_raises_the_loss_of_a_detector_that_fires_there(tiny, pyramid):
    """A detector that is sure everywhere loses more for a rejected box than before."""
    with torch.no_grad():
        tiny.roi_heads.box_predictor.cls_score.bias[:] = torch.tensor([-5.0, 5.0, -5.0])
    known = {"boxes": CLUMP, "complete": False}
    without = losses(tiny, pyramid, **known)["loss_classifier"]
    rejected = losses(tiny, pyramid, **known, rejected=ELSEWHERE)["loss_classifier"]
    assert rejected > without + 1
    unreviewed = losses(tiny, pyramid, **known, ignored=ELSEWHERE)["loss_classifier"]
    assert unreviewed == without
    with torch.no_grad():  # and one that keeps silent there loses nothing by it
        tiny.roi_heads.box_predictor.cls_score.bias[:] = torch.tensor([9.0, -9.0, -9.0])
    silent = losses(tiny, pyramid, complete=False, rejected=ELSEWHERE)
    assert silent["loss_classifier"] < 0.01


def test_a_rejected_box_is_learned_by_the_proposals_too(tiny, pyramid):
    anchors, gradient = objectness_gradient(
        tiny, pyramid, rejected=ELSEWHERE, complete=False
    )
    down = anchors[gradient > 0]
    assert len(down) > 0
    middle = (down[:, :2] + down[:, 2:]) / 2
    assert (torch.abs(middle - torch.tensor([74.0, 22.0])) <= 6).all()
    assert (gradient >= 0).all()


def test_rejected_boxes_are_sampled_however_few_places_there_are():
    labels = torch.zeros(10_000)
    labels[7] = REJECTED
    labels[:5] = 1
    for _ in range(20):
        positive, negative = Sampler(8, 0.5)([labels])
        assert negative[0][7]
        assert positive[0].sum() == 4
        assert (positive[0] | negative[0]).sum() == 8
    labels[100:120] = REJECTED
    assert Sampler(8, 0.5)([labels])[1][0].sum() == 21


def test_the_rules_for_what_is_background():
    places = torch.tensor(
        [[0, 0, 10, 10], [20, 0, 30, 10], [24, 0, 34, 10], [26, 0, 36, 10]]
    ).float()
    labels = torch.zeros(4)
    ignored = torch.tensor([[20.0, 0.0, 30.0, 10.0]])
    known = target(ignored=ignored)
    kept = [BACKGROUND, IGNORED, IGNORED, BACKGROUND]  # shares 0, 1, 0.6, 0.4
    assert not_background(labels, places, known).tolist() == kept
    known = target(ignored=ignored, rejected=places[1:2], complete=False)
    kept = [IGNORED, REJECTED, IGNORED, IGNORED]
    assert not_background(labels, places, known).tolist() == kept
    # A rejected box that a true one replaces is no background.
    labels = torch.tensor([0.0, 1.0, -1.0, 0.0])
    kept = [IGNORED, 1, IGNORED, IGNORED]
    assert not_background(labels, places, known).tolist() == kept


def test_an_image_without_any_box_is_all_background(tiny, pyramid):
    result = losses(tiny, pyramid)
    assert all(torch.isfinite(v) for v in result.values())
    assert result["loss_objectness"] > 0
    assert result["loss_rpn_box_reg"] == 0


def test_encoding_first_is_the_same_as_all_at_once(tiny):
    tiny.eval()
    images = [torch.rand(3, 96, 80), torch.rand(3, 64, 96)]
    with torch.no_grad():
        at_once = tiny(images)
        steps = tiny.find(tiny.pyramid(tiny.encode(images)))
    for one, other in zip(at_once, steps, strict=True):
        assert all(torch.equal(one[key], other[key]) for key in one)
        assert len(one["boxes"])


def test_nothing_is_resized(tiny):
    encoded = tiny.encode([torch.rand(3, 50, 34)])
    assert encoded.sizes == [(50, 34)]
    assert encoded.padded == (56, 40)  # the coarsest stride is 8
    assert encoded.features["0"].shape[-2:] == (14, 10)


def test_doubles_go_whatever_their_class_and_scores_are_of_any_class(tiny):
    places = torch.tensor(
        [[10.0, 10, 22, 22], [11, 10, 23, 22], [60, 60, 72, 72], [80, 10, 92, 22]]
    )
    logits = torch.log(
        torch.tensor(
            [[0.2, 0.5, 0.3], [0.3, 0.1, 0.6], [0.6, 0.2, 0.2], [0.97, 0.02, 0.01]]
        )
    )
    boxes, scores, labels = tiny.roi_heads.postprocess_detections(
        logits, torch.zeros(4, 12), [places], [(96, 96)]
    )
    np.testing.assert_allclose(boxes[0], places[[0, 2]], atol=1e-4)
    np.testing.assert_allclose(scores[0], [0.8, 0.4], atol=1e-6)
    assert labels[0].tolist() == [1, 1]


def test_building_a_detector_asks_nothing_of_the_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("this would download")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", refuse)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", refuse)
    from clump_detector.detector.network import build_detector

    detector = build_detector(ModelConfig())
    n_parameters = sum(p.numel() for p in detector.parameters())
    assert n_parameters * 2 < 12e6  # bytes in half precision
