"""Write access to a review: undo, proposals and labels, images, and the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from psygnal import Signal

from clump_detector.core.errors import ReviewError
from clump_detector.core.json_types import JsonObject
from clump_detector.core.text import plural
from clump_detector.image_files.added_light import AddedLight
from clump_detector.image_files.sources import Source
from clump_detector.images.artefacts.kinds import Artefact
from clump_detector.labels.classes.names import as_classes
from napari_clumps.review.images.image_files import absolute
from napari_clumps.review.storage.records import Box, Change, Label, Proposal
from napari_clumps.review.storage.review_file import ReviewFile

from . import blind, rules
from .images import injections, repeats
from .label_import import LabelImportResult, all_label_changes
from .proposing import propose
from .reader import ReviewReader
from .recorder import Recorder, Rule
from .rules import Signature
from .storage import log


class ReviewWriter(ReviewReader):
    """The write access to a review; `Review` describes attributes and signals.

    Parameters
    ----------
    file : ReviewFile
        The open file.
    """

    changed = Signal(int)
    waiting_changed = Signal(str)

    def __init__(self, file: ReviewFile) -> None:
        super().__init__(file)
        self._recorder = Recorder(
            file.store,
            file.read_only_reason,
            self.changed.emit,
            self.waiting_changed.emit,
        )

    # -- transactions -------------------------------------------------------

    def _decide_each(
        self, box_ids: Iterable[int], rule: Callable[[Box, Signature], Change | None]
    ) -> int:
        """Log the changes of a rule on several boxes; return their number."""
        ids = list(dict.fromkeys(box_ids))
        return len(
            self._decide(lambda signature: [rule(self.box(i), signature) for i in ids])
        )

    def _remember(self, **values: object) -> None:
        self._recorder.remember(**values)

    # -- classes ------------------------------------------------------------

    def choose_classes(self, names: Iterable[str]) -> None:
        """Set the classes of boxes. This is no step of undo.

        Parameters
        ----------
        names : iterable of str
            The first one is given to drawn boxes.

        Raises
        ------
        ConfigError
            If a name cannot be a class, or two are the same.
        ReviewError
            If the review is read-only, or a class that boxes have, or had once, is not
            among them.
        """
        if self.read_only_reason is not None:
            raise ReviewError(self.read_only_reason)
        chosen = as_classes(names, there=self.classes)
        gone = [cls for cls in self.classes if cls not in chosen]
        counts = self.class_counts() if gone else {}
        if kept := next((cls for cls in gone if counts[cls]), None):
            n = plural(counts[kept], "box has it, or had", "boxes have it, or had")
            raise ReviewError(
                f"the class {kept!r} has to stay: {n} it once",
                self.path,
                "Keep it in the list; others can be added, and the order changed.",
            )
        self._notes.classes = chosen

    def map_classes(self, names: Mapping[str, str | None]) -> None:
        """Say what the classes of models are here. This is no step of undo.

        Parameters
        ----------
        names : mapping of str to (str or None)
            The class of this review by the model's; a new one is added to the review,
            and boxes of a class with None are left out.

        Raises
        ------
        ConfigError, ReviewError
            As `choose_classes`.
        """
        new = [cls for cls in dict.fromkeys(names.values()) if cls is not None]
        self.choose_classes([*self.classes, *(c for c in new if c not in self.classes)])
        self._notes.model_classes = {**self._notes.model_classes, **names}

    def _refuse_classes(self, classes: Iterable[str]) -> None:
        for cls in classes:
            if cls not in self.classes:
                raise ReviewError(
                    f"this review has no class {cls!r}",
                    self.path,
                    f"Its classes are {', '.join(self.classes)}.",
                )

    def _decide(self, rule: Rule) -> list[Change]:
        """Log the changes of a rule as one step of undo, and return them."""
        return self._recorder.decide(rule, self.annotator)

    def emit_changed(self, touched: Iterable[int]) -> None:
        """Emit `changed` for cutouts that a merge in another thread has changed."""
        for cutout_id in dict.fromkeys(touched):
            self.changed.emit(cutout_id)

    # -- undo ---------------------------------------------------------------

    def undo(self) -> int | None:
        """Undo the newest step; return the cutout it touched, or None."""
        return self._recorder.travel("undo", self.annotator)

    def redo(self) -> int | None:
        """Redo the step that was undone last; return its cutout, or None."""
        return self._recorder.travel("redo", self.annotator)

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to undo."""
        return not self.read_only and log.next_step(self._store, "undo") is not None

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to redo."""
        return not self.read_only and log.next_step(self._store, "redo") is not None

    # -- detection and repeats ----------------------------------------------

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
        with self._recorder.writing(touched):
            added = self._proposed(cutout_id, proposals, model, size, beside)
            if added is not None:
                touched.append(cutout_id)
        return added or 0

    def propose_on_all(
        self,
        proposals: Mapping[int, Sequence[Proposal]],
        model: str,
        sizes: Mapping[int, tuple[int, int]],
    ) -> None:
        """Add the proposals of a model on many cutouts at once, as `propose` does.

        Parameters
        ----------
        proposals : mapping of int to sequence of Proposal
            By cutout.
        model : str
            The model's id.
        sizes : mapping of int to (int, int)
            Width and height of each image in pixels.
        """
        self._refuse_classes({p.cls for found in proposals.values() for p in found})
        touched: list[int] = []
        with self._recorder.writing(touched):
            for cutout_id, found in proposals.items():
                self._proposed(cutout_id, found, model, sizes[cutout_id], False)
                touched.append(cutout_id)

    def _proposed(
        self,
        cutout_id: int,
        proposals: Sequence[Proposal],
        model: str,
        size: tuple[int, int] | None,
        beside: bool,
    ) -> int | None:
        """Return how many proposals were added; None if the cutout stays as it is."""
        cutout = self.cutout(cutout_id)
        if cutout.done or cutout.blind:
            return None
        boxes, first = self.boxes(cutout_id), self._snapshot.next_box_id()
        change = propose(
            cutout, boxes, proposals, model, size, first,
            beside=beside and blind.is_hidden(cutout, boxes),
        )  # fmt: skip
        log.forget_redo(self._store, cutout_id)
        log.note(self._store, [change], None, log.now())
        return len((change.after or {})["boxes"])

    def add_labels(
        self, labels: Mapping[int, Sequence[Label]], *, accepted: bool
    ) -> LabelImportResult:
        """Add external labels by cutout, in one step; `label_import` has the rules.

        They count as decided by this user if ``accepted``, else they are proposals.
        """
        classes = {label.cls for found in labels.values() for label in found}
        self._refuse_classes(sorted(classes))
        outcome = LabelImportResult()

        def changes(signature: Signature) -> list[Change]:
            nonlocal outcome  # the last one counts: after a full disk it runs twice
            on = ((self.cutout(i), self.boxes(i), labels[i]) for i in sorted(labels))
            first, whose = self._snapshot.next_box_id(), signature if accepted else None
            made, outcome = all_label_changes(on, whose, first)
            return made

        self._decide(changes)
        return outcome

    def show_again(self, n: int) -> int:
        """Repeat up to n done cutouts in the queue, without marking them as repeated.

        They are chosen at random, have the proposals that the model had made, and are
        in no label set. `comparison.self_consistency` compares them with the first
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

    def injection_candidates(self, n: int) -> list[int]:
        """Return up to n cutouts for `inject`, chosen at random."""
        return injections.candidates(self._store, n, self._store.meta()["seed"])

    def inject(self, clumps: Mapping[int, Sequence[AddedLight]]) -> list[int]:
        """Add galaxies with injected clumps to the queue, without marking them as such.

        They are in no label set, and no model learns from them. `injected_clumps` says
        who found what.

        Parameters
        ----------
        clumps : mapping of int to sequence of AddedLight
            What is injected, by the cutout whose galaxy it is.

        Returns
        -------
        list of int
            The new cutouts.
        """
        seed = self._store.meta()["seed"]
        made = list(
            injections.injection_changes(self._cutouts, self._store, clumps, seed)
        )
        if made:
            self._note(made)
        return [change.cutout for change in made]

    def show_injected(self, shown: bool) -> None:
        """Show the galaxies with injected clumps again, or none of them."""
        changes = list(injections.switch_changes(self._store, shown))
        if changes:
            self._note(changes, touched=[change.cutout for change in changes])

    def note_artefacts(self, cutout_id: int, found: Sequence[Artefact]) -> None:
        """Keep what the program found on a cutout; verdicts on it stay.

        Nothing happens in a read-only review.
        """
        if self.read_only:
            return
        change = rules.note_artefacts(self.cutout(cutout_id), found)
        if change is not None:
            self._note([change], touched=[cutout_id])

    def note_training(self, *points: JsonObject) -> None:
        """Add points to the learning curve; those that are there stay."""
        if self.read_only:
            raise ReviewError(
                "the learning curve gets no point: the review is open for reading only",
                self.path,
                self.read_only_reason,
            )
        self._notes.add_trainings(points)

    # -- images -------------------------------------------------------------

    def note_seen(self, cutout_id: int, size: tuple[int, int]) -> None:
        """Record files and size (width, height) of a cutout that is read first now."""
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

    def add_cutouts(
        self, sources: Sequence[Source], keys: Sequence[Sequence[str]] | None = None
    ) -> int:
        """Add the cutouts whose images are not in the review yet, at the queue's end.

        Those with the content of a held-out cutout are held out, too, and of the others
        about the review's share. Nothing is added to a read-only review.

        Parameters
        ----------
        sources : sequence of Source
        keys : sequence of sequence of str, optional
            What identifies each, where `images.held_out.keys_of_new` has read it.

        Returns
        -------
        int
            Number of new cutouts.
        """
        new = self._cutouts.find_new(sources)
        if self.read_only or not new:
            return 0
        own = None
        if keys is not None:
            known = {absolute(s.path): k for s, k in zip(sources, keys, strict=True)}
            own = [known[source.path] for source in new]
        # Files are read before the transaction.
        self._note(list(self._cutouts.add_changes(new, own)))
        return len(new)

    def _note(self, changes: Iterable[Change], touched: Iterable[int] = ()) -> None:
        """Log changes that are no decision of the user."""
        self._recorder.note(changes, self.annotator, touched)

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
        self._recorder.wait_for_disk()

    @property
    def waiting(self) -> bool:
        """Whether decisions wait in memory for the disk."""
        return self._recorder.waiting

    def write_back(self) -> bool:
        """Try to write the decisions in memory; return whether all are on disk."""
        return self._recorder.write_back()

    def save_copy(self, path: str | Path) -> None:
        """Write the whole review to another file, with the decisions in memory."""
        self._recorder.save_copy(absolute(path))
