"""Cutouts that look like others, and those that look like few: for a panel of them."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from clump_detector.images.likeness import nearest
from napari_clumps.active_learning.odd import oddness, worth_a_look
from napari_clumps.app.errors import shows_errors
from napari_clumps.app.navigation import Navigator
from napari_clumps.app.session import Session
from napari_clumps.review import QueuePlan

from .descriptions import Descriptions
from .known_galaxies import KnownGalaxies, known_galaxies
from .newest_answer import NewestAnswer

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
        self._odd_ones = NewestAnswer[NDArray[np.int64]]()
        self._odd: tuple[tuple[int, int], NDArray[np.float64]] | None = None
        self.ids: list[int] = []
        self.words = ""
        session.review_opened.connect(self._forget)

    def _forget(self) -> None:
        self._odd_ones.forget()
        self._show([], "")

    def _show(self, ids: list[int], words: str) -> None:
        self.ids, self.words = ids, words
        self.changed.emit()

    def show(self, cutout_ids: Sequence[int], words: str) -> None:
        """Show some cutouts, in this order.

        Parameters
        ----------
        cutout_ids : sequence of int
        words : str
            What they are.
        """
        self._odd_ones.forget()
        self._show(list(cutout_ids), words)

    # -- looking for them -----------------------------------------------------

    @shows_errors
    def like(self, cutout_ids: Sequence[int]) -> None:
        """Show what looks most like some cutouts, which come first themselves.

        Parameters
        ----------
        cutout_ids : sequence of int
        """
        n = len(cutout_ids)
        first = [self.session.opened.cutout(i).name for i in cutout_ids[:1]]
        self._like(cutout_ids, f"{n} galaxies" if n > 1 else "".join(first))

    @shows_errors
    def like_tagged(self, tag: str) -> None:
        """Show the cutouts that have a tag, and then what looks most like them.

        Parameters
        ----------
        tag : str
        """
        examples = self.session.opened.tagged(tag)
        said = "the one" if len(examples) == 1 else f"the {len(examples)}"
        self._like(examples, f"{said} tagged “{tag}”")

    def _like(self, cutout_ids: Sequence[int], which: str) -> None:
        self._odd_ones.forget()
        known = self._known()
        if known is None:
            return
        rows = np.flatnonzero(np.isin(known.ids, cutout_ids))
        if not len(rows):
            self._show([], "The model has not described this galaxy yet.")
            return
        order, _ = nearest(known.values, rows, known.weights)
        own = set(rows.tolist())
        alike = [*rows.tolist(), *(int(k) for k in order if int(k) not in own)]
        self._show(
            [int(known.ids[k]) for k in alike[: MOST + len(rows)]],
            f"The galaxies most like {which}, of {known.how_many}.",
        )

    @shows_errors
    def oddest(self) -> None:
        """Show the oddest cutouts, once they are found in the background.

        Where the user has rated some, those that are worth a look most come first, and
        rated ones are left out.
        """
        known = self._known()
        if known is None:
            return
        said, rated = known.how_many, self.session.opened.interests()
        self._show([], f"Looking for the oddest of {said}…")

        def take(rows: NDArray[np.int64]) -> None:
            words = f"The oddest galaxies first, of {said}."
            if rated:
                words = f"{words[:-1]}, without the {len(rated)} that you rated."
            self._show([int(known.ids[k]) for k in rows], words)

        def refuse(message: str) -> None:
            self._show([], message)

        self._odd_ones.ask(lambda: self._odd_rows(known, rated), take, refuse)

    def _odd_rows(
        self, known: KnownGalaxies, rated: dict[int, int]
    ) -> NDArray[np.int64]:
        """Return the rows that are shown as the oddest, in order."""
        mark = zlib.crc32(known.vectors.tobytes()), len(known.ids)
        if self._odd is None or self._odd[0] != mark:
            self._odd = mark, oddness(known.vectors)
        odd = self._odd[1]
        rows = np.flatnonzero(np.isin(known.ids, list(rated)))
        if len(rows):
            interest = [rated[int(i)] for i in known.ids[rows]]
            odd = worth_a_look(odd, known.values, known.weights, rows, interest)
        order = np.argsort(-odd, kind="stable")
        return order[~np.isin(order, rows)][:MOST]

    def _known(self) -> KnownGalaxies | None:
        """Return what is known of the review's galaxies, or say why nothing is."""
        known = known_galaxies(self._descriptions, self.session.review)
        if isinstance(known, str):
            self._show([], known)
            return None
        return known

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
