"""The order in which the user goes through the cutouts of a review."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from clump_detector.core.errors import ReviewError
from napari_clumps.review.images.injections import injected_among
from napari_clumps.review.queries.score_filter import (
    STRONG,
    Least,
    everything,
    parameters,
)
from napari_clumps.review.storage.store import Store

#: Orders of the queue, and what comes first.
ORDERS = {
    "catalogue": "as the cutouts were added",
    "random": "at random, the same each time",
    "highest score": "highest score first",
    "least certain": "a proposal nearest to a score of 0.5 first",
    "most proposals": "the most undecided proposals first",
    "custom list": "those of your list first",
    "most interesting": "those of the highest interest to you first",
    "most informative": "those from whose labels the model would learn most",
    "diverse": "those that look unlike what is labelled",
    "informative and diverse": "of the most informative those that differ",
    "check again": "done cutouts with a label that the model doubts",
}

#: Orders that come from what a model says of the cutouts, and what they fall back to
#: where it has said nothing yet.
RANKED = {
    "most informative": "least certain",
    "diverse": "least certain",
    "informative and diverse": "least certain",
    "check again": "",
}

#: Gives the cutouts that come first in an order of `RANKED`.
Ranking = Callable[[str], Sequence[int]]

#: Which cutouts are in the queue.
SHOWN = {
    "all": "every cutout",
    "not done": "cutouts that are not done",
    "flagged": "cutouts with a flag or a remark",
    "artefacts": "cutouts with artefacts that the program found",
    "tagged": "cutouts with a tag",
    "disagreements": "cutouts on which reviewers disagree",
    "held out": "cutouts that are held out",
    "injected": "done galaxies with injected clumps, which are marked",
}

#: A repeated cutout comes at least this many cutouts later.
APART = 20

_PAGE = 500

_FIRST = {
    "catalogue": "SELECT id FROM cutouts AS c WHERE {shown} ORDER BY id",
    "most interesting": (
        "SELECT id FROM cutouts AS c WHERE {shown} "
        "ORDER BY interest DESC NULLS LAST, id"
    ),
    "highest score": (
        "SELECT id FROM cutouts AS c LEFT JOIN (SELECT cutout, max(score) AS best "
        "FROM boxes WHERE status = 'proposal' GROUP BY cutout) ON cutout = id "
        "WHERE {shown} ORDER BY best DESC NULLS LAST, id"
    ),
    "least certain": (
        "SELECT id FROM cutouts AS c LEFT JOIN (SELECT cutout, "
        "min(abs(score - 0.5)) AS doubt FROM boxes WHERE status = 'proposal' "
        "GROUP BY cutout) ON cutout = id "
        "WHERE {shown} ORDER BY doubt ASC NULLS LAST, id"
    ),
    "most proposals": (
        "SELECT id FROM cutouts AS c LEFT JOIN (SELECT cutout, count(*) AS n "
        "FROM boxes WHERE status = 'proposal' AND " + STRONG + " "
        "GROUP BY cutout) ON cutout = id WHERE {shown} ORDER BY n DESC NULLS LAST, id"
    ),
}

_SHOWN = {
    "all": "1",
    "not done": "done = 0",
    "held out": "held_out = 1",
    "flagged": "(flags != '[]' OR remark != '')",
    "artefacts": (
        "EXISTS (SELECT 1 FROM json_each(coalesce(artefacts, '[]')) AS one "
        "WHERE coalesce(json_extract(verdicts, '$.' || "
        "json_extract(one.value, '$[0]')), 1))"
    ),
    "tagged": "tags != '[]'",
    "injected": "(injected IS NOT NULL AND done = 1 AND NOT withdrawn)",
    "disagreements": (
        "id IN (SELECT b.cutout FROM boxes AS b WHERE b.status = 'proposal' "
        "AND b.opinions IS NOT NULL)"
    ),
}


@dataclass(frozen=True)
class QueuePlan:
    """Order of the queue, one of `ORDERS`, and selection, one of `SHOWN`."""

    order: str = "catalogue"
    shown: str = "all"

    def __post_init__(self) -> None:
        if self.order not in ORDERS or self.shown not in SHOWN:
            raise ReviewError(
                f"there is no queue of {self.shown!r} in the order {self.order!r}",
                remedy=f"Orders are {', '.join(ORDERS)}; shown are {', '.join(SHOWN)}.",
            )


class Queue:
    """An ordered list of cutouts, fixed when it was made.

    Parameters
    ----------
    store : Store
    ids : sequence of int
        Of the cutouts, each once.
    note : str
        What users should know of the order, in a sentence; may be empty.
    """

    def __init__(self, store: Store, ids: Sequence[int], note: str = "") -> None:
        self._store = store
        self.ids, self.note = ids, note

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def _positions(self) -> dict[int, int]:
        return {cutout_id: index for index, cutout_id in enumerate(self.ids)}

    def position(self, cutout_id: int) -> int | None:
        """Return a cutout's position, from 0, or None if it is not in the queue."""
        return self._positions.get(cutout_id)

    def neighbour(self, cutout_id: int, step: int) -> int | None:
        """Return the cutout some positions further on, or None beyond either end.

        From a cutout that is not in the queue the first one comes next.

        Parameters
        ----------
        cutout_id : int
        step : int
            Positions forward, or backward if negative.
        """
        index = self.position(cutout_id)
        following = 0 if index is None else index + step
        return self.ids[following] if 0 <= following < len(self) else None

    def next_undone(self, cutout_id: int | None = None) -> int | None:
        """Return the next cutout that is not done, going round at the end.

        None if all are done.
        """
        index = None if cutout_id is None else self.position(cutout_id)
        start = 0 if index is None else index + 1
        return self._undone(start, len(self)) or self._undone(0, start)

    def _undone(self, start: int, stop: int) -> int | None:
        """Return the first cutout between two positions that is not done, or None."""
        for first in range(start, stop, _PAGE):
            page = self.ids[first : min(first + _PAGE, stop)]
            marks = ", ".join(map(str, page))
            rows = self._store.rows(
                f"SELECT id FROM cutouts WHERE done = 0 AND id IN ({marks})"
            )
            undone = {row[0] for row in rows}
            for cutout_id in page:
                if cutout_id in undone:
                    return cutout_id
        return None


