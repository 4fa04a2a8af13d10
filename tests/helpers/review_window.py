"""A window to test: a folder of galaxies, a viewer, its controller, mouse and keys."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_clumps.review import Proposal
from napari_clumps.settings.shortcuts import BOOK
from tests.helpers.paths import ROOT
from tests.helpers.resources import PATIENCE

#: Proposals (x1, y1, x2, y2, score) that the tests decide on.
PROPOSED = ((40, 50, 60, 70, 0.9), (100, 30, 118, 50, 0.7), (70, 120, 92, 141, 0.5))
MODEL = "test-model"


def make_galaxies(folder: Path, n: int, size: int = 160) -> Path:
    """Write n small pictures of a smooth blob with some bright knots."""
    folder.mkdir(parents=True, exist_ok=True)
    y, x = np.mgrid[:size, :size]
    for i in range(n):
        rng = np.random.default_rng(i)
        picture = 110 * np.exp(-((x - size / 2) ** 2 + (y - size / 2) ** 2) / 1500)
        for _ in range(4):
            cx, cy = rng.uniform(40, size - 40, 2)
            picture += 120 * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 18)
        noisy = picture[..., None] * [0.8, 0.9, 1.0] + rng.normal(
            12, 4, (size, size, 3)
        )
        pixels = np.clip(noisy, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"galaxy-{i + 1}.png")
    return folder


@pytest.fixture
def qtbot(qtbot):
    """Wait as long as a busy machine takes, where no test says otherwise."""
    from qtpy.QtGui import QGuiApplication

    just_wait = qtbot.wait

    def wait(ms: int) -> None:
        just_wait(ms)
        for _ in range(5):  # what is due by now, what that brings, and the display
            QGuiApplication.sync()

    qtbot.wait = wait
    qtbot.waitUntil = partial(qtbot.waitUntil, timeout=round(1000 * PATIENCE))
    return qtbot


@contextmanager
def quick_engine(ui):
    """Have trainings run by an engine that learns nothing, and end them afterwards."""
    job = ui.controller.retraining
    job.command = [sys.executable, str(ROOT / "tests" / "helpers" / "fake_engine.py")]
    yield
    job.cancel()
    ui.qtbot.waitUntil(lambda: not job.running)
    job.command = None
    job._reset()


@pytest.fixture
def galaxies(tmp_path):
    return make_galaxies(tmp_path / "galaxies", 4)


class ReviewWindow:
    """A viewer with an open review, its mouse and keys."""

    def __init__(self, viewer, controller, qtbot) -> None:
        self.viewer, self.controller, self.qtbot = viewer, controller, qtbot

    def propose(self, cutout_id: int = 1) -> None:
        proposals = [Proposal(*row[:4], "clump", row[4]) for row in PROPOSED]
        self.controller.take_proposals(cutout_id, proposals, MODEL, (160, 160))

    @property
    def canvas(self):
        return self.viewer.window._qt_viewer.canvas.native

    def key(self, key: str, *, control: bool = False, shift: bool = False) -> None:
        from qtpy.QtCore import Qt

        modifiers = Qt.KeyboardModifier.NoModifier
        if control:
            modifiers |= Qt.KeyboardModifier.ControlModifier
        if shift:
            modifiers |= Qt.KeyboardModifier.ShiftModifier
        self.qtbot.keyClick(self.canvas, getattr(Qt.Key, f"Key_{key}"), modifiers)
        self.settle()

    def settle(self, ms: int = 20) -> None:
        self.qtbot.wait(ms)

    def drag(self, start, end) -> None:
        from napari_clumps.demo.mouse import drag_on_canvas

        drag_on_canvas(self.viewer, start, end, self.settle_seconds)

    def click(self, point) -> None:
        from napari_clumps.demo.mouse import drag_on_canvas

        drag_on_canvas(self.viewer, point, point, self.settle_seconds)

    def settle_seconds(self, seconds: float) -> None:
        self.qtbot.wait(round(1000 * seconds))

    def statuses(self) -> list[str]:
        return [b.status.value for b in self.controller.session.shown.boxes]

    def bring_forward(self, name: str) -> None:
        """Show a panel by its object name, as a user would by its icon."""
        from napari_clumps.widgets.base.docks import bring_forward

        bring_forward(self.viewer.window._qt_window, name)
        self.settle(50)

    def panel(self, name: str):
        """Return a widget by its object name: the visible one, where there are more."""
        from qtpy.QtWidgets import QWidget

        found = self.viewer.window._qt_window.findChildren(QWidget, name)
        visible = [widget for widget in found if widget.isVisible()]
        return next(iter([*visible, *found]), None)


@pytest.fixture(scope="session")
def shown_window(qapp, tmp_path_factory):
    """One napari window for all tests: making one takes longer than most of them."""
    import napari

    from napari_clumps.plugin.panels import show_panels
    from napari_clumps.plugin.window import controller_of

    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("session")
        patch.setenv("NAPARI_CLUMPS_DATA", str(home / "data"))
        patch.setenv("NAPARI_CLUMPS_MODELS", str(home / "models"))
        viewer = napari.Viewer(show=True)
        viewer.window._qt_window.resize(1200, 800)
        show_panels(viewer)
        yield viewer, controller_of(viewer)
        controller_of(viewer).close()  # which saves what was chosen last
        viewer.close()


def bring_back(viewer) -> None:
    """Show the panel "Clumps" again with its first page, whatever a test did."""
    from napari._qt.dialogs.qt_notification import NapariQtNotification
    from qtpy.QtWidgets import QWidget

    from napari_clumps.plugin.panels import show_panels
    from napari_clumps.widgets.base.docks import bring_forward, find_dock

    native = viewer.window._qt_window
    show_panels(viewer)
    find_dock(native.findChild(QWidget, "clumps_panel")).setFloating(False)
    bring_forward(native, "review_panel")
    native.resize(1200, 800)
    for message in native.findChildren(NapariQtNotification):
        message.close()  # of the test before: it lies over the canvas


@pytest.fixture
def window(shown_window, qtbot, own_home):
    """A shown viewer with the three panels and no review."""
    viewer, controller = shown_window
    ui = ReviewWindow(viewer, controller, qtbot)
    # Or some galaxies would come without proposals. The page of Preferences, which
    # outlives the test before, follows.
    controller.session.choose(blind_test=False)
    bring_back(viewer)
    ui.settle(50)
    yield ui
    controller.retraining.cancel()
    qtbot.waitUntil(lambda: not controller.retraining.running)
    controller.close_review()
    for layer in [x for x in viewer.layers if not controller.session.canvas.owns(x)]:
        viewer.layers.remove(layer)
    controller.session.scores.model_name = "starter"
    BOOK.choose({})
    controller.session.take_settings()
    controller.display.reset()
    controller.display.show_scale_bar(True)
    controller.display.turn_north_up(True)
    controller.session.scores.thresholds._chosen.clear()
    controller.session.scores.use_card_threshold()
    controller.session.models_changed.emit()
    if controller.session.canvas.is_built:
        controller.session.canvas.visible = True
        controller.session.canvas.camera.zoom_to_galaxy()


@pytest.fixture
def ui(window, galaxies):
    """A window with a review of four galaxies and three proposals on the first."""
    window.controller.session.threshold = 0.3
    window.controller.open_paths([galaxies])
    window.propose(1)
    window.settle(50)
    return window
