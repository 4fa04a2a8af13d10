"""The plot of an experiment: metrics against the number of galaxies."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from clump_detector.core.json_types import JsonObject


def draw_experiment(rows: list[JsonObject], path: Path) -> None:
    """Draw completeness, purity and AP against the number of galaxies.

    Parameters
    ----------
    rows : list of dict
        As `run_experiment` returns them.
    path : path
        A file whose ending names its format: png, pdf or svg.

    Raises
    ------
    ConfigError
        If matplotlib is not installed.
    """
    from clump_detector.evaluation.plots import COLOURS, new_figure, save_figure

    drawing = new_figure(10.5, 3.4)
    panels = drawing.subplots(1, 3, sharex=True)
    names = list(dict.fromkeys(_name(row, rows) for row in rows))
    for axes, key in zip(panels, ("completeness", "purity", "ap50"), strict=True):
        for name, colour in zip(names, itertools.cycle(COLOURS), strict=False):
            sizes, low, middle, high = zip(*_spread(rows, name, key), strict=True)
            axes.plot(sizes, middle, "o-", color=colour, ms=4, lw=1.3, label=name)
            axes.fill_between(sizes, low, high, color=colour, alpha=0.2, lw=0)
        axes.set(xlabel="galaxies to learn from", xscale="log", ylim=(0, 1))
        axes.set_title({"ap50": "AP at IoU 0.5"}.get(key, key), fontsize=9)
    panels[0].legend(fontsize=7)
    save_figure(drawing, path)


def _name(row: JsonObject, rows: list[JsonObject]) -> str:
    """Return a line's name: the encoder, and what was trained if that varies."""
    several = len({one["parts"] for one in rows}) > 1
    return f"{row['init']}, {row['parts']}" if several else str(row["init"])


def _spread(
    rows: list[JsonObject], name: str, key: str
) -> Iterator[tuple[int, float, float, float]]:
    """Yield (size, lowest, mean, highest) over seeds of one encoder."""
    for size in sorted({row["galaxies"] for row in rows}):
        values = [
            row[key] or 0.0
            for row in rows
            if _name(row, rows) == name and row["galaxies"] == size
        ]
        if values:
            yield size, min(values), float(np.mean(values)), max(values)
