"""The review in the real window: keys, mouse, table and messages."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from clump_detector.models.card import read_card, write_card
from clump_detector.models.registry import resolve_model
from napari_clumps.review import Proposal, Review, Status

pytestmark = pytest.mark.gui


def test_the_first_proposal_is_current_and_highest_first(ui):
    assert ui.statuses() == ["proposal"] * 3
    shown = ui.controller.session.shown
    assert shown.box(shown.current).score == 0.9


def test_a_accepts_and_goes_to_the_next_undecided(ui):
    ui.key("A")
    assert ui.statuses() == ["accepted", "proposal", "proposal"]
    shown = ui.controller.session.shown
    assert shown.box(shown.current).score == 0.7


def test_r_rejects_and_goes_round(ui):
    ui.controller.session.shown.select(ui.controller.session.shown.boxes[2].id)
    ui.key("R")
    assert ui.statuses() == ["proposal", "proposal", "rejected"]
    assert (
        ui.controller.session.shown.current == ui.controller.session.shown.boxes[0].id
    )


def test_a_decision_is_on_disk_before_the_next_key(ui):
    ui.key("A")
    with Review.open(ui.controller.session.review.path, read_only=True) as other:
        assert other.boxes(1)[0].status is Status.ACCEPTED


def test_d_and_a_drag_draw_a_box(ui):
    ui.key("D")
    assert ui.controller.session.canvas.drawing
    ui.drag((120, 80), (140, 104))
    ui.settle(50)
    drawn = [b for b in ui.controller.session.shown.boxes if b.status is Status.DRAWN]
    assert len(drawn) == 1
    assert drawn[0].corners == pytest.approx((120, 80, 140, 104), abs=0.8)
    assert drawn[0].score is None
    assert not ui.controller.session.canvas.drawing
    assert ui.controller.session.shown.current == drawn[0].id


def test_d_draws_also_after_boxes_were_hidden_while_drawing(ui):
    canvas = ui.controller.session.canvas
    ui.key("D")
    ui.key("H")
    assert not canvas.visible
    ui.key("H")
    assert not canvas.drawing
    for wanted in (True, False, True):
        ui.key("D")
        assert canvas.drawing is wanted
    canvas.boxes.visible = False  # by the eye in the layer list
    ui.key("D")
    assert canvas.visible
    assert canvas.drawing
    ui.drag((120, 80), (140, 104))
    ui.settle(50)
    assert ui.statuses()[-1] == "drawn"


def test_a_click_in_drawing_makes_no_box_and_says_why(ui):
    said = []
    ui.controller.session.said.connect(said.append)
    ui.key("D")
    ui.click((120, 80))
    ui.settle(50)
    assert ui.statuses() == ["proposal"] * 3
    assert any("drag" in line for line in said)
    assert len(ui.controller.session.canvas.boxes.data) == 3


def test_dragging_a_box_is_an_edit(ui):
    ui.controller.session.shown.select(ui.controller.session.shown.boxes[0].id)
    ui.settle(50)
    ui.drag((47, 63), (57, 68))
    ui.settle(50)
    box = ui.controller.session.shown.boxes[0]
    assert box.status is Status.EDITED
    assert box.corners == pytest.approx((50, 55, 70, 75), abs=0.8)
    assert box.score == 0.9


def test_dragging_a_corner_is_an_edit(ui):
    ui.controller.session.shown.select(ui.controller.session.shown.boxes[0].id)
    ui.settle(50)
    ui.drag((60, 70), (66, 78))
    ui.settle(50)
    box = ui.controller.session.shown.boxes[0]
    assert box.status is Status.EDITED
    assert box.corners == pytest.approx((40, 50, 66, 78), abs=1.0)


def test_c_gives_the_next_class_and_goes_round(ui):
    ui.key("C")
    assert ui.controller.session.shown.boxes[0].cls == "odd clump"
    ui.key("C")
    assert ui.controller.session.shown.boxes[0].cls == "clump"


def test_space_accepts_what_is_left_and_goes_on(ui):
    ui.key("R")
    ui.key("Space")
    assert ui.controller.session.cutout.id == 2
    statuses = [b.status.value for b in ui.controller.session.review.boxes(1)]
    assert statuses == ["rejected", "accepted", "accepted"]
    assert ui.controller.session.review.cutout(1).done


def test_space_leaves_done_alone_where_a_person_wants_that(ui):
    ui.controller.session.choose(done_with_space=False)
    ui.key("Space")
    assert not ui.controller.session.review.cutout(1).done
    assert ui.controller.session.cutout.id == 2


def test_n_and_p_go_through_the_queue_and_stop_at_its_ends(ui):
    ui.key("P")
    assert ui.controller.session.cutout.id == 1
    for expected in (2, 3, 4, 4):
        ui.key("N")
        assert ui.controller.session.cutout.id == expected


def test_undo_and_redo_of_every_key(ui):
    c = ui.controller

    def state():
        return [
            (b.id, b.corners, b.cls, b.status) for b in c.session.review.boxes(1)
        ], c.session.review.cutout(1).done

    states = [state()]
    ui.key("A")
    states.append(state())
    ui.key("R")
    states.append(state())
    ui.key("C")
    states.append(state())
    ui.key("D")
    ui.drag((120, 80), (140, 104))
    ui.settle(50)
    states.append(state())
    ui.key("Space")
    states.append(state())
    for expected in reversed(states[:-1]):
        ui.key("Z", control=True)
        assert state() == expected
    for expected in states[1:]:
        ui.key("Z", control=True, shift=True)
        assert state() == expected


def test_undo_after_a_restart(ui):
    ui.key("A")
    path = ui.controller.session.review.path
    ui.controller.close_review()
    ui.controller.open_paths([path])
    ui.settle(50)
    assert ui.statuses()[0] == "accepted"
    ui.key("Z", control=True)
    assert ui.statuses()[0] == "proposal"


def test_undo_goes_to_the_cutout_it_touches(ui):
    ui.key("A")
    ui.key("N")
    ui.key("Z", control=True)
    assert ui.controller.session.cutout.id == 1
    assert ui.statuses() == ["proposal"] * 3


def test_h_hides_and_shows_boxes_and_marks(ui):
    ui.key("H")
    assert not ui.controller.session.canvas.boxes.visible
    assert not ui.controller.session.canvas.marks.visible
    ui.key("H")
    assert ui.controller.session.canvas.boxes.visible


def test_enter_sets_done_only_when_all_is_decided(ui):
    ui.key("Return")
    assert not ui.controller.session.review.cutout(1).done
    for _ in range(3):
        ui.key("A")
    ui.key("Return")
    assert ui.controller.session.review.cutout(1).done
    assert ui.controller.session.cutout.id == 2
    ui.key("P")
    ui.key("Return")
    assert not ui.controller.session.review.cutout(1).done


def test_delete_rejects_and_never_removes_a_proposal(ui):
    ui.key("Delete")
    assert ui.statuses() == ["rejected", "proposal", "proposal"]
    assert len(ui.controller.session.canvas.boxes.data) == 3


def test_napari_s_own_delete_action_rejects_too(ui):
    ui.controller.session.canvas.boxes.remove_selected()
    ui.settle(50)
    assert ui.statuses() == ["rejected", "proposal", "proposal"]
    assert len(ui.controller.session.canvas.boxes.data) == 3


def test_the_table_and_the_canvas_select_the_same_box(ui):
    table = ui.panel("box_table")
    ui.controller.session.shown.select(ui.controller.session.shown.boxes[1].id)
    assert [i.row() for i in table.selectionModel().selectedRows()] == [1]
    rect = table.visualRect(table.model().index(2, 0))
    from qtpy.QtCore import Qt

    button = Qt.MouseButton.LeftButton
    ui.qtbot.mouseClick(table.viewport(), button, pos=rect.center())
    ui.settle()
    assert (
        ui.controller.session.shown.current == ui.controller.session.shown.boxes[2].id
    )
    assert set(ui.controller.session.canvas.boxes.selected_data) == {2}
    ui.click((109, 40))
    ui.settle(50)
    assert (
        ui.controller.session.shown.current == ui.controller.session.shown.boxes[1].id
    )
    assert [i.row() for i in table.selectionModel().selectedRows()] == [1]


def test_the_table_shows_class_score_and_status(ui):
    ui.key("A")
    model = ui.panel("box_table").model()
    row = [model.data(model.index(0, column)) for column in range(4)]
    assert row == ["clump", "0.90", "", "accepted"]


def test_the_threshold_hides_undecided_proposals_only(ui):
    ui.controller.session.shown.select(ui.controller.session.shown.boxes[2].id)
    ui.key("A")
    ui.panel("threshold").setValue(0.8)
    ui.settle()
    assert [b.score for b in ui.controller.session.shown.boxes] == [0.9, 0.5]
    assert len(ui.controller.session.canvas.boxes.data) == 2
    ui.panel("threshold").setValue(0.3)
    assert len(ui.controller.session.shown.boxes) == 3


def test_another_model_has_a_threshold_of_its_own(ui, tmp_path, monkeypatch):
    """Choosing it hides no proposal of the model that made those shown."""
    models = tmp_path / "models"
    monkeypatch.setenv("NAPARI_CLUMPS_MODELS", str(models))
    shutil.copytree(resolve_model("starter"), models / "strict")
    card = replace(read_card(models / "strict"), weights="a" * 64, default_score=0.8)
    write_card(models / "strict", card)
    c = ui.controller
    held_out = {i for i in c.session.review.ids if c.session.review.cutout(i).held_out}
    one, two = sorted({2, 3, 4} - held_out)[:2]
    c.take_proposals(one, [PROPOSED], starter_id(), (160, 160))
    c.navigator.go_to(one)
    c.session.threshold = 0.4
    c.detection.choose_model("strict")
    assert [b.score for b in c.session.shown.boxes] == [0.5]
    assert ui.panel("threshold").value() == 0.4
    assert f"proposals of {starter_id()}" in ui.panel("expected").text()
    c.take_proposals(two, [PROPOSED], card.model_id, (160, 160))
    c.navigator.go_to(two)
    assert (c.session.shown.boxes, c.session.shown.below_threshold) == ([], 1)
    assert ui.panel("threshold").value() == 0.8
    assert ui.panel("expected").text().startswith("Expected from here up")
    ui.panel("threshold").setValue(0.45)
    assert [b.score for b in c.session.shown.boxes] == [0.5]
    c.navigator.go_to(one)
    assert ui.panel("threshold").value() == 0.4


PROPOSED = Proposal(10, 10, 30, 30, "clump", 0.5)


def starter_id():
    return read_card(resolve_model("starter")).model_id


def test_the_rest_is_rejected_by_a_key(ui):
    ui.key("A")
    ui.key("X")
    c = ui.controller
    assert c.session.cutout.id == 2
    assert c.session.review.cutout(1).done
    assert [b.status.value for b in c.session.review.boxes(1)] == [
        "accepted", "rejected", "rejected",
    ]  # fmt: skip
    ui.key("Z", control=True)  # one step
    assert ui.statuses() == ["accepted", "proposal", "proposal"]
    c.session.choose(done_with_space=False)
    ui.key("X")
    assert not c.session.review.cutout(1).done
    assert [b.status.value for b in c.session.review.boxes(1)][1:] == ["rejected"] * 2


def test_a_drawn_box_that_is_rejected_is_said_to_be_gone(ui):
    c = ui.controller
    drawn = c.session.review.add(1, (100, 100, 120, 120), "clump").id
    ui.settle()
    c.session.shown.select(drawn)
    ui.key("R")
    assert c.session.shown.box(drawn) is None
    assert "Ctrl+Z brings it back" in ui.panel("said").text()
    ui.key("Z", control=True)
    assert c.session.shown.box(drawn) is not None


def test_what_was_said_of_a_cutout_is_not_said_of_the_next(ui):
    ui.controller.session.say("Of the first one.")
    ui.key("N")
    assert ui.viewer.status == "galaxy-2"
    assert ui.panel("said").text() == ""


def test_a_box_out_of_sight_is_brought_into_view(ui):
    camera = ui.viewer.scene.camera
    camera.zoom = 40
    camera.center = (0, 60, 50)
    ui.controller.session.shown.select(ui.controller.session.shown.boxes[2].id)
    y, x = camera.center[-2:]
    assert abs(y - 130.5) < 1
    assert abs(x - 81) < 1


def test_the_panel_says_where_one_is(ui):
    assert ui.panel("cutout_name").whole_text() == "galaxy-1"
    assert "1 of 4" in ui.panel("queue_place").text()
    ui.key("Space")
    assert "2 of 4" in ui.panel("queue_place").text()
    assert ui.panel("review_progress").value() == 1


def test_a_missing_image_is_said_and_its_decisions_stay(ui, galaxies):
    ui.key("A")
    ui.key("N")
    moved = galaxies.parent / "elsewhere"
    moved.mkdir()
    shutil.move(galaxies / "galaxy-1.png", moved / "galaxy-1.png")
    ui.controller.session.pictures.forget()
    ui.key("P")
    assert "galaxy-1.png" in ui.panel("cutout_warning").text()
    assert ui.panel("cutout_warning").isVisible()
    assert ui.statuses()[0] == "accepted"
    ui.controller.relocate(moved)
    ui.settle(50)
    assert ui.controller.session.picture.problem is None
    assert ui.statuses()[0] == "accepted"


def test_a_review_open_elsewhere_is_read_only_and_says_so(ui):
    import napari

    from napari_clumps.plugin.window import controller_of

    viewer = napari.Viewer(show=False)
    other = controller_of(viewer)
    said = []
    other.session.said.connect(said.append)
    other.session.threshold = 0.3
    try:
        other.open_paths([ui.controller.session.review.path])
        assert other.session.review.read_only
        assert said
        other.decisions.accept()
        assert [b.status for b in other.session.shown.boxes] == [Status.PROPOSAL] * 3
    finally:
        other.close()
        viewer.close()


def test_a_folder_opened_again_goes_on_and_takes_new_images(ui, galaxies):
    ui.key("Space")
    shutil.copy(galaxies / "galaxy-2.png", galaxies / "galaxy-5.png")
    ui.controller.close_review()
    ui.controller.open_paths([galaxies])
    assert len(ui.controller.session.review) == 5
    assert ui.controller.session.review.cutout(1).done
    assert ui.controller.session.cutout.id == 2


def test_opening_what_is_no_review_keeps_the_open_one(ui, tmp_path):
    bad = tmp_path / "bad.clumps"
    bad.write_text("nothing")
    said = []
    ui.controller.session.said.connect(said.append)
    ui.controller.open_paths([bad])
    assert str(bad) in said[-1]
    assert len(ui.controller.session.review) == 4


def test_modes_that_bend_boxes_are_left_at_once(ui):
    boxes = ui.controller.session.canvas.boxes
    for mode in ("add_polygon", "vertex_insert", "direct", "add_ellipse"):
        boxes.mode = mode
        ui.settle()
        assert boxes.mode == "select"


def test_a_turned_box_is_refused_and_comes_back(ui):
    boxes = ui.controller.session.canvas.boxes
    boxes.selected_data = {0}
    boxes._rotate_box(30, center=[60, 50])
    boxes.events.data(
        value=boxes.data, action="changed", data_indices=(0,), vertex_indices=((),)
    )
    ui.settle(50)
    assert ui.statuses() == ["proposal"] * 3
    assert ui.controller.session.shown.boxes[0].corners == (40, 50, 60, 70)


def test_export_button_writes_a_label_set(ui, tmp_path, monkeypatch):
    from qtpy.QtCore import Qt
    from qtpy.QtWidgets import QFileDialog, QPushButton

    from clump_detector.labels.label_set import read_label_set

    ui.key("A")
    out = tmp_path / "labels.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(out), ""))
    button = ui.panel("review_panel").findChild(QPushButton, "button_export")
    ui.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    ui.qtbot.waitUntil(out.is_file)  # it is written in the background
    labels = read_label_set(out)
    assert labels.n_boxes == 1
    assert sum(b.ignored for b in labels.cutouts[0].boxes) == 2


def test_boxes_that_change_while_they_are_hidden_come_back_right(ui):
    ui.propose(2)
    ui.key("H")
    ui.key("A")  # a box less with dashes: napari has no colour for the old ones
    ui.key("N")
    ui.controller.session.review.reject(ui.controller.session.shown.boxes[0].id)
    ui.settle(50)
    ui.key("H")
    marks = ui.controller.session.canvas.marks
    assert len(marks.data) == len(marks.edge_color) > 2


def limited(review: Review) -> None:
    """Let the review's file grow no further, for the connection that is open."""
    pages = review._store.value("PRAGMA page_count")
    review._store.rows(f"PRAGMA max_page_count = {pages}")


