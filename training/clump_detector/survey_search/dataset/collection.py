"""Putting the tables of a dataset together from its parts.

All tables are written anew into a folder beside the old one, which then takes its
place: a program that is killed leaves the old tables, the new ones, or what
`recover` makes the new ones of. As the parts are removed last, and the same parts give
the same rows, doing it once more changes nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.errors import from_os_error
from clump_detector.core.files import to_disk

from . import healpix
from .parts import Parts, latest, read_parquet
from .tables import (
    CUTOUT,
    CUTOUTS,
    DETECTIONS,
    EMBEDDINGS,
    ON_SKY,
    PROBLEMS,
    joined,
)

if TYPE_CHECKING:
    import pyarrow as pa

#: The folder of the tables in a dataset.
TABLES = "tables"

_NEW, _OLD, _WHOLE = ".tables-new", ".tables-old", "whole"

#: Rows that are in memory at a time.
_CHUNK = 500_000


def recover(dataset: Path) -> None:
    """Finish or undo what was begun when a program was killed while it put together.

    Raises
    ------
    FileError
        If the folder cannot be written to.
    """
    new, old, tables = dataset / _NEW, dataset / _OLD, dataset / TABLES
    try:
        if (new / _WHOLE).exists():
            if tables.exists():
                shutil.rmtree(old, ignore_errors=True)
                tables.rename(old)
            new.rename(tables)
            (tables / _WHOLE).unlink()
        elif (tables / _WHOLE).exists():
            (tables / _WHOLE).unlink()
        elif old.exists() and not tables.exists():
            old.rename(tables)
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise from_os_error(error, dataset, "write to") from error


def collect(dataset: Path) -> None:
    """Put the tables together from the old ones and all parts, and remove the parts.

    Parameters
    ----------
    dataset : path

    Raises
    ------
    FileError
        If a part is damaged, the disk is full, or the folder cannot be written to.
    """
    recover(dataset)
    parts = Parts(dataset)
    files = parts.files()
    newest = latest(files)
    new = dataset / _NEW
    try:
        new.mkdir()
        for name in ON_SKY:
            _write_on_sky(dataset, name, files, newest)
        problems = joined(PROBLEMS, _kept(dataset, PROBLEMS, files, newest))
        _write(_in_order(problems, PROBLEMS), new / f"{PROBLEMS}.parquet")
        (new / _WHOLE).touch()
    except OSError as error:
        shutil.rmtree(new, ignore_errors=True)
        raise from_os_error(error, new, "write") from error
    recover(dataset)
    parts.remove(files)


def table_files(dataset: Path, name: str) -> list[Path]:
    """Return the files of a table that was put together."""
    folder = dataset / TABLES / name
    if name == PROBLEMS:
        only = dataset / TABLES / f"{name}.parquet"
        return [only] if only.exists() else []
    return sorted(p for p in folder.rglob("*.parquet") if not p.name.startswith("_"))


@dataclass(frozen=True)
class _File:
    """A file with rows of a table, and those of them that count."""

    path: Path
    rows: NDArray[np.intp]
    index: NDArray[np.int64]

    def take(self, name: str, low: int, high: int) -> pa.Table:
        """Return the rows with an index from low up to, but not including, high."""
        inside = (self.index >= low) & (self.index < high)
        return read_parquet(self.path, name).take(self.rows[inside])


def _files(
    dataset: Path, name: str, parts: list[Path], newest: dict[str, Path]
) -> Iterator[_File]:
    """Yield the files of a table, the old ones first, with the rows that count."""
    found = [(path, None) for path in table_files(dataset, name)]
    found += [(p / f"{name}.parquet", p) for p in parts]  # type: ignore[misc]
    for path, part in found:
        if not path.exists():
            continue
        where = [] if name == PROBLEMS else ["ra", "dec"]
        table = read_parquet(path, name, [CUTOUT, *where])
        counts = [newest.get(a) is part for a in table[CUTOUT].to_pylist()]
        rows = np.flatnonzero(counts)
        index = np.zeros(len(rows), dtype=np.int64)
        if where:
            ra, dec = (
                table[c].to_numpy(zero_copy_only=False).astype(float)[rows]
                for c in where
            )
            index = healpix.index_of(ra, dec)
        yield _File(path, rows, index)


def _kept(
    dataset: Path, name: str, parts: list[Path], newest: dict[str, Path]
) -> list[pa.Table]:
    return [f.take(name, 0, 1) for f in _files(dataset, name, parts, newest)]


def _write_on_sky(
    dataset: Path, name: str, parts: list[Path], newest: dict[str, Path]
) -> None:
    """Write a table in partitions, some of them at a time."""
    files = list(_files(dataset, name, parts, newest))
    folder = dataset / _NEW / name
    nowhere = joined(name, [f.take(name, healpix.NOWHERE, 0) for f in files])
    schema = _schema(name, files).append(_index_field())
    if len(nowhere) or (name != EMBEDDINGS and not any(len(f.rows) for f in files)):
        path = folder / healpix.WITHOUT_POSITION
        _write(_in_order(_as(nowhere, schema), name), path)
    index = np.concatenate([f.index for f in files] or [np.zeros(0, np.int64)])
    pixels = healpix.pixels_for(index)
    for some in _chunks({pixel: len(rows) for pixel, rows in pixels.items()}):
        spans = [healpix.span(pixel) for pixel in some]
        low, high = min(s[0] for s in spans), max(s[1] for s in spans)
        table = _indexed(joined(name, [f.take(name, low, high) for f in files]))
        for pixel, (first, last) in zip(some, spans, strict=True):
            own = _between(table, first, last)
            _write(
                _in_order(_as(own, schema), name),
                folder / healpix.partition_path(pixel),
            )
    if pixels:
        counts = {pixel: len(rows) for pixel, rows in pixels.items()}
        healpix.write_properties(folder, f"clump_{name}", counts, schema)


def _chunks(rows: dict[healpix.Pixel, int]) -> Iterator[list[healpix.Pixel]]:
    """Yield pixels in groups of neighbours with not too many rows."""
    group: list[healpix.Pixel] = []
    n = 0
    for pixel in sorted(rows, key=healpix.span):
        if group and n + rows[pixel] > _CHUNK:
            yield group
            group, n = [], 0
        group.append(pixel)
        n += rows[pixel]
    if group:
        yield group


def _schema(name: str, files: list[_File]) -> pa.Schema:
    """Return the columns that some file has, without that of the index."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = [joined(name, []).schema, *(pq.read_schema(f.path) for f in files)]
    whole = pa.unify_schemas(
        [s.remove_metadata() for s in found], promote_options="permissive"
    )
    own = [field for field in whole if field.name != healpix.INDEX_COLUMN]
    first = [field.name for field in joined(name, []).schema]
    later = sorted(
        (f for f in own if f.name not in first), key=lambda field: field.name
    )
    return pa.schema([*(f for f in own if f.name in first), *later])


