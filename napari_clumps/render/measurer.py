"""Photometry of clumps in a thread. No Qt, no napari."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar, cast

import numpy as np

from clump_detector.core import boxes as geometry
from clump_detector.core.errors import ClumpError
from clump_detector.image_files.sources import Source
from clump_detector.images.artefacts.kinds import Artefact
from clump_detector.images.cutout import Cutout
from clump_detector.photometry import Field, measure_boxes, prepare, segment
from clump_detector.photometry.other_sources.sources import OtherSources, other_sources
from napari_clumps.review import Corners

from .photometry_readout import PhotometryReadout, make_readout, sources_readout

Found = TypeVar("Found")

#: With more boxes all are measured only where segments are shown: it takes a while.
MANY = 40

#: Cutouts whose sky, galaxy and PSF are kept.
KEPT = 4


@dataclass(frozen=True)
class MeasurementRequest:
    """Which box of which cutout to measure.

    Attributes
    ----------
    source : Source
    corners : tuple of (x1, y1, x2, y2)
        All boxes that count as clumps.
    index : int or None
        Which of them; None where only other sources are wanted.
    segments : bool
        Whether the pixels of all of them are wanted, too.
    others : bool
        Whether the stars and galaxies beside them are wanted, too.
    artefacts : tuple of Artefact
        On the cutout, without those that were refused.
    """

    source: Source
    corners: tuple[Corners, ...]
    index: int | None
    segments: bool = False
    others: bool = False
    artefacts: tuple[Artefact, ...] = ()


class Measurer:
    """Measures in a thread, the newest request only.

    Parameters
    ----------
    cutout_of : callable
        Gives a future of a source's cutout.
    deliver : callable
        Called in the thread with the request and a `PhotometryReadout`, or a sentence
        why there is none.
    """

    def __init__(
        self,
        cutout_of: Callable[[Source], Future[Cutout]],
        deliver: Callable[[MeasurementRequest, PhotometryReadout | str], None],
    ) -> None:
        self._cutout_of, self._deliver = cutout_of, deliver
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="measure")
        self._mutex = threading.Lock()
        self._newest: MeasurementRequest | None = None
        self._fields: OrderedDict[Source, tuple[float | None, Field]] = OrderedDict()
        self._found: dict[str, tuple[tuple[Source, tuple[Corners, ...]], object]] = {}

    def ask(self, request: MeasurementRequest | None) -> None:
        """Measure a box; earlier requests that still wait are dropped."""
        with self._mutex:
            self._newest = request
        if request is not None:
            self._thread.submit(self._answer, request)

    def forget(self) -> None:
        """Forget every cutout, as when files have changed."""
        self._thread.submit(self._forget)

    def _forget(self) -> None:
        self._fields.clear()
        self._found.clear()

    def close(self) -> None:
        """Stop."""
        self.ask(None)
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _answer(self, request: MeasurementRequest) -> None:
        with self._mutex:
            if request is not self._newest:
                return
        try:
            reading: PhotometryReadout | str = self._read(request)
        except ClumpError as error:
            reading = error.message
        except Exception as error:  # else the panel would wait for ever
            reading = f"It cannot be measured ({error})."
        self._deliver(request, reading)

    def _read(self, request: MeasurementRequest) -> PhotometryReadout:
        """Return what is measured of the box, and what else was asked for."""
        corners = geometry.as_boxes(request.corners)
        field = self._field(request.source, corners)
        others: OtherSources | str | None = None
        if request.others:
            others = self._once("others", request, lambda: _others(field, corners))
        if request.index is None:
            return sources_readout(others)
        segments = None
        if request.segments or len(corners) <= MANY:
            segments = self._once(
                "segments",
                request,
                lambda: segment(field, measure_boxes(field, corners)),
            )
        reading = make_readout(
            field, corners, request.index, segments, others, request.artefacts
        )
        return reading if request.segments else replace(reading, labels=None)

    def _once(
        self, what: str, request: MeasurementRequest, find: Callable[[], Found]
    ) -> Found:
        """Return what is found on all of the galaxy, kept for its next box."""
        asked = request.source, request.corners
        kept = self._found.get(what)
        if kept is None or kept[0] != asked:
            kept = self._found[what] = asked, find()
        return cast(Found, kept[1])

    def _field(self, source: Source, corners: geometry.Boxes) -> Field:
        guess = float(np.median(geometry.fwhm(corners))) if len(corners) else None
        kept = self._fields.get(source)
        if kept is not None and (kept[0] == guess or not _guessed(kept[1])):
            self._fields.move_to_end(source)
            return kept[1]
        field = prepare(self._cutout_of(source).result(), guess=guess)
        self._fields[source] = (guess, field)
        while len(self._fields) > KEPT:
            self._fields.popitem(last=False)
        return field


def _guessed(field: Field) -> bool:
    """Return whether a field would differ with another guess of the PSF."""
    return not field.psfs or any(psf.source == "boxes" for psf in field.psfs)


def _others(field: Field, corners: geometry.Boxes) -> OtherSources | str:
    """Return the other sources of a cutout, or why there are none."""
    try:
        return other_sources(field, corners)
    except ClumpError as error:
        return error.message
