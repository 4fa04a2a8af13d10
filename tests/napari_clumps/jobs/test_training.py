"""What the dock says after a training, and where it leads; with a quick engine."""

from __future__ import annotations

import pytest

from napari_clumps.jobs.training.curves import Curves, RetrainChoices
from tests.helpers.review_window import make_galaxies, quick_engine

pytestmark = pytest.mark.gui


@pytest.fixture
def labelled(window, tmp_path, request):
    """A review of twenty galaxies, those that are learned from done.

    Its name is that of the new model, by which the engine is told to be slow.
    """
    c = window.controller
    name = getattr(request, "param", "quick")
    c.open_paths([make_galaxies(tmp_path / name, 20, 100)], tmp_path / f"{name}.clumps")
    for i in c.session.review.ids:
        if not c.session.review.cutout(i).held_out:
            c.session.review.add(i, (10, 10, 20, 20), "clump")
            c.session.review.set_done(i, True)
    window.held_out = [
        i for i in c.session.review.ids if c.session.review.cutout(i).held_out
    ]
    assert len(window.held_out) > 1
    c.session.review.set_done(window.held_out[0], True)
    with quick_engine(window):
        yield window


def panel_part(ui, kind: str, name: str):
    from qtpy import QtWidgets

    return ui.panel("retrain_panel").findChild(getattr(QtWidgets, kind), name)


def shown_buttons(ui) -> set[str]:
    from qtpy.QtWidgets import QPushButton

    buttons = ui.panel("retrain_panel").findChildren(QPushButton)
    return {b.objectName().removeprefix("button_") for b in buttons if not b.isHidden()}


def train(ui) -> None:
    ui.controller.retraining.start(RetrainChoices("starter", epochs=2))
    assert not {"promote", "compare_again", "next_held_out"} & shown_buttons(ui)


def finish(ui) -> None:
    job = ui.controller.retraining
    ui.qtbot.waitUntil(lambda: not job.running)
    ui.settle()


def test_an_open_verdict_leads_to_the_next_held_out_cutout(labelled):
    c, job = labelled.controller, labelled.controller.retraining
    train(labelled)
    finish(labelled)
    assert job.outcome == "starter and quick"
    said = panel_part(labelled, "QLabel", "next_step")
    assert said.text().startswith("Set 1 more held-out cutout done and compare again")
    assert not said.isHidden()
    assert {"promote", "compare_again", "next_held_out"} <= shown_buttons(labelled)
    labelled.bring_forward("retrain_panel")
    panel_part(labelled, "QPushButton", "button_next_held_out").click()
    labelled.settle(50)
    assert c.session.cutout.id == labelled.held_out[1]
    assert list(c.session.queue.ids) == labelled.held_out
    assert labelled.panel("review_panel").isVisible()
    for i in labelled.held_out:
        c.session.review.set_done(i, True)
    c.session.cutout_changed.emit()
    assert said.text().startswith("Every held-out cutout is done")
    assert "next_held_out" not in shown_buttons(labelled)
    here = c.session.cutout.id
    c.navigator.next_held_out()
    assert c.session.cutout.id == here


def test_compare_again_takes_the_labels_as_they_are_by_now(labelled):
    job = labelled.controller.retraining
    train(labelled)
    finish(labelled)
    new = job.new_model
    panel_part(labelled, "QPushButton", "button_compare_again").click()
    assert job.running
    assert job.comparison is None
    finish(labelled)
    assert job.verdict == "no clear difference"
    assert job.new_model == new


def test_a_new_model_that_is_removed_is_offered_no_more(labelled):
    """The engine's model has no card: it is a broken one, which can be removed."""

    c = labelled.controller
    train(labelled)
    finish(labelled)
    assert {"promote", "compare_again"} <= shown_buttons(labelled)
    assert c.model_list.remove(c.retraining.new_model.name)
    assert c.retraining.new_model is None
    assert not {"promote", "compare_again"} & shown_buttons(labelled)


@pytest.mark.parametrize("labelled", ["slow"], indirect=True)
def test_cancel_during_the_comparison_keeps_the_model_and_says_so(labelled):
    job = labelled.controller.retraining
    train(labelled)
    for _ in range(2):
        labelled.qtbot.waitUntil(lambda: "Comparing" in job.outcome)
        assert not panel_part(labelled, "QPushButton", "button_stop").isEnabled()
        panel_part(labelled, "QPushButton", "button_cancel_retrain").click()
        finish(labelled)
        assert (job.new_model / "weights.safetensors").is_file()
        assert job.outcome == (
            "The comparison was cancelled; the new model slow is kept and was not "
            "compared."
        )
        assert {"promote", "compare_again", "next_held_out"} <= shown_buttons(labelled)
        said = panel_part(labelled, "QLabel", "next_step").text()
        assert said.startswith("Compare it with the old one, or use the new model")
        panel_part(labelled, "QPushButton", "button_compare_again").click()


def test_the_second_curve_says_what_it_is_of(labelled):
    from napari_clumps.widgets.plots.training_curves import CurvesView

    train(labelled)
    finish(labelled)
    curves = labelled.controller.retraining.curves
    assert curves == Curves((1.0, 1.0), (), (0.4, 0.4), (0.5, 0.5), True, score=0.3)
    view = CurvesView()
    labelled.qtbot.addWidget(view)
    validated = Curves((1.0,), (0.8,), (0.4,), (0.5,))
    for shown, name, lines in (
        (curves, "out of fold", ["training"]),  # of folds there is no loss
        (validated, "validation", ["training", "validation"]),
    ):
        view.show_curves(shown)
        losses, shares = view._axes
        assert shares.get_ylabel() == name
        assert [x.get_label() for x in losses.get_lines()] == lines


def test_the_second_curve_ends_as_what_to_expect_at_each_score(labelled):
    from napari_clumps.widgets.plots.training_curves import CurvesView

    rows = ((0.2, 0.9, 0.5), (0.5, 0.7, 0.7), (0.8, 0.4, 0.9))
    view = CurvesView()
    labelled.qtbot.addWidget(view)
    view.show_curves(Curves((1.0,), out_of_fold=True))
    shares = view._axes[1]
    assert [t.get_text() for t in shares.texts] == ["known at the end of the training"]
    view.show_curves(Curves((1.0,), out_of_fold=True, expected=rows, score=0.45))
    lines = {line.get_label(): line for line in shares.get_lines()}
    assert list(lines["completeness"].get_ydata()) == [0.9, 0.7, 0.4]
    assert list(lines["default score"].get_xdata()) == [0.45, 0.45]
    assert shares.get_xlabel() == "score"


def test_a_verdict_makes_no_window_higher_than_a_laptop(labelled):
    from qtpy.QtWidgets import QLabel

    native = labelled.viewer.window._qt_window
    labelled.bring_forward("retrain_panel")
    native.resize(1366, 700)
    labelled.settle(200)
    train(labelled)
    finish(labelled)
    labelled.settle(200)
    assert native.height() == 700
    page = labelled.panel("retrain_scroll")
    assert page.widget().width() <= page.viewport().width()
    words = [x for x in page.findChildren(QLabel) if not x.wordWrap() and x.isVisible()]
    assert words
    for label in words:
        assert label.width() >= label.sizeHint().width(), label.text()
