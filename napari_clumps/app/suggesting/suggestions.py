"""Orders of the queue that come from what the current model says of the cutouts."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import numpy as np
from psygnal import Signal

from clump_detector.core.errors import ClumpError
from clump_detector.models.arms import RANDOM
from napari_clumps.active_learning.doubts import doubts
from napari_clumps.active_learning.features import Features
from napari_clumps.active_learning.ranking import (
    AT_RANDOM,
    NOT_DESCRIBED,
    rank,
)
from napari_clumps.active_learning.review_data import (
    places_of,
    pool_of,
    with_new_boxes,
)
from napari_clumps.app.deciding.decisions import Decisions
from napari_clumps.app.navigation import Navigator
from napari_clumps.app.session import Session
from napari_clumps.jobs.describing import Describing
from napari_clumps.jobs.detecting.detection import Detection
from napari_clumps.review import RANKED, Corners, Review

from .descriptions import Descriptions

_AGAIN = "check again"

#: Places of an order that are found one after the other: more than a person labels
#: before the order is made anew.
FIRST = 100

#: Cutouts that are described when an order is chosen: half an hour of one core.
MOST = 20_000

#: From which doubt labels are looked at again: 1 is the opposite for sure, 0 is as sure
#: as other labels of the kind.
DOUBTFUL = 0.5


class Suggestions:
    """Says which cutouts come first in an order of the model's, and why.

    Parameters
    ----------
    session : Session
    navigator : Navigator
        Asks for the orders.
    decisions : Decisions
        Whose key for the rest confirms labels that are looked at again.
    descriptions : Descriptions
    describing : Describing
        Is started for cutouts that an order needs.
    detection : Detection
        Describes what it searches.

    Signals
    -------
    changed(): reasons, or how many cutouts are described, changed.
    """

    changed = Signal()

    def __init__(
        self,
        session: Session,
        navigator: Navigator,
        decisions: Decisions,
        descriptions: Descriptions,
        describing: Describing,
        detection: Detection,
    ) -> None:
        self._session, self._navigator = session, navigator
        self._descriptions, self._describing = descriptions, describing
        self._detection = detection
        self._reasons: dict[int, str] = {}
        self._arms: dict[int, str] = {}
        self._places: dict[int, Corners] = {}
        self._was_running = False
        self._ranked_by = ""
        navigator.ranking = self.ranking
        navigator.describe_for = self.describe_for
        decisions.confirm = self.confirm
        session.shown.places_on.append(self._places_on)
        session.review_opened.connect(self._forget)
        session.cutout_changed.connect(self._on_cutout)
        session.models_changed.connect(self._on_models)
        describing.changed.connect(self._on_job)
        detection.changed.connect(self._on_job)

    def _forget(self) -> None:
        self._describing.cancel()
        self._reasons, self._arms, self._places = {}, {}, {}
        self.changed.emit()

    # -- what is said -------------------------------------------------------

    @property
    def order(self) -> str:
        """The order of the queue where it is one of the model's; else empty."""
        review = self._session.review
        order = "" if review is None else review.queue_plan.order
        return order if order in RANKED else ""

    @property
    def reason(self) -> str:
        """Why the current cutout comes where it does, in words; may be empty."""
        cutout = self._session.cutout
        if not self.order or cutout is None:
            return ""
        # A galaxy with injected clumps comes by chance, and must not give itself away.
        usual = AT_RANDOM if cutout.source.added and not cutout.done else ""
        return self._reasons.get(cutout.id, usual)

    @property
    def progress(self) -> str:
        """How far the describing is, while an order waits for it; else empty."""
        return self._describing.outcome if self._describing.running else ""

    # -- orders -------------------------------------------------------------

    def ranking(self, order: str) -> list[int]:
        """Return the cutouts that come first in an order of `RANKED`.

        Parameters
        ----------
        order : str
        """
        self._reasons, self._arms, self._places = {}, {}, {}
        self._ranked_by = self._session.scores.chosen_model
        review, features = self._session.review, self._descriptions.features
        if review is None or features is None:
            return []
        try:
            if order == _AGAIN:
                return self._doubtful(review, features)
            return self._informative(order, review, features)
        except ClumpError as error:
            self._session.warn(error.message)
            return []

    def _informative(self, order: str, review: Review, features: Features) -> list[int]:
        pool = pool_of(review, features, self._session.scores.chosen_model)
        if not np.isfinite(pool.information).any():
            return []
        seed, since = zlib.crc32(review.id.encode()), _since_random(review.arms)
        chosen = rank(order, pool, seed, FIRST, since)
        self._reasons = {one.cutout: one.reason for one in chosen}
        self._arms = {
            one.cutout: one.arm for one in chosen if one.reason != NOT_DESCRIBED
        }
        return [one.cutout for one in chosen]

    def _doubtful(self, review: Review, features: Features) -> list[int]:
        model = self._session.scores.chosen_model
        least = self._session.scores.thresholds.of(model)
        places = list(places_of(review, features.boxes(model), least))
        if not places:
            return []
        cutouts, kinds, unseen, corners = zip(*places, strict=True)
        confirmed = review.confirmed
        found = [
            one
            for one in doubts(cutouts, kinds, unseen)
            if one.doubt >= DOUBTFUL and one.cutout not in confirmed
        ]
        self._reasons = {one.cutout: one.reason for one in found}
        self._places = {one.cutout: corners[one.place] for one in found}
        return [one.cutout for one in found]

    def _places_on(self, cutout_id: int) -> list[Corners]:
        """Return the place that is in doubt, where a cutout is looked at again."""
        if self.order != _AGAIN or cutout_id not in self._places:
            return []
        return [self._places[cutout_id]]

    # -- describing what is missing -------------------------------------------

    def describe_for(self, order: str) -> None:
        """Have cutouts described that an order needs, and are not yet.

        Parameters
        ----------
        order : str
            Nothing is done for one that is no model's.
        """
        review, features = self._session.review, self._descriptions.features
        running = self._describing.running or self._detection.running
        if order not in RANKED or review is None or features is None or running:
            return
        try:
            done = features.described(self._session.scores.chosen_model)
            if order == _AGAIN:
                rows = features.boxes(self._session.scores.chosen_model)
                missing = list(with_new_boxes(review, rows, done))
            else:
                states = review.states()
                missing = [i for i, _, apart in states if not apart and i not in done]
        except ClumpError as error:
            self._session.warn(error.message)
            return
        queue = self._session.queue
        place = {} if queue is None else {i: k for k, i in enumerate(queue.ids)}
        # What would come next is described first.
        missing.sort(key=lambda i: place.get(i, len(place)))
        self._describing.start(missing[:MOST])

    def _on_job(self) -> None:
        """Make the order anew when everything that it needs is described."""
        running = self._describing.running or self._detection.running
        ended, self._was_running = self._was_running and not running, running
        if ended and self.order:
            self._make_anew()
        self.changed.emit()

    def _make_anew(self) -> None:
        """Make the order anew; whoever is still at its beginning goes there again."""
        queue, cutout = self._session.queue, self._session.cutout
        first = None if queue is None else next(iter(queue.ids), None)
        at_first = cutout is not None and cutout.id == first
        self._navigator.make_queue()
        queue = self._session.queue
        if self.order == _AGAIN and at_first and queue is not None and len(queue):
            self._navigator.go_to(queue.ids[0])

    def _on_models(self) -> None:
        """Make the order anew where another model is the current one."""
        model = self._session.scores.chosen_model
        if self.order and model != self._ranked_by:
            self._navigator.make_queue()
        self.changed.emit()

    # -- what a person did ----------------------------------------------------

    @property
    def checking(self) -> bool:
        """Whether the current cutout is one whose labels are looked at again."""
        cutout = self._session.cutout
        return self.order == _AGAIN and cutout is not None and cutout.done

    def confirm(self) -> bool:
        """Keep that the labels of the current cutout are right as they are, and go on.

        Returns
        -------
        bool
            Whether it is one that is looked at again; else nothing is done.
        """
        cutout, review = self._session.cutout, self._session.review
        if not self.checking or cutout is None or review is None:
            return False
        review.confirm_labels(cutout.id)
        self._navigator.next_cutout()
        return True

    def _on_cutout(self) -> None:
        """Keep by which share of the order a cutout came that is shown first.

        If its image has changed since it was described, it is described again.
        """
        cutout, review = self._session.cutout, self._session.review
        if cutout is None or review is None or review.read_only or not self.order:
            return
        if self._descriptions.is_stale(cutout) and not self._detection.running:
            self._describing.start([cutout.id])
        if cutout.done:
            return
        arm = self._arms.get(cutout.id)
        if arm is not None:
            review.note_arm(cutout.id, arm)


def _since_random(arms: Mapping[int, str]) -> int:
    """Return how many cutouts were shown since the last one that came at random."""
    last = [*arms.values()][::-1]
    return last.index(RANDOM) if RANDOM in last else len(last)
