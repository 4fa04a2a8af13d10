"""What stands where the table of boxes would be empty: why, and what to do."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_clumps.app.controller import Controller
from napari_clumps.settings.shortcuts import BOOK
from napari_clumps.widgets.base.parts import plain_button, text_label
from napari_clumps.widgets.base.signals import listen


class NoBoxes(QWidget):
    """Takes the place of a table while the shown cutout has no box to show.

    Parameters
    ----------
    controller : Controller
    table : QWidget
        Hidden meanwhile.
    """

    def __init__(self, controller: Controller, table: QWidget) -> None:
        super().__init__()
        self.setObjectName("no_boxes")
        self._controller, self._table = controller, table
        self._words = text_label("no_boxes_words")
        self._hint = text_label("no_boxes_hint")
        for label in (self._words, self._hint):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        font = self._words.font()
        font.setBold(True)
        self._words.setFont(font)
        self._detect = plain_button(
            "propose",
            "Detect clumps",
            lambda: controller.detection.start("review"),
            "Run the model on this cutout and all others that are not done",
        )
        layout = QVBoxLayout(self)
        layout.addStretch(1)
        for part in (self._words, self._detect, self._hint):
            layout.addWidget(part)
        layout.addStretch(1)
        self.setMinimumHeight(80)
        listen(
            self,
            (controller.session.review_opened, self._show),
            (controller.session.review_modified, self._show),
            (controller.session.cutout_changed, self._show),
            (controller.session.shown.changed, self._show),
            (controller.session.scores.changed, self._show),
            (controller.detection.changed, self._show),
            (BOOK.changed, self._show),
        )
        self._show()

    def _show(self, *_: object) -> None:
        c = self._controller
        empty = c.session.cutout is not None and not c.session.shown.boxes
        self._table.setVisible(not empty)
        self.setVisible(empty)
        if not empty or c.session.cutout is None or c.session.review is None:
            return
        changeable = not (c.session.cutout.done or c.session.review.read_only)
        running = c.detection.running
        self._words.setText(self._why(running))
        self._detect.setVisible(
            changeable and c.session.cutout.model is None and not running
        )
        self._hint.setVisible(changeable)
        draw, here = BOOK.key("draw"), BOOK.key("add_here")
        self._hint.setText(
            f"{draw} draws a box by a drag, {here} puts one at the mouse."
        )

    def _why(self, running: bool) -> str:
        """Return why there is no box, in a sentence."""
        c = self._controller
        assert c.session.cutout is not None
        if c.session.shown.hidden:
            return "No clump is marked yet"
        if c.session.cutout.done:
            return "Done: no clump on this cutout"
        if c.session.cutout.model is None:
            return f"Proposals are coming: {c.detection.outcome}" if running else _NONE
        from_score = f"from score {c.session.threshold:.2f} up"
        n = c.session.shown.below_threshold
        if not n:
            return "The model proposes nothing on this cutout"
        lie = "1 proposal lies" if n == 1 else f"{n} proposals lie"
        return (
            f"The model proposes nothing here {from_score}; {lie} below. "
            "“Score from” in the tab Detect shows them."
        )


_NONE = "No proposals yet"
