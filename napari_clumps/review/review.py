"""A review: its cutouts, its boxes and the decisions on them."""

from __future__ import annotations

import itertools
import secrets
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from psygnal import Signal

from clump_detector.core.errors import ReviewError
from clump_detector.core.sources import Source
from clump_detector.labels.label_set import DEFAULT_CLASSES
from napari_clumps.review.images.cutouts import Cutouts
from napari_clumps.review.images.image_files import absolute
from napari_clumps.review.storage.connection import DiskError
from napari_clumps.review.storage.fallback import MemoryFallback
from napari_clumps.review.storage.lock import WriterLock
from napari_clumps.review.storage.log import Change
from napari_clumps.review.storage.records import Box, Label, Proposal
from napari_clumps.review.storage.steps import check_each_step, run_to_end
from napari_clumps.review.storage.store import Store, box_of

from . import blind, rules
from .images import repeats
from .label_import import LabelImportResult, label_changes
from .merge import MergePlan, MergeResult
from .reader import ReviewReader
from .rules import Signature
from .storage import log

Result = TypeVar("Result")

#: How often a merge is planned again because of decisions made meanwhile.
_ATTEMPTS = 3


class Review(ReviewReader):
    """An open review file. Make one with `create` or `open`.

    Every method that changes something has written it to disk when it returns, and
    raises `ReviewError`, with nothing changed, where it cannot: on a full disk, on a
    read-only review, for a box or class that does not exist. A decision that changes
    nothing makes no step of undo.

    Parameters
    ----------
    path : path
        Absolute path of the review file.
    store : Store
        Its tables.
    lock : WriterLock or None
        None opens the review for reading only.

    Attributes
    ----------
    path : Path
    id : str
        Of the review; it does not depend on the file name.
    classes : tuple of str
        Classes of boxes.
    annotator : str or None
        Name of the reviewer, recorded with every decision.
    read_only_reason : str or None
        Why nothing can be decided, in sentences; None where decisions are possible.

    Signals
    -------
    changed(cutout id): the boxes or the state of a cutout changed, and are on disk. It
    is emitted in the thread of the caller; any thread may call.
    waiting_changed(reason): the disk refused, and decisions are kept in memory from now
    on; or, with an empty reason, all of them are on disk again.
    """

    changed = Signal(int)
    waiting_changed = Signal(str)

    def __init__(self, path: Path, store: Store, lock: WriterLock | None) -> None:
        super().__init__(path, store, lock)
        self._fallback = MemoryFallback(store)

    @classmethod
    def create(
        cls,
        path: str | Path,
        sources: Sequence[Source],
        *,
        classes: Sequence[str] = DEFAULT_CLASSES,
        held_out: float = 0.2,
        seed: int | None = None,
        annotator: str | None = None,
    ) -> Review:
        """Make a review and open it for writing.

        Parameters
        ----------
        path : path
            The file to make, usually ``*.clumps``.
        sources : sequence of Source
            Its cutouts, in the order of the queue.
        classes : sequence of str
            Classes of boxes; the first one is given to drawn boxes.
        held_out : float
            Share of the images that is held out. The content of a cutout decides
            whether it is (`images.held_out`), so that reviews of the same images hold
            out the same ones; of a few cutouts it may be none.
        seed : int, optional
            Of random choices, as in `show_again`.
        annotator : str, optional
            Name of the reviewer.

        Raises
        ------
        ReviewError
            If the file exists already, there is no cutout, or it cannot be written;
            nothing is left of it then.
        """
        path = absolute(path)
        _refuse_plan(path, sources, classes, held_out)
        with Store.making(path) as store:
            store.put_meta(
                id=str(uuid.uuid4()),
                created=log.now(),
                classes=list(classes),
                held_out=held_out,
                seed=secrets.randbits(32) if seed is None else seed,
                annotator=annotator,
            )
            cutouts = Cutouts(store, path.parent).add_changes(sources)
            log.note(store, cutouts, annotator, log.now())
        return cls.open(path)

    # -- deciding -----------------------------------------------------------

    def accept(self, box_id: int) -> None:
        """Accept a box as a clump.

        A rejected box that was changed before is ``edited`` again.
        """
        self.accept_all([box_id])

    def accept_all(self, box_ids: Iterable[int]) -> int:
        """Accept several boxes, in one step.

        Returns
        -------
        int
            Number of boxes that changed.
        """
        return self._decide_each(box_ids, rules.accept)

    def reject(self, box_id: int) -> None:
        """Reject a box. A drawn box is deleted; undo brings it back."""
        self.reject_all([box_id])

    def reject_all(self, box_ids: Iterable[int]) -> int:
        """Reject several boxes, in one step.

        Returns
        -------
        int
            Number of boxes that changed.
        """
        return self._decide_each(box_ids, rules.reject)

    def edit(self, box_id: int, corners: Sequence[float]) -> None:
        """Move a box's corners; the box is kept as a clump then.

        Parameters
        ----------
        box_id : int
        corners : sequence of float
            x1, y1, x2, y2 in pixels, in any order; they are clipped to the image.
        """
        self.edit_all({box_id: corners})

    def edit_all(self, corners: Mapping[int, Sequence[float]]) -> None:
        """Move the corners of several boxes, by their ids, in one step."""

        def moved(box: Box, signature: Signature) -> Change | None:
            fitted = rules.clip_to_cutout(corners[box.id], self.cutout(box.cutout))
            return rules.move(box, fitted, signature)

        self._decide_each(corners, moved)

    def reclassify(self, box_id: int, cls: str) -> None:
        """Give a box another class; it is kept as a clump of that class then.

        Parameters
        ----------
        box_id : int
        cls : str
        """
        self.reclassify_all([box_id], cls)

    def reclassify_all(self, box_ids: Iterable[int], cls: str) -> int:
        """Give several boxes another class, in one step.

        Parameters
        ----------
        box_ids : iterable of int
        cls : str

        Returns
        -------
        int
            Number of boxes that had another class before.
        """
        self._refuse_classes([cls])
        return self._decide_each(
            box_ids, lambda box, signature: rules.reclassify(box, cls, signature)
        )

    def add(self, cutout_id: int, corners: Sequence[float], cls: str) -> Box:
        """Draw a box and return it.

        Parameters
        ----------
        cutout_id : int
        corners : sequence of float
            x1, y1, x2, y2 in pixels; they are clipped to the image.
        cls : str
        """
        return self.add_all(cutout_id, [corners], cls)[0]

    def add_all(
        self, cutout_id: int, corners: Sequence[Sequence[float]], cls: str
    ) -> list[Box]:
        """Draw several boxes on a cutout in one step and return them.

        Parameters
        ----------
        cutout_id : int
        corners : sequence of sequences of float
            As `add` takes them.
        cls : str
        """
        self._refuse_classes([cls])

        def change(signature: Signature) -> list[Change | None]:
            cutout, first = self.cutout(cutout_id), self._store.next_box_id()
            fitted = [rules.clip_to_cutout(one, cutout) for one in corners]
            return [
                rules.draw(new, cutout_id, one, cls, signature)
                for new, one in enumerate(fitted, start=first)
            ]

        return [
            box_of(made.box, cutout_id, made.after)
            for made in self._decide(change)
            if made.box is not None and made.after is not None
        ]

    def set_done(self, cutout_id: int, done: bool) -> None:
        """Mark a cutout as done or not done: whether every clump is boxed.

        Where its image has changed but kept its size, the new image is recorded.

        Parameters
        ----------
        cutout_id : int
        done : bool
        """
        self._decide(lambda _: self._done(cutout_id, done))

    def _done(self, cutout_id: int, done: bool) -> list[Change | None]:
        change = rules.set_done(self.cutout(cutout_id), done)
        if change is None or not done:
            return [change]
        return [change, self._cutouts.seen_again(cutout_id)]

    def finish(
        self,
        cutout_id: int,
        accepted: Iterable[int] = (),
        rejected: Iterable[int] = (),
    ) -> None:
        """Accept and reject boxes and mark a cutout as done, in one step.

        Parameters
        ----------
        cutout_id : int
        accepted, rejected : iterable of int
            Ids of boxes.
        """
        yes, no = dict.fromkeys(accepted), dict.fromkeys(rejected)
        self._decide(
            lambda signature: [
                *(rules.accept(self.box(i), signature) for i in yes),
                *(rules.reject(self.box(i), signature) for i in no),
                *self._done(cutout_id, True),
            ]
        )

    def reveal(
        self, cutout_id: int, least: Callable[[Box], float] = lambda _: 0.0
    ) -> int:
        """Record that a held-out cutout was marked before boxes were shown.

        Its proposals can be decided on from then on, without those on a marked box, and
        with one where two models see the same clump. Nothing changes where `is_hidden`
        is False.

        Parameters
        ----------
        cutout_id : int
        least : callable
            Gives the minimum score of a box to be decided on; the others are removed.

        Returns
        -------
        int
            Number of boxes that wait for a decision now.
        """
        chosen: list[Box] = []

        def change(_: Signature) -> list[Change | None]:
            cutout, boxes = self.cutout(cutout_id), self.boxes(cutout_id)
            if not blind.is_hidden(cutout, boxes):
                return []
            chosen[:] = blind.boxes_to_ask(boxes, least, self.id)
            return [*blind.reveal_changes(cutout, boxes, chosen)]

        self._decide(change)
        return len(chosen)

    def flag(self, cutout_id: int, flags: Iterable[str], remark: str = "") -> None:
        """Set flags and remark of a cutout; both replace the previous ones.

        Parameters
        ----------
        cutout_id : int
        flags : iterable of str
            Some of `FLAGS`.
        remark : str
        """
        flags = list(flags)
        self._decide(lambda _: [rules.set_flags(self.cutout(cutout_id), flags, remark)])

    def show_again(self, n: int) -> int:
        """Repeat up to n done cutouts in the queue, without marking them as repeated.

        They are chosen at random, have the proposals that the model had made, and are
        in no label set. `agreement.self_consistency` compares them with the first
        time.

        Returns
        -------
        int
            Number of repeated cutouts.
        """
        seed = self._store.meta()["seed"]
        changes = list(repeats.repeat_changes(self._cutouts, self._store, n, seed))
        if changes:
            self._note(changes)
        return len({change.cutout for change in changes})

    # -- several reviewers -------------------------------------------------

    def merge(self, path: str | Path) -> MergeResult:
        """Merge another reviewer's file of the same cutouts, which is not changed.

        This is one step of undo, except for cutouts that only the other has: they are
        added first, held out where they are so there or would be here. The module
        `merge` describes the rules for boxes.

        Raises
        ------
        ReviewError
            If it is no review, or this very file, or shares no cutout with this one.
        """
        merged = run_to_end(self.merge_steps(path))
        self.emit_changed(merged.touched)
        return merged

    def merge_steps(
        self, path: str | Path, should_go_on: Callable[[], None] = lambda: None
    ) -> Generator[tuple[int, int], None, MergeResult]:
        """Do what `merge` does in any thread, yielding cutouts done and all of them.

        Nothing is written before the last step, which is one transaction. The caller
        has to call `emit_changed` afterwards, in the window's thread.

        Parameters
        ----------
        path : path
        should_go_on : callable
            Called often, also in the last step. An exception it raises ends the merge,
            and nothing has changed then.
        """
        if Path(path).resolve() == self.path.resolve():
            raise ReviewError("this is the review itself", path, "Choose another one.")
        if self.read_only_reason is not None:
            raise ReviewError(self.read_only_reason)
        with Review.open(path, read_only=True) as other:
            for _ in range(_ATTEMPTS):  # decisions may be made meanwhile
                seq = self.last_seq
                plan = MergePlan(self, other)
                steps = plan.shared(self._store.next_box_id())
                changes = yield from check_each_step(steps, should_go_on)
                with self._store.transaction():
                    if self.last_seq == seq:
                        self._take(plan, changes, should_go_on)
                        return plan.outcome(changes)
            with self._store.transaction():
                plan = MergePlan(self, other)
                changes = run_to_end(plan.shared(self._store.next_box_id()))
                self._take(plan, changes, should_go_on)
                return plan.outcome(changes)

    def _take(
        self, plan: MergePlan, changes: list[Change], should_go_on: Callable[[], None]
    ) -> None:
        """Write a merge; the changes of added cutouts are appended to the others."""
        new = self._cutouts.adopt_changes(plan.rest)
        log.note(self._store, new, self.annotator, log.now())
        changes += plan.added()
        if changes:
            log.decide(self._store, changes, self.annotator, log.now(), should_go_on)

    def emit_changed(self, touched: Iterable[int]) -> None:
        """Emit `changed` for cutouts that `merge_steps` has changed."""
        for cutout_id in dict.fromkeys(touched):
            self.changed.emit(cutout_id)

    def add_labels(
        self, labels: Mapping[int, Sequence[Label]], *, accepted: bool
    ) -> LabelImportResult:
        """Add external labels, in one step of undo; `label_import` has the rules.

        Parameters
        ----------
        labels : mapping of int to sequence of Label
            By cutout.
        accepted : bool
            Whether they count as decided by this user, or are proposals.
        """
        classes = {label.cls for found in labels.values() for label in found}
        self._refuse_classes(sorted(classes))
        found: list[
            LabelImportResult
        ] = []  # the last one counts: after a full disk it runs twice

        def changes(signature: Signature) -> list[Change | None]:
            counts = LabelImportResult()
            found.append(counts)
            whose = signature if accepted else None
            ids = itertools.count(self._store.next_box_id())
            rows: list[Change | None] = []
            for i, on_it in sorted(labels.items()):
                here = self.cutout(i), self.boxes(i)
                rows += label_changes(*here, on_it, whose, lambda: next(ids), counts)
            return rows

        self._decide(changes)
        return found[-1]

    # -- a disk that refuses ------------------------------------------------

    def wait_for_disk(self) -> None:
        """Continue in memory from now on where the disk refuses, instead of raising.

        Decisions in memory are written with the next decision that can be, or by
        `write_back`; closing before that loses them, unless `save_copy` has them.

        Raises
        ------
        ReviewError
            If the file cannot be read.
        """
        if not self.read_only:
            self._store.mirror()
            self._store.rescue = self._wait

    @property
    def waiting(self) -> bool:
        """Whether decisions wait in memory for the disk."""
        return self._fallback.used

    def write_back(self) -> bool:
        """Try to write the decisions in memory; return whether all are on disk."""
        if self.waiting:
            try:
                self._fallback.leave()
            except ReviewError:
                return False
            self.waiting_changed.emit("")
        return True

    def save_copy(self, path: str | Path) -> None:
        """Write the whole review to another file, with the decisions in memory."""
        self._fallback.save_copy(absolute(path))

    def _write(self, write: Callable[[], Result]) -> Result:
        """Write to the file, or to memory after `wait_for_disk` if the disk refuses."""
        self.write_back()
        try:
            return write()
        except DiskError as error:
            if not self._wait(error):
                raise
            return write()

    def _wait(self, error: ReviewError) -> bool:
        """Continue in memory after `wait_for_disk`; return whether that is so."""
        if not isinstance(error, DiskError) or not self._fallback.ready:
            return False
        self._fallback.enter()
        self.waiting_changed.emit(error.what)
        return True

    def _decide_each(
        self, box_ids: Iterable[int], rule: Callable[[Box, Signature], Change | None]
    ) -> int:
        """Log the changes of a rule on several boxes; return their number."""
        ids = list(dict.fromkeys(box_ids))
        return len(
            self._decide(lambda signature: [rule(self.box(i), signature) for i in ids])
        )

    def _remember(self, **values: object) -> None:
        self._write(lambda: super(Review, self)._remember(**values))

    def _decide(self, rule: Callable[[Signature], list[Change | None]]) -> list[Change]:
        """Log the changes of a rule as one step, and return them."""

        def write() -> list[Change]:
            touched: list[int] = []
            with self._writing(touched):
                signature = Signature(self.annotator, log.now())
                changes = [change for change in rule(signature) if change is not None]
                if changes:
                    log.decide(
                        self._store, changes, signature.annotator, signature.time
                    )
                    touched += [change.cutout for change in changes]
            return changes

        return self._write(write)

    @contextmanager
    def _writing(self, touched: list[int]) -> Iterator[None]:
        """Run one transaction, then emit `changed` for the cutouts it touched."""
        if self.read_only_reason is not None:
            raise ReviewError(self.read_only_reason)
        with self._store.transaction():
            yield
        for cutout_id in dict.fromkeys(touched):
            self.changed.emit(cutout_id)

    def _refuse_classes(self, classes: Iterable[str]) -> None:
        for cls in classes:
            if cls not in self.classes:
                raise ReviewError(
                    f"this review has no class {cls!r}",
                    self.path,
                    f"Its classes are {', '.join(self.classes)}.",
                )

    # -- undo ---------------------------------------------------------------

    def undo(self) -> int | None:
        """Undo the newest step; return the cutout it touched, or None."""
        return self._travel("undo")

    def redo(self) -> int | None:
        """Redo the step that was undone last; return its cutout, or None."""
        return self._travel("redo")

    def _travel(self, kind: str) -> int | None:
        def write() -> int | None:
            touched: list[int] = []
            with self._writing(touched):
                touched += log.travel(self._store, kind, self.annotator)
            return touched[0] if touched else None

        return self._write(write)

    # -- detection and images -----------------------------------------------

    def propose(
        self,
        cutout_id: int,
        proposals: Sequence[Proposal],
        model: str,
        *,
        size: tuple[int, int] | None = None,
        beside: bool = False,
    ) -> int:
        """Add the proposals of a model on a cutout. This is no step of undo.

        Undecided proposals of earlier detections are removed. Proposals on a decided
        box (IoU above 0.5), rejected ones included, are left out, so that no clump is
        decided twice, and so are those without a pixel in the image. A cutout that is
        done, or was marked before boxes were shown, is not changed.

        Parameters
        ----------
        cutout_id : int
        proposals : sequence of Proposal
        model : str
            The model's id.
        size : (int, int), optional
            Width and height of the image in pixels.
        beside : bool
            Keep the proposals of the previous model besides the new ones on a held-out
            cutout that is still to be marked: the user decides on both.

        Returns
        -------
        int
            Number of proposals that were added.
        """
        self._refuse_classes(proposal.cls for proposal in proposals)
        touched: list[int] = []
        added = 0
        with self._writing(touched):
            cutout = self.cutout(cutout_id)
            if not (cutout.done or cutout.blind):
                boxes, first = self.boxes(cutout_id), self._store.next_box_id()
                change = rules.propose(
                    cutout, boxes, proposals, model, size, first,
                    beside=beside and blind.is_hidden(cutout, boxes),
                )  # fmt: skip
                log.forget_redo(self._store, cutout_id)
                log.note(self._store, [change], None, log.now())
                added = len((change.after or {})["boxes"])
                touched.append(cutout_id)
        return added

    def note_seen(self, cutout_id: int, size: tuple[int, int]) -> None:
        """Record the fingerprints of a cutout's files, the first time they are read.

        Parameters
        ----------
        cutout_id : int
        size : (int, int)
            Width and height in pixels.
        """
        change = self._cutouts.first_seen(cutout_id, size)
        if change is not None:
            self._note([change])

    def relocate(self, folder: str | Path) -> int:
        """Look below a folder for the images that are missing, by their names.

        Returns
        -------
        int
            Number of cutouts whose images were found. One of several files of the same
            name is used only if it is clear which.
        """
        changes = list(self._cutouts.relocate_changes(absolute(folder)))
        if changes:
            self._note(changes, touched=[change.cutout for change in changes])
        return len(changes)

    def add_cutouts(self, sources: Sequence[Source]) -> int:
        """Add the cutouts whose images are not in the review yet, at the queue's end.

        Those with the content of a held-out cutout are held out, too, and of the others
        about the review's share. Nothing is added to a read-only review.

        Returns
        -------
        int
            Number of new cutouts.
        """
        new = self._cutouts.find_new(sources)
        if self.read_only or not new:
            return 0
        self._note(
            list(self._cutouts.add_changes(new))
        )  # files are read before the transaction
        return len(new)

    def _note(self, changes: Iterable[Change], touched: Iterable[int] = ()) -> None:
        """Log changes that are no decision of the user."""
        with self._writing(list(touched)):
            log.note(self._store, changes, self.annotator, log.now())


def _refuse_plan(
    path: Path, sources: Sequence[Source], classes: Sequence[str], held_out: float
) -> None:
    if path.exists():
        raise ReviewError(
            "there is a file of this name already",
            path,
            "Open it, or choose another name.",
        )
    if not sources:
        raise ReviewError("a review needs a cutout", path, "Give images or a folder.")
    if not classes or len(set(classes)) != len(classes) or not all(classes):
        raise ReviewError(
            f"these are no classes: {list(classes)}", path, "Give names that differ."
        )
    if not 0 <= held_out < 1:
        raise ReviewError(
            f"{held_out} is no share to hold out", path, "Give a number from 0 to 0.9."
        )
