"""``isophotes``: a galaxy's smooth light, and what is left without it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from clump_detector.core.errors import ClumpError
from clump_detector.core.text import plural
from clump_detector.image_files.sources import Source
from napari_clumps.cli.options import app, end_with

from .cutouts import (
    Corners,
    GalaxyPath,
    GalaxyRows,
    TablePath,
    Workers,
    cutouts_of,
    in_processes,
    write_rows,
)


@app.command()
def isophotes(
    path: GalaxyPath,
    out: TablePath = Path("isophotes.ecsv"),
    residuals: Annotated[
        Path | None,
        typer.Option(help="Folder for the light that is left, a FITS file a galaxy."),
    ] = None,
    workers: Workers = 0,
) -> None:
    """Fit elliptical isophotes to galaxies: profiles, and images without them."""
    from clump_detector.catalogue import check_catalogue_name
    from clump_detector.catalogue.galaxy_columns import ISOPHOTES
    from napari_clumps.io.file_names import FileNames

    check_catalogue_name(out)
    found = cutouts_of(path)
    names = FileNames(source for source, _ in found)
    jobs = []
    for source, corners in found:
        name = names.of(source, (0, 0))
        target = None if residuals is None else residuals / f"{name}_residual.fits"
        jobs.append(_Job(source, corners, target))
    fitted = in_processes(_fit, jobs, workers, "Fitting isophotes")
    n, problems = write_rows(fitted, ISOPHOTES, "isophotes", out)
    if n:
        print(f"Isophotes of {plural(n, 'galaxy', 'galaxies')} in {out}.")
    end_with(problems)


@dataclass(frozen=True)
class _Job:
    """A cutout, its clumps, and where the light that is left is written."""

    source: Source
    corners: tuple[Corners, ...]
    residual: Path | None


def _fit(job: _Job) -> GalaxyRows:
    """Return the isophotes of one galaxy, or why it has none; in another process."""
    from clump_detector.catalogue.galaxy_rows import isophote_rows
    from clump_detector.core import boxes as geometry
    from clump_detector.images.cutout import read_cutout
    from clump_detector.photometry import prepare
    from clump_detector.photometry.isophotes.angles import position_angles
    from clump_detector.photometry.isophotes.fit import fit_isophotes
    from clump_detector.photometry.isophotes.residual import write_residual

    name, corners = job.source.name, geometry.as_boxes(job.corners)
    try:
        field = prepare(read_cutout(job.source), boxes=corners)
        found = fit_isophotes(field, corners)
        if job.residual is not None:
            write_residual(field, found, job.residual)
    except ClumpError as error:
        return GalaxyRows(0, {}, (error.message,))
    rows = isophote_rows(found, position_angles(field.cutout, found))
    rows |= {"file": str(job.source.path), "galaxy_name": name}
    notes = tuple(f"{name}: {note}" for note in found.notes)
    return GalaxyRows(len(found.shapes.radii), rows, notes)
