"""The review's keys: wherever the focus is, and as a person chose them."""

from __future__ import annotations

import pytest

from clump_detector.core.errors import ConfigError
from napari_clumps.review import QueuePlan
from napari_clumps.settings.shortcuts import ALSO, BOOK, BY_ACTION, KEYS
from tests.helpers.paths import ROOT

pytestmark = pytest.mark.gui


def press(ui, widget, key: str, *, shift: bool = False) -> None:
    from qtpy.QtCore import Qt

    modifier = Qt.KeyboardModifier.ShiftModifier
    none = Qt.KeyboardModifier.NoModifier
    keys = getattr(Qt.Key, f"Key_{key}")
    ui.qtbot.keyClick(widget, keys, modifier if shift else none)
    ui.settle()


def child(ui, kind, name: str):
    from qtpy import QtWidgets

    found = ui.viewer.window._qt_window.findChild(getattr(QtWidgets, kind), name)
    assert found is not None, name
    return found


def corners(ui):
    shown = ui.controller.session.shown
    return shown.box(shown.current).corners


# -- wherever the focus is ------------------------------------------------------


def test_keys_work_whatever_layer_is_active(ui):
    c = ui.controller
    ui.viewer.layers.selection.active = c.session.canvas.image
    ui.key("A")
    ui.viewer.layers.selection.active = None
    ui.key("R")
    assert ui.statuses() == ["accepted", "rejected", "proposal"]


def test_keys_work_from_the_layer_list_and_the_docks(ui):
    window = ui.viewer.window
    press(ui, window._qt_viewer.layers, "A")
    press(ui, ui.panel("retrain_panel"), "R")
    press(ui, window._qt_window, "A")
    assert ui.statuses() == ["accepted", "rejected", "accepted"]
    n = len(ui.viewer.layers)
    press(ui, window._qt_viewer.layers, "Delete")
    assert len(ui.viewer.layers) == n  # napari's own key would remove a layer


def test_letters_stay_letters_where_a_person_writes(ui):
    remark = child(ui, "QLineEdit", "remark")
    for letter in "ar":
        press(ui, remark, letter.upper())
    assert remark.text().lower() == "ar"
    assert ui.statuses() == ["proposal"] * 3
    press(ui, remark, "Return")
    assert ui.controller.session.cutout.remark.lower() == "ar"
    assert not ui.controller.session.cutout.done


def test_keys_are_napari_s_own_where_no_review_is_open(window):
    layer = window.viewer.add_points([[1, 1]])
    layer.selected_data = {0}
    window.key("Delete")
    assert len(layer.data) == 0


def test_the_sheet_names_every_key(ui):
    from qtpy.QtWidgets import QDialog, QLabel

    ui.key("F1")
    sheet = ui.viewer.window._qt_window.findChild(QDialog, "key_sheet")
    assert sheet.isVisible()
    for key in KEYS:
        label = sheet.findChild(QLabel, f"key_of_{key.action}")
        assert BOOK.key(key.action) in label.text()
    ui.controller.press("show_keys")
    ui.settle(50)
    assert ui.viewer.window._qt_window.findChild(QDialog, "key_sheet") is None


# -- with a person's own keys -----------------------------------------------------


def test_the_manifest_offers_every_key_as_it_is():
    import yaml

    import napari_clumps

    path = napari_clumps.__path__[0] + "/napari.yaml"
    with open(path, encoding="utf-8") as file:  # noqa: PTH123
        offered = yaml.safe_load(file)["contributions"]["configurations"]["keys"]
    rows = offered["properties"]
    assert {k: v["default"] for k, v in rows.items()} == {k.action: k.key for k in KEYS}
    assert {k: v["title"] for k, v in rows.items()} == {k.action: k.what for k in KEYS}
    assert set(ALSO.values()) <= set(BY_ACTION)