def until_it_waits(ui) -> int:
    n = 0
    while not ui.controller.session.review.waiting:
        ui.controller.session.review.add(1, (10, 10, 30, 30), "clump")
        n += 1
    return n


def test_on_a_full_disk_one_goes_on_and_all_is_written_later(ui):
    c = ui.controller
    said = []
    c.session.said.connect(said.append)
    limited(c.session.review)
    until_it_waits(ui)
    assert any("kept in memory" in line for line in said)
    assert "unsaved – disk not writable" in ui.panel("queue_place").text()
    ui.key("A")  # the disk takes it again
    assert not c.session.review.waiting
    assert "waiting" not in ui.panel("queue_place").text()
    n = len(c.session.review.boxes(1))
    with Review.open(c.session.review.path, read_only=True) as other:
        assert len(other.boxes(1)) == n
        assert other.boxes(1)[0].status is Status.ACCEPTED


def test_a_copy_is_kept_where_the_disk_never_comes_back(ui, own_home):
    c = ui.controller
    said = []
    c.session.said.connect(said.append)
    limited(c.session.review)
    until_it_waits(ui)
    n = len(c.session.review.boxes(1))
    path = c.session.review.path
    path.rename(path.with_suffix(".gone"))
    c.close_review()
    (copy,) = (own_home / "data" / "rescued").glob("*.clumps")
    assert any(str(copy) in line for line in said)
    with Review.open(copy) as rescued:
        assert rescued.check() == []
        assert len(rescued.boxes(1)) == n
        assert rescued.cutout(1).source.path.is_file()


def test_words_fit_their_buttons_in_a_large_font(ui):
    """Whoever reads large letters reads whole words."""
    from qtpy.QtWidgets import QPushButton

    from napari_clumps.panels.review import ReviewPanel

    panel = ReviewPanel(ui.viewer)
    ui.qtbot.addWidget(panel)
    panel.setStyleSheet("* { font-size: 22pt; }")
    panel.show()
    panel.resize(10, 10)  # as narrow as it lets itself be made
    ui.settle(100)
    seen = [b for b in panel.findChildren(QPushButton) if b.isVisible()]
    assert len(seen) > 10
    for button in seen:
        words = button.fontMetrics().horizontalAdvance(button.text())
        assert button.width() >= words, button.text()
