"""The catalogue of a simulated set and its plots.

``python docs/scripts/catalogue_pictures.py`` simulates galaxies as FITS, imports their
true boxes into a review, exports its catalogue in every format, checks the VOTable with
astropy's validator and draws ``docs/pictures/catalogue.png``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from clump_detector.catalogue import FORMATS, read_catalogue
from clump_detector.evaluation.plots import COLOURS, new_figure, save_figure
from clump_detector.labels.label_set import LabelSet, read_label_set
from clump_detector.simulate import simulate
from napari_clumps.io.catalogue import export_catalogue
from napari_clumps.review import Review

PICTURE = Path(__file__).parent.parent / "pictures" / "catalogue.png"


def main() -> None:
    """Make the set unless it is there, the catalogue and its plots."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("build/catalogue"))
    parser.add_argument("-n", type=int, default=400, help="galaxies")
    parser.add_argument("--picture", type=Path, default=PICTURE)
    options = parser.parse_args()
    sky = options.folder / "sky"
    if not sky.exists():
        simulate(sky, options.n, 20, kind="fits", clumpy=1.0, workers=2)
    labels = read_label_set(sky / "labels.json")
    path = reviewed(labels, options.folder / "sky.clumps")
    with Review.open(path, read_only=True) as review:
        for ending in FORMATS:
            print(export_catalogue(review, options.folder / f"clumps{ending}"))
    validate(options.folder / "clumps.vot")
    table = read_catalogue(options.folder / "clumps.vot")
    draw(table, truth_of(labels), options.picture)


def reviewed(labels: LabelSet, path: Path) -> Path:
    """Return a review in which the boxes of a label set are drawn."""
    if path.exists():
        return path
    sources = [cutout.source for cutout in labels.cutouts]
    with Review.create(path, sources, annotator="simulation", held_out=0.0) as review:
        for number, cutout in enumerate(labels.cutouts, start=1):
            for box in cutout.boxes:
                if not box.ignored:
                    review.add(number, box.corners, box.cls)
            review.set_done(number, True)
    return path


def truth_of(labels: LabelSet) -> list[dict[str, Any]]:
    """Return what the label set says of each box, in the order of the catalogue."""
    return [b.extra for c in labels.cutouts for b in c.boxes if not b.ignored]


def validate(path: Path) -> None:
    """Say what astropy's validator finds."""
    from astropy.io.votable import validate as check

    if not check(path, output=sys.stdout):
        raise SystemExit(f"{path} is no valid VOTable")


def draw(table: Any, truth: list[dict[str, Any]], path: Path) -> None:
    """Draw colours, flux ratios and measured against true fluxes."""
    drawing = new_figure(10.5, 3.6)
    left, middle, right = drawing.subplots(1, 3)
    _draw_colours(left, table)
    _draw_ratios(middle, table)
    _draw_fluxes(right, table, truth)
    save_figure(drawing, path)


def _draw_colours(axes: Any, table: Any) -> None:
    signal = table["clump_flux_r"].filled(0) / table["clump_flux_err_r"].filled(1)
    for limit, size, colour in ((3, 6, "0.75"), (10, 14, COLOURS[0])):
        chosen = signal > limit
        axes.scatter(
            table["clump_colour_g_r"].filled(np.nan)[chosen],
            table["clump_colour_r_i"].filled(np.nan)[chosen],
            s=size, color=colour, label=f"S/N > {limit} in r", lw=0,
        )  # fmt: skip
    axes.set(xlabel="g - r", ylabel="r - i", xlim=(-1, 1.2), ylim=(-1, 1))
    axes.legend(fontsize=7, frameon=False)
    axes.set_title("colours of clumps", fontsize=9)


def _draw_ratios(axes: Any, table: Any) -> None:
    ratio = table["clump_flux_ratio"].filled(np.nan)
    axes.hist(ratio[ratio > 0], np.geomspace(1e-3, 1, 25), color=COLOURS[2], alpha=0.7)
    for limit in (0.03, 0.08):
        axes.axvline(limit, color="0.4", lw=0.8, ls=":")
    share = [np.mean(table[f"is_clump_{n}pct"].compressed()) for n in (3, 8)]
    axes.set_title(
        f"{share[0]:.0%} of clumps over 3 %, {share[1]:.0%} over 8 %", fontsize=9
    )
    axes.set(xscale="log", xlabel="clump flux / galaxy flux in g", ylabel="clumps")


def _draw_fluxes(axes: Any, table: Any, truth: list[dict[str, Any]]) -> None:
    true = np.array([t["flux_nanomaggies"]["r"] for t in truth]) * 3.631e-6
    flux = table["clump_flux_r"].filled(np.nan)
    error = table["clump_flux_err_r"].filled(np.nan)
    good = (flux > 0) & (table["clump_flags"] == 0)
    axes.errorbar(
        true[good] * 1e6, flux[good] * 1e6, yerr=error[good] * 1e6, fmt=".", ms=3,
        lw=0.5, color=COLOURS[1], alpha=0.6,
    )  # fmt: skip
    bounds = np.array([0.3, 300])
    axes.plot(bounds, bounds, color="0.2", lw=0.8)
    axes.set(xscale="log", yscale="log", xlim=bounds, ylim=bounds)
    axes.set(xlabel="true r flux, µJy", ylabel="measured r flux, µJy")
    axes.set_title(f"{good.sum()} clumps without a flag", fontsize=9)


if __name__ == "__main__":
    main()
