"""Evaluating a model on labelled galaxies that it did not learn from.

A model is evaluated at one score. That is the default of its card, the score at which
it will be used: chosen on other galaxies, so that nothing is tuned on the ones it is
evaluated on. (The best score on the very same few galaxies would flatter every model,
and the more the fewer they are.) The values at other scores are in the curve.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clump_detector.core.errors import ClumpError, LabelError
from clump_detector.core.json_types import JsonObject
from clump_detector.core.progress import CancelToken, Progress, no_progress
from clump_detector.core.text import plural
from clump_detector.labels.label_set import LabelledCutout, LabelSet
from clump_detector.metrics import bootstrap, calibration, matching
from clump_detector.metrics.matching import Match
from clump_detector.models.card import read_card

from . import breakdown
from .classes import by_class, class_confusion, only_found, only_labels
from .groups import by_group, diameter_group
from .labelled_images import host_diameter, match_boxes, read_labelled
from .peak_finder import evaluate_peaks
from .selection import Which, choose

if TYPE_CHECKING:
    from clump_detector.detector.predict import Detections

#: Where the curve is given.
SCORES = np.round(np.arange(0.05, 1.0, 0.05), 2)


@dataclass
class Evaluated:
    """What one model found on the galaxies; the lists run in parallel.

    Attributes
    ----------
    name : str
        The model's id.
    score : float
        From which score on boxes count.
    galaxies : list of LabelledCutout
    matches : list of Match
    per_class : dict of str to list of Match
        Matches of the boxes of one class only.
    found : list of Detections
    diameters : list of (float or None)
        Of the hosts, in FWHM of the PSF; None where none is found.
    problems : list of str
        Why cutouts could not be searched.
    seconds : float
        Time spent on searching.
    """

    name: str
    score: float
    galaxies: list[LabelledCutout] = field(default_factory=list)
    matches: list[Match] = field(default_factory=list)
    per_class: dict[str, list[Match]] = field(default_factory=dict)
    found: list[Detections] = field(default_factory=list)
    diameters: list[float | None] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def add(
        self, one: LabelledCutout, found: Detections, diameter: float | None
    ) -> None:
        """Add a cutout that was searched.

        Parameters
        ----------
        one : LabelledCutout
        found : Detections
            What the model found on it.
        diameter : float or None
            Of its host, in FWHM of the PSF.
        """
        self.diameters.append(diameter)
        self.galaxies.append(one)
        self.found.append(found)
        self.matches.append(_matched(one, found))
        for name, matches in self.per_class.items():
            matches.append(_matched(one, found, name))


def evaluate_model(
    folder: Path,
    labels: LabelSet | Path,
    *,
    score: float | None = None,
    at_best: bool = False,
    device: str = "auto",
    which: Which = "all",
    classes: Sequence[str] | None = None,
    baseline: bool = False,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> JsonObject:
    """Evaluate a model on the done cutouts of a label set.

    Parameters
    ----------
    folder : path
        The model folder.
    labels : LabelSet or path
    score : float, optional
        From which score on boxes count; the card's default unless given.
    at_best : bool
        Take the score with the highest F1 on these very galaxies instead. It flatters;
        it is for comparing models that have no score chosen elsewhere yet.
    device : str
    which : "all" or "held_out"
        Which of the done cutouts.
    classes : sequence of str, optional
        Only these classes are looked for: boxes of others are no clumps, and what the
        model takes for another class does not count.
    baseline : bool
        Compare with a peak finder that gives as many boxes.
    progress : callable
        Called after each cutout.
    cancel : CancelToken, optional
        Checked before each cutout and each tile of one.

    Returns
    -------
    dict
        Ready for JSON: ``model``, ``score``, ``galaxies``, ``true_boxes``,
        ``completeness``, ``purity`` and ``f1`` (each with ``value`` and its intervals
        ``68`` and ``95``), ``best_score`` and ``best_f1`` over all scores,
        ``ranking_precision`` (average precision by centres), ``curve`` (with 68 %
        bands), ``classes`` and ``class_confusion`` (as
        `clump_detector.evaluation.classes` gives them), ``flux_ratios``,
        ``tiers`` (as `breakdown.by_tier` gives them), ``label_sets`` and
        ``host_diameters`` (as `clump_detector.evaluation.groups.by_group` gives
        them), ``false_boxes`` (as `breakdown.false_boxes_by_object` gives them),
        ``average_precision``,
        ``reliability``, the ``calibration`` that would mend the scores further (None
        with too few boxes), ``false_per_empty_galaxy``, ``seconds_per_cutout``,
        ``problems``, ``left_out`` (how many cutouts a model has learned from),
        ``notes`` about that, a ``summary`` in sentences, and with ``baseline`` what
        `clump_detector.evaluation.peak_finder.evaluate_peaks` gives.

    Raises
    ------
    Cancelled
    LabelError
        If no cutout is left to evaluate on, or no box is of the classes.
    ModelError
        If the model cannot be used.
    """
    chosen = choose(labels, which, [folder])
    result = search_all(
        folder,
        only_labels(chosen.cutouts, classes),
        score,
        device,
        progress,
        cancel,
        classes,
    )
    if not result.matches:
        raise LabelError(result.problems[0])
    if at_best:
        result.score = matching.best_score(result.matches) or result.score
    figures = metrics_of(result)
    if baseline:
        figures["baseline"] = evaluate_peaks(
            result.galaxies,
            figures["hits"] + figures["false"],
            read_card(folder).config,
            progress=progress,
            cancel=cancel,
        )
    return {**figures, "left_out": chosen.left_out, "notes": list(chosen.notes)}


def search_all(
    folder: Path,
    chosen: Sequence[LabelledCutout],
    score: float | None,
    device: str,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
    classes: Sequence[str] | None = None,
) -> Evaluated:
    """Search each cutout with a model; one that cannot be read is a problem of its own.

    Parameters
    ----------
    folder : path
        The model folder.
    chosen : sequence of LabelledCutout
    score : float or None
        From which score on boxes count; None for the card's default.
    device : {"auto", "cpu", "cuda", "mps"}
    progress : callable
        Called after each cutout.
    cancel : CancelToken, optional
        Checked before each cutout and each tile of one.
    classes : sequence of str, optional
        Only what the model takes for one of these counts.

    Raises
    ------
    Cancelled
    ModelError
        If the model cannot be used.
    """
    from clump_detector.detector.predict import Predictor

    cancel = cancel or CancelToken()
    predictor = Predictor(folder, device=device)
    card = read_card(folder)
    result = Evaluated(
        predictor.model_id, card.default_score if score is None else score
    )
    names = _class_names(folder, chosen)
    result.per_class = {name: [] for name in names}
    for done, one in enumerate(chosen, start=1):
        cancel.check()
        start = time.perf_counter()
        try:
            cutout = read_labelled(one)
            found = predictor.predict(cutout, cancel=cancel)
            if classes is not None:
                found = only_found(found, classes)
        except ClumpError as error:
            result.problems.append(error.message)
        else:
            result.seconds += time.perf_counter() - start
            result.add(one, found, host_diameter(cutout, card.config))
        progress(done, len(chosen), f"searching with {result.name}")
    return result


def _class_names(folder: Path, chosen: Sequence[LabelledCutout]) -> list[str]:
    """Return the model's classes, and those of the labels it does not know."""
    known = list(read_card(folder).config.classes)
    labelled = {box.cls for one in chosen for box in one.boxes}
    return known + sorted(labelled - set(known))


