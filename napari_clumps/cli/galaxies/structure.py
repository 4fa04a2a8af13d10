"""``structure``: size, Sersic index, concentration and the like of galaxies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clump_detector.core.text import plural
from napari_clumps.cli.options import app, end_with, warn

from .cutouts import GalaxyPath, TablePath, Workers, cutouts_of, in_processes


@app.command()
def structure(
    path: GalaxyPath,
    out: TablePath = Path("structure.ecsv"),
    covariance: Annotated[
        Path | None,
        typer.Option(help="Also write the covariances of the values, as JSON."),
    ] = None,
    samples: Annotated[
        int, typer.Option(min=0, help="Resampled images for the errors; 0 for none.")
    ] = 12,
    workers: Workers = 0,
) -> None:
    """Measure the structure of galaxies: size, Sersic index, CAS, Gini, M20."""
    from clump_detector.catalogue import check_catalogue_name, write_catalogue
    from clump_detector.catalogue.builder import CatalogueBuilder
    from clump_detector.core.files import write_json
    from clump_detector.photometry.structure.job import StructureJob, measure_galaxy
    from clump_detector.photometry.structure.values import VALUES

    check_catalogue_name(out)
    jobs = [
        StructureJob(source, corners, samples) for source, corners in cutouts_of(path)
    ]
    rows, notes, problems = CatalogueBuilder(), list[str](), list[str]()
    covariances = {}
    for one in in_processes(measure_galaxy, jobs, workers, "Measuring structure"):
        if one.row is None:
            problems += one.notes
        else:
            rows.add(1, one.row)
            notes += one.notes
            covariances[one.name] = one.covariance
    for note in notes:
        warn(note)
    if len(rows):
        write_catalogue(rows.finished(whole=False), out)
        print(f"Structure of {plural(len(rows), 'galaxy', 'galaxies')} in {out}.")
        if covariance is not None:
            names = [value.column for value in VALUES]
            write_json(covariance, {"values": names, "covariances": covariances})
    end_with(problems)
