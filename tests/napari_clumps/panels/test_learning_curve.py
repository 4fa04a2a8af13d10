"""The panel "Learning curve" in the real window."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.gui


@pytest.fixture
def panel(shown_window):
    """The panel beside the others, taken away again after the test."""
    viewer, _ = shown_window
    dock, panel = viewer.window.add_plugin_dock_widget(
        "napari-clumps", "Learning curve", tabify=True
    )
    yield panel
    viewer.window.remove_dock_widget(dock)


def point(n, f1, *, blind=True):
    figure = {"value": f1, "95": [f1 - 0.04, f1 + 0.04]}
    return {
        "galaxies": n, "boxes": 2 * n, "held_out": 20, "blind": blind,
        "model": f"gal-{n}", "f1": figure,
    }  # fmt: skip


def labels(panel):
    legend = panel._axes.get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


def test_points_and_their_continuation_are_drawn(ui, panel):
    assert "at least 5 held-out galaxies are done" in panel._words.text()
    assert labels(panel) == []
    ui.controller.session.review.note_training(
        point(0, 0.4, blind=False), point(25, 0.5)
    )
    ui.controller.session.models_changed.emit()
    assert labels(panel) == ["blind", "not blind"]
    assert "there are 2" in panel._words.text()
    ui.controller.session.review.note_training(point(50, 0.6))
    ui.controller.session.models_changed.emit()
    assert set(labels(panel)) == {"blind", "not blind", "expected, 95 %"}
    dashed = [line for line in panel._axes.lines if line.get_linestyle() == "--"]
    assert max(dashed[0].get_xdata()) == 100
    words = panel._words.text()
    assert "50 more galaxies: +0.0" in words
    assert "gal-50: F1 0.60 (0.56 to 0.64) after 50 galaxies and 100 boxes" in words


def test_without_a_review_it_says_so(window, panel):
    assert panel._words.text() == "No review is open."


def test_galaxies_drawn_at_random_and_chosen_ones_are_drawn_apart(ui, panel):
    import numpy as np

    from clump_detector.models.arms import arms_point, arms_table

    for n in (60, 120, 180):
        names = ["random", "chosen"] * (n // 2)
        arms = arms_point(arms_table(names, np.tile([2, 1, 1], (n, 1))))
        told = {"model": f"m{n}", "galaxies": n, "boxes": n, "arms": arms}
        ui.controller.session.review.note_training(told)
    ui.controller.session.models_changed.emit()
    assert labels(panel) == ["drawn at random", "chosen"]
    assert "on the 90 drawn at random" in panel._words.text()
