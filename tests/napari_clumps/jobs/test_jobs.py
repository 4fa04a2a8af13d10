"""Detection and retraining in the real window, with the real worker process."""

from __future__ import annotations

import os
import signal
import sys
import time

import numpy as np
import pytest
from PIL import Image
from qtpy.QtCore import QTimer

from clump_detector.models.card import read_card
from napari_clumps.jobs.training.curves import RetrainChoices
from napari_clumps.review import QueuePlan, Status

pytestmark = pytest.mark.gui


@pytest.fixture
def sample(window):
    """A window with the simulated sample review."""
    window.viewer.open_sample("napari-clumps", "simulated")
    window.qtbot.waitUntil(lambda: window.controller.session.cutout is not None)
    return window


def finish(ui, job):
    ui.qtbot.waitUntil(lambda: not job.running)
    ui.settle(50)


def press(ui, panel, name):
    from qtpy.QtCore import Qt
    from qtpy.QtWidgets import QPushButton

    button = ui.panel(panel).findChild(QPushButton, name)
    button.click() if not button.isVisible() else ui.qtbot.mouseClick(
        button, Qt.MouseButton.LeftButton
    )
    ui.settle(50)


def longest_turn_while(ui, running):
    """Return the longest turn of the event loop, in seconds of this thread's work.

    Work rather than wall-clock time: another program that takes the processor for a
    while is no freeze of ours.
    """
    ticks = []
    timer = QTimer()
    timer.timeout.connect(lambda: ticks.append(time.thread_time()))
    timer.start(5)
    ui.qtbot.waitUntil(lambda: not running())
    timer.stop()
    return float(np.diff(ticks).max())


def test_detection_proposes_on_the_whole_review_and_freezes_nothing(sample):
    c = sample.controller
    longest = []
    for _ in range(4):  # the processor itself is slower while others use it
        press(sample, "detect_panel", "button_detect")
        assert c.detection.running
        longest.append(longest_turn_while(sample, lambda: c.detection.running))
        if longest[-1] < 0.1:
            break
    assert min(longest) < 0.1
    assert c.session.review.counts().detected == len(c.session.review)
    assert c.session.shown.undecided
    assert c.session.shown.current == c.session.shown.undecided[0].id
    assert "proposal" in sample.panel("detect_outcome").text()
    assert "torch" not in sys.modules  # it lives in the worker


def test_cancel_works_at_once_and_keeps_what_came(sample):
    c = sample.controller
    c.detection.start("review")
    sample.qtbot.waitUntil(lambda: c.detection.done >= 2)
    press(sample, "detect_panel", "button_cancel_detect")
    assert not c.detection.running
    came = c.session.review.counts().detected
    assert 2 <= came < len(c.session.review)
    sample.settle(700)
    assert c.session.review.counts().detected == came
    c.detection.start("cutout")  # the worker is ready for more
    finish(sample, c.detection)
    assert "Cancelled" not in c.detection.outcome


def test_artefacts_are_searched_once_after_the_boxes(window, galaxies):
    path = galaxies / "galaxy-3.png"
    pixels = np.asarray(Image.open(path)).copy()
    pixels[:, :25] = 0
    Image.fromarray(pixels).save(path)
    (galaxies / "galaxy-2.png").write_bytes(b"no image")
    c = window.controller
    c.open_paths([galaxies])
    review = c.session.review
    ids = {r.name: r.id for r in review.cutouts()}
    strip, bad = ids["galaxy-3"], ids["galaxy-2"]
    c.detection.start("review")
    finish(window, c.detection)
    finish(window, c.artefacts)
    found = {r.id: r.artefacts for r in review.cutouts()}
    assert "missing" in {one.kind for one in found[strip]}
    assert [i for i in found if found[i] is None] == [bad]
    assert strip in review.queue(QueuePlan(shown="artefacts")).ids
    review.judge_artefact(strip, "missing", False)
    c.detection.start("review")  # a verdict stays, and nothing is searched again
    finish(window, c.detection)
    assert not c.artefacts.running
    assert review.cutout(strip).verdicts == {"missing": False}


