"""``isophotes``: a galaxy's smooth light, and what is left without it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clump_detector.core.text import plural
from clump_detector.image_files.sources import Source, find_sources

from .options import app, end_with, warn
from .progress import ProgressLine

#: x1, y1, x2, y2 in pixels.
Corners = tuple[float, float, float, float]


@app.command()
def isophotes(
    path: Annotated[
        Path,
        typer.Argument(
            help="A *.clumps file, whose clumps are left out, an image or a folder."
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="The table: .ecsv, .vot, .fits, .parquet or .csv.")
    ] = Path("isophotes.ecsv"),
    residuals: Annotated[
        Path | None,
        typer.Option(help="Folder for the light that is left, a FITS file a galaxy."),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=0, help="Number of processes; 0 for one per core.")
    ] = 0,
) -> None:
    """Fit elliptical isophotes to galaxies: profiles, and images without them."""
    from clump_detector.catalogue import check_catalogue_name
    from clump_detector.photometry.isophotes.batch import IsophoteJob, fit_galaxies
    from clump_detector.photometry.isophotes.table import write_table
    from napari_clumps.io.file_names import FileNames

    check_catalogue_name(out)
    found = _found(path)
    names = FileNames(source for source, _ in found)
    jobs = []
    for source, corners in found:
        name = names.of(source, (0, 0))
        target = None if residuals is None else residuals / f"{name}_residual.fits"
        jobs.append(IsophoteJob(source, corners, target))
    bar = ProgressLine("Fitting isophotes", len(jobs))
    tables, notes, problems = [], list[str](), list[str]()
    for done, one in enumerate(fit_galaxies(jobs, workers), start=1):
        bar.show(done)
        if one.table is None:
            problems += one.notes
        else:
            tables.append(one.table)
            notes += one.notes
    bar.end()
    for note in notes:
        warn(note)
    if tables:
        write_table(tables, out)
        print(f"Isophotes of {plural(len(tables), 'galaxy', 'galaxies')} in {out}.")
    end_with(problems)


def _found(path: Path) -> list[tuple[Source, tuple[Corners, ...]]]:
    """Return the cutouts of a review with their clumps, or those of a folder."""
    if path.suffix != ".clumps":
        return [(source, ()) for source in find_sources([path])]
    from napari_clumps.review import Review

    found = []
    with Review.open(path, read_only=True) as review:
        for record in review.cutouts():
            problem = review.check_source(record.id)
            if problem is not None:
                warn(f"Left out: {problem}")
            elif record.repeat_of is None:
                boxes = [box.corners for box in review.boxes(record.id) if box.kept]
                found.append((record.source, tuple(boxes)))
    return found
