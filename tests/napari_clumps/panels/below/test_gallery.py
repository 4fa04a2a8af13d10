"""The panel "Clump gallery" in the real window."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from napari_clumps.app.gallery import Gallery
from napari_clumps.render.thumbnails import cut, share_of_window, window_around
from napari_clumps.review import Arrangement, Proposal, Review, Status
from napari_clumps.widgets.gallery.grid_layout import GridLayout
from tests.helpers.descriptions import description_of

pytestmark = pytest.mark.gui


class GalleryUser:
    """A user of the gallery."""

    def __init__(self, panel, qtbot) -> None:
        self.panel, self.grid, self.qtbot = panel, panel.grid, qtbot

    @property
    def gallery(self):
        return self.panel._gallery

    def settle(self, ms: int = 30) -> None:
        self.qtbot.wait(ms)

    def point(self, place: int):
        return self.grid.visualRect(self.panel.cells.index(place)).center()

    def click(self, place: int, *, control: bool = False, shift: bool = False) -> None:
        self.qtbot.mouseClick(
            self.grid.viewport(),
            _left(),
            _modifier(control, shift),
            self.point(place),
        )

    def double_click(self, place: int) -> None:
        self.click(place)
        self.qtbot.mouseDClick(
            self.grid.viewport(), _left(), _modifier(False, False), self.point(place)
        )
        self.settle()

    def drag(self, start, end) -> None:
        viewport = self.grid.viewport()
        self.qtbot.mousePress(viewport, _left(), pos=start)
        for share in (0.3, 0.7, 1.0):
            self.qtbot.mouseMove(viewport, start + (end - start) * share)
        self.qtbot.mouseRelease(viewport, _left(), pos=end)

    def key(self, key: str, *, control: bool = False, shift: bool = False) -> None:
        from qtpy.QtCore import Qt

        code = getattr(Qt.Key, f"Key_{key}")
        self.qtbot.keyClick(self.grid, code, _modifier(control, shift))

    def places(self) -> list[int]:
        return self.grid.selected_places()

    def statuses(self) -> list[str]:
        return [self.gallery.crop(p).status.value for p in range(len(self.gallery))]

    def ids(self) -> list[int]:
        return self.gallery.box_ids(range(len(self.gallery)))

    def count(self) -> str:
        return self.panel._count.text()


def _left():
    from qtpy.QtCore import Qt

    return Qt.MouseButton.LeftButton


def _modifier(control: bool, shift: bool):
    from qtpy.QtCore import Qt

    found = Qt.KeyboardModifier.NoModifier
    if control:
        found |= Qt.KeyboardModifier.ControlModifier
    if shift:
        found |= Qt.KeyboardModifier.ShiftModifier
    return found


@pytest.fixture
def panel(shown_window, qtbot):
    """The gallery beside the other panels, taken away again after the test."""
    viewer, controller = shown_window
    controller.gallery = Gallery(
        controller.session, controller.navigator, controller.descriptions
    )
    dock, panel = viewer.window.add_plugin_dock_widget(
        "napari-clumps", "Clump gallery", tabify=True
    )
    dock.show()
    dock.raise_()
    qtbot.wait(50)
    yield panel
    viewer.window.remove_dock_widget(dock)
    panel.deleteLater()
    qtbot.wait(20)


@pytest.fixture
def user(ui, panel, qtbot):
    """A gallery of twelve crops, three on each of four galaxies."""
    for cutout in (2, 3, 4):
        ui.propose(cutout)
    panel.refresh()
    qtbot.waitUntil(lambda: len(panel._gallery) == 12)
    return GalleryUser(panel, qtbot)


def test_the_gallery_has_the_boxes_of_all_cutouts(ui, user):
    assert "12 of 12 boxes" in user.count()
    scores = [user.gallery.crop(p).score for p in range(12)]
    assert scores == sorted(scores, reverse=True)
    assert {user.gallery.crop(p).cutout for p in range(12)} == {1, 2, 3, 4}


def test_proposals_below_the_shown_threshold_are_in_the_gallery(ui, user):
    ui.controller.session.threshold = 0.8
    user.panel.refresh()
    assert len(user.gallery) == 12


def test_crops_show_the_pixels_around_their_box(ui, user, qtbot):
    cells = user.panel.cells
    qtbot.waitUntil(lambda: cells.picture(0) is not None)
    crop, image = user.gallery.crop(0), cells.picture(0).toImage()
    record = ui.controller.session.review.cutout(crop.cutout)
    rgb = np.asarray(Image.open(record.source.path))
    expected = cut(rgb, window_around(crop.corners), cells.side)
    middle = cells.side // 2
    shown = image.pixelColor(middle, middle)
    assert [shown.red(), shown.green(), shown.blue()] == expected[
        middle, middle
    ].tolist()


def test_what_is_painted_has_the_colour_of_the_status(ui, user, qtbot):
    from napari_clumps.render.box_style import colour_hex

    qtbot.waitUntil(lambda: user.panel.cells.picture(0) is not None)
    user.click(0)
    user.key("A")
    user.settle(200)
    found = _colours(user, 0)
    assert colour_hex(Status.ACCEPTED) in found
    assert colour_hex(Status.PROPOSAL) not in found


def _colours(user, place) -> set[str]:
    image = user.grid.viewport().grab().toImage()
    cell = user.grid.visualRect(user.panel.cells.index(place))
    return {
        image.pixelColor(x, y).name()
        for x in range(cell.left(), cell.right())
        for y in range(cell.top(), cell.bottom())
    }


def test_click_shift_control_and_rubber_band_select(ui, user):
    user.click(1)
    assert user.places() == [1]
    user.click(4, shift=True)
    assert user.places() == [1, 2, 3, 4]  # as one reads, not a rectangle
    user.click(2, control=True)
    assert user.places() == [1, 3, 4]
    user.key("A", control=True)
    assert user.places() == list(range(12))
    assert "12 selected" in user.count()
    columns = user.grid._places.grid.columns
    assert columns >= 2
    # Upwards: near its lower rim the grid scrolls on, the longer the farther.
    user.grid.scrollToTop()
    user.drag(user.point(columns), user.point(0))
    assert user.places() == [0, columns]  # a rectangle, not as one reads


def test_one_key_decides_on_the_whole_selection_in_one_step(ui, user):
    review = ui.controller.session.review
    user.click(0)
    user.click(3, shift=True)
    user.key("A")
    assert user.statuses()[:5] == ["accepted"] * 4 + ["proposal"]
    user.key("R")
    assert user.statuses()[:5] == ["rejected"] * 4 + ["proposal"]
    user.key("Z", control=True)
    assert user.statuses()[:5] == ["accepted"] * 4 + ["proposal"]
    user.key("Z", control=True)
    assert user.statuses() == ["proposal"] * 12
    assert not review.can_undo
    user.key("Z", control=True, shift=True)
    assert user.statuses()[:5] == ["accepted"] * 4 + ["proposal"]
    assert user.places() == [0, 1, 2, 3]


def test_the_class_key_gives_all_the_class_after_the_current_box(ui, user):
    user.click(0)
    user.click(2, shift=True)
    user.key("C")
    assert [user.gallery.crop(p).cls for p in range(4)] == ["odd clump"] * 3 + ["clump"]
    user.key("C")
    assert [user.gallery.crop(p).cls for p in range(3)] == ["clump"] * 3


def test_buttons_do_what_the_keys_do(ui, user, qtbot):
    user.click(0)
    user.click(1, control=True)
    for name, statuses in (
        ("gallery_button_accept", ["accepted"] * 2),
        ("gallery_button_reject", ["rejected"] * 2),
        ("gallery_button_undo", ["accepted"] * 2),
    ):
        qtbot.mouseClick(ui.panel(name), _left())
        assert user.statuses()[:2] == statuses, name


def test_keys_with_nothing_selected_change_nothing(ui, user):
    user.grid.clearSelection()
    for key in "ARC":
        user.key(key)
    assert user.statuses() == ["proposal"] * 12
    assert not ui.controller.session.review.can_undo


def test_nothing_jumps_after_a_decision(ui, user):
    user.panel._filter._statuses[Status.REJECTED].setChecked(False)
    user.click(1)
    user.click(2, shift=True)
    ids = user.ids()
    user.key("R")
    user.settle(300)
    assert user.ids() == ids
    assert user.places() == [1, 2]
    assert user.statuses()[1:3] == ["rejected"] * 2
    user.key("F5")
    assert user.ids() == [ids[0], *ids[3:]]
    assert user.places() == []


def test_decisions_on_the_canvas_show_in_the_gallery(ui, user, qtbot):
    c = ui.controller
    c.decisions.accept()
    accepted = next(b.id for b in c.session.shown.boxes if b.status is Status.ACCEPTED)
    place = user.ids().index(accepted)
    qtbot.waitUntil(lambda: user.statuses()[place] == "accepted")
    assert user.statuses().count("accepted") == 1


def test_decisions_in_the_gallery_show_on_the_canvas(ui, user):
    user.key("A", control=True)
    user.key("R")
    assert ui.statuses() == ["rejected"] * 3


def test_new_boxes_wait_for_a_refresh_and_gone_ones_keep_their_place(ui, user, qtbot):
    review, ids = ui.controller.session.review, user.ids()
    drawn = review.add(2, (5, 5, 25, 25), "clump")
    qtbot.waitUntil(lambda: user.gallery.fresh == 1)
    assert "1 new" in user.count()
    assert user.ids() == ids
    user.panel.refresh()
    assert user.ids() == [*ids, drawn.id]  # no score: the last one
    assert user.gallery.fresh == 0
    user.click(12)
    user.key("R")  # a drawn box goes altogether
    assert user.gallery.crop(12).gone
    user.key("R")
    user.key("Z", control=True)
    assert not user.gallery.crop(12).gone


def test_a_refresh_keeps_the_place_and_the_selection(ui, user, qtbot):
    review = ui.controller.session.review
    rng = np.random.default_rng(1)
    for cutout in (2, 3, 4):
        proposals = [
            Proposal(x, y, x + 9, y + 9, "clump", float(s))
            for x, y, s in rng.uniform(0.1, 0.99, (60, 3)) * [140, 140, 1]
        ]
        review.propose(cutout, proposals, "test-model", size=(160, 160))
    user.panel.refresh()
    assert len(user.gallery) == 183
    bar = user.grid.verticalScrollBar()
    bar.setValue(bar.maximum() // 2 + 7)
    user.settle()
    first = user.grid.visible_places()[0]
    user.click(user.grid.visible_places()[5])
    chosen = user.panel.selected()
    height = user.grid.visualRect(user.grid.currentIndex()).top()
    review.reject_all(user.gallery.box_ids(range(0, first, 2)))
    user.gallery.update()
    user.panel._filter._statuses[Status.REJECTED].setChecked(False)
    assert bar.value() == 0  # another filter starts at its top
    user.grid.scrollTo(user.grid.currentIndex())
    review.undo()
    user.gallery.update()
    height = user.grid.visualRect(user.grid.currentIndex()).top()
    user.panel.refresh()
    assert len(user.gallery) == 183
    assert user.panel.selected() == chosen
    assert user.grid.visualRect(user.grid.currentIndex()).top() == height


def test_filters_and_orders_of_the_panel(ui, user, qtbot):
    chosen = user.panel._filter
    chosen._name.setText("GALAXY-3")
    qtbot.waitUntil(lambda: len(user.gallery) == 3)
    assert {user.gallery.crop(p).name for p in range(3)} == {"galaxy-3"}
    chosen._name.setText("")
    chosen._low.setValue(0.6)
    qtbot.waitUntil(lambda: len(user.gallery) == 8)
    assert "8 of 12" in user.count()
    chosen._turned.setChecked(True)
    assert user.gallery.crop(0).score == 0.7
    chosen._class.setCurrentText("odd clump")
    assert len(user.gallery) == 0
    assert user.grid.empty_words == "No box fits this filter."
    chosen._class.setCurrentIndex(0)
    chosen._sort.setCurrentText("cutout")
    assert [user.gallery.crop(p).cutout for p in range(8)] == [4, 4, 3, 3, 2, 2, 1, 1]


def test_a_class_that_was_added_can_be_filtered_at_once(ui, user, qtbot):
    ui.controller.opening.choose_classes(["clump", "odd clump", "star"])
    some = user.gallery.box_ids([0, 1])
    user.gallery.reclassify(some, "star")
    user.panel._filter._class.setCurrentText("star")
    qtbot.waitUntil(lambda: len(user.gallery) == 2)


def described(ui, like):
    """Keep embeddings of all boxes: those of some ids are alike, and no other."""
    import numpy as np

    c, rng = ui.controller, np.random.default_rng(0)
    model = c.session.scores.chosen_model
    for i in c.session.review.ids:
        boxes = c.session.review.boxes(i)
        n = len(boxes)
        vectors = rng.normal(size=(n, 8)) + 9 * np.array(
            [[b.id in like] for b in boxes]
        )
        corners = [box.corners for box in boxes]
        made = description_of(np.zeros(16), corners, vectors)
        c.descriptions.take(i, model, made)


def test_those_like_the_selected_ones_come_first(ui, user):
    alike = {user.ids()[p] for p in (2, 5, 7)}
    described(ui, alike)
    user.grid.select_places([5])
    user.panel.like()
    assert set(user.ids()[:3]) == alike
    assert user.panel._filter.arrangement().sort == "likeness"
    user.grid.select_places([0, 1, 2])
    user.panel.accept()
    assert {ui.controller.session.review.box(i).status for i in alike} == {"accepted"}
    user.panel._filter._sort.setCurrentText("score")
    assert user.gallery.crop(0).score == 0.9


def test_likeness_is_to_the_box_of_the_canvas_if_it_is_chosen_as_the_order(ui, user):
    alike = {user.ids()[p] for p in (2, 5, 7)}
    described(ui, alike)
    user.gallery.open(user.ids()[7])
    user.panel._filter._sort.setCurrentText("likeness")
    assert set(user.ids()[:3]) == alike


def test_boxes_that_no_model_described_are_like_none_and_it_says_so(ui, user, qtbot):
    said = []
    ui.controller.session.said.connect(said.append)
    user.grid.select_places([5])
    user.panel.like()
    assert "has not described this box yet" in said[-1]
    assert len(user.gallery) == 12
    user.grid.clearSelection()
    user.panel.like()
    assert said[-1] == "No box is selected in the gallery."


def test_double_click_opens_the_box_on_the_canvas(ui, user):
    ui.controller.session.threshold = 0.8  # hides what is below on the canvas
    place = next(p for p in range(12) if user.gallery.crop(p).cutout == 3 and p > 6)
    box_id = user.ids()[place]
    user.grid.scrollTo(user.panel.cells.index(place))
    user.double_click(place)
    assert ui.controller.session.cutout.id == 3
    assert ui.controller.session.shown.current == box_id
    assert ui.controller.session.threshold <= user.gallery.crop(place).score


def test_a_crop_that_cannot_be_read_says_why(ui, user, qtbot):
    from qtpy.QtCore import Qt

    cells = user.panel.cells
    place = next(p for p in range(12) if user.gallery.crop(p).cutout == 4)
    path = ui.controller.session.review.cutout(4).source.path
    whole = path.read_bytes()
    path.write_bytes(whole[:200])
    cells.pixmaps.forget()
    cells.changed_in_place()
    qtbot.waitUntil(lambda: isinstance(cells.picture(place), str))
    tip = cells.index(place).data(Qt.ItemDataRole.ToolTipRole)
    assert "galaxy-4" in tip
    assert "damaged" in tip
    path.write_bytes(whole)
    user.panel.refresh()
    user.grid.viewport().update()
    qtbot.waitUntil(lambda: not isinstance(cells.picture(place), str | None))


def test_crops_of_one_cutout_cost_one_reading(ui, user, qtbot):
    cells = user.panel.cells
    user.panel.float_or_dock()  # in a window of its own all of them are visible
    qtbot.waitUntil(lambda: all(cells.picture(p) is not None for p in range(12)))
    assert cells.pixmaps.files_read <= 4
    cells.pixmaps._kept.clear()  # the whole pictures are kept for longer
    cells.changed_in_place()
    qtbot.waitUntil(lambda: all(cells.picture(p) is not None for p in range(12)))
    assert cells.pixmaps.files_read <= 4


def test_a_review_for_reading_only_says_so(ui, user, qtbot):
    path = ui.controller.session.review.path
    ui.controller.close_review()
    with Review.open(path):  # another program has it for writing
        ui.controller.open_paths([path])
        qtbot.waitUntil(lambda: len(user.gallery) == 12)
        assert user.panel._read_only.isVisible()
        assert not ui.panel("gallery_button_accept").isEnabled()
        user.click(0)
        user.key("A")  # a message, no traceback
        assert user.statuses() == ["proposal"] * 12


def test_another_review_shows_its_own_boxes(ui, user, qtbot, tmp_path):
    from tests.helpers.review_window import make_galaxies

    user.click(3)
    ui.controller.open_paths([make_galaxies(tmp_path / "others", 2)])
    qtbot.waitUntil(lambda: "0 of 0" in user.count())
    assert user.grid.empty_words.startswith("No box yet")
    ui.propose(2)
    qtbot.waitUntil(lambda: len(user.gallery) == 3)  # nothing could jump
    ui.controller.close_review()
    assert user.grid.empty_words == "No review is open."


def test_arrangements_can_be_asked_for_by_a_script(ui, user):
    user.gallery.arrange(Arrangement(sort="size", name="galaxy-2"))
    assert len(user.gallery) == 3


def test_letters_typed_into_the_name_decide_nothing(ui, user, qtbot):
    user.click(0)
    qtbot.keyClicks(user.panel._filter._name, "arc")
    assert user.statuses() == ["proposal"] * 12
    user.panel._filter._name.setText("")


def test_a_window_is_twice_its_box_and_reaches_beyond_the_rim():
    corners = (-0.5, 9.5, 19.5, 19.5)  # 20 x 10 pixels at the left rim
    window = window_around(corners)
    assert window == (-10, -5, 40)
    assert share_of_window(corners, window) == (0.25, 0.375, 0.75, 0.625)
    rgb = np.full((50, 50, 3), 200, np.uint8)
    small = cut(rgb, window, 80)
    assert small.shape == (80, 80, 3)
    assert (small[11:, 21:] == 200).all()  # on the image
    assert (small[:9] != 200).all()  # above it
    assert (small[:, :19] != 200).all()  # left of it


def test_cells_are_where_they_are_found():
    grid = GridLayout.across(11, 330, 100, 120)
    assert (grid.columns, grid.rows, grid.width) == (3, 4, 110)
    for place in range(11):
        x, y = grid.corner(place)
        assert grid.at(x, y) == grid.at(x + 109, y + 119) == place
    assert grid.at(330, 0) is None
    assert grid.at(300, 400) is None  # the twelfth of eleven
    assert [list(run) for run in grid.runs(120, 130, 900, 900)] == [
        [4, 5], [7, 8], [10],
    ]  # fmt: skip
