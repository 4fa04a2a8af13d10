"""Two models on the same galaxies, and what that amounts to in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from clump_detector.core.errors import LabelError
from clump_detector.core.json_types import JsonObject
from clump_detector.core.progress import CancelToken, Progress, no_progress
from clump_detector.labels.label_set import LabelSet
from clump_detector.metrics import bootstrap, matching
from clump_detector.models.card import now, read_card, write_card

from .classes import only_labels
from .evaluate import Evaluated, metrics_of, search_all
from .selection import Which, choose


def compare_models(
    old: Path,
    new: Path,
    labels: LabelSet | Path,
    *,
    old_score: float | None = None,
    new_score: float | None = None,
    device: str = "auto",
    which: Which = "held_out",
    classes: Sequence[str] | None = None,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> JsonObject:
    """Compare two models on galaxies that neither has learned from.

    Parameters
    ----------
    old, new : paths
        The model folders; "better" and "worse" refer to the new one.
    labels, device, which, classes, progress, cancel
        As in `evaluate.evaluate_model`.
    old_score, new_score : float, optional
        The cards' defaults unless given.

    Returns
    -------
    dict
        Ready for JSON: ``old`` and ``new`` as from `evaluate.evaluate_model`,
        ``difference`` (new minus old, with intervals of pairs: at the models' own
        scores ``completeness``, ``purity`` and ``f1``, over all scores
        ``average_precision`` and ``best_f1``), ``verdict``, ``galaxies``, ``blind``
        (how many of them were marked before a model's boxes were shown),
        ``more_needed`` (how many more are needed, or None), ``left_out``, ``notes``,
        ``problems``, and ``summary``: sentences for the user.

    Raises
    ------
    Cancelled
    ModelError
        If a model cannot be used.
    """
    try:
        chosen = choose(labels, which, [old, new])
        cutouts = only_labels(chosen.cutouts, classes)
    except LabelError as error:
        # Without the path: in a window it is that of a file that will be gone.
        return _no_verdict(". ".join(filter(None, (error.what, error.remedy))))
    n = len(cutouts)

    def second_half(done: int, total: int, text: str) -> None:
        progress(n + done, 2 * n, text)

    def first_half(done: int, total: int, text: str) -> None:
        progress(done, 2 * n, text)

    first = search_all(old, cutouts, old_score, device, first_half, cancel, classes)
    second = search_all(new, cutouts, new_score, device, second_half, cancel, classes)
    _keep_common(first, second)
    if not first.matches:
        return _no_verdict(first.problems[0])
    result = bootstrap.compare(first.matches, second.matches, first.score, second.score)
    notes = [*chosen.notes, *_blind_note(first)]
    return {
        "verdict": result.verdict,
        "summary": _sentence(result, first, second, which),
        "galaxies": result.n_galaxies,
        "blind": sum(one.blind for one in first.galaxies),
        "more_needed": result.more_needed(),
        "difference": {k: v.as_json() for k, v in result.difference.items()},
        "old": metrics_of(first),
        "new": metrics_of(second),
        "left_out": chosen.left_out,
        "notes": notes,
        "problems": first.problems,
    }


def store_verdict(folder: Path, comparison: JsonObject, on: str = "") -> None:
    """Store a comparison in the card of the new model, if it has any galaxies.

    Parameters
    ----------
    folder : path
        The new model's folder.
    comparison : dict
        As from `compare_models`.
    on : str
        What it was made on, where that is not the review that the model learned from.

    Raises
    ------
    ModelError, FileError
        If the card cannot be read or written.
    """
    if not comparison["galaxies"]:
        return
    card = read_card(folder)
    kept = {
        "against": comparison["old"]["model"],
        "on": on,
        "time": now(),
        **{
            key: comparison[key]
            for key in ("verdict", "summary", "galaxies", "blind", "difference")
        },
    }
    write_card(folder, replace(card, verdicts=(*card.verdicts, kept)))


def _no_verdict(reason: str) -> JsonObject:
    return {
        "verdict": "no clear difference",
        "summary": f"The two models were not compared: {reason}",
        "galaxies": 0,
        "blind": 0,
        "more_needed": 2 * bootstrap.FEWEST_GALAXIES,
        "difference": None,
        "old": None,
        "new": None,
        "left_out": 0,
        "notes": [],
        "problems": [],
    }


def _keep_common(first: Evaluated, second: Evaluated) -> None:
    """Keep the galaxies that both models could search."""
    common = {id(g) for g in first.galaxies} & {id(g) for g in second.galaxies}
    problems = list(dict.fromkeys([*first.problems, *second.problems]))
    for one in (first, second):
        keep = [i for i, g in enumerate(one.galaxies) if id(g) in common]
        one.galaxies = [one.galaxies[i] for i in keep]
        one.matches = [one.matches[i] for i in keep]
        one.found = [one.found[i] for i in keep]
        for name, matches in one.per_class.items():
            one.per_class[name] = [matches[i] for i in keep]
        one.problems = problems


def _blind_note(result: Evaluated) -> list[str]:
    """Say where galaxies were labelled under a model's boxes."""
    shown = [
        one
        for one in result.galaxies
        if not one.blind and any(box.model for box in (*one.boxes, *one.rejected))
    ]
    if not shown:
        return []
    return [
        f"{len(shown)} of the {len(result.galaxies)} galaxies were reviewed under a "
        "model's boxes, which favours that model."
    ]


def _sentence(
    result: bootstrap.Comparison, old: Evaluated, new: Evaluated, which: Which
) -> str:
    """Return the comparison in one sentence that names both models."""
    before = matching.f1(old.matches, old.score)
    after = matching.f1(new.matches, new.score)
    n, needed = result.n_galaxies, result.more_needed()
    kind = "held-out " if which == "held_out" else ""
    clumps = f"{result.n_true} clump{'s' * (result.n_true != 1)}"
    on = f"on {n} {kind}{'galaxy' if n == 1 else 'galaxies'} with {clumps}"
    if before is None or after is None:
        return (
            f"No clear difference between {new.name} and {old.name}: no box was true "
            f"or found {on}."
        )
    values = f"F1 {before:.2f} -> {after:.2f}{_spread(result.difference['f1'])} {on}"
    if result.verdict != "no clear difference":
        return f"{new.name} {_verb(result)} {old.name}: {values}{_ranking(result)}."
    if result.too_few and result.n_with_true < n:
        values += f", in {result.n_with_true} of them: too few for a verdict"
    elif result.too_few:
        values += ", which are too few for a verdict"
    more = "galaxy" if needed == 1 else "galaxies"
    return (
        f"No clear difference between {new.name} and {old.name}: {values}"
        f"{_ranking(result)}. To tell them apart, about {needed} more {kind}{more} "
        "have to be done."
    )


def _verb(result: bootstrap.Comparison) -> str:
    """Return what the new model does that the old does not."""
    better = result.verdict == "better"
    found, pure = (
        result.difference[key].value or 0.0 for key in ("completeness", "purity")
    )
    if better:
        return "finds more than" if found > 0 else "is purer than"
    return "finds less than" if found < 0 or pure >= 0 else "is less pure than"


def _spread(interval: bootstrap.Interval) -> str:
    if interval.outer is None:
        return ""
    low, high = interval.outer
    return f" ({low:+.2f} to {high:+.2f})"


def _ranking(result: bootstrap.Comparison) -> str:
    """Return the difference over all scores, where it adds something."""
    interval = result.difference["average_precision"]
    if interval.value is None:
        return ""
    return f"; average precision {interval.value:+.2f}{_spread(interval)}"
