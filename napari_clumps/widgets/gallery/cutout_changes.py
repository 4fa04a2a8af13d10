"""Keeping a grid of cutouts up to date with the open review."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from napari_clumps.app.session import Session
from napari_clumps.widgets.base.signals import listen

from .cutout_cells import CutoutCells


class CutoutChanges(QWidget):
    """Has cells of cutouts drawn anew where a cutout of the open review changes.

    It is never shown: a widget, so that it goes with its parent.

    Parameters
    ----------
    session : Session
    cells : CutoutCells
    parent : QWidget

    Signals
    -------
    _heard(cutout id): a cutout changed, perhaps in another thread.
    """

    _heard = Signal(int)

    def __init__(self, session: Session, cells: CutoutCells, parent: QWidget) -> None:
        super().__init__(parent)
        self.hide()
        self._session, self._cells = session, cells
        self._let_go: Callable[[], None] | None = None
        self._heard.connect(self._on_changed)
        listen(self, (session.review_opened, self._on_review))
        self._on_review()

    def _on_review(self) -> None:
        if self._let_go is not None:
            self._let_go()
        review = self._session.review
        self._let_go = None
        if review is not None:
            self._let_go = listen(self, (review.changed, self._on_told))
        self._cells.pixmaps.forget()

    def _on_told(self, cutout_id: int) -> None:
        self._heard.emit(cutout_id)

    def _on_changed(self, cutout_id: int) -> None:
        self._cells.forget(cutout_id)
        self._cells.pixmaps.forget_problems([cutout_id])  # it may be found again
        self._cells.changed_in_place()
