"""The cutouts that a verb about galaxies works on, several at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from clump_detector.image_files.sources import Source, find_sources
from napari_clumps.cli.options import warn
from napari_clumps.cli.progress import ProgressLine

if TYPE_CHECKING:
    from clump_detector.catalogue import Column
    from clump_detector.catalogue.builder import Rows

Job = TypeVar("Job")
Result = TypeVar("Result")

#: x1, y1, x2, y2 in pixels.
Corners = tuple[float, float, float, float]


@dataclass(frozen=True)
class GalaxyRows:
    """What came of a galaxy.

    Attributes
    ----------
    n : int
        How many rows of a table it has; 0 where it was left out.
    rows : dict
        Their values by column.
    notes : tuple of str
        Sentences: why it was left out, or what is special.
    """

    n: int
    rows: Rows
    notes: tuple[str, ...] = ()


GalaxyPath = Annotated[
    Path,
    typer.Argument(
        help="A *.clumps file, whose clumps are known, an image or a folder."
    ),
]
TablePath = Annotated[
    Path, typer.Option(help="The table: .ecsv, .vot, .fits, .parquet or .csv.")
]
Workers = Annotated[
    int, typer.Option(min=0, help="Number of processes; 0 for one per core.")
]


def cutouts_of(path: Path) -> list[tuple[Source, tuple[Corners, ...]]]:
    """Return the cutouts of a review with their clumps, or those of a folder.

    Parameters
    ----------
    path : path
        A review, an image or a folder.

    Raises
    ------
    ClumpError
        If there are none.
    """
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


def write_rows(
    found: Iterable[GalaxyRows], columns: Sequence[Column], name: str, out: Path
) -> tuple[int, list[str]]:
    """Write the rows of galaxies as one table, if there is one; print the notes.

    Parameters
    ----------
    found : iterable of GalaxyRows
    columns : sequence of Column
    name : str
        What a row is, in the plural.
    out : path

    Returns
    -------
    (int, list of str)
        How many galaxies are in the table, and why others are not.

    Raises
    ------
    FileError
        If the file cannot be written.
    """
    from clump_detector.catalogue import CatalogueBuilder, write_catalogue

    table, galaxies = CatalogueBuilder(columns, name), 0
    notes, problems = list[str](), list[str]()
    for one in found:
        if one.n:
            table.add(one.n, one.rows)
            galaxies += 1
            notes += one.notes
        else:
            problems += one.notes
    for note in notes:
        warn(note)
    if galaxies:
        meta = {"pixels": "counted from 0 in the middle of the first one"}
        write_catalogue(table.finished(meta), out)
    return galaxies, problems


def in_processes(
    work: Callable[[Job], Result], jobs: Sequence[Job], workers: int, words: str
) -> Iterator[Result]:
    """Yield the results of jobs in their order, and show how many are done.

    Parameters
    ----------
    work : callable
        Can be pickled, as can jobs and results.
    jobs : sequence
    workers : int
        Number of processes; 0 for one per core.
    words : str
        What is being done.
    """
    bar = ProgressLine(words, len(jobs))
    workers = min(workers or os.cpu_count() or 1, len(jobs))
    try:
        if workers <= 1:
            for done, job in enumerate(jobs, start=1):
                yield work(job)
                bar.show(done)
            return
        with ProcessPoolExecutor(workers) as pool:
            for done, result in enumerate(pool.map(work, jobs), start=1):
                yield result
                bar.show(done)
    finally:
        bar.end()
