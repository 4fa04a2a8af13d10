"""Parts of a dataset: what was found since its tables were last put together.

A part is a folder with a file for each table. It appears by a rename once all of its
files are on disk, so that a program that is killed leaves whole parts only. Where two
parts have the same cutout, the later one counts.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from clump_detector.core.errors import FileError, from_os_error
from clump_detector.core.files import to_disk

from .tables import CUTOUT, NAMES, Tables, joined

if TYPE_CHECKING:
    import pyarrow as pa

#: The name of the folder of parts in a dataset.
PARTS = "parts"

_HALF = ".half-"


class Parts:
    """The parts of a dataset.

    Parameters
    ----------
    dataset : path
    """

    def __init__(self, dataset: Path) -> None:
        self.folder = dataset / PARTS

    def files(self) -> list[Path]:
        """Return the folders of the parts, the oldest first."""
        if not self.folder.is_dir():
            return []
        found = [p for p in self.folder.iterdir() if p.name.isdigit()]
        return sorted(found, key=lambda p: int(p.name))

    def write(self, tables: Tables) -> Path:
        """Add a part: all of it, or nothing.

        Raises
        ------
        FileError
            If the disk is full, or the folder cannot be written to.
        """
        import pyarrow.parquet as pq

        numbers = [int(path.name) for path in self.files()]
        final = self.folder / f"{max(numbers, default=0) + 1:06d}"
        half = self.folder / f"{_HALF}{final.name}"
        try:
            shutil.rmtree(half, ignore_errors=True)
            half.mkdir(parents=True)
            for name, table in tables.items():
                if len(table):
                    path = half / f"{name}.parquet"
                    pq.write_table(table, path)
                    to_disk(path)
            half.rename(final)
            to_disk(self.folder)
        except OSError as error:
            shutil.rmtree(half, ignore_errors=True)
            raise from_os_error(error, final, "write") from error
        return final

    def remove(self, parts: list[Path]) -> None:
        """Remove parts whose rows are in the tables, and what a kill left of others."""
        with suppress(OSError):
            for half in self.folder.glob(f"{_HALF}*"):
                shutil.rmtree(half, ignore_errors=True)
        for path in parts:
            shutil.rmtree(path, ignore_errors=True)


def read_part(part: Path, name: str, columns: list[str] | None = None) -> pa.Table:
    """Return a table of a part; without rows where the part has none.

    Raises
    ------
    FileError
        If it cannot be read.
    """
    return read_parquet(part / f"{name}.parquet", name, columns)


def read_parquet(path: Path, name: str, columns: list[str] | None = None) -> pa.Table:
    """Return a file of a table; without rows where there is no such file.

    Parameters
    ----------
    path : path
    name : str
        One of `NAMES`.
    columns : list of str, optional
        Only these.

    Raises
    ------
    FileError
        If it cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.exists():
        empty = joined(name, [])
        return empty if columns is None else empty.select(columns)
    try:
        return pq.ParquetFile(path).read(columns=columns)
    except (OSError, pa.ArrowException) as error:
        raise FileError(
            f"this table is damaged ({error})", path, "Remove it, and start again."
        ) from error


def latest(parts: list[Path]) -> dict[str, Path]:
    """Return which part counts for each cutout: the last one that has it."""
    found: dict[str, Path] = {}
    for part in parts:
        for name in NAMES[:2]:
            for address in read_part(part, name, [CUTOUT])[CUTOUT].to_pylist():
                found[address] = part
    return found
