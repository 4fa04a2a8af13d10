"""Judging a model on labelled galaxies, and two models on the same ones.

Each model is judged at one score. That is the default of its card, the score at which
it will be used: chosen on other galaxies, so that nothing is tuned on the ones it is
judged on. (The best score on the very same few galaxies would flatter every model, and
the more the fewer they are.) The figures at other scores are in the curve.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from . import breakdown, calibration, metrics
from .card import read_card
from .errors import Cancelled, ClumpError, ImageError, LabelError
from .images import Cutout, read_cutout
from .labels import LabelledCutout, LabelSet, read_label_set
from .metrics import Match

if TYPE_CHECKING:
    from .predict import Detections

Which = Literal["all", "held_out"]
Report = Callable[[dict[str, Any]], None]

#: Where the curve is given.
SCORES = np.round(np.arange(0.05, 1.0, 0.05), 2)


@dataclass
class _Judged:
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
        ``68`` and ``95``), ``best_score``, ``curve`` (with 68 % bands), ``classes``,
        ``flux_ratios``, ``average_precision``, ``reliability``, the ``calibration``
        that would mend the scores further (None with too few boxes),
        ``false_per_empty_galaxy``, ``seconds_per_cutout``, ``problems`` and a
        ``summary`` in a sentence.

    Raises
    ------
    LabelError
        If no cutout is left to judge on.
    ModelError
        If the model cannot be used.
    """
    chosen = _choose(labels, which)
    judged = _judge(
        folder, chosen, score, device, _counting(report, len(chosen)), should_stop
    )
    if not judged.matches:
        raise LabelError(judged.problems[0])
    if at_best:
        judged.score = metrics.best_score(judged.matches) or judged.score
    return _figures(judged)


