"""Windows opened from the command line, and the demo that goes through one by script.

The scripted demo does with keys, mouse and buttons of the real window what a person
would, and saves a picture of each step.
"""

from __future__ import annotations

import functools
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from clump_detector.core.errors import ClumpError
from clump_detector.images.overrides import NO_CHOICE, Choice
from clump_detector.labels.label_set import LabelSet, read_label_set

from .job_wait import wait_for

Corners = tuple[float, float, float, float]


def _napari() -> Any:
    try:
        import napari
        from qtpy import QtWidgets  # noqa: F401
    except ImportError as error:
        raise ClumpError(
            "napari and a Qt binding are needed to open a window",
            remedy="Install them: pip install 'napari-clumps[all]'.",
        ) from error
    return napari


def open_window(
    paths: Sequence[Path], review: Path | None = None, choice: Choice = NO_CHOICE
) -> None:
    """Open napari with a review and return when it is closed.

    Parameters
    ----------
    paths : sequence of path
        One review file, or images and folders.
    review : path, optional
        The review file to create or resume.
    choice : Choice
        What the user says about images that do not say it themselves.

    Raises
    ------
    ClumpError
        If there is nothing to review at these paths, before any window opens.
    """
    from clump_detector.core.sources import find_sources

    if not (len(paths) == 1 and paths[0].suffix == ".clumps"):
        find_sources(paths)
    elif not paths[0].is_file():
        raise ClumpError("no such review", paths[0], "Check the path.")
    napari = _napari()
    viewer, controller = _window(napari)
    if not controller.open_paths(paths, review, choice):
        viewer.close()
        raise ClumpError("the review could not be opened", paths[0])
    napari.run()
    controller.close()


def open_demo() -> None:
    """Open the sample review and propose boxes on it at once."""
    napari = _napari()
    from napari_clumps.plugin.sample_data import open_sample_in

    _, controller = _window(napari)
    open_sample_in(controller, "simulated")
    if (
        controller.session.review is not None
        and controller.session.review.counts().detected == 0
    ):
        controller.detection.start("review")
    napari.run()
    controller.close()


def _window(napari: Any) -> tuple[Any, Any]:
    from napari_clumps.plugin.panels import show_panels
    from napari_clumps.plugin.window import controller_of

    viewer = napari.Viewer(title="napari-clumps")
    show_panels(viewer)
    return viewer, controller_of(viewer)


def scripted_demo(out: Path) -> None:
    """Go through the sample review in the real window, by script.

    Leaves pictures of the steps, the review, the label set and the retrained model
    below ``out``, which is made anew.
    """
    import os

    napari = _napari()
    out = out.absolute()
    for part in ("pictures", "galaxies", "data", "models"):
        shutil.rmtree(out / part, ignore_errors=True)
    for old in (*out.glob("*.clumps*"), *out.glob("labels*")):
        old.unlink()
    out.mkdir(parents=True, exist_ok=True)
    os.environ["NAPARI_CLUMPS_DATA"] = str(out / "data")
    os.environ["NAPARI_CLUMPS_MODELS"] = str(out / "models")
    viewer, controller = _window(napari)
    controller.session.choose(annotator="Ada")  # in the settings below `out`
    tour = _Tour(viewer, controller, out)
    try:
        tour.run()
    finally:
        controller.close()
        viewer.close()


