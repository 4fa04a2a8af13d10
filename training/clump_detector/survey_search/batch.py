"""What a worker does: it searches some cutouts, and returns their rows or problems."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from clump_detector.core.arrays import Floats
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
)
from .items import Item, stamp_or_none

if TYPE_CHECKING:
    import pyarrow as pa

    from clump_detector.detector.predict import Detections, Predictor
    from clump_detector.images.cutout import Cutout

#: A row of a table.
Row: TypeAlias = dict[str, object]

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
    photometry, embeddings : bool
    choice : Choice
        Bands and unit of files that do not name them.
    """

    folder: Path
    model: str
    version: str
    score: float
    device: str = "cpu"
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
    rows, seconds, unreachable = _Rows(), {}, 0
    for item, before in zip(items, failed, strict=True):
        start, stamp = time.perf_counter(), stamp_or_none(item)
        try:
            _search(item, stamp, task, predictor, rows)
        except Exception as error:  # whatever it is, the cutout gets a problem
            unreachable += not stamp and not isinstance(error, FetchError)
            rows.problems.append(problem_row(task, item, stamp, _reason(error), before))
        seconds[item.address] = time.perf_counter() - start
    tables = {
        CUTOUTS: table_of(CUTOUTS, rows.cutouts),
        PROBLEMS: table_of(PROBLEMS, rows.problems),
        DETECTIONS: joined(DETECTIONS, rows.detections),
        EMBEDDINGS: table_of(EMBEDDINGS, rows.embeddings),
    }
    return Found(tables, seconds, unreachable)


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


def _reason(error: Exception) -> str:
    if isinstance(error, ClumpError):
        return error.message
    if isinstance(error, MemoryError):
        return "the memory of the worker does not suffice"
    words = " ".join(str(error).split())[:200]
    return f"unexpected: {type(error).__name__}: {words}"


@lru_cache(maxsize=1)
def _predictor(task: Task) -> Predictor:
    """Return the model of a worker, which loads it once."""
    from clump_detector.detector.predict import Predictor

    own = program_version()
    if own != task.version:
        raise ConfigError(
            f"a worker has version {own} of napari-clumps, and this is {task.version}",
            remedy="Install the same version for all workers.",
        )
    found = Predictor(task.folder, task.device)
    if found.model_id != task.model:
        raise ConfigError(
            f"a worker finds the model {found.model_id} in this folder, and this is "
            f"{task.model}",
            task.folder,
            "Use a folder that all workers see alike.",
        )
    return found


def _search(
    item: Item, stamp: str, task: Task, predictor: Predictor, rows: _Rows
) -> None:
    from clump_detector.images.cutout import read_cutout
    from clump_detector.images.identity import content_key

    with _scratch() as scratch:
        (source,) = task.choice.for_sources([item.source(scratch)])
        content = content_key(source)
        cutout = read_cutout(source)
        found, vector = _predicted(predictor, cutout, task)
        boxes = _detections(item, cutout, found, task)
    if item.stamp() != stamp:
        raise ClumpError(CHANGED_MEANWHILE, None, "Start the survey again.")
    row = _cutout_row(item, cutout, found, predictor.card.default_score)
    row |= {"content": content, "stamp": stamp, "model": task.model}
    rows.cutouts.append(row)
    rows.detections.append(boxes)
    if task.embeddings:
        named = {name: row[name] for name in ("cutout", "ra", "dec", "model")}
        rows.embeddings.append(named | {"embedding": vector})


@contextmanager
def _scratch() -> Iterator[Path]:
    """Give an empty folder; errors about files in it do not name them."""
    with tempfile.TemporaryDirectory(prefix="clumps-") as name:
        try:
            yield Path(name)
        except ClumpError as error:
            if error.path is None or not error.path.is_relative_to(name):
                raise
            raise type(error)(error.what, None, error.remedy) from error


