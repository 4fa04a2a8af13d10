"""Flags, interest, tags and a remark, by keys and in the bar."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.gui


def line(ui, name: str):
    from qtpy.QtWidgets import QLineEdit

    return ui.panel("review_panel").findChild(QLineEdit, name)


def shown_interest(ui) -> str:
    from qtpy.QtWidgets import QToolButton

    return ui.panel("review_panel").findChild(QToolButton, "interest").text()


def write(ui, text: str) -> None:
    from qtpy.QtCore import Qt

    tags = line(ui, "tags")
    ui.qtbot.keyClicks(tags, text)
    ui.qtbot.keyClick(tags, Qt.Key.Key_Return)
    ui.settle()


def focus(ui):
    return ui.viewer.window._qt_window.focusWidget()


def current(ui):
    session = ui.controller.session
    return session.review.cutout(session.cutout.id)


def test_a_digit_rates_and_the_same_again_takes_it_back(ui):
    ui.key("3")
    assert current(ui).interest == 3
    assert shown_interest(ui) == "★ 3"
    ui.key("1")
    assert current(ui).interest == 1
    ui.key("1")
    assert current(ui).interest is None
    assert shown_interest(ui) == "☆ –"
    ui.controller.decisions.undo()
    assert current(ui).interest == 1


def test_tags_are_written_with_a_key_and_enter(ui):
    ui.key("T")
    assert focus(ui) is line(ui, "tags")
    write(ui, "ring,  tidal   tail , Ring")
    assert current(ui).tags == ("ring", "tidal tail")
    assert line(ui, "tags").text() == "ring, tidal tail"
    assert focus(ui) is not line(ui, "tags")
    before = ui.statuses()
    ui.key("A")  # and the keys are for boxes again
    assert ui.statuses() != before
    ui.controller.navigator.next_cutout()
    assert line(ui, "tags").text() == ""


def test_tags_that_are_known_are_completed_behind_the_comma(ui):
    review = ui.controller.session.review
    review.set_tags(2, ["spiral"])
    ui.key("T")
    tags = line(ui, "tags")
    ui.qtbot.keyClicks(tags, "ring, sp")
    completer = tags.completer()
    assert completer.completionCount() == 1
    assert completer.pathFromIndex(completer.completionModel().index(0, 0)) == (
        "ring, spiral"
    )


def test_a_tag_that_cannot_be_is_told_and_stays_to_be_mended(ui):
    ui.key("T")
    write(ui, "x" * 41)
    assert current(ui).tags == ()
    assert line(ui, "tags").text() == "x" * 41


@pytest.mark.parametrize("name", ["tags", "remark"])
def test_enter_in_a_line_does_not_mark_the_cutout_as_done(ui, name):
    from qtpy.QtCore import Qt

    review = ui.controller.session.review
    review.reject_all([box.id for box in review.boxes(current(ui).id)])
    field = line(ui, name)
    ui.qtbot.keyClicks(field, "ring")
    ui.qtbot.keyClick(field, Qt.Key.Key_Return)
    assert not current(ui).done
    assert "ring" in (*current(ui).tags, current(ui).remark)


def test_flags_and_remark_stay_as_they_were(ui):
    c = ui.controller
    c.remarks.set_flags(["merger"])
    c.remarks.set_remark("two nuclei")
    ui.key("2")
    assert (current(ui).flags, current(ui).remark) == (("merger",), "two nuclei")
    assert line(ui, "remark").text() == "two nuclei"


def test_found_artefacts_are_said_shown_and_refused_in_the_menu(ui):
    from qtpy.QtWidgets import QLabel, QMenu

    from clump_detector.images.artefacts.kinds import Artefact
    from napari_clumps.viewer.overlays.artefacts import ArtefactMarks

    session = ui.controller.session
    panel = ui.panel("review_panel")
    label = panel.findChild(QLabel, "found_artefacts")
    menu = panel.findChild(QMenu, "flag_menu")
    assert not label.isVisible()
    trail = Artefact("trail", "a bright line of 90 pixels", (10.0, 20.0, 90.0, 40.0))
    star = Artefact(
        "saturated_star", "a star with spikes", (100.0, 100.0, 130.0, 130.0)
    )
    session.review.note_artefacts(session.cutout.id, [trail, star])
    ui.settle()
    assert label.isVisible()
    assert "trail, saturated star" in label.text()

    def kinds():
        return [a.menu() for a in menu.actions() if a.menu() is not None]

    assert [m.title() for m in kinds()] == [
        "&6  ? trail: a bright line of 90 pixels",
        "&7  ? saturated star: a star with spikes",
    ]
    menu.aboutToShow.emit()
    marks = ui.canvas.findChild(ArtefactMarks)
    assert marks.isVisible()
    assert marks.shown == (trail, star)
    menu.aboutToHide.emit()
    assert not marks.isVisible()
    _take, refuse, undecided = kinds()[0].actions()
    assert undecided.isChecked()
    refuse.trigger()
    ui.settle()
    assert current(ui).verdicts == {"trail": False}
    assert "trail" not in label.text()
    assert kinds()[0].title().startswith("&6  ✗ trail")
    kinds()[1].actions()[0].trigger()
    ui.settle()
    assert current(ui).verdicts == {"trail": False, "saturated_star": True}
    ui.controller.decisions.undo()
    ui.controller.decisions.undo()
    ui.settle()
    assert current(ui).verdicts == {}
    ui.controller.navigator.next_cutout()
    ui.settle()
    assert not label.isVisible()
    assert not kinds()
