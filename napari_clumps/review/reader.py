"""Read access to a review: its cutouts, boxes, counts, queue and position."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Self

from clump_detector.core.errors import ReviewError
from clump_detector.core.json_types import JsonObject
from clump_detector.fluxes.units import chosen_unit
from clump_detector.labels.classes.names import known_class
from clump_detector.labels.label_set import LabelSet
from napari_clumps.review.images.cutouts import Cutouts
from napari_clumps.review.images.image_files import absolute
from napari_clumps.review.images.summary import CutoutSummary, read_summaries
from napari_clumps.review.queries.class_counts import class_counts, taught_by_class
from napari_clumps.review.queries.counts import counts, disagreements, learning_counts
from napari_clumps.review.queries.score_filter import Least, everything
from napari_clumps.review.storage.records import Box, Counts, CutoutRecord, Decision
from napari_clumps.review.storage.review_file import ReviewFile
from napari_clumps.review.storage.snapshot import Snapshot
from napari_clumps.review.storage.steps import run_to_end

from . import blind
from .label_set import label_set_steps
from .notes import DECISIONS, Notes, SurveyOrigin
from .queries.box_index import Crops, read_crops
from .queries.facts import CutoutFacts, read_facts
from .queries.injected import InjectedClump, injected_clumps
from .queries.queue import Queue, QueuePlan, Ranking, make_queue
from .queries.statistics import ReviewStatistics, StatisticsReader
from .storage import log, replay


class ReviewReader:
    """The read access to a review; `Review` describes the attributes.

    Parameters
    ----------
    file : ReviewFile
        The open file.
    """

    def __init__(self, file: ReviewFile) -> None:
        self._file = file
        self._store = file.store
        self._snapshot = Snapshot(file.store)
        self._cutouts = Cutouts(file.store, file.path.parent)
        self._cutouts.unit = file.unit
        self._statistics = StatisticsReader(file.store)
        self._notes = Notes(file.store, self._remember)
        self.path = file.path
        self.id = file.id
        self.annotator = file.annotator
        self.read_only_reason = file.read_only_reason

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
        return cls(ReviewFile.open(absolute(path), read_only=read_only))

    def close(self) -> None:
        """Close the file and let others write to it. May be called again."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
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

    def states(self) -> list[tuple[int, bool, bool]]:
        """Return id, done and held out of each cutout, in the order of the ids.

        Galaxies with injected clumps are left out.
        """
        rows = self._store.rows(
            "SELECT id, done, held_out FROM cutouts WHERE injected IS NULL ORDER BY id"
        )
        return [(row[0], bool(row[1]), bool(row[2])) for row in rows]

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
        """Return the next cutout whose name contains a text; see `Cutouts.search`."""
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

        Anonymous proposals on held-out cutouts that are not done are left out, and with
        ``hide`` also proposals on those that are still to be marked.
        """
        return read_crops(self._store, cutout_ids, hide=hide)

    def tags(self) -> dict[str, int]:
        """Return the tags of the review, in alphabetical order, and how many have each.

        A repeated cutout does not count.
        """
        found = self._store.rows(
            "SELECT value, count(*) FROM cutouts, json_each(tags) "
            "WHERE tags != '[]' AND repeat_of IS NULL GROUP BY value"
        )
        return dict(sorted(found, key=lambda row: str(row[0]).casefold()))

    def tagged(self, tag: str) -> list[int]:
        """Return the cutouts that have a tag, in the order of their ids."""
        rows = self._store.rows(
            "SELECT DISTINCT cutouts.id FROM cutouts, json_each(tags) "
            "WHERE tags != '[]' AND value = ? AND injected IS NULL ORDER BY cutouts.id",
            (tag,),
        )
        return [row[0] for row in rows]

    def unsearched(self) -> list[int]:
        """Return the cutouts on which a model has run, but no search for artefacts."""
        rows = self._store.rows(
            "SELECT id FROM cutouts WHERE artefacts IS NULL AND model IS NOT NULL "
            "AND NOT withdrawn ORDER BY id"
        )
        return [row[0] for row in rows]

    def interests(self) -> dict[int, int]:
        """Return how interesting cutouts are, 0 to 3, where that was said."""
        return dict(
            self._store.rows(
                "SELECT id, interest FROM cutouts "
                "WHERE interest IS NOT NULL AND injected IS NULL"
            )
        )

    def summaries(self, cutout_ids: Iterable[int]) -> dict[int, CutoutSummary]:
        """Return name and state of some cutouts, without checking their files."""
        return read_summaries(self._store, cutout_ids)

    def facts(self, least: Least = everything) -> CutoutFacts:
        """Return state, clumps, score and interest of every cutout, in columns."""
        return read_facts(self._store, least)

    def counts(self) -> Counts:
        """Return the numbers of cutouts and boxes, by state."""
        return counts(self._store)

    def statistics(self, least: Least = everything) -> ReviewStatistics:
        """Return time per decision, outcomes of proposals and time left."""
        return self._statistics.read(least)

    def learning_counts(self) -> dict[str, int]:
        """Return the numbers of boxes to learn from, as `counts` names them."""
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
        """Return problems of the file, in sentences; takes seconds for a long log."""
        return replay.check(self._store)

    def check_source(self, cutout_id: int) -> str | None:
        """Return a sentence if a cutout's files moved away or changed, else None."""
        return self._cutouts.problem(cutout_id)

    def changed_image(self, cutout: CutoutRecord) -> str | None:
        """Return a sentence if a cutout's image is not the one that was labelled."""
        return self._cutouts.changed(cutout)

    def label_set(self, *, include_undone: bool = True) -> LabelSet:
        """Freeze the boxes for training; `label_set_steps` has the rules."""
        return run_to_end(label_set_steps(self, include_undone=include_undone))

    # -- queue, position and notes ------------------------------------------

    def queue(
        self,
        plan: QueuePlan | None = None,
        *,
        least: Least = everything,
        ranking: Ranking | None = None,
    ) -> Queue:
        """Return the queue as it is now, by default that of `queue_plan`.

        Proposals count from the score that ``least`` gives for their model; ``ranking``
        gives what comes first in orders that are a model's.
        """
        return make_queue(self._store, plan or self.queue_plan, least, ranking)

    @property
    def queue_plan(self) -> QueuePlan:
        """Order and selection of the queue; kept in the file."""
        return self._notes.queue_plan

    @queue_plan.setter
    def queue_plan(self, plan: QueuePlan) -> None:
        self._notes.queue_plan = plan

    @property
    def custom_order(self) -> tuple[int, ...]:
        """The cutouts first in the order ``custom list``; kept in the file."""
        return self._notes.custom_order

    @custom_order.setter
    def custom_order(self, cutout_ids: Iterable[int]) -> None:
        self._notes.custom_order = tuple(self.cutout(i).id for i in cutout_ids)

    @property
    def position(self) -> int | None:
        """The cutout that was displayed last, or decided last if that was later.

        None at the beginning; kept in the file.
        """
        return self._notes.position

    @position.setter
    def position(self, cutout_id: int) -> None:
        self._notes.position = cutout_id

    @property
    def learning_curve(self) -> list[JsonObject]:
        """The trainings on this review, oldest first; kept in the file."""
        return self._notes.learning_curve

    @property
    def arms(self) -> dict[int, str]:
        """By which share of an order cutouts came: ``chosen`` or at ``random``.

        Of cutouts that were reached in an order that a model gave; kept in the file.
        """
        return self._notes.arms

    def note_arm(self, cutout_id: int, arm: str) -> None:
        """Keep by which share of an order a cutout came; the first time counts."""
        self._notes.note_arm(cutout_id, arm)

    @property
    def confirmed(self) -> set[int]:
        """Cutouts whose labels were confirmed, and not changed since."""
        return self._notes.confirmed

    def confirm_labels(self, cutout_id: int) -> None:
        """Keep that a cutout's labels were looked at again and are right."""
        self._notes.confirm_labels(cutout_id)

    @property
    def survey(self) -> SurveyOrigin | None:
        """The dataset of a survey that cutouts came from, or None; kept in the file."""
        return self._notes.survey

    @survey.setter
    def survey(self, origin: SurveyOrigin) -> None:
        self._notes.survey = origin

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
        """Write values that are no decision; only a `ReviewWriter` does."""

    # -- classes ------------------------------------------------------------

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of boxes; the first one is given to drawn boxes."""
        return self._notes.classes

    def class_counts(self) -> Counter[str]:
        """Return the number of boxes by class, those that had it once included."""
        return class_counts(self._store)

    def taught_by_class(self) -> dict[str, int]:
        """Return the number of boxes that a model can learn from, by class."""
        return taught_by_class(self._store)

    def class_map(self, names: Iterable[str]) -> dict[str, str | None]:
        """Return what the classes of a model are called here, as far as it is known.

        Parameters
        ----------
        names : iterable of str
            Of a model.

        Returns
        -------
        dict
            The class of this review by the model's, or None where the user leaves such
            boxes out. Missing is a class of which the user has to say what it is.
        """
        chosen, classes = self._notes.model_classes, self.classes
        found: dict[str, str | None] = {}
        for name in names:
            own = known_class(name, classes)
            if own is not None:
                found[name] = own
            elif name in chosen and chosen[name] in (None, *classes):
                found[name] = chosen[name]
        return found

    # -- several reviewers -------------------------------------------------

    @property
    def reviewer(self) -> str:
        """Name of the reviewer: that of the newest decision, or else the file's."""
        return log.newest_annotator(self._store, DECISIONS) or self.path.stem

    @property
    def disagreements(self) -> int:
        """Number of unresolved disagreements: boxes on which reviewers differ."""
        return disagreements(self._store)

    def injected_clumps(self, least: Least = everything) -> list[InjectedClump]:
        """Return the injected clumps of the galaxies that are done, and who found them.

        Proposals count from the score that ``least`` gives for their model.
        """
        done = (self.cutout(i) for i in self.injected(done=True))
        return injected_clumps(((c, self.boxes(c.id)) for c in done), least)

    def injected(self, *, done: bool) -> list[int]:
        """Return the galaxies with injected clumps that are shown, done or not."""
        rows = self._store.rows(
            "SELECT id FROM cutouts "
            "WHERE injected IS NOT NULL AND NOT withdrawn AND done = ? ORDER BY id",
            (done,),
        )
        return [row[0] for row in rows]

    @property
    def withdrawn(self) -> bool:
        """Whether there are galaxies with injected clumps that are not shown."""
        sql = "SELECT count(*) FROM cutouts WHERE injected IS NOT NULL AND withdrawn"
        return bool(self._store.value(sql))

    @property
    def twice_done(self) -> list[tuple[int, int]]:
        """First and second id of the repeated cutouts that are done both times."""
        return self._cutouts.twice_done()
