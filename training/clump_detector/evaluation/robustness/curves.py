"""Completeness and purity of a model on labelled galaxies whose images got worse."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from clump_detector.core.boxes import as_boxes, share_within, to_edges
from clump_detector.core.errors import ClumpError, LabelError
from clump_detector.core.json_types import JsonObject
from clump_detector.core.progress import CancelToken, Progress, no_progress
from clump_detector.core.text import plural
from clump_detector.detector.predict import Detections, Predictor
from clump_detector.evaluation.labelled_images import match_boxes, read_labelled
from clump_detector.evaluation.selection import Which, choose
from clump_detector.labels.label_set import LabelledCutout, LabelSet
from clump_detector.metrics import bootstrap, matching
from clump_detector.metrics.matching import Match

from .degradations import DEGRADATIONS, Degradation, Degraded, Level, level_name

#: A clump of which more than this share has no data need not be found.
MOST_GONE = 0.3

#: With fewer clumps left to be found than this nothing is told.
FEWEST = 10

_At = tuple[str, Level]


@dataclass(frozen=True)
class _Pair:
    """A galaxy's boxes as it was and as it became, matched with the same clumps."""

    before: Match
    after: Match


def robustness(
    folder: Path,
    labels: LabelSet | Path,
    *,
    degradations: Sequence[Degradation] = DEGRADATIONS,
    score: float | None = None,
    device: str = "auto",
    which: Which = "all",
    seed: int = 0,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> JsonObject:
    """Search galaxies as they are and degraded, and compare what is found.

    Parameters
    ----------
    folder : path
        The model folder.
    labels : LabelSet or path
    degradations : sequence of Degradation
    score : float, optional
        From which boxes count; the card's default.
    device : str
    which : "all" or "held_out"
        Which of the done cutouts.
    seed : int
    progress : callable
        Called after each cutout.
    cancel : CancelToken, optional
        Checked before each search.

    Returns
    -------
    dict
        Ready for JSON: ``model``, ``score``, ``galaxies``, ``true_boxes``,
        ``completeness`` and ``purity`` with their intervals, ``degradations`` (a list
        of ``name``, ``unit`` and ``levels``), ``problems``, ``notes``. A level has its
        ``level``, ``true_boxes``, ``completeness``, ``purity`` and
        ``completeness_change`` and ``purity_change``: the differences from the same
        galaxies undisturbed. Clumps of which more than `MOST_GONE` has no data count
        in neither.

    Raises
    ------
    Cancelled
    LabelError
        If no cutout is left to evaluate on.
    ModelError
        If the model cannot be used.
    """
    chosen = choose(labels, which, [folder])
    cancel = cancel or CancelToken()
    predictor = Predictor(folder, device)
    least = predictor.card.default_score if score is None else score
    whole: list[Match] = []
    pairs: dict[_At, list[_Pair]] = defaultdict(list)
    problems: list[str] = []
    for k, one in enumerate(chosen.cutouts):
        try:
            before, found = _search(predictor, one, degradations, (seed, k), cancel)
        except ClumpError as error:
            problems.append(error.message)
        else:
            whole.append(before)
            for level, pair in found.items():
                pairs[level].append(pair)
        progress(k + 1, len(chosen.cutouts), "searching degraded images")
    if not whole:
        raise LabelError(problems[0])
    undisturbed = bootstrap.bootstrap(whole, least)
    return {
        "model": predictor.model_id,
        "score": least,
        "galaxies": len(whole),
        "true_boxes": int(matching.counts(whole, least)[:, 0].sum()),
        **{name: value.as_json() for name, value in undisturbed.items()},
        "degradations": [
            {
                "name": one.name,
                "unit": one.unit,
                "levels": [
                    _figures(level, pairs[one.name, level], least)
                    for level in one.levels
                ],
            }
            for one in degradations
        ],
        "problems": problems,
        "left_out": chosen.left_out,
        "notes": list(chosen.notes),
    }


def _search(
    predictor: Predictor,
    one: LabelledCutout,
    degradations: Sequence[Degradation],
    seed: tuple[int, int],
    cancel: CancelToken,
) -> tuple[Match, dict[_At, _Pair]]:
    """Return what is found on a galaxy as it is, and at each level beside that."""
    cutout = read_labelled(one)
    before = predictor.predict(cutout, cancel=cancel)
    found: dict[_At, _Pair] = {}
    for n, way in enumerate(degradations):
        for m, level in enumerate(way.levels):
            rng = np.random.default_rng((*seed, n, m))
            worse = way.apply(cutout, level, rng)
            after = predictor.predict(worse.cutout, cancel=cancel)
            seen = _visible(one, worse)
            found[way.name, level] = _Pair(
                _matched(seen, before), _matched(seen, _moved_back(after, worse))
            )
    return _matched(one, before), found


def _visible(one: LabelledCutout, worse: Degraded) -> LabelledCutout:
    """Return a cutout whose clumps without data need not be found."""
    if worse.gone is None or not one.boxes:
        return one
    boxes = as_boxes([box.corners for box in one.boxes])
    gone = share_within(worse.gone, to_edges(boxes)) > MOST_GONE
    return replace(
        one,
        boxes=tuple(
            replace(box, ignored=box.ignored or bool(lost))
            for box, lost in zip(one.boxes, gone, strict=True)
        ),
    )


def _moved_back(found: Detections, worse: Degraded) -> Detections:
    if worse.back is None:
        return found
    return replace(found, boxes=worse.back(found.boxes))


def _matched(one: LabelledCutout, found: Detections) -> Match:
    return match_boxes(one, found.boxes, found.scores)


def _figures(level: Level, pairs: Sequence[_Pair], score: float) -> JsonObject:
    before, after = [p.before for p in pairs], [p.after for p in pairs]
    values = bootstrap.bootstrap(after, score)
    change = bootstrap.compare(before, after, score, score).difference
    names = ("completeness", "purity")
    return {
        "level": level,
        "true_boxes": int(matching.counts(after, score)[:, 0].sum()),
        **{name: values[name].as_json() for name in names},
        **{f"{name}_change": change[name].as_json() for name in names},
    }


def robustness_in_words(figures: JsonObject) -> list[str]:
    """Return the figures of `robustness` in lines."""
    whole = {
        name: bootstrap.Interval.from_json(figures[name])
        for name in ("completeness", "purity")
    }
    lines = [
        f"{figures['model']}: {bootstrap.in_words(whole)} at score "
        f"{figures['score']:.2f}, on "
        f"{plural(figures['galaxies'], 'galaxy', 'galaxies')} with "
        f"{plural(figures['true_boxes'], 'clump')}. Changes from that, with 95 %:"
    ]
    for one in figures["degradations"]:
        lines.append(f"{one['name']}{', ' if one['unit'] else ''}{one['unit']}")
        for row in one["levels"]:
            if row["true_boxes"] < FEWEST:
                left = plural(row["true_boxes"], "clump is", "clumps are")
                lines.append(
                    f"  {level_name(row['level']):>9}: {left} left to be found, too few"
                )
                continue
            shown = [
                f"{name} {_change(row[f'{name}_change'])}"
                for name in ("completeness", "purity")
            ]
            lines.append(f"  {level_name(row['level']):>9}: {', '.join(shown)}")
    return lines


def _change(values: JsonObject) -> str:
    found = bootstrap.Interval.from_json(values)
    if found.value is None:
        return "not defined"
    if found.outer is None:
        return f"{found.value:+.2f}"
    low, high = found.outer
    return f"{found.value:+.2f} ({low:+.2f} to {high:+.2f})"
