"""Orders of a model's in the real window: reasons, votes, labels to check again."""

from __future__ import annotations

import os

import numpy as np
import pytest

from clump_detector.images.host_profile import VALUES
from clump_detector.models.described import Description
from napari_clumps.review import Proposal, QueuePlan, Status

pytestmark = pytest.mark.gui

INFORMATIVE, AGAIN = QueuePlan("most informative"), QueuePlan("check again")


def describe(ui, cutout, *, information=0.1, unseen=0.9, corners=(), value=1.0):
    """Keep a description by the current model, of boxes of the review or of one."""
    c = ui.controller
    boxes = np.array(corners or [[10.0, 10.0, 20.0, 20.0]])
    n = len(boxes)
    numbers = np.full(n, 0.5)
    scores = c.session.scores
    description = Description(
        encoder="e", vector=np.array([value, 1, 0], np.float16),
        profile=np.full(VALUES, value, np.float16), boxes=boxes,
        found=np.ones(n, bool), score=numbers, mean=numbers, spread=numbers,
        information=np.full(n, information), unseen=np.full(n, unseen),
        votes=np.full(n, 4), heads=5, vectors=np.ones((n, 3), np.float16),
    )  # fmt: skip
    model = scores.thresholds.model_id(scores.model_name)
    c.descriptions.take(cutout, model, description)
    return model


@pytest.fixture
def others(ui):
    """The cutouts that are not held out; the first of them is shown."""
    review = ui.controller.session.review
    ids = [cutout.id for cutout in review.cutouts() if not cutout.held_out]
    assert len(ids) >= 3
    ui.controller.navigator.go_to(ids[0])
    return ids


def reason(ui):
    line = ui.panel("queue_reason")
    return line.text() if line.isVisible() else ""


def test_cutouts_are_described_when_an_order_needs_it(ui, others):
    c = ui.controller
    c.navigator.choose_queue(INFORMATIVE)
    assert c.describing.running
    assert "Describing" in c.suggestions.progress or c.describing.done == 0
    assert "least certain" in c.session.queue.note
    ui.qtbot.waitUntil(lambda: not c.describing.running)
    ui.settle(50)
    assert c.session.queue.note == ""
    assert reason(ui).startswith("Why this one: ")
    known = c.descriptions.features.described(c.session.scores.chosen_model)
    assert known == set(others)
    # Nothing is described twice.
    c.navigator.choose_queue(QueuePlan("diverse"))
    assert not c.describing.running


def test_a_detection_describes_what_it_searches(ui):
    c = ui.controller
    c.detection.start("review")
    ui.qtbot.waitUntil(lambda: not c.detection.running)
    assert c.descriptions.features.described(c.session.scores.chosen_model) == {
        1,
        2,
        3,
        4,
    }


def test_the_order_and_its_reason_are_the_model_s(ui, others):
    c = ui.controller
    for cutout, information in zip(others, (0.1, 0.3, 0.2, 0.05), strict=False):
        describe(ui, cutout, information=information)
    c.navigator.choose_queue(INFORMATIVE)
    ui.settle(30)
    first, second, third, *rest = others
    assert list(c.session.queue.ids) == [second, third, first, *rest]
    assert c.session.cutout.id == second
    assert "1 box on which the heads are split" in reason(ui)
    assert c.session.review.arms[second] == "chosen"
    c.navigator.choose_queue(QueuePlan("catalogue"))
    ui.settle(30)
    assert reason(ui) == ""


def test_votes_stand_in_the_table_and_beside_the_box(ui, others):
    c = ui.controller
    model = describe(ui, others[0], corners=[(40, 50, 60, 70)])
    proposals = [Proposal(40, 50, 60, 70, "clump", 0.9)]
    c.take_proposals(others[0], proposals, model, (160, 160))
    ui.settle(50)
    table = ui.panel("box_table").rows
    texts = [table.data(table.index(0, k)) for k in range(table.columnCount())]
    assert "4 of 5" in texts
    label = list(c.session.canvas.boxes.features["label"])
    assert any("4 of 5" in words for words in label)


@pytest.fixture
def doubted(ui, others):
    """A box that was accepted, and that the model doubts."""
    c = ui.controller
    ui.propose(others[0])
    ui.settle(50)
    box = c.session.review.boxes(others[0])[0]
    c.session.review.accept(box.id)
    for cutout in c.session.review.ids:
        c.session.review.set_done(cutout, True)
        corners = [box.corners] if cutout == others[0] else []
        describe(ui, cutout, unseen=0.02, corners=corners)
    c.navigator.choose_queue(AGAIN)
    ui.settle(30)
    return box


