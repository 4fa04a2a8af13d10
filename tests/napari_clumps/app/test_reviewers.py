"""Two reviewers in the window: merging, settling, and showing cutouts again."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from napari_clumps.review import QueuePlan, Review, Status
from tests.helpers.resources import PATIENCE

pytestmark = pytest.mark.gui


@pytest.fixture
def team(ui):
    """A window with the dock "Reviewers" and Ben's file of the same cutouts."""
    from napari_clumps.panels.reviewers import ReviewersPanel

    c = ui.controller
    c.session.choose(annotator="Ada")
    path = c.session.review.path.with_name("ben.clumps")
    shutil.copy(c.session.review.path, path)
    panel = ReviewersPanel(ui.viewer)
    ui.qtbot.addWidget(panel)
    panel.show()
    with Review.open(path) as ben:
        ben.annotator = "Ben"
        one, two, three = (box.id for box in ben.boxes(1))
        ben.finish(1, [one, three])
        ben.reject(two)
    return ui, panel, path


def words(panel, name: str) -> str:
    from qtpy.QtWidgets import QLabel

    return panel.findChild(QLabel, name).text()


def click(panel, name: str) -> None:
    from qtpy.QtWidgets import QPushButton

    panel.findChild(QPushButton, f"button_{name}").click()


def wait_for_merge(ui) -> None:
    job = ui.controller.exchange.merging
    ui.qtbot.waitUntil(lambda: not job.running, timeout=90_000)


