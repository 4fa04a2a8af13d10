"""The page "Survey" in the real window, with a small dataset."""

from __future__ import annotations

import shutil
import sys
import time

import numpy as np
import pytest
from qtpy import QtWidgets
from qtpy.QtCore import Qt, QTimer

from clump_detector.survey_search.dataset.query import select
from napari_clumps.jobs import survey as jobs
from napari_clumps.review import Review
from tests.helpers.survey_dataset import make_survey

pytestmark = pytest.mark.gui


@pytest.fixture
def dataset(tmp_path):
    return make_survey(tmp_path / "survey", 12)


@pytest.fixture
def page(window):
    """The page, forgotten again after the test."""
    clumps = window.panel("clumps_panel")
    page = clumps.show_page("survey")
    said = []
    window.controller.session.said.connect(said.append)
    page.said = said
    yield page
    window.controller.session.said.disconnect(said.append)
    window.controller.surveys.close()
    page._dataset = None
    page._folder.setText("")
    for line in page._lines.values():
        line.clear()
    page._order.setCurrentIndex(0)
    page._most.setValue(500)


def child(page, name, kind="QWidget"):
    found = page.findChild(getattr(QtWidgets, kind), name)
    assert found is not None, name
    return found


def press(ui, page, name):
    ui.qtbot.mouseClick(child(page, f"button_{name}"), Qt.MouseButton.LeftButton)


def settled(ui):
    s = ui.controller.surveys
    every = (s.selecting, s.making, s.filling, s.taking_back)
    ui.qtbot.waitUntil(lambda: not any(job.running for job in every))
    ui.settle()


def ask(ui, page, where="", **lines):
    for key, text in {"where": where, **lines}.items():
        child(page, f"survey_{key}", "QLineEdit").setText(text)
    ui.qtbot.keyClick(child(page, "survey_where"), Qt.Key.Key_Return)
    settled(ui)


def words(page):
    return child(page, "survey_words", "QLabel").text()


def table(page):
    model = child(page, "survey_table", "QTableView").model()
    return [
        [model.data(model.index(i, j)) for j in range(model.columnCount())]
        for i in range(model.rowCount())
    ]


def test_matches_are_counted_and_the_first_ones_listed(
    window, page, dataset, monkeypatch
):
    chosen = staticmethod(lambda *_: str(dataset))
    monkeypatch.setattr(QtWidgets.QFileDialog, "getExistingDirectory", chosen)
    press(window, page, "dataset")
    settled(window)
    assert words(page) == "12 of 12 cutouts match."
    ask(window, page, "score > 0.3 and n_clumps > 9")
    assert words(page) == "2 of 12 cutouts match."
    assert table(page) == [
        ["galaxy-10", "10", "10", "0.80", "1.00", ""],
        ["galaxy-11", "11", "11", "0.79", "1.10", ""],
    ]
    ask(window, page, "", like="galaxy-3")
    assert table(page)[0][0] == "galaxy-3"
    ask(window, page, near="150 2 30", like="")
    assert [row[0] for row in table(page)] == ["galaxy-0"]


def test_order_and_number_are_those_of_the_review(window, page, dataset):
    page.show_dataset(dataset)
    page._order.setCurrentText("by name")
    page._most.setValue(3)
    ask(window, page)
    assert words(page) == "12 of 12 cutouts match, the first 3 of which are taken."
    assert len(table(page)) == 12  # the table shows more
    press(window, page, "review_selection")
    settled(window)
    review = window.controller.session.review
    assert review.path.parent == dataset / "reviews"
    assert [c.name for c in review.cutouts()] == ["galaxy-0", "galaxy-1", "galaxy-10"]


def test_they_are_reviewed_without_a_detection(window, page, dataset):
    page.show_dataset(dataset)
    ask(window, page, "n_boxes > 1")
    press(window, page, "review_selection")
    settled(window)
    session = window.controller.session
    assert session.cutout.name == "galaxy-2"
    assert window.statuses() == ["proposal", "proposal"]
    expected = select(dataset, "n_boxes > 1").names
    assert [c.name for c in session.review.cutouts()] == expected
    assert len(session.queue) == 10
    assert not window.controller.detection.running
    window.key("A")
    session.review.set_done(1, True)
    press(window, page, "take_back")
    settled(window)
    assert any("1 cutout is done" in line for line in page.said)
    ask(window, page, "reviewed")
    assert [(row[0], row[-1]) for row in table(page)] == [("galaxy-2", "yes")]


