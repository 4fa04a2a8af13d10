"""Cells that show boxes: a crop, its box drawn as on the canvas, its score."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QRect, QRectF, Qt
from qtpy.QtGui import QPainter

from napari_clumps.app.gallery import Gallery
from napari_clumps.render.thumbnails import (
    ThumbnailView,
    Window,
    share_of_window,
    window_around,
)
from napari_clumps.review import Crop
from napari_clumps.widgets.base.parts import STATUS_WORDS, draw_box

from .cells import CellPainter, Cells
from .pixmap_cache import PixmapCache

#: Height of a crop in lines of text.
LINES = 6.2


class CropCells(Cells):
    """Crops of boxes in some order."""

    def at(self, place: int) -> tuple[Crop, Window]:
        """Return a crop and its window."""
        raise NotImplementedError

    def view(self, place: int) -> ThumbnailView:
        """Return a crop's view."""
        crop, window = self.at(place)
        return ThumbnailView(crop.cutout, window, self.side)

    def words(self, place: int) -> str:
        """Return what there is to say of a crop."""
        crop, _ = self.at(place)
        x1, y1, x2, y2 = crop.corners
        facts = [
            crop.cls,
            "gone" if crop.gone else STATUS_WORDS[crop.status],
            "no score" if crop.score is None else f"score {crop.score:.2f}",
        ]
        if crop.second is not None:
            facts.append(f"{crop.second:.2f} by another model")
        facts.append(f"{x2 - x1:.0f} × {y2 - y1:.0f} pixels")
        return f"{crop.name}: {', '.join(facts)}.\nDouble click shows it on the canvas."


class GalleryCells(CropCells):
    """Crops in the order of the gallery."""

    def __init__(self, gallery: Gallery, pixmaps: PixmapCache) -> None:
        super().__init__(pixmaps)
        self.gallery = gallery
        self._ids = np.zeros(0, np.int64)
        self._last: tuple[int, Crop, Window] | None = None
        # Before anything is drawn again.
        self.modelAboutToBeReset.connect(self._forget_last)
        self.dataChanged.connect(self._forget_last)

    def rearrange(self) -> None:
        """Show the gallery as it is arranged now."""
        self.beginResetModel()
        self._ids = self.gallery.crops.ids[self.gallery.rows]
        self.endResetModel()

    def count(self) -> int:
        """Return how many crops are shown."""
        return len(self._ids)

    def ids(self, places: list[int]) -> list[int]:
        """Return the boxes at some places."""
        return [int(box_id) for box_id in self._ids[places]]

    def at(self, place: int) -> tuple[Crop, Window]:
        """Return a crop and its window; painting one asks several times."""
        if self._last is None or self._last[0] != place:
            crop = self.gallery.crop(place)
            self._last = place, crop, window_around(crop.corners)
        return self._last[1:]

    def _forget_last(self) -> None:
        self._last = None


class ListedCells(CropCells):
    """A few crops that are given."""

    def __init__(self, pixmaps: PixmapCache) -> None:
        super().__init__(pixmaps)
        self.crops: list[Crop] = []

    def show(self, crops: list[Crop]) -> None:
        """Show these crops."""
        if crops != self.crops:
            self.beginResetModel()
            self.crops = crops
            self.endResetModel()

    def count(self) -> int:
        """Return how many crops are shown."""
        return len(self.crops)

    def at(self, place: int) -> tuple[Crop, Window]:
        """Return a crop and its window."""
        crop = self.crops[place]
        return crop, window_around(crop.corners)


class CropPainter(CellPainter):
    """Paints a crop.

    Parameters
    ----------
    cells : CropCells
    lines : float
        Height of its picture in lines of text.
    """

    def __init__(self, cells: CropCells, lines: float = LINES) -> None:
        super().__init__(cells, lines)
        self._crops = cells

    def over(self, painter: QPainter, picture: QRectF, place: int) -> None:
        """Outline the box as the canvas does."""
        crop, window = self._crops.at(place)
        if crop.gone:
            painter.setOpacity(0.4)
        side = picture.width()
        x1, y1, x2, y2 = (
            side * share for share in share_of_window(crop.corners, window)
        )
        box = QRectF(x1, y1, x2 - x1, y2 - y1).translated(picture.topLeft())
        draw_box(painter, box, crop.status, side / 75)

    def caption(self, painter: QPainter, area: QRect, place: int) -> None:
        """Write score and class."""
        crop, _ = self._crops.at(place)
        score, metrics = _score(crop), painter.fontMetrics()
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        painter.drawText(area, left, score)
        rest = area.width() - metrics.horizontalAdvance(f"{score}  ")
        cls = metrics.elidedText(crop.cls, Qt.TextElideMode.ElideRight, rest)
        if len(cls) > 2:  # an ellipsis alone says nothing
            painter.drawText(area, right, cls)


def _score(crop: Crop) -> str:
    if crop.gone:
        return "gone"
    if crop.score is None:
        return STATUS_WORDS[crop.status]
    if crop.second is None:
        return f"{crop.score:.2f}"
    return f"{crop.score:.2f} | {crop.second:.2f}"
