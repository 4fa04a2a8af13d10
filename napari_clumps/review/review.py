"""A review: its cutouts, its boxes and the decisions on them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from pathlib import Path

from clump_detector.core.errors import ReviewError
from clump_detector.image_files.sources import Source
from clump_detector.labels.classes.names import DEFAULT_CLASSES
from napari_clumps.review.images.image_files import absolute
from napari_clumps.review.storage.records import Box, Change
from napari_clumps.review.storage.snapshot import box_of
from napari_clumps.review.storage.steps import run_to_end

from . import blind, rules
from .creation import create_file
from .merge import MergeResult, merge_steps
from .reader import ReviewReader
from .rules import Signature
from .writer import ReviewWriter


class Review(ReviewWriter):
    """An open review file. Make one with `create` or `open`.

    Every method has written its changes to disk when it returns, and raises
    `ReviewError`, with nothing changed, where it cannot: on a full disk, on a read-only
    review, for an unknown box or class. Without a change there is no step of undo.

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
    changed(cutout id): a cutout changed, and that is on disk; in the caller's thread.
    waiting_changed(reason): the disk refused, and decisions are kept in memory from now
    on; or, with an empty reason, all of them are on disk again.
    """

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
            Share of the images that is held out, chosen by their content, so that it
            is the same in all reviews; of a few cutouts it may be none.
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
        create_file(path, sources, classes, held_out, seed, annotator)
        return cls.open(path)

    # -- deciding -----------------------------------------------------------

    def accept(self, box_id: int) -> None:
        """Accept a box; a rejected one that was changed before is ``edited`` again."""
        self.accept_all([box_id])

    def accept_all(self, box_ids: Iterable[int]) -> int:
        """Accept several boxes, in one step; return the number that changed."""
        return self._decide_each(box_ids, rules.accept)

    def reject(self, box_id: int) -> None:
        """Reject a box. A drawn box is deleted; undo brings it back."""
        self.reject_all([box_id])

    def reject_all(self, box_ids: Iterable[int]) -> int:
        """Reject several boxes, in one step; return the number that changed."""
        return self._decide_each(box_ids, rules.reject)

    def edit(self, box_id: int, corners: Sequence[float]) -> None:
        """Move a box's corners; the box is kept as a clump then.

        Corners are two opposite ones, x and y in pixels; they are clipped to the image.
        """
        self.edit_all({box_id: corners})

    def edit_all(self, corners: Mapping[int, Sequence[float]]) -> None:
        """Move the corners of several boxes, by their ids, in one step."""

        def moved(box: Box, signature: Signature) -> Change | None:
            fitted = rules.clip_to_cutout(corners[box.id], self.cutout(box.cutout))
            return rules.move(box, fitted, signature)

        self._decide_each(corners, moved)

    def reclassify(self, box_id: int, cls: str) -> None:
        """Give a box another class; it is kept as a clump of that class then."""
        self.reclassify_all([box_id], cls)

    def reclassify_all(self, box_ids: Iterable[int], cls: str) -> int:
        """Give several boxes another class, in one step; return how many changed."""
        self._refuse_classes([cls])
        return self._decide_each(
            box_ids, lambda box, signature: rules.reclassify(box, cls, signature)
        )

    def add(self, cutout_id: int, corners: Sequence[float], cls: str) -> Box:
        """Draw a box and return it; corners are as in `edit`."""
        return self.add_all(cutout_id, [corners], cls)[0]

    def add_all(
        self, cutout_id: int, corners: Sequence[Sequence[float]], cls: str
    ) -> list[Box]:
        """Draw several boxes on a cutout in one step and return them."""
        self._refuse_classes([cls])

        def change(signature: Signature) -> list[Change]:
            first = self._snapshot.next_box_id()
            return rules.draw_all(
                self.cutout(cutout_id), corners, cls, first, signature
            )

        return [
            box_of(made.box, cutout_id, made.after)
            for made in self._decide(change)
            if made.box is not None and made.after is not None
        ]

    def set_done(self, cutout_id: int, done: bool) -> None:
        """Mark a cutout as done or not done: whether every clump is boxed.

        Where its image has changed but kept its size, the new image is recorded.
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
        """Accept and reject boxes and mark a cutout as done, in one step."""
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

        Flags are some of `FLAGS`.
        """
        flags = list(flags)
        self._decide(lambda _: [rules.set_flags(self.cutout(cutout_id), flags, remark)])

    def add_flag(self, cutout_ids: Iterable[int], flag: str) -> int:
        """Add a flag to several cutouts, in one step; return how many had it not."""
        ids = list(dict.fromkeys(cutout_ids))

        def changes(_: Signature) -> list[Change | None]:
            cutouts = [self.cutout(i) for i in ids]
            return [rules.set_flags(c, {*c.flags, flag}, c.remark) for c in cutouts]

        return len(self._decide(changes))

    def judge_artefact(self, cutout_id: int, kind: str, verdict: bool | None) -> None:
        """Take (True) or refuse (False) the artefacts of a kind found on a cutout.

        None takes the verdict back. Until there is one, the artefacts stand.
        """
        self._decide(
            lambda _: [rules.judge_artefact(self.cutout(cutout_id), kind, verdict)]
        )

    def set_tags(self, cutout_id: int, tags: Iterable[str]) -> None:
        """Set the tags of a cutout; they replace the previous ones.

        A tag is a word or a few, without comma or semicolon. One that differs from a
        tag of the review only in upper and lower case is spelled as that.
        """
        tidy = rules.tidy_tags(tags, self.tags())
        self._decide(lambda _: [rules.set_tags(self.cutout(cutout_id), tidy)])

    def add_tag(self, cutout_ids: Iterable[int], tag: str) -> int:
        """Add a tag to several cutouts, in one step; return how many had it not."""
        ids, known = list(dict.fromkeys(cutout_ids)), self.tags()

        def changes(_: Signature) -> list[Change | None]:
            cutouts = [self.cutout(i) for i in ids]
            return [
                rules.set_tags(c, rules.tidy_tags([*c.tags, tag], known))
                for c in cutouts
            ]

        return len(self._decide(changes))

    def set_interest(self, cutout_ids: Iterable[int], interest: int | None) -> int:
        """Say how interesting cutouts are, 0 to 3, in one step; None takes it back.

        Returns
        -------
        int
            How many changed.
        """
        ids = list(dict.fromkeys(cutout_ids))
        return len(
            self._decide(
                lambda _: [rules.set_interest(self.cutout(i), interest) for i in ids]
            )
        )

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
        with ReviewReader.open(path, read_only=True) as other:
            merge = merge_steps(self, other, self._store, self._cutouts, should_go_on)
            merged = yield from merge
        self._notes.forget_classes()
        return merged
