"""The picture of what the clumps of each tier of a catalogue are like."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clump_detector.core.arrays import Floats
from clump_detector.core.json_types import JsonObject
from clump_detector.evaluation.plots import COLOURS, new_grid, save_figure
from clump_detector.labels.tiers import TIERS

from .tiers import QUANTITIES, TierFigures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BINS = 16


def draw_tiers(found: TierFigures, path: Path) -> None:
    """Draw what the clumps of each tier are like: shares, and how values are spread.

    Parameters
    ----------
    found : TierFigures
    path : path
        png, pdf or svg.

    Raises
    ------
    ConfigError
        If matplotlib is not installed.
    FileError
        If it cannot be written.
    """
    every = [
        column
        for column in QUANTITIES
        if any(len(values.get(column, ())) > 1 for values in found.values.values())
    ]
    drawing, (first, *grid) = new_grid(len(every) + 1, 10.5, 2.7)
    _draw_shares(first, found.figures)
    for axes, column in zip(grid, every, strict=True):
        _draw_values(axes, column, found)
    save_figure(drawing, path)


def _draw_shares(axes: Axes, figures: JsonObject) -> None:
    """Draw the shares of each tier with their 95 % intervals."""
    keys = ("without_doubt", "look_like_clumps")
    for k, (row, colour) in enumerate(zip(figures.values(), COLOURS, strict=False)):
        for place, key in enumerate(keys):
            one = row.get(key)
            if one is None or one["share"] is None:
                continue
            x = place + 0.15 * (k - (len(figures) - 1) / 2)
            axes.plot([x, x], one["95"], color=colour, lw=1)
            axes.plot([x], [one["share"]], "o", color=colour, ms=4)
    axes.set_xticks(range(len(keys)), ["without doubt", "look like clumps"], fontsize=7)
    axes.set(xlim=(-0.5, len(keys) - 0.5), ylim=(0, 1.02))
    axes.tick_params(labelsize=7)
    axes.set_title("share, with 95 %", fontsize=8)


def _draw_values(axes: Axes, column: str, found: TierFigures) -> None:
    """Draw how a quantity is spread in each tier."""
    words, logarithmic = QUANTITIES[column]
    known = {tier: values.get(column, np.empty(0)) for tier, values in
             found.values.items()}  # fmt: skip
    every = np.concatenate(list(known.values()))
    logarithmic = logarithmic and bool((every > 0).all())
    edges = _edges(every, logarithmic)
    for (tier, values), colour in zip(known.items(), COLOURS, strict=False):
        if len(values):
            weights = np.full(len(values), 1 / len(values))
            axes.hist(
                np.clip(values, edges[0], edges[-1]), edges.tolist(), weights=weights,
                histtype="step", color=colour, lw=1.3,
                label=f"{TIERS.get(tier, tier)}, {len(values):,}",
            )  # fmt: skip
    if logarithmic:
        from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(labelsize=7)
    axes.set_title(words, fontsize=8)
    axes.set_ylim(0, axes.get_ylim()[1] * 1.25)  # for the legend
    axes.legend(fontsize=6)


def _edges(values: Floats, logarithmic: bool) -> Floats:
    """Return the edges of bins over what 98 % of the values span."""
    low, high = np.percentile(values, (1, 99))
    if high <= low:
        low, high = low * 0.9 - 1e-6, high * 1.1 + 1e-6
    if logarithmic and low > 0:
        return np.asarray(np.geomspace(low, high, _BINS + 1))
    return np.linspace(low, high, _BINS + 1)
