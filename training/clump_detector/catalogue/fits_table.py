"""A clump catalogue as astropy's table, and as a FITS table."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .builder import Catalogue
from .columns import Column

if TYPE_CHECKING:
    from astropy.io import fits
    from astropy.table import Table


def as_table(catalogue: Catalogue, rows: slice = slice(None)) -> Table:
    """Return an astropy table: masked columns with units, UCDs and descriptions.

    Parameters
    ----------
    catalogue : Catalogue
    rows : slice
    """
    from astropy.table import MaskedColumn, Table

    table = Table(meta=dict(catalogue.meta))
    for column in catalogue.columns:
        values = catalogue.values[column.name][rows]
        missing = catalogue.missing[column.name][rows]
        if column.kind == "text":
            values = np.where(missing, "", values).astype(str)
        made = MaskedColumn(values, mask=missing, unit=column.unit or None)
        made.description = column.description
        if column.ucd:
            made.meta["ucd"] = column.ucd
        table[column.name] = made
    return table


def write_fits(catalogue: Catalogue, path: Path) -> None:
    r"""Write a FITS table with TNULL for missing integers and logicals.

    A logical is an integer, 1 or 0: FITS has a missing logical, but astropy reads it
    as false. Descriptions and UCDs are the keys TCOMMn and TUCDn. FITS knows only
    ASCII; other letters become ``\xe9``.

    Parameters
    ----------
    catalogue : Catalogue
    path : path
    """
    from astropy.io import fits

    with warnings.catch_warnings():
        # Columns of a list keep their names, whatever letters those have.
        warnings.simplefilter("ignore", fits.verify.VerifyWarning)
        hdu = fits.BinTableHDU.from_columns(
            [_fits_column(catalogue, column) for column in catalogue.columns],
            name=catalogue.name.upper(),
        )
    for number, column in enumerate(catalogue.columns, start=1):
        hdu.header[f"TCOMM{number}"] = _ascii(column.description)
        if column.ucd:
            hdu.header[f"TUCD{number}"] = column.ucd
    for words in _in_lines(catalogue.meta):
        hdu.header.add_comment(words)
    hdu.writeto(path, overwrite=True)


def _fits_column(catalogue: Catalogue, column: Column) -> fits.Column:
    from astropy.io import fits

    values = catalogue.values[column.name]
    missing = catalogue.missing[column.name]
    unit = _ascii(column.unit) or None
    given: dict[str, str | None] = {"name": _ascii(column.name), "unit": unit}
    if column.kind == "text":
        text = np.where(missing, "", values).astype(str)
        encoded = np.char.encode(text, "ascii", "backslashreplace")
        width = max(encoded.dtype.itemsize, 1)
        return fits.Column(array=encoded, format=f"{width}A", **given)
    if column.kind == "float":
        return fits.Column(array=values, format="D", **given)
    kind, null = ("K", -(2**63)) if column.kind == "int" else ("I", -(2**15))
    numbers = np.where(missing, null, values.astype(np.int64))
    return fits.Column(array=numbers, format=kind, null=null, **given)


def _ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode()


def _in_lines(meta: Mapping[str, object], before: str = "") -> Iterator[str]:
    """Yield metadata as lines for a header's comments."""
    for key, value in meta.items():
        if isinstance(value, dict):
            yield from _in_lines(value, f"{before}{key} ")
        else:
            yield f"{before}{key}: {value}".encode("ascii", "replace").decode()
