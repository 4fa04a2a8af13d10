"""Cutouts that look like others, and those that look like few: for a panel of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from clump_detector.core.errors import ClumpError
from clump_detector.core.text import message_of
from napari_clumps.active_learning.odd import oddness
from napari_clumps.active_learning.similar import appearance, nearest
from napari_clumps.app.errors import shows_errors
from napari_clumps.app.navigation import Navigator
from napari_clumps.app.session import Session
from napari_clumps.jobs.base import in_background
from napari_clumps.review import QueuePlan

from .descriptions import Descriptions

#: How many are shown.
MOST = 200


class Similar:
    """The cutouts that look most like others, or the oddest ones.

    Parameters
    ----------
    session : Session
    navigator : Navigator
    descriptions : Descriptions

    Attributes
    ----------
    ids : list of int
        The cutouts, the most alike or the oddest first.
    words : str
        What they are, or why there are none.

    Signals
    -------
    changed(): there are others.
    """

    changed = Signal()

    def __init__(
        self, session: Session, navigator: Navigator, descriptions: Descriptions
    ) -> None:
        self.session, self._navigator = session, navigator
        self._descriptions = descriptions
        self._asked = 0
        self.ids: list[int] = []
        self.words = ""
        session.review_opened.connect(self._forget)

    def _forget(self) -> None:
        self._asked += 1
        self._show([], "")

    def _show(self, ids: list[int], words: str) -> None:
        self.ids, self.words = ids, words
        self.changed.emit()

    # -- looking for them -----------------------------------------------------

    @shows_errors
    def like(self, cutout_ids: Sequence[int]) -> None:
        """Show what looks most like some cutouts, which come first themselves.

        Parameters
        ----------
        cutout_ids : sequence of int
        """
        known = self._vectors()
        features = self._descriptions.features
        if known is None or features is None:
            return
        ids, vectors = known
        rows = np.flatnonzero(np.isin(ids, cutout_ids))
        if not len(rows):
            self._show([], "The model has not described this galaxy yet.")
            return
        # The first half is of the galaxy itself, and not of its surroundings.
        own_part = vectors[:, : vectors.shape[1] // 2]
        values, weights = appearance(own_part, features.profiles(ids))
        order, _ = nearest(values, rows, weights)
        own = set(rows.tolist())
        alike = [*rows.tolist(), *(int(k) for k in order if int(k) not in own)]
        names = [self.session.opened.cutout(int(i)).name for i in ids[rows][:1]]
        which = names[0] if len(rows) == 1 else f"{len(rows)} galaxies"
        self._show(
            [int(ids[k]) for k in alike[: MOST + len(rows)]],
            f"The galaxies most like {which}, of {self._of(len(ids))}.",
        )

    @shows_errors
    def oddest(self) -> None:
        """Show the oddest cutouts, once they are found in the background."""
        known = self._vectors()
        if known is None:
            return
        ids, vectors = known
        self._asked += 1
        number, said = self._asked, self._of(len(ids))
        self._show([], f"Looking for the oddest of {said}…")

        def work() -> Iterator[NDArray[np.float64]]:
            yield oddness(vectors)

        def take(odd: NDArray[np.float64]) -> None:
            if number != self._asked:
                return
            order = np.argsort(-odd, kind="stable")[:MOST]
            words = f"The oddest galaxies first, of {said}."
            self._show([int(ids[k]) for k in order], words)

        def failed(error: Exception) -> None:
            if number == self._asked:
                self._show([], message_of(error))

        thread = in_background(work)
        thread.yielded.connect(take)
        thread.errored.connect(failed)
        thread.start()

    def _vectors(self) -> tuple[NDArray[np.int64], NDArray[np.float16]] | None:
        """Return the embeddings of the review, or say why there are none."""
        features = self._descriptions.features
        if features is None:
            self._show([], "No review is open.")
            return None
        try:
            ids, vectors = features.vectors()
        except ClumpError as error:
            self._show([], error.message)
            return None
        if not len(ids):
            self._show(
                [],
                "No galaxy is described yet: detect clumps, or choose the order "
                "“diverse” of the queue.",
            )
            return None
        return ids, vectors

    def _of(self, n: int) -> str:
        every = len(self.session.opened)
        return f"{n:,}" if n == every else f"the {n:,} of {every:,} that are described"

    # -- what is done with them -------------------------------------------------

    @shows_errors
    def put_first(self, cutout_ids: Sequence[int]) -> None:
        """Put cutouts first in the queue, in this order.

        Parameters
        ----------
        cutout_ids : sequence of int
        """
        review = self.session.opened
        review.custom_order = tuple(cutout_ids)
        plan = QueuePlan("custom list", review.queue_plan.shown)
        self._navigator.choose_queue(plan)