def make_queue(
    store: Store,
    plan: QueuePlan,
    least: Least = everything,
    ranking: Ranking | None = None,
) -> Queue:
    """Return the queue of a plan.

    Parameters
    ----------
    store : Store
    plan : QueuePlan
    least : callable
        Gives the score from which a model's proposals are counted.
    ranking : callable, optional
        Gives the cutouts that come first in an order of `RANKED`.
    """
    if plan.order in RANKED and plan.shown not in ("held out", "injected"):
        return _ranked(store, plan, least, ranking)
    ids = _first_order(store, plan, least)
    if plan.order == "random":
        random.Random(f"{store.meta()['seed']} queue").shuffle(ids)
    elif plan.order == "custom list":
        there = set(ids)
        chosen = [i for i in store.meta().get("by_hand", ()) if i in there]
        ids = [*chosen, *sorted(there - set(chosen))]
    elif plan.order == "catalogue":
        ids = _repeats_among(store, ids)
    return Queue(store, injected_among(store, ids))


def _ranked(
    store: Store, plan: QueuePlan, least: Least, ranking: Ranking | None
) -> Queue:
    """Return a queue in an order that a model gives, never with held-out cutouts."""
    again = plan.order == "check again"
    shown = "all" if again else plan.shown  # what is checked again is done
    rows = store.rows(
        "SELECT id FROM cutouts AS c "
        f"WHERE held_out = 0 AND {_SHOWN[shown]} ORDER BY id"
    )
    there = [row[0] for row in rows]
    known = set(there)
    first = [i for i in (ranking(plan.order) if ranking else ()) if i in known]
    if again:
        note = "" if first else "No label is in doubt, as far as the model has seen."
        return Queue(store, first, note)
    undone = {row[0] for row in store.rows("SELECT id FROM cutouts WHERE done = 0")}
    if not undone & known:
        note = "Nothing is left to choose from: all is done."
        return Queue(store, injected_among(store, there), note)
    if not first:
        fallback = RANKED[plan.order]
        queue = make_queue(store, QueuePlan(fallback, plan.shown), least)
        note = f"No cutout is described yet: the order is “{fallback}” until then."
        return Queue(store, [i for i in queue.ids if i in known], note)
    apart = set(first)
    rest = (i for i in there if i not in apart)
    return Queue(store, injected_among(store, [*first, *rest]))


def _first_order(store: Store, plan: QueuePlan, least: Least) -> list[int]:
    if plan.shown == "all" and plan.order not in _FIRST.keys() - {"catalogue"}:
        return list(range(1, int(store.value("SELECT max(id) FROM cutouts") or 0) + 1))
    sql = _FIRST.get(plan.order, _FIRST["catalogue"])
    values = parameters(store, least) if ":least" in sql else {}
    rows = store.rows(sql.format(shown=_SHOWN[plan.shown]), values)
    return [row[0] for row in rows]


def _repeats_among(store: Store, ids: list[int]) -> list[int]:
    """Put repeated cutouts among those that follow the first time."""
    # The tally is faster than a search through 100,000 cutouts.
    if not store.value("SELECT sum(cutouts) FROM tally WHERE repeated = 1"):
        return ids
    first: dict[int, int] = dict(
        store.rows(
            "SELECT id, repeat_of FROM cutouts "
            "WHERE repeat_of IS NOT NULL AND injected IS NULL"
        )
    )
    last = max((i for i in ids if i not in first), default=0)
    seed = store.meta()["seed"]

    def order(cutout_id: int) -> float:
        if cutout_id not in first:
            return cutout_id
        chance = random.Random(f"{seed} {cutout_id}")
        earliest = first[cutout_id] + APART
        return chance.uniform(earliest, max(last, earliest)) + 0.5

    return sorted(ids, key=order)
