"""A user who clicks, drags, types and presses keys in any order.

It knows nothing of the program. After every step the canvas shows the review's boxes,
and now and then the review is compared with its log: nothing may be lost on the way.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

#: What starts work of minutes has tests of its own.
LEFT_ALONE = ("retrain", "start_retraining", "train")

#: Steps between two comparisons of the review with its log.
EVERY = 25


class RandomUser:
    """Does at random what a user can do in a window with an open review."""

    def __init__(self, viewer: Any, controller: Any, seed: int) -> None:
        self.viewer, self.controller = viewer, controller
        self.window = viewer.window._qt_window
        self.chance = random.Random(seed)
        self.done: Counter[str] = Counter()
        self.last: list[str] = []
        self._seq = controller.session.review.last_seq

    def play(self, *, steps: int | None = None, seconds: float | None = None) -> None:
        """Go on for so many steps, or so long, and look at the review in between."""
        deeds = [
            self._key, self._key, self._key, self._button, self._button, self._choice,
            self._drag, self._click, self._type, self._layer, self._slide, self._check,
        ]  # fmt: skip
        end = None if seconds is None else time.monotonic() + seconds
        n = 0
        with self._nobody_asks():
            while n != steps and (end is None or time.monotonic() < end):
                deed = self.chance.choice(deeds)
                self.last = [*self.last[-9:], deed.__name__]
                deed()
                self.done[deed.__name__] += 1
                n += 1
                self._settle()
                self._look()
                if n % EVERY == 0:
                    self._compare()
        self._compare()

    # -- what a user does---------------------------------------------------

    def _key(self) -> None:
        from qtpy.QtCore import Qt
        from qtpy.QtGui import QKeySequence
        from qtpy.QtTest import QTest

        from napari_clumps.settings.shortcuts import ALSO, BOOK, KEYS

        keys = [BOOK.key(key.action) for key in KEYS] + [k for k in ALSO if k != "?"]
        name = self.chance.choice([*keys, "Esc", "M", "E", "3", "L"])
        self.last[-1] += f" {name}"
        pressed = QKeySequence("Return" if name == "Enter" else name)[0]
        places = [self._canvas, self.window, self.viewer.window._qt_viewer.layers]
        QTest.keyClick(
            self.chance.choice(places),
            Qt.Key(pressed.key()),
            pressed.keyboardModifiers(),
        )

    def _button(self) -> None:
        from qtpy.QtWidgets import QAbstractButton

        buttons = [
            b
            for b in self._ours(QAbstractButton)
            if not any(word in b.objectName() for word in LEFT_ALONE)
        ]
        if buttons:
            button = self.chance.choice(buttons)
            self.last[-1] += f" {button.objectName()}"
            button.click()

    def _check(self) -> None:
        from qtpy.QtWidgets import QCheckBox

        boxes = self._ours(QCheckBox)
        if boxes:
            self.chance.choice(boxes).click()

    def _choice(self) -> None:
        from qtpy.QtWidgets import QComboBox

        boxes = [box for box in self._ours(QComboBox) if box.count()]
        if boxes:
            box = self.chance.choice(boxes)
            place = self.chance.randrange(box.count())
            self.last[-1] += f" {box.objectName()} {place}"
            box.setCurrentIndex(place)
            box.activated.emit(place)

    def _slide(self) -> None:
        from qtpy.QtWidgets import QAbstractSlider

        sliders = self._ours(QAbstractSlider)
        if sliders:
            slider = self.chance.choice(sliders)
            low, high = slider.minimum(), slider.maximum()
            if isinstance(slider.value(), tuple):
                return
            slider.setValue(type(low)(low + self.chance.random() * (high - low)))

    def _type(self) -> None:
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest
        from qtpy.QtWidgets import QLineEdit

        lines = [line for line in self._ours(QLineEdit) if not line.isReadOnly()]
        if lines:
            line = self.chance.choice(lines)
            self.last[-1] += f" {line.objectName()}"
            QTest.keyClicks(line, self.chance.choice(["gal", "ar", "0.5", "%", "7"]))
            if self.chance.random() < 0.7:
                QTest.keyClick(line, Qt.Key.Key_Return)

    def _drag(self) -> None:
        from napari_clumps.demo.mouse import drag_on_canvas

        start = (self.chance.uniform(5, 150), self.chance.uniform(5, 150))
        end = tuple(v + self.chance.uniform(-30, 30) for v in start)
        drag_on_canvas(self.viewer, start, end, self._settle)

    def _click(self) -> None:
        from napari_clumps.demo.mouse import drag_on_canvas

        boxes = self.controller.session.shown.boxes
        if boxes and self.chance.random() < 0.7:
            x1, y1, x2, y2 = self.chance.choice(boxes).corners
            point = ((x1 + x2) / 2, (y1 + y2) / 2)
        else:
            point = (self.chance.uniform(5, 150), self.chance.uniform(5, 150))
        drag_on_canvas(self.viewer, point, point, self._settle)

    def _layer(self) -> None:
        layers = self.viewer.layers
        layers.selection.active = self.chance.choice([None, *layers])
        mode = self.chance.choice(
            ["select", "direct", "add_ellipse", "add_rectangle", "pan_zoom"]
        )
        self.controller.session.canvas.boxes.mode = mode

    # -- around it ----------------------------------------------------------

    @property
    def _canvas(self) -> Any:
        return self.viewer.window._qt_viewer.canvas.native

    def _ours(self, kind: type) -> list[Any]:
        """Return the visible widgets of a kind that are in our docks."""
        from qtpy.QtWidgets import QDockWidget

        docks = [
            dock
            for dock in self.window.findChildren(QDockWidget)
            if "napari-clumps" in dock.windowTitle() or "clump" in dock.objectName()
        ]
        found = [widget for dock in docks for widget in dock.findChildren(kind)]
        return [w for w in found if w.isVisible() and w.isEnabled() and w.objectName()]

    @contextmanager
    def _nobody_asks(self) -> Any:
        """Answer every question for a file or a text with nothing; close menus."""
        from qtpy.QtCore import QTimer
        from qtpy.QtWidgets import QApplication, QFileDialog, QInputDialog

        from napari_clumps.widgets.classes.classes_dialog import ClassesDialog

        def close_menus() -> None:
            popup = QApplication.activePopupWidget()
            if popup is not None:
                popup.close()

        closing = QTimer()
        closing.timeout.connect(close_menus)
        closing.start(50)
        with ExitStack() as stack:
            for name in ("getOpenFileName", "getOpenFileNames", "getSaveFileName"):
                nothing = staticmethod(lambda *_args, **_options: ("", ""))
                stack.enter_context(patch.object(QFileDialog, name, nothing))
            no_folder = staticmethod(lambda *_args, **_options: "")
            stack.enter_context(
                patch.object(QFileDialog, "getExistingDirectory", no_folder)
            )
            names = staticmethod(lambda *_: ("galaxy-3\ngalaxy-2", True))
            stack.enter_context(patch.object(QInputDialog, "getMultiLineText", names))
            stack.enter_context(patch.object(ClassesDialog, "exec", self._classes))
            yield
        closing.stop()

    @staticmethod
    def _classes(dialog: Any) -> int:
        """Put the classes in another order, and add some, up to five."""
        dialog.move_by(1)
        if len(dialog.classes()) < 5:
            dialog._name.setText(f"class {'abcde'[len(dialog.classes())]}")
        dialog.accept()
        return int(dialog.result())

    def _settle(self, seconds: float = 0.01) -> None:
        from qtpy.QtTest import QTest

        QTest.qWait(max(round(1000 * min(seconds, 0.02)), 1))

    def _look(self) -> None:
        """Look whether the canvas shows what the review has."""
        from qtpy.QtTest import QTest

        canvas, boxes = (
            self.controller.session.canvas,
            self.controller.session.shown.boxes,
        )
        for _ in range(10_000):  # what is drawn anew follows in a turn of its own
            if not canvas.boxes._is_creating and len(canvas.boxes.data) == len(boxes):
                break
            if canvas.boxes._is_creating:
                return  # a drag that has begun
            QTest.qWait(5)
        assert len(canvas.boxes.data) == len(boxes), self.last
        assert list(canvas.boxes.features["box"]) == [b.id for b in boxes], self.last

    def _compare(self) -> None:
        """Compare the review with its log, which only grows."""
        review = self.controller.session.review
        assert review.check() == [], self.last
        assert review.last_seq >= self._seq, self.last
        self._seq = review.last_seq
