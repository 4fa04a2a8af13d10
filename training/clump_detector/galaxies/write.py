"""Writing galaxies as the table that is kept next to their cutouts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from clump_detector.core.files import atomic_path
from clump_detector.tables.read import read_table

from .galaxy import Galaxy
from .read import CHOICES

Row = dict[str, object]

_UNITS = {"ra": "deg", "dec": "deg", "radius": "arcsec", "pixscale": "arcsec",
          "ebv": "mag", "size": "arcsec"}  # fmt: skip

#: Columns by role, written into the metadata for reading the table back.
_OWN = {"ra": "ra", "dec": "dec", "name": "name", "file": "file",
        "redshift": "redshift", "radius": "radius", "ebv": "ebv",
        "scale": "pixscale"}  # fmt: skip


def row_of(galaxy: Galaxy, file: str, more: Mapping[str, object] | None = None) -> Row:
    """Return a galaxy as a row of the table next to cutouts.

    Parameters
    ----------
    galaxy : Galaxy
    file : str
        The cutout's file name, without its folder.
    more : mapping, optional
        Further columns.

    Returns
    -------
    dict
        Values by the name of their column.
    """
    row: Row = {
        "file": file,
        "name": galaxy.name,
        "ra": galaxy.ra,
        "dec": galaxy.dec,
        "redshift": galaxy.redshift,
        "radius": galaxy.radius,
        "ebv": galaxy.ebv,
        "pixscale": galaxy.scale,
        **galaxy.ids,
    }
    for band, fwhm in galaxy.psf.items():
        row[f"psf_fwhm_{band}" if band else "psf_fwhm"] = fwhm
    for band, magnitude in galaxy.magnitudes.items():
        row[f"mag_{band}"] = magnitude
    row.update(more or {})
    for name, value in galaxy.other.items():
        # Ids with leading zeros are in `other`, too, and keep the zeros.
        free = name not in row or name in galaxy.ids
        row[name if free else f"{name}_list"] = value
    return row


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a table that `write_rows` wrote; none if it does not exist.

    Raises
    ------
    FileError
        If the file cannot be read.
    """
    if not path.exists():
        return []
    table = read_table(path)
    columns = {
        name: [
            None if gone else value
            for value, gone in zip(
                np.ma.getdata(table[name]).tolist(),
                np.ma.getmaskarray(table[name]),
                strict=True,
            )
        ]
        for name in table.colnames
    }
    return [
        {name: values[i] for name, values in columns.items()} for i in range(len(table))
    ]


def merged(old: Iterable[Row], new: Iterable[Row]) -> list[Row]:
    """Return the rows of both tables, one for each file.

    Parameters
    ----------
    old, new : iterable of dict
        Rows; the new one of a file replaces the old one.
    """
    by_file = {row.get("file"): row for row in old}
    by_file.update({row["file"]: row for row in new})
    return list(by_file.values())


def write_rows(rows: Sequence[Row], path: Path, meta: Mapping[str, object]) -> None:
    """Write rows as ECSV, completely or not at all.

    Parameters
    ----------
    rows : sequence of dict
        From `row_of`.
    path : path
    meta : mapping
        Metadata of the table; the roles of the columns are added.

    Raises
    ------
    FileError
        If the file cannot be written.
    """
    from astropy.table import MaskedColumn, Table

    names = list(dict.fromkeys(name for row in rows for name in row))
    table = Table(meta=dict(meta))
    chosen = {role: name for role, name in _OWN.items() if name in names}
    for name in names:
        values = [row.get(name) for row in rows]
        if all(value is None for value in values) and name in _OWN.values():
            chosen = {r: n for r, n in chosen.items() if n != name}
            continue
        kind, filled = _typed(values)
        missing = [value is None for value in values]
        table[name] = MaskedColumn(
            filled, mask=missing, dtype=kind, unit=_UNITS.get(name)
        )
        band = name.rpartition("_")[2]
        if name in (f"psf_fwhm_{band}", "psf_fwhm"):
            table[name].unit = "arcsec"
            chosen["psf" if name == "psf_fwhm" else f"psf_{band}"] = name
        elif name == f"mag_{band}" and len(band) == 1:
            table[name].unit = "mag"
            chosen[name] = name
    table.meta[CHOICES] = chosen
    with atomic_path(path) as temporary:
        table.write(temporary, format="ascii.ecsv", overwrite=True)


def _typed(values: Sequence[object]) -> tuple[type, Sequence[object]]:
    """Return the type that all values have, and the values with gaps filled."""
    known = [value for value in values if value is not None]
    whole = [v for v in known if isinstance(v, int) and not isinstance(v, bool)]
    if len(whole) == len(known) and all(-(2**63) <= v < 2**63 for v in whole):
        return np.int64, [0 if v is None else v for v in values]
    numbers = [v for v in known if isinstance(v, int | float)]
    exact = all(not isinstance(v, int) or abs(v) < 2**53 for v in numbers)
    if exact and len(numbers) == len(known):
        return np.float64, [
            float(v) if isinstance(v, int | float) else np.nan for v in values
        ]
    return str, ["" if v is None else _line(str(v)) for v in values]


def _line(text: str) -> str:
    """Return a text in one line, without characters that a text file cannot hold."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
