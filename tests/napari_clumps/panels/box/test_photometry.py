"""The panel "Photometry" in the real window: what it says, draws and leaves alone."""

from __future__ import annotations

import numpy as np
import pytest

from clump_detector.images.artefacts.kinds import Artefact
from clump_detector.photometry import moffat
from napari_clumps.review import Proposal

pytestmark = pytest.mark.gui

SIDE, FWHM, SCALE = 180, 5.0, 0.396

#: Places x, y of the clumps and their fluxes in nanomaggies in g, r and i.
CLUMPS = ((70.3, 84.6), (112.0, 97.2))
FLUXES = ((40.0, 36.0, 35.0), (15.0, 16.0, 17.0))


def write_galaxy(path, *, unit="nanomaggy"):
    """Write a disc with two clumps in three bands, with a WCS and a PSF."""
    from astropy.io import fits

    rng = np.random.default_rng(1)
    rows, columns = np.indices((SIDE, SIDE))
    middle = (SIDE - 1) / 2
    disc = 0.3 * np.exp(-np.hypot(columns - middle, (rows - middle) / 0.7) / 14)
    planes = np.stack([disc, 1.5 * disc, 2 * disc])
    psf = moffat(FWHM)
    for (x, y), fluxes in zip(CLUMPS, FLUXES, strict=True):
        light = psf.at(np.hypot(columns - x, rows - y))
        planes += np.array(fluxes)[:, None, None] * light
    planes += rng.normal(0, 0.01, planes.shape)
    header = fits.Header(
        {
            "BANDS": "gri",
            "PSFFWHM": FWHM * SCALE,
            "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN",
            "CRVAL1": 30.0, "CRVAL2": 5.0,
            "CRPIX1": middle + 1, "CRPIX2": middle + 1,
            "CDELT1": -SCALE / 3600, "CDELT2": SCALE / 3600,
        }
    )  # fmt: skip
    if unit:
        header["BUNIT"] = unit
    path.parent.mkdir(exist_ok=True)
    fits.writeto(path, planes.astype(np.float32), header)


@pytest.fixture
def panel(shown_window):
    viewer, _ = shown_window
    dock, panel = viewer.window.add_plugin_dock_widget(
        "napari-clumps", "Photometry", tabify=False
    )
    yield panel
    viewer.window.remove_dock_widget(dock)


@pytest.fixture
def sky(window, tmp_path):
    """A review of a FITS galaxy with two proposals on its clumps, and one beside."""
    write_galaxy(tmp_path / "sky" / "a.fits")
    window.controller.session.threshold = 0.3
    window.controller.open_paths([tmp_path / "sky"])
    half = 1.25 * FWHM
    places = (*CLUMPS, (150.0, 30.0))
    proposals = [
        Proposal(x - half, y - half, x + half, y + half, "clump", 0.9 - 0.1 * k)
        for k, (x, y) in enumerate(places)
    ]
    window.controller.take_proposals(1, proposals, "test-model", (SIDE, SIDE))
    window.settle(50)
    return window


def wait_for(ui, panel, wanted):
    ui.qtbot.waitUntil(lambda: panel.reading is not None and wanted(panel.reading))
    return panel.reading


def marks(ui):
    return ui.panel("aperture_marks")


def flux_of(reading, band):
    row = next(row for row in reading.rows if row[0] == band)
    return float(row[1].split(" ± ")[0]), float(row[1].split(" ± ")[1])


def test_it_says_the_fluxes_of_the_current_clump(sky, panel):
    sky.controller.session.shown.select(sky.controller.session.shown.boxes[0].id)
    reading = wait_for(sky, panel, lambda r: r.circles is not None)
    assert reading.unit == "µJy"
    for band, true in zip("gri", FLUXES[0], strict=True):
        flux, error = flux_of(reading, band)
        assert flux == pytest.approx(true * 3.631, rel=0.03)
        assert abs(flux - true * 3.631) < 4 * error
    assert panel._table.rowCount() == 3
    assert panel._table.item(0, 1).text() == reading.rows[0][1]
    assert "flux, µJy" in panel._table.horizontalHeaderItem(1).text()
    assert (reading.circles.x, reading.circles.y) == pytest.approx(CLUMPS[0], abs=0.2)
    assert reading.circles.aperture == pytest.approx(1.125 * FWHM)
    assert [p.band for p in panel._spectrum.points] == ["g", "r", "i"]
    assert panel._spectrum.isVisible()
    assert "″" in panel._lines.text()
    assert reading.flags == ()


