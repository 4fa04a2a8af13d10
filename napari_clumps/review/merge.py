"""Merging another reviewer's file: common decisions stay, differences are resolved.

A box on which the two differ waits for a decision again, with both opinions kept on it,
and its cutout is not done until that is resolved. Nothing is lost: the opinions of a
box keep the decision of either reviewer, with name and time.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

from clump_detector.core.errors import ReviewError
from clump_detector.core.text import plural
from clump_detector.labels.classes.names import known_class
from napari_clumps.review.images.cutouts import Cutouts
from napari_clumps.review.storage import log
from napari_clumps.review.storage.records import (
    FLAGS,
    Box,
    Change,
    CutoutRecord,
    LogValues,
    Opinion,
    Status,
)
from napari_clumps.review.storage.snapshot import Snapshot, box_values
from napari_clumps.review.storage.steps import Step, check_each_step, run_to_end
from napari_clumps.review.storage.store import Store

from .comparison.matching import pair_boxes, pair_cutouts
from .rules import status_of_kept, tidy_tags

if TYPE_CHECKING:
    from .reader import ReviewReader

#: How often a merge is planned again because of decisions made meanwhile.
_ATTEMPTS = 3


@dataclass(frozen=True)
class MergeResult:
    """The outcome of a merge.

    Attributes
    ----------
    cutouts : int
        Cutouts that both reviews have.
    added : int
        Cutouts that only the other review had, and that were added.
    boxes : int
        Decided boxes that were adopted from the other review.
    disagreements : int
        Boxes on which reviewers disagree.
    skipped : tuple of str
        Names of the cutouts whose image has another size there.
    touched : tuple of int
        Ids of the changed cutouts of the review.
    classes : tuple of str
        Classes that were added to the review, since the other had them.
    """

    cutouts: int
    added: int
    boxes: int
    disagreements: int
    skipped: tuple[str, ...] = ()
    touched: tuple[int, ...] = ()
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Side:
    """One reviewer's view of a cutout."""

    name: str
    cutout: CutoutRecord
    boxes: Sequence[Box]

    @property
    def spoken(self) -> list[Box]:
        """The boxes with a decision or an opinion."""
        return [box for box in self.boxes if box.decided or box.opinions]

    @property
    def begun(self) -> bool:
        """Whether the reviewer has decided anything here."""
        return self.cutout.done or self.cutout.blind or bool(self.spoken)

    def opinion(self, box: Box) -> tuple[Opinion, ...]:
        """Return the opinions on a box: those it has, and the reviewer's own."""
        if not box.decided:
            return (*box.opinions, *self.silent(box))
        own = Opinion(
            box.annotator or self.name, box.time, box.status, *box.corners, box.cls
        )
        return tuple(dict.fromkeys((*box.opinions, own)))

    def silent(self, box: Box) -> tuple[Opinion, ...]:
        """Return the opinion that a box is missing, if the reviewer is done."""
        if not self.cutout.done:
            return ()
        return (Opinion(self.name, None, Status.REJECTED, *box.corners, box.cls),)


def merge_changes(
    ours: Side, theirs: Side, next_id: Callable[[], int]
) -> Iterator[Change]:
    """Yield the changes of a cutout when another reviewer's boxes are merged.

    Parameters
    ----------
    ours, theirs : Side
    next_id : callable
        Gives the ids of new boxes.
    """
    # Where no model has run here, the proposals of the other file are added, too.
    others = theirs.boxes if ours.cutout.model is None else theirs.spoken
    paired = pair_boxes(ours.boxes, others)
    partner = {box.id: other for box, other in paired}
    waiting = False
    for box in ours.boxes:
        after = _settled(ours, theirs, box, partner.get(box.id))
        waiting |= bool(after.opinions) and not after.decided
        if after != box:
            before = box_values(box)
            cutout = ours.cutout.id
            yield Change("merge", cutout, box.id, before, box_values(after))
    met = {other.id for _, other in paired}
    for other in others:
        if other.id not in met:
            new = _taken_over(ours, theirs, other, next_id())
            waiting |= bool(new.opinions) and not new.decided
            yield Change("merge", ours.cutout.id, new.id, None, box_values(new))
    yield from _state(ours, theirs, waiting)


