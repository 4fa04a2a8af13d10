"""``evaluate`` on images that were changed: made worse, or their clumps erased."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from clump_detector.core.files import write_json
from clump_detector.core.json_types import JsonObject
from clump_detector.models.registry import resolve_model
from napari_clumps.cli.labels import joined_labels
from napari_clumps.cli.progress import shown_events

from .choices import EvaluateOptions


def degrade(labels: list[Path], model: str, options: EvaluateOptions) -> None:
    """Print and draw what becomes of a model's figures as images get worse.

    Raises
    ------
    ClumpError
        If there is no such model, or no galaxy to evaluate on.
    """
    from clump_detector.evaluation.robustness.curves import (
        robustness,
        robustness_in_words,
    )
    from clump_detector.evaluation.robustness.picture import draw_robustness

    _say_changed(
        labels, model, options, robustness, robustness_in_words, draw_robustness
    )


def erase(labels: list[Path], model: str, options: EvaluateOptions) -> None:
    """Print and draw what a model still proposes where the clump is erased.

    Raises
    ------
    ClumpError
        If there is no such model, or no galaxy to evaluate on.
    """
    from clump_detector.evaluation.robustness.erased import (
        erase_clumps,
        erased_in_words,
    )
    from clump_detector.evaluation.robustness.picture import draw_erased

    _say_changed(labels, model, options, erase_clumps, erased_in_words, draw_erased)


def _say_changed(
    labels: list[Path],
    model: str,
    options: EvaluateOptions,
    measure: Callable[..., JsonObject],
    in_words: Callable[[JsonObject], list[str]],
    draw: Callable[[JsonObject, Path], None],
) -> None:
    """Measure a model on changed images; print, write and draw the figures."""
    with joined_labels(labels) as joined, shown_events("Evaluating") as progress:
        figures = measure(
            resolve_model(model), joined, score=options.score, device=options.device,
            which="held_out" if options.held_out else "all", progress=progress,
        )  # fmt: skip
    for problem in figures["problems"]:
        print(f"napari-clumps: {problem}", file=sys.stderr)
    for said in (*in_words(figures), *figures["notes"]):
        print(said)
    if options.out is not None:
        write_json(options.out, figures)
    if options.picture is not None:
        draw(figures, options.picture)
