"""Pictures of cutouts, the neighbours read ahead so that the next one is there."""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clump_detector.errors import ClumpError
from clump_detector.images import read_cutout
from clump_detector.sources import Source
from clump_detector.stretch import to_rgb

#: Pictures kept; one of 424 x 424 pixels takes half a megabyte.
KEPT = 12


@dataclass(frozen=True)
class Picture:
    """What is shown of a cutout, or the message why there is nothing to show."""

    rgb: NDArray[np.uint8] | None
    notes: tuple[str, ...] = ()
    problem: str | None = None
    scale: float | None = None
    wcs: Any = None

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height in pixels."""
        return None if self.rgb is None else (self.rgb.shape[1], self.rgb.shape[0])


def read_picture(source: Source) -> Picture:
    """Read a cutout's picture; what cannot be read becomes a message."""
    try:
        cutout = read_cutout(source)
        return Picture(to_rgb(cutout), cutout.notes, scale=cutout.scale, wcs=cutout.wcs)
    except ClumpError as error:
        return Picture(None, problem=error.message)


class Pictures:
    """A small cache that one thread fills ahead of the reviewer."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="pictures")
        self._pictures: OrderedDict[Source, Future[Picture]] = OrderedDict()

    def get(self, source: Source) -> Picture:
        """Return a cutout's picture, waiting only if it was not read ahead."""
        self.read_ahead(source)
        return self._pictures[source].result()

    def read_ahead(self, source: Source) -> None:
        """Have a picture read in the background."""
        if source in self._pictures:
            self._pictures.move_to_end(source)
            return
        self._pictures[source] = self._reader.submit(read_picture, source)
        while len(self._pictures) > self._kept:
            self._pictures.popitem(last=False)[1].cancel()

    def forget(self) -> None:
        """Forget every picture, as after files have moved."""
        self._pictures.clear()

    def close(self) -> None:
        """Stop reading."""
        self._reader.shutdown(wait=False, cancel_futures=True)