def test_a_key_that_was_chosen_before_there_was_a_new_one_stays():
    try:
        [said] = BOOK.take_over({"zoom": "T", "accept": "Y"})
        assert (BOOK.key("zoom"), BOOK.key("tag")) == ("T", "Ctrl+T")
        assert (BOOK.action("T"), BOOK.action("Ctrl+T")) == ("zoom", "tag")
        assert "T is your key of 'Zoom" in said
        assert "'Write tags of the cutout' is on Ctrl+T" in said
        assert BOOK.take_over({"accept": "Y"}) == []
        with pytest.raises(ConfigError, match="Y is the key of"):
            BOOK.take_over({"accept": "Y", "reject": "Y"})
    finally:
        BOOK.choose({})


def test_a_key_can_be_changed_in_napari_s_preferences(ui):
    from napari.settings import get_plugin_settings

    page = get_plugin_settings("napari-clumps")
    page.keys.accept = "y"
    ui.key("Y")
    ui.key("A")
    assert ui.statuses() == ["accepted", "proposal", "proposal"]
    assert child(ui, "QPushButton", "button_accept").text() == "Accept  (Y)"
    page.keys.accept = "R"  # is taken
    assert "R is the key of" in child(ui, "QLabel", "said").text()
    assert page.keys.accept == "Y"
    page.keys.accept = "A"
    ui.controller.session.shown.select(ui.controller.session.shown.boxes[1].id)
    ui.key("A")
    assert ui.statuses() == ["accepted", "accepted", "proposal"]


def test_what_is_chosen_in_preferences_is_chosen_in_the_panel(ui):
    from napari.settings import get_plugin_settings

    page = get_plugin_settings("napari-clumps")
    with_space = child(ui, "QCheckBox", "done_with_space")
    page.review.done_with_space = False
    assert not with_space.isChecked()
    with_space.click()
    assert page.review.done_with_space
    page.review.annotator = "Ada"
    ui.key("A")
    assert ui.controller.session.shown.boxes[0].annotator == "Ada"


# -- boxes by keys ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "shift", "moved"),
    [
        ("Left", False, (-1, 0, -1, 0)), ("Right", False, (1, 0, 1, 0)),
        ("Up", False, (0, -1, 0, -1)), ("Down", False, (0, 1, 0, 1)),
        ("Left", True, (0, 0, -1, 0)), ("Right", True, (0, 0, 1, 0)),
        ("Up", True, (0, 0, 0, -1)), ("Down", True, (0, 0, 0, 1)),
    ],
)  # fmt: skip
def test_arrows_move_and_shift_resizes(ui, key, shift, moved):
    before = corners(ui)
    ui.key(key, shift=shift)
    assert corners(ui) == tuple(b + m for b, m in zip(before, moved, strict=True))
    assert ui.statuses()[0] == "edited"
    ui.controller.decisions.undo()
    assert corners(ui) == before


