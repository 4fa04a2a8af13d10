"""Injected clumps in the window: hidden while one decides, told afterwards."""

from __future__ import annotations

import numpy as np
import pytest

from napari_clumps.review import QueuePlan
from napari_clumps.review.queries.injected import injected_clumps

pytestmark = pytest.mark.gui


@pytest.fixture
def panel(ui):
    from napari_clumps.panels.reviewers import ReviewersPanel

    made = ReviewersPanel(ui.viewer)
    ui.qtbot.addWidget(made)
    made.show()
    return made


def child(panel, name):
    from qtpy.QtWidgets import QWidget

    return panel.findChild(QWidget, name)


def free(review):
    """Return the galaxies that are not held out."""
    return [c.id for c in review.cutouts() if not (c.held_out or c.source.added)]


def inject(ui, panel, n):
    """Click, and wait until the galaxies are among the others; return their ids."""
    review = ui.controller.session.review
    child(panel, "n_injected").setValue(n)
    child(panel, "button_inject").click()
    ui.qtbot.waitUntil(lambda: not ui.controller.injecting.running)
    return [i for i in review.ids if review.cutout(i).source.added]


def test_the_story_of_a_blind_test(ui, panel):
    c = ui.controller
    review = c.session.review
    review.cutout(1)
    (copy,) = inject(ui, panel, 1)
    first = review.cutout(copy).repeat_of
    assert len(c.session.queue) == 5
    assert (
        "1 galaxy with injected clumps among the others"
        in child(panel, "completeness_words").text()
    )
    assert not child(panel, "button_mark_injected").isVisible()

    plain = c.session.pictures.get(review.cutout(first).source).rgb
    c.navigator.go_to(copy)
    shown = c.session.canvas.image.data
    assert (shown.astype(int) - plain).max() > 20
    assert c.session.cutout.name == review.cutout(first).name
    assert child(panel, "completeness_table").text() == ""
    assert len(c.session.canvas.places) == 0

    one, *others = review.cutout(copy).source.added
    review.add(copy, one.corners, "clump")
    ui.key("Return")
    assert review.cutout(copy).done
    words = child(panel, "completeness_words").text()
    assert f"{1 + len(others)} injected clump" in words
    assert f"<b>1 of {1 + len(others)}</b>" in child(panel, "completeness_table").text()

    child(panel, "button_mark_injected").click()
    assert list(c.session.queue.ids) == [copy]
    assert c.session.cutout.id == copy
    assert list(c.session.canvas.places) == [one.corners, *(o.corners for o in others)]
    assert f"{one.ratio:.1%} found" in c.injected.told


def test_the_switch_undoes_all_of_it(ui, panel):
    c = ui.controller
    review = c.session.review
    c.injected.show(True)  # nothing is there: nothing happens
    before = list(review.queue(QueuePlan()).ids), review.counts()
    (copy,) = inject(ui, panel, 1)
    c.navigator.go_to(copy)
    switch = child(panel, "injected_shown")
    assert switch.isVisible()
    assert switch.isChecked()
    switch.click()
    assert (list(review.queue(QueuePlan()).ids), review.counts()) == before
    assert copy not in c.session.queue.ids
    assert c.session.cutout.id != copy
    assert child(panel, "completeness_words").text() == ""
    switch.click()
    assert copy in c.session.queue.ids


def test_a_model_searches_them_where_it_has_searched_the_others(ui, panel, monkeypatch):
    c = ui.controller
    asked = []
    ui.propose(free(c.session.review)[1])
    monkeypatch.setattr(c.detection, "search", asked.append)
    inject(ui, panel, 1)
    assert asked == [[5]]
    assert c.session.review.cutout(5).repeat_of == free(c.session.review)[1]


def test_none_is_left_and_that_is_said(ui, panel):
    c = ui.controller
    said = []
    c.session.said.connect(said.append)
    inject(ui, panel, 9)
    again = [cutout.repeat_of for cutout in c.session.review.cutouts()]
    assert sorted(again[4:]) == free(c.session.review)
    inject(ui, panel, 1)
    assert "no galaxy is left" in said[-1]


def test_a_review_for_reading_only_is_left_alone(ui, panel):
    c = ui.controller
    said = []
    c.session.said.connect(said.append)
    c.session.review.read_only_reason = "It is open in another window."
    inject(ui, panel, 1)
    assert "no clump can be injected" in said[-1]
    assert len(c.session.review) == 4


def test_figures_come_from_what_is_shown(ui, panel):
    """The score from which proposals are shown counts for the model's share, too."""
    c = ui.controller
    review = c.session.review
    (copy,) = inject(ui, panel, 1)
    record = review.cutout(copy)
    told = injected_clumps([(record, review.boxes(copy))], lambda _: 0.0)
    assert [one.found for one in told] == [False] * len(record.source.added)
    assert np.isfinite([one.ratio for one in told]).all()
