"""Thumbnails of boxes and cutouts, made in the background.

Only the newest request is read: scrolling asks again, and what has scrolled past is
dropped. A few whole pictures are kept, so that the boxes of one cutout cost one
reading.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.errors import ClumpError
from clump_detector.image_files.sources import Source

from .image_cache import DisplayImage, read_picture

#: Files that are read at the same time; more would slow down the window.
READERS = 2

#: Bytes of whole pictures that are kept; one of 424 x 424 pixels takes half a megabyte.
KEPT_BYTES = 96_000_000

#: A crop shows this many times the size of its box.
AROUND = 2.0

#: Pixels across that a crop has at least, however small its box.
SMALLEST_SPAN = 12

#: Colour outside the image, as in the icons of boxes.
PAPER = (16, 20, 28)

RGB = NDArray[np.uint8]


class Window(NamedTuple):
    """A square of a picture's pixels, which may reach beyond its edge."""

    left: int
    top: int
    span: int


class ThumbnailView(NamedTuple):
    """A thumbnail to make: of a window of a cutout, or of the whole if that is None.

    ``side`` is the side length in pixels.
    """

    cutout: int
    window: Window | None
    side: int


#: A thumbnail of shape (height, width, 3), or a sentence why there is none.
Small = RGB | str


def window_around(corners: Sequence[float]) -> Window:
    """Return the window of a crop: twice the size of the box."""
    x1, y1, x2, y2 = corners
    span = max(round(AROUND * max(x2 - x1, y2 - y1)), SMALLEST_SPAN)
    # Half a pixel: corners count from the centre of a pixel, windows from its edge.
    left = round((x1 + x2) / 2 + 0.5 - span / 2)
    top = round((y1 + y2) / 2 + 0.5 - span / 2)
    return Window(left, top, span)


def share_of_window(corners: Sequence[float], window: Window) -> tuple[float, ...]:
    """Return a box's corners as shares of a window's side.

    Parameters
    ----------
    corners : sequence of float
        x1, y1, x2, y2 in pixels, from the centre of the first one.
    window : Window

    Returns
    -------
    tuple of float
        0 to 1 inside the window.
    """
    left, top, span = window
    starts = (left, top, left, top)
    return tuple((c + 0.5 - s) / span for c, s in zip(corners, starts, strict=True))


def cut(rgb: RGB, window: Window, side: int) -> RGB:
    """Return a window of a picture, scaled to a square.

    Parameters
    ----------
    rgb : uint8 array of shape (height, width, 3)
    window : Window
        What lies outside the picture becomes `PAPER`.
    side : int
        Side length of the square in pixels.
    """
    height, width = rgb.shape[:2]
    left, top, span = window
    made = np.empty((side, side, 3), np.uint8)
    made[:] = PAPER
    x1, x2 = max(left, 0), min(left + span, width)
    y1, y2 = max(top, 0), min(top + span, height)
    if x1 < x2 and y1 < y2:
        share = side / span
        column, row = round((x1 - left) * share), round((y1 - top) * share)
        across = max(round((x2 - left) * share) - column, 1)
        down = max(round((y2 - top) * share) - row, 1)
        part = _scaled(rgb[y1:y2, x1:x2], across, down)[: side - row, : side - column]
        made[row : row + part.shape[0], column : column + part.shape[1]] = part
    return made


def shrink(rgb: RGB, side: int) -> RGB:
    """Return a whole picture, scaled.

    Parameters
    ----------
    rgb : uint8 array of shape (height, width, 3)
    side : int
        Length of the longer side in pixels.
    """
    height, width = rgb.shape[:2]
    share = side / max(height, width)
    return _scaled(rgb, max(round(width * share), 1), max(round(height * share), 1))


def _scaled(rgb: RGB, width: int, height: int) -> RGB:
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(rgb))
    scaled = picture.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3)
    return np.asarray(scaled)


