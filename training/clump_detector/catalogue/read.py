"""A catalogue that `write_catalogue` wrote, as astropy's table."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clump_detector.core.errors import FileError, from_os_error

from .write import check_catalogue_name, format_of

if TYPE_CHECKING:
    from astropy.table import Table


def read_catalogue(path: str | Path) -> Table:
    """Return a catalogue as an astropy table: masked columns, integers as integers.

    Raises
    ------
    FileError
        If it cannot be read, or is no table.
    """
    path = check_catalogue_name(path)
    read = {
        ".ecsv": _read("ascii.ecsv"),
        ".vot": _read("votable"),
        ".fits": _read_fits,
        ".parquet": _read_parquet,
        ".csv": _read_csv,
    }
    if not path.exists():
        raise FileError("no such file or folder", path, "Check the path.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return read[format_of(path) or ""](path)
    except OSError as error:
        raise from_os_error(error, path, "read") from error
    except Exception as error:  # readers raise whatever they like on damaged bytes
        raise FileError(
            f"this is no catalogue ({str(error).splitlines()[0][:120]})",
            path,
            "Export it again.",
        ) from error


def _read(kind: str) -> Callable[[Path], Table]:
    def read(path: Path) -> Table:
        from astropy.table import Table

        return _masked(Table.read(path, format=kind))

    return read


def _read_fits(path: Path) -> Table:
    from astropy.io import fits

    table = _read("fits")(path)
    header = fits.getheader(path, 1)
    for number, name in enumerate(table.colnames, start=1):
        table[name].description = header.get(f"TCOMM{number}")
    return table


def _read_csv(path: Path) -> Table:
    import pandas as pd
    from astropy.table import Table

    return _masked(Table.from_pandas(pd.read_csv(path, dtype_backend="pyarrow")))


def _read_parquet(path: Path) -> Table:
    """Read Parquet by Arrow: astropy's own reader makes floats of missing integers."""
    import pyarrow.parquet as pq
    from astropy.table import MaskedColumn, Table

    content = pq.read_table(path)
    table = Table()
    for name in content.column_names:
        values = content[name].combine_chunks()
        missing = values.is_null().to_numpy(zero_copy_only=False)
        zeros = {"string": "", "bool": False}
        filled = values.fill_null(zeros.get(str(values.type), 0)).to_numpy(
            zero_copy_only=False
        )
        if filled.dtype == object:
            filled = filled.astype(str)
        metadata = content.schema.field(name).metadata or {}
        unit = metadata.get(b"unit", b"").decode() or None
        table[name] = MaskedColumn(filled, mask=missing, unit=unit)
        table[name].description = metadata.get(b"description", b"").decode() or None
    return _masked(table)


def _masked(table: Table) -> Table:
    """Return the table with what is missing masked, whatever the format had for it."""
    from astropy.table import MaskedColumn, Table

    made = Table(meta=table.meta, masked=True)
    for name in table.colnames:
        column = table[name]
        values = np.ma.asarray(column)
        if values.dtype.kind in "OS":
            values = np.ma.array(
                [_as_text(v) for v in values.data], mask=np.ma.getmaskarray(values)
            )
        missing = np.ma.getmaskarray(values).copy()
        if values.dtype.kind == "f":
            missing |= np.isnan(values.data)
        elif values.dtype.kind == "U":
            missing |= values.data == ""
        made[name] = MaskedColumn(values.data, mask=missing, unit=column.unit)
        made[name].description = column.description
    return made


def _as_text(value: object) -> str:
    if value is None or value is np.ma.masked:
        return ""
    return value.decode() if isinstance(value, bytes) else str(value)