def _predicted(
    predictor: Predictor, cutout: Cutout, task: Task
) -> tuple[Detections, list[float]]:
    """Return the boxes to keep, the best first, and the embedding where it is asked."""
    from clump_detector.detector.embedding import embedding_of

    vector: list[float] = []
    if task.embeddings:
        found, values = embedding_of(predictor, cutout)
        vector = values.tolist()
    else:
        found = predictor.predict(cutout)
    best = np.argsort(-found.scores, kind="stable")
    return found.take(best[found.scores[best] >= task.score]), vector


def _cutout_row(item: Item, cutout: Cutout, found: Detections, limit: float) -> Row:
    scores = found.scores
    ra, dec = _position(cutout)
    return {
        "cutout": item.address,
        "name": item.name,
        "ra": ra,
        "dec": dec,
        "width": cutout.width,
        "height": cutout.height,
        "bands": " ".join(cutout.bands),
        "pixel_scale": cutout.scale,
        "psf_fwhm": cutout.fwhm,
        "n_boxes": len(found),
        "n_clumps": int((scores >= limit).sum()),
        "best_score": float(scores.max(initial=0)),
        "uncertainty": _uncertainty(scores, limit),
        "notes": " ".join(cutout.notes),
    }


def _uncertainty(scores: Floats, limit: float) -> float:
    """Return how near the least certain box is to the default score, 0 to 1."""
    if not len(scores):
        return 0.0
    away = np.where(scores < limit, limit - scores, scores - limit)
    room = np.where(scores < limit, limit, 1 - limit)
    return float((1 - away / np.maximum(room, 1e-6)).max())


def _position(cutout: Cutout) -> tuple[float | None, float | None]:
    """Return the position of the galaxy from its list, or else of the centre."""
    from clump_detector.astrometry.wcs import sky_positions

    galaxy = cutout.galaxy
    if galaxy is not None and galaxy.ra is not None and galaxy.dec is not None:
        return galaxy.ra % 360, galaxy.dec
    if cutout.wcs is None:
        return None, None
    x, y = (cutout.width - 1) / 2, (cutout.height - 1) / 2
    ra, dec = (float(v) for v in sky_positions(cutout.wcs, x, y)[0])
    return (ra % 360, dec) if np.isfinite([ra, dec]).all() else (None, None)


def _detections(item: Item, cutout: Cutout, found: Detections, task: Task) -> pa.Table:
    """Return the rows of the boxes of a cutout, measured where it has fluxes."""
    from clump_detector.catalogue.detections import rows_of

    rows: list[Row] = [
        {
            **{k: v for k, v in row.items() if k != "file"},
            "cutout": item.address,
            "name": item.name,
            "box": number,
        }
        for number, row in enumerate(
            rows_of(item.address, cutout, found, task.model), start=1
        )
    ]
    table = table_of(DETECTIONS, rows)
    if not task.photometry or cutout.is_picture or not len(found):
        return table
    return _beside(table, _measured(cutout, found))


def _measured(cutout: Cutout, found: Detections) -> pa.Table:
    """Return the columns of the clump catalogue that the boxes of a cutout have."""
    from clump_detector.catalogue import CatalogueBuilder, clump_rows
    from clump_detector.catalogue.arrow import arrow_table
    from clump_detector.catalogue.builder import LISTED
    from clump_detector.photometry.measurement import measure

    builder = CatalogueBuilder()
    columns = clump_rows(cutout, measure(cutout, found.boxes))
    columns.pop(LISTED, None)  # of the user's own list, which has the cutout's name
    builder.add(len(found), columns)
    return arrow_table(builder.finished())


def _beside(table: pa.Table, measured: pa.Table) -> pa.Table:
    """Return a table with those columns of another that have a value."""
    for name in measured.column_names:
        column = measured[name]
        if name in table.column_names or column.null_count == len(column):
            continue
        table = table.append_column(measured.schema.field(name), column)
    return table