def test_a_box_is_put_at_the_mouse_as_large_as_the_others(ui):
    c = ui.controller
    ui.viewer.cursor.position = (120.0, 40.0)
    ui.key("B")
    box = c.session.shown.box(c.session.shown.current)
    assert box.status.value == "drawn"
    assert c.session.canvas.boxes.selected_data == {c.session.shown.boxes.index(box)}
    assert ((box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2) == pytest.approx((40, 120))
    assert box.x2 - box.x1 == pytest.approx(20, abs=2)  # as the three proposals
    ui.viewer.cursor.position = (-50.0, 40.0)
    ui.key("B")
    assert len(c.session.shown.boxes) == 4
    assert "cursor" in child(ui, "QLabel", "said").text()


def test_a_box_is_as_large_as_the_psf_says_where_it_is_known(ui):
    from dataclasses import replace

    c = ui.controller
    c.session.picture = replace(c.session.picture, fwhm=4.0)
    ui.viewer.cursor.position = (120.0, 40.0)
    ui.key("B")
    box = c.session.shown.box(c.session.shown.current)
    assert box.x2 - box.x1 == pytest.approx(10)


def test_the_last_decision_goes_on_if_a_person_wants_that(ui):
    c = ui.controller
    for key in "AR":
        ui.key(key)
    c.session.choose(go_on_after_last=True)
    ui.key("A")
    assert c.session.cutout.id == 2
    assert c.session.review.cutout(1).done


# -- flags and the queue --------------------------------------------------------------


def test_flags_by_key_and_menu(ui):
    from qtpy.QtCore import QTimer
    from qtpy.QtWidgets import QApplication

    menu = child(ui, "QMenu", "flag_menu")

    answered = False

    def choose() -> None:
        nonlocal answered
        if QApplication.activePopupWidget() is menu:
            answered = True
            ui.qtbot.keyClick(menu, "2")
        elif answered:  # before it listened: a menu that is gone waits for ever
            menu.show()
            menu.hide()

    asking = QTimer()  # the menu keeps the window to itself until it is answered
    asking.timeout.connect(choose)
    asking.start(50)
    ui.key("F")
    asking.stop()
    ui.qtbot.waitUntil(lambda: ui.controller.session.cutout.flags == ("merger",))
    ui.key("N")
    ui.key("P")
    actions = {a.text()[4:].strip(): a.isChecked() for a in menu.actions()}
    assert [name for name, on in actions.items() if on] == ["merger"]
    ui.key("Z", control=True)
    assert ui.controller.session.cutout.flags == ()


def test_the_queue_can_be_chosen_and_is_kept(ui):
    c = ui.controller
    c.session.review.flag(3, ["unsure"])
    child(ui, "QComboBox", "queue_shown").setCurrentText("flagged")
    child(ui, "QComboBox", "queue_shown").activated.emit(2)
    assert c.session.cutout.id == 3
    assert child(ui, "QLabel", "queue_place").text().startswith("1 of 1")
    ui.key("N")
    assert c.session.cutout.id == 3
    path = c.session.review.path
    c.close_review()
    c.open_paths([path])
    assert list(c.session.queue.ids) == [3]


def test_a_queue_that_is_empty_by_now_is_not_opened_again(ui):
    c = ui.controller
    c.session.review.flag(3, ["unsure"])
    c.navigator.choose_queue(QueuePlan("random", "flagged"))
    c.session.review.flag(3, [])
    path = c.session.review.path
    c.close_review()
    c.open_paths([path])
    assert len(c.session.queue) == 4
    assert c.session.review.queue_plan == QueuePlan("random")


def test_search_goes_round(ui):
    line = child(ui, "QLineEdit", "queue_search")
    line.setText("galaxy")
    shown = []
    for _ in range(5):
        line.returnPressed.emit()
        shown.append(ui.controller.session.cutout.id)
    assert shown == [2, 3, 4, 1, 2]
    line.setText("nebula")
    line.returnPressed.emit()
    assert "No cutout has 'nebula'" in child(ui, "QLabel", "said").text()


def test_my_list_comes_first(ui):
    c = ui.controller
    c.navigator.use_custom_order(["galaxy-4", " galaxy-2 ", "", "nebula"])
    assert list(c.session.queue.ids) == [4, 2, 1, 3]
    assert "1 of 3 names" in child(ui, "QLabel", "said").text()


def test_a_person_comes_back_to_the_cutout_he_left(ui):
    c = ui.controller
    ui.key("N")
    ui.key("N")
    path = c.session.review.path
    c.close_review()
    c.open_paths([path])
    assert c.session.cutout.id == 3


def test_the_docs_name_every_key():

    page = ROOT / "docs" / "shortcuts.md"
    rows = [r for r in page.read_text(encoding="utf-8").splitlines() if "| `" in r]
    told = {key: row for row in rows for key in row.split("|")[1].split("`")[1::2]}
    assert set(told) == {k.key for k in KEYS} | set(ALSO)
    for key in KEYS:
        assert key.what[1:] in told[key.key]


def test_the_help_in_the_status_bar_names_the_keys_of_the_review(ui):
    viewer = ui.viewer
    ui.settle(50)
    assert "A accept, R reject, D draw" in viewer.help
    assert "rectangle" not in viewer.help
    ui.key("D")
    assert "drag from corner to corner" in viewer.help
    assert "end drawing with D" in viewer.help
    ui.key("D")
    BOOK.choose({"accept": "Y"})
    assert "Y accept" in viewer.help
    viewer.layers.selection.active = ui.controller.session.canvas.image
    assert "accept" not in viewer.help
    viewer.layers.selection.active = ui.controller.session.canvas.boxes
    assert "Y accept" in viewer.help
