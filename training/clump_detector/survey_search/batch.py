"""What a worker does: it searches some cutouts, and returns their rows or problems."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clump_detector.core.errors import ClumpError, ConfigError, FetchError
from clump_detector.images.overrides import Choice

from .dataset.tables import (
    CUTOUTS,
    DETECTIONS,
    EMBEDDINGS,
    PROBLEMS,
    Tables,
    joined,
    table_of,
    tables_joined,
)
from .items import Item, stamp_or_none
from .rows import Row, cutout_row, detection_rows

if TYPE_CHECKING:
    import pyarrow as pa

    from clump_detector.detector.predict import Detections, Predictor
    from clump_detector.images.cutout import Cutout

#: Why a cutout failed whose files changed while they were read.
CHANGED_MEANWHILE = "its file changed while it was read"


@dataclass(frozen=True)
class Task:
    """How cutouts are searched, the same for all batches.

    Attributes
    ----------
    folder : path
        Of the model.
    model : str
        The model's id.
    version : str
        Of the program that asks; a worker with another one refuses.
    score : float
        From which boxes are kept.
    device : {"auto", "cpu", "cuda", "mps"}
    backend : {"torch", "openvino"}
        What computes the network on a CPU, alike on all workers.
    precision : {"single", "bfloat16"}
        In which it computes there, where the worker's processor has it.
    photometry, embeddings : bool
    choice : Choice
        Bands and unit of files that do not name them.
    """

    folder: Path
    model: str
    version: str
    score: float
    device: str = "cpu"
    backend: str = "torch"
    precision: str = "single"
    photometry: bool = True
    embeddings: bool = False
    choice: Choice = field(default_factory=Choice)


@dataclass(frozen=True)
class Found:
    """What was found on the cutouts of a batch.

    Attributes
    ----------
    tables : dict
        Each cutout has one row either of `CUTOUTS` or of `PROBLEMS`.
    seconds : dict of str to float
        How long each address took.
    unreachable : int
        How many of the problems are cutouts with nothing at their address; those that
        a service did not deliver are none, since they never were there.
    """

    tables: Tables
    seconds: dict[str, float]
    unreachable: int = 0

    def __len__(self) -> int:
        return len(self.tables[CUTOUTS]) + len(self.tables[PROBLEMS])


@dataclass
class _Rows:
    """The rows of a batch while they grow."""

    cutouts: list[Row] = field(default_factory=list)
    problems: list[Row] = field(default_factory=list)
    embeddings: list[Row] = field(default_factory=list)
    detections: list[pa.Table] = field(default_factory=list)

    def tables(self) -> Tables:
        """Return them as tables."""
        return {
            CUTOUTS: table_of(CUTOUTS, self.cutouts),
            PROBLEMS: table_of(PROBLEMS, self.problems),
            DETECTIONS: joined(DETECTIONS, self.detections),
            EMBEDDINGS: table_of(EMBEDDINGS, self.embeddings),
        }


def program_version() -> str:
    """Return the version of this program, as it is installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("napari-clumps")
    except PackageNotFoundError:
        return "not installed"


def search_batch(task: Task, items: Sequence[Item], failed: Sequence[int]) -> Found:
    """Search the cutouts of a batch, in a worker.

    Parameters
    ----------
    task : Task
    items : sequence of Item
    failed : sequence of int
        How often each of them failed before.

    Returns
    -------
    Found

    Raises
    ------
    ConfigError
        If this worker has another version of the program, or another model.
    ModelError
        If the model cannot be loaded here.
    """
    predictor = _predictor(task)
    tried = [
        _Tried(item, before, stamp_or_none(item))
        for item, before in zip(items, failed, strict=True)
    ]
    most = predictor.batch
    parts = [
        _search(tried[k : k + most], task, predictor).tables()
        for k in range(0, len(tried), most)
    ]
    unreachable = sum(
        one.error is not None
        and not one.stamp
        and not isinstance(one.error, FetchError)
        for one in tried
    )
    seconds = {one.item.address: one.seconds for one in tried}
    return Found(tables_joined(parts), seconds, unreachable)


def problem_row(task: Task, item: Item, stamp: str, reason: str, before: int) -> Row:
    """Return the row of a cutout that could not be searched."""
    return {
        "cutout": item.address,
        "name": item.name,
        "reason": reason,
        "attempts": before + 1,
        "stamp": stamp,
        "model": task.model,
    }


def _reason(error: Exception, scratch: Path) -> str:
    """Return why a cutout failed, without the names of files in a scratch folder."""
    if isinstance(error, ClumpError):
        if error.path is not None and error.path.is_relative_to(scratch):
            error = type(error)(error.what, None, error.remedy)
        return error.message
    if isinstance(error, MemoryError):
        return "the memory of the worker does not suffice"
    words = " ".join(str(error).split())[:200]
    return f"unexpected: {type(error).__name__}: {words}"


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="clumps-") as name:
        yield Path(name)


