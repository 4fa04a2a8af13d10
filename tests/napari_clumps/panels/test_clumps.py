"""The panel "Clumps": one page for each panel, and panels below the canvas."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QScrollArea, QStackedWidget, QToolButton

from napari_clumps.widgets.base.docks import find_dock

pytestmark = pytest.mark.gui


def press(desk, key):
    panel = desk.panel("clumps_panel")
    button = panel.findChild(QToolButton, f"page_{key}")
    desk.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    desk.settle(50)
    return button


def title(desk):
    return desk.panel("clumps_title").text()


def test_each_icon_shows_its_page_and_says_its_name(desk):
    from napari_clumps.panels.clumps import PAGES

    pages = desk.panel("clumps_pages")
    assert isinstance(pages, QStackedWidget)
    for page in PAGES:
        button = press(desk, page.key)
        assert button.toolTip() == page.title
        assert not button.icon().isNull()
        assert button.isChecked()
        assert title(desk) == page.title
        assert pages.currentWidget().isVisible()
    press(desk, "review")
    assert pages.count() == len(PAGES)


def test_a_page_keeps_its_state(desk):
    panel = press(desk, "reviewers") and desk.panel("reviewers_panel")
    again = panel.findChild(QLabel)
    press(desk, "review")
    press(desk, "reviewers")
    assert desk.panel("reviewers_panel") is panel
    assert panel.findChild(QLabel) is again


def test_keys_stay_with_the_review_after_a_page_was_chosen(desk):
    press(desk, "display")
    desk.key("A")
    assert desk.statuses()[0] == "accepted"


@pytest.mark.parametrize(
    ("key", "name"), [("gallery", "gallery_panel"), ("filmstrip", "filmstrip_panel")]
)
def test_gallery_and_filmstrip_open_and_close_below(desk, key, name):
    native = desk.viewer.window._qt_window
    for shown in (True, False, True):
        press(desk, key)
        dock = find_dock(desk.panel(name))
        assert dock.isVisible() is shown
    assert native.dockWidgetArea(dock) == Qt.DockWidgetArea.BottomDockWidgetArea
    desk.viewer.window.remove_dock_widget(dock)


def test_a_panel_of_its_own_opens_beside_the_page(desk):
    dock, panel = desk.viewer.window.add_plugin_dock_widget(
        "napari-clumps", "Review statistics"
    )
    try:
        desk.settle(300)
        assert find_dock(panel) is dock
        assert panel.isVisible()
    finally:
        desk.viewer.window.remove_dock_widget(dock)


def test_layer_controls_are_hidden_while_a_review_is_open(desk):
    controls = desk.viewer.window._qt_viewer.dockLayerControls
    assert not controls.isVisible()
    desk.controller.close_review()
    assert controls.isVisible()


def test_controls_that_the_user_hid_stay_hidden(window, galaxies):
    controls = window.viewer.window._qt_viewer.dockLayerControls
    controls.hide()
    window.controller.open_paths([galaxies])
    window.controller.close_review()
    assert not controls.isVisible()
    controls.show()


def test_a_page_is_as_wide_as_its_words(desk):
    panel = desk.panel("review_panel")
    scrolled = panel.findChild(QScrollArea)
    desk.settle(200)
    content = scrolled.widget()
    assert content.minimumSizeHint().width() <= scrolled.viewport().width()
