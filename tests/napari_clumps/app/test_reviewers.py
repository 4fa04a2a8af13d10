"""Two reviewers in the window: merging, settling, and showing cutouts again."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from napari_clumps.review import Review, Status
from tests.helpers.resources import PATIENCE

pytestmark = pytest.mark.gui


@pytest.fixture
def team(desk):
    """A desk with the dock "Reviewers" and Ben's file of the same cutouts."""
    from napari_clumps.panels.reviewers import ReviewersPanel

    c = desk.controller
    c.session.choose(annotator="Ada")
    path = c.session.review.path.with_name("ben.clumps")
    shutil.copy(c.session.review.path, path)
    panel = ReviewersPanel(desk.viewer)
    desk.qtbot.addWidget(panel)
    panel.show()
    with Review.open(path) as ben:
        ben.annotator = "Ben"
        one, two, three = (box.id for box in ben.boxes(1))
        ben.finish(1, [one, three])
        ben.reject(two)
    return desk, panel, path


def words(panel, name: str) -> str:
    from qtpy.QtWidgets import QLabel

    return panel.findChild(QLabel, name).text()


def click(panel, name: str) -> None:
    from qtpy.QtWidgets import QPushButton

    panel.findChild(QPushButton, f"button_{name}").click()


def wait_for_merge(desk) -> None:
    job = desk.controller.exchange.merging
    desk.qtbot.waitUntil(lambda: not job.running, timeout=90_000)


def choose_file(monkeypatch, path: Path) -> None:
    from qtpy.QtWidgets import QFileDialog

    chosen = staticmethod(lambda *_: (str(path), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", chosen)


def test_merge_and_settle(team, monkeypatch):
    desk, panel, path = team
    c = desk.controller
    for _ in range(3):
        desk.key("A")
    desk.key("Return")
    assert c.session.review.cutout(1).done
    choose_file(monkeypatch, path)
    click(panel, "compare_review")
    assert "2 of 3 proposals are decided alike" in words(panel, "reviewers_words")
    click(panel, "merge_review")
    wait_for_merge(desk)
    assert "1 unresolved disagreement." in words(panel, "reviewers_open")
    assert "2 of 3 proposals are decided alike" in words(panel, "reviewers_words")
    click(panel, "disagreements")
    assert c.session.cutout.id == 1
    assert c.session.shown.current == c.session.boxes[1].id
    assert desk.statuses() == ["accepted", "proposal", "accepted"]
    label = c.session.canvas.boxes.features["label"][1]
    c.session.select(c.session.boxes[1].id)
    label = c.session.canvas.boxes.features["label"][1]
    assert "Ada: clump" in label
    assert "Ben: none" in label
    desk.key("R")
    assert c.session.review.disagreements == 0
    assert words(panel, "reviewers_open") == ""
    desk.key("Z", control=True)
    desk.key("Z", control=True)
    assert c.session.review.disagreements == 0
    assert [b.status for b in c.session.review.boxes(1)] == [Status.ACCEPTED] * 3


def test_a_disagreement_is_shown_whatever_the_threshold(team):
    desk, _, path = team
    c = desk.controller
    desk.key("A")
    desk.key("A")
    c.exchange.merge(path)
    wait_for_merge(desk)
    c.session.threshold = 0.99
    assert [b.status for b in c.session.boxes if b.opinions] == [
        Status.ACCEPTED, Status.PROPOSAL, Status.ACCEPTED,
    ]  # fmt: skip


def test_a_file_that_is_no_review_is_a_message(team, monkeypatch, tmp_path):
    desk, panel, _ = team
    bad = tmp_path / "bad.clumps"
    bad.write_text("no review")
    choose_file(monkeypatch, bad)
    said = []
    desk.controller.session.said.connect(said.append)
    click(panel, "merge_review")
    wait_for_merge(desk)
    click(panel, "compare_review")
    assert len(said) == 2
    assert all("bad.clumps" in line for line in said)


def test_the_name_goes_with_each_decision(team):
    from qtpy.QtWidgets import QLineEdit

    desk, panel, _ = team
    name = panel.findChild(QLineEdit, "reviewer_name")
    name.setText(" Eve ")
    name.editingFinished.emit()
    desk.key("A")
    assert desk.controller.session.boxes[0].annotator == "Eve"


def test_cutouts_come_again_without_a_sign(team):
    desk, panel, _ = team
    c = desk.controller
    c.decisions.accept_rest()
    click(panel, "show_again")
    assert len(c.session.queue) == 5
    c.navigator.go_to(5)
    assert c.session.cutout.name == "galaxy-1"
    assert desk.statuses() == ["proposal"] * 3
    c.decisions.accept_rest()
    assert "3 of 3 proposals are decided alike" in " ".join(
        c.reviewers.self_consistency()
    )


def test_a_merge_that_is_cancelled_changes_nothing(team, monkeypatch):
    from qtpy.QtWidgets import QProgressBar, QPushButton

    from napari_clumps.jobs import exchange

    desk, panel, path = team
    c = desk.controller
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
    wait_for_merge(desk)
    assert not bar.isVisible()
    assert said == ["Cancelled: nothing was merged."]
    assert c.session.review.boxes(1) == before
    assert c.session.review.check() == []
