"""Isophotes of the shown galaxy, fitted in a process beside the window's.

The fit is seconds of Python, which a thread of the window would be slowed down by.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clump_detector.core import boxes as geometry
from clump_detector.core.errors import ClumpError
from clump_detector.image_files.sources import Source
from clump_detector.images.cutout import read_cutout
from clump_detector.photometry import prepare
from clump_detector.photometry.isophotes.ellipses import Isophotes
from napari_clumps.review import Corners

#: The process is kept for galaxies after the first: it takes a second to begin.
_PROCESSES = 1


@dataclass(frozen=True)
class IsophoteQuestion:
    """Which galaxy's isophotes are wanted.

    Attributes
    ----------
    source : Source
    corners : tuple of (x1, y1, x2, y2)
        The boxes that are left out.
    """

    source: Source
    corners: tuple[Corners, ...]


@dataclass(frozen=True)
class FittedIsophotes:
    """The isophotes of a galaxy, and what is left without them.

    Attributes
    ----------
    found : Isophotes
    angles : array of shape (n,)
        Position angles on the sky in degrees; NaN without a WCS.
    picture : uint8 array of shape (height, width, 3)
        The residual.
    """

    found: Isophotes
    angles: NDArray[np.float64]
    picture: NDArray[np.uint8]


class IsophoteFitter:
    """Fits isophotes in another process; only the newest question is answered.

    Parameters
    ----------
    deliver : callable
        Called in a thread with the question, and a `FittedIsophotes` or a sentence why
        there is none.
    """

    def __init__(
        self,
        deliver: Callable[[IsophoteQuestion, FittedIsophotes | str], None],
    ) -> None:
        self._deliver = deliver
        self._pool: ProcessPoolExecutor | None = None
        self._mutex = threading.Lock()
        self._newest: IsophoteQuestion | None = None
        self._waiting: Future[FittedIsophotes | str] | None = None

    def ask(self, question: IsophoteQuestion | None) -> None:
        """Fit the isophotes of a galaxy; one that waits for it is dropped.

        Parameters
        ----------
        question : IsophoteQuestion or None
            None drops what was asked before.
        """
        with self._mutex:
            self._newest = question
            if self._waiting is not None:
                self._waiting.cancel()
                self._waiting = None
            if question is None:
                return
            if self._pool is None:
                context = multiprocessing.get_context("spawn")
                self._pool = ProcessPoolExecutor(_PROCESSES, mp_context=context)
            try:
                waiting = self._pool.submit(fitted, question)
            except BrokenProcessPool:  # it was killed: the next one is a new one
                self._pool = None
                raise
            self._waiting = waiting
        waiting.add_done_callback(lambda done: self._take(question, done))

    def close(self) -> None:
        """Stop."""
        self.ask(None)
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    def _take(
        self, question: IsophoteQuestion, done: Future[FittedIsophotes | str]
    ) -> None:
        if done.cancelled() or question is not self._newest:
            return
        try:
            answer = done.result()
        except BrokenProcessPool:
            self._pool = None
            answer = "The fit was ended from outside. Go on to try it again."
        except Exception as error:  # else the panel would wait for ever
            answer = f"It cannot be fitted ({error})."
        self._deliver(question, answer)


def fitted(question: IsophoteQuestion) -> FittedIsophotes | str:
    """Return the isophotes of a galaxy, or why there are none; in the other process.

    Parameters
    ----------
    question : IsophoteQuestion
    """
    from clump_detector.photometry.isophotes.fit import fit_isophotes
    from clump_detector.photometry.isophotes.picture import residual_picture
    from clump_detector.photometry.isophotes.table import position_angles

    try:
        cutout = read_cutout(question.source)
        corners = geometry.as_boxes(question.corners)
        guess = float(np.median(geometry.fwhm(corners))) if len(corners) else None
        field = prepare(cutout, guess=guess)
        found = fit_isophotes(field, corners)
    except ClumpError as error:
        return error.message
    angles = position_angles(cutout, found)
    return FittedIsophotes(found, angles, residual_picture(field, found))
