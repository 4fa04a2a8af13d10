"""Completeness against flux ratio, from injected clumps: values, intervals, plot."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from clump_detector.core.json_types import JsonObject
from clump_detector.image_files.added_light import RATIOS
from clump_detector.metrics.shares import wilson
from clump_detector.photometry.results import BRIGHTER_LIMIT, FAINTER_LIMIT

from .injection import Trial
from .plots import COLOURS, new_figure, save_figure

#: Bins of flux ratio: edges in the logarithm.
EDGES = np.geomspace(*RATIOS, 9)

#: Fewer trials than this give no share.
LEAST = 5


def completeness(trials: Sequence[Trial], score: float) -> JsonObject:
    """Return the shares found at a score, by flux ratio, with their intervals.

    Parameters
    ----------
    trials : sequence of Trial
    score : float
        A clump counts as found from this score on.

    Returns
    -------
    dict
        ``score``, ``trials``, ``found``, ``bins``: of each its flux ratios, number,
        number found, share and 68 % interval; and ``half``, the flux ratio from which
        half of the clumps are found, or None.
    """
    rows = []
    for low, high in itertools.pairwise(EDGES):
        inside = [t for t in trials if low <= t.ratio < high]
        found = sum(_is_found(t, score) for t in inside)
        rows.append(
            {
                "low": float(low),
                "high": float(high),
                "n": len(inside),
                "found": found,
                "share": found / len(inside) if len(inside) >= LEAST else None,
                "interval": wilson(found, len(inside)),
            }
        )
    return {
        "score": score,
        "trials": len(trials),
        "found": sum(_is_found(t, score) for t in trials),
        "bins": rows,
        "half": _half(rows),
    }


def _is_found(trial: Trial, score: float) -> bool:
    return trial.score is not None and trial.score >= score


def _half(rows: Sequence[JsonObject]) -> float | None:
    """Return where the share last rises through one half, between bins' middles."""
    known = [r for r in rows if r["share"] is not None]
    middles = [np.log(r["low"] * r["high"]) / 2 for r in known]
    for k in range(len(known) - 1, 0, -1):
        below, above = known[k - 1]["share"], known[k]["share"]
        if below < 0.5 <= above:
            part = (0.5 - below) / (above - below)
            return float(np.exp(middles[k - 1] + part * (middles[k] - middles[k - 1])))
    return None


def completeness_in_words(values: JsonObject, cutouts: int, model: str) -> list[str]:
    """Return the shares that a model found, in lines.

    Parameters
    ----------
    values : dict
        From `completeness`.
    cutouts : int
        Into how many the clumps were injected.
    model : str
    """
    lines = [
        f"{values['found']} of {values['trials']} clumps put into {cutouts} cutouts "
        f"are found by {model} at a score of {values['score']:g} or more."
    ]
    for row in values["bins"]:
        if row["share"] is not None:
            low, high = row["interval"]
            lines.append(
                f"flux ratio {row['low']:6.1%} to {row['high']:5.1%}: "
                f"{row['found']:4d} of {row['n']:4d}, {row['share']:.2f} "
                f"({low:.2f} to {high:.2f})"
            )
    if values["half"] is not None:
        lines.append(
            f"Half of them are found from a flux ratio of {values['half']:.1%} on."
        )
    return lines


def draw_completeness(values: JsonObject, path: Path, words: str) -> None:
    """Draw shares found against flux ratio, with intervals and numbers.

    Parameters
    ----------
    values : dict
        From `completeness`.
    path : path
        png, pdf or svg.
    words : str
        The title.
    """
    drawing = new_figure(5.6, 3.8)
    axes = drawing.subplots()
    rows = [r for r in values["bins"] if r["share"] is not None]
    middles = [np.sqrt(r["low"] * r["high"]) for r in rows]
    shares = np.array([r["share"] for r in rows])
    bounds = np.array([r["interval"] for r in rows]).reshape(-1, 2).T
    errors = np.clip([shares - bounds[0], bounds[1] - shares], 0, None)
    axes.errorbar(
        middles, shares, yerr=errors, fmt="o-", color=COLOURS[0], ms=5, lw=1.2,
        capsize=2,
    )  # fmt: skip
    for middle, row in zip(middles, rows, strict=True):
        axes.annotate(
            str(row["n"]), (middle, 0.02), ha="center", fontsize=7, color="0.4"
        )
    for limit, name in ((FAINTER_LIMIT, "3 %"), (BRIGHTER_LIMIT, "8 %")):
        axes.axvline(limit, color="0.6", lw=0.8, ls=":")
        axes.annotate(name, (limit * 1.03, 1.03), fontsize=7, color="0.4")
    axes.axhline(0.5, color="0.8", lw=0.8, zorder=0)
    axes.set(xscale="log", xlim=RATIOS, ylim=(0, 1.09))
    axes.set(xlabel="clump flux / galaxy flux, bluest band", ylabel="completeness")
    axes.set_title(words, fontsize=9)
    save_figure(drawing, path)
