"""A table partitioned by HEALPix, in the layout of HATS that LSDB reads.

HATS, the format of LINCC Frameworks and of several surveys, is Parquet files in folders
by order and pixel, with a file of properties. Its own library writes it, too, but wants
the newest numpy and pandas, numba and a dozen more packages on every worker for these
hundred lines; the tests hold what is written here against it and against LSDB.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

#: The column with a row's pixel at this order, which is how HATS sorts its rows.
INDEX_COLUMN, INDEX_ORDER = "_healpix_29", 29

#: A pixel with more rows is divided, down to this order (3.4 arcmin).
MOST_ROWS, DEEPEST = 100_000, 10

#: Rows without a position are in this file. Whoever reads all files of the folder has
#: them, too; readers of HATS go by the partitions.
WITHOUT_POSITION = Path("dataset", "without_position.parquet")

#: What stands for no position in an index; no pixel is negative.
NOWHERE = -1

#: (order, pixel) of a partition.
Pixel: TypeAlias = tuple[int, int]


def index_of(ra: NDArray[np.float64], dec: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the pixels of positions at `INDEX_ORDER`, nested, in ICRS.

    Parameters
    ----------
    ra, dec : array of shape (n,)
        Degrees.

    Returns
    -------
    int array of shape (n,)
        `NOWHERE` where a position is not finite or beyond a pole.
    """
    from astropy_healpix import healpy

    known = np.isfinite(ra) & np.isfinite(dec) & (np.abs(dec) <= 90)
    found = np.full(len(ra), NOWHERE, dtype=np.int64)
    if known.any():
        found[known] = healpy.ang2pix(
            2**INDEX_ORDER, ra[known] % 360, dec[known], nest=True, lonlat=True
        )
    return found


def pixels_for(
    index: NDArray[np.int64], most: int = MOST_ROWS
) -> dict[Pixel, NDArray[np.intp]]:
    """Divide rows into pixels of so many rows at most, where `DEEPEST` allows it.

    Parameters
    ----------
    index : int array of shape (n,)
        From `index_of`.
    most : int

    Returns
    -------
    dict
        Rows of each pixel that has some, by breadth; those without a position are in
        none.
    """
    placed = np.flatnonzero(index >= 0)
    open_ones = [(0, pixel, rows) for pixel, rows in _split(index, placed, 0)]
    found: dict[Pixel, NDArray[np.intp]] = {}
    while open_ones:
        order, pixel, rows = open_ones.pop()
        if len(rows) <= most or order == DEEPEST:
            found[order, pixel] = rows
        else:
            open_ones += [(order + 1, p, r) for p, r in _split(index, rows, order + 1)]
    return dict(sorted(found.items(), key=lambda one: one[0]))


def _split(
    index: NDArray[np.int64], rows: NDArray[np.intp], order: int
) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Yield the pixels of an order that rows are in, and the rows of each."""
    if not len(rows):
        return
    pixel = index[rows] >> (2 * (INDEX_ORDER - order))
    by_pixel = np.argsort(pixel, kind="stable")
    values, starts = np.unique(pixel[by_pixel], return_index=True)
    parts = np.split(rows[by_pixel], starts[1:])
    yield from zip(values.tolist(), parts, strict=True)


def span(pixel: Pixel) -> tuple[int, int]:
    """Return the first index of a pixel, and the first one after it."""
    order, number = pixel
    shift = 2 * (INDEX_ORDER - order)
    return number << shift, (number + 1) << shift


def partition_path(pixel: Pixel) -> Path:
    """Return the file of a partition, below the folder of its table."""
    order, number = pixel
    folder = f"Dir={number // 10_000 * 10_000}"
    return Path("dataset", f"Norder={order}", folder, f"Npix={number}.parquet")


def write_properties(
    folder: Path, name: str, rows: dict[Pixel, int], schema: pa.Schema
) -> None:
    """Write what makes the partitions of a folder a HATS catalogue.

    Parameters
    ----------
    folder : path
        Of the table.
    name : str
        Of the table.
    rows : dict
        Number of rows of each pixel.
    schema : pyarrow.Schema
    """
    import pyarrow.parquet as pq

    lines = {
        "obs_collection": name,
        "dataproduct_type": "object",
        "hats_nrows": sum(rows.values()),
        "hats_col_ra": "ra",
        "hats_col_dec": "dec",
        "hats_col_healpix": INDEX_COLUMN,
        "hats_col_healpix_order": INDEX_ORDER,
        "hats_order": max(order for order, _ in rows),
        "hats_max_rows": max(rows.values()),
        "hats_version": "v1.0",
        "hats_builder": "napari-clumps",
    }
    text = "".join(f"{key} = {value}\n" for key, value in lines.items())
    for file in ("hats.properties", "properties"):
        (folder / file).write_text(text, encoding="utf-8")
    table = "".join(f"{order},{pixel}\n" for order, pixel in rows)
    (folder / "partition_info.csv").write_text(f"Norder,Npix\n{table}", "utf-8")
    pq.write_metadata(schema, folder / "dataset" / "_common_metadata")
