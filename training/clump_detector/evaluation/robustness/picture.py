"""The pictures of how robust a model is, and of its scores without the clump."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clump_detector.core.json_types import JsonObject
from clump_detector.evaluation.plots import COLOURS, new_figure, new_grid, save_figure

from .curves import FEWEST
from .degradations import level_name
from .erased import KINDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_robustness(figures: JsonObject, path: Path) -> None:
    """Draw completeness and purity against the level of each degradation.

    Parameters
    ----------
    figures : dict
        From `robustness`.
    path : path
        png, pdf or svg.

    Raises
    ------
    ConfigError
        If matplotlib is not installed.
    FileError
        If it cannot be written.
    """
    ways = figures["degradations"]
    drawing, grid = new_grid(len(ways), 9.6, 2.6, sharey=True)
    for axes, way in zip(grid, ways, strict=True):
        _draw(axes, way, figures)
    drawn = [axes for axes in grid if axes.get_legend_handles_labels()[0]]
    if drawn:  # else too few clumps are left at every level
        drawn[0].legend(fontsize=7, loc="lower left")
    words = f"{figures['model']}, score {figures['score']:.2f}"
    drawing.suptitle(
        f"{words}, {figures['galaxies']} galaxies, {figures['true_boxes']} clumps; "
        "bands: 95 % of the change; dotted: undisturbed",
        fontsize=8,
    )
    save_figure(drawing, path)


def _draw(axes: Axes, way: JsonObject, figures: JsonObject) -> None:
    places = list(range(len(way["levels"])))
    for name, colour, style in (
        ("completeness", COLOURS[0], "o-"),
        ("purity", COLOURS[1], "s--"),
    ):
        rows = [
            (place, row[name]["value"], row[f"{name}_change"])
            for place, row in zip(places, way["levels"], strict=True)
            if row[name]["value"] is not None and row["true_boxes"] >= FEWEST
        ]
        axes.axhline(figures[name]["value"] or 0, color=colour, lw=0.8, ls=":")
        if not rows:
            continue
        shown = [(place, value) for place, value, _ in rows]
        axes.plot(
            *zip(*shown, strict=True), style, color=colour, ms=4, lw=1.2, label=name
        )
        banded = [
            (place, value - change["value"] + low, value - change["value"] + high)
            for place, value, change in rows
            if change["95"] is not None
            for low, high in [change["95"]]
        ]
        if banded:
            at, low, high = zip(*banded, strict=True)
            axes.fill_between(at, low, high, color=colour, alpha=0.15, lw=0)
    names = [level_name(row["level"]) for row in way["levels"]]
    axes.set_xticks(places, names, fontsize=7)
    axes.set_ylim(0, 1.02)
    axes.tick_params(axis="y", labelsize=7)
    title = f"{way['name']} ({way['unit']})" if way["unit"] else way["name"]
    axes.set_title(title, fontsize=8)


def draw_erased(figures: JsonObject, path: Path) -> None:
    """Draw the score of each box with its clump erased against that with it.

    Parameters
    ----------
    figures : dict
        From `erase_clumps`.
    path : path
        png, pdf or svg.

    Raises
    ------
    ConfigError
        If matplotlib is not installed.
    FileError
        If it cannot be written.
    """
    drawing = new_figure(5.2, 4.6)
    axes = drawing.subplots()
    for kind, colour, mark in zip(KINDS, COLOURS, "os^", strict=False):
        rows = [one for one in figures["each"] if one["kind"] == kind]
        if rows:
            axes.plot(
                [one["score"] for one in rows],
                [one["erased"] for one in rows],
                mark, color=colour, ms=4, alpha=0.7, lw=0, label=KINDS[kind][1],
            )  # fmt: skip
    axes.axhline(figures["score"], color="0.4", lw=0.8, ls=":")
    axes.plot([0, 1], [0, 1], color="0.7", lw=0.8)
    axes.set_xlim(0, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("score of the box")
    axes.set_ylabel("score with the clump erased")
    if figures["each"]:
        axes.legend(fontsize=7, loc="upper left")
    axes.set_title(
        f"{figures['model']}, {figures['galaxies']} galaxies; dotted: boxes above "
        f"{figures['score']:.2f} are proposed",
        fontsize=8,
    )
    save_figure(drawing, path)