def compare_models(
    old: Path,
    new: Path,
    labels: LabelSet | Path,
    *,
    old_score: float | None = None,
    new_score: float | None = None,
    device: str = "auto",
    which: Which = "held_out",
    report: Report | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """Compare two models on the same galaxies.

    Parameters
    ----------
    old, new : paths
        The model folders.
    labels, device, which, report, should_stop
        As in `evaluate_model`.
    old_score, new_score : float, optional
        The cards' defaults unless given.

    Returns
    -------
    dict
        Ready for JSON: ``old`` and ``new`` as from `evaluate_model`, ``difference``
        (new minus old, with intervals of pairs), ``verdict``, ``galaxies``,
        ``problems``, and ``summary``: one sentence for the person.
    """
    try:
        chosen = _choose(labels, which)
    except LabelError as error:
        return _no_verdict(error.message)
    told = _counting(report, 2 * len(chosen))
    first = _judge(old, chosen, old_score, device, told, should_stop)
    second = _judge(new, chosen, new_score, device, told, should_stop)
    _keep_common(first, second)
    if not first.matches:
        return _no_verdict(first.problems[0])
    result = metrics.compare(first.matches, second.matches, first.score, second.score)
    return {
        "verdict": result.verdict,
        "summary": _sentence(result, first, second, which),
        "galaxies": result.n_galaxies,
        "difference": {k: v.as_json() for k, v in result.difference.items()},
        "old": _figures(first),
        "new": _figures(second),
        "problems": first.problems,
    }


def _no_verdict(reason: str) -> dict[str, Any]:
    return {
        "verdict": "no clear difference",
        "summary": f"No clear difference: {reason}",
        "galaxies": 0,
        "difference": None,
        "old": None,
        "new": None,
        "problems": [],
    }


def _choose(labels: LabelSet | Path, which: Which) -> list[LabelledCutout]:
    """Return the cutouts to judge on: only done ones know all their clumps."""
    path = None if isinstance(labels, LabelSet) else labels
    found = labels if isinstance(labels, LabelSet) else read_label_set(labels)
    chosen = [c for c in found.cutouts if c.done and (c.held_out or which == "all")]
    if not chosen:
        what = "no cutout is done" if which == "all" else "no held-out cutout is done"
        raise LabelError(
            f"{what}, so there is nothing to judge on",
            path,
            "Set cutouts done whose clumps are all boxed.",
        )
    return chosen


def _counting(report: Report | None, total: int) -> Callable[[], None]:
    done = 0

    def told() -> None:
        nonlocal done
        done += 1
        if report is not None:
            report({"event": "progress", "done": done, "total": total})

    return told


def _judge(
    folder: Path,
    chosen: Sequence[LabelledCutout],
    score: float | None,
    device: str,
    told: Callable[[], None],
    should_stop: Callable[[], bool] | None,
) -> _Judged:
    """Search each cutout; one that cannot be read is a problem of its own."""
    from .predict import Predictor

    predictor = Predictor(folder, device=device)
    default = read_card(folder).default_score
    judged = _Judged(predictor.model_id, default if score is None else score)
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
    return metrics.match(
        true, found.boxes[kept], found.scores[kept], ignored=ignored, fwhm=one.fwhm
    )


def _keep_common(first: _Judged, second: _Judged) -> None:
    """Keep the galaxies that both models could search."""
    common = {id(g) for g in first.galaxies} & {id(g) for g in second.galaxies}
    problems = list(dict.fromkeys([*first.problems, *second.problems]))
    for judged in (first, second):
        keep = [i for i, g in enumerate(judged.galaxies) if id(g) in common]
        judged.galaxies = [judged.galaxies[i] for i in keep]
        judged.matches = [judged.matches[i] for i in keep]
        judged.found = [judged.found[i] for i in keep]
        for name, matches in judged.per_class.items():
            judged.per_class[name] = [matches[i] for i in keep]
        judged.problems = problems


def _figures(judged: _Judged) -> dict[str, Any]:
    matches, score = judged.matches, judged.score
    n_true, hits, false = (int(n) for n in metrics.counts(matches, score).sum(axis=0))
    intervals = metrics.bootstrap(matches, score)
    fitted = calibration.fit(matches)
    return {
        "model": judged.name,
        "score": score,
        "galaxies": len(matches),
        "true_boxes": n_true,
        "hits": hits,
        "false": false,
        **{name: interval.as_json() for name, interval in intervals.items()},
        "best_score": metrics.best_score(matches),
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
        "false_per_empty_galaxy": metrics.false_per_empty(matches, score),
        "seconds_per_cutout": round(judged.seconds / max(len(matches), 1), 4),
        "problems": judged.problems,
        "summary": _summary(judged, intervals, n_true),
    }


def _by_class(judged: _Judged) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield figures per class, where a box of another class is no match."""
    for name, matches in judged.per_class.items():
        completeness, purity = metrics.completeness_purity(matches, judged.score)
        n_true, hits, false = metrics.counts(matches, judged.score).sum(axis=0)
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
    judged: _Judged, intervals: dict[str, metrics.Interval], n_true: int
) -> str:
    figures = " and ".join(
        f"{name} {_with_range(intervals[name])}" for name in ("completeness", "purity")
    )
    return (
        f"{judged.name}: {figures} (95 %) at score {judged.score:.2f}, on "
        f"{_plural(len(judged.matches), 'galaxy', 'galaxies')} with "
        f"{_plural(n_true, 'clump', 'clumps')}."
    )


def _with_range(interval: metrics.Interval) -> str:
    if interval.value is None:
        return "not defined"
    if interval.outer is None:
        return f"{interval.value:.2f}"
    low, high = interval.outer
    return f"{interval.value:.2f} ({low:.2f} to {high:.2f})"


def _sentence(
    result: metrics.Comparison, old: _Judged, new: _Judged, which: Which
) -> str:
    """Return the comparison in one sentence for the person."""
    before, after = (
        metrics.f1(old.matches, old.score),
        metrics.f1(new.matches, new.score),
    )
    kind = " held-out" if which == "held_out" else ""
    on = f"on {result.n_galaxies}{kind} " + (
        "galaxy" if result.n_galaxies == 1 else "galaxies"
    )
    if before is None or after is None:
        return f"No clear difference: no box was true or found {on}."
    figures = f"F1 {before:.2f} -> {after:.2f}"
    if result.n_galaxies < metrics.FEWEST_GALAXIES:
        return (
            f"No clear difference: {figures} {on}, which are too few to tell "
            f"(at least {metrics.FEWEST_GALAXIES})."
        )
    outer = result.difference["f1"].outer
    spread = (
        ""
        if outer is None
        else (f" (difference {outer[0]:+.2f} to {outer[1]:+.2f}, 95 %)")
    )
    return f"{result.verdict.capitalize()}: {figures}{spread} {on}."


def _plural(n: int, one: str, many: str) -> str:
    return f"{n} {one if n == 1 else many}"