def _matched(one: LabelledCutout, found: Detections, cls: str | None = None) -> Match:
    """Match all boxes, or only those of one class."""
    kept = np.array([cls in (None, c) for c in found.classes], dtype=bool)
    return match_boxes(one, found.boxes[kept], found.scores[kept], cls)


def metrics_of(result: Evaluated) -> JsonObject:
    """Return a model's metrics, as `evaluate_model` does."""
    matches, score = result.matches, result.score
    n_true, hits, false = (int(n) for n in matching.counts(matches, score).sum(axis=0))
    intervals = bootstrap.bootstrap(matches, score)
    fitted = calibration.fit(matches)
    return {
        "model": result.name,
        "score": score,
        "galaxies": len(matches),
        "true_boxes": n_true,
        "hits": hits,
        "false": false,
        **{name: interval.as_json() for name, interval in intervals.items()},
        "best_score": matching.best_score(matches),
        "best_f1": _best_f1(matches),
        "ranking_precision": matching.average_precision(matches),
        "curve": breakdown.curve_with_bands(matches, SCORES),
        "classes": by_class(result.per_class, score),
        "class_confusion": class_confusion(
            result.galaxies, result.found, matches, score
        ),
        "flux_ratios": breakdown.by_flux_ratio(result.galaxies, matches, score),
        "tiers": breakdown.by_tier(result.galaxies, matches, score),
        "label_sets": by_group(
            [one.label_set for one in result.galaxies], matches, score
        ),
        "host_diameters": by_group(
            [diameter_group(one) for one in result.diameters], matches, score
        ),
        "false_boxes": breakdown.false_boxes_by_object(
            result.galaxies, [f.boxes for f in result.found], matches, score
        ),
        "average_precision": breakdown.average_precision(
            result.galaxies,
            [(f.boxes, f.scores, f.classes) for f in result.found],
            list(result.per_class),
        ),
        "reliability": calibration.reliability(matches),
        "calibration": None if fitted is None else asdict(fitted),
        "false_per_empty_galaxy": matching.false_per_empty(matches, score),
        "seconds_per_cutout": round(result.seconds / max(len(matches), 1), 4),
        "problems": result.problems,
        "summary": _summary(result, intervals, n_true),
    }


def _best_f1(matches: Sequence[Match]) -> float | None:
    best = matching.best_score(matches)
    return None if best is None else matching.f1(matches, best)


def _summary(
    result: Evaluated, intervals: dict[str, bootstrap.Interval], n_true: int
) -> str:
    return (
        f"{result.name}: {bootstrap.in_words(intervals)} at score "
        f"{result.score:.2f}, on "
        f"{plural(len(result.matches), 'galaxy', 'galaxies')} with "
        f"{plural(n_true, 'clump', 'clumps')}."
    )
