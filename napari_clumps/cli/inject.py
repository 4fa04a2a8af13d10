"""``evaluate --inject``: how faint a clump a model finds on one's own cutouts."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from clump_detector.core.boxes import Boxes
from clump_detector.core.errors import ConfigError
from clump_detector.core.files import write_json
from clump_detector.core.sources import Source, find_sources
from clump_detector.images.cutout import Cutout
from clump_detector.labels.label_set import read_label_set


def inject_from_command_line(
    path: Path,
    model: str,
    n: int,
    *,
    score: float | None = None,
    device: str = "auto",
    out: Path | None = None,
    picture: Path | None = None,
    seed: int = 0,
    report: Callable[[int, int], None] | None = None,
) -> None:
    """Put clumps into cutouts, detect, and print and draw the completeness.

    Parameters
    ----------
    path : path
        An image, a folder, a label set or a review.
    model : str
    n : int
        How many clumps.
    score : float, optional
        From which boxes count; the card's default.
    device : str
    out, picture : path, optional
        Where all trials go as JSON, and the figure.
    seed : int
    report : callable, optional

    Raises
    ------
    ClumpError
        If there is no such model or no cutout that can be used.
    """
    from clump_detector.detector.predict import Predictor
    from clump_detector.evaluation.injection import (
        completeness,
        draw_completeness,
        try_clumps,
    )
    from clump_detector.models.registry import resolve_model

    sources = _sources(path)
    predictor = Predictor(resolve_model(model), device)
    least = predictor.card.default_score if score is None else score

    def find(cutout: Cutout) -> tuple[Boxes, list[float]]:
        found = predictor.predict(cutout)
        return found.boxes, found.scores.tolist()

    trials, problems = try_clumps(sources, find, n, seed=seed, report=report)
    for problem in problems:
        print(f"napari-clumps: {problem}", file=sys.stderr)
    figures = completeness(trials, least)
    cutouts = len({trial.cutout for trial in trials})
    print(
        f"{figures['found']} of {figures['trials']} clumps put into {cutouts} cutouts "
        f"are found by {predictor.model_id} at a score of {least:g} or more."
    )
    for row in figures["bins"]:
        if row["share"] is not None:
            low, high = row["interval"]
            print(
                f"flux ratio {row['low']:6.1%} to {row['high']:5.1%}: "
                f"{row['found']:4d} of {row['n']:4d}, {row['share']:.2f} "
                f"({low:.2f} to {high:.2f})"
            )
    if figures["half"] is not None:
        print(f"Half of them are found from a flux ratio of {figures['half']:.1%} on.")
    if out is not None:
        rows = [vars(trial) for trial in trials]
        write_json(out, {"model": predictor.model_id, **figures, "each": rows})
    if picture is not None:
        words = f"{predictor.model_id}, score {least:g}, {figures['trials']} clumps"
        draw_completeness(figures, picture, words)


def _sources(path: Path) -> list[Source]:
    """Return the cutouts of a review or a label set, or images and folders."""
    if path.suffix == ".clumps":
        from napari_clumps.review import Review

        with Review.open(path, read_only=True) as review:
            found = [c.source for c in review.cutouts() if c.repeat_of is None]
    elif path.suffix == ".json":
        found = [cutout.source for cutout in read_label_set(path).cutouts]
    else:
        found = find_sources([path])
    if not found:
        raise ConfigError("there is no cutout to put clumps into", path, "Name images.")
    return found
