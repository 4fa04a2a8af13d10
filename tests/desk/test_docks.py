"""Docks opened from the menu, on the screen of a laptop."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.gui

DOCKS = (
    "Measure", "Queue strip", "How it looks", "Several reviewers", "How it goes",
    "Fetch cutouts", "Clump wall",
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
    native.resize(1400, 980)
    desk.settle(300)
    dock, _ = desk.viewer.window.add_plugin_dock_widget("napari-clumps", "How it looks")
    desk.settle(300)
    try:
        review = desk.panel("review_panel")
        assert dock not in native.tabifiedDockWidgets(review.parent())
        assert review.isVisible()
    finally:
        desk.viewer.window.remove_dock_widget(dock)
