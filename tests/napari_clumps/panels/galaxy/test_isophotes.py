"""The panel "Isophotes" in the real window, with its own process."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from napari_clumps.render.galaxy.fits import FittedIsophotes, FittedStructure

pytestmark = pytest.mark.gui


@pytest.fixture
def panel(shown_window):
    viewer, _ = shown_window
    dock, panel = viewer.window.add_plugin_dock_widget(
        "napari-clumps", "Isophotes", tabify=False
    )
    yield panel
    viewer.window.remove_dock_widget(dock)


@pytest.fixture
def galaxies_of_fits(window, tmp_path):
    """A disc with a knot, and a field without a galaxy; the disc is shown."""
    rng = np.random.default_rng(0)
    rows, columns = np.indices((101, 101))
    disc = 20 * np.exp(-np.hypot(columns - 50, (rows - 50) / 0.6) / 9)
    knot = 8 * np.exp(-(np.hypot(columns - 66, rows - 52) ** 2) / 6)
    for name, light in (("a_disc", disc + knot), ("b_nothing", 0 * disc)):
        plane = (light + rng.normal(0, 0.1, disc.shape)).astype("f4")
        fits.writeto(tmp_path / f"{name}.fits", plane)
    window.controller.open_paths([tmp_path], tmp_path / "made.clumps")
    window.settle(100)
    return window


def answered(ui, panel):
    ui.qtbot.waitUntil(lambda: panel.answer is not None, timeout=60_000)
    ui.settle(100)
    return panel.answer


def test_the_shown_galaxy_is_fitted_and_its_light_taken_off(
    galaxies_of_fits, panel, tmp_path
):
    ui = galaxies_of_fits
    c = ui.controller
    answer = answered(ui, panel)
    assert isinstance(answer, FittedIsophotes)
    n = len(answer.found.shapes.radii)
    assert panel._table.rowCount() == n
    assert f"{n} ellipses" in panel._title.text()
    assert len(panel._plot.curves) == 3
    marks = ui.panel("ellipse_marks")
    assert marks.isVisible()
    galaxy = np.array(c.session.canvas.image.data)
    panel._left.setChecked(True)
    ui.settle(50)
    assert np.array_equal(c.session.canvas.image.data, answer.picture)
    assert "left without the isophotes" in c.display.words
    assert answer.picture[52, 66].min() > answer.picture[50, 40].max() + 40
    c.display.next_stretch()  # another rendering of the galaxy, which is not shown now
    assert np.array_equal(c.session.canvas.image.data, answer.picture)
    c.display.reset()
    panel._left.setChecked(False)
    assert np.array_equal(c.session.canvas.image.data, galaxy)
    assert "left without" not in c.display.words
    panel.save(str(tmp_path / "table.ecsv"))
    assert len(Table.read(tmp_path / "table.ecsv")) == n
    assert len(ui.viewer.layers) == 3


def test_boxes_that_change_are_left_out_when_asked(galaxies_of_fits, panel):
    ui = galaxies_of_fits
    c = ui.controller
    before = answered(ui, panel)
    assert panel._again.isHidden()
    c.session.opened.add(c.session.cutout.id, (60, 46, 72, 58), "clump")
    ui.settle(100)
    assert "changed since" in panel._notes.text()
    panel._again.click()
    after = answered(ui, panel)
    assert after.found.area.sum() < before.found.area.sum()
    assert "changed since" not in panel._notes.text()


def test_another_galaxy_has_its_own_or_says_why_not(galaxies_of_fits, panel):
    ui = galaxies_of_fits
    c = ui.controller
    panel._left.setChecked(True)
    answered(ui, panel)
    c.navigator.next_cutout()
    ui.settle(50)
    assert c.display.words == ""
    assert "no galaxy was found" in answered(ui, panel)
    assert "no galaxy was found" in panel._notes.text()
    assert panel._table.isHidden()
    assert not ui.panel("ellipse_marks").isVisible()
    panel._left.setChecked(False)


def test_hidden_it_shows_the_galaxy_again(galaxies_of_fits, panel):
    ui = galaxies_of_fits
    c = ui.controller
    galaxy = np.array(c.session.canvas.image.data)
    answered(ui, panel)
    panel._left.setChecked(True)
    ui.settle(50)
    panel.hide()
    ui.settle(50)
    assert np.array_equal(c.session.canvas.image.data, galaxy)
    assert not ui.panel("ellipse_marks").isVisible()
    panel._left.setChecked(False)
    panel.show()


def test_the_structure_is_measured_when_asked(galaxies_of_fits, panel):
    ui = galaxies_of_fits
    section = panel._structure
    answered(ui, panel)
    assert section.answer is None
    section._button.click()
    assert not section._button.isEnabled()
    ui.qtbot.waitUntil(lambda: section.answer is not None, timeout=120_000)
    assert isinstance(section.answer, FittedStructure)
    assert section.answer.row["galaxy_sersic_ratio"] == pytest.approx(0.55, abs=0.1)
    assert "Sérsic index" in section._words.text()
    assert "±" in section._words.text()
    assert section._button.isEnabled()
    ui.controller.navigator.next_cutout()
    ui.settle(50)
    assert section.answer is None
    assert section._words.isHidden()
    section.measure()
    ui.qtbot.waitUntil(lambda: section.answer is not None, timeout=60_000)
    assert "no galaxy was found" in section._words.text()
