"""Reading tables: CSV, ECSV, VOTable, FITS and Parquet.

The sizes that a file claims are checked before memory is allocated, links in a file are
not followed, and no pickle is ever loaded.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clump_detector.core.arrays import AnyArray, Mask
from clump_detector.core.errors import ClumpError, FileError, from_os_error
from clump_detector.core.signatures import refuse_special, what_it_is

from .limits import LIMITS, MemoryBudget, check_size, too_much
from .masked_columns import masked_column
from .parquet import read_parquet
from .text import read_ecsv, read_text
from .votable import check_votable

if TYPE_CHECKING:
    from astropy.io import fits
    from astropy.table import Table

#: Suffixes of tables; the first bytes of a file take precedence.
SUFFIXES = (".csv", ".tsv", ".txt", ".dat", ".ecsv", ".vot", ".votable", ".xml",
            ".fits", ".fit", ".fits.gz", ".parquet", ".pq")  # fmt: skip

#: Characters of the name of a column.
_LONGEST_NAME = 100

_TEXT = (".csv", ".tsv", ".txt", ".dat", "")


def is_table_name(path: str | Path) -> bool:
    """Return whether a file's name is that of a table that `read_table` reads."""
    return str(path).lower().endswith(SUFFIXES)


def read_table(path: str | Path) -> Table:
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


def _with_masks(table: Table) -> Table:
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


def _reader_for(path: Path, start: bytes) -> Callable[[Path], Table]:
    text = start.lstrip(b"\xef\xbb\xbf \r\n\t")
    if start.startswith((b"SIMPLE  =", b"\x1f\x8b")):
        return _read_fits
    if start.startswith(b"PAR1"):
        return read_parquet
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


def _read_fits(path: Path) -> Table:
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


def _check_fits(header: fits.Header, path: Path) -> None:
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


def _fits_columns(hdu: fits.BinTableHDU | fits.TableHDU, path: Path) -> Table:
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
        table[name] = masked_column(
            values, _null_mask(values, column.null), column.unit
        )
    table.meta["reading_notes"] = notes
    return table


def _several_values(name: str) -> str:
    return f"Column {name} holds several values per row and was left out."


def _null_mask(values: AnyArray, null: object) -> Mask:
    if null is None or values.dtype.kind not in "ui":
        return np.zeros(len(values), bool)
    return np.asarray(values == null)


# -- VOTable ----------------------------------------------------------------


def _read_votable(path: Path) -> Table:
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
        table[name] = masked_column(values, missing, column.unit)
    table.meta["reading_notes"] = notes
    return table
