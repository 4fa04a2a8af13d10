"""Classes in the window: choosing them, and models that have others."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from clump_detector.labels.label_set import read_label_set
from clump_detector.models.card import read_card, write_card
from clump_detector.models.registry import resolve_model
from napari_clumps.jobs.training.curves import RetrainChoices
from napari_clumps.review import Proposal
from tests.helpers.review_window import MODEL, quick_engine

pytestmark = pytest.mark.gui


def part(ui, panel, kind, name):
    from qtpy import QtWidgets

    return ui.panel(panel).findChild(getattr(QtWidgets, kind), name)


def choose(ui, panel, name, value):
    box = part(ui, panel, "QComboBox", name)
    box.setCurrentIndex(box.findData(value))


@pytest.fixture
def other_model(own_home):
    """The starter, with other names for its two classes."""
    folder = own_home / "models" / "other"
    shutil.copytree(resolve_model("starter"), folder)
    card = read_card(folder)
    config = replace(card.config, classes=("knot", "star"))
    write_card(folder, replace(card, name="other", config=config))
    return folder


def detected(ui):
    job = ui.controller.detection
    ui.qtbot.waitUntil(lambda: not job.running)
    ui.settle()


def test_a_model_with_other_classes_is_asked_about_once(ui, other_model):
    c = ui.controller
    c.session.models_changed.emit()
    c.detection.choose_model("other")
    c.session.threshold = 0.05
    warned = []
    c.session.said.connect(warned.append)
    ui.bring_forward("detect_panel")
    c.detection.start("review")
    assert not c.detection.running
    assert "“knot”, “star”" in c.detection.outcome
    assert any("nothing was searched" in line for line in warned)
    assert c.session.review.counts().detected == 1
    row = ui.panel("model_classes")
    assert row.isVisible()
    choose(ui, "detect_panel", "model_classes_knot", "clump")
    choose(ui, "detect_panel", "model_classes_star", None)
    part(ui, "detect_panel", "QPushButton", "button_answer_classes").click()
    assert c.detection.running
    assert not row.isVisible()
    detected(ui)
    review = c.session.review
    assert review.counts().detected == len(review)
    boxes = [b for i in review.ids for b in review.boxes(i)]
    made = [b for b in boxes if b.model != MODEL]
    assert {b.cls for b in made} <= {"clump"}
    assert review.class_map(["knot", "star"]) == {"knot": "clump", "star": None}
    c.detection.start("review")  # it is known by now
    assert c.detection.running
    detected(ui)


def test_a_class_of_the_model_is_added_to_the_review(ui, other_model):
    c = ui.controller
    c.session.models_changed.emit()
    c.detection.choose_model("other")
    c.detection.start("cutout")
    assert c.detection.classes.question.unknown == ("knot", "star")
    c.detection.answer({"knot": "knot", "star": "star"})
    assert c.session.review.classes == ("clump", "odd clump", "knot", "star")
    detected(ui)
    assert (
        "Classes: clump, odd clump, knot and 1 more"
        in part(ui, "review_panel", "QPushButton", "button_classes").text()
    )


def test_another_review_is_not_asked_for_the_first_one(ui, other_model, tmp_path):
    from tests.helpers.review_window import make_galaxies

    c = ui.controller
    c.session.models_changed.emit()
    c.detection.choose_model("other")
    c.detection.start("cutout")
    assert c.detection.classes.question is not None
    c.open_paths([make_galaxies(tmp_path / "others", 2)])
    assert c.detection.classes.question is None
    assert not ui.panel("model_classes").isVisible()
    c.detection.answer({"knot": "clump", "star": "star"})
    assert not c.detection.running
    assert c.session.review.classes == ("clump", "odd clump")


def test_boxes_that_are_left_out_are_counted(ui, other_model):
    classes = ui.controller.detection.classes
    ui.controller.session.review.map_classes({"knot": "clump", "star": None})
    assert classes.settle(other_model)
    rows = [((1, 1, 9, 9), "knot", 0.9), ((20, 20, 30, 30), "star", 0.8)]
    assert classes.proposals(rows) == [Proposal(1, 1, 9, 9, "clump", 0.9)]
    assert classes.left_out_in_words() == (
        "1 box of the class “star” left out, as you chose."
    )


def test_classes_are_chosen_in_a_dialog(ui, monkeypatch):
    from qtpy.QtCore import Qt
    from qtpy.QtWidgets import QLineEdit, QListWidget

    from napari_clumps.widgets.classes.classes_dialog import ClassesDialog

    seen = {}

    def use(dialog):
        """Do what a user does in the open dialog."""
        name = dialog.findChild(QLineEdit, "new_class")
        for text in ("Clump", "star"):
            name.setText(text)
            ui.qtbot.keyClick(name, Qt.Key.Key_Return)
            seen[text] = dialog.findChild(object, "classes_problem").text()
        assert dialog.isVisible()  # Enter does not end it
        rows = dialog.findChild(QListWidget, "class_list")
        rows.setCurrentRow(0)
        seen["clump can go"] = dialog._remove.isEnabled()
        rows.setCurrentRow(1)
        seen["odd clump can go"] = dialog._remove.isEnabled()
        dialog.remove()
        rows.setCurrentRow(1)
        dialog.move_by(-1)
        name.setText("H II region")  # still typed when OK is pressed
        dialog.accept()

    def shown(dialog):
        dialog.show()
        use(dialog)
        return dialog.result()

    monkeypatch.setattr(ClassesDialog, "exec", shown)
    button = part(ui, "review_panel", "QPushButton", "button_classes")
    assert button.text() == "Classes: clump, odd clump…"
    button.click()
    assert "same name" in seen["Clump"]
    assert seen["star"] == ""
    assert not seen["clump can go"]
    assert seen["odd clump can go"]
    assert ui.controller.session.review.classes == ("star", "clump", "H II region")
    assert button.text() == "Classes: star, clump, H II region…"
    ui.controller.session.shown.select(ui.controller.session.shown.boxes[0].id)
    ui.key("C")
    box = ui.controller.session.review.boxes(1)[0]
    assert box.cls == "H II region"


@pytest.fixture
def with_stars(ui):
    """Galaxies that are done, with boxes of three classes, for a quick engine."""
    c = ui.controller
    review = c.session.review
    c.opening.choose_classes(["clump", "odd clump", "star", "arm"])
    for i in review.ids:
        review.add(i, (10, 10, 20, 20), "clump")
        review.add(i, (50, 10, 60, 20), "star")
        review.add(i, (90, 10, 99, 20), "arm")
        review.set_done(i, True)
    c.session.review_modified.emit()
    with quick_engine(ui):
        yield ui


def test_classes_that_the_base_has_not_are_learned_or_ignored(with_stars):
    ui, c = with_stars, with_stars.controller
    taught = c.session.review.taught_by_class()
    ui.bring_forward("retrain_panel")
    row = ui.panel("new_classes")
    assert row.isVisible()
    from qtpy.QtWidgets import QLabel

    labels = {label.text() for label in row.findChildren(QLabel)}
    assert f"star ({taught['star']} boxes)" in labels
    choose(ui, "retrain_panel", "new_classes_arm", None)
    part(ui, "retrain_panel", "QPushButton", "button_retrain").click()
    ui.qtbot.waitUntil(lambda: not c.retraining.running)
    made = c.retraining.new_model
    assert (made / "new classes").read_text() == "star"
    labels = read_label_set(made / "labels.json")
    boxes = [box for cutout in labels.cutouts for box in cutout.boxes]
    assert {b.cls for b in boxes if not b.ignored} == {"clump", "star"}
    assert {b.cls for b in boxes if b.ignored} == {"arm"}


def test_nothing_is_asked_where_the_base_has_all_classes(ui):
    ui.bring_forward("retrain_panel")
    assert not ui.panel("new_classes").isVisible()
    assert RetrainChoices("starter").classes == {}
