"""Measured over true fluxes against S/N, and the pulls, as a picture."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clump_detector.evaluation.plots import COLOURS, new_figure, save_figure

from .pairs import LEAST_SIGNAL, Pair, statistics

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(pairs: Sequence[Pair], path: Path, bands: str = "gri") -> None:
    """Draw measured over true against S/N, and the pulls, by band.

    Parameters
    ----------
    pairs : sequence of Pair
    path : path
        A file whose ending names its format: png, pdf or svg.
    bands : str
        One column each.
    """
    drawing = new_figure(10.5, 5.6)
    axes = drawing.subplots(2, len(bands), squeeze=False)
    for k, band in enumerate(bands):
        mine = [p for p in pairs if p.band == band and p.psf == "known" and p.clear]
        _draw_ratios(axes[0][k], mine, band, COLOURS[k])
        _draw_pulls(axes[1][k], [p for p in mine if p.wanted], COLOURS[k])
    axes[0][0].set_ylabel("measured / true")
    axes[1][0].set_ylabel("clumps")
    save_figure(drawing, path)


def _draw_ratios(axes: Axes, pairs: Sequence[Pair], band: str, colour: str) -> None:
    signal = np.array([p.true / p.error for p in pairs])
    ratio = np.array([p.flux / p.true for p in pairs])
    axes.plot(signal, ratio, ".", ms=3, color=colour, alpha=0.4)
    edges = np.array([3, 5, 7, 10, 14, 20, 30, 50, 100, 300])
    for low, high in itertools.pairwise(edges):
        inside = ratio[(signal >= low) & (signal < high)]
        if len(inside) >= 5:
            bounds = np.percentile(inside, [16, 50, 84])
            axes.errorbar(
                np.sqrt(low * high),
                bounds[1],
                yerr=[[bounds[1] - bounds[0]], [bounds[2] - bounds[1]]],
                fmt="o",
                color="0.1",
                ms=4,
                lw=1,
            )
    axes.axhspan(0.97, 1.03, color="0.85", zorder=0)
    axes.axhline(1, color="0.6", lw=0.8, zorder=0)
    axes.axvline(LEAST_SIGNAL, color="0.6", lw=0.8, ls=":")
    axes.set(xscale="log", xlim=(3, 300), ylim=(0.5, 1.5))
    axes.set_xlabel("true flux / error", fontsize=9)
    values = statistics(pairs)
    if "ratio" in values:
        axes.set_title(
            f"{band}: median {values['ratio']:.3f} of {values['n']} with S/N > 10",
            fontsize=9,
        )


def _draw_pulls(axes: Axes, pairs: Sequence[Pair], colour: str) -> None:
    pulls = np.array([(p.flux - p.true) / p.error for p in pairs])
    edges = np.linspace(-5, 5, 41)
    axes.hist(pulls, edges.tolist(), color=colour, alpha=0.6)
    centre = (edges[1:] + edges[:-1]) / 2
    normal = np.exp(-(centre**2) / 2) / np.sqrt(2 * np.pi)
    axes.plot(centre, normal * len(pulls) * (edges[1] - edges[0]), color="0.1", lw=1)
    axes.set_xlabel("(measured - true) / error", fontsize=9)
    values = statistics(pairs)
    if "width" in values:
        axes.set_title(f"width {values['width']:.2f} (line: 1)", fontsize=9)
