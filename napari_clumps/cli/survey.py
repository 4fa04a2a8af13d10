"""``survey``: detection on very many cutouts, on a cluster, resumable."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clump_detector.core.text import plural
from clump_detector.survey_search.options import SurveyOptions

from .options import Bands, Device, Model, Unit, app, described, warn
from .progress import SurveyLine

if TYPE_CHECKING:
    from clump_detector.survey_search.cluster import ClusterChoice
    from clump_detector.survey_search.run import Ended

#: The exit code of a run that was asked to stop: EX_TEMPFAIL, try again.
_STOPPED = 75


@app.command()
def survey(
    source: Annotated[
        list[str], typer.Argument(help="Images and folders.", metavar="SOURCE...")
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
) -> None:
    """Detect clumps on very many cutouts, into a dataset; resumable."""
    from clump_detector.survey_search.sources.choice import source_of

    chosen = _cluster(workers, scheduler, cluster)
    options = SurveyOptions(
        model, score, device, photometry, embeddings, attempts, batch,
        bands or "", unit or "",
    )  # fmt: skip
    cutouts = source_of(source, out)
    with _stopping() as stop:
        ended = _searched(cutouts, out, options, chosen, stop, update)
    for note in cutouts.notes:
        print(note, file=sys.stderr)
    _say(ended, out)


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
    cutouts: Any,
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
