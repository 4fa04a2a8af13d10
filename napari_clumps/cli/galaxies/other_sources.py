"""``other-sources``: stars and galaxies beside the galaxies of cutouts, as a table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

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


@app.command("other-sources")
def other_sources(
    path: GalaxyPath, out: TablePath = Path("other_sources.ecsv"), workers: Workers = 0
) -> None:
    """Find stars and galaxies beside the galaxies of cutouts, and stars before them."""
    from clump_detector.catalogue import check_catalogue_name
    from clump_detector.catalogue.galaxy_columns import OTHER_SOURCES

    check_catalogue_name(out)
    jobs = [_Job(source, corners) for source, corners in cutouts_of(path)]
    found = list(in_processes(_search, jobs, workers, "Looking for other sources"))
    kinds = Counter[str]()
    for one in found:
        kinds.update(one.rows.get("kind", ()))
    n, problems = write_rows(found, OTHER_SOURCES, "other_sources", out)
    alone = len(found) - n - len(problems)
    print(
        f"{plural(kinds['star'], 'star')} and "
        f"{plural(kinds['galaxy'], 'galaxy', 'galaxies')} on {plural(n, 'cutout')}; of "
        f"{kinds['unclear']:,} more sources it is not clear what they are. Nothing "
        f"else on {alone:,}."
    )
    if n:
        print(f"Places and fluxes are in {out}.")
    end_with(problems)


@dataclass(frozen=True)
class _Job:
    """A cutout and its clumps."""

    source: Source
    corners: tuple[Corners, ...]


def _search(job: _Job) -> GalaxyRows:
    """Return the other sources of a cutout, or why there are none; in a process."""
    from clump_detector.catalogue.galaxy_rows import source_rows
    from clump_detector.core import boxes as geometry
    from clump_detector.images.cutout import read_cutout
    from clump_detector.photometry import prepare
    from clump_detector.photometry.other_sources.sources import other_sources

    try:
        boxes = geometry.as_boxes(job.corners)
        field = prepare(read_cutout(job.source), boxes=boxes)
        found = other_sources(field, boxes)
    except ClumpError as error:
        return GalaxyRows(0, {}, (error.message,))
    if not len(found):
        return GalaxyRows(0, {})
    rows = source_rows(field, found)
    rows |= {"file": str(job.source.path), "galaxy_name": job.source.name}
    return GalaxyRows(len(found), rows)
