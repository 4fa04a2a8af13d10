"""The panel "Clumps": one page for each panel, and panels below the canvas."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QScrollArea, QStackedWidget, QToolButton

from napari_clumps.widgets.base.docks import find_dock

pytestmark = pytest.mark.gui


def press(ui, key):
    panel = ui.panel("clumps_panel")
    button = panel.findChild(QToolButton, f"page_{key}")
    ui.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    ui.settle(50)
    return button


def title(ui):
    return ui.panel("clumps_title").text()


def test_each_icon_shows_its_page_and_says_its_name(ui):
    from napari_clumps.panels.clumps import PAGES

    pages = ui.panel("clumps_pages")
    assert isinstance(pages, QStackedWidget)
    for page in PAGES:
        button = press(ui, page.key)
        assert button.toolTip() == page.title
        assert not button.icon().isNull()
        assert button.isChecked()
        assert title(ui) == page.title
        assert pages.currentWidget().isVisible()
    press(ui, "review")
    assert pages.count() == len(PAGES)


def test_a_page_keeps_its_state(ui):
    panel = press(ui, "reviewers") and ui.panel("reviewers_panel")
    again = panel.findChild(QLabel)
    press(ui, "review")
    press(ui, "reviewers")
    assert ui.panel("reviewers_panel") is panel
    assert panel.findChild(QLabel) is again


def test_keys_stay_with_the_review_after_a_page_was_chosen(ui):
    press(ui, "display")
    ui.key("A")
    assert ui.statuses()[0] == "accepted"


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("gallery", "gallery_panel"),
        ("filmstrip", "filmstrip_panel"),
        ("similar", "similar_panel"),
        ("map", "map_panel"),
    ],
)
def test_gallery_and_filmstrip_open_and_close_below(ui, key, name):
    native = ui.viewer.window._qt_window
    for shown in (True, False, True):
        press(ui, key)
        dock = find_dock(ui.panel(name))
        assert dock.isVisible() is shown
    assert native.dockWidgetArea(dock) == Qt.DockWidgetArea.BottomDockWidgetArea
    ui.viewer.window.remove_dock_widget(dock)


def test_a_panel_of_its_own_opens_beside_the_page(ui):
    dock, panel = ui.viewer.window.add_plugin_dock_widget(
        "napari-clumps", "Review statistics"
    )
    try:
        ui.settle(300)
        assert find_dock(panel) is dock
        assert panel.isVisible()
    finally:
        ui.viewer.window.remove_dock_widget(dock)


def test_layer_controls_are_hidden_while_a_review_is_open(ui):
    controls = ui.viewer.window._qt_viewer.dockLayerControls
    assert not controls.isVisible()
    ui.controller.close_review()
    assert controls.isVisible()


def test_controls_that_the_user_hid_stay_hidden(window, galaxies):
    controls = window.viewer.window._qt_viewer.dockLayerControls
    controls.hide()
    window.controller.open_paths([galaxies])
    window.controller.close_review()
    assert not controls.isVisible()
    controls.show()


def test_a_page_is_as_wide_as_its_words(ui):
    panel = ui.panel("review_panel")
    scrolled = panel.findChild(QScrollArea)
    ui.settle(200)
    content = scrolled.widget()
    assert content.minimumSizeHint().width() <= scrolled.viewport().width()
