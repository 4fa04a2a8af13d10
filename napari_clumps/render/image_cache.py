"""Pictures of cutouts; the neighbours are read ahead."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.errors import ClumpError
from clump_detector.image_files.sources import Source
from clump_detector.images.cutout import Cutout, read_cutout

from .rendering import Rendering, note_of, render, views_of

if TYPE_CHECKING:
    from astropy.wcs import WCS

#: Pictures kept, and cutouts; one of 424 x 424 pixels takes half a megabyte, and five
#: bands of it take four.
KEPT = 12

#: Bytes that the kept pictures may take, and the kept cutouts as many again. Large
#: fields are read again rather than kept; the last one is always kept.
MOST_BYTES = 256 * 2**20


@dataclass(frozen=True)
class DisplayImage:
    """The picture of a cutout, or the message why there is none."""

    rgb: NDArray[np.uint8] | None
    notes: tuple[str, ...] = ()
    problem: str | None = None
    scale: float | None = None
    fwhm: float | None = None
    wcs: WCS | None = None
    views: tuple[str, ...] = ()
    read_as: str = ""

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height in pixels."""
        return None if self.rgb is None else (self.rgb.shape[1], self.rgb.shape[0])


def picture_of(cutout: Cutout, rendering: Rendering) -> DisplayImage:
    """Return a cutout's picture in a rendering.

    Parameters
    ----------
    cutout : Cutout
    rendering : Rendering
    """
    note = note_of(cutout, rendering)
    return DisplayImage(
        render(cutout, rendering),
        cutout.notes if note is None else (*cutout.notes, note),
        scale=cutout.scale,
        fwhm=cutout.fwhm,
        wcs=cutout.wcs,
        views=views_of(cutout),
        read_as=cutout.read_as,
    )


def read_picture(source: Source) -> DisplayImage:
    """Read a cutout as the detector sees it; what cannot be read becomes a message."""
    try:
        return picture_of(read_cutout(source), Rendering())
    except ClumpError as error:
        return DisplayImage(None, problem=error.message)


class ImageCache:
    """A small cache that one thread fills ahead of the reviewer.

    Parameters
    ----------
    kept : int
        Pictures kept at most, and cutouts as many.
    most_bytes : int
        Bytes of the kept pictures at most, and of the cutouts as many.

    Attributes
    ----------
    rendering : Rendering
        Of the pictures to return. Another one is made from the cutouts that are still
        kept, without reading their files again.
    """

    def __init__(self, kept: int = KEPT, most_bytes: int = MOST_BYTES) -> None:
        self.rendering = Rendering()
        self._kept, self._most_bytes = kept, most_bytes
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="pictures")
        self._pictures: OrderedDict[tuple[Source, Rendering], Future[DisplayImage]]
        self._pictures = OrderedDict()
        # Only the reading thread touches the cutouts.
        self._cutouts: OrderedDict[Source, Cutout] = OrderedDict()

    def get(self, source: Source) -> DisplayImage:
        """Return a cutout's picture, waiting only if it was not read ahead."""
        asked = source, self.rendering
        waiting = self._pictures.get(asked)
        if waiting is None or not waiting.done():
            self._drop_waiting(besides=asked)
        self.read_ahead(source)
        return self._pictures[asked].result()

    def read_ahead(self, source: Source) -> None:
        """Read and render a picture in the background."""
        asked = source, self.rendering
        if asked in self._pictures:
            self._pictures.move_to_end(asked)
            return
        self._pictures[asked] = self._reader.submit(self._read, *asked)
        sizes = (_picture_bytes(future) for future in self._pictures.values())
        for _ in range(_too_many(sizes, self._kept, self._most_bytes)):
            self._pictures.popitem(last=False)[1].cancel()

    def cutout(self, source: Source) -> Future[Cutout]:
        """Read a cutout itself in the background; a displayed one is kept."""
        return self._reader.submit(self._cutout, source)

    def forget(self) -> None:
        """Forget every picture, as after files have moved."""
        for future in self._pictures.values():
            future.cancel()
        self._pictures.clear()
        self._reader.submit(self._cutouts.clear)

    def close(self) -> None:
        """Stop reading."""
        self._reader.shutdown(wait=False, cancel_futures=True)

    def _drop_waiting(self, besides: tuple[Source, Rendering]) -> None:
        """Cancel what was only read ahead, so that the picture asked for comes next."""
        for key, future in list(self._pictures.items()):
            if key != besides and future.cancel():
                del self._pictures[key]

    def _read(self, source: Source, rendering: Rendering) -> DisplayImage:
        """Read and render, in the reading thread; a problem becomes a message."""
        try:
            return picture_of(self._cutout(source), rendering)
        except ClumpError as error:
            return DisplayImage(None, problem=error.message)

    def _cutout(self, source: Source) -> Cutout:
        if source not in self._cutouts:
            self._cutouts[source] = read_cutout(source)
        self._cutouts.move_to_end(source)
        sizes = (cutout.pixels.nbytes for cutout in self._cutouts.values())
        for _ in range(_too_many(sizes, self._kept, self._most_bytes)):
            self._cutouts.popitem(last=False)
        return self._cutouts[source]


def _picture_bytes(future: Future[DisplayImage]) -> int:
    if not future.done() or future.cancelled() or future.exception():
        return 0
    rgb = future.result().rgb
    return 0 if rgb is None else rgb.nbytes


def _too_many(sizes: Iterable[int], most: int, most_bytes: int) -> int:
    """Return how many of the oldest to remove; the last one stays in any case."""
    oldest_first = list(sizes)
    total, removed = sum(oldest_first), 0
    while len(oldest_first) - removed > 1 and (
        total > most_bytes or len(oldest_first) - removed > most
    ):
        total -= oldest_first[removed]
        removed += 1
    return removed