class _Tour:
    """The steps of the scripted demo."""

    def __init__(self, viewer: Any, controller: Any, out: Path) -> None:
        self.viewer, self.controller, self.out = viewer, controller, out
        self.truth: LabelSet | None = None
        self._pictures = 0
        viewer.window.resize(1500, 940)

    def run(self) -> None:
        """Do all the steps in order."""
        self.open()
        self.detect()
        self.decide()
        self.look_closer()
        self.review_the_rest()
        self.look_at_the_wall()
        self.export()
        self.retrain()
        self.propose_again()
        print(f"{self.out}: pictures, review, label set and retrained model are here.")

    # -- steps --------------------------------------------------------------

    def open(self) -> None:
        from napari_clumps.plugin.sample_data import simulated_folder

        folder = simulated_folder()
        self.truth = read_label_set(folder / "labels.json")
        self.controller.open_paths([folder], self.out / "sample.clumps")
        self.picture("open", "The sample review is open.")

    def detect(self) -> None:
        self.press_button("detect_panel", "button_detect")
        job = self.controller.detection
        self.wait(lambda: not job.running, "detection", job)
        self.controller.navigator.go_to(self._telling())
        self.picture("detect", f"Detected: {self.controller.detection.outcome}")

    def decide(self) -> None:
        """Accept, reject, draw, edit, reclassify, undo and redo on one galaxy."""
        c = self.controller
        here = c.session.cutout.id
        true = self._true(here)
        for box in list(c.session.undecided):
            c.session.select(box.id)
            self.key("A" if _matches(box, true) else "R")
        self.picture("decide", "Accepted and rejected with A and R.")
        self.key("D")
        left = self._missed(here, c.session.boxes) + self._true(here, faint=True)
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
        for cutout_id in list(c.session.review.ids)[:-2]:
            if c.session.review.cutout(cutout_id).done:
                continue
            c.navigator.go_to(cutout_id)
            true = self._true(cutout_id)
            if c.session.hidden:
                self._mark(cutout_id)
            if c.session.review.cutout(cutout_id).done:
                continue  # the models propose nothing more
            for box in list(c.session.undecided):
                c.session.select(box.id)
                self.key("A" if _matches(box, true) else "R")
            for missed in self._missed(cutout_id, c.session.boxes):
                c.session.review.add(cutout_id, missed, c.session.review.classes[0])
            self.key("Return")
        self.picture("done", "Most galaxies are done.")

    def _mark(self, cutout_id: int) -> None:
        """Mark a held-out galaxy before its proposals are shown, and show them."""
        c = self.controller
        for missed in self._missed(cutout_id, c.session.boxes):
            c.session.review.add(cutout_id, missed, c.session.review.classes[0])
        for _ in range(2):  # where nothing is marked, the first one asks
            if c.session.hidden:
                self.key("Return")

    def look_closer(self) -> None:
        """Look at what is left of a galaxy when its smooth light is taken away."""
        self.controller.navigator.go_to(self._telling())
        looking = self.controller.display
        for _ in looking.views:
            if looking.rendering.view == "residual":
                break
            self.key("V")
        self.picture("look", "Looked at the residual with V.")
        looking.reset()

    def look_at_the_wall(self) -> None:
        """Look at the crops of all boxes together."""
        window = self.viewer.window
        dock, _ = window.add_plugin_dock_widget("napari-clumps", "Clump gallery")
        self.settle(2.0)
        self.picture("wall", "Looked at all boxes on the clump wall.")
        window.remove_dock_widget(dock)

    def export(self) -> None:
        path = self.out / "labels.json"
        self.controller.export(path)
        labels = read_label_set(path)
        self._say(f"Exported {labels.n_boxes} boxes to {path.name}.")

    def retrain(self) -> None:
        """Retrain for about a minute, with a picture on the way."""
        self.raise_panel("Retrain from corrections")
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
        self.raise_panel("Review clumps")
        left = [
            i
            for i in self.controller.session.review.ids
            if not self.controller.session.review.cutout(i).done
        ]
        self.controller.navigator.go_to(
            min(left, key=self.controller.session.keeps_back)
        )
        self.picture("again", "The new model has proposed again.")

    # -- what a person does -------------------------------------------------

    def settle(self, seconds: float = 0.25) -> None:
        """Let the window catch up."""
        from qtpy.QtWidgets import QApplication

        end = time.monotonic() + seconds
        while time.monotonic() < end:
            QApplication.processEvents()
            time.sleep(0.01)

    def wait(self, condition: Callable[[], bool], what: str, job: Any) -> None:
        """Wait until something has happened, as long as its job goes on."""
        pause = functools.partial(self.settle, 0.05)
        wait_for(condition, what, job, pause, tell=self._say)

    def key(self, key: str, *, control: bool = False, shift: bool = False) -> None:
        """Press a key on the canvas."""
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest

        modifiers = Qt.KeyboardModifier.NoModifier
        if control:
            modifiers |= Qt.KeyboardModifier.ControlModifier
        if shift:
            modifiers |= Qt.KeyboardModifier.ShiftModifier
        QTest.keyClick(self._canvas(), getattr(Qt.Key, f"Key_{key}"), modifiers)
        self.settle(0.02)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drag with the left button from one pixel (x, y) of the image to another."""
        drag_on_canvas(self.viewer, start, end, self.settle)

    def press_button(self, panel: str, name: str) -> None:
        """Press a button of one of the three docks."""
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest
        from qtpy.QtWidgets import QPushButton, QWidget

        window = self.viewer.window._qt_window
        button = window.findChild(QWidget, panel).findChild(QPushButton, name)
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        self.settle(0.1)

    def raise_panel(self, name: str) -> None:
        """Bring a dock to the front."""
        for key, widget in self.viewer.window.dock_widgets.items():
            if key.startswith(name):
                dock = getattr(widget, "native", widget).parent()
                while not hasattr(dock, "raise_") or not hasattr(dock, "widget"):
                    dock = dock.parent()
                dock.raise_()
        self.settle(0.3)

    def picture(self, name: str, words: str) -> None:
        """Save a picture of the whole window."""
        self._pictures += 1
        self.settle(0.6)
        folder = self.out / "pictures"
        folder.mkdir(exist_ok=True)
        path = folder / f"{self._pictures:02d}-{name}.png"
        self.viewer.window._qt_window.grab().save(str(path))
        self._say(words)

    def _say(self, words: str) -> None:
        print(words, flush=True)

    def _canvas(self) -> Any:
        return self.viewer.window._qt_viewer.canvas.native

    # -- the known truth ----------------------------------------------------

    def _telling(self) -> int:
        """Return a cutout with many proposals and something left to draw."""
        c = self.controller

        def worth(cutout_id: int) -> tuple[bool, int]:
            boxes = c.session.review.boxes(cutout_id)
            shown = [b for b in boxes if not c.session.is_weak(b)]
            return bool(self._missed(cutout_id, shown)), len(shown)

        ids: list[int] = [
            i for i in c.session.review.ids if not c.session.keeps_back(i)
        ]
        return max(ids, key=worth)

    def _true(self, cutout_id: int, *, faint: bool = False) -> list[Corners]:
        """Return the true boxes of a cutout, or its faint ones."""
        name = self.controller.session.review.cutout(cutout_id).name
        assert self.truth is not None
        (cutout,) = (c for c in self.truth.cutouts if c.source.name == name)
        return [b.corners for b in cutout.boxes if b.ignored is faint]

    def _missed(self, cutout_id: int, shown: list[Any]) -> list[Corners]:
        """Return the true boxes that none of the shown ones stands for."""
        true = self._true(cutout_id)
        return [t for t in true if not any(_matches(b, [t]) for b in shown)]


def _matches(box: Any, true: list[Corners]) -> bool:
    """Tell whether a box's centre is within one FWHM of a true one's."""
    from clump_detector.core import boxes as geometry

    if not true:
        return False
    centres = geometry.centres(geometry.as_boxes(true))
    here = geometry.centres(geometry.as_boxes([box.corners]))
    distances = ((centres - here) ** 2).sum(axis=1) ** 0.5
    return bool((distances <= geometry.fwhm(geometry.as_boxes(true))).any())


def _move_pressed(canvas: Any, position: Any) -> None:
    """Move the mouse with its button down, which QTest.mouseMove does not do."""
    from qtpy.QtCore import QEvent, QPointF, Qt
    from qtpy.QtGui import QMouseEvent
    from qtpy.QtWidgets import QApplication

    event = QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(position),
        QPointF(canvas.mapToGlobal(position)),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(canvas, event)


def drag_on_canvas(
    viewer: Any,
    start: tuple[float, float],
    end: tuple[float, float],
    settle: Callable[[float], None],
) -> None:
    """Drag with the left button from one pixel of the image to another.

    Parameters
    ----------
    viewer : napari.Viewer
    start, end : (float, float)
        Pixels x, y of the image.
    settle : callable
        Lets the window catch up for some seconds.
    """
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    canvas, left = viewer.window._qt_viewer.canvas.native, Qt.MouseButton.LeftButton
    settle(0.1)
    QTest.mouseMove(canvas, _on_screen(viewer, start))
    settle(0.05)
    QTest.mousePress(canvas, left, pos=_on_screen(viewer, start))
    settle(0.05)
    for share in (0.3, 0.6, 1.0) if start != end else ():
        x = start[0] + share * (end[0] - start[0])
        y = start[1] + share * (end[1] - start[1])
        _move_pressed(canvas, _on_screen(viewer, (x, y)))
        settle(0.05)
    QTest.mouseRelease(canvas, left, pos=_on_screen(viewer, end))
    settle(0.1)


def _on_screen(viewer: Any, point: tuple[float, float]) -> Any:
    """Return where a pixel (x, y) of the image is on the canvas."""
    from qtpy.QtCore import QPoint

    from napari_clumps.plugin.window import controller_of

    x, y = controller_of(viewer).session.canvas.camera.on_screen(point)
    return QPoint(round(x), round(y))
