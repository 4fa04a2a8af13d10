"""What the user draws, moves and removes on the canvas, as decisions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from clump_detector.core.errors import ClumpError
from napari_clumps.app.session import Session
from napari_clumps.review import Corners

_Value = TypeVar("_Value")


class CanvasChanges:
    """Decides at once on what the user does to the boxes of the canvas.

    Parameters
    ----------
    session : Session
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        changes = session.canvas.changes
        changes.drawn.connect(self._on_drawn)
        changes.edited.connect(self._on_edited)
        changes.removed.connect(self._on_removed)
        changes.selected.connect(session.shown.make_current)
        changes.refused.connect(self._on_refused)

    def add(self, boxes: list[Corners]) -> None:
        """Add boxes to the cutout; the last one becomes the current one."""
        self._decide(self._add, boxes)

    def _on_drawn(self, boxes: list[Corners]) -> None:
        self.add(boxes)
        self._session.canvas.drawing = False
        self._session.clear_message()

    def _add(self, boxes: list[Corners]) -> None:
        review = self._session.opened
        if self._session.cutout is not None:
            made = review.add_all(self._session.cutout.id, boxes, review.classes[0])
            self._session.shown.current = made[-1].id

    def _on_edited(self, moved: dict[int, Corners]) -> None:
        if self._session.shown.current not in moved:
            self._session.shown.current = next(reversed(moved))
        self._decide(self._session.opened.edit_all, moved)

    def _on_removed(self, box_ids: list[int]) -> None:
        self._decide(self._session.opened.reject_all, box_ids)

    def _on_refused(self, message: str) -> None:
        self._session.say(message)
        self._session.shown.refresh_soon()

    def _decide(self, change: Callable[[_Value], object], value: _Value) -> None:
        """Decide at once, and refresh when napari has finished with the mouse event."""
        try:
            with self._session.shown.deferred():
                change(value)
        except ClumpError as error:
            self._session.warn(error.message)
        finally:
            self._session.shown.refresh_soon()