def test_it_follows_the_current_box_and_its_edits(sky, panel):
    c = sky.controller
    c.session.shown.select(c.session.shown.boxes[0].id)
    first = wait_for(sky, panel, lambda r: r.circles is not None)
    c.session.shown.select(c.session.shown.boxes[1].id)
    second = wait_for(sky, panel, lambda r: r is not first)
    assert (second.circles.x, second.circles.y) == pytest.approx(CLUMPS[1], abs=0.2)
    x1, y1, x2, y2 = c.session.shown.boxes[1].corners
    c.session.opened.edit(
        c.session.shown.boxes[1].id, (x1 + 30, y1 + 30, x2 + 30, y2 + 30)
    )
    moved = wait_for(sky, panel, lambda r: r is not second)
    assert moved.circles.x > CLUMPS[1][0] + 20
    c.session.shown.select(None)
    sky.settle(50)
    assert panel.reading is None
    assert "click one" in panel._title.text()
    assert not marks(sky).isVisible()


def test_segments_are_a_layer_while_they_are_shown(sky, panel):
    c, layers = sky.controller, sky.viewer.layers
    c.session.shown.select(c.session.shown.boxes[0].id)
    wait_for(sky, panel, lambda r: r.circles is not None)
    assert "Clump segments" not in layers
    panel._segmented.setChecked(True)
    reading = wait_for(sky, panel, lambda r: r.labels is not None)
    assert "Segment: " in panel._lines.text()
    layer = layers["Clump segments"]
    assert not layer.editable
    assert [x.name for x in layers][:2] == ["Galaxy", "Clump segments"]
    assert layers.selection.active is c.session.canvas.boxes
    for number, (x, y) in enumerate(CLUMPS, start=1):
        assert layer.data[round(y), round(x)] == number
    assert reading.labels is not None
    c.session.shown.select(c.session.shown.boxes[1].id)
    second = wait_for(sky, panel, lambda r: r is not reading)
    assert second.labels is reading.labels  # kept, not made again
    assert layers["Clump segments"] is layer
    layers.remove(layer)  # by the user
    c.session.shown.select(c.session.shown.boxes[0].id)
    sky.qtbot.waitUntil(lambda: "Clump segments" in layers)
    panel._segmented.setChecked(False)
    sky.settle(50)
    assert "Clump segments" not in layers
    assert layers.selection.active is c.session.canvas.boxes
    panel._segmented.setChecked(True)
    sky.qtbot.waitUntil(lambda: "Clump segments" in layers)
    panel.hide()
    assert "Clump segments" not in layers
    panel.show()
    panel._segmented.setChecked(False)


def test_other_sources_are_a_layer_in_the_colours_of_their_kinds(
    window, panel, tmp_path
):
    from astropy.io import fits

    write_galaxy(tmp_path / "sky" / "a.fits")
    star, clump = (25.0, 30.0), CLUMPS[0]
    with fits.open(tmp_path / "sky" / "a.fits", mode="update") as hdus:
        rows, columns = np.indices((SIDE, SIDE))
        hdus[0].data += 60 * moffat(FWHM).at(
            np.hypot(columns - star[0], rows - star[1])
        ).astype("f4")
    window.controller.open_paths([tmp_path / "sky"])
    c, layers = window.controller, window.viewer.layers
    panel._with_others.setChecked(True)
    # No box is there yet: they are shown all the same.
    reading = wait_for(window, panel, lambda r: r.others is not None)
    found = reading.others
    layer = layers["Other sources"]
    number = int(layer.data[round(star[1]), round(star[0])])
    assert found.kinds[number - 1] == "star"
    said = layer.get_status(
        (star[1], star[0]), view_direction=None, dims_displayed=[0, 1], world=True
    )
    assert "star" in said["value"]
    assert not layer.editable
    assert layers.selection.active is c.session.canvas.boxes
    np.testing.assert_allclose(layer.get_color(number)[:3], (1, 1, 0), atol=0.01)
    assert "Beside it: " in panel._lines.text()
    x, y = clump
    box = Proposal(x - 6, y - 6, x + 6, y + 6, "clump", 0.9)
    c.session.threshold = 0.3
    c.take_proposals(1, [box], "test-model", (SIDE, SIDE))
    window.settle(50)
    c.session.shown.select(c.session.shown.boxes[0].id)
    wait_for(window, panel, lambda r: r.circles is not None and r.others is not None)
    far = np.hypot(star[0] - x, star[1] - y) / FWHM
    assert f"Nearest: star {far:.1f} FWHM" in panel._lines.text()
    panel._with_others.setChecked(False)
    window.settle(50)
    assert "Other sources" not in layers


def test_circles_lie_on_no_layer_and_go_with_the_dock(sky, panel):
    c = sky.controller
    c.session.shown.select(c.session.shown.boxes[0].id)
    reading = wait_for(sky, panel, lambda r: r.circles is not None)
    overlay = marks(sky)
    assert overlay.isVisible()
    assert overlay.circles == reading.circles
    assert [layer.name for layer in sky.viewer.layers] == [
        "Galaxy", "Marks", "Clump boxes",
    ]  # fmt: skip
    assert len(c.session.canvas.boxes.data) == 3
    assert (
        sky.canvas.childAt(sky.canvas.rect().center()) is None
    )  # the mouse goes through
    before = overlay.grab().toImage()
    sky.viewer.scene.camera.zoom *= 1.5
    sky.settle(50)
    assert overlay.grab().toImage() != before
    panel._wanted.click()
    assert not overlay.isVisible()
    panel._wanted.click()
    assert overlay.isVisible()
    panel.parent().hide()
    sky.settle(50)
    assert not overlay.isVisible()