class Thumbnails:
    """Makes the thumbnails that are wanted at the moment, in a few threads.

    Parameters
    ----------
    source_of : callable
        Gives a cutout's source; called in a thread.
    deliver : callable
        Called in a thread with the age of the thumbnails, and a list of (view,
        thumbnail).

    Attributes
    ----------
    age : int
        Counts the calls of `forget`: a thumbnail of another age is of another review.
    files_read : int
    """

    def __init__(
        self,
        source_of: Callable[[int], Source],
        deliver: Callable[[int, list[tuple[ThumbnailView, Small]]], None],
    ) -> None:
        self._source_of = source_of
        self._deliver = deliver
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="thumbnails")
        self._mutex = threading.Lock()
        self._waiting: dict[ThumbnailView, None] = {}
        self._reading: set[int] = set()
        self._active = 0
        self._whole: OrderedDict[int, DisplayImage] = OrderedDict()
        self._bytes = 0
        self.age = 0
        self.files_read = 0

    def want(self, views: Sequence[ThumbnailView]) -> None:
        """Make these, the first one first, and drop earlier requests."""
        with self._mutex:
            self._waiting = dict.fromkeys(views)
            missing = min(READERS, len(self._waiting)) - self._active
            for _ in range(max(missing, 0)):
                self._active += 1
                self._readers.submit(self._work)

    def forget(self) -> None:
        """Forget every picture: another review is open, or files have moved."""
        with self._mutex:
            self.age += 1
            self._waiting = {}
            self._whole.clear()
            self._bytes = 0

    def close(self) -> None:
        """Stop reading."""
        self.forget()
        self._readers.shutdown(wait=False, cancel_futures=True)

    # -- in a thread --------------------------------------------------------

    def _work(self) -> None:
        while (chosen := self._next()) is not None:
            age, cutout, views = chosen
            made = self._make(age, cutout, views)
            with self._mutex:
                self._reading.discard(cutout)
            self._deliver(age, made)

    def _next(self) -> tuple[int, int, list[ThumbnailView]] | None:
        """Take the first cutout that no thread reads, and all views wanted of it."""
        with self._mutex:
            free = (v.cutout for v in self._waiting if v.cutout not in self._reading)
            cutout = next(free, None)
            if cutout is None:
                self._active -= 1
                return None
            views = [view for view in self._waiting if view.cutout == cutout]
            for view in views:
                del self._waiting[view]
            self._reading.add(cutout)
            return self.age, cutout, views

    def _make(
        self, age: int, cutout: int, views: list[ThumbnailView]
    ) -> list[tuple[ThumbnailView, Small]]:
        try:
            picture = self._picture(age, cutout)
            return [(view, _small(picture, view)) for view in views]
        except ClumpError as error:
            return [(view, error.message) for view in views]
        except (MemoryError, OSError, ValueError) as error:
            # A thread must not end here, or its thumbnails would stay empty.
            return [(view, f"It cannot be shown ({error}).") for view in views]

    def _picture(self, age: int, cutout: int) -> DisplayImage:
        with self._mutex:
            kept = self._whole.get(cutout)
            if kept is not None:
                self._whole.move_to_end(cutout)
                return kept
        picture = read_picture(self._source_of(cutout))
        with self._mutex:
            self.files_read += 1
            if age == self.age and picture.rgb is not None:
                self._keep(cutout, picture)
        return picture

    def _keep(self, cutout: int, picture: DisplayImage) -> None:
        self._whole[cutout] = picture
        self._bytes += _bytes(picture)
        while self._bytes > KEPT_BYTES and len(self._whole) > 1:
            self._bytes -= _bytes(self._whole.popitem(last=False)[1])


def _small(picture: DisplayImage, view: ThumbnailView) -> Small:
    if picture.rgb is None:
        return picture.problem or "It cannot be shown."
    if view.window is None:
        return shrink(picture.rgb, view.side)
    return cut(picture.rgb, view.window, view.side)


def _bytes(picture: DisplayImage) -> int:
    return 0 if picture.rgb is None else picture.rgb.nbytes
