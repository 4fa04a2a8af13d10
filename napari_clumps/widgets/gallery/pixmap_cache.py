"""Small pictures as Qt draws them, kept as far as memory allows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject, Qt, Signal
from qtpy.QtGui import QImage, QPixmap

from clump_detector.image_files.sources import Source
from napari_clumps.render.thumbnails import Small, Thumbnails, ThumbnailView

#: Bytes of pixmaps that are kept; a crop of 120 pixels takes 58 kilobytes.
KEPT_BYTES = 64_000_000


class PixmapCache(QObject):
    """A bounded cache of pixmaps that threads fill.

    Signals
    -------
    came(views): these are there now; emitted in the window's thread.
    """

    came = Signal(list)
    _made = Signal(int, object)

    def __init__(
        self, source_of: Callable[[int], Source], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._kept: OrderedDict[ThumbnailView, QPixmap | str] = OrderedDict()
        self._bytes = 0
        # Qt hands it over to the window's thread.
        self._made.connect(self._take, Qt.ConnectionType.QueuedConnection)
        self._reader = Thumbnails(source_of, self._deliver)
        self.destroyed.connect(self._reader.close)

    @property
    def bytes(self) -> int:
        """How much memory the pixmaps take."""
        return self._bytes

    @property
    def files_read(self) -> int:
        """How many images were read so far."""
        return self._reader.files_read

    def get(self, view: ThumbnailView) -> QPixmap | str | None:
        """Return a pixmap, the sentence why there is none, or None while it is read."""
        found = self._kept.get(view)
        if found is not None:
            self._kept.move_to_end(view)
        return found

    def want(self, views: Sequence[ThumbnailView]) -> None:
        """Have those read that are not here, and nothing that was wanted before.

        No more of them than can be kept together: the last would drive out the first.
        """
        side = max((view.side for view in views), default=1)
        wanted = views[: max(KEPT_BYTES // (4 * side * side), 1)]
        for view in reversed(wanted):
            if view in self._kept:
                self._kept.move_to_end(view)
        self._reader.want([view for view in wanted if view not in self._kept])

    def forget_problems(self, cutouts: Collection[int] | None = None) -> None:
        """Try again what could not be read, of all cutouts or of some."""
        problems = [view for view, kept in self._kept.items() if isinstance(kept, str)]
        for view in problems:
            if cutouts is None or view.cutout in cutouts:
                del self._kept[view]

    def forget(self) -> None:
        """Forget all: another review is open, or its images have moved."""
        self._kept.clear()
        self._bytes = 0
        self._reader.forget()

    def _deliver(self, age: int, made: list[tuple[ThumbnailView, Small]]) -> None:
        """Take what a thread made; nobody waits for it where the window has closed."""
        try:
            self._made.emit(age, made)
        except RuntimeError:
            return

    def _take(self, age: int, made: list[tuple[ThumbnailView, Small]]) -> None:
        if age != self._reader.age:
            return
        for view, small in made:
            self._keep(view, small if isinstance(small, str) else _pixmap(small))
        self.came.emit([view for view, _ in made])

    def _keep(self, view: ThumbnailView, pixmap: QPixmap | str) -> None:
        self._bytes += _bytes(pixmap) - _bytes(self._kept.pop(view, ""))
        self._kept[view] = pixmap
        while self._bytes > KEPT_BYTES:
            self._bytes -= _bytes(self._kept.popitem(last=False)[1])


def _pixmap(rgb: NDArray[np.uint8]) -> QPixmap:
    height, width = rgb.shape[:2]
    data = rgb.tobytes()
    image = QImage(data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return QPixmap.fromImage(image)


def _bytes(pixmap: QPixmap | str) -> int:
    return 0 if isinstance(pixmap, str) else 4 * pixmap.width() * pixmap.height()
