"""Reading tables: CSV, ECSV, VOTable, FITS and Parquet.

The sizes that a file claims are checked before memory is allocated, links in a file are
not followed, and no pickle is ever loaded.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.errors import ClumpError, FileError, from_os_error
from clump_detector.core.signatures import refuse_special, what_it_is

from .limits import LIMITS, MemoryBudget, check_size, too_much
from .text import MOST_YAML, read_ecsv, read_text
from .votable import check_votable

#: Suffixes of tables; the first bytes of a file take precedence.
SUFFIXES = (".csv", ".tsv", ".txt", ".dat", ".ecsv", ".vot", ".votable", ".xml",
            ".fits", ".fit", ".fits.gz", ".parquet", ".pq")  # fmt: skip

#: Characters of the name of a column.
_LONGEST_NAME = 100

_TEXT = (".csv", ".tsv", ".txt", ".dat", "")


def is_table_name(path: str | Path) -> bool:
    """Return whether a file's name is that of a table that `read_table` reads."""
    return str(path).lower().endswith(SUFFIXES)


def read_table(path: str | Path) -> Any:
    """Read a table.

    Integers stay integers, however long: they never pass through floating point.
    Columns that hold more than one value per row are left out.

    Parameters
    ----------
    path : path

    Returns
    -------
    astropy.table.Table
        Columns of int64, uint64, float64, bool or str, masked where a value is missing,
        with their units. ``meta["reading_notes"]`` lists in sentences what was left
        out.

    Raises
    ------
    FileError
        If the file is missing, not a table, damaged, or larger than `limits.LIMITS`.
    """
    path = Path(path)
    try:
        start = _start_of(path)
        check_size(path)
        table = _reader_for(path, start)(path)
    except ClumpError:
        raise
    except MemoryError as error:
        raise too_much("it does not fit into the memory", path) from error
    except OSError as error:
        if error.errno is not None:
            raise from_os_error(error, path, "read") from error
        raise _damaged(path, error) from error
    except Exception as error:  # readers raise many kinds for damaged bytes
        raise _damaged(path, error) from error
    if not len(table.colnames):
        raise FileError("this table has no column", path, "Give one with a header.")
    longest = max(map(len, table.colnames))
    if longest > _LONGEST_NAME:
        raise FileError(
            f"the name of a column has {longest:,} characters",
            path,
            "Look for a missing quotation mark or line end at its beginning.",
        )
    return _with_masks(table)


def _with_masks(table: Any) -> Any:
    """Return a table with the masks that astropy writes as columns applied."""
    for name in [n for n in table.colnames if f"{n}.mask" in table.colnames]:
        gaps = table[f"{name}.mask"]
        if gaps.dtype.kind == "b":
            table[name].mask = table[name].mask | np.asarray(gaps.filled(False))
            del table[f"{name}.mask"]
    return table


def _start_of(path: Path) -> bytes:
    if path.is_dir():
        raise FileError("this is a folder", path, "Give the file of a table.")
    refuse_special(path)
    with path.open("rb") as file:
        start = file.read(4096)
    if not start.strip():
        raise FileError("this file is empty", path, "Get the file again.")
    return start


def _reader_for(path: Path, start: bytes) -> Callable[[Path], Any]:
    text = start.lstrip(b"\xef\xbb\xbf \r\n\t")
    if start.startswith((b"SIMPLE  =", b"\x1f\x8b")):
        return _read_fits
    if start.startswith(b"PAR1"):
        return _read_parquet
    if text.startswith((b"<?xml", b"<VOTABLE", b"<vot:")) or b"<VOTABLE" in text:
        return _read_votable
    if text.startswith(b"# %ECSV"):
        return read_ecsv
    if path.suffix.lower() in _TEXT or path.suffix.lower() == ".ecsv":
        return read_text
    real = what_it_is(path)
    raise FileError(
        f"this is {real}, not a table that can be read"
        if real
        else "this is not a table that can be read",
        path,
        "Give CSV, ECSV, VOTable, a FITS table or Parquet.",
    )


def _damaged(path: Path, error: Exception) -> FileError:
    reason = (str(error) or type(error).__name__).strip().splitlines()[0][:140]
    return FileError(
        f"this table is damaged or of another format ({reason})",
        path,
        "Get the file again, or save it as CSV.",
    )


# -- FITS -------------------------------------------------------------------


def _read_fits(path: Path) -> Any:
    from astropy.io import fits
    from astropy.utils.exceptions import AstropyWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        warnings.filterwarnings("error", message=".*truncated.*")
        with fits.open(path, memmap=False, lazy_load_hdus=True) as hdus:
            for hdu in hdus:
                if isinstance(hdu, fits.BinTableHDU | fits.TableHDU):
                    _check_fits(hdu.header, path)
                    return _fits_columns(hdu, path)
    raise FileError("this FITS file holds no table", path, "Give one with a table.")


