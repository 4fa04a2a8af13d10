"""What an evaluation stores in a model card: its calibration and metrics."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from clump_detector.core.errors import LabelError
from clump_detector.core.json_types import JsonObject
from clump_detector.metrics.calibration import FEWEST, Calibration
from clump_detector.models.card import ModelCard, read_card, write_card


def calibrate(folder: Path, metrics: JsonObject) -> ModelCard:
    """Store in a model's card the calibration found on validation galaxies.

    The score with the highest F1 becomes the default.

    Parameters
    ----------
    folder : path
        The model folder.
    metrics : dict
        As from `evaluate_model`.

    Raises
    ------
    LabelError
        If there were too few boxes for an estimate.
    ModelError, FileError
        If the card cannot be read or written.
    """
    card = read_card(folder)
    found, best = metrics["calibration"], metrics["best_score"]
    if found is None or best is None:
        raise LabelError(
            f"there are too few boxes to calibrate on: at least {FEWEST} "
            "true and as many false ones are needed",
            remedy="Take more labelled galaxies.",
        )
    mended = Calibration(**found)
    score = float(mended(best))
    card = replace(
        card,
        calibration=mended.after(card.calibration),
        default_score=round(min(max(score, 0.05), 0.95), 2),
    )
    write_card(folder, card)
    return card


def store_metrics(folder: Path, metrics: JsonObject, where: str) -> ModelCard:
    """Store in a model's card how well it does, and on what.

    Parameters
    ----------
    folder : path
        The model folder.
    metrics : dict
        As from `evaluate_model`.
    where : str
        What the metrics were measured on, for the card.

    Raises
    ------
    ModelError, FileError
        If the card cannot be read or written.
    """
    kept = (
        "score", "galaxies", "true_boxes", "completeness", "purity", "f1", "classes",
        "flux_ratios", "average_precision", "false_per_empty_galaxy",
    )  # fmt: skip
    performance = {"on": where, **{key: metrics[key] for key in kept}}
    performance["calibration_error"] = metrics["reliability"]["error"]
    card = replace(
        read_card(folder),
        performance=performance,
        expected={
            "method": where,
            "galaxies": metrics["galaxies"],
            "true_boxes": metrics["true_boxes"],
            "curve": _rows(metrics["curve"]),
        },
    )
    write_card(folder, card)
    return card


def _rows(curve: JsonObject) -> list[dict[str, float | None]]:
    """Return what a card stores of a curve: score, completeness and purity."""
    names = ("scores", "completeness", "purity")
    return [
        {
            key: None if value is None else round(value, 4)
            for key, value in zip(("score", *names[1:]), row, strict=True)
        }
        for row in zip(*(curve[name] for name in names), strict=True)
    ]
