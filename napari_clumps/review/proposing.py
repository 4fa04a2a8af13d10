"""The change of a cutout when a model has run on it. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Sequence

from clump_detector.core.errors import ReviewError
from napari_clumps.review.storage.records import (
    Box,
    Change,
    Corners,
    CutoutRecord,
    LogValues,
    Proposal,
)

from .rules import clip, find_same_clump


def propose(
    cutout: CutoutRecord,
    boxes: Sequence[Box],
    proposals: Sequence[Proposal],
    model: str,
    size: tuple[int, int] | None,
    first_id: int,
    *,
    beside: bool = False,
) -> Change:
    """Return the change when a model has run on a cutout that is not done.

    Parameters
    ----------
    cutout : CutoutRecord
    boxes : sequence of Box
        All boxes of the cutout.
    proposals : sequence of Proposal
    model : str
    size : (int, int) or None
        Width and height of the image that the model saw.
    first_id : int
        Id of the first new box.
    beside : bool
        Whether the proposals of the previous model stay besides the new ones.

    Raises
    ------
    ReviewError
        If the image's size is not the one that boxes were decided on.
    """
    # Disagreements of reviewers and external labels wait for the user, whatever a model
    # proposes.
    decided = [b for b in boxes if b.decided or b.opinions or b.origin != "model"]
    open_ = [box for box in boxes if box not in decided]
    kept = _of_model_before(cutout, open_, model) if beside else []
    size = _size_seen(cutout, size, bool(decided))
    rows: list[list[str | float]] = []
    seconds: dict[int, float] = {}
    if cutout.model not in (None, model):  # 0 unless the new model finds the clump
        others = [*decided, *kept]
        seconds = {box.id: 0.0 for box in others if box.model != model}
    for proposal in proposals:
        corners = clip(proposal.corners, size)
        if corners is None or not math.isfinite(proposal.score):
            continue
        # A thousandth of a pixel is far below the precision of a detector.
        score, rounded = round(proposal.score, 5), [round(v, 3) for v in corners]
        same = find_same_clump(corners, decided)
        if same is None:
            second = _second_score(corners, cutout.model, model, open_)
            rows.append([first_id + len(rows), *rounded, proposal.cls, score, *second])
            same = find_same_clump(corners, kept)
        if same is not None and same.model != model:
            seconds[same.id] = max(score, seconds.get(same.id, 0.0))
    width, height = size or (None, None)
    removed = [box.id for box in open_ if box not in kept]
    before: LogValues = {"boxes": removed, "model": cutout.model}
    after: LogValues = {"boxes": rows, "model": model, "width": width, "height": height}
    if seconds:
        after["seconds"] = [[box_id, score] for box_id, score in seconds.items()]
    return Change("propose", cutout.id, None, before, after)


def _of_model_before(
    cutout: CutoutRecord, boxes: Sequence[Box], model: str
) -> list[Box]:
    """Return the boxes of the other one of the two models that ran last."""
    if cutout.model == model:
        return [box for box in boxes if box.model != model]
    return [box for box in boxes if box.model == cutout.model]


def _second_score(
    corners: Corners, before: str | None, model: str, boxes: Sequence[Box]
) -> list[float]:
    """Return the previous model's score of the same clump; none for the same model.

    Where the same model runs again, the second score of the earlier box is kept.
    """
    same = find_same_clump(corners, boxes)
    if before is None:
        return []
    if before == model:
        return [] if same is None or same.second is None else [same.second]
    return [0.0 if same is None or same.score is None else same.score]


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