def test_a_label_in_doubt_is_shown_with_its_reason(ui, doubted):
    assert list(ui.controller.session.queue.ids) == [doubted.cutout]
    assert "kept as a clump, but heads that have not seen it give 0.02" in reason(ui)
    assert "the labels are right" in reason(ui)


def test_what_a_person_confirms_is_not_asked_again(ui, doubted):
    c = ui.controller
    ui.key("Space")
    assert c.session.review.confirmed == {doubted.cutout}
    assert c.session.review.box(doubted.id).status is Status.ACCEPTED
    c.navigator.choose_queue(AGAIN)
    assert len(c.session.queue) == 0
    c.session.review.reject(doubted.id)
    assert c.session.review.confirmed == set()


def test_a_disk_that_refuses_is_said_once_and_the_review_goes_on(ui):
    c = ui.controller
    c.descriptions.features.folder.write_text("no folder")
    said = []
    c.session.said.connect(said.append)
    describe(ui, 1)
    describe(ui, 2)
    assert len([line for line in said if "The review goes on" in line]) == 1
    c.navigator.choose_queue(QueuePlan("catalogue"))
    assert len(c.session.queue) == 4


def test_another_review_has_descriptions_of_its_own(ui, tmp_path):
    from tests.helpers.review_window import make_galaxies

    describe(ui, 1)
    c = ui.controller
    c.open_paths([make_galaxies(tmp_path / "others", 2)])
    assert c.descriptions.features.described(c.session.scores.chosen_model) == set()
    c.close_review()
    assert c.descriptions.features is None
    assert c.suggestions.reason == ""


def test_when_all_is_done_it_says_so(ui, others):
    c = ui.controller
    for cutout in c.session.review.ids:
        describe(ui, cutout)
        c.session.review.set_done(cutout, True)
    c.navigator.choose_queue(INFORMATIVE)
    ui.settle(30)
    assert "all is done" in c.session.queue.note
    assert set(c.session.queue.ids) == set(others)


def test_a_galaxy_whose_image_has_changed_is_described_again(ui, others):
    c = ui.controller
    for cutout in others:
        describe(ui, cutout)
    c.navigator.choose_queue(INFORMATIVE)
    path = c.session.review.cutout(others[1]).source.path
    os.utime(path, (1e9, 1e9))
    c.navigator.go_to(others[1])
    ui.qtbot.waitUntil(lambda: not c.describing.running)
    assert c.describing.total == 1
    assert c.descriptions.features.time_of(others[1]) == 1e9


def test_another_model_has_an_order_of_its_own(ui, others):
    c = ui.controller
    for cutout in others:
        describe(ui, cutout)
    c.navigator.choose_queue(INFORMATIVE)
    assert c.session.queue.note == ""
    c.session.choose_model("starter-simulated")
    ui.settle(30)
    assert "No cutout is described yet" in c.session.queue.note


def test_a_drawn_box_is_described_before_labels_are_checked(ui, doubted, others):
    c = ui.controller
    assert not c.describing.running
    c.session.review.add(others[1], (20, 20, 34, 34), "clump")
    c.navigator.choose_queue(AGAIN)
    assert c.describing.running
    ui.qtbot.waitUntil(lambda: not c.describing.running)
    model = c.session.scores.chosen_model
    corners = c.descriptions.features.boxes_on(model, others[1])["corners"]
    assert [20, 20, 34, 34] in corners.round(2).tolist()


def test_the_place_in_doubt_is_marked_and_the_first_one_is_shown(ui, others):
    c, review = ui.controller, ui.controller.session.review
    chosen, mild = others[0], others[1]
    for cutout, score in ((chosen, 0.02), (mild, 0.3)):
        box = review.add(cutout, (10.0, 10.0, 30.0, 30.0), "clump")
        review.set_done(cutout, True)
        describe(ui, cutout, corners=[list(box.corners)], unseen=score)
    for cutout in others[2:]:
        describe(ui, cutout)
    c.navigator.choose_queue(AGAIN)
    ui.settle(50)
    assert c.session.cutout.id == c.session.queue.ids[0] == chosen
    assert c.session.canvas.places == [(10.0, 10.0, 30.0, 30.0)]
    c.navigator.choose_queue(QueuePlan("catalogue"))
    c.navigator.go_to(mild)
    ui.settle(50)
    assert list(c.session.canvas.places) == []
