"""``artefacts``: trails, saturated stars, gaps and the like on cutouts, as a table."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from clump_detector.core.errors import ClumpError
from clump_detector.core.text import plural
from clump_detector.image_files.sources import Source
from clump_detector.images.artefacts.kinds import KINDS, Artefact
from napari_clumps.cli.options import app, end_with

from .cutouts import (
    GalaxyPath,
    GalaxyRows,
    TablePath,
    Workers,
    cutouts_of,
    in_processes,
    write_rows,
)


@app.command()
def artefacts(
    path: GalaxyPath, out: TablePath = Path("artefacts.ecsv"), workers: Workers = 0
) -> None:
    """Find artefacts on cutouts: trails, saturated stars, gaps, shifted bands."""
    from clump_detector.catalogue import check_catalogue_name
    from clump_detector.catalogue.galaxy_columns import ARTEFACTS
    from clump_detector.catalogue.galaxy_rows import artefact_rows

    check_catalogue_name(out)
    sources = [source for source, _ in cutouts_of(path)]
    found, problems, kinds = list[GalaxyRows](), list[str](), Counter[str]()
    searched = in_processes(_search, sources, workers, "Searching for artefacts")
    for source, one in zip(sources, searched, strict=True):
        if isinstance(one, str):
            problems.append(one)
            continue
        kinds.update({artefact.kind for artefact in one})
        whose = {"file": str(source.path), "galaxy_name": source.name}
        if one:
            found.append(GalaxyRows(len(one), artefact_rows(one) | whose))
    n, _ = write_rows(found, ARTEFACTS, "artefacts", out)
    clean = len(sources) - len(problems) - n
    print(f"No artefact on {plural(clean, 'cutout')}, some on {n:,}.")
    for kind, words in KINDS.items():
        if kinds[kind]:
            print(f"{kinds[kind]:>6,}  {kind}: {words}")
    if n:
        print(f"Reasons and places are in {out}.")
    end_with(problems)


def _search(source: Source) -> tuple[Artefact, ...] | str:
    """Return the artefacts on a cutout, or why it cannot be read."""
    from clump_detector.images.artefacts.search import find_artefacts
    from clump_detector.images.cutout import read_cutout

    try:
        return find_artefacts(read_cutout(source))
    except ClumpError as error:
        return error.message
