"""Reading the tables of a dataset bit by bit, skipping files by what is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from clump_detector.core.errors import FileError, from_os_error
from clump_detector.survey_search.dataset.collection import table_files
from clump_detector.survey_search.dataset.folder import has_tables, read_made
from clump_detector.survey_search.dataset.parts import Parts
from clump_detector.survey_search.dataset.tables import CUTOUTS, NAMES

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.dataset import Dataset

_PARTITION = re.compile(r"Norder=(\d+)/Dir=\d+/Npix=(\d+)\.parquet$")

#: A pixel reaches at most so many times the root of its area from its centre.
_REACH = 1.5


def require_tables(dataset: Path) -> None:
    """Raise an error unless a path is a dataset with tables.

    Raises
    ------
    FileError
    """
    read_made(dataset)
    if not has_tables(dataset) or not table_files(dataset, CUTOUTS):
        raise FileError(
            "the tables of this dataset are not put together yet",
            dataset,
            "Let the survey run to its end: start the same line again.",
        )


def waiting_results(dataset: Path) -> int:
    """Return how many cutouts were searched or tried and are not in the tables yet."""
    import pyarrow.parquet as pq

    files = [
        part / f"{name}.parquet"
        for part in Parts(dataset).files()
        for name in NAMES[:2]
    ]
    with damage_said(dataset):
        return sum(pq.read_metadata(path).num_rows for path in files if path.exists())


@contextmanager
def damage_said(dataset: Path) -> Iterator[None]:
    """Turn what pyarrow raises on a damaged or missing file into a `FileError`."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise from_os_error(error, error.filename or dataset, "read") from error
        words = " ".join(str(error).split())
        raise FileError(
            f"a table of this dataset is damaged ({words[:300]})",
            dataset,
            "Copy it again from where it came from, or search the survey anew.",
        ) from error


def table_at(dataset: Path, name: str, files: Sequence[Path] | None = None) -> Dataset:
    """Return a table, or those of its files, to be scanned.

    Parameters
    ----------
    dataset : path
    name : str
        One of `ON_SKY`.
    files : sequence of path, optional
        Some of those of the table, of which there is at least one.
    """
    import pyarrow.dataset as ds

    every = table_files(dataset, name)
    if not every:
        return ds.dataset(_empty(name))
    schema = ds.dataset(every[0], format="parquet").schema
    chosen = every if files is None else files
    if not chosen:
        return ds.dataset(schema.empty_table())
    return ds.dataset([str(path) for path in chosen], schema=schema, format="parquet")


def _empty(name: str) -> pa.Table:
    from clump_detector.survey_search.dataset.tables import schema_of

    return schema_of(name).empty_table()


def files_near(
    dataset: Path, name: str, ra: float, dec: float, radius: float
) -> list[Path]:
    """Return the files of a table that can have rows near a position.

    Parameters
    ----------
    dataset : path
    name : str
        One of `ON_SKY`.
    ra, dec, radius : float
        Degrees.
    """
    from astropy_healpix import healpy

    files = table_files(dataset, name)
    named = [(_PARTITION.search(path.as_posix()), path) for path in files]
    placed = [(int(n[1]), int(n[2]), path) for n, path in named if n]
    if not placed:
        return []
    order, pixel = (np.array(v) for v in list(zip(*placed, strict=True))[:2])
    lon, lat = healpy.pix2ang(2**order, pixel, nest=True, lonlat=True)
    reach = _REACH * np.degrees(healpy.nside2resol(2**order))
    near = distances(lon, lat, ra, dec) <= radius + reach
    return [path for (*_, path), inside in zip(placed, near, strict=True) if inside]


def distances(ra: Any, dec: Any, ra0: float, dec0: float) -> Any:
    """Return the distances of positions from another one, all in degrees."""
    phi, phi0 = np.radians(dec), np.radians(dec0)
    across = np.sin(np.radians(ra - ra0) / 2) ** 2
    half = np.sin((phi - phi0) / 2) ** 2 + np.cos(phi) * np.cos(phi0) * across
    return np.degrees(2 * np.arcsin(np.sqrt(np.clip(half, 0, 1))))


def batches(
    table: Dataset, columns: Sequence[str] | dict[str, Any], condition: Any = None
) -> Iterator[pa.Table]:
    """Yield the rows of a table that fulfil a condition, in the order of its files.

    Parameters
    ----------
    table : pyarrow.dataset.Dataset
    columns : sequence of str, or dict of expressions by name
    condition : pyarrow.compute.Expression, optional
    """
    import pyarrow as pa

    columns = columns if isinstance(columns, dict) else list(columns)
    for batch in table.to_batches(columns=columns, filter=condition):
        if len(batch):
            yield pa.Table.from_batches([batch])


def joined_up(tables: Iterator[pa.Table], rows: int) -> Iterator[pa.Table]:
    """Yield fewer, larger tables, of at least so many rows but the last one."""
    import pyarrow as pa

    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        if sum(map(len, waiting)) >= rows:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)