def test_a_search_for_artefacts_lets_a_detection_go_first(sample):
    c = sample.controller
    c.detection.start("review")
    finish(sample, c.detection)
    assert c.artefacts.running
    c.detection.start("cutout")
    finish(sample, c.detection)
    assert c.artefacts.running  # of a dozen cutouts, and it goes on
    finish(sample, c.artefacts)
    assert not c.session.review.unsearched()


def test_done_cutouts_are_left_alone(sample):
    c = sample.controller
    c.session.review.set_done(1, True)
    c.detection.start("review")
    finish(sample, c.detection)
    assert c.session.review.boxes(1) == []
    assert c.session.review.boxes(2)


def test_a_bad_cutout_is_named_and_the_others_go_on(window, galaxies):
    (galaxies / "galaxy-2.png").write_bytes(b"no image")
    c = window.controller
    c.open_paths([galaxies])
    said = []
    c.session.said.connect(said.append)
    c.detection.start("review")
    finish(window, c.detection)
    assert any("galaxy-2.png" in line for line in said)
    assert c.session.review.counts().detected == 3


def test_any_image_layer_can_be_searched(sample):
    viewer, c = sample.viewer, sample.controller
    picture = c.session.picture.rgb
    layer = viewer.add_image(picture, rgb=True, name="mine", scale=(0.5, 0.5))
    viewer.layers.selection.active = layer
    c.session.threshold = 0.05
    c.detection.start()
    finish(sample, c.detection)
    shapes = viewer.layers["Clumps: mine"]
    assert tuple(shapes.scale) == (0.5, 0.5)
    shown = len(shapes.data)
    assert shown
    assert list(shapes.features["class"]) != []
    c.session.threshold = 0.99
    assert len(shapes.data) < shown
    c.session.threshold = 0.05
    assert len(shapes.data) == shown


def test_the_menu_entry_detects_on_the_open_review(sample):
    from napari_clumps.plugin.menu import detect_clumps

    detect_clumps(sample.viewer)
    assert sample.controller.detection.running
    finish(sample, sample.controller.detection)
    assert sample.controller.session.review.counts().detected == len(
        sample.controller.session.review
    )


def test_the_death_of_the_worker_is_said_and_the_next_detection_works(sample):
    c = sample.controller
    said = []
    c.session.said.connect(said.append)
    c.detection.start("review")
    sample.qtbot.waitUntil(lambda: c.detection.done >= 1)
    os.kill(c.detection.worker_pid, signal.SIGKILL)
    finish(sample, c.detection)
    assert any("memory" in line for line in said)
    c.detection.start("cutout")
    finish(sample, c.detection)
    assert c.session.shown.undecided


def label_all_but_two(ui):
    """Decide on most of the sample by its known truth."""
    from clump_detector.labels.label_set import read_label_set
    from napari_clumps.plugin.sample_data import simulated_folder

    c = ui.controller
    truth = read_label_set(simulated_folder() / "labels.json")
    true = {t.source.name: t for t in truth.cutouts}
    for i in list(c.session.review.ids)[:-2]:
        for box in true[c.session.review.cutout(i).name].boxes:
            if not box.ignored:
                c.session.review.add(i, box.corners, box.cls)
        c.session.review.set_done(i, True)
    c.navigator.go_to(len(c.session.review))


def test_retrain_compare_promote_and_propose_again(sample):
    c = sample.controller
    label_all_but_two(sample)
    c.retraining.start(RetrainChoices("starter", epochs=2))
    assert c.retraining.running
    c.navigator.previous_cutout()  # the window can be used meanwhile
    finish(sample, c.retraining)
    assert len(c.retraining.curves.train) == 2
    new = c.retraining.new_model
    assert (new / "weights.safetensors").is_file()
    assert c.retraining.verdict in ("better", "no clear difference", "worse")
    base, point = c.session.review.learning_curve
    assert (base["galaxies"], base["model"].partition("-")[0]) == (0, "starter")
    assert point["galaxies"] == read_card(new).learned_from["cutouts"]
    assert point["f1"]["value"] == c.retraining.comparison["new"]["f1"]["value"]
    press(sample, "retrain_panel", "button_promote")
    finish(sample, c.detection)
    assert c.session.scores.model_name == new.name
    left = len(c.session.review)
    assert c.session.review.cutout(left).model.startswith(new.name)
    assert any(b.status is Status.PROPOSAL for b in c.session.review.boxes(left))
    assert c.session.review.cutout(1).model is None