def test_more_are_added_to_the_open_review(window, page, dataset):
    page.show_dataset(dataset)
    ask(window, page, "n_boxes == 2")
    assert not child(page, "button_add_selection").isEnabled()  # none is open
    press(window, page, "review_selection")
    settled(window)
    before = window.controller.session.cutout
    ask(window, page, "n_boxes > 8")
    press(window, page, "add_selection")
    settled(window)
    session = window.controller.session
    names = [c.name for c in session.review.cutouts()]
    assert names == ["galaxy-2", "galaxy-9", "galaxy-10", "galaxy-11"]
    assert len(session.queue) == 4
    assert session.cutout == before
    assert any("3 cutouts will be added" in line for line in page.said)


def test_a_review_that_was_closed_too_early_goes_on(window, page, dataset):
    page.show_dataset(dataset)
    ask(window, page)
    made, _ = jobs.review_of(select(dataset), dataset / "a.clumps", first=1)
    made.close()
    window.controller.open_paths([dataset / "a.clumps"])
    settled(window)
    assert len(window.controller.session.review) == 12
    window.controller.close_review()
    with Review.open(dataset / "a.clumps", read_only=True) as review:
        assert review.survey.waiting == ()


def test_closing_a_review_ends_what_fills_it(window, page, dataset, monkeypatch):
    real = jobs.prepared

    def slow(*given):
        for some in real(*given):
            time.sleep(0.2)
            yield some

    monkeypatch.setattr(jobs, "prepared", slow)
    made, _ = jobs.review_of(select(dataset), dataset / "a.clumps", first=1)
    made.close()
    window.controller.open_paths([dataset / "a.clumps"])
    assert window.controller.surveys.filling.running
    window.controller.close_review()
    assert not window.controller.surveys.filling.running
    window.settle(500)
    with Review.open(dataset / "a.clumps", read_only=True) as review:
        assert len(review) + len(review.survey.waiting) == 12


def test_what_cannot_be_had_is_one_message(window, page, dataset):
    for k in (3, 5, 7, 9, 11):
        (dataset.parent / "cutouts" / f"galaxy-{k}.png").unlink()
    page.show_dataset(dataset)
    ask(window, page, "n_boxes > 0")
    press(window, page, "review_selection")
    settled(window)
    left_out = [line for line in page.said if "left out" in line]
    assert left_out
    assert "galaxy-3.png" in left_out[0]
    assert len(window.controller.session.review) == 6


@pytest.mark.parametrize(
    ("where", "near", "said"),
    [
        ("scroe > 1", "", "Did you mean score"),
        ("score >", "", "cannot be understood"),
        ("", "here", "no position with a radius"),
        ("score > 5", "", "0 of 12 cutouts match."),
    ],
)
def test_bad_questions_are_answered_in_words(window, page, dataset, where, near, said):
    page.show_dataset(dataset)
    settled(window)
    assert child(page, "button_review_selection").isEnabled()
    ask(window, page, where, near=near)
    assert said in words(page)
    assert table(page) == []
    assert not child(page, "button_review_selection").isEnabled()


def test_a_folder_that_is_no_dataset_or_damaged(window, page, dataset, tmp_path):
    page.show_dataset(tmp_path)
    settled(window)
    assert "not the dataset of a survey" in words(page)
    shutil.rmtree(dataset / "tables")
    page.show_dataset(dataset)
    settled(window)
    assert "not put together yet" in words(page)


def test_asking_freezes_nothing_and_the_last_question_counts(
    window, page, dataset, monkeypatch
):
    real = jobs.answer

    def slow(dataset, question):
        time.sleep(0.5)
        return real(dataset, question)

    monkeypatch.setattr(jobs, "answer", slow)
    ticks = []
    timer = QTimer()
    timer.timeout.connect(lambda: ticks.append(time.thread_time()))
    timer.start(5)
    page.show_dataset(dataset)
    page._lines["where"].setText("n_boxes > 10")
    press(window, page, "ask")
    assert words(page) == "Asking…"
    settled(window)
    timer.stop()
    assert float(np.diff(ticks).max()) < 0.1
    assert words(page) == "1 of 12 cutouts match."
    window.settle(600)  # the first one comes to its end, too
    assert words(page) == "1 of 12 cutouts match."


def test_an_error_while_decisions_are_taken_is_said(window, page, dataset, monkeypatch):
    page.show_dataset(dataset)
    ask(window, page, "n_boxes > 0")
    press(window, page, "review_selection")
    settled(window)
    (dataset / "reviewed.parquet").write_bytes(b"PAR1")
    press(window, page, "take_back")
    settled(window)
    assert any("is damaged" in line for line in page.said)


def test_the_window_has_no_torch(window, page, dataset):
    page.show_dataset(dataset)
    settled(window)
    assert "torch" not in sys.modules
