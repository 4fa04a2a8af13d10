"""The human ceiling as a picture: how far people agree, and the model with them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from clump_detector.core.json_types import JsonObject
from clump_detector.evaluation.plots import COLOURS, new_figure, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PEOPLE, _MODEL = COLOURS[0], COLOURS[1]


def draw_ceiling(figures: JsonObject, path: Path) -> None:
    """Draw the agreement of people, and of the model with people.

    Parameters
    ----------
    figures : dict
        As `agreement_of_several` gives them.
    path : path
        A file whose ending names its format: png, pdf or svg.

    Raises
    ------
    ConfigError
        If matplotlib is not installed.
    FileError
        If the file cannot be written, or its ending names no format.
    """
    save_figure(_drawn(figures), path)


def ceiling_png(figures: JsonObject) -> bytes:
    """Return the same picture as a PNG file, as narrow as a panel.

    Parameters
    ----------
    figures : dict

    Raises
    ------
    ConfigError
        If matplotlib is not installed.
    """
    made = io.BytesIO()
    _drawn(figures, narrow=True).savefig(made, dpi=100, format="png")
    return made.getvalue()


def _drawn(figures: JsonObject, *, narrow: bool = False) -> Figure:
    """Return the plots beside each other, or one below the other."""
    skilled = [row for row in figures["each"] if row["skill"] is not None]
    n = 2 if skilled else 1
    drawing = new_figure(3.6, 2.7 * n) if narrow else new_figure(3.9 * n, 3.2)
    axes = drawing.subplots(n if narrow else 1, 1 if narrow else n, squeeze=False).flat
    _agreement(axes[0], figures)
    if skilled:
        _skills(axes[1], skilled)
    return drawing


def _agreement(axes: Axes, figures: JsonObject) -> None:
    """Draw the F1 of each pair of reviewers, and of the model with each of them."""
    for place, (key, colour) in enumerate((("people", _PEOPLE), ("model", _MODEL))):
        row = figures[key]
        if row["value"] is None:
            axes.text(place, 0.5, "none", ha="center", color="0.5")
            continue
        each = figures[f"{key}_each"]
        axes.plot([place - 0.18] * len(each), each, "o", color=colour, ms=3, alpha=0.6)
        axes.plot(place, row["value"], "D", color=colour, ms=7)
        if row["95"] is not None:
            axes.plot([place, place], row["95"], color=colour, lw=1.5)
        axes.annotate(
            f"{row['value']:.2f}", (place, row["value"]), textcoords="offset points",
            xytext=(9, -3), fontsize=9, color=colour,
        )  # fmt: skip
    if figures["people"]["95"] is not None:
        axes.axhspan(*figures["people"]["95"], color=_PEOPLE, alpha=0.1, lw=0)
    axes.set_xticks((0, 1), ("two people", "model and\na person"))
    axes.set(xlim=(-0.6, 1.7), ylim=(0, 1.02), ylabel="F1")
    n, places = figures["cutouts"], figures["places"]
    axes.set_title(
        f"agreement on {n:,} cutout{'s' * (n != 1)}, {places:,} places", fontsize=9
    )


def _skills(axes: Axes, rows: list[JsonObject]) -> None:
    """Draw each reviewer's skill against the false-positive rate."""
    for row, colour in zip(rows, COLOURS * len(rows), strict=False):
        skill, false = row["skill"], row["false_positive_rate"]
        axes.plot(false["value"], skill["value"], "o", color=colour, ms=6,
                  label=row["reviewer"])  # fmt: skip
        if skill["95"] is not None and false["95"] is not None:
            axes.plot([false["value"]] * 2, skill["95"], color=colour, lw=1)
            axes.plot(false["95"], [skill["value"]] * 2, color=colour, lw=1)
    axes.set(
        xlabel="false-positive rate", ylabel="skill", xlim=(-0.02, 1), ylim=(0, 1.02)
    )
    axes.legend(fontsize=7, loc="lower right")
    axes.set_title("each reviewer", fontsize=9)