@lru_cache(maxsize=1)
def _predictor(task: Task) -> Predictor:
    """Return the model of a worker, which loads it once."""
    from clump_detector.detector.backend import PRECISION, VARIABLE
    from clump_detector.detector.predict import Predictor

    own = program_version()
    if own != task.version:
        raise ConfigError(
            f"a worker has version {own} of napari-clumps, and this is {task.version}",
            remedy="Install the same version for all workers.",
        )
    os.environ[VARIABLE], os.environ[PRECISION] = task.backend, task.precision
    found = Predictor(task.folder, task.device)
    if found.model_id != task.model:
        raise ConfigError(
            f"a worker finds the model {found.model_id} in this folder, and this is "
            f"{task.model}",
            task.folder,
            "Use a folder that all workers see alike.",
        )
    return found


@dataclass
class _Tried:
    """A cutout of a batch on its way: what is known of it so far."""

    item: Item
    before: int
    stamp: str
    seconds: float = 0.0
    content: str = ""
    cutout: Cutout | None = None
    error: Exception | None = None
    vector: list[float] = field(default_factory=list)
    profile: list[float] | None = None

    @contextmanager
    def step(self) -> Iterator[None]:
        """Time a step, and keep an error of it: the cutout has a problem then."""
        start = time.perf_counter()
        try:
            yield
        except Exception as error:  # whatever it is, the others are not to blame
            self.error, self.cutout = error, None
        self.seconds += time.perf_counter() - start


def _search(tried: Sequence[_Tried], task: Task, predictor: Predictor) -> _Rows:
    """Search cutouts that go through the network together."""
    rows = _Rows()
    with _scratch() as scratch:
        for number, one in enumerate(tried):
            folder = scratch / str(number)
            folder.mkdir()
            with one.step():
                _read(one, folder, task)
        readable = [one for one in tried if one.cutout is not None]
        start = time.perf_counter()
        results = _predicted(readable, task, predictor)
        each = (time.perf_counter() - start) / max(len(readable), 1)
        for one, found in zip(readable, results, strict=True):
            one.seconds += each
            with one.step():
                _add(one, found, task, predictor.card.default_score, rows)
    for one in tried:
        if one.error is not None:
            reason = _reason(one.error, scratch)
            row = problem_row(task, one.item, one.stamp, reason, one.before)
            rows.problems.append(row)
    return rows


def _read(one: _Tried, scratch: Path, task: Task) -> None:
    from clump_detector.images.cutout import read_cutout
    from clump_detector.images.identity import content_key

    (source,) = task.choice.for_sources([one.item.source(scratch)])
    one.content = content_key(source)
    one.cutout = read_cutout(source)


def _predicted(
    tried: Sequence[_Tried], task: Task, predictor: Predictor
) -> list[Detections | Exception]:
    """Return the boxes of each cutout, or an error; and note its embedding."""
    from clump_detector.detector.describing.embedding import embedding_of

    cutouts = [one.cutout for one in tried if one.cutout is not None]
    if not task.embeddings:
        return predictor.predict_all(cutouts)
    results: list[Detections | Exception] = []
    for one, cutout in zip(tried, cutouts, strict=True):
        try:
            found, vector, profile = embedding_of(predictor, cutout)
        except Exception as error:  # whatever it is, the others are not to blame
            results.append(error)
        else:
            one.vector = vector.tolist()
            one.profile = None if profile is None else profile.tolist()
            results.append(found)
    return results


def _add(
    one: _Tried,
    found: Detections | Exception,
    task: Task,
    limit: float,
    rows: _Rows,
) -> None:
    """Add the rows of a cutout that was searched.

    Raises
    ------
    Exception
        What was found instead of boxes, or if its file changed meanwhile.
    """
    if isinstance(found, Exception):
        raise found
    if one.cutout is None:
        return
    best = np.argsort(-found.scores, kind="stable")
    found = found.take(best[found.scores[best] >= task.score])
    boxes = detection_rows(
        one.item, one.cutout, found, task.model, photometry=task.photometry
    )
    if one.item.stamp() != one.stamp:
        raise ClumpError(CHANGED_MEANWHILE, None, "Start the survey again.")
    row = cutout_row(one.item, one.cutout, found, limit)
    row |= {"content": one.content, "stamp": one.stamp, "model": task.model}
    rows.cutouts.append(row)
    rows.detections.append(boxes)
    if task.embeddings:
        named = {name: row[name] for name in ("cutout", "ra", "dec", "model")}
        alike = {"embedding": one.vector, "profile": one.profile}
        rows.embeddings.append(named | alike)