def _check_fits(header: Any, path: Path) -> None:
    """Refuse a table whose header claims more than the file can hold."""
    width, rows = int(header["NAXIS1"]), int(header["NAXIS2"])
    LIMITS.check(path, rows=rows, columns=int(header.get("TFIELDS", 0)))
    packed = _start_of(path).startswith(b"\x1f\x8b")
    most = LIMITS.file_bytes if packed else path.stat().st_size
    if width < 0 or rows < 0 or width * rows > most:
        raise FileError(
            f"its header claims {rows} rows of {width} bytes, more than the file has",
            path,
            "Get the file again.",
        )


def _fits_columns(hdu: Any, path: Path) -> Any:
    from astropy.table import Table

    table, memory = Table(), MemoryBudget(path)
    notes = []
    data = hdu.data
    for column in hdu.columns:
        name = column.name
        try:
            single = data is not None and data.dtype[name].shape == ()
            if single:
                kind = data.dtype[name]
                memory.take(len(data), kind.itemsize if kind.kind in "SU" else 0)
            values = np.asarray(data[name]) if single else None
        except FileError:
            raise
        except Exception as error:  # a broken column does not cost the others
            notes.append(f"Column {name} is damaged and was left out ({error}).")
            continue
        if values is None or values.ndim != 1 or values.dtype.kind not in "uifbUS":
            notes.append(_several_values(name))
            continue
        table[name] = _column(values, _null_mask(values, column.null), column.unit)
    table.meta["reading_notes"] = notes
    return table


def _several_values(name: str) -> str:
    return f"Column {name} holds several values per row and was left out."


def _null_mask(values: NDArray[Any], null: Any) -> NDArray[np.bool_]:
    if null is None or values.dtype.kind not in "ui":
        return np.zeros(len(values), bool)
    return np.asarray(values == null)


def _column(values: NDArray[Any], missing: NDArray[np.bool_], unit: Any) -> Any:
    """Return a masked column in native byte order."""
    from astropy.table import MaskedColumn

    if values.dtype.kind == "S":
        values = np.char.decode(values, "latin-1")
    native = values.astype(values.dtype.newbyteorder("="))
    if native.dtype.kind == "f":
        native = native.astype(np.float64)
    elif native.dtype.kind in "ui" and native.dtype != np.uint64:
        native = native.astype(np.int64)
    if native.dtype.kind == "U":
        native = np.char.strip(native)
        missing = missing | (native == "")
    return MaskedColumn(native, mask=missing, unit=str(unit) if unit else None)


# -- VOTable ----------------------------------------------------------------


def _read_votable(path: Path) -> Any:
    from astropy.io import votable
    from astropy.table import Table

    check_votable(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = votable.parse(path, verify="ignore")
        tables = [t for t in found.iter_tables() if len(t.fields)]
        if not tables:
            raise FileError("this VOTable holds no table", path, "Give another file.")
        parsed = next((t for t in tables if len(t.array)), tables[0])
        whole = parsed.to_table(use_names_over_ids=True)
    table = Table()
    notes = []
    for name in whole.colnames:
        column = whole[name]
        values = np.ma.getdata(np.ma.asarray(column))
        missing = np.ma.getmaskarray(np.ma.asarray(column))
        if values.dtype.kind == "O" and all(isinstance(v, str | bytes) for v in values):
            values = np.array([str(v) for v in values], dtype=str)
        if values.ndim != 1 or values.dtype.kind not in "uifbUS":
            notes.append(_several_values(name))
            continue
        table[name] = _column(values, missing, column.unit)
    table.meta["reading_notes"] = notes
    return table


# -- Parquet ----------------------------------------------------------------


def _read_parquet(path: Path) -> Any:
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
        table[name] = _column(values, missing, units.get(name))
    table.meta["reading_notes"] = [
        f"Column {name} does not hold plain values and was left out."
        for name in schema.names
        if name not in table.colnames
    ]
    return table


def _parquet_units(schema: Any) -> dict[str, str]:
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


def _values_of(kind: Any) -> Any:
    """Return the type of the values of a column, also of a dictionary column."""
    import pyarrow as pa

    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _one_chunk(column: Any) -> Any:
    """Return a column in one chunk, whose chunks may have had a dictionary each."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    whole = column.combine_chunks()
    return whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_plain(kind: Any) -> bool:
    import pyarrow as pa

    types = pa.types
    return bool(
        types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)
    )


def _words(column: Any, memory: MemoryBudget) -> NDArray[Any]:
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
