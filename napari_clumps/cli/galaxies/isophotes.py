"""``isophotes``: a galaxy's smooth light, and what is left without it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clump_detector.core.text import plural
from napari_clumps.cli.options import app, end_with, warn

from .cutouts import GalaxyPath, TablePath, Workers, cutouts_of, in_processes


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
    from clump_detector.photometry.isophotes.job import IsophoteJob, fit_galaxy
    from clump_detector.photometry.isophotes.table import write_table
    from napari_clumps.io.file_names import FileNames

    check_catalogue_name(out)
    found = cutouts_of(path)
    names = FileNames(source for source, _ in found)
    jobs = []
    for source, corners in found:
        name = names.of(source, (0, 0))
        target = None if residuals is None else residuals / f"{name}_residual.fits"
        jobs.append(IsophoteJob(source, corners, target))
    tables, notes, problems = [], list[str](), list[str]()
    for one in in_processes(fit_galaxy, jobs, workers, "Fitting isophotes"):
        if one.table is None:
            problems += one.notes
        else:
            tables.append(one.table)
            notes += one.notes
    for note in notes:
        warn(note)
    if tables:
        write_table(tables, out)
        print(f"Isophotes of {plural(len(tables), 'galaxy', 'galaxies')} in {out}.")
    end_with(problems)
