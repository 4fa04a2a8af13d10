"""The label set of a review."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import asdict, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Protocol

from clump_detector.core.errors import ClumpError
from clump_detector.core.json_types import JsonObject
from clump_detector.core.text import plural
from clump_detector.images.cutout import read_cutout
from clump_detector.labels.label_set import LabelledBox, LabelledCutout, LabelSet
from napari_clumps.review.storage.log import now
from napari_clumps.review.storage.records import Box, Corners, CutoutRecord, Status

from .rules import clip


class LabelSource(Protocol):
    """What a label set needs of a review; see `reader.ReviewReader`."""

    @property
    def id(self) -> str:
        """The id of the review."""

    @property
    def path(self) -> Path:
        """Its file."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Its classes."""

    def cutouts(self, *, begun: bool = False) -> Iterator[CutoutRecord]:
        """Return its cutouts."""

    def boxes(self, cutout_id: int) -> list[Box]:
        """Return the boxes of a cutout."""

    @property
    def arms(self) -> dict[int, str]:
        """By which share of an order cutouts came; see `Notes.arms`."""

    def keys(self, cutout: CutoutRecord) -> tuple[str, ...]:
        """Return the keys that identify a cutout's galaxy."""

    def changed_image(self, cutout: CutoutRecord) -> str | None:
        """Return a sentence if a cutout's image is not the reviewed one, else None."""


def label_set_steps(
    review: LabelSource, *, include_undone: bool
) -> Generator[tuple[int, int], None, LabelSet]:
    """Build a review's label set step by step.

    Done cutouts are complete: their undecided proposals are background. On the others,
    unless left out, undecided proposals are ignored and decided boxes count. Rejected
    boxes are listed apart. Cutouts without a decision are left out, and so are those
    whose image has changed since; ``left_out`` of the label set's `info` lists these.

    Parameters
    ----------
    review : LabelSource
    include_undone : bool
        Whether cutouts that are not done are included.

    Yields
    ------
    (int, int)
        Cutouts read, and all of them.
    """
    cutouts: list[LabelledCutout] = []
    left_out: list[str] = []
    models: set[str] = set()
    arms = review.arms
    begun = [c for c in review.cutouts(begun=True) if c.repeat_of is None]
    chosen = [c for c in begun if c.done or include_undone]
    for number, cutout in enumerate(chosen, start=1):
        yield number, len(chosen)
        boxes = review.boxes(cutout.id)
        if changed := review.changed_image(cutout):
            left_out.append(changed)
            continue
        try:
            labelled, outside = _labelled(cutout, boxes, review.keys(cutout))
            labelled = replace(labelled, arm=arms.get(cutout.id, ""))
        except ClumpError as error:
            left_out.append(error.message)
            continue
        cutouts.append(labelled)
        if outside:
            n = plural(outside, "box", "boxes")
            left_out.append(f"{n} of {cutout.name}, without a pixel in its image.")
        models.update(box.model for box in boxes if box.model)
    return LabelSet(tuple(cutouts), review.classes, _info(review, models, left_out))


def _labelled(
    cutout: CutoutRecord, boxes: Iterable[Box], keys: tuple[str, ...]
) -> tuple[LabelledCutout, int]:
    """Return a cutout's labels, and how many boxes have no pixel in its image."""
    size = width, height = cutout.size or _read_size(cutout)
    shown: list[LabelledBox] = []
    rejected: list[LabelledBox] = []
    outside = 0
    for box in boxes:
        # Boxes added by a script without the size may reach over the edge.
        corners = clip(box.corners, size)
        if corners is None:
            outside += 1
            continue
        if box.status is Status.REJECTED:
            rejected.append(_box(box, corners))
        elif box.decided or not cutout.done:
            shown.append(_box(box, corners))
    labelled = LabelledCutout(
        cutout.source,
        width,
        height,
        cutout.done,
        cutout.held_out,
        tuple(shown),
        tuple(rejected),
        blind=cutout.blind,
        keys=keys,
        flags=cutout.flags,
        remark=cutout.remark,
        tags=cutout.tags,
        interest=cutout.interest,
    )
    return labelled, outside


def _read_size(cutout: CutoutRecord) -> tuple[int, int]:
    """Return the size of an image that was never displayed in this review."""
    image = read_cutout(cutout.source)
    return image.width, image.height


def _box(box: Box, corners: Corners) -> LabelledBox:
    return LabelledBox(
        *corners,
        cls=box.cls,
        status=box.status.value,
        origin=box.origin,
        ignored=not box.decided,
        score=box.score,
        model=box.model,
        annotator=box.annotator,
        time=box.time,
        extra={"opinions": [asdict(o) for o in box.opinions]} if box.opinions else {},
    )


def _info(review: LabelSource, models: set[str], left_out: list[str]) -> JsonObject:
    try:
        software = f"napari-clumps {version('napari-clumps')}"
    except PackageNotFoundError:  # run from a folder without being installed
        from napari_clumps import __version__

        software = f"napari-clumps {__version__}"
    info: JsonObject = {
        "review": review.id,
        "review_file": review.path.name,
        "models": sorted(models),
        "software": software,
        "date_created": now(),
    }
    if left_out:
        info["left_out"] = left_out
    return info