def choose_file(monkeypatch, path: Path) -> None:
    from qtpy.QtWidgets import QFileDialog

    chosen = staticmethod(lambda *_: (str(path), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", chosen)
    several = staticmethod(lambda *_: ([str(path)], ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", several)


def test_two_reviewers_are_drawn_with_the_model_beside_them(
    team, monkeypatch, tmp_path
):
    from qtpy.QtWidgets import QFileDialog, QLabel

    ui, panel, path = team
    picture = panel.findChild(QLabel, "ceiling_picture")
    assert not picture.isVisible()
    for _ in range(3):
        ui.key("A")
    ui.key("Return")
    choose_file(monkeypatch, path)
    click(panel, "compare_review")
    said = words(panel, "reviewers_words")
    assert "Two of them agree with an F1 of 0.80" in said
    assert "the model and one of them of 0.90" in said
    assert picture.isVisible()
    assert picture.pixmap().width() >= 300
    saved = staticmethod(lambda *_: (str(tmp_path / "agreement.pdf"), ""))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", saved)
    click(panel, "save_ceiling")
    assert (tmp_path / "agreement.pdf").read_bytes().startswith(b"%PDF")
    ui.controller.session.review_modified.emit()  # what was said of it goes, too
    assert "Two of them" not in words(panel, "reviewers_words")
    assert not picture.isVisible()


def test_three_reviewers_are_compared_at_once(team, monkeypatch):
    from qtpy.QtWidgets import QFileDialog

    ui, panel, path = team
    third = path.with_name("cleo.clumps")
    shutil.copy(path, third)
    for _ in range(3):
        ui.key("A")
    ui.key("Return")
    names = [str(path), str(third)]
    chosen = staticmethod(lambda *_: (names, ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", chosen)
    click(panel, "compare_review")
    said = words(panel, "reviewers_words")
    assert "1 cutout done by Ada (galaxies.clumps), Ben (ben.clumps) and Ben" in said
    assert "3 places that one of them marked or decided on, 2 called" in said
    assert "skill" in said


def wait_for_comparison(ui) -> None:
    job = ui.controller.comparing
    ui.qtbot.waitUntil(lambda: not job.running, timeout=90_000)


def test_a_catalogue_is_compared_and_where_it_differs_comes_first(team, monkeypatch):
    from qtpy.QtWidgets import QPushButton

    ui, panel, path = team
    c = ui.controller
    for cutout in (1, 2):
        c.navigator.go_to(cutout)
        box = c.session.opened.add(cutout, (30.0, 30.0, 40.0, 40.0), "clump")
        c.session.opened.finish(cutout, [])
    names = [c.session.opened.cutout(k).source.path.name for k in (1, 2)]
    table = path.with_name("other.csv")
    table.write_text(
        f"file,x1,y1,x2,y2\n{names[0]},30,30,40,40\n{names[1]},90,90,100,100\n"
    )
    choose_file(monkeypatch, table)
    button = panel.findChild(QPushButton, "button_differing_first")
    assert button.isHidden()
    click(panel, "compare_catalogue")
    wait_for_comparison(ui)
    said = words(panel, "compared_words")
    assert "2 galaxies: 1 clump in both" in said
    assert not button.isHidden()
    c.navigator.choose_queue(QueuePlan("catalogue", "not done"))
    click(panel, "differing_first")
    assert c.session.cutout.id == 2
    assert c.session.queue.ids[0] == 2
    assert c.session.opened.box(box.id).kept
    choose_file(monkeypatch, path)
    click(panel, "compare_catalogue")
    wait_for_comparison(ui)
    assert "ben.clumps" in words(panel, "compared_words")
    c.close_review()
    assert c.comparing.found is None


def test_what_lies_on_no_galaxy_is_said(team, monkeypatch):
    from napari.utils.notifications import notification_manager

    ui, panel, path = team
    c = ui.controller
    c.session.opened.add(1, (30.0, 30.0, 40.0, 40.0), "clump")
    table = path.with_name("other.csv")
    table.write_text("file,x1,y1,x2,y2\nelsewhere.png,30,30,40,40\n")
    choose_file(monkeypatch, table)
    notification_manager.records.clear()
    click(panel, "compare_catalogue")
    wait_for_comparison(ui)
    ui.settle(50)
    (record,) = notification_manager.records
    assert "none of its clumps lies on a galaxy of the review" in record.message


def test_merge_and_settle(team, monkeypatch):
    ui, panel, path = team
    c = ui.controller
    for _ in range(3):
        ui.key("A")
    ui.key("Return")
    assert c.session.review.cutout(1).done
    choose_file(monkeypatch, path)
    click(panel, "compare_review")
    assert "2 of 3 proposals are decided alike" in words(panel, "reviewers_words")
    click(panel, "merge_review")
    wait_for_merge(ui)
    assert "1 unresolved disagreement." in words(panel, "reviewers_open")
    assert "2 of 3 proposals are decided alike" in words(panel, "reviewers_words")
    click(panel, "disagreements")
    assert c.session.cutout.id == 1
    assert c.session.shown.current == c.session.shown.boxes[1].id
    assert ui.statuses() == ["accepted", "proposal", "accepted"]
    label = c.session.canvas.boxes.features["label"][1]
    c.session.shown.select(c.session.shown.boxes[1].id)
    label = c.session.canvas.boxes.features["label"][1]
    assert "Ada: clump" in label
    assert "Ben: none" in label
    ui.key("R")
    assert c.session.review.disagreements == 0
    assert words(panel, "reviewers_open") == ""
    ui.key("Z", control=True)
    ui.key("Z", control=True)
    assert c.session.review.disagreements == 0
    assert [b.status for b in c.session.review.boxes(1)] == [Status.ACCEPTED] * 3


def test_a_disagreement_is_shown_whatever_the_threshold(team):
    ui, _, path = team
    c = ui.controller
    ui.key("A")
    ui.key("A")
    c.exchange.merge(path)
    wait_for_merge(ui)
    c.session.threshold = 0.99
    assert [b.status for b in c.session.shown.boxes if b.opinions] == [
        Status.ACCEPTED, Status.PROPOSAL, Status.ACCEPTED,
    ]  # fmt: skip


def test_a_file_that_is_no_review_is_a_message(team, monkeypatch, tmp_path):
    ui, panel, _ = team
    bad = tmp_path / "bad.clumps"
    bad.write_text("no review")
    choose_file(monkeypatch, bad)
    said = []
    ui.controller.session.said.connect(said.append)
    click(panel, "merge_review")
    wait_for_merge(ui)
    click(panel, "compare_review")
    assert len(said) == 2
    assert all("bad.clumps" in line for line in said)


def test_the_name_goes_with_each_decision(team):
    from qtpy.QtWidgets import QLineEdit

    ui, panel, _ = team
    name = panel.findChild(QLineEdit, "reviewer_name")
    name.setText(" Eve ")
    name.editingFinished.emit()
    ui.key("A")
    assert ui.controller.session.shown.boxes[0].annotator == "Eve"


def test_cutouts_come_again_without_a_sign(team):
    ui, panel, _ = team
    c = ui.controller
    c.decisions.accept_rest()
    click(panel, "show_again")
    assert len(c.session.queue) == 5
    c.navigator.go_to(5)
    assert c.session.cutout.name == "galaxy-1"
    assert ui.statuses() == ["proposal"] * 3
    c.decisions.accept_rest()
    assert "3 of 3 proposals are decided alike" in " ".join(
        c.reviewers.self_consistency()
    )


def test_a_merge_that_is_cancelled_changes_nothing(team, monkeypatch):
    from qtpy.QtWidgets import QProgressBar, QPushButton

    from napari_clumps.jobs import exchange

    ui, panel, path = team
    c = ui.controller
    before = c.session.review.boxes(1)
    said, pressed = [], threading.Event()
    c.session.said.connect(said.append)
    compare = exchange.compare_reviews

    def waiting(*reviews):
        pressed.wait(PATIENCE)
        return compare(*reviews)

    monkeypatch.setattr(exchange, "compare_reviews", waiting)
    bar = panel.findChild(QProgressBar, "progress_merging")
    assert not bar.isVisible()
    c.exchange.merge(path)
    assert bar.isVisible()
    panel.findChild(QPushButton, "button_cancel_merging").click()
    pressed.set()
    wait_for_merge(ui)
    assert not bar.isVisible()
    assert said == ["Cancelled: nothing was merged."]
    assert c.session.review.boxes(1) == before
    assert c.session.review.check() == []
