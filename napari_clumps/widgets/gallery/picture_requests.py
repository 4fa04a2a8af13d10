"""Which pictures a grid asks for, and which cells are drawn anew when they come."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QObject, QTimer, Signal

from napari_clumps.render.thumbnails import ThumbnailView

from .cells import Cells

#: Milliseconds in which what comes together is drawn, or asked for, together.
TOGETHER = 25

#: Milliseconds after which pictures that nobody sees are let go.
UNSEEN = 60_000


class PictureRequests(QObject):
    """Asks for the pictures in view and those around, and says which ones came.

    Parameters
    ----------
    parent : QObject
    cells : Cells
    visible_places : callable
        Returns the places that can be seen.

    Signals
    -------
    came(places): their pictures are there now.
    """

    came = Signal(list)

    def __init__(
        self, parent: QObject, cells: Cells, visible_places: Callable[[], list[int]]
    ) -> None:
        super().__init__(parent)
        self._cells, self._visible_places = cells, visible_places
        self._asked: tuple[int, int] | None = None
        self._awaited: dict[ThumbnailView, list[int]] = {}
        self._arrived: set[int] = set()
        self._ask_timer = timer(self, self._ask)
        self._came_timer = timer(self, self._say_arrived)
        self._unseen_timer = timer(self, cells.pixmaps.forget, UNSEEN)
        cells.pixmaps.came.connect(self._on_came)
        cells.dataChanged.connect(self._forget_asked)
        cells.modelReset.connect(self._forget_asked)

    def ask_soon(self) -> None:
        """Ask for what can be seen now, after a moment."""
        if not self._ask_timer.isActive():
            self._ask_timer.start()

    def show(self) -> None:
        """Ask again for what may have been let go."""
        self._unseen_timer.stop()
        self._forget_asked()

    def hide(self) -> None:
        """Hold no pictures for long that nobody sees."""
        self._unseen_timer.start()

    def _forget_asked(self) -> None:
        self._asked = None

    def _ask(self) -> None:
        """Ask for what can be seen, then for a screenful on either side."""
        seen = self._visible_places()
        if not seen or (seen[0], seen[-1]) == self._asked:
            return
        self._asked = seen[0], seen[-1]
        last = min(seen[-1] + 1 + len(seen), self._cells.count())
        after = range(seen[-1] + 1, last)
        before = range(max(seen[0] - len(seen), 0), seen[0])
        self._awaited = {}
        for place in (*seen, *after, *reversed(before)):
            self._awaited.setdefault(self._cells.view(place), []).append(place)
        self._cells.pixmaps.want(list(self._awaited))

    def _on_came(self, views: list[ThumbnailView]) -> None:
        for view in views:
            self._arrived.update(self._awaited.pop(view, ()))
        if self._arrived and not self._came_timer.isActive():
            self._came_timer.start()

    def _say_arrived(self) -> None:
        arrived = list(self._arrived)
        self._arrived.clear()
        self.came.emit(arrived)


def timer(
    parent: QObject, slot: Callable[[], object], interval: int = TOGETHER
) -> QTimer:
    """Return a timer that calls a slot once, a moment after it is started."""
    made = QTimer(parent)
    made.setSingleShot(True)
    made.setInterval(interval)
    made.timeout.connect(slot)
    return made
