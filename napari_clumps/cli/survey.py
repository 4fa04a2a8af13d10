"""``survey``: detection on very many cutouts, on a cluster, resumable."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clump_detector.core.text import plural
from clump_detector.galaxies.surveys.request import DownloadRequest
from clump_detector.survey_search.options import SurveyOptions
from clump_detector.survey_search.sources.choice import SourceChoice

from .data import Columns
from .options import Bands, Device, Model, Unit, app, described, warn
from .progress import SurveyLine

if TYPE_CHECKING:
    from clump_detector.survey_search.cluster import ClusterChoice
    from clump_detector.survey_search.run import Ended
    from clump_detector.survey_search.sources.source import SurveySource

#: The exit code of a run that was asked to stop: EX_TEMPFAIL, try again.
_STOPPED = 75


FetchBands = Annotated[str, described(DownloadRequest, "bands", "--fetch-bands")]
FetchSize = Annotated[float | None, described(DownloadRequest, "size", "--fetch-size")]
FetchPixels = Annotated[
    int | None, described(DownloadRequest, "pixels", "--fetch-pixels")
]
FetchPicture = Annotated[
    bool, typer.Option("--fetch-picture", help="Colour JPEG rather than FITS.")
]


@app.command()
def survey(
    source: Annotated[
        list[str],
        typer.Argument(
            help="Images, folders, lists (.txt, tables), archives (.tar), stacks "
            "(.h5, .zarr), addresses (s3://, https://); mosaics with --positions, "
            "lists of galaxies with --fetch.",
            metavar="SOURCE...",
        ),
    ],
    out: Annotated[Path, typer.Option(help="The folder of the dataset.")],
    model: Model = "starter",
    score: Annotated[float | None, described(SurveyOptions, "score")] = None,
    device: Device = "auto",
    photometry: Annotated[bool, described(SurveyOptions, "photometry")] = True,
    embeddings: Annotated[bool, described(SurveyOptions, "embeddings")] = False,
    attempts: Annotated[int, described(SurveyOptions, "attempts")] = 1,
    batch: Annotated[int, described(SurveyOptions, "batch")] = 32,
    workers: Annotated[
        int,
        typer.Option(min=0, help="Workers on this machine (0: one a processor)."),
    ] = 0,
    scheduler: Annotated[
        str, typer.Option(help="Address of a Dask scheduler that runs.")
    ] = "",
    cluster: Annotated[
        Path | None,
        typer.Option(help="A file (TOML) about a cluster: SLURM, PBS, Kubernetes."),
    ] = None,
    update: Annotated[
        bool,
        typer.Option(help="Search a dataset of another model or options anew."),
    ] = False,
    bands: Bands = None,
    unit: Unit = None,
    positions: Annotated[
        Path | None,
        typer.Option(help="A list of galaxies to cut out of the mosaics in SOURCE."),
    ] = None,
    mosaic_size: Annotated[float | None, described(SourceChoice, "mosaic_size")] = None,
    fetch: Annotated[
        str,
        typer.Option(
            help="Download the cutouts of the lists in SOURCE into DATASET/images from "
            "a survey: sdss, sdss-frames, legacy, panstarrs, dss2, or any HiPS."
        ),
    ] = "",
    fetch_bands: FetchBands = "",
    fetch_size: FetchSize = None,
    fetch_pixels: FetchPixels = None,
    fetch_picture: FetchPicture = False,
    column: Columns = None,
) -> None:
    """Detect clumps on very many cutouts, into a dataset; resumable."""
    from clump_detector.survey_search.sources.choice import source_of

    chosen = _cluster(workers, scheduler, cluster)
    options = SurveyOptions(
        model, score, device, photometry, embeddings, attempts, batch,
        bands or "", unit or "",
    )  # fmt: skip
    picture = "jpg" if fetch_picture else ""
    choice = _source_choice(
        positions, mosaic_size, fetch, fetch_bands, fetch_size, fetch_pixels, picture,
        column,
    )  # fmt: skip
    with _stopping() as stop:
        cutouts = source_of(source, out, choice, stop)
        ended = _searched(cutouts, out, options, chosen, stop, update)
    for note in cutouts.notes:
        print(note, file=sys.stderr)
    _say(ended, out)


def _source_choice(
    positions: Path | None,
    mosaic_size: float | None,
    fetch: str,
    bands: str,
    size: float | None,
    pixels: int | None,
    picture: str,
    column: list[str] | None,
) -> SourceChoice:
    """Return how SOURCE is read."""
    from clump_detector.galaxies.columns import parse_choices

    columns = parse_choices(column or [])
    if not fetch and (bands or size or pixels or picture):
        raise typer.BadParameter("--fetch-bands and the like go with --fetch SURVEY")
    request = None
    if fetch:
        request = DownloadRequest(
            fetch, bands, picture, size, pixels=pixels, columns=columns
        )
    return SourceChoice(positions, mosaic_size, request, columns)


def _cluster(workers: int, scheduler: str, file: Path | None) -> ClusterChoice:
    from clump_detector.survey_search.cluster import ClusterChoice, read_cluster

    if scheduler and (file or workers):
        raise typer.BadParameter("--scheduler goes without --cluster and --workers")
    if file:
        return read_cluster(file)
    if scheduler:
        return ClusterChoice("scheduler", scheduler)
    return ClusterChoice(jobs=workers)


def _searched(
    cutouts: SurveySource,
    out: Path,
    options: SurveyOptions,
    cluster: ClusterChoice,
    stop: threading.Event,
    update: bool,
) -> Ended:
    """Run the survey, with progress on stderr, and return its end."""
    from clump_detector.survey_search.run import (
        Collecting,
        Ended,
        Started,
        search_survey,
    )
    from clump_detector.survey_search.scheduling import Progressed

    line, end = SurveyLine(), None
    try:
        for event in search_survey(cutouts, out, options, cluster, stop, update=update):
            if isinstance(event, Started):
                print(f"Dask's dashboard: {event.dashboard}", file=sys.stderr)
            elif isinstance(event, Progressed):
                line.show(event.done, event.total, event.rate, event.failed)
            elif isinstance(event, Collecting):
                line.end()
                print("Putting the tables together.", file=sys.stderr)
            elif isinstance(event, Ended):
                end = event
    finally:
        line.end()
    if end is None:
        raise RuntimeError("a run ended without its last event")
    return end


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """Give an event that Ctrl+C and SIGTERM set; a second Ctrl+C ends at once."""
    stop = threading.Event()

    def ask(number: int, _: object) -> None:
        if stop.is_set():
            signal.default_int_handler(number, None)
        stop.set()
        print(
            "\nStopping: what was found is written. Once more ends at once.",
            file=sys.stderr,
        )

    before = {n: signal.signal(n, ask) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(ended: Ended, out: Path) -> None:
    """Print what a run came to, and end with the exit code for it."""
    counts = {k: n for k, n in ended.counts.items() if n}
    if counts and not ended.stopped:
        print("Asked for: " + ", ".join(f"{n:,} {why}" for why, n in counts.items()))
    rate = ended.searched / ended.seconds if ended.seconds else 0.0
    searched = plural(ended.searched, "cutout")
    print(f"{out}: {searched} searched, {ended.failed:,} failed, {rate:.1f} a second.")
    if ended.gone:
        gone = plural(ended.gone, "cutout")
        print(f"{gone} of the dataset are not in the source now: their rows are kept.")
    if ended.stopped:
        print("Stopped before the end. Start the same line again to go on.")
        raise typer.Exit(_STOPPED)
    if ended.failed:
        warn(f"why they failed is in {out / 'tables' / 'problems.parquet'}")
        raise typer.Exit(2)