def _index_field() -> pa.Field:
    import pyarrow as pa

    return pa.field(healpix.INDEX_COLUMN, pa.int64())


def _indexed(table: pa.Table) -> pa.Table:
    """Return a table with the column of its index."""
    import pyarrow as pa

    ra, dec = (
        table[c].to_numpy(zero_copy_only=False).astype(float) for c in ("ra", "dec")
    )
    index = pa.array(healpix.index_of(ra, dec))
    if healpix.INDEX_COLUMN in table.column_names:
        table = table.drop_columns([healpix.INDEX_COLUMN])
    return table.append_column(_index_field(), index)


def _between(table: pa.Table, first: int, last: int) -> pa.Table:
    index = table[healpix.INDEX_COLUMN].to_numpy()
    return table.take(np.flatnonzero((index >= first) & (index < last)))


def _as(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return a table with the columns of a schema, in its order."""
    import pyarrow as pa

    arrays = [
        table[field.name].cast(field.type)
        if field.name in table.column_names
        else pa.nulls(len(table), field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _in_order(table: pa.Table, name: str) -> pa.Table:
    """Return a table in the order of the sky, then of cutouts and boxes."""
    keys = [
        *([healpix.INDEX_COLUMN] if healpix.INDEX_COLUMN in table.column_names else []),
        CUTOUT,
        *(["box"] if name == DETECTIONS else []),
    ]
    return table.sort_by([(key, "ascending") for key in keys])


def _write(table: pa.Table, path: Path) -> None:
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    to_disk(path)


def number_of(dataset: Path, name: str = CUTOUTS) -> int:
    """Return how many rows a table has that was put together."""
    import pyarrow.parquet as pq

    return sum(pq.read_metadata(p).num_rows for p in table_files(dataset, name))
