"""Judging a model on labelled galaxies that it did not learn from.

A model is judged at one score. That is the default of its card, the score at which
it will be used: chosen on other galaxies, so that nothing is tuned on the ones it is
judged on. (The best score on the very same few galaxies would flatter every model, and
the more the fewer they are.) The figures at other scores are in the curve.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from clump_detector.core.errors import Cancelled, ClumpError, ImageError, LabelError
from clump_detector.images.cutout import Cutout, read_cutout
from clump_detector.labels.label_set import LabelledCutout, LabelSet
from clump_detector.metrics import bootstrap, calibration, matching
from clump_detector.metrics.matching import Match
from clump_detector.models.card import read_card

from . import breakdown
from .selection import Which, choose, plural

if TYPE_CHECKING:
    from clump_detector.detector.predict import Detections

Report = Callable[[dict[str, Any]], None]

#: Where the curve is given.
SCORES = np.round(np.arange(0.05, 1.0, 0.05), 2)


@dataclass
class Judged:
    """What one model did on the galaxies; the lists run in parallel."""

    name: str
    score: float
    galaxies: list[LabelledCutout] = field(default_factory=list)
    matches: list[Match] = field(default_factory=list)
    per_class: dict[str, list[Match]] = field(default_factory=dict)
    found: list[Detections] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0


def evaluate_model(
    folder: Path,
    labels: LabelSet | Path,
    *,
    score: float | None = None,
    at_best: bool = False,
    device: str = "auto",
    which: Which = "all",
    report: Report | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """Judge a model on the done cutouts of a label set.

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
    report : callable, optional
        Called with ``{"event": "progress", "done": i, "total": n}``.
    should_stop : callable, optional
        Asked often; where it is true, `Cancelled` is raised.

    Returns
    -------
    dict
        Ready for JSON: ``model``, ``score``, ``galaxies``, ``true_boxes``,
        ``completeness``, ``purity`` and ``f1`` (each with ``value`` and its intervals
        ``68`` and ``95``), ``best_score`` and ``best_f1`` over all scores,
        ``ranking_precision`` (average precision by centres), ``curve`` (with 68 %
        bands), ``classes``, ``flux_ratios``, ``average_precision``, ``reliability``,
        the ``calibration``
        that would mend the scores further (None with too few boxes),
        ``false_per_empty_galaxy``, ``seconds_per_cutout``, ``problems``, ``left_out``
        (how many cutouts a model has learned from), ``notes`` about that, and a
        ``summary`` in sentences.

    Raises
    ------
    LabelError
        If no cutout is left to judge on.
    ModelError
        If the model cannot be used.
    """
    chosen = choose(labels, which, [folder])
    judged = judge(
        folder,
        chosen.cutouts,
        score,
        device,
        counting(report, len(chosen.cutouts)),
        should_stop,
    )
    if not judged.matches:
        raise LabelError(judged.problems[0])
    if at_best:
        judged.score = matching.best_score(judged.matches) or judged.score
    return {
        **figures_of(judged),
        "left_out": chosen.left_out,
        "notes": list(chosen.notes),
    }


def counting(report: Report | None, total: int) -> Callable[[], None]:
    """Return what counts a cutout and reports how many of a total are done."""
    done = 0

    def told() -> None:
        nonlocal done
        done += 1
        if report is not None:
            report({"event": "progress", "done": done, "total": total})

    return told


def judge(
    folder: Path,
    chosen: Sequence[LabelledCutout],
    score: float | None,
    device: str,
    told: Callable[[], None],
    should_stop: Callable[[], bool] | None,
) -> Judged:
    """Search each cutout; one that cannot be read is a problem of its own."""
    from clump_detector.detector.predict import Predictor

    predictor = Predictor(folder, device=device)
    default = read_card(folder).default_score
    judged = Judged(predictor.model_id, default if score is None else score)
    names = _class_names(folder, chosen)
    judged.per_class = {name: [] for name in names}
    stop = should_stop or (lambda: False)
    for one in chosen:
        if stop():
            raise Cancelled
        start = time.perf_counter()
        try:
            found = predictor.predict(_read(one), should_stop=stop)
        except ClumpError as error:
            judged.problems.append(error.message)
            told()
            continue
        judged.seconds += time.perf_counter() - start
        judged.galaxies.append(one)
        judged.found.append(found)
        judged.matches.append(_matched(one, found))
        for name in names:
            judged.per_class[name].append(_matched(one, found, name))
        told()
    return judged


def _class_names(folder: Path, chosen: Sequence[LabelledCutout]) -> list[str]:
    """Return the model's classes, and those of the labels it does not know."""
    known = list(read_card(folder).config.classes)
    labelled = {box.cls for one in chosen for box in one.boxes}
    return known + sorted(labelled - set(known))


