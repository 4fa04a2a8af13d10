"""The map of galaxies in the real window."""

from __future__ import annotations

import numpy as np
import pytest

from napari_clumps.widgets.base.docks import find_dock
from tests.helpers.descriptions import description_of
from tests.helpers.review_window import make_galaxies

pytestmark = pytest.mark.gui


@pytest.fixture
def opened(window, tmp_path):
    """A review of twelve galaxies of three kinds, and its map."""
    c, rng = window.controller, np.random.default_rng(0)
    c.open_paths([make_galaxies(tmp_path / "many", 12)])
    for cutout in c.session.review.cutouts():
        vector = np.eye(8)[cutout.id % 3] * 9 + rng.normal(size=8)
        c.descriptions.take(cutout.id, "m", description_of(vector))
    window.viewer.window.add_plugin_dock_widget("napari-clumps", "Map of galaxies")
    window.settle(50)
    panel = window.panel("map_panel")
    yield window, panel
    find_dock(panel).close()


@pytest.fixture
def mapped(opened):
    ui, panel = opened
    ui.controller.galaxy_map.make()
    ui.qtbot.waitUntil(lambda: len(ui.controller.galaxy_map.ids) == 12, timeout=20_000)
    ui.settle(50)
    return ui, panel


def mouse(panel, kind, place, start=None):
    """Send a mouse event of matplotlib at a place on the map."""
    from matplotlib.backend_bases import MouseEvent

    x, y = panel._axes.transData.transform(place)
    event = MouseEvent(kind, panel._canvas, x, y, button=1)
    panel._canvas.callbacks.process(kind, event)


def lasso(panel, corners):
    mouse(panel, "button_press_event", corners[0])
    for corner in [*corners[1:], corners[0]]:
        mouse(panel, "motion_notify_event", corner)
    mouse(panel, "button_release_event", corners[0])


def around(places, margin=0.05):
    (x1, y1), (x2, y2) = places.min(axis=0) - margin, places.max(axis=0) + margin
    return [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]


def test_a_lasso_makes_a_queue_and_shows_pictures(mapped):
    ui, panel = mapped
    galaxy_map = ui.controller.galaxy_map
    first = galaxy_map.places[:1]
    lasso(panel, around(first))
    assert int(galaxy_map.ids[0]) in panel.chosen
    assert len(panel.chosen) < 12
    lasso(panel, around(galaxy_map.places, 0.01))
    assert panel.chosen == galaxy_map.ids.tolist()
    assert "12 galaxies chosen" in ui.panel("map_words").whole_text()
    panel.choose([7, 3])
    panel.put_first()
    assert list(ui.controller.session.queue.ids[:2]) == [7, 3]
    panel.show_pictures()
    ui.settle(100)
    assert ui.controller.similar.ids == [7, 3]
    assert ui.panel("similar_panel").cells.count() == 2
    find_dock(ui.panel("similar_panel")).close()


def test_a_click_shows_the_galaxy_and_chooses_none(mapped):
    ui, panel = mapped
    galaxy_map = ui.controller.galaxy_map
    place = galaxy_map.places[4]
    mouse(panel, "button_press_event", place)
    mouse(panel, "button_release_event", place)
    assert ui.controller.session.cutout.id == int(galaxy_map.ids[4])
    assert panel.chosen == []


def test_it_can_be_coloured_by_what_is_known(mapped):
    ui, panel = mapped
    ui.controller.session.review.set_interest([1, 2], 3)
    told = {}
    for k in range(panel._colour.count()):
        panel._colour.setCurrentIndex(k)
        legend = panel._axes.get_legend().get_texts()
        told[panel._colour.currentText()] = [text.get_text() for text in legend]
    assert all(told.values())
    assert told["interest"][-1] == "unknown (10)"
    assert told["folder"] == ["many (12)"]


def test_folders_beyond_nine_share_a_colour():
    from napari_clumps.panels.below.galaxy_map import _largest

    folders = np.array([f"f{min(k, 30 - k)}" for k in range(30)], object)
    kinds, colours = _largest(folders)
    assert len(colours) == 10
    assert len(set(colours.values())) == 10
    assert (kinds == "other folders").sum() == sum(f not in colours for f in folders)


def test_another_review_has_no_map_and_it_says_why(mapped, tmp_path):
    ui, panel = mapped
    ui.controller.open_paths([make_galaxies(tmp_path / "one", 1)])
    assert len(ui.controller.galaxy_map.ids) == 0
    ui.controller.galaxy_map.make()
    assert "No galaxy is described yet" in ui.panel("map_words").whole_text()
    said = []
    ui.controller.session.said.connect(said.append)
    panel.put_first()
    panel.show_pictures()
    assert "Drag a lasso" in said[-1]
