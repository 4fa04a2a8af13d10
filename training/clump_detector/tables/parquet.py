"""Reading Parquet tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .limits import LIMITS, MemoryBudget
from .masked_columns import masked_column
from .text import MOST_YAML

if TYPE_CHECKING:
    import pyarrow as pa
    from astropy.table import Table


def read_parquet(path: Path) -> Table:
    """Read a Parquet table, without columns of several values per row.

    Returns
    -------
    astropy.table.Table

    Raises
    ------
    FileError
        If it is too large.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq
    from astropy.table import Table

    with pq.ParquetFile(path, memory_map=False) as file:
        meta = file.metadata
        LIMITS.check(path, rows=meta.num_rows, columns=meta.num_columns)
        schema = file.schema_arrow
        # pandas writes its categories as dictionaries, of texts or of numbers.
        words = [f.name for f in schema if _is_text(_values_of(f.type))]
        plain = [f.name for f in schema if _is_plain(_values_of(f.type))]
        units = _parquet_units(schema)
    # Texts as a dictionary: one that is repeated a million times takes memory once.
    read = pq.read_table(path, columns=[*plain, *words], read_dictionary=words)
    table, memory = Table(), MemoryBudget(path)
    for name in [n for n in schema.names if n in (*plain, *words)]:
        column = _one_chunk(read[name])
        if name in plain and pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        missing = np.asarray(column.is_null())
        if name in words:
            values = _words(column, memory)
        else:
            kind = column.type
            memory.take(len(column))
            filled = column.fill_null(False if pa.types.is_boolean(kind) else 0)
            values = filled.to_numpy(zero_copy_only=False)
        table[name] = masked_column(values, missing, units.get(name))
    table.meta["reading_notes"] = [
        f"Column {name} does not hold plain values and was left out."
        for name in schema.names
        if name not in table.colnames
    ]
    return table


def _parquet_units(schema: pa.Schema) -> dict[str, str]:
    """Return the units by column: of each field, or from astropy's metadata."""
    from astropy.table.meta import get_header_from_yaml

    fields = {f.name: (f.metadata or {}).get(b"unit", b"") for f in schema}
    units = {name: unit.decode("utf-8", "replace") for name, unit in fields.items()}
    noted = (schema.metadata or {}).get(b"table_meta_yaml", b"")
    if 0 < len(noted) < MOST_YAML:
        header = get_header_from_yaml(noted.decode("utf-8").splitlines())
        for column in header["datatype"]:
            units[column["name"]] = str(column.get("unit") or "")
    return units


def _values_of(kind: pa.DataType) -> pa.DataType:
    """Return the type of the values of a column, also of a dictionary column."""
    import pyarrow as pa

    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    """Return a column in one chunk, whose chunks may have had a dictionary each."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    whole = column.combine_chunks()
    return whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_plain(kind: pa.DataType) -> bool:
    import pyarrow as pa

    types = pa.types
    return bool(
        types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)
    )


def _words(column: pa.Array, memory: MemoryBudget) -> NDArray[np.str_]:
    """Return the texts of a dictionary column as an array, checked for their length."""
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    words = [word or "" for word in column.dictionary.to_pylist()]
    longest = max(map(len, words), default=0)
    memory.take(len(column), longest)
    codes = column.indices.fill_null(0).to_numpy(zero_copy_only=False)
    if not words:
        return np.zeros(len(column), dtype="U1")
    return np.asarray(np.array(words, dtype=f"U{max(longest, 1)}")[codes])
