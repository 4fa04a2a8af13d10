"""``structure``: size, Sersic index, concentration and the like of galaxies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from clump_detector.core.errors import ClumpError, FileError
from clump_detector.core.json_types import JsonObject
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
    cropped: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the images cropped to the galaxy, a FITS file each."
        ),
    ] = None,
    radii: Annotated[
        float,
        typer.Option(min=0.5, help="Half of their side, in effective radii."),
    ] = 4.0,
    workers: Workers = 0,
) -> None:
    """Measure the structure of galaxies: size, Sersic index, bulge, CAS, Gini, M20."""
    from clump_detector.catalogue import check_catalogue_name
    from clump_detector.catalogue.galaxy_columns import GALAXIES
    from clump_detector.core.files import write_json
    from clump_detector.photometry.structure.values import VALUES
    from napari_clumps.io.file_names import FileNames

    check_catalogue_name(out)
    images = cutouts_of(path)
    _refuse_folder_of(images, cropped)
    files = FileNames(source for source, _ in images)
    jobs = []
    for source, corners in images:
        name = f"{files.of(source, (0, 0))}.fits"
        crop = None if cropped is None else (cropped / name, radii)
        jobs.append(_Job(source, corners, samples, crop))
    covariances: list[JsonObject] = []
    measured = in_processes(_measure, jobs, workers, "Measuring structure")
    n, problems = write_rows(
        _kept_apart(measured, covariances), GALAXIES, "galaxies", out
    )
    if n:
        print(f"Structure of {plural(n, 'galaxy', 'galaxies')} in {out}.")
        if cropped is not None:
            print(f"Their images, cropped, are in {cropped}.")
        if covariance is not None:
            names = [value.column for value in VALUES]
            write_json(covariance, {"values": names, "galaxies": covariances})
    end_with(problems)


def _refuse_folder_of(
    images: Sequence[tuple[Source, object]], cropped: Path | None
) -> None:
    """Raise an error if the images themselves lie where cropped ones would."""
    if cropped is None:
        return
    there = cropped.resolve()
    if any(source.path.resolve().parent == there for source, _ in images):
        raise FileError(
            "the images themselves are in the folder for cropped ones",
            cropped,
            "Choose another folder.",
        )


@dataclass(frozen=True)
class _Job:
    """A cutout, its clumps, how many images to resample, and how to crop it where."""

    source: Source
    corners: tuple[Corners, ...]
    samples: int
    crop: tuple[Path, float] | None = None


@dataclass(frozen=True)
class _Measured:
    """The rows of a galaxy, and the covariance of its values."""

    rows: GalaxyRows
    covariance: list[list[float | None]]


def _kept_apart(
    measured: Iterable[_Measured], covariances: list[JsonObject]
) -> Iterator[GalaxyRows]:
    """Yield the rows, and add the covariances to a list with whose they are."""
    for one in measured:
        if one.rows.n:
            whose = {key: one.rows.rows[key] for key in ("file", "galaxy_name")}
            covariances.append({**whose, "covariance": one.covariance})
        yield one.rows


def _measure(job: _Job) -> _Measured:
    """Return the structure of one galaxy, or why it has none; in another process."""
    import numpy as np

    from clump_detector.catalogue.galaxy_rows import structure_rows
    from clump_detector.core import boxes as geometry
    from clump_detector.images.cutout import read_cutout
    from clump_detector.photometry import prepare
    from clump_detector.photometry.structure.cropping import write_cropped
    from clump_detector.photometry.structure.measure import measure_structure

    name = job.source.name
    try:
        boxes = geometry.as_boxes(job.corners)
        field = prepare(read_cutout(job.source), boxes=boxes)
        found = measure_structure(field, job.samples)
        if job.crop is not None:
            path, radii = job.crop
            write_cropped(field, found, radii, path)
    except ClumpError as error:
        return _Measured(GalaxyRows(0, {}, (error.message,)), [])
    covariance = [
        [float(v) if np.isfinite(v) else None for v in line]
        for line in found.covariance
    ]
    rows = structure_rows(field, found)
    rows |= {"file": str(job.source.path), "galaxy_name": name}
    notes = tuple(f"{name}: {note}" for note in found.notes)
    return _Measured(GalaxyRows(1, rows, notes), covariance)
