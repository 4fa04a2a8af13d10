"""The panel "Filmstrip" in the real window."""

from __future__ import annotations

import pytest

from clump_detector.image_files.sources import Source
from napari_clumps.review import Review
from tests.helpers.resources import work

pytestmark = pytest.mark.gui


@pytest.fixture
def panel(shown_window, qtbot):
    """The strip below the canvas, taken away again after the test."""
    viewer, _ = shown_window
    dock, panel = viewer.window.add_plugin_dock_widget("napari-clumps", "Filmstrip")
    qtbot.wait(50)
    yield panel
    viewer.window.remove_dock_widget(dock)
    panel.deleteLater()
    qtbot.wait(20)


def click(panel, qtbot, place):
    from qtpy.QtCore import Qt

    centre = panel.grid.visualRect(panel.cells.index(place)).center()
    qtbot.mouseClick(panel.grid.viewport(), Qt.MouseButton.LeftButton, pos=centre)


def test_it_is_at_the_bottom(ui, panel):
    from qtpy.QtCore import Qt

    window = ui.viewer.window._qt_window
    area = window.dockWidgetArea(panel.parent())
    assert area == Qt.DockWidgetArea.BottomDockWidgetArea


def test_a_click_goes_there(ui, panel, qtbot):
    assert panel.cells.count() == 4
    click(panel, qtbot, 2)
    assert ui.controller.session.cutout.id == 3
    assert panel.cells.is_current(2)
    ui.controller.navigator.next_cutout()
    assert panel.cells.is_current(3)


def test_the_keys_go_on_working_after_a_click(ui, panel, qtbot):
    from qtpy.QtCore import Qt

    window = ui.viewer.window._qt_window
    click(panel, qtbot, 1)
    assert not panel.grid.hasFocus()
    qtbot.keyClick(window.focusWidget() or window, Qt.Key.Key_N)
    assert ui.controller.session.cutout.id == 3


def test_done_cutouts_are_ticked(ui, panel, qtbot):
    qtbot.waitUntil(lambda: panel.cells.picture(1) is not None)
    cell = panel.grid.visualRect(panel.cells.index(1))
    before = panel.grid.viewport().grab(cell).toImage()
    assert "not done" in panel.cells.words(1)
    ui.controller.session.review.set_done(2, True)  # not the one that is shown
    ui.settle(50)
    assert panel.cells.words(1).endswith(", done")
    assert panel.grid.viewport().grab(cell).toImage() != before


def test_pictures_are_those_of_the_cutouts(ui, panel, qtbot):
    cells = panel.cells
    qtbot.waitUntil(lambda: all(cells.picture(p) is not None for p in range(4)))
    assert cells.picture(0).width() == cells.side
    images = [cells.picture(p).toImage() for p in range(4)]
    assert all(images[0] != other for other in images[1:])


def test_it_shows_the_order_of_the_queue(ui, panel, qtbot):
    from napari_clumps.review import QueuePlan

    review = ui.controller.session.review
    review.custom_order = [3, 1]
    ui.controller.navigator.make_queue(QueuePlan("custom list"))
    assert [panel.cells.cutout(p) for p in range(4)] == [3, 1, 2, 4]
    ui.controller.navigator.make_queue(QueuePlan(shown="flagged"))
    assert panel.cells.count() == 0
    assert panel.grid.empty_words == "This queue has no cutout."


def test_without_a_review_it_says_so(window, panel):
    assert panel.grid.empty_words == "No review is open."


def test_a_hundred_thousand_cutouts_open_at_once(window, panel, qtbot, galaxies):
    n = 100_000
    files = sorted(galaxies.iterdir())
    sources = [Source(f"galaxy {i}", (files[i % 4],)) for i in range(n)]
    path = galaxies.parent / "many.clumps"
    Review.create(path, sources, held_out=0).close()
    window.controller.open_paths([path])
    with work() as opened:
        panel._on_queue()
        panel.grid.viewport().repaint()
    assert opened.seconds < 0.5
    assert panel.cells.count() == n
    window.controller.navigator.visit(77_777)
    with work() as gone_there:
        window.settle(20)
        panel.grid.viewport().repaint()
    assert gone_there.seconds < 0.5
    place = panel.cells.place(77_777)
    assert place in panel.grid.visible_places()
    qtbot.waitUntil(lambda: panel.cells.picture(place) is not None)
    qtbot.wait(300)
    # What is seen and a screenful on either side, of two places in the strip.
    assert panel.cells.pixmaps.files_read < 8 * len(panel.grid.visible_places())
