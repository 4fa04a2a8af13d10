"""The panel "Models" in the real window."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from clump_detector.core.paths import models_folder
from clump_detector.models.card import read_card, write_card
from clump_detector.models.registry import resolve_model
from napari_clumps.settings.settings import load_settings

pytestmark = pytest.mark.gui

SENTENCE = "gal-2 finds more than gal: F1 0.49 -> 0.71 on 34 held-out galaxies"


LEARNED = {"cutouts": 40, "boxes": 90}


def make(name, weights, parent, verdicts=(), older=None):
    folder = models_folder() / name
    shutil.copytree(resolve_model("starter"), folder)
    card = replace(
        read_card(folder),
        name=name,
        weights=weights * 8,
        learned_from={**LEARNED, "parent": parent, "parent_learned_from": older},
        verdicts=verdicts,
        default_score=0.6,
    )
    write_card(folder, card)
    return card.model_id


@pytest.fixture
def panel(ui):
    """The panel beside the others, with a starter, its child and grandchild."""
    starter = read_card(resolve_model("starter"))
    gal = make("gal", "aaaaaaaa", starter.model_id)
    verdict = {"against": gal, "verdict": "better", "summary": SENTENCE}
    make("gal-2", "bbbbbbbb", gal, (verdict,), LEARNED | {"parent": starter.model_id})
    dock, panel = ui.viewer.window.add_plugin_dock_widget(
        "napari-clumps", "Models", tabify=True
    )
    ui.settle(50)
    yield panel
    ui.viewer.window.remove_dock_widget(dock)


def tree_of(panel):
    """The rows as nested (text of the columns, children)."""

    def rows(parent):
        found = []
        for i in range(parent.childCount()):
            item = parent.child(i)
            found.append(([item.text(c) for c in range(3)], rows(item)))
        return found

    return rows(panel._tree.invisibleRootItem())


def below_starter(panel):
    """The rows of what was made from the starter, itself made from the one before."""
    ((before, (starter,)),) = tree_of(panel)
    assert before == ["starter-simulated", "", "10k / 13k"]
    assert starter[0] in (["★ starter", "", "719 / 723"], ["starter", "", "719 / 723"])
    return starter[1]


def select(panel, name):
    from qtpy.QtCore import Qt

    mode = Qt.MatchFlag.MatchContains | Qt.MatchFlag.MatchRecursive
    items = panel._tree.findItems(name, mode)
    panel._tree.setCurrentItem(min(items, key=lambda i: len(i.text(0))))


def press(ui, panel, name):
    from qtpy.QtCore import Qt
    from qtpy.QtWidgets import QPushButton

    button = panel.findChild(QPushButton, f"button_{name}")
    ui.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def button(panel, name):
    from qtpy.QtWidgets import QPushButton

    return panel.findChild(QPushButton, f"button_{name}")


def test_models_stand_below_the_one_they_were_made_from(panel):
    youngest = (["gal-2", "better", "40 / 90"], [])
    child = (["gal", "", "40 / 90"], [youngest])
    assert below_starter(panel) == [child]
    assert tree_of(panel)[0][1][0][0][0] == "★ starter"
    select(panel, "gal-2")
    said = panel._details.toPlainText()
    assert SENTENCE in said
    assert "from gal: 40 galaxies, 90 boxes" in said
    assert "0.74 (0.68 to 0.79)" in said
    assert "not say which galaxies" in said


def test_an_earlier_model_is_made_current_again(ui, panel):
    for name in ("gal-2", "gal"):
        select(panel, name)
        press(ui, panel, "use_model")
        assert ui.controller.session.scores.model_name == load_settings().model == name
        assert panel.selected.name == name
        assert ui.controller.session.threshold == 0.6
    assert below_starter(panel)[0][0][0] == "★ gal"
    assert not button(panel, "use_model").isEnabled()


def test_renaming_the_current_model(ui, panel, monkeypatch):
    from qtpy.QtWidgets import QInputDialog

    monkeypatch.setattr(QInputDialog, "getText", lambda *_: (" sdss ", True))
    select(panel, "gal")
    press(ui, panel, "use_model")
    press(ui, panel, "rename_model")
    assert ui.controller.session.scores.model_name == load_settings().model == "sdss"
    assert panel.selected.name == "sdss"
    youngest = (["gal-2", "better", "40 / 90"], [])
    assert below_starter(panel) == [(["★ sdss", "", "40 / 90"], [youngest])]
    assert not (models_folder() / "gal").exists()
    assert not button(panel, "remove_model").isEnabled()


def test_a_name_that_cannot_be_is_said(ui, panel, monkeypatch):
    from qtpy.QtWidgets import QInputDialog

    said = []
    monkeypatch.setattr(ui.controller.session, "warn", said.append)
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("gal-2", True))
    select(panel, "gal")
    press(ui, panel, "rename_model")
    assert said == ["there is a model 'gal-2' already. Choose another name."]
    assert (models_folder() / "gal").is_dir()


@pytest.mark.parametrize("answer", ["Yes", "No"])
def test_removing_asks_first(ui, panel, monkeypatch, answer):
    from qtpy.QtWidgets import QMessageBox

    asked = []

    def question(_parent, _title, text):
        asked.append(text)
        return getattr(QMessageBox.StandardButton, answer)

    monkeypatch.setattr(QMessageBox, "question", question)
    select(panel, "gal")
    press(ui, panel, "remove_model")
    assert str(models_folder() / "gal") in asked[0]
    assert (models_folder() / "gal").is_dir() is (answer == "No")
    if answer == "Yes":  # the grandchild moves up to the starter
        assert below_starter(panel) == [(["gal-2", "better", "40 / 90"], [])]
        select(panel, "gal-2")
        assert "gal-aaaaaaaa (no longer in the list)" in panel._details.toPlainText()


def test_starter_and_broken_ones_offer_what_they_can(ui, panel):
    (models_folder() / "half").mkdir()
    ui.controller.session.models_changed.emit()
    enabled = {}
    for name in ("starter", "starter-simulated", "half"):
        select(panel, name)
        names = ("use_model", "rename_model", "remove_model")
        enabled[name] = [button(panel, n).isEnabled() for n in names]
    assert enabled == {
        "starter": [False] * 3,
        "starter-simulated": [True, False, False],
        "half": [False, False, True],
    }
    assert "has no model.json" in panel._details.toPlainText()


def test_a_model_that_a_detection_runs_with_stays_as_it_is(ui, panel):
    select(panel, "gal")
    press(ui, panel, "use_model")
    ui.controller.detection.start("cutout")
    assert ui.controller.detection.running
    assert not button(panel, "rename_model").isEnabled()
    assert "running with it" in button(panel, "rename_model").toolTip()
    ui.controller.detection.cancel()
    assert button(panel, "rename_model").isEnabled()
