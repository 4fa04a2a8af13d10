"""Read access to a review: its cutouts, boxes, counts, queue and position."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from clump_detector.core.errors import ReviewError
from clump_detector.fluxes.units import chosen_unit
from clump_detector.labels.label_set import LabelSet
from napari_clumps.review.images.cutouts import Cutouts
from napari_clumps.review.images.image_files import absolute
from napari_clumps.review.images.summary import CutoutSummary, read_summaries
from napari_clumps.review.queries.counts import counts, learning_counts
from napari_clumps.review.queries.score_filter import Least, everything
from napari_clumps.review.storage.lock import WriterLock
from napari_clumps.review.storage.records import Box, Counts, CutoutRecord, Decision
from napari_clumps.review.storage.snapshot import Snapshot
from napari_clumps.review.storage.steps import run_to_end
from napari_clumps.review.storage.store import Store

from . import blind
from .label_set import label_set_steps
from .queries.box_index import Crops, read_crops
from .queries.queue import Queue, QueuePlan, make_queue
from .queries.statistics import ReviewStatistics, StatisticsReader
from .storage import log, replay

#: Kinds of log rows that the user caused.
DECISIONS = frozenset(
    (
        "accept", "reject", "edit", "reclassify", "add", "done", "flag", "merge",
        "import", "blind", "undo", "redo",
    )
)  # fmt: skip

#: Those that show the current cutout; an import changes many cutouts.
_ON_ONE_CUTOUT = DECISIONS - {"import"}

#: Names of orders in reviews of earlier versions.
_OLD_ORDERS = {"by hand": "custom list"}


class ReviewReader:
    """The read access to a review; `Review` describes the attributes.

    Parameters
    ----------
    path : path
        Absolute path of the review file.
    store : Store
        Its tables.
    lock : WriterLock or None
        None opens the review for reading only.
    """

    def __init__(self, path: Path, store: Store, lock: WriterLock | None) -> None:
        self._store = store
        self._snapshot = Snapshot(store)
        self._lock = lock
        self._cutouts = Cutouts(store, path.parent)
        self._statistics = StatisticsReader(store)
        self.path = path
        meta = store.meta()
        self.id: str = meta["id"]
        self.classes: tuple[str, ...] = tuple(meta["classes"])
        self.annotator: str | None = meta["annotator"]
        self._cutouts.unit = meta.get("unit", "")
        self.read_only_reason: str | None = None
        if lock is None:
            self.read_only_reason = f"{path.name} was opened for reading only."
        elif lock.acquire():
            store.writable = True
        else:
            self.read_only_reason = lock.reason
        store.bring_up_to_date()

    # -- opening and closing ------------------------------------------------

    @classmethod
    def open(cls, path: str | Path, *, read_only: bool = False) -> Self:
        """Open a review; for reading only if another process has it for writing.

        Parameters
        ----------
        path : path
        read_only : bool

        Raises
        ------
        ReviewError
            If it is no review, is damaged, or was made by a newer program.
        """
        path = absolute(path)
        store = Store(path)
        try:
            return cls(path, store, None if read_only else WriterLock(path))
        except BaseException:
            store.close()
            raise

    def close(self) -> None:
        """Close the file and let others write to it. May be called again."""
        self._store.close()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def read_only(self) -> bool:
        """Whether nothing can be decided; `read_only_reason` explains it."""
        return self.read_only_reason is not None

    # -- cutouts and boxes --------------------------------------------------

    def __len__(self) -> int:
        return len(self._cutouts)

    @property
    def ids(self) -> Sequence[int]:
        """The ids of all cutouts, in the order in which they were added."""
        return range(1, len(self) + 1)

    def cutout(self, cutout_id: int) -> CutoutRecord:
        """Return a cutout's state."""
        return self._cutouts.get(cutout_id)

    def cutouts(self, *, begun: bool = False) -> Iterator[CutoutRecord]:
        """Yield the cutouts in the order of their ids, or only those begun.

        Begun is a cutout that is done or has a decided box.
        """
        return self._cutouts.all(begun=begun)

    def keys(self, cutout: CutoutRecord) -> tuple[str, ...]:
        """Return the keys that identify a cutout's galaxy.

        See `clump_detector.images.identity`. For a review of an earlier version they
        come from the files as they are now, or else as they were first seen.
        """
        return self._cutouts.keys(cutout)

    def find(self, name: str) -> CutoutRecord | None:
        """Return the first cutout of that name, or None."""
        return self._cutouts.find(name)

    def search(self, text: str, after: int = 0) -> int | None:
        """Return the next cutout whose name contains a text, or None.

        Upper and lower case are alike; the search goes round at the end.

        Parameters
        ----------
        text : str
        after : int
            Id of the cutout after which the search starts.
        """
        return self._cutouts.search(text, after)

    def boxes(self, cutout_id: int) -> list[Box]:
        """Return a cutout's boxes, decided or not, in the order of their ids."""
        return self._snapshot.boxes(cutout_id)

    def box(self, box_id: int) -> Box:
        """Return a box."""
        box = self._snapshot.box(box_id)
        if box is None:
            raise ReviewError(f"there is no box {box_id}", self.path)
        return box

    def is_hidden(self, cutout_id: int) -> bool:
        """Return whether a held-out cutout can be marked before boxes are shown."""
        return blind.is_hidden(self.cutout(cutout_id), self.boxes(cutout_id))

    def anonymous(self, cutout_id: int) -> list[Box]:
        """Return a cutout's boxes in random order, without model and score."""
        return blind.anonymous(self.boxes(cutout_id), self.id)

    def crops(
        self, cutout_ids: Iterable[int] | None = None, *, hide: bool = False
    ) -> Crops:
        """Return all boxes in columns, or those of some cutouts.

        Anonymous proposals on held-out cutouts that are not done are left out.

        Parameters
        ----------
        cutout_ids : iterable of int, optional
            By default all cutouts.
        hide : bool
            Also leave out proposals on held-out cutouts that are still to be marked.
        """
        return read_crops(self._store, cutout_ids, hide=hide)

    def summaries(self, cutout_ids: Iterable[int]) -> dict[int, CutoutSummary]:
        """Return name and state of some cutouts, without checking their files."""
        return read_summaries(self._store, cutout_ids)

    def counts(self) -> Counts:
        """Return the numbers of cutouts and boxes, by state."""
        return counts(self._store)

    def statistics(self, least: Least = everything) -> ReviewStatistics:
        """Return time per decision, outcomes of proposals and time left.

        The first call reads the whole log.

        Parameters
        ----------
        least : callable
            Gives the score from which a model's undecided proposals are counted.
        """
        return self._statistics.read(least)

    def learning_counts(self) -> dict[str, int]:
        """Return the numbers of boxes to learn from, and of held-out ones.

        Returns
        -------
        dict
            Of the cutouts that are not held out: ``cutouts`` that are done or have a
            decided box, ``done``, ``boxes``, ``rejected``, and the ``ignored``
            proposals. Of the others ``held_out``, ``held_out_done``, and the
            ``held_out_boxes`` on done ones.
        """
        return learning_counts(self._store)

    def decisions(self, cutout_id: int | None = None) -> Iterator[Decision]:
        """Yield the decisions, undo and redo included, oldest first."""
        for row in log.read_log(self._store, cutout_id):
            if row.kind in DECISIONS:
                yield row.decision

    @property
    def last_seq(self) -> int:
        """The sequence number of the newest row of the log."""
        return log.last_seq(self._store)

    def check(self) -> list[str]:
        """Return problems of the file, in sentences; empty if there are none.

        Reads the whole log, so it takes seconds on a large review.
        """
        return replay.check(self._store)

    def check_source(self, cutout_id: int) -> str | None:
        """Return a sentence if a cutout's files moved away or changed, else None."""
        return self._cutouts.problem(cutout_id)

    def changed_image(self, cutout: CutoutRecord) -> str | None:
        """Return a sentence if a cutout's image is not the one that was labelled."""
        return self._cutouts.changed(cutout)

    def label_set(self, *, include_undone: bool = True) -> LabelSet:
        """Freeze the boxes for training, testing and other programs.

        Done cutouts are complete: their undecided proposals are background. On the
        others, unless left out, undecided proposals are ignored and decided boxes
        count. Rejected boxes are listed apart. Cutouts without a decision are left out,
        and so are those whose image has changed since; ``left_out`` of the label
        set's `info` lists these.
        """
        return run_to_end(self.label_set_steps(include_undone=include_undone))

    def label_set_steps(
        self, *, include_undone: bool = True
    ) -> Generator[tuple[int, int], None, LabelSet]:
        """Do what `label_set` does, yielding cutouts done and all of them."""
        return label_set_steps(self, include_undone=include_undone)

    # -- queue, position and notes ------------------------------------------

    def queue(
        self, plan: QueuePlan | None = None, *, least: Least = everything
    ) -> Queue:
        """Return the queue as it is now.

        Parameters
        ----------
        plan : QueuePlan, optional
            Which cutouts, in which order; by default `queue_plan`.
        least : callable
            Gives the score from which a model's proposals are counted.
        """
        return make_queue(self._store, plan or self.queue_plan, least)

    @property
    def queue_plan(self) -> QueuePlan:
        """Order and selection of the queue; kept in the file."""
        order, *shown = self._store.meta().get("queue_plan", ("catalogue",))
        return QueuePlan(_OLD_ORDERS.get(order, order), *shown)

    @queue_plan.setter
    def queue_plan(self, plan: QueuePlan) -> None:
        self._remember(queue_plan=[plan.order, plan.shown])

    @property
    def custom_order(self) -> tuple[int, ...]:
        """The cutouts first in the order ``custom list``; kept in the file."""
        return tuple(self._store.meta().get("by_hand", ()))

    @custom_order.setter
    def custom_order(self, cutout_ids: Iterable[int]) -> None:
        ids = list(dict.fromkeys(self.cutout(i).id for i in cutout_ids))
        self._remember(by_hand=ids)

    @property
    def position(self) -> int | None:
        """The cutout that was displayed last, or decided last if that was later.

        None at the beginning; kept in the file.
        """
        cutout_id, seq = self._store.meta().get("place", (None, -1))
        decided = log.newest(self._store, _ON_ONE_CUTOUT)
        return decided[1] if decided and decided[0] > seq else cutout_id

    @position.setter
    def position(self, cutout_id: int) -> None:
        self._remember(place=[cutout_id, self.last_seq])

    @property
    def learning_curve(self) -> list[dict[str, Any]]:
        """The trainings on this review, oldest first; kept in the file.

        Each is a point as `clump_detector.models.learning_curve.points_of` makes it. Of
        a model that was compared again the newest one counts.
        """
        kept = self._store.meta().get("learning_curve", ())
        newest = {(point.get("model"), point.get("galaxies")): point for point in kept}
        return [dict(point) for point in newest.values()]

    def note_training(self, *points: dict[str, Any]) -> None:
        """Add points to the learning curve; those that are there stay.

        Raises
        ------
        ReviewError
            If the file cannot be written to.
        """
        if self.read_only:
            raise ReviewError(
                "the learning curve gets no point: the review is open for reading only",
                self.path,
                self.read_only_reason,
            )
        self._remember(learning_curve=[*self.learning_curve, *points])

    @property
    def unit(self) -> str:
        """Unit of fluxes whose header names none, set by the user; kept in the file.

        As `clump_detector.fluxes.units.chosen_unit` takes it, or an empty text.
        """
        return self._cutouts.unit

    @unit.setter
    def unit(self, words: str) -> None:
        if words:
            chosen_unit(words)
        self._cutouts.unit = words
        self._remember(unit=words)

    def _remember(self, **values: object) -> None:
        """Write values that are no decision, unless the review is read-only."""
        if not self.read_only:
            with self._store.transaction():
                self._store.put_meta(**values)

    # -- several reviewers -------------------------------------------------

    @property
    def reviewer(self) -> str:
        """Name of the reviewer: that of the newest decision, or else the file's."""
        newest = log.newest(self._store, DECISIONS)
        name = None
        if newest is not None:
            sql = "SELECT annotator FROM log WHERE seq = ?"
            name = self._store.value(sql, newest[:1])
        return str(name or self.path.stem)

    @property
    def disagreements(self) -> int:
        """Number of unresolved disagreements: boxes on which reviewers differ."""
        sql = (
            "SELECT count(*) FROM boxes "
            "WHERE status = 'proposal' AND opinions IS NOT NULL"
        )
        return int(self._store.value(sql))

    @property
    def twice_done(self) -> list[tuple[int, int]]:
        """First and second id of the repeated cutouts that are done both times."""
        return self._cutouts.twice_done()

    # -- undo ---------------------------------------------------------------

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to undo."""
        return not self.read_only and log.next_step(self._store, "undo") is not None

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to redo."""
        return not self.read_only and log.next_step(self._store, "redo") is not None
