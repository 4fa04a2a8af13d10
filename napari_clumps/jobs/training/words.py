"""What a training says: why it cannot start, how far it is, how it ended."""

from __future__ import annotations

from collections.abc import Mapping

from clump_detector.core.json_types import JsonObject
from clump_detector.train.events import EndEvent, FeaturesEvent, FoldEvent, StartEvent
from napari_clumps.worker.messages import ProgressEvent

from .run import ComparingEvent, RetrainEvent

#: Least number of boxes for a training, rejected ones included.
FEWEST_BOXES = 5

_COMPARING = "Comparing with the old model on the held-out cutouts"


def obstacle(counts: Mapping[str, int]) -> str | None:
    """Return why training cannot start yet, or None.

    Parameters
    ----------
    counts : mapping
        Of cutouts, boxes, rejected boxes and held-out ones; empty without a review.
    """
    if not counts:
        return "Open a review first."
    lacking = FEWEST_BOXES - counts["boxes"] - counts["rejected"]
    if lacking <= 0:
        return None
    more = "1 more box" if lacking == 1 else f"{lacking} more boxes"
    sentences = f"Accept, draw or reject {more} to have something to learn from."
    if counts["held_out_done"]:
        sentences += (
            " Boxes on held-out cutouts do not count: no model learns from them."
        )
    return sentences


def event_in_words(event: RetrainEvent | None) -> str | None:
    """Return what an event says of a training, or None where that stays as it is."""
    match event:
        case StartEvent(cutouts=cutouts):
            return f"Learning from {cutouts} cutouts…"
        case FeaturesEvent(done=done, total=total):
            return f"Computing feature maps of cutout {done + 1} of {total}…"
        case FoldEvent(fold=fold, folds=folds):
            return (
                "Calibrating: searching galaxies that a model of this kind did not "
                f"learn from, part {fold} of {folds}…"
            )
        case EndEvent(seconds=seconds, calibrated=calibrated):
            return f"Trained in {seconds:.0f} s. {calibrated}".strip()
        case ComparingEvent():
            return f"{_COMPARING}…"
        case ProgressEvent(done=done, total=total):
            return f"{_COMPARING}: {done} of {total}"
        case _:
            return None


def comparison_in_words(result: JsonObject, problems: list[str]) -> str:
    """Return the result of a comparison, and the problems of the training before it."""
    summary = str(result.get("summary") or result.get("problem") or "")
    return " ".join([summary, *result.get("notes", []), *problems])


def cancelled_in_words(new_model: str | None) -> str:
    """Return the outcome of a cancelled job.

    Parameters
    ----------
    new_model : str or None
        Name of the model that was finished before.
    """
    if new_model is None:
        return "Cancelled: no model was kept."
    return (
        f"The comparison was cancelled; the new model {new_model} is kept and was not "
        "compared."
    )
