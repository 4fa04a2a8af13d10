"""The scripted demo: a tour of the sample review in the real window.

It does with keys, mouse and buttons what a user would do, and saves a picture of each
step.
"""

from __future__ import annotations

import functools
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from clump_detector.core.errors import ClumpError
from clump_detector.labels.label_set import read_label_set
from napari_clumps.viewer.napari_private import main_window

from .job_wait import WaitedFor, wait_for
from .mouse import click, drag_on_canvas, press_key
from .truth import Truth, matches
from .window import new_window, require_napari

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_clumps.app.controller import Controller


def scripted_demo(out: Path) -> None:
    """Go through the sample review in the real window, by script.

    Leaves pictures of the steps, the review, the label set and the retrained model
    below ``out``, whose older content is removed.
    """
    import os

    napari = require_napari()
    out = out.absolute()
    for part in ("pictures", "galaxies", "data", "models"):
        shutil.rmtree(out / part, ignore_errors=True)
    for old in (*out.glob("*.clumps*"), *out.glob("labels*")):
        old.unlink()
    out.mkdir(parents=True, exist_ok=True)
    os.environ["NAPARI_CLUMPS_DATA"] = str(out / "data")
    os.environ["NAPARI_CLUMPS_MODELS"] = str(out / "models")
    viewer, controller = new_window(napari)
    controller.session.choose(annotator="Ada")  # in the settings below `out`
    tour = _Tour(viewer, controller, out)
    try:
        tour.run()
    finally:
        controller.close()
        viewer.close()


