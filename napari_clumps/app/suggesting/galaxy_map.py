"""A map of the galaxies of a review, made in the background: for a panel of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from clump_detector.core.arrays import Floats
from napari_clumps.active_learning.galaxy_map import method, positions
from napari_clumps.app.session import Session
from napari_clumps.review import CutoutFacts

from .descriptions import Descriptions
from .known_galaxies import known_galaxies
from .newest_answer import NewestAnswer


class GalaxyMap:
    """Where the galaxies of the open review lie on a map.

    Parameters
    ----------
    session : Session
    descriptions : Descriptions

    Attributes
    ----------
    ids : int array of shape (n,)
        The cutouts on the map.
    places : array of shape (n, 2)
        Where they are, each axis from -1 to 1.
    words : str
        What the map is of, or why there is none.

    Signals
    -------
    changed(): there is another map, or none.
    """

    changed = Signal()

    def __init__(self, session: Session, descriptions: Descriptions) -> None:
        self.session, self._descriptions = session, descriptions
        self._newest = NewestAnswer[Floats]()
        self.ids: NDArray[np.int64] = np.zeros(0, np.int64)
        self.places: Floats = np.zeros((0, 2))
        self.words = ""
        session.review_opened.connect(self._forget)

    def _forget(self) -> None:
        self._newest.forget()
        self._show_none("")

    def _show_none(self, words: str) -> None:
        self._show(np.zeros(0, np.int64), np.zeros((0, 2)), words)

    def _show(self, ids: NDArray[np.int64], places: Floats, words: str) -> None:
        self.ids, self.places, self.words = ids, places, words
        self.changed.emit()

    def make(self) -> None:
        """Make the map of what is described now, in the background."""
        known = known_galaxies(self._descriptions, self.session.review)
        if isinstance(known, str):
            self._show_none(known)
            return
        ids, said = known.ids, known.how_many
        self._show_none(f"Making a map of {said}…")

        def take(places: Floats) -> None:
            words = f"Galaxies that look alike lie together: {said}"
            self._show(ids, places, f"{words}, by {method(len(ids))}.")

        self._newest.ask(
            lambda: positions(known.values, known.weights), take, self._show_none
        )

    def facts(self) -> CutoutFacts:
        """Return what is known of the cutouts on the map, in the order of `ids`."""
        facts = self.session.opened.facts(self.session.scores.least)
        return facts.of(self.ids)

    def inside(self, corners: Floats) -> list[int]:
        """Return the cutouts inside a polygon, in the order of their ids.

        Parameters
        ----------
        corners : array of shape (m, 2)
            On the map.
        """
        from matplotlib.path import Path

        if len(corners) < 3 or not len(self.ids):
            return []
        chosen = Path(corners).contains_points(self.places)
        return [int(i) for i in self.ids[chosen]]

    def nearest(self, place: Sequence[float]) -> int | None:
        """Return the cutout nearest to a place on the map, or None without a map."""
        if not len(self.ids):
            return None
        distances = np.hypot(*(self.places - np.asarray(place)).T)
        return int(self.ids[distances.argmin()])
