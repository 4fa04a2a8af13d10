"""The rules of deciding: what a person's word or a detection changes. Pure functions.

A rule returns the row for the log, or None where nothing would change.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from clump_detector import boxes as geometry
from clump_detector.errors import ReviewError

from .history import Change
from .model import Box, Corners, CutoutRecord, Proposal, Status
from .store import box_values

#: A proposal that overlaps a decided box by more than this IoU is that box again.
SAME_CLUMP = 0.5


@dataclass(frozen=True, slots=True)
class Word:
    """Whose decision it is, and when."""

    annotator: str | None
    time: str

    def on(self, box: Box, status: Status) -> Box:
        """Return a box with this decision on it."""
        return replace(box, status=status, annotator=self.annotator, time=self.time)


def accepted(box: Box, word: Word) -> Change | None:
    """Return the change when a person sees a clump in the box as it is."""
    if box.kept:
        return None
    return _changed("accept", box, word.on(box, _status_of_kept(box)))


def rejected(box: Box, word: Word) -> Change | None:
    """Return the change when a person sees no clump; a drawn box goes altogether."""
    if box.status is Status.REJECTED:
        return None
    if box.status is Status.DRAWN:
        return _changed("reject", box, None)
    return _changed("reject", box, word.on(box, Status.REJECTED))


def moved(box: Box, corners: Corners, word: Word) -> Change | None:
    """Return the change when a person puts the box's corners elsewhere."""
    if corners == box.corners:
        return None
    x1, y1, x2, y2 = corners
    after = replace(box, x1=x1, y1=y1, x2=x2, y2=y2)
    return _changed("edit", box, word.on(after, _status_of_kept(after)))


def reclassified(box: Box, cls: str, word: Word) -> Change | None:
    """Return the change when a person gives the box another class."""
    if cls == box.cls:
        return None
    after = replace(box, cls=cls)
    return _changed("reclassify", box, word.on(after, _status_of_kept(after)))


def drawn(box_id: int, cutout: int, corners: Corners, cls: str, word: Word) -> Change:
    """Return the change when a person draws a box."""
    box = Box(box_id, cutout, *corners, cls, Status.DRAWN, "person")
    values = box_values(word.on(box, Status.DRAWN))
    return Change("add", cutout, box_id, None, values)


def done(cutout: CutoutRecord, is_done: bool) -> Change | None:
    """Return the change when a person sets a cutout done, or takes that back."""
    if cutout.done is is_done:
        return None
    return Change("done", cutout.id, None, {"done": not is_done}, {"done": is_done})


def _status_of_kept(box: Box) -> Status:
    if box.status is Status.DRAWN:
        return Status.DRAWN
    return Status.ACCEPTED if box.as_proposed else Status.EDITED


def _changed(kind: str, before: Box, after: Box | None) -> Change:
    values = None if after is None else box_values(after)
    return Change(kind, before.cutout, before.id, box_values(before), values)


def proposed(
    cutout: CutoutRecord,
    boxes: Sequence[Box],
    proposals: Sequence[Proposal],
    model: str,
    size: tuple[int, int] | None,
    first_id: int,
) -> Change:
    """Return the change when a model has looked at a cutout that is not done.

    Parameters
    ----------
    cutout : CutoutRecord
    boxes : sequence of Box
        All it has.
    proposals : sequence of Proposal
    model : str
    size : (int, int) or None
        Width and height of the image that the model saw.
    first_id : int
        For the first of the new boxes.

    Raises
    ------
    ReviewError
        If the image's size is not the one that boxes were decided on.
    """
    decided = [box.corners for box in boxes if box.decided]
    size = _size_seen(cutout, size, bool(decided))
    rows: list[list[Any]] = []
    for proposal in proposals:
        corners = fit(proposal.corners, size)
        if corners is None or not math.isfinite(proposal.score):
            continue
        if not _overlaps(corners, decided):
            # A thousandth of a pixel says all that a detector knows.
            place = [round(value, 3) for value in corners]
            score = round(proposal.score, 5)
            rows.append([first_id + len(rows), *place, proposal.cls, score])
    width, height = size or (None, None)
    gone = [box.id for box in boxes if not box.decided]
    before = {"boxes": gone, "model": cutout.model}
    after = {"boxes": rows, "model": model, "width": width, "height": height}
    return Change("propose", cutout.id, None, before, after)


def _size_seen(
    cutout: CutoutRecord, size: tuple[int, int] | None, decided: bool
) -> tuple[int, int] | None:
    if size is None:
        return cutout.size
    size = int(size[0]), int(size[1])
    if decided and cutout.size not in (None, size):
        raise ReviewError(
            f"it has {size[0]} x {size[1]} pixels now, but had {cutout.width} x "
            f"{cutout.height} when its boxes were decided on",
            cutout.source.path,
            "Put the old image back, or make a new review for the new one.",
        )
    return size


def fit(corners: Sequence[float], size: tuple[int, int] | None) -> Corners | None:
    """Return corners in order and cut to an image, or None if no pixel is left."""
    values = [float(value) for value in corners]
    if len(values) != 4 or not all(map(math.isfinite, values)):
        return None
    (x1, x2), (y1, y2) = sorted(values[::2]), sorted(values[1::2])
    if size is not None:
        x1, x2 = max(x1, -0.5), min(x2, size[0] - 0.5)
        y1, y2 = max(y1, -0.5), min(y2, size[1] - 0.5)
    smallest = geometry.SMALLEST_SIDE
    return (x1, y1, x2, y2) if x2 - x1 >= smallest and y2 - y1 >= smallest else None


def fitting(corners: Sequence[float], cutout: CutoutRecord) -> Corners:
    """Return corners in order and cut to a cutout's image.

    Raises
    ------
    ReviewError
        If no pixel is left.
    """
    fitted = fit(corners, cutout.size)
    if fitted is None:
        size = f"its {cutout.width} x {cutout.height} pixels" if cutout.size else "it"
        where = ", ".join(f"{float(value):.1f}" for value in corners)
        raise ReviewError(
            f"a box at {where} has no pixel in {size}",
            cutout.source.path,
            "Draw it across the clump.",
        )
    return fitted


def _overlaps(corners: Corners, others: Sequence[Corners]) -> bool:
    if not others:
        return False
    overlap = geometry.iou(geometry.as_boxes(corners), geometry.as_boxes(others))
    return bool(overlap.max() > SAME_CLUMP)