def _read(one: LabelledCutout) -> Cutout:
    cutout = read_cutout(one.source)
    if (cutout.width, cutout.height) != (one.width, one.height):
        raise ImageError(
            f"it has {cutout.width} x {cutout.height} pixels, but its labels are for "
            f"{one.width} x {one.height}",
            one.source.path,
            "Give the image that was labelled.",
        )
    return cutout if one.fwhm is None else replace(cutout, fwhm=one.fwhm)


def _matched(one: LabelledCutout, found: Detections, cls: str | None = None) -> Match:
    """Match all boxes, or only those of one class."""
    true = [b.corners for b in one.boxes if not b.ignored and cls in (None, b.cls)]
    ignored = [b.corners for b in one.boxes if b.ignored]
    kept = np.array([cls in (None, c) for c in found.classes], dtype=bool)
    return matching.match(
        true, found.boxes[kept], found.scores[kept], ignored=ignored, fwhm=one.fwhm
    )


def figures_of(judged: Judged) -> dict[str, Any]:
    """Return a model's figures, as `evaluate_model` does."""
    matches, score = judged.matches, judged.score
    n_true, hits, false = (int(n) for n in matching.counts(matches, score).sum(axis=0))
    intervals = bootstrap.bootstrap(matches, score)
    fitted = calibration.fit(matches)
    return {
        "model": judged.name,
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
        "classes": dict(_by_class(judged)),
        "flux_ratios": breakdown.by_flux_ratio(judged.galaxies, matches, score),
        "average_precision": breakdown.average_precision(
            judged.galaxies,
            [(f.boxes, f.scores, f.classes) for f in judged.found],
            list(judged.per_class),
        ),
        "reliability": calibration.reliability(matches),
        "calibration": None if fitted is None else asdict(fitted),
        "false_per_empty_galaxy": matching.false_per_empty(matches, score),
        "seconds_per_cutout": round(judged.seconds / max(len(matches), 1), 4),
        "problems": judged.problems,
        "summary": _summary(judged, intervals, n_true),
    }


def _best_f1(matches: Sequence[Match]) -> float | None:
    best = matching.best_score(matches)
    return None if best is None else matching.f1(matches, best)


def _by_class(judged: Judged) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield figures per class, where a box of another class is no match."""
    for name, matches in judged.per_class.items():
        completeness, purity = matching.completeness_purity(matches, judged.score)
        n_true, hits, false = matching.counts(matches, judged.score).sum(axis=0)
        yield (
            name,
            {
                "true_boxes": int(n_true),
                "found": int(hits + false),
                "completeness": completeness,
                "purity": purity,
            },
        )


def _summary(
    judged: Judged, intervals: dict[str, bootstrap.Interval], n_true: int
) -> str:
    figures = " and ".join(
        f"{name} {_with_range(intervals[name])}" for name in ("completeness", "purity")
    )
    return (
        f"{judged.name}: {figures} (95 %) at score {judged.score:.2f}, on "
        f"{plural(len(judged.matches), 'galaxy', 'galaxies')} with "
        f"{plural(n_true, 'clump', 'clumps')}."
    )


def _with_range(interval: bootstrap.Interval) -> str:
    if interval.value is None:
        return "not defined"
    if interval.outer is None:
        return f"{interval.value:.2f}"
    low, high = interval.outer
    return f"{interval.value:.2f} ({low:.2f} to {high:.2f})"
