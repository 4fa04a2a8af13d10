"""The picture of how far two catalogues agree, by what is known of their clumps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clump_detector.core.json_types import JsonObject
from clump_detector.evaluation.plots import COLOURS, new_grid, save_figure

from .agreement import GROUPS

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_agreement(figures: JsonObject, path: Path) -> None:
    """Draw the share of clumps that the other catalogue has, by each quantity.

    Parameters
    ----------
    figures : dict
        From `agreement`.
    path : path
        png, pdf or svg.

    Raises
    ------
    ConfigError
        If matplotlib is not installed.
    FileError
        If it cannot be written.
    """
    names = list(dict.fromkeys((*figures["first"]["by"], *figures["second"]["by"])))
    drawing, grid = new_grid(len(names) + 1, 9.6, 2.7, sharey=True)
    _draw_all(grid[0], figures)
    for axes, name in zip(grid[1:], names, strict=True):
        _draw(axes, name, figures)
    grid[0].set_ylim(0, 1.02)
    first, second = figures["catalogues"]
    drawing.suptitle(
        f"{first} and {second}: share of clumps that the other has, with 95 %",
        fontsize=9,
    )
    save_figure(drawing, path)


def _draw_all(axes: Axes, figures: JsonObject) -> None:
    """Draw the share of all clumps of each catalogue."""
    for k, key in enumerate(("first", "second")):
        row = figures[key]
        if row["share"] is not None:
            _point(axes, k, row, COLOURS[k])
    names = [f"{name}\n{figures[key]['clumps']}" for name, key in
             zip(figures["catalogues"], ("first", "second"), strict=True)]  # fmt: skip
    axes.set_xticks([0, 1], names, fontsize=7)
    axes.set_xlim(-0.6, 1.6)
    axes.set_title("all clumps", fontsize=8)


def _draw(axes: Axes, name: str, figures: JsonObject) -> None:
    """Draw the share by one quantity, of both catalogues."""
    groups: list[str] = []
    for k, key in enumerate(("first", "second")):
        for row in figures[key]["by"].get(name, ()):
            if name in GROUPS:
                if row[name] not in groups:
                    groups.append(row[name])
                _point(axes, groups.index(row[name]) + 0.15 * k, row, COLOURS[k])
            else:
                middle = (row["low"] + row["high"]) / 2
                _point(axes, middle, row, COLOURS[k])
                axes.plot(
                    [row["low"], row["high"]],
                    [row["share"]] * 2,
                    color=COLOURS[k],
                    lw=2,
                )
    if groups:
        names = [group.replace("_", "\n") for group in groups]
        axes.set_xticks(range(len(groups)), names, fontsize=7)
        axes.set_xlim(-0.5, len(groups) - 0.5)
    axes.tick_params(labelsize=7)
    axes.set_title(f"by {name}", fontsize=8)


def _point(axes: Axes, x: float, row: JsonObject, colour: str) -> None:
    low, high = row["95"]
    axes.plot([x, x], [low, high], color=colour, lw=1)
    axes.plot([x], [row["share"]], "o", color=colour, ms=4)