def test_cancelled_training_keeps_nothing(sample, own_home):
    c = sample.controller
    label_all_but_two(sample)
    c.retraining.start(RetrainChoices("starter", epochs=400))
    sample.qtbot.waitUntil(lambda: c.retraining.step > 1)
    press(sample, "retrain_panel", "button_cancel_retrain")
    sample.qtbot.waitUntil(lambda: not c.retraining.running)
    assert c.retraining.new_model is None
    models = own_home / "models"
    sample.qtbot.waitUntil(lambda: not list(models.glob("*")))


def test_stopped_training_keeps_the_best_so_far(sample):
    c = sample.controller
    label_all_but_two(sample)
    c.retraining.start(RetrainChoices("starter", epochs=400))
    sample.qtbot.waitUntil(lambda: len(c.retraining.curves.train) > 1)
    press(sample, "retrain_panel", "button_stop")
    finish(sample, c.retraining)
    assert (c.retraining.new_model / "model.json").is_file()


def test_without_enough_boxes_the_button_says_what_is_missing(sample):
    from qtpy.QtWidgets import QPushButton

    button = sample.panel("retrain_panel").findChild(QPushButton, "button_retrain")
    assert not button.isEnabled()
    assert "5 more boxes" in button.toolTip()


def test_detect_clumps_stands_in_the_layers_menu_and_among_the_widgets(window):
    def texts(menu):
        for action in menu.actions():
            if action.menu() is not None:
                action.menu().aboutToShow.emit()
                yield from texts(action.menu())
            elif action.text():
                yield action.text().replace("&", "")

    main = window.viewer.window
    assert any(t.startswith("Detect clumps") for t in texts(main.layers_menu))
    widgets = " ".join(texts(main.plugins_menu))
    for name in (
        "Review clumps", "Detect clumps", "Retrain from corrections",
        "Review statistics",
    ):  # fmt: skip
        assert name in widgets


def test_space_waits_for_proposals_that_are_on_their_way(sample):
    c = sample.controller
    c.navigator.go_to(len(c.session.review))
    c.detection.start("review")
    c.navigator.go_to(len(c.session.review) - 1)  # the last in turn
    if c.detection.running and c.session.cutout.model is None:
        sample.key("Space")
        assert not c.session.review.cutout(len(c.session.review) - 1).done
    finish(sample, c.detection)
    sample.key("Space")
    assert c.session.review.cutout(len(c.session.review) - 1).done


def test_what_training_lacks_is_said(ui):
    from qtpy.QtWidgets import QLabel, QPushButton

    c, panel = ui.controller, ui.panel("retrain_panel")
    button = panel.findChild(QPushButton, "button_retrain")
    c.session.review.reject_all([box.id for box in c.session.shown.boxes])
    ui.settle(50)
    assert not button.isEnabled()
    learning = c.session.review.learning_counts()
    lacking = 5 - learning["rejected"]
    assert f"Accept, draw or reject {lacking} more box" in button.toolTip()
    for cutout in c.session.review.ids:  # rejected boxes teach, too: what is no clump
        ui.propose(cutout)
        c.session.review.reject_all([box.id for box in c.session.review.boxes(cutout)])
    c.session.shown.changed.emit()
    assert button.isEnabled()
    words = panel.findChild(QLabel, "learning_counts").text()
    assert "No box is accepted or drawn" in words
    free = next(
        i for i in c.session.review.ids if not c.session.review.cutout(i).held_out
    )
    c.session.review.accept(c.session.review.boxes(free)[0].id)
    c.session.shown.changed.emit()
    words = panel.findChild(QLabel, "learning_counts").text()
    assert "No box is accepted or drawn" not in words
