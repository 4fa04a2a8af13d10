"""What stands where the table of boxes would be empty, and the way out of it."""

from __future__ import annotations

import pytest

from napari_clumps.review import Proposal
from napari_clumps.settings.shortcuts import BOOK

pytestmark = pytest.mark.gui


def label(ui, name: str) -> str:
    from qtpy.QtWidgets import QLabel

    found = ui.panel("review_panel").findChild(QLabel, name)
    return found.text() if found.isVisible() else ""


def button(ui):
    from qtpy.QtWidgets import QPushButton

    return ui.panel("review_panel").findChild(QPushButton, "button_propose")


def learned_on(ui) -> int:
    """Return a cutout that is not held out."""
    review = ui.controller.session.review
    return next(i for i in review.ids if not review.cutout(i).held_out)


@pytest.fixture
def opened(window, galaxies):
    window.controller.session.threshold = 0.3
    window.controller.open_paths([galaxies])
    window.controller.navigator.go_to(learned_on(window))
    window.settle(50)
    return window


def test_without_proposals_the_button_that_makes_them_is_there(opened):
    assert label(opened, "no_boxes_words") == "No proposals yet"
    assert label(opened, "no_boxes_hint").startswith("D draws a box")
    assert not opened.panel("box_table").isVisible()
    button(opened).click()
    assert opened.controller.detection.running
    assert label(opened, "no_boxes_words").startswith("Proposals are coming")
    assert not button(opened).isVisible()
    opened.qtbot.waitUntil(
        lambda: not opened.controller.detection.running, timeout=180_000
    )
    opened.settle(50)
    assert opened.controller.session.cutout.model is not None
    assert label(opened, "no_boxes_words") != "No proposals yet"


def test_weak_proposals_are_counted_and_shown_by_the_threshold(opened):
    c = opened.controller
    weak = [Proposal(*row, "clump", 0.2) for row in ((9, 9, 30, 30), (60, 60, 80, 80))]
    c.take_proposals(c.session.cutout.id, weak, "test-model", (160, 160))
    opened.settle(50)
    words = label(opened, "no_boxes_words")
    assert "nothing here from score 0.30 up; 2 proposals lie below" in words
    assert not button(opened).isVisible()
    c.session.threshold = 0.1
    assert label(opened, "no_boxes_words") == ""
    assert opened.panel("box_table").isVisible()
    assert c.session.shown.below_threshold == 0


def test_a_model_that_found_nothing_is_no_reason_to_run_it_again(opened):
    c = opened.controller
    c.take_proposals(c.session.cutout.id, [], "test-model", (160, 160))
    opened.settle(50)
    assert (
        label(opened, "no_boxes_words") == "The model proposes nothing on this cutout"
    )
    assert not button(opened).isVisible()
    c.session.review.set_done(c.session.cutout.id, True)
    assert "Done" in label(opened, "no_boxes_words")
    assert label(opened, "no_boxes_hint") == ""


def test_the_hint_names_the_keys_that_were_chosen(opened):
    BOOK.choose({"draw": "Y"})
    assert label(opened, "no_boxes_hint").startswith("Y draws a box")


def test_a_drawn_box_brings_the_table(opened):
    opened.key("D")
    opened.drag((120, 80), (140, 104))
    opened.settle(50)
    assert opened.panel("box_table").isVisible()
    assert label(opened, "no_boxes_words") == ""