def _settled(ours: Side, theirs: Side, box: Box, other: Box | None) -> Box:
    """Return one of our boxes as it is after the merge."""
    if other is None:
        opinions = theirs.silent(box) if box.decided else ()
        kept, cls, unsettled = False, box.cls, False
    else:
        opinions = theirs.opinion(other) if other.decided or other.opinions else ()
        kept, cls, unsettled = other.kept, other.cls, not other.decided
    own = ours.opinion(box)
    if set(opinions) <= set(own):  # nothing new: no opinion, a copy, or merged before
        return box
    after = replace(box, opinions=tuple(dict.fromkeys((*own, *opinions))))
    if box.decided:
        alike = box.kept == kept and (not kept or box.cls == cls)
        return after if alike and not unsettled else _waiting(after)
    if other is None or unsettled or box.opinions or (ours.cutout.done and kept):
        return _waiting(after)
    return _decided_as(after, other)


def _decided_as(box: Box, other: Box) -> Box:
    """Return a proposal with the other reviewer's decision on it."""
    x1, y1, x2, y2 = other.corners
    taken = replace(
        box, x1=x1, y1=y1, x2=x2, y2=y2, cls=other.cls, status=other.status,
        annotator=other.annotator, time=other.time,
    )  # fmt: skip
    return replace(taken, status=status_of_kept(taken)) if other.kept else taken


def _taken_over(ours: Side, theirs: Side, other: Box, box_id: int) -> Box:
    """Return a box of the other reviewer that we do not have."""
    new = replace(other, id=box_id, cutout=ours.cutout.id)
    if not other.decided:  # a proposal, or waiting there already
        return new
    if other.kept and ours.cutout.done:
        opinions = (*ours.silent(other), *theirs.opinion(other))
        return _waiting(replace(new, opinions=opinions))
    return replace(new, opinions=theirs.opinion(other))


def _waiting(box: Box) -> Box:
    return replace(box, status=Status.PROPOSAL, annotator=None, time=None)


def _state(ours: Side, theirs: Side, waiting: bool) -> Iterator[Change]:
    """Yield the change of the cutout's own state."""
    own, other = ours.cutout, theirs.cutout
    remarks = dict.fromkeys(filter(None, (own.remark, other.remark)))
    before: LogValues = {
        "done": own.done,
        "flags": list(own.flags),
        "remark": own.remark,
        "blind": own.blind,
        "tags": list(own.tags),
        "interest": own.interest,
        "verdicts": dict(own.verdicts),
    }
    begun = [side.cutout.blind for side in (ours, theirs) if side.begun]
    after: LogValues = {
        "done": (own.done or other.done) and not waiting,
        "flags": [f for f in FLAGS if f in {*own.flags, *other.flags}],
        "remark": "; ".join(remarks),
        "tags": tidy_tags([*own.tags, *other.tags]),
        # What interests one reviewer is worth a look of both.
        "interest": max(
            (i for i in (own.interest, other.interest) if i is not None), default=None
        ),
        # Their verdicts on artefacts count where we have none.
        "verdicts": {**other.verdicts, **own.verdicts},
    }
    if own.artefacts is None and other.artefacts is not None:
        before["artefacts"] = None
        after["artefacts"] = [one.to_json() for one in other.artefacts]
    # A cutout is blind only if every side that has begun marked it blindly.
    both = own.held_out and bool(begun) and all(begun)
    after["blind"] = both and (own.blind or after["done"])
    if own.model is None and other.model is not None:
        for name in ("model", "width", "height"):
            before[name], after[name] = getattr(own, name), getattr(other, name)
    if before != after:
        yield Change("merge", own.id, None, before, after)


