"""Docks opened from the menu, on the screen of a laptop."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.gui

DOCKS = (
    "Photometry", "Filmstrip", "Display", "Reviewers", "Review statistics",
    "Download cutouts", "Clump gallery", "Models", "Learning curve",
)  # fmt: skip


def test_no_dock_makes_the_window_higher_than_a_laptop(desk):
    window = desk.viewer.window
    native = window._qt_window
    native.resize(1366, 700)
    desk.qtbot.waitUntil(lambda: native.height() == 700)
    docks = []
    try:
        for name in DOCKS:
            docks.append(window.add_plugin_dock_widget("napari-clumps", name)[0])
            desk.settle(700)
            assert native.height() == 700, name
    finally:
        for dock in docks:
            window.remove_dock_widget(dock)


def test_where_there_is_room_a_dock_stands_below_the_review(desk):
    native = desk.viewer.window._qt_window
    native.resize(1400, 1500)
    desk.settle(300)
    dock, _ = desk.viewer.window.add_plugin_dock_widget("napari-clumps", "Display")
    desk.settle(300)
    try:
        review = desk.panel("review_panel")
        assert dock not in native.tabifiedDockWidgets(review.parent())
        assert review.isVisible()
    finally:
        desk.viewer.window.remove_dock_widget(dock)


def tab_bar(native):
    """Return the bar with the tab of the review."""
    from qtpy.QtWidgets import QTabBar

    bars = native.findChildren(QTabBar)
    return next(b for b in bars if "Review" in [b.tabText(i) for i in range(b.count())])


def test_tabs_can_be_read_and_docks_keep_their_whole_title(desk):
    from qtpy.QtCore import Qt

    native = desk.viewer.window._qt_window
    native.resize(1366, 700)
    desk.settle(300)
    bar = tab_bar(native)
    assert bar.elideMode() == Qt.TextElideMode.ElideNone
    shown = {bar.tabText(i): bar.tabRect(i) for i in range(bar.count())}
    assert {"Review", "Detect", "Retrain"} <= set(shown)
    for text, place in shown.items():
        assert bar.rect().contains(place), text
        assert bar.fontMetrics().horizontalAdvance(text) < place.width(), text
    dock = desk.panel("review_panel").parent()
    assert dock.name == "Review clumps (napari-clumps)"
    assert dock.toggleViewAction().text() == dock.name


def test_tabs_of_docks_that_come_later_are_whole_too(desk):
    from qtpy.QtCore import Qt

    window = desk.viewer.window
    docks = [
        window.add_plugin_dock_widget("napari-clumps", name)[0]
        for name in ("Clump gallery", "Reviewers", "Download cutouts")
    ]
    desk.settle(700)
    try:
        bar = tab_bar(window._qt_window)
        words = [bar.tabText(i) for i in range(bar.count())]
        assert "Clump gallery" in words
        assert not [w for w in words if "napari-clumps" in w]
        assert bar.elideMode() == Qt.TextElideMode.ElideNone
        assert bar.usesScrollButtons()
    finally:
        for dock in docks:
            window.remove_dock_widget(dock)
