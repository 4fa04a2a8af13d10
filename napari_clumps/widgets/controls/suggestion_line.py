"""Why the current cutout comes now, or what was injected into it."""

from __future__ import annotations

from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_clumps.app.controller import Controller
from napari_clumps.settings.shortcuts import BOOK
from napari_clumps.widgets.base.parts import text_label
from napari_clumps.widgets.base.signals import listen

_CHECK = "Correct the boxes, or press {key}: the labels are right."


class SuggestionLine(QWidget):
    """A line or two below the queue, where there is something to say.

    Parameters
    ----------
    controller : Controller
    """

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self.setObjectName("suggestion_line")
        self._session, self._suggestions = controller.session, controller.suggestions
        self._injected = controller.injected
        self._words = text_label("queue_reason")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._words)
        listen(
            self,
            (self._suggestions.changed, self._on_change),
            (self._session.queue_changed, self._on_change),
            (self._session.cutout_changed, self._on_change),
            (self._session.review_opened, self._on_change),
        )
        self._on_change()

    def _on_change(self) -> None:
        """Show why the cutout comes now, or nothing."""
        queue = self._session.queue
        reason = self._suggestions.reason
        lines = [f"Why this one: {reason}." if reason else ""]
        lines.append(self._injected.told)
        if self._suggestions.checking:
            lines.append(_CHECK.format(key=BOOK.key("accept_rest")))
        if self._suggestions.order and queue is not None:
            lines += [self._suggestions.progress or queue.note]
        said = "\n".join(filter(None, lines))
        self._words.setText(said)
        self.setVisible(bool(said))
