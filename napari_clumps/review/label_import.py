"""The rules of importing external labels, as proposals or as accepted boxes.

Decisions of the user stay: a label on a decided box is left out, and so is every label
on a cutout that is done. A label on a model's undecided proposal replaces it and keeps
its score as the second score, so that no clump is decided twice.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from clump_detector.core.text import plural
from napari_clumps.review.storage.records import (
    Box,
    Change,
    Corners,
    CutoutRecord,
    Label,
    Status,
)
from napari_clumps.review.storage.snapshot import box_values

from .rules import Signature, clip, find_same_clump, status_of_kept

#: Origin of the boxes that a new detection replaces.
MODEL = "model"


@dataclass
class LabelImportResult:
    """The outcome of importing labels.

    Attributes
    ----------
    boxes : int
        Imported boxes.
    cutouts : set of int
        Ids of the cutouts that have them.
    replaced : int
        Undecided proposals that they replaced.
    decided : int
        Labels left out because there is a decided box.
    there : int
        Labels left out because they wait for a decision already.
    done : int
        Labels left out because their cutout is done.
    outside : int
        Labels left out because they have no pixel in the image.
    """

    boxes: int = 0
    cutouts: set[int] = field(default_factory=set)
    replaced: int = 0
    decided: int = 0
    there: int = 0
    done: int = 0
    outside: int = 0

    def in_words(self) -> list[str]:
        """Return in sentences what was imported, and what was left out and why."""
        n, cutouts = self.boxes, len(self.cutouts)
        sentences = [
            f"{plural(n, 'box', 'boxes')} imported on {plural(cutouts, 'cutout')}."
        ]
        for count, words in (
            (self.replaced, "replaced a model's proposal"),
            (self.decided, "left out: you have decided on a box there"),
            (self.there, "left out: it waits for your decision already"),
            (self.done, "left out: its cutout is done"),
            (self.outside, "left out: it lies outside the image"),
        ):
            if count:
                sentences.append(f"{count:,} {words}.")
        return sentences


def all_label_changes(
    cutouts: Iterable[tuple[CutoutRecord, Sequence[Box], Sequence[Label]]],
    signature: Signature | None,
    first_id: int,
) -> tuple[list[Change], LabelImportResult]:
    """Return the changes when labels are imported on several cutouts, and the outcome.

    Parameters
    ----------
    cutouts : iterable of (CutoutRecord, boxes, labels)
        With all boxes of each cutout.
    signature : Signature or None
        As `label_changes` takes it.
    first_id : int
        Id of the first new box.
    """
    outcome = LabelImportResult()
    ids = itertools.count(first_id)
    changes: list[Change] = []
    for cutout, boxes, labels in cutouts:
        changes += label_changes(
            cutout, boxes, labels, signature, lambda: next(ids), outcome
        )
    return changes, outcome


def label_changes(
    cutout: CutoutRecord,
    boxes: Sequence[Box],
    labels: Sequence[Label],
    signature: Signature | None,
    next_id: Callable[[], int],
    counts: LabelImportResult,
) -> Iterator[Change]:
    """Yield the changes of a cutout when labels are imported.

    Parameters
    ----------
    cutout : CutoutRecord
    boxes : sequence of Box
        All boxes of the cutout.
    labels : sequence of Label
    signature : Signature or None
        Of the decision that they are clumps; None where they are proposals.
    next_id : callable
        Gives the ids of new boxes.
    counts : LabelImportResult
        Updated.
    """
    if cutout.done:
        counts.done += len(labels)
        return
    # Disagreements of reviewers wait for the user, whatever external labels say.
    settled = [box for box in boxes if box.decided or box.opinions]
    waiting = [box for box in boxes if box not in settled]
    for label in labels:
        corners = clip(label.corners, cutout.size)
        if corners is None:
            counts.outside += 1
            continue
        if find_same_clump(corners, settled) is not None:
            counts.decided += 1
            continue
        old = find_same_clump(corners, waiting)
        if old is not None and old.origin != MODEL and signature is None:
            counts.there += 1
            continue
        new = _box(next_id(), cutout, corners, label, signature)
        if old is not None:
            waiting.remove(old)
            by_model = old.origin == MODEL
            counts.replaced += by_model
            new = replace(new, second=old.score if by_model else old.second)
            yield Change("import", cutout.id, old.id, box_values(old), None)
        counts.boxes += 1
        counts.cutouts.add(cutout.id)
        yield Change("import", cutout.id, new.id, None, box_values(new))


def _box(
    box_id: int,
    cutout: CutoutRecord,
    corners: Corners,
    label: Label,
    signature: Signature | None,
) -> Box:
    drawn = label.origin == "person"
    box = Box(
        box_id, cutout.id, *corners, label.cls, Status.PROPOSAL, label.origin,
        score=label.score, model=label.model,
        proposed=None if drawn else (*corners, label.cls),
    )  # fmt: skip
    if signature is None:
        return box
    return replace(
        signature.sign(box, status_of_kept(box)),
        annotator=label.annotator or signature.annotator,
        time=label.time or signature.time,
    )
