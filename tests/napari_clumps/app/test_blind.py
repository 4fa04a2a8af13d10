"""Held-out galaxies in the real window: marked first, then the boxes without a name."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QLabel, QTableView

from clump_detector.image_files.sources import find_sources
from napari_clumps.review import Proposal, Review, Status
from napari_clumps.settings.settings import Settings, load_settings
from tests.helpers.review_window import MODEL, PROPOSED

pytestmark = pytest.mark.gui


@pytest.fixture
def blind(window, galaxies):
    """A window with a held-out galaxy on which two models have proposed boxes."""
    c = window.controller
    c.session.choose(blind_test=True)
    path = galaxies.parent / "test.clumps"
    Review.create(path, find_sources([galaxies]), held_out=0.99).close()
    c.session.threshold = 0.3
    c.open_paths([path])
    here = next(r.id for r in c.session.review.cutouts() if r.held_out)
    c.navigator.go_to(here)
    window.propose(here)
    rows = ((41, 50, 61, 70, 0.8), (20, 20, 40, 38, 0.6), (120, 90, 140, 110, 0.1))
    found = [Proposal(*row[:4], "clump", row[4]) for row in rows]
    c.take_proposals(here, found, "newer-model", (160, 160))
    window.settle(50)
    return window


def note(ui) -> str:
    label = ui.panel("review_panel").findChild(QLabel, "test_note")
    return label.text() if label.isVisible() else ""


def table(ui) -> list[list[str]]:
    model = ui.panel("review_panel").findChild(QTableView, "box_table").model()
    columns = range(model.columnCount())
    return [
        [str(model.index(row, column).data()) for column in columns]
        for row in range(model.rowCount())
    ]


def mark(ui, corners=(98, 28, 120, 52)) -> None:
    c = ui.controller
    before = len(c.session.shown.boxes)
    ui.key("D")
    ui.drag(corners[:2], corners[2:])
    ui.qtbot.waitUntil(lambda: len(c.session.shown.boxes) > before)
    ui.settle(50)


def test_it_is_on_unless_a_person_switches_it_off():
    assert Settings().blind_test


def test_proposals_are_hidden_until_all_is_marked(blind):
    c = blind.controller
    assert "mark every clump you see" in note(blind)
    assert len(c.session.review.boxes(c.session.cutout.id)) == 6
    assert c.session.shown.boxes == []
    assert table(blind) == []
    words = blind.panel("no_boxes").findChild(QLabel, "no_boxes_words")
    assert words.text() == "No clump is marked yet"
    assert len(blind.controller.session.canvas.boxes.data) == 0
    mark(blind)
    assert blind.statuses() == ["drawn"]
    blind.key("Space")
    assert c.session.cutout.blind
    assert not c.session.cutout.done
    assert "decide on each box" in note(blind)


def test_boxes_come_at_random_and_without_a_name(blind):
    c = blind.controller
    mark(blind)
    blind.key("Space")
    assert blind.statuses() == ["drawn"] + ["proposal"] * 3
    assert (
        c.session.shown.current == c.session.shown.boxes[1].id
    )  # ready to be decided on
    assert [row[1] for row in table(blind)] == [""] * 4
    layer = c.session.canvas.boxes
    assert layer.features["score"].isna().all()
    assert not any("0." in label for label in layer.features["label"])
    shown = {(round(b.x1), round(b.y1)) for b in c.session.shown.undecided}
    # One box for what both see, none on the mark, and none that its model holds unsure.
    assert len(shown & {(40, 50), (41, 50)}) == 1
    assert {(20, 20), (70, 120)} < shown
    models = {c.session.review.box(b.id).model for b in c.session.shown.undecided}
    assert models == {MODEL, "newer-model"}


def test_space_accepts_none_that_nobody_looked_at(blind):
    c = blind.controller
    here = c.session.cutout.id
    mark(blind)
    said = []
    c.session.said.connect(said.append)
    blind.key("Space")
    assert said[-1] == "Decide on 3 boxes of the models: A accepts, R rejects."
    blind.key("Space")
    blind.key("Return")
    assert blind.statuses() == ["drawn"] + ["proposal"] * 3
    for key in "ARA":
        blind.key(key)
    assert note(blind) == ""
    blind.key("Space")
    assert c.session.cutout.id != here
    done = c.session.review.cutout(here)
    assert done.done
    assert done.blind
    c.navigator.go_to(here)
    assert sorted(blind.statuses()) == ["accepted", "accepted", "drawn", "rejected"]
    assert any(row[1] for row in table(blind))  # scores are no secret any more
    assert c.session.review.check() == []


def test_enter_shows_them_as_space_does(blind):
    mark(blind)
    blind.key("Return")
    assert blind.controller.session.cutout.blind
    assert len(blind.controller.session.shown.undecided) == 3


def test_where_no_box_is_left_to_decide_space_sets_it_done(blind):
    c = blind.controller
    here = next(
        r.id
        for r in c.session.review.cutouts()
        if r.held_out and r.id != c.session.cutout.id
    )
    c.navigator.go_to(here)
    blind.propose(here)
    for x1, y1, x2, y2, _ in PROPOSED:
        mark(blind, (x1 + 1, y1, x2 + 1, y2))
    blind.key("Space")
    assert c.session.review.cutout(here).done
    assert c.session.review.cutout(here).blind
    assert {b.status for b in c.session.review.boxes(here)} == {Status.DRAWN}


def test_a_galaxy_without_a_mark_is_asked_about(blind):
    c = blind.controller
    said = []
    c.session.said.connect(said.append)
    blind.key("Space")
    assert said[-1] == "Nothing is marked: press again if you see no clump here."
    assert not c.session.cutout.blind
    blind.key("Space")
    assert c.session.cutout.blind
    assert len(c.session.shown.undecided) == 4


def test_another_review_asks_anew(blind, galaxies):
    c = blind.controller
    here = c.session.cutout.id
    blind.key("Space")
    assert not c.session.cutout.blind
    c.close_review()
    path = galaxies.parent / "other.clumps"
    Review.create(path, find_sources([galaxies]), held_out=0.99).close()
    c.open_paths([path])
    c.navigator.go_to(here)
    assert c.session.shown.hidden
    blind.propose(here)
    blind.key("Space")
    assert not c.session.cutout.blind


def test_a_rejected_mark_shows_nothing_early(blind):
    c = blind.controller
    c.session.choose(go_on_after_last=True)
    mark(blind)
    blind.key("R")
    assert c.session.shown.boxes == []
    assert not c.session.cutout.blind
    assert c.session.shown.hidden


def test_undo_hides_them_again(blind):
    c = blind.controller
    mark(blind)
    blind.key("Space")
    blind.key("Z", control=True)
    assert blind.statuses() == ["drawn"]
    assert c.session.shown.hidden
    assert "mark every clump" in note(blind)
    blind.key("Z", control=True, shift=True)
    assert blind.statuses() == ["drawn"] + ["proposal"] * 3


def test_it_can_be_switched_off_where_it_is_explained(blind):
    c = blind.controller
    box = blind.panel("review_panel").findChild(QCheckBox, "blind_test")
    assert box.isChecked()
    assert "favour" in box.toolTip()
    blind.qtbot.mouseClick(box, Qt.MouseButton.LeftButton)
    blind.settle(50)
    assert not load_settings().blind_test
    assert note(blind) == ""
    assert len(c.session.shown.undecided) == 5
    assert "0.90" in {row[1] for row in table(blind)}
    blind.key("Space")
    done = next(r for r in c.session.review.cutouts() if r.done)
    assert not done.blind


def test_the_preferences_page_switches_it_off(blind):
    from napari.settings import get_plugin_settings

    page = get_plugin_settings("napari-clumps").review
    assert page.blind_test
    page.blind_test = False
    assert not blind.controller.session.shown.hidden
    assert not load_settings().blind_test


def test_the_gallery_shows_none_of_them(blind):
    c = blind.controller
    gallery = c.gallery
    gallery.refresh()
    assert len(gallery) == 0
    mark(blind)
    gallery.update()
    assert [gallery.crop(0).status] == [Status.DRAWN]
    blind.key("Space")
    gallery.refresh()
    assert len(gallery) == 1
    for left in (2, 1, 0):
        current = c.session.shown.current
        blind.key("A")
        assert len(c.session.shown.undecided) == left, (current, blind.statuses())
    blind.key("Space")
    gallery.refresh()
    assert len(gallery) == 4


def test_a_galaxy_to_learn_from_is_as_ever(blind, galaxies):
    c = blind.controller
    path = galaxies.parent / "learn.clumps"
    Review.create(path, find_sources([galaxies]), held_out=0.0).close()
    c.open_paths([path])
    blind.propose(1)
    blind.settle(50)
    assert load_settings().blind_test
    assert note(blind) == ""
    assert blind.statuses() == ["proposal"] * 3
    blind.key("Space")
    assert c.session.review.cutout(1).done
