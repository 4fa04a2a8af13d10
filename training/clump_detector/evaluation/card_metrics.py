"""What an evaluation stores in a model card: its calibration and metrics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clump_detector.core.arrays import Floats
from clump_detector.core.errors import LabelError
from clump_detector.core.json_types import JsonObject
from clump_detector.core.progress import Progress, no_progress
from clump_detector.labels.label_set import LabelledCutout, LabelSet
from clump_detector.metrics.calibration import FEWEST, Calibration
from clump_detector.models.card import ModelCard, read_card, write_card
from clump_detector.photometry.measurement import measure
from clump_detector.photometry.source_classifier import FEWEST as FEWEST_BOXES
from clump_detector.photometry.source_classifier import (
    SourceClassifier,
    band_sets,
    bands_measured,
    features,
    fit_bands,
)

from .labelled_images import match_boxes, read_labelled
from .selection import choose

if TYPE_CHECKING:
    from clump_detector.detector.predict import Predictor


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


def learn_colours(
    folder: Path,
    labels: LabelSet,
    device: str = "auto",
    progress: Progress = no_progress,
) -> tuple[ModelCard, tuple[str, ...]]:
    """Learn what colours and widths say of a model's boxes; store it in its card.

    Parameters
    ----------
    folder : path
        The model folder.
    labels : LabelSet
        Its done cutouts with fluxes in u, g and r count, but for those that the model
        learned from. The truth about each box is what matters: simulated galaxies have
        it.
    device : str
    progress : callable
        Called after each cutout.

    Returns
    -------
    (ModelCard, tuple of str)
        The new card, and what was left out.

    Raises
    ------
    LabelError
        If no cutout is left, or too few boxes were measured.
    ImageError, ModelError, FileError
        If an image or the card cannot be read, or the card not be written.
    """
    from clump_detector.detector.predict import Predictor

    predictor = Predictor(folder, device=device)
    predictor.classifier = None  # what it learned before would be learned on top of
    boxes: dict[str, list[tuple[float, bool, Floats]]] = {b: [] for b in band_sets()}
    chosen = choose(labels, "all", [folder])
    for done, one in enumerate(chosen.cutouts, start=1):
        for bands, box in _measured_boxes(predictor, one):
            boxes[bands].append(box)
        progress(done, len(chosen.cutouts), "measuring boxes")
    fits = {}
    for bands, known in boxes.items():
        scores, hits = [b[0] for b in known], [b[1] for b in known]
        if min(sum(hits), len(hits) - sum(hits)) >= FEWEST_BOXES:
            fits[bands] = fit_bands(scores, hits, np.array([b[2] for b in known]))
    if not fits:
        raise LabelError(
            f"at least {FEWEST_BOXES} true and as many false boxes with fluxes in u, g "
            "and r are needed",
            remedy="Take more galaxies: napari-clumps simulate --kind fits --bands "
            "ugriz.",
        )
    classifier = SourceClassifier(fits)
    card = replace(read_card(folder), source_classifier=classifier.as_json())
    write_card(folder, card)
    return card, chosen.notes


def _measured_boxes(
    predictor: Predictor, one: LabelledCutout
) -> Iterator[tuple[str, tuple[float, bool, Floats]]]:
    """Yield sets of bands with the score, the truth and the features of each box.

    A box in five bands teaches for all sets of which it has the bands.
    """
    cutout = read_labelled(one)
    found = predictor.predict(cutout)
    if cutout.is_picture or not len(found):
        return
    match = match_boxes(one, found.boxes, found.scores)
    measured = measure(cutout, found.boxes)
    there = bands_measured(measured)
    for bands in band_sets():
        has = [k for k, own in enumerate(there) if set(bands) <= set(own)]
        values = features(measured, bands) if has else np.zeros((0, 0))
        for k in has:
            if match.counted[k]:
                yield bands, (float(match.scores[k]), bool(match.hits[k]), values[k])


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
        "flux_ratios", "label_sets", "average_precision", "false_per_empty_galaxy",
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