class _Tour:
    """The steps of the scripted demo."""

    def __init__(self, viewer: Viewer, controller: Controller, out: Path) -> None:
        self.viewer, self.controller, self.out = viewer, controller, out
        self._pictures = 0
        viewer.window.resize(1500, 940)

    def run(self) -> None:
        """Do all the steps in order."""
        self.open()
        self.detect()
        self.decide()
        self.show_residual()
        self.review_the_rest()
        self.show_gallery()
        self.export()
        self.retrain()
        self.propose_again()
        print(f"{self.out}: pictures, review, label set and retrained model are here.")

    # -- steps --------------------------------------------------------------

    def open(self) -> None:
        from napari_clumps.plugin.sample_data import simulated_folder

        folder = simulated_folder()
        self.truth = Truth(self.controller.session, folder / "labels.json")
        self.controller.open_paths([folder], self.out / "sample.clumps")
        self.picture("open", "The sample review is open.")

    def detect(self) -> None:
        self.press_button("detect_panel", "button_detect")
        job = self.controller.detection
        self.wait(lambda: not job.running, "detection", job)
        self.controller.navigator.go_to(self.truth.best_example())
        self.picture("detect", f"Detected: {self.controller.detection.outcome}")

    def decide(self) -> None:
        """Accept, reject, draw, edit, reclassify, undo and redo on one galaxy."""
        c = self.controller
        assert c.session.cutout is not None
        here = c.session.cutout.id
        true = self.truth.boxes(here)
        for box in list(c.session.shown.undecided):
            c.session.shown.select(box.id)
            self.key("A" if matches(box, true) else "R")
        self.picture("decide", "Accepted and rejected with A and R.")
        self.key("D")
        left = self.truth.missed(here, c.session.shown.boxes) + self.truth.boxes(
            here, faint=True
        )
        x1, y1, x2, y2 = left[0] if left else (30.0, 30.0, 52.0, 52.0)
        self.drag((x1, y1), (x2, y2))
        self.picture("draw", "Drew a box with D and a drag.")
        self.key("C")
        self.key("Z", control=True)
        self.key("Z", control=True)
        self.picture("undo", "Undid the class and the drawn box with Ctrl+Z.")
        if left:
            self.key("Z", control=True, shift=True)
            self._say("Redid the box with Ctrl+Shift+Z.")
        self.key("Return")

    def review_the_rest(self) -> None:
        """Decide on every other galaxy by the known truth, as an expert would."""
        c = self.controller
        for cutout_id in list(c.session.opened.ids)[:-2]:
            if c.session.opened.cutout(cutout_id).done:
                continue
            c.navigator.go_to(cutout_id)
            true = self.truth.boxes(cutout_id)
            if c.session.shown.hidden:
                self._mark(cutout_id)
            if c.session.opened.cutout(cutout_id).done:
                continue  # there are no further proposals
            for box in list(c.session.shown.undecided):
                c.session.shown.select(box.id)
                self.key("A" if matches(box, true) else "R")
            for missed in self.truth.missed(cutout_id, c.session.shown.boxes):
                c.session.opened.add(cutout_id, missed, c.session.opened.classes[0])
            self.key("Return")
        self.picture("done", "Most galaxies are done.")

    def _mark(self, cutout_id: int) -> None:
        """Mark a held-out galaxy before its proposals are shown, and show them."""
        c = self.controller
        for missed in self.truth.missed(cutout_id, c.session.shown.boxes):
            c.session.opened.add(cutout_id, missed, c.session.opened.classes[0])
        for _ in range(2):  # without a mark, the first one asks
            if c.session.shown.hidden:
                self.key("Return")

    def show_residual(self) -> None:
        """Show the residual of a galaxy without its smooth light."""
        self.controller.navigator.go_to(self.truth.best_example())
        display = self.controller.display
        for _ in display.views:
            if display.rendering.view == "residual":
                break
            self.key("V")
        self.picture("residual", "Showed the residual with V.")
        display.reset()

    def show_gallery(self) -> None:
        """Show the crops of all boxes together."""
        window = self.viewer.window
        dock_widget, _ = window.add_plugin_dock_widget("napari-clumps", "Clump gallery")
        self.settle(2.0)
        self.picture("gallery", "Showed all boxes in the clump gallery.")
        window.remove_dock_widget(dock_widget)

    def export(self) -> None:
        path = self.out / "labels.json"
        self.controller.export(path)
        labels = read_label_set(path)
        self._say(f"Exported {labels.n_boxes} boxes to {path.name}.")

    def retrain(self) -> None:
        """Retrain for about a minute, with a picture on the way."""
        self.raise_panel("retrain_panel")
        self.press_button("retrain_panel", "button_retrain")
        job = self.controller.retraining
        self.wait(
            lambda: len(job.curves.train) >= 4 or not job.running, "training", job
        )
        self.picture("retrain", "Retraining from the corrections.")
        self.wait(lambda: not job.running, "training and the comparison", job)
        if job.new_model is None:
            raise ClumpError(f"the demo's training failed: {job.outcome}")
        self.picture("verdict", f"Retrained: {job.outcome}")

    def propose_again(self) -> None:
        """Promote the new model, which proposes on the galaxies that are not done."""
        self.press_button("retrain_panel", "button_promote")
        job = self.controller.detection
        self.wait(lambda: not job.running, "detection", job)
        self.raise_panel("review_panel")
        left = [
            i
            for i in self.controller.session.opened.ids
            if not self.controller.session.opened.cutout(i).done
        ]
        self.controller.navigator.go_to(
            min(left, key=self.controller.session.keeps_back)
        )
        self.picture("again", "The new model has proposed again.")

    # -- what the user would do ---------------------------------------------

    def settle(self, seconds: float = 0.25) -> None:
        """Process the events of the window for some seconds."""
        from qtpy.QtWidgets import QApplication

        end = time.monotonic() + seconds
        while time.monotonic() < end:
            QApplication.processEvents()
            time.sleep(0.01)

    def wait(self, condition: Callable[[], bool], what: str, job: WaitedFor) -> None:
        """Wait until a condition holds, as long as its job makes progress."""
        pause = functools.partial(self.settle, 0.05)
        wait_for(condition, what, job, pause, report=self._say)

    def key(self, key: str, *, control: bool = False, shift: bool = False) -> None:
        """Press a key on the canvas."""
        press_key(self.viewer, key, control=control, shift=shift)
        self.settle(0.02)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drag with the left button from one pixel (x, y) of the image to another."""
        drag_on_canvas(self.viewer, start, end, self.settle)

    def press_button(self, panel: str, name: str) -> None:
        """Press a button of a panel; both are given by their object names."""
        from qtpy.QtWidgets import QPushButton, QWidget

        found = main_window(self.viewer).findChild(QWidget, panel)
        click(found.findChild(QPushButton, name))
        self.settle(0.1)

    def raise_panel(self, name: str) -> None:
        """Bring a panel to the front, by its object name."""
        from napari_clumps.widgets.base.docks import bring_forward

        bring_forward(main_window(self.viewer), name)
        self.settle(0.3)

    def picture(self, name: str, words: str) -> None:
        """Save a picture of the whole window."""
        self._pictures += 1
        self.settle(0.6)
        folder = self.out / "pictures"
        folder.mkdir(exist_ok=True)
        path = folder / f"{self._pictures:02d}-{name}.png"
        main_window(self.viewer).grab().save(str(path))
        self._say(words)

    def _say(self, words: str) -> None:
        print(words, flush=True)
