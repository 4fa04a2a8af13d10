"""The panel "Similar galaxies" in the real window."""

from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.descriptions import description_of
from tests.helpers.review_window import make_galaxies

pytestmark = pytest.mark.gui


@pytest.fixture
def described(window, tmp_path):
    """A review of twelve galaxies of three kinds, and one that is like none."""
    c = window.controller
    c.open_paths([make_galaxies(tmp_path / "many", 13)])
    rng = np.random.default_rng(0)
    for cutout in c.session.review.cutouts():
        k = int(cutout.name.split("-")[1]) - 1
        vector = np.eye(8)[k % 3] * 9 + rng.normal(size=8)
        vector = np.full(8, 60.0) if k == 12 else vector
        c.descriptions.take(cutout.id, "m", description_of(vector))
    from napari_clumps.widgets.base.docks import find_dock

    window.viewer.window.add_plugin_dock_widget("napari-clumps", "Similar galaxies")
    window.settle(50)
    panel = window.panel("similar_panel")
    yield window, panel
    find_dock(panel).close()


def names(ui, ids):
    return [int(ui.controller.session.review.cutout(i).name.split("-")[1]) for i in ids]


def cutout_of(ui, number):
    review = ui.controller.session.review
    return next(c for c in review.cutouts() if c.name == f"galaxy-{number}")


def test_those_like_the_current_galaxy_come_after_it(described):
    ui, panel = described
    ui.controller.navigator.go_to(cutout_of(ui, 2).id)
    panel.like_current()
    ui.settle(50)
    shown = names(ui, ui.controller.similar.ids)
    assert shown[0] == 2
    assert {k % 3 for k in shown[:4]} == {2}
    assert len(shown) == 13
    assert panel.cells.count() == 13
    assert "like galaxy-2, of 13" in ui.panel("similar_words").whole_text()


def test_selected_ones_are_put_first_in_the_queue(described):
    ui, panel = described
    panel.like_current()
    ui.settle(50)
    panel.grid.select_places([3, 1])
    chosen = panel.selected()
    panel.put_first()
    assert list(ui.controller.session.queue.ids[:2]) == chosen
    assert ui.controller.session.review.queue_plan.order == "custom list"


def test_the_oddest_is_found_in_the_background(described):
    ui, panel = described
    similar = ui.controller.similar
    similar.oddest()
    ui.qtbot.waitUntil(lambda: bool(similar.ids))
    assert names(ui, similar.ids)[0] == 13
    assert panel.cells.count() == 13


def test_double_click_shows_the_galaxy(described):
    ui, panel = described
    panel.like_current()
    panel.grid.setCurrentIndex(panel.cells.index(5))
    panel.open()
    assert ui.controller.session.cutout.id == ui.controller.similar.ids[5]


def test_it_says_why_there_are_none(described, tmp_path):
    ui, panel = described
    ui.controller.open_paths([make_galaxies(tmp_path / "one", 1)])
    panel.like_current()
    assert "No galaxy is described yet" in panel.grid.empty_words
    ui.controller.close_review()
    panel.like_current()
    assert panel.grid.empty_words == "No review is open."
    panel.put_first()
    panel.like_selected()


def test_those_of_a_tag_come_before_what_is_like_them(described):
    ui, panel = described
    review = ui.controller.session.review
    chosen = [cutout_of(ui, 3).id, cutout_of(ui, 6).id]
    review.add_tag(chosen, "edge-on")
    panel._list_tags()
    [action] = panel._tagged.menu().actions()
    assert action.text() == "edge-on  (2)"
    action.trigger()
    ui.settle(50)
    shown = names(ui, ui.controller.similar.ids)
    assert set(shown[:2]) == {3, 6}
    assert {k % 3 for k in shown[:4]} == {0}
    assert "the 2 tagged “edge-on”" in ui.panel("similar_words").whole_text()


def test_selected_ones_are_tagged_flagged_and_rated_in_one_step_each(described):
    from qtpy.QtCore import Qt

    ui, panel = described
    review = ui.controller.session.review
    panel.like_current()
    ui.settle(50)
    panel.grid.select_places([1, 2, 4])
    chosen = panel.selected()
    ui.qtbot.keyClicks(panel._tag, "ring")
    ui.qtbot.keyClick(panel._tag, Qt.Key.Key_Return)
    assert review.tagged("ring") == sorted(chosen)
    panel.flag("merger")
    assert all(review.cutout(i).flags == ("merger",) for i in chosen)
    ui.controller.remarks.selected = panel.selected  # as where the grid has the focus
    ui.key("2")
    assert review.interests() == dict.fromkeys(sorted(chosen), 2)
    assert "★" not in panel.cells.words(1)
    assert "merger, ring" in panel.cells.words(1)
    for _ in range(3):
        review.undo()
    assert (review.tags(), review.interests()) == ({}, {})


def test_what_was_rated_counts_and_is_left_out(described):
    ui, _ = described
    review, similar = ui.controller.session.review, ui.controller.similar
    ids = {k: cutout_of(ui, k).id for k in range(1, 14)}
    review.set_interest([ids[1], ids[4]], 3)
    review.set_interest([ids[2], ids[3], ids[5], ids[13]], 0)
    similar.oddest()
    ui.qtbot.waitUntil(lambda: bool(similar.ids))
    shown = names(ui, similar.ids)
    assert sorted(shown) == [6, 7, 8, 9, 10, 11, 12]
    assert shown[0] % 3 == 1
    assert "without the 6 that you rated" in similar.words
