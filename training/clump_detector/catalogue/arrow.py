"""A clump catalogue in Arrow's columns: Parquet, CSV and ECSV."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clump_detector.core.json_types import JsonObject

from .builder import Catalogue
from .fits_table import as_table

if TYPE_CHECKING:
    import pyarrow as pa

ALL, NONE = slice(None), slice(0, 0)

#: Rows of a text format that are in memory at a time.
_CHUNK = 5_000


def arrow_table(catalogue: Catalogue, rows: slice = ALL) -> pa.Table:
    """Return an Arrow table with nulls, units and descriptions in its fields.

    Parameters
    ----------
    catalogue : Catalogue
    rows : slice
    """
    import pyarrow as pa

    kinds = {
        "float": pa.float64(),
        "int": pa.int64(),
        "bool": pa.bool_(),
        "text": pa.string(),
    }
    fields, arrays = [], []
    for column in catalogue.columns:
        kind = kinds[column.kind]
        metadata = {"description": column.description}
        metadata |= {"unit": column.unit} if column.unit else {}
        metadata |= {"ucd": column.ucd} if column.ucd else {}
        fields.append(pa.field(column.name, kind, metadata=metadata))
        missing = catalogue.missing[column.name][rows]
        values = catalogue.values[column.name][rows]
        arrays.append(pa.array(values, type=kind, mask=np.ascontiguousarray(missing)))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def write_parquet(catalogue: Catalogue, path: Path) -> None:
    """Write Parquet: units in each field, and all metadata as astropy reads them.

    A missing number is null. A missing text is empty, since astropy makes the word
    "None" of a null.

    Parameters
    ----------
    catalogue : Catalogue
    path : path
    """
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
    from astropy.table.meta import get_yaml_from_table

    table = arrow_table(catalogue)
    yaml = "\n".join(get_yaml_from_table(as_table(catalogue, NONE)))
    metadata = {"table_meta_yaml": yaml, "pandas": json.dumps(_pandas_types(catalogue))}
    for index, column in enumerate(catalogue.columns):
        if column.kind == "text":
            values = pc.fill_null(table[column.name], "")
            table = table.set_column(index, table.field(index), values)
            longest = pc.max(pc.utf8_length(values)).as_py() if len(table) else 0
            metadata[f"table::len::{column.name}"] = str(max(longest or 0, 1))
    encoded = {key.encode(): value.encode() for key, value in metadata.items()}
    pq.write_table(table.replace_schema_metadata(encoded), path)


def _pandas_types(catalogue: Catalogue) -> JsonObject:
    """Return Arrow's note for pandas: integers that may be missing stay integers."""
    kinds = {
        "float": ("float64", "float64"),
        "int": ("int64", "Int64"),
        "bool": ("bool", "boolean"),
        "text": ("unicode", "object"),
    }
    columns = [
        {
            "name": c.name,
            "field_name": c.name,
            "pandas_type": kinds[c.kind][0],
            "numpy_type": kinds[c.kind][1],
            "metadata": None,
        }
        for c in catalogue.columns
    ]
    return {
        "index_columns": [],
        "column_indexes": [],
        "columns": columns,
        "creator": {"library": "napari-clumps", "version": "1"},
        "pandas_version": "2.0.0",
    }


def write_csv(catalogue: Catalogue, path: Path) -> None:
    """Write CSV; an empty value is missing.

    Parameters
    ----------
    catalogue : Catalogue
    path : path
    """
    import pyarrow.csv as arrow_csv

    with path.open("wb") as file:
        arrow_csv.write_csv(arrow_table(catalogue), file)


def write_ecsv(catalogue: Catalogue, path: Path) -> None:
    """Write ECSV 1.0 with commas; an empty value is missing.

    Parameters
    ----------
    catalogue : Catalogue
    path : path
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as arrow_csv

    header = io.StringIO()
    as_table(catalogue, NONE).write(header, format="ascii.ecsv", delimiter=",")
    with path.open("wb") as file:
        file.write(header.getvalue().encode())
        for chunk in chunks(catalogue):
            table = arrow_table(catalogue, chunk)
            for index, column in enumerate(catalogue.columns):
                if column.kind == "bool":  # ECSV writes Python's words
                    words = pc.if_else(table[column.name], "True", "False")
                    field = pa.field(column.name, pa.string())
                    table = table.set_column(index, field, words)
            options = arrow_csv.WriteOptions(include_header=False)
            arrow_csv.write_csv(table, file, options)


def chunks(catalogue: Catalogue) -> Iterator[slice]:
    """Yield the rows in pieces, so that their text needs little memory."""
    for start in range(0, len(catalogue), _CHUNK):
        yield slice(start, start + _CHUNK)