def test_flags_are_said_in_words(sky, panel):
    c = sky.controller
    c.session.shown.select(c.session.shown.boxes[2].id)
    reading = wait_for(sky, panel, lambda r: bool(r.flags))
    assert any("outside the galaxy" in flag for flag in reading.flags)
    assert panel._flags.isVisible()
    assert "outside the galaxy" in panel._flags.text()


def test_reasons_to_doubt_a_clump_are_said(sky, panel):
    """An artefact on its box is one, until it is refused."""
    c = sky.controller
    shown = c.session.shown
    shown.select(shown.boxes[0].id)
    sure = wait_for(sky, panel, lambda r: r.circles is not None)
    assert not any("Doubtful" in flag for flag in sure.flags)
    star = Artefact("saturated_star", "its core is white", shown.boxes[0].corners)
    c.session.review.note_artefacts(c.session.cutout.id, [star])
    said = wait_for(sky, panel, lambda r: bool(r.flags))
    assert said.flags[0] == "Doubtful as a clump: artefact: saturated star"
    assert "saturated star" in panel._flags.text()
    c.remarks.judge_artefact("saturated_star", False)
    wait_for(sky, panel, lambda r: not any("Doubtful" in flag for flag in r.flags))
    shown.select(shown.boxes[2].id)  # beside the galaxy, where there is nothing
    beside = wait_for(sky, panel, lambda r: bool(r.flags))
    assert "outside the galaxy" in beside.flags[0]


def test_a_picture_is_said_to_have_no_fluxes(ui, panel):
    ui.controller.session.shown.select(ui.controller.session.shown.boxes[0].id)
    reading = wait_for(ui, panel, lambda r: bool(r.lines))
    assert reading.lines[0].startswith("Looks like ")
    assert "no linear flux" in reading.lines[1]
    assert "px" in panel._lines.text()
    assert reading.rows == ()
    assert not panel._table.isVisible()
    assert not panel._spectrum.isVisible()
    assert not marks(ui).isVisible()


def test_without_units_fluxes_are_said_to_be_relative(window, panel, tmp_path):
    write_galaxy(tmp_path / "sky" / "a.fits", unit="")
    window.controller.open_paths([tmp_path / "sky"])
    half = 1.25 * FWHM
    x, y = CLUMPS[0]
    window.controller.session.opened.add(
        1, (x - half, y - half, x + half, y + half), "clump"
    )
    window.controller.session.shown.select(window.controller.session.shown.boxes[0].id)
    reading = wait_for(window, panel, lambda r: bool(r.rows))
    assert reading.unit == "relative"
    assert reading.rows[0][3] == ""
    assert any("relative" in flag for flag in reading.flags)


def test_a_unit_that_no_file_names_is_asked_for_once(window, panel, tmp_path):
    for name in "ab":
        write_galaxy(tmp_path / "sky" / f"{name}.fits", unit="")
    c = window.controller
    c.open_paths([tmp_path / "sky"])
    half = 1.25 * FWHM
    x, y = CLUMPS[0]
    for cutout in (1, 2):
        c.session.opened.add(cutout, (x - half, y - half, x + half, y + half), "clump")
    c.session.shown.select(c.session.shown.boxes[0].id)
    wait_for(window, panel, lambda r: r.unit == "relative")
    row, choice = window.panel("unit_row"), window.panel("unit_choice")
    assert row.isVisible()
    said = []
    c.session.said.connect(said.append)
    choice.setCurrentText("parsecs")
    window.panel("button_use_unit").click()
    assert "'parsecs' is unknown" in said[-1]
    assert c.session.opened.unit == ""
    choice.setCurrentText("nanomaggy")
    window.panel("button_use_unit").click()
    reading = wait_for(window, panel, lambda r: r.unit == "µJy")
    assert flux_of(reading, "g")[0] == pytest.approx(40 * 3.631, rel=0.03)
    assert not row.isVisible()
    c.navigator.next_cutout()
    c.session.shown.select(c.session.shown.boxes[0].id)
    other = wait_for(window, panel, lambda r: r is not reading and bool(r.rows))
    assert other.unit == "µJy"  # and is not asked again
    assert c.session.opened.unit == "nanomaggy"


def test_an_image_that_went_is_said(sky, panel, tmp_path):
    (tmp_path / "sky" / "a.fits").unlink()
    sky.controller.session.pictures.forget()
    panel._start_anew()
    sky.controller.session.shown.select(sky.controller.session.shown.boxes[1].id)
    reading = wait_for(sky, panel, lambda r: bool(r.flags))
    assert "a.fits" in reading.flags[0]


def test_without_a_review_it_says_so(window, panel):
    assert panel._title.text() == "No review is open."
    assert not panel._table.isVisible()
