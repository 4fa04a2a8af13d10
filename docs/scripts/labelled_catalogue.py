"""The catalogue of galaxies that others have labelled, and its plots.

``python docs/scripts/labelled_catalogue.py IMAGES GALAXIES CLUMPS`` copies a folder of
images with the table of its galaxies, imports the table of clumps as accepted labels,
exports the catalogue as a VOTable, checks it with astropy's validator, compares its
positions with the published ones (columns ra, dec of CLUMPS) and draws
``docs/pictures/labelled.png``.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.table import Table
from catalogue_pictures import validate

from clump_detector.catalogue import read_catalogue
from clump_detector.evaluation.plots import COLOURS, new_figure, save_figure
from clump_detector.image_files.sources import find_sources
from napari_clumps.io.catalogue import export_catalogue
from napari_clumps.io.import_labels import add_labels, find_labels
from napari_clumps.review import Review

PICTURE = Path(__file__).parent.parent / "pictures" / "labelled.png"


def main() -> None:
    """Make the catalogue and its plots."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=Path)
    parser.add_argument("galaxies", type=Path)
    parser.add_argument("clumps", type=Path)
    parser.add_argument("--out", type=Path, default=Path("build/labelled"))
    parser.add_argument("--picture", type=Path, default=PICTURE)
    options = parser.parse_args()
    shutil.rmtree(options.out, ignore_errors=True)
    sky = options.out / "sky"
    shutil.copytree(options.images, sky)
    shutil.copy(options.galaxies, sky)
    made = options.out / "labelled.clumps"
    with Review.create(made, find_sources([sky]), held_out=0.0) as review:
        finding = find_labels(review, options.clumps)
        print(*add_labels(review, finished(finding), "accepted"), sep="\n")
        print(export_catalogue(review, options.out / "clumps.vot"))
    validate(options.out / "clumps.vot")
    table = read_catalogue(options.out / "clumps.vot")
    draw(table, offsets(table, Table.read(options.clumps)), options.picture)


def finished(work: Generator[Any, None, Any]) -> Any:
    """Return what a generator returns at its end; what it yields is progress."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def offsets(table: Any, published: Table) -> np.ndarray:
    """Return how far East and North each clump is of the nearest published one.

    Returns
    -------
    array of shape (n, 2)
        In arcsec.
    """
    ours = SkyCoord(table["clump_centre_ra"], table["clump_centre_dec"])
    theirs = SkyCoord(published["ra"], published["dec"], unit=units.deg)
    nearest, apart, _ = ours.match_to_catalog_sky(theirs)
    print(
        f"{len(ours)} clumps, {len(set(nearest))} of {len(theirs)} published ones, "
        f"{np.median(apart.arcsec):.2f} arcsec apart in the median, at most "
        f"{apart.arcsec.max():.2f}"
    )
    east, north = theirs[nearest].spherical_offsets_to(ours)
    return np.stack([east.arcsec, north.arcsec], axis=1)


def draw(table: Any, apart: np.ndarray, path: Path) -> None:
    """Draw the offsets, and where in their galaxies the clumps are."""
    drawing = new_figure(10.5, 3.6)
    left, middle, right = drawing.subplots(1, 3)
    left.scatter(*apart.T, s=8, color=COLOURS[0], lw=0)
    left.axhline(0, color="0.6", lw=0.6)
    left.axvline(0, color="0.6", lw=0.6)
    left.set(xlim=(1.2, -1.2), ylim=(-1.2, 1.2), aspect="equal")
    left.set(xlabel="East, arcsec", ylabel="North, arcsec")
    left.set_title("catalogue - published positions", fontsize=9)
    for axes, column, words in (
        (middle, "clump_distance_kpc", "distance from the centre, kpc"),
        (right, "clump_distance_re", "distance, effective radii"),
    ):
        values = np.ma.compressed(table[column])
        axes.hist(values, 20, color=COLOURS[2], alpha=0.7)
        axes.set(xlabel=words, ylabel="clumps")
        axes.set_title(f"median {np.median(values):.2g}", fontsize=9)
    save_figure(drawing, path)


if __name__ == "__main__":
    main()
