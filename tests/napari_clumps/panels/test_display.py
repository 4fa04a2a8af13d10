"""The panel "Display" in the real window: looks, zoom, scale and North."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from clump_detector.images.cutout import read_cutout
from clump_detector.images.rgb import to_rgb
from napari_clumps.render.orientation import AS_IS, Orientation
from napari_clumps.render.rendering import Rendering, render
from napari_clumps.review import Proposal, Status
from napari_clumps.settings.settings import change_settings, load_settings

pytestmark = pytest.mark.gui

#: CD matrix and how the array is turned for it; render/test_orientation.py has why.
EIGHT = [
    ([[-1, 0], [0, -1]], Orientation(False, "down", "right")),
    ([[-1, 0], [0, 1]], Orientation(False, "up", "right")),
    ([[1, 0], [0, -1]], Orientation(False, "down", "left")),
    ([[1, 0], [0, 1]], Orientation(False, "up", "left")),
    ([[0, -1], [-1, 0]], Orientation(True, "down", "right")),
    ([[0, -1], [1, 0]], Orientation(True, "up", "right")),
    ([[0, 1], [-1, 0]], Orientation(True, "down", "left")),
    ([[0, 1], [1, 0]], Orientation(True, "up", "left")),
]
UP = EIGHT[1]

WIDTH, HEIGHT, SCALE = 200, 140, 0.25

#: A bright star on the northern side, as an offset from the middle along North.
STAR = 50


def write_fits(path, cd, bands="gri"):
    """Write a cube of a galaxy in the middle and a star to the north of it."""
    from astropy.io import fits

    y, x = np.mgrid[:HEIGHT, :WIDTH]
    middle = (WIDTH - 1) / 2, (HEIGHT - 1) / 2
    north = np.linalg.inv(cd)[:, 1]
    rng = np.random.default_rng(3)
    galaxy = 30 * np.exp(-np.hypot(x - middle[0], y - middle[1]) / 15)
    sx, sy = middle[0] + STAR * north[0], middle[1] + STAR * north[1]
    star = 4000 * np.exp(-((x - sx) ** 2 + (y - sy) ** 2) / 8)
    planes = galaxy + star + rng.normal(0, 1, (len(bands), HEIGHT, WIDTH))
    header = fits.Header({"BANDS": bands, "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"})
    header.update({"CRVAL1": 30.0, "CRVAL2": 5.0})
    header.update({"CRPIX1": middle[0] + 1, "CRPIX2": middle[1] + 1})
    for i, j in np.ndindex(2, 2):
        header[f"CD{i + 1}_{j + 1}"] = float(cd[i][j]) * SCALE / 3600
    path.parent.mkdir(exist_ok=True)
    fits.writeto(path, planes.astype(np.float32), header)


@pytest.fixture(autouse=True)
def usual_look(window):
    """Every test starts, and leaves the one window, as a person finds it first."""
    yield
    looking = window.controller.display
    looking.reset()
    looking.show_scale_bar(True)
    looking.turn_north_up(True)
    looking.close()
    window.controller.session.canvas.camera.zoom_to_galaxy()


@pytest.fixture
def panel(shown_window):
    viewer, _ = shown_window
    dock, panel = viewer.window.add_plugin_dock_widget(
        "napari-clumps", "Display", tabify=False
    )
    yield panel
    viewer.window.remove_dock_widget(dock)


@pytest.fixture
def sky(window, tmp_path):
    """A review of a FITS file with North to the top of an array counted from below."""
    write_fits(tmp_path / "sky" / "a.fits", UP[0])
    window.controller.open_paths([tmp_path / "sky"])
    window.settle(50)
    return window


def shown(ui):
    return np.asarray(ui.controller.session.canvas.image.data)


def file_of(ui):
    return read_cutout(ui.controller.session.cutout.source)


def marks(ui):
    """Return (scale bar, north, east, words) as the corners show them."""
    return ui.panel("corner_marks").shown


def widget(panel, kind, name):
    return panel.findChild(kind, name)


# -- views and stretches ----------------------------------------------------


def test_v_goes_through_the_views_and_round(ui, panel):
    cutout = file_of(ui)
    np.testing.assert_array_equal(shown(ui), to_rgb(cutout))
    for view in ("red", "green", "blue", "residual", "colour"):
        ui.key("V")
        assert ui.controller.display.rendering.view == view
        assert panel._view.value == view
        np.testing.assert_array_equal(shown(ui), render(cutout, Rendering(view)))
    np.testing.assert_array_equal(shown(ui), to_rgb(cutout))


def test_s_goes_through_the_stretches_and_round(ui, panel):
    for stretch in ("linear", "square root", "log", "asinh", "as detected"):
        ui.key("S")
        assert panel._stretch.value == stretch
        np.testing.assert_array_equal(
            shown(ui), render(file_of(ui), Rendering(stretch=stretch))
        )


def test_the_panel_and_the_canvas_say_what_the_detector_does_not_see(ui, panel):
    from qtpy.QtWidgets import QPushButton

    reset = widget(panel, QPushButton, "button_reset_look")
    assert panel._words.text() == ""
    assert marks(ui)[3] == ""
    assert not reset.isEnabled()
    panel._view.value = "residual"
    panel._stretch.value = "log"
    assert panel._words.text() == "Residual, log: not what the detector sees"
    assert marks(ui)[3] == "Residual, log"
    reset.click()
    assert panel._words.text() == ""
    assert marks(ui)[3] == ""
    np.testing.assert_array_equal(shown(ui), to_rgb(file_of(ui)))


def test_the_slider_moves_black_and_white(ui, panel):
    panel._levels.setValue((0.1, 0.6))
    look = ui.controller.display.rendering
    assert (look.black, look.white) == pytest.approx((0.1, 0.6))
    np.testing.assert_array_equal(shown(ui), render(file_of(ui), look))
    panel._levels.setValue((0.5, 0.5))  # they give way, and the slider shows it
    look = ui.controller.display.rendering
    assert look.white > look.black
    assert panel._levels.value() == pytest.approx((look.black, look.white), abs=0.011)


def test_a_look_stays_from_cutout_to_cutout(ui, panel):
    ui.controller.display.choose(view="residual", stretch="asinh")
    for _ in range(2):
        ui.key("N")
        np.testing.assert_array_equal(
            shown(ui), render(file_of(ui), Rendering("residual", "asinh"))
        )
    assert ui.controller.session.cutout.id == 3


def test_a_look_stays_over_restarts(ui):
    from napari.components import ViewerModel

    from napari_clumps.app.controller import Controller

    looking = ui.controller.display
    looking.choose(view="blue", stretch="log", black=0.1, white=0.8)
    looking.show_scale_bar(False)
    looking.turn_north_up(False)
    looking.close()
    later = Controller(ViewerModel())
    assert later.display.rendering == Rendering("blue", "log", 0.1, 0.8)
    assert not later.display.scale_bar
    assert not later.display.north_up
    change_settings(stretch="cubic")
    assert Controller(ViewerModel()).display.rendering == Rendering()


def test_a_look_is_saved_when_the_mouse_rests(ui):
    ui.controller.display.choose(view="red")
    assert load_settings().view == "colour"
    ui.qtbot.waitUntil(lambda: load_settings().view == "red")


def test_another_look_leaves_view_boxes_and_file_alone(ui, monkeypatch):
    from napari_clumps.render import image_cache

    camera = ui.viewer.scene.camera
    camera.zoom, camera.center = 9.0, (0.0, 60.0, 50.0)
    ui.settle(50)
    before = camera.zoom, camera.center
    selected = ui.controller.session.shown.current
    monkeypatch.setattr(image_cache, "read_cutout", None)  # reading now would fail
    ui.key("V")
    assert ui.controller.session.picture.problem is None
    assert (camera.zoom, camera.center) == before
    assert ui.controller.session.shown.current == selected
    assert len(ui.controller.session.canvas.boxes.data) == 3


def test_neighbours_follow_the_look(ui, monkeypatch):
    from napari_clumps.render import image_cache

    ui.controller.display.choose(view="residual")
    looking = ui.controller.display
    ui.qtbot.waitUntil(lambda: not looking._timer.isActive())
    ui.controller.session.pictures._reader.submit(int).result()
    monkeypatch.setattr(image_cache, "render", None)  # drawing now would fail
    ui.key("N")
    assert ui.controller.session.picture.rgb is not None


def test_a_band_that_is_not_there_is_said_and_comes_back(sky, panel, galaxies):
    sky.controller.display.choose(view="g")
    assert list(panel._view.choices) == [
        "colour", "g", "r", "i", "residual",
    ]  # fmt: skip
    sky.controller.open_paths([galaxies])
    sky.settle(50)
    np.testing.assert_array_equal(shown(sky), to_rgb(file_of(sky)))
    assert "no band g" in sky.panel("cutout_warning").text()
    assert panel._view.value == "g"
    assert panel._words.text() == ""  # it is what the detector sees
    sky.key("V")
    assert sky.controller.display.rendering.view == "colour"
    assert not sky.panel("cutout_warning").isVisible()


# -- the detector -----------------------------------------------------------


def test_the_detector_sees_the_same_whatever_a_person_looks_at(window, monkeypatch):
    """The real detection, with and without a look, on what the window hands over."""
    from napari_clumps.jobs.detecting import detection as module

    window.viewer.open_sample("napari-clumps", "simulated")
    window.qtbot.waitUntil(lambda: window.controller.session.cutout is not None)
    c, handed = window.controller, []
    real = module.detect

    def spied(worker, requests, *rest, **more):
        handed.append(list(requests))
        yield from real(worker, requests, *rest, **more)

    monkeypatch.setattr(module, "detect", spied)

    def proposals():
        c.detection.start("cutout")
        window.qtbot.waitUntil(lambda: not c.detection.running)
        window.settle(50)
        return [
            (b.corners, b.cls, b.score)
            for b in c.session.review.boxes(c.session.cutout.id)
        ]

    usual, before = proposals(), shown(window).copy()
    c.display.choose(view="residual", stretch="log", black=0.2, white=0.5)
    assert (shown(window) != before).any()
    other = proposals()
    assert usual
    assert other == usual
    assert len(handed) == 2
    assert handed[0] == handed[1]
    (request,) = handed[1]
    assert request.source == c.session.cutout.source  # the file, by its name
    assert request.array is None
    c.session.viewer.layers.selection.active = c.session.canvas.image
    assert c.detection.image_layer() is None  # nor can the canvas be chosen


# -- zoom -------------------------------------------------------------------


def middle_of(box):
    return (box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2


def looked_at(ui):
    """Return the pixel (x, y) in the middle of the canvas."""
    center = ui.viewer.scene.camera.center[-2:]
    turned = ui.controller.session.canvas.camera.orientation.transposed
    return tuple(center) if turned else (center[1], center[0])


def test_z_goes_to_the_box_and_back(ui):
    camera, c = ui.viewer.scene.camera, ui.controller
    whole = camera.zoom
    ui.key("Z")
    assert c.display.close_up
    assert camera.zoom > 1.5 * whole
    assert looked_at(ui) == pytest.approx(middle_of(c.session.shown.boxes[0]))
    ui.key("Z")
    assert not c.display.close_up
    assert camera.zoom == pytest.approx(whole, rel=0.05)
    assert looked_at(ui) == pytest.approx((79.5, 79.5), abs=1)


def test_close_up_the_next_box_is_in_the_middle_as_close(ui):
    c = ui.controller
    ui.key("Z")
    ui.viewer.scene.camera.zoom = close = ui.viewer.scene.camera.zoom * 1.3
    ui.key("Tab")
    assert looked_at(ui) == pytest.approx(middle_of(c.session.shown.boxes[1]))
    ui.key("A")
    assert c.session.shown.current == c.session.shown.boxes[2].id
    assert looked_at(ui) == pytest.approx(middle_of(c.session.shown.boxes[2]))
    assert ui.viewer.scene.camera.zoom == pytest.approx(close)


def test_close_up_goes_on_where_the_next_cutout_has_a_box(ui):
    c, camera = ui.controller, ui.viewer.scene.camera
    proposals = [Proposal(20, 20, 40, 40, "clump", 0.8)]
    c.take_proposals(3, proposals, "test-model", (160, 160))
    whole = camera.zoom
    ui.key("Z")
    close = camera.zoom
    ui.key("N")  # no box there
    assert camera.zoom == pytest.approx(whole, rel=0.05)
    ui.key("N")
    assert camera.zoom == pytest.approx(close)
    assert looked_at(ui) == pytest.approx((30, 30))
    ui.key("Z")
    ui.key("P")
    ui.key("P")
    assert camera.zoom == pytest.approx(whole, rel=0.05)


def test_proposals_that_come_in_are_looked_at_close_up(ui):
    c = ui.controller
    ui.key("Z")
    ui.key("N")
    c.take_proposals(
        2, [Proposal(20, 20, 40, 40, "clump", 0.8)], "test-model", (160, 160)
    )
    ui.settle(50)
    assert looked_at(ui) == pytest.approx((30, 30))


def test_napari_s_home_button_ends_the_close_up(ui):
    ui.key("Z")
    ui.viewer.reset_view()
    assert not ui.controller.display.close_up


def widest_line(ui):
    """Return the width of the thickest outline on the screen, in screen pixels."""
    canvas = ui.controller.session.canvas
    return max(canvas.boxes.edge_width) * ui.viewer.scene.camera.zoom


def test_lines_stay_thin_however_close_one_looks(ui):
    camera = ui.viewer.scene.camera
    ui.key("A")
    whole = widest_line(ui)
    camera.zoom *= 20  # lines as wide as in the image would have 20 times as many
    assert widest_line(ui) < 2.5 * whole
    assert ui.controller.session.canvas.marks.edge_width * camera.zoom < 4
    ui.key("Z")
    assert widest_line(ui) < 2.5 * whole
    ui.key("Z")
    assert widest_line(ui) == pytest.approx(whole, rel=0.1)
    ui.key("N")
    ui.key("P")
    assert widest_line(ui) == pytest.approx(whole, rel=0.1)


def test_the_galaxy_fills_a_larger_window_unless_one_looks_closer(ui):
    camera, native = ui.viewer.scene.camera, ui.viewer.window._qt_window
    size, whole = native.size(), camera.zoom
    try:
        native.resize(900, 600)
        ui.settle(200)
        assert camera.zoom < 0.9 * whole
        native.resize(size)
        ui.settle(200)
        assert camera.zoom == pytest.approx(whole, rel=0.02)
        ui.key("Z")
        close = camera.zoom
        native.resize(900, 600)
        ui.settle(200)
        assert camera.zoom == pytest.approx(close)
    finally:
        native.resize(size)
        ui.settle(200)


def test_buttons_zoom_too_and_without_a_box_it_is_said(ui, panel):
    from qtpy.QtWidgets import QPushButton

    said = []
    ui.controller.session.said.connect(said.append)
    widget(panel, QPushButton, "button_zoom").click()
    assert ui.controller.display.close_up
    widget(panel, QPushButton, "button_zoom_to_galaxy").click()
    assert not ui.controller.display.close_up
    ui.key("N")
    widget(panel, QPushButton, "button_zoom").click()
    assert not ui.controller.display.close_up
    assert "No box" in said[-1]


# -- scale and North --------------------------------------------------------


def test_scale_bar_and_compass_are_shown_where_they_are_known(sky, panel, galaxies):
    from qtpy.QtWidgets import QCheckBox

    bar, north, east, _ = marks(sky)
    zoom = sky.viewer.scene.camera.zoom
    assert bar.length == pytest.approx(bar.arcsec / SCALE * zoom, rel=1e-3)
    assert north == pytest.approx((0, -1), abs=0.01)
    assert east == pytest.approx((-1, 0), abs=0.01)
    sky.viewer.scene.camera.zoom = 4 * zoom
    sky.settle(50)
    closer = marks(sky)[0]
    assert closer.arcsec < bar.arcsec
    assert closer.length == pytest.approx(closer.arcsec / SCALE * 4 * zoom, rel=1e-3)
    widget(panel, QCheckBox, "scale_bar").click()
    assert marks(sky)[:3] == (None, None, None)
    widget(panel, QCheckBox, "scale_bar").click()
    assert marks(sky)[0] == closer
    sky.controller.open_paths([galaxies])
    assert marks(sky)[:3] == (None, None, None)


def test_the_marks_are_drawn_and_let_the_mouse_through(sky):
    from qtpy.QtCore import QRect

    overlay = sky.panel("corner_marks")
    assert overlay.size() == sky.canvas.size()
    assert sky.canvas.childAt(40, sky.canvas.height() - 40) is None
    corner = QRect(0, sky.canvas.height() - 120, 120, 120)
    with_marks = sky.canvas.grab(corner).toImage()
    sky.controller.display.show_scale_bar(False)
    sky.settle(50)
    assert sky.canvas.grab(corner).toImage() != with_marks


def test_north_up_can_be_left_and_pictures_stay_as_they_are(sky, panel, galaxies):
    from qtpy.QtWidgets import QCheckBox

    canvas = sky.controller.session.canvas
    assert canvas.camera.orientation == UP[1]
    box = widget(panel, QCheckBox, "north_up")
    box.click()
    assert canvas.camera.orientation == AS_IS
    assert marks(sky)[1] == pytest.approx((0, 1), abs=0.01)  # where North is now
    box.click()
    assert canvas.camera.orientation == UP[1]
    sky.controller.open_paths([galaxies])
    assert canvas.camera.orientation == AS_IS


@pytest.mark.parametrize(("cd", "wanted"), EIGHT)
def test_clicks_hit_the_right_pixels_in_every_orientation(window, tmp_path, cd, wanted):
    write_fits(tmp_path / "sky" / "a.fits", cd)
    ui, c = window, window.controller
    c.open_paths([tmp_path / "sky"])
    ui.settle(50)
    assert c.session.canvas.camera.orientation == wanted
    assert shown(ui).shape == (HEIGHT, WIDTH, 3)  # pixels stay where they are

    # North is up: the star stands above the galaxy on the screen itself.
    screen = ui.viewer.screenshot(canvas_only=True, flash=False)[..., :3]
    rows, columns = np.nonzero(screen.max(axis=2) > 240)
    height, width = screen.shape[:2]
    zoom = ui.viewer.scene.camera.zoom
    assert np.median(columns) == pytest.approx(width / 2, abs=3)
    assert np.median(rows) == pytest.approx(height / 2 - STAR * zoom, abs=2 * zoom)

    ui.key("D")
    ui.drag((30, 40), (56, 58))
    ui.settle(50)
    (box,) = c.session.shown.boxes
    assert box.status is Status.DRAWN
    assert box.corners == pytest.approx((30, 40, 56, 58), abs=0.8)

    ui.drag((37, 44), (47, 50))  # the whole box, by its inside
    ui.settle(50)
    assert c.session.shown.boxes[0].corners == pytest.approx((40, 46, 66, 64), abs=0.8)

    ui.click((150, 120))
    ui.settle(50)
    assert c.session.shown.current is None
    ui.click((48, 52))
    ui.settle(50)
    assert c.session.shown.current == c.session.shown.boxes[0].id


@pytest.mark.parametrize(("cd", "wanted"), EIGHT)
def test_boxes_are_brought_into_view_in_every_orientation(window, tmp_path, cd, wanted):
    write_fits(tmp_path / "sky" / "a.fits", cd)
    ui, c = window, window.controller
    c.session.threshold = 0.3
    c.open_paths([tmp_path / "sky"])
    proposals = [
        Proposal(20, 30, 36, 50, "clump", 0.9),
        Proposal(160, 100, 180, 112, "clump", 0.8),
    ]
    c.take_proposals(1, proposals, "test-model", (WIDTH, HEIGHT))
    ui.settle(50)
    here, there = c.session.shown.boxes
    ui.viewer.scene.camera.zoom = 12
    c.session.canvas.camera.bring_into_view(here)
    assert looked_at(ui) == pytest.approx(middle_of(here))
    c.session.canvas.camera.bring_into_view(replace(here, x1=here.x1 + 2))
    assert looked_at(ui) == pytest.approx(middle_of(here))  # it was in sight
    c.session.shown.select(there.id)
    assert looked_at(ui) == pytest.approx(middle_of(there))
    height, width = ui.viewer.canvas.size
    assert c.session.canvas.camera.on_screen(middle_of(there)) == pytest.approx(
        (width / 2, height / 2)
    )


@pytest.mark.parametrize(("cd", "wanted"), EIGHT)
def test_the_label_stands_above_the_box_in_every_orientation(
    window, tmp_path, cd, wanted
):
    write_fits(tmp_path / "sky" / "a.fits", cd)
    ui, c = window, window.controller
    c.open_paths([tmp_path / "sky"])
    c.take_proposals(
        1, [Proposal(20, 30, 36, 50, "clump", 0.9)], "test-model", (WIDTH, HEIGHT)
    )
    ui.settle(50)
    first, second = c.session.canvas.boxes._view_text_coords[0][0]
    x, y = (first, second) if wanted.transposed else (second, first)
    right, down = c.session.canvas.camera.on_screen((x, y))
    corners = [c.session.canvas.camera.on_screen(p) for p in ((20, 30), (36, 50))]
    left, top = np.min(corners, axis=0)
    pixel = ui.viewer.scene.camera.zoom
    assert left - 3 * pixel < right <= left  # at the frame around the box
    assert top - 4 * pixel < down < top


def test_a_person_s_own_layers_keep_their_other_axes(sky):
    """A cube beside the review: only the two axes that are seen are exchanged."""
    cube = sky.viewer.add_image(np.zeros((5, 30, 40), np.float32), name="cube")
    try:
        sky.controller.session.canvas.camera.show_sky(
            replace(sky.controller.session.canvas.camera._sky, orientation=EIGHT[4][1])
        )
        assert sky.viewer.dims.order == (0, 2, 1)
        assert sky.controller.session.canvas.camera.orientation == EIGHT[4][1]
        sky.controller.display.turn_north_up(True)
        assert sky.viewer.dims.order == (0, 1, 2)
    finally:
        sky.viewer.layers.remove(cube)