class MergePlan:
    """Plans the merge of one review into another.

    Parameters
    ----------
    ours, other : ReviewReader

    Attributes
    ----------
    rest : list of CutoutRecord
        Cutouts that only the other has; they have to be added in this order.

    Raises
    ------
    ReviewError
        If they share no cutout.
    """

    def __init__(self, ours: ReviewReader, other: ReviewReader) -> None:
        self._ours, self._other = ours, other
        self._pairs, self.rest = pair_cutouts(ours, other)
        self._n = len(ours)
        self._skipped: list[str] = []
        self._as_ours = {c: known_class(c, ours.classes) or c for c in other.classes}
        if not self._pairs:
            raise ReviewError(
                "this review has none of the cutouts of the open one",
                other.path,
                "Two reviews can be merged that were made of the same images.",
            )

    def shared(self, first_box: int) -> Generator[Step, None, list[Change]]:
        """Return the changes of cutouts that both reviews have; yields progress.

        New boxes are numbered from ``first_box``.
        """
        self._ids = count(first_box)
        self._names = self._ours.reviewer, self._other.reviewer
        changes: list[Change] = []
        for number, (mine, yours) in enumerate(self._pairs, start=1):
            changes += self._changes_of(mine, yours)
            yield number, len(self._pairs)
        return changes

    def added(self) -> Iterator[Change]:
        """Yield the changes of the cutouts of `rest`, once these were added."""
        for number, yours in enumerate(self.rest, start=1):
            yield from self._changes_of(self._ours.cutout(self._n + number), yours)

    def _changes_of(self, mine: CutoutRecord, yours: CutoutRecord) -> Iterator[Change]:
        if mine.size and yours.size and mine.size != yours.size:
            self._skipped.append(yours.name)
            return
        ours = Side(self._names[0], mine, self._ours.boxes(mine.id))
        boxes = [self._named_as_ours(box) for box in self._other.boxes(yours.id)]
        theirs = Side(self._names[1], yours, boxes)
        yield from merge_changes(ours, theirs, lambda: next(self._ids))

    @property
    def new_classes(self) -> tuple[str, ...]:
        """The classes that only the other review has."""
        return tuple(c for c in self._as_ours.values() if c not in self._ours.classes)

    def _named_as_ours(self, box: Box) -> Box:
        """Return a box of the other review, its classes called as ours."""

        def ours(cls: str) -> str:
            return self._as_ours.get(cls, cls)

        before = box.proposed
        return replace(
            box,
            cls=ours(box.cls),
            proposed=before and (*before[:4], ours(before[4])),
            opinions=tuple(replace(o, cls=ours(o.cls)) for o in box.opinions),
        )

    def outcome(self, changes: Sequence[Change]) -> MergeResult:
        """Return the outcome of the changes."""
        taken = waiting = 0
        for change in changes:
            if change.box is None or change.after is None:
                continue
            if change.after["status"] != Status.PROPOSAL:
                before = change.before or {"status": Status.PROPOSAL}
                taken += before["status"] == Status.PROPOSAL
            elif change.after.get("opinions"):
                waiting += 1
        n_shared = len(self._pairs) - len(self._skipped)
        touched = tuple(dict.fromkeys(change.cutout for change in changes))
        return MergeResult(
            n_shared, len(self.rest), taken, waiting, tuple(self._skipped), touched,
            self.new_classes,
        )  # fmt: skip


def merge_in_words(merged: MergeResult) -> str:
    """Return the outcome of a merge in a sentence or two."""
    text = (
        f"{merged.cutouts} cutouts in both, {merged.added} added, {merged.boxes} "
        "decisions adopted."
    )
    if merged.classes:
        text += f" Classes added: {', '.join(merged.classes)}."
    if not merged.disagreements:
        return text + " No disagreements."
    n = merged.disagreements
    return text + f" {plural(n, 'unresolved disagreement')}."


def merge_steps(
    ours: ReviewReader,
    other: ReviewReader,
    store: Store,
    cutouts: Cutouts,
    should_go_on: Callable[[], None],
) -> Generator[Step, None, MergeResult]:
    """Merge another review into one; `Review.merge_steps` describes it.

    Parameters
    ----------
    ours, other : ReviewReader
    store : Store
        Of our review.
    cutouts : Cutouts
        Of our review.
    should_go_on : callable
        Called often. An exception it raises ends the merge.
    """

    def write(plan: MergePlan, changes: list[Change]) -> MergeResult:
        new = cutouts.adopt_changes(plan.rest)
        log.note(store, new, ours.annotator, log.now())
        changes += plan.added()
        if plan.new_classes:
            store.put_meta(classes=[*ours.classes, *plan.new_classes])
        if changes:
            log.decide(store, changes, ours.annotator, log.now(), should_go_on)
        return plan.outcome(changes)

    for _ in range(_ATTEMPTS):  # decisions may be made meanwhile
        seq = ours.last_seq
        plan = MergePlan(ours, other)
        changes = yield from check_each_step(
            plan.shared(Snapshot(store).next_box_id()), should_go_on
        )
        with store.transaction():
            if ours.last_seq == seq:
                return write(plan, changes)
    with store.transaction():
        plan = MergePlan(ours, other)
        return write(plan, run_to_end(plan.shared(Snapshot(store).next_box_id())))
