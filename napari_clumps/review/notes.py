"""What a review's file keeps that is no decision: queue, position, learning curve."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from clump_detector.core.json_types import JsonObject
from napari_clumps.review.images.image_files import keep, locate
from napari_clumps.review.storage.store import Store

from .queries.queue import QueuePlan
from .storage import log

#: Kinds of log rows that the user caused.
DECISIONS = frozenset(
    (
        "accept", "reject", "edit", "reclassify", "add", "done", "flag", "tag",
        "interest", "merge", "import", "blind", "undo", "redo",
    )
)  # fmt: skip

#: Those that say something of the galaxy, and leave its labels as they are.
_OF_THE_GALAXY = frozenset(("flag", "tag", "interest"))

#: Those that show the current cutout; the others may change many cutouts.
_ON_ONE_CUTOUT = DECISIONS - {"import", "tag", "interest"}

#: Names of orders in reviews of earlier versions.
_OLD_ORDERS = {"by hand": "custom list"}


@dataclass(frozen=True)
class SurveyOrigin:
    """The dataset of a survey that a review has cutouts of.

    Attributes
    ----------
    dataset : path
        Its folder.
    addresses : mapping of int to str
        The address in the dataset of each cutout that came from it, by the cutout's id.
    waiting : tuple of str
        Addresses of cutouts that are still to be added, in order.
    """

    dataset: Path
    addresses: Mapping[int, str] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()


class Remember(Protocol):
    """Writes values that are no decision, or nothing on a read-only review."""

    def __call__(self, **values: object) -> None:
        """Write values by their keys in the table ``meta``."""


class Notes:
    """The notes in the file of one review.

    Parameters
    ----------
    store : Store
    remember : callable
        Writes them.
    """

    def __init__(self, store: Store, remember: Remember) -> None:
        self._store = store
        self._remember = remember
        self._classes: tuple[str, ...] | None = None

    @property
    def queue_plan(self) -> QueuePlan:
        """Order and selection of the queue."""
        order, *shown = self._store.meta().get("queue_plan", ("catalogue",))
        return QueuePlan(_OLD_ORDERS.get(order, order), *shown)

    @queue_plan.setter
    def queue_plan(self, plan: QueuePlan) -> None:
        self._remember(queue_plan=[plan.order, plan.shown])

    @property
    def custom_order(self) -> tuple[int, ...]:
        """The cutouts first in the order ``custom list``."""
        return tuple(self._store.meta().get("by_hand", ()))

    @custom_order.setter
    def custom_order(self, cutout_ids: Iterable[int]) -> None:
        self._remember(by_hand=list(dict.fromkeys(cutout_ids)))

    @property
    def position(self) -> int | None:
        """The cutout that was displayed last, or decided last if that was later."""
        cutout_id, seq = self._store.meta().get("place", (None, -1))
        decided = log.newest(self._store, _ON_ONE_CUTOUT)
        return decided[1] if decided and decided[0] > seq else cutout_id

    @position.setter
    def position(self, cutout_id: int) -> None:
        self._remember(place=[cutout_id, log.last_seq(self._store)])

    @property
    def learning_curve(self) -> list[JsonObject]:
        """The trainings on the review, oldest first.

        Each is a point as `clump_detector.models.learning_curve.points_of` makes it. Of
        a model that was compared again the newest one counts.
        """
        kept = self._store.meta().get("learning_curve", ())
        newest = {(point.get("model"), point.get("galaxies")): point for point in kept}
        return [dict(point) for point in newest.values()]

    def add_trainings(self, points: Iterable[JsonObject]) -> None:
        """Add points to the learning curve; those that are there stay."""
        self._remember(learning_curve=[*self.learning_curve, *points])

    @property
    def arms(self) -> dict[int, str]:
        """By which share of an order cutouts came: ``chosen`` or at ``random``."""
        return {int(i): arm for i, arm in self._store.meta().get("arms", ())}

    def note_arm(self, cutout_id: int, arm: str) -> None:
        """Keep by which share of an order a cutout came; the first time counts."""
        arms = self.arms
        if cutout_id not in arms:
            self._remember(arms=[*map(list, arms.items()), [cutout_id, arm]])

    @property
    def confirmed(self) -> set[int]:
        """Cutouts whose labels were confirmed, and not changed since."""
        kept = {int(i): seq for i, seq in self._store.meta().get("confirmed", ())}
        return {
            i
            for i, seq in kept.items()
            if log.newest_on(self._store, i, DECISIONS - _OF_THE_GALAXY) <= seq
        }

    def confirm_labels(self, cutout_id: int) -> None:
        """Keep that a cutout's labels were looked at again and are right."""
        kept = dict(self._store.meta().get("confirmed", ()))
        kept[cutout_id] = log.last_seq(self._store)
        self._remember(confirmed=[list(pair) for pair in kept.items()])

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of boxes; the first one is given to drawn boxes."""
        # Kept: they are asked for at every key.
        if self._classes is None:
            self._classes = tuple(self._store.meta()["classes"])
        return self._classes

    @classes.setter
    def classes(self, names: Iterable[str]) -> None:
        self._remember(classes=list(names))
        self.forget_classes()

    def forget_classes(self) -> None:
        """Read the classes again: a merge has added some."""
        self._classes = None

    @property
    def model_classes(self) -> dict[str, str | None]:
        """What the user takes the classes of models for; None leaves boxes out."""
        return dict(self._store.meta().get("model_classes", {}))

    @model_classes.setter
    def model_classes(self, names: Mapping[str, str | None]) -> None:
        self._remember(model_classes=dict(names))

    @property
    def survey(self) -> SurveyOrigin | None:
        """The dataset of a survey that cutouts of the review came from."""
        kept = self._store.meta().get("survey")
        if kept is None:
            return None
        return SurveyOrigin(
            locate(kept["dataset"], self._store.path.parent),
            {int(number): address for number, address in kept["addresses"]},
            tuple(kept["waiting"]),
        )

    @survey.setter
    def survey(self, origin: SurveyOrigin) -> None:
        home = self._store.path.parent
        self._remember(
            survey={
                "dataset": keep(origin.dataset, home),
                "addresses": [list(pair) for pair in origin.addresses.items()],
                "waiting": list(origin.waiting),
            }
        )
