"""Searching a survey: batches to the workers, their results to the dataset."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from clump_detector.core.files import sha256
from clump_detector.images.overrides import Choice
from clump_detector.models.card import CARD, WEIGHTS, ModelCard, read_card
from clump_detector.models.registry import resolve_model

from .batch import Task, program_version
from .cluster import ClusterChoice, connected
from .dataset.collection import collect
from .dataset.folder import Made, has_open_parts, has_tables, opened
from .dataset.manifest import Manifest
from .dataset.provenance import write_provenance
from .options import SurveyOptions
from .scheduling import Progressed, Scheduling
from .sources.source import SurveySource
from .summary import SUMMARY, write_summary


@dataclass(frozen=True)
class Started:
    """The workers are there: the address of Dask's dashboard, a page in a browser."""

    dashboard: str


@dataclass(frozen=True)
class Collecting:
    """All cutouts were searched, and the tables are put together."""


@dataclass(frozen=True)
class Ended:
    """The end of a run.

    Attributes
    ----------
    counts : mapping of str to int
        How many cutouts were done before, new, changed, …; see `Manifest.counts`.
    searched, failed : int
        Cutouts of this run.
    gone : int
        Cutouts of the dataset that were not asked for; their rows are kept.
    seconds : float
        From the first batch to the last result.
    stopped : bool
        Whether it was asked to stop before the end.
    """

    counts: dict[str, int]
    searched: int
    failed: int
    gone: int
    seconds: float
    stopped: bool


Event = Started | Progressed | Collecting | Ended


def search_survey(
    source: SurveySource,
    dataset: Path,
    options: SurveyOptions,
    cluster: ClusterChoice | None = None,
    stop: threading.Event | None = None,
    *,
    update: bool = False,
) -> Iterator[Event]:
    """Search the cutouts of a source that are not done, and put the tables together.

    Parameters
    ----------
    source : SurveySource
    dataset : path
        The folder of the dataset, new or of an earlier run.
    options : SurveyOptions
    cluster : ClusterChoice, optional
        By default a worker for each processor of this machine.
    stop : threading.Event, optional
        Set it to end: what was found is kept, and the same call goes on from there.
    update : bool
        Whether a dataset of another model or other options is searched anew.

    Yields
    ------
    Started, Progressed, Collecting, and Ended at the end

    Raises
    ------
    ClumpError
        If the model, the cluster, the source or the dataset is of no use, or became so;
        what was found until then is kept.
    """
    stop = stop or threading.Event()
    folder = resolve_model(options.model)
    card = read_card(folder)
    task = task_of(folder, card, options)
    made = _made(task, options)
    with opened(dataset, made, update=update):
        manifest = Manifest(dataset)
        todo = manifest.open_items(source, task.model, options.attempts)
        run = Scheduling(dataset, task, options.batch, stop)
        first = next(todo, None)
        if first is not None:
            with connected(cluster or ClusterChoice()) as client:
                yield Started(client.dashboard_link)
                for event in run.events(client, first, todo, source.total):
                    yield replace(event, done=event.done + manifest.left_alone)
        whole = not stop.is_set()
        if whole and (has_open_parts(dataset) or not _is_finished(dataset)):
            yield Collecting()
            # Written last: without it a run that was killed here is taken up again.
            (dataset / SUMMARY).unlink(missing_ok=True)
            collect(dataset)
            write_provenance(dataset, made)
            write_summary(dataset, made)
        yield Ended(
            dict(manifest.counts),
            run.searched,
            run.failed,
            manifest.gone if whole else 0,
            run.seconds,
            not whole,
        )


def _is_finished(dataset: Path) -> bool:
    return has_tables(dataset) and (dataset / SUMMARY).exists()


def task_of(folder: Path, card: ModelCard, options: SurveyOptions) -> Task:
    """Return what the workers are told."""
    from clump_detector.detector.backend import wanted_precision

    score = card.default_score / 2 if options.score is None else options.score
    return Task(
        folder.absolute(),
        card.model_id,
        program_version(),
        score,
        options.device,
        _backend(options),
        wanted_precision(),
        options.photometry,
        options.embeddings,
        Choice.of(options.bands or None, options.unit or None),
    )


def _backend(options: SurveyOptions) -> str:
    """Return what computes the network: embeddings are of torch's encoder."""
    from clump_detector.detector.backend import TORCH, wanted_backend

    return TORCH if options.embeddings else wanted_backend()


def _made(task: Task, options: SurveyOptions) -> Made:
    digests = [sha256(task.folder / name)[:16] for name in (WEIGHTS, CARD)]
    made_with = {
        **options.deciding(),
        "backend": task.backend,
        "precision": task.precision,
    }
    return Made(task.model, "-".join(digests), task.version, made_with)
