"""The rules of deciding: changes by a decision of the user. Pure functions.

A rule returns the change for the log, or None where nothing would change.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from clump_detector.core import boxes as geometry
from clump_detector.core.errors import ReviewError
from clump_detector.images.artefacts.kinds import Artefact
from napari_clumps.review.storage.records import (
    FLAGS,
    INTERESTS,
    Box,
    Change,
    Corners,
    CutoutRecord,
    Status,
)
from napari_clumps.review.storage.snapshot import box_values

#: A proposal that overlaps a decided box by more than this IoU is the same clump.
SAME_CLUMP = 0.5

#: Characters that a tag has at most.
LONGEST_TAG = 40


@dataclass(frozen=True, slots=True)
class Signature:
    """Who decides, and when."""

    annotator: str | None
    time: str

    def sign(self, box: Box, status: Status) -> Box:
        """Return a box with this decision on it.

        Parameters
        ----------
        box : Box
        status : Status
        """
        return replace(box, status=status, annotator=self.annotator, time=self.time)


def accept(box: Box, signature: Signature) -> Change | None:
    """Return the change that keeps the box as a clump, as it is.

    Parameters
    ----------
    box : Box
    signature : Signature
    """
    if box.kept:
        return None
    return _changed("accept", box, signature.sign(box, status_of_kept(box)))


def reject(box: Box, signature: Signature) -> Change | None:
    """Return the change that rejects a box, or deletes a drawn one.

    Parameters
    ----------
    box : Box
    signature : Signature
    """
    if box.status is Status.REJECTED:
        return None
    if box.status is Status.DRAWN:
        return _changed("reject", box, None)
    return _changed("reject", box, signature.sign(box, Status.REJECTED))


def move(box: Box, corners: Corners, signature: Signature) -> Change | None:
    """Return the change that moves a box's corners.

    Parameters
    ----------
    box : Box
    corners : x1, y1, x2, y2
        Clipped to the image.
    signature : Signature
    """
    if corners == box.corners:
        return None
    x1, y1, x2, y2 = corners
    after = replace(box, x1=x1, y1=y1, x2=x2, y2=y2)
    return _changed("edit", box, signature.sign(after, status_of_kept(after)))


def reclassify(box: Box, cls: str, signature: Signature) -> Change | None:
    """Return the change that gives a box another class.

    Parameters
    ----------
    box : Box
    cls : str
    signature : Signature
    """
    if cls == box.cls:
        return None
    after = replace(box, cls=cls)
    return _changed("reclassify", box, signature.sign(after, status_of_kept(after)))


def draw(
    box_id: int, cutout: int, corners: Corners, cls: str, signature: Signature
) -> Change:
    """Return the change that adds a drawn box.

    Parameters
    ----------
    box_id : int
        Of the new box.
    cutout : int
    corners : x1, y1, x2, y2
        Clipped to the image.
    cls : str
    signature : Signature
    """
    box = Box(box_id, cutout, *corners, cls, Status.DRAWN, "person")
    values = box_values(signature.sign(box, Status.DRAWN))
    return Change("add", cutout, box_id, None, values)


def draw_all(
    cutout: CutoutRecord,
    corners: Iterable[Sequence[float]],
    cls: str,
    first_id: int,
    signature: Signature,
) -> list[Change]:
    """Return the changes that add several drawn boxes, clipped to the image.

    Parameters
    ----------
    cutout : CutoutRecord
    corners : iterable of sequences of float
        Two opposite corners of each.
    cls : str
    first_id : int
        Id of the first new box.
    signature : Signature
    """
    fitted = [clip_to_cutout(one, cutout) for one in corners]
    return [
        draw(new, cutout.id, one, cls, signature)
        for new, one in enumerate(fitted, start=first_id)
    ]


def set_done(cutout: CutoutRecord, is_done: bool) -> Change | None:
    """Return the change that marks a cutout as done or not done.

    Parameters
    ----------
    cutout : CutoutRecord
    is_done : bool
    """
    if cutout.done is is_done:
        return None
    return Change("done", cutout.id, None, {"done": not is_done}, {"done": is_done})


def set_flags(cutout: CutoutRecord, flags: Iterable[str], remark: str) -> Change | None:
    """Return the change that sets flags and remark of a cutout.

    Parameters
    ----------
    cutout : CutoutRecord
    flags : iterable of str
        Some of `FLAGS`.
    remark : str

    Raises
    ------
    ReviewError
        If there is no such flag.
    """
    chosen = set(flags)
    if unknown := chosen - set(FLAGS):
        raise ReviewError(
            f"there is no flag {sorted(unknown)[0]!r}",
            cutout.source.path,
            f"The flags are {', '.join(FLAGS)}.",
        )
    before = {"flags": list(cutout.flags), "remark": cutout.remark}
    after = {"flags": [f for f in FLAGS if f in chosen], "remark": remark.strip()}
    if before == after:
        return None
    return Change("flag", cutout.id, None, before, after)


def note_artefacts(cutout: CutoutRecord, found: Sequence[Artefact]) -> Change | None:
    """Return the change that keeps what the program found on a cutout.

    Parameters
    ----------
    cutout : CutoutRecord
    found : sequence of Artefact
    """
    if cutout.artefacts == tuple(found):
        return None
    before = None
    if cutout.artefacts is not None:
        before = [one.to_json() for one in cutout.artefacts]
    after = [one.to_json() for one in found]
    return Change(
        "artefacts", cutout.id, None, {"artefacts": before}, {"artefacts": after}
    )


def judge_artefact(
    cutout: CutoutRecord, kind: str, verdict: bool | None
) -> Change | None:
    """Return the change that takes or refuses a kind of artefact on a cutout.

    Parameters
    ----------
    cutout : CutoutRecord
    kind : str
        One that was found there.
    verdict : bool or None
        None takes the verdict back.

    Raises
    ------
    ReviewError
        If none of that kind was found there.
    """
    if kind not in {one.kind for one in cutout.artefacts or ()}:
        raise ReviewError(f"no {kind!r} was found on it", cutout.source.path)
    after = {k: v for k, v in cutout.verdicts.items() if k != kind}
    if verdict is not None:
        after[kind] = verdict
    if after == cutout.verdicts:
        return None
    before = {"verdicts": dict(cutout.verdicts)}
    return Change("flag", cutout.id, None, before, {"verdicts": after})


def tidy_tags(tags: Iterable[str], known: Iterable[str] = ()) -> list[str]:
    """Return tags without spaces around them, each once, in alphabetical order.

    Parameters
    ----------
    tags : iterable of str
        Upper and lower case are alike.
    known : iterable of str
        Tags whose spelling is kept.

    Raises
    ------
    ReviewError
        If a tag is too long, or has a comma or semicolon.
    """
    spelled = {tag.casefold(): tag for tag in known}
    chosen: dict[str, str] = {}
    for text in tags:
        tag = " ".join(text.split())
        if len(tag) > LONGEST_TAG or set(tag) & set(",;"):
            raise ReviewError(
                f"{tag[: 2 * LONGEST_TAG]!r} cannot be a tag",
                remedy=f"A tag has up to {LONGEST_TAG} characters, and no comma or "
                "semicolon.",
            )
        if tag:
            folded = tag.casefold()
            chosen.setdefault(folded, spelled.get(folded, tag))
    return sorted(chosen.values(), key=str.casefold)


def set_tags(cutout: CutoutRecord, tags: Sequence[str]) -> Change | None:
    """Return the change that sets the tags of a cutout.

    Parameters
    ----------
    cutout : CutoutRecord
    tags : sequence of str
        As `tidy_tags` returns them.
    """
    if list(cutout.tags) == list(tags):
        return None
    before, after = {"tags": list(cutout.tags)}, {"tags": list(tags)}
    return Change("tag", cutout.id, None, before, after)


def set_interest(cutout: CutoutRecord, interest: int | None) -> Change | None:
    """Return the change that sets how interesting a cutout is.

    Parameters
    ----------
    cutout : CutoutRecord
    interest : int or None
        One of `INTERESTS`; None takes back what was said.

    Raises
    ------
    ReviewError
        If it is something else.
    """
    if interest is not None and interest not in INTERESTS:
        raise ReviewError(
            f"an interest of {interest!r} cannot be", remedy="It is 0, 1, 2 or 3."
        )
    if cutout.interest == interest:
        return None
    before, after = {"interest": cutout.interest}, {"interest": interest}
    return Change("interest", cutout.id, None, before, after)


def status_of_kept(box: Box) -> Status:
    """Return the status of a box that is kept as a clump."""
    if box.origin == "person":
        return Status.DRAWN
    return Status.ACCEPTED if box.as_proposed else Status.EDITED


def _changed(kind: str, before: Box, after: Box | None) -> Change:
    values = None if after is None else box_values(after)
    return Change(kind, before.cutout, before.id, box_values(before), values)


def clip(corners: Sequence[float], size: tuple[int, int] | None) -> Corners | None:
    """Return corners in order and clipped to an image, or None if no pixel is left.

    Parameters
    ----------
    corners : sequence of float
        Two opposite corners.
    size : (int, int) or None
        Width and height in pixels; None where not known.
    """
    values = [float(value) for value in corners]
    if len(values) != 4 or not all(map(math.isfinite, values)):
        return None
    (x1, x2), (y1, y2) = sorted(values[::2]), sorted(values[1::2])
    if size is not None:
        x1, x2 = max(x1, -0.5), min(x2, size[0] - 0.5)
        y1, y2 = max(y1, -0.5), min(y2, size[1] - 0.5)
    smallest = geometry.SMALLEST_SIDE
    return (x1, y1, x2, y2) if x2 - x1 >= smallest and y2 - y1 >= smallest else None


def clip_to_cutout(corners: Sequence[float], cutout: CutoutRecord) -> Corners:
    """Return corners in order and clipped to a cutout's image.

    Parameters
    ----------
    corners : sequence of float
    cutout : CutoutRecord

    Raises
    ------
    ReviewError
        If no pixel is left.
    """
    fitted = clip(corners, cutout.size)
    if fitted is None:
        size = f"its {cutout.width} x {cutout.height} pixels" if cutout.size else "it"
        where = ", ".join(f"{float(value):.1f}" for value in corners)
        raise ReviewError(
            f"a box at {where} has no pixel in {size}",
            cutout.source.path,
            "Draw it across the clump.",
        )
    return fitted


def find_same_clump(corners: Corners, boxes: Sequence[Box]) -> Box | None:
    """Return the box that overlaps most, if by more than `SAME_CLUMP`.

    Parameters
    ----------
    corners : x1, y1, x2, y2
    boxes : sequence of Box
    """
    if not boxes:
        return None
    others = geometry.as_boxes([box.corners for box in boxes])
    overlap = geometry.iou(geometry.as_boxes(corners), others)[0]
    best = int(overlap.argmax())
    return boxes[best] if overlap[best] > SAME_CLUMP else None
