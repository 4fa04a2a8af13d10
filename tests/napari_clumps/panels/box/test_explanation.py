"""The panel "Why this box" in the real window, with the real worker and the starter."""

from __future__ import annotations

import numpy as np
import pytest

from clump_detector.models.explained import Explanation
from napari_clumps.panels.box.explanation import alike_in_words
from napari_clumps.render.explanation_readout import explanation_readout
from napari_clumps.review import Crop, Status
from napari_clumps.viewer.overlays.occlusion import coloured

pytestmark = pytest.mark.gui


@pytest.fixture
def panel(shown_window):
    viewer, _ = shown_window
    dock, panel = viewer.window.add_plugin_dock_widget(
        "napari-clumps", "Why this box", tabify=False
    )
    yield panel
    viewer.window.remove_dock_widget(dock)


@pytest.fixture
def detected(window):
    """The sample galaxies, searched by the starter; one with two proposals is shown."""
    c = window.controller
    window.viewer.open_sample("napari-clumps", "simulated")
    window.qtbot.waitUntil(lambda: c.session.cutout is not None)
    c.detection.start("review")
    window.qtbot.waitUntil(lambda: not c.detection.running, timeout=60_000)
    c.navigator.go_to(max(c.session.opened.cutouts(), key=lambda r: proposed(c, r)).id)
    window.settle(100)
    assert len(c.session.shown.boxes) >= 2
    return window


def proposed(c, record):
    """How many proposals of a cutout are shown."""
    least = c.session.scores.threshold
    boxes = [] if record.held_out else c.session.opened.boxes(record.id)
    return sum(box.score >= least for box in boxes)


def explained(ui):
    """Wait until the current box is explained, and return the answer."""
    answers = ui.controller.explanations
    ui.qtbot.waitUntil(lambda: answers.answer is not None, timeout=60_000)
    ui.settle(50)
    return answers.answer


def test_the_current_box_is_explained_and_the_places_coloured(detected, panel):
    ui = detected
    shown = ui.controller.session.shown
    best = max(shown.boxes, key=lambda box: box.score)
    shown.select(best.id)
    answer = explained(ui)
    assert answer.score == pytest.approx(best.score, abs=1e-3)
    assert "Explained by the clump" in panel._verdict.text()
    assert "clump erased in blue only" in panel._table.text()
    marks = ui.panel("occlusion_marks")
    assert marks.isVisible()
    assert marks.shown is answer
    panel._wanted.setChecked(False)
    assert not marks.isVisible()
    panel._wanted.setChecked(True)
    shown.select(None)
    ui.settle(50)
    assert "click one" in panel._title.text()
    assert not marks.isVisible()
    assert len(ui.viewer.layers) == 3


def test_an_answer_is_kept_and_every_box_has_its_own(detected, panel):
    ui = detected
    shown = ui.controller.session.shown
    first, second = (box.id for box in shown.boxes[:2])
    shown.select(first)
    answer = explained(ui)
    shown.select(second)
    other = explained(ui)
    assert other is not answer
    shown.select(first)
    assert ui.controller.explanations.answer is answer
    assert not ui.controller.explaining.running


def test_decided_boxes_that_look_like_it_are_shown_and_opened(detected, panel):
    ui = detected
    c = ui.controller
    shown = c.session.shown
    current = shown.boxes[0].id
    shown.select(current)
    explained(ui)
    ui.qtbot.waitUntil(lambda: "No decided box" in panel._alike_words.text())
    assert panel.cells.count() == 0
    c.session.opened.accept(shown.boxes[1].id)
    others = [r.id for r in c.session.opened.cutouts() if r.id != c.session.cutout.id]
    for cutout in others:
        for box in c.session.opened.boxes(cutout):
            c.session.opened.reject(box.id)
    shown.select(current)
    ui.qtbot.waitUntil(lambda: 1 <= panel.cells.count() <= 6)
    assert all(crop.status is not Status.PROPOSAL for crop in panel.cells.crops)
    assert current not in [crop.box for crop in panel.cells.crops]
    panel.grid.setCurrentIndex(panel.cells.index(0))
    wanted = panel.cells.crops[0].box
    panel.open()
    ui.settle(50)
    assert shown.current == wanted


