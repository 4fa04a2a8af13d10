"""Docks opened from the menu, on the screen of a laptop."""

from __future__ import annotations

import pytest

from napari_clumps.widgets.base.docks import find_dock

pytestmark = pytest.mark.gui

DOCKS = (
    "Photometry", "Filmstrip", "Display", "Reviewers", "Review statistics",
    "Download cutouts", "Clump gallery", "Models", "Learning curve",
    "Isophotes", "Why this box",
)  # fmt: skip


def test_no_dock_makes_the_window_higher_than_a_laptop(ui):
    window = ui.viewer.window
    native = window._qt_window
    native.resize(1366, 700)
    ui.qtbot.waitUntil(lambda: native.height() == 700)
    docks = []
    try:
        for name in DOCKS:
            docks.append(window.add_plugin_dock_widget("napari-clumps", name)[0])
            ui.settle(700)
            assert native.height() == 700, name
    finally:
        for dock in docks:
            window.remove_dock_widget(dock)


def test_where_there_is_space_a_dock_stands_below_the_review(ui):
    native = ui.viewer.window._qt_window
    native.resize(1400, 1500)
    ui.settle(300)
    dock, _ = ui.viewer.window.add_plugin_dock_widget("napari-clumps", "Display")
    ui.settle(300)
    try:
        review = ui.panel("review_panel")
        assert dock not in native.tabifiedDockWidgets(find_dock(review))
        assert review.isVisible()
    finally:
        ui.viewer.window.remove_dock_widget(dock)


def test_a_dock_keeps_its_whole_title_and_has_a_short_one_on_its_tab(ui):
    window = ui.viewer.window
    dock, _ = window.add_plugin_dock_widget("napari-clumps", "Reviewers")
    ui.settle(300)
    try:
        assert dock.name == "Reviewers (napari-clumps)"
        assert dock.windowTitle() == "Reviewers"
        assert dock.toggleViewAction().text() == dock.name
    finally:
        window.remove_dock_widget(dock)


def test_tabs_of_docks_are_scrolled_rather_than_cut(ui):
    from qtpy.QtCore import Qt
    from qtpy.QtWidgets import QTabBar

    window = ui.viewer.window
    docks = [
        window.add_plugin_dock_widget("napari-clumps", name, tabify=True)[0]
        for name in ("Reviewers", "Download cutouts", "Models")
    ]
    ui.settle(700)
    try:
        bars = window._qt_window.findChildren(QTabBar)
        bar = next(
            b for b in bars if "Models" in [b.tabText(i) for i in range(b.count())]
        )
        assert bar.elideMode() == Qt.TextElideMode.ElideNone
        assert bar.usesScrollButtons()
    finally:
        for dock in docks:
            window.remove_dock_widget(dock)
