"""The panel "Review statistics" in the real window."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.gui


@pytest.fixture
def panel(shown_window):
    """The panel beside the others, taken away again after the test."""
    viewer, _ = shown_window
    dock, panel = viewer.window.add_plugin_dock_widget(
        "napari-clumps", "Review statistics", tabify=True
    )
    yield panel
    viewer.window.remove_dock_widget(dock)


def rows(panel):
    table = panel._table
    return [
        [table.item(i, j).text() for j in range(table.columnCount())]
        for i in range(table.rowCount())
    ]


def test_numbers_follow_the_decisions(ui, panel):
    model = ui.controller.session.shown.boxes[0].model
    assert rows(panel)[0] == [model, "0", "0", "0", "3", ""]
    assert "0 decisions so far" in panel._words.text()
    ui.key("A")
    ui.key("A")
    ui.key("R")
    ui.qtbot.waitUntil(lambda: rows(panel)[0] == [model, "2", "0", "1", "0", "67%"])
    assert [row[0] for row in rows(panel)[1:]] == [
        "score 0.9 to 1.0", "score 0.7 to 0.8", "score 0.5 to 0.6",
    ]  # fmt: skip
    assert "3 decisions" in panel._words.text()


def test_without_a_review_it_says_so(window, panel):
    assert panel._words.text() == "No review is open."
    assert rows(panel) == []