def test_a_drawn_box_without_a_clump_is_no_clump_to_the_model(detected, panel):
    ui = detected
    c = ui.controller
    drawn = c.session.opened.add(c.session.cutout.id, (3.0, 3.0, 12.0, 12.0), "clump")
    ui.settle(50)
    c.session.shown.select(drawn.id)
    answer = explained(ui)
    assert answer.score < answer.limit
    if not answer.found:
        assert "sees no clump" in panel._verdict.text()
        assert not ui.panel("occlusion_marks").isVisible()


def test_an_image_that_is_gone_is_said_and_nothing_fails(detected, panel):
    ui = detected
    c = ui.controller
    path = c.session.cutout.source.path
    away = path.with_suffix(".away")
    path.rename(away)
    try:
        c.session.shown.select(c.session.shown.boxes[-1].id)
        answer = explained(ui)
    finally:
        away.rename(path)
    assert isinstance(answer, str)
    assert path.name in panel._verdict.text()
    failed = c.session.shown.current
    c.session.shown.select(c.session.shown.boxes[0].id)
    explained(ui)
    c.session.shown.select(failed)  # the image is back
    assert not isinstance(explained(ui), str)


def test_without_a_review_it_says_so(window, panel):
    window.controller.close_review()
    window.settle(50)
    assert panel._title.text() == "No review is open."


def of(score=0.9, erased=0.0, beside=0.88, limit=0.4, **without):
    grid = np.arange(7.0)
    return Explanation(
        score, limit, erased, beside, without, grid, grid, 2.0, np.ones((7, 7))
    )


def test_the_words_say_what_was_found():
    plain = explanation_readout(of(red=0.9, blue=0.1))
    assert plain.verdict.startswith("Explained by the clump")
    assert not plain.warns
    assert plain.rows[1:3] == (
        ("clump erased", "0.00"),
        ("clump erased in red only", "0.90"),
    )
    odd = explanation_readout(of(erased=0.7))
    assert odd.warns
    assert "still 0.70, of 0.90" in odd.verdict
    far = explanation_readout(of(beside=0.5))
    assert "What is beside the clump counts, too." in far.notes
    edge = explanation_readout(of(beside=None))
    assert "no place beside" in edge.notes[0]
    weak = explanation_readout(of(score=0.2, beside=0.2))
    assert "from 0.40 up, so not this one" in weak.notes[0]
    assert "sees no clump" in explanation_readout(of(score=0.0)).verdict


def test_places_that_count_are_opaque():
    one = of()
    one.covered[3, 3], one.covered[0, 0] = 0.0, 1.5
    image = coloured(one)
    assert image.pixelColor(3, 3).alpha() > 100
    assert image.pixelColor(0, 0).alpha() == image.pixelColor(6, 6).alpha() == 0


@pytest.mark.parametrize(
    ("statuses", "words"),
    [
        ("", "No decided box can be compared"),
        ("a", "The one decided box most like it is a clump"),
        ("r", "The one decided box most like it was rejected"),
        ("aar", "2 are clumps, 1 was rejected"),
        ("arr", "1 is a clump, 2 were rejected"),
        ("rr", "none are clumps, 2 were rejected"),
    ],
)
def test_how_the_decided_boxes_were_decided(statuses, words):
    kinds = {"a": Status.ACCEPTED, "r": Status.REJECTED}
    crops = [
        Crop(k, 1, "a", (0, 0, 1, 1), "clump", kinds[s], 0.5, None)
        for k, s in enumerate(statuses)
    ]
    assert words in alike_in_words(crops)
