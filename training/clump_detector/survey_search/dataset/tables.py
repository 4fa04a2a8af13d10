"""The tables of a survey's dataset: their columns, and how they are put together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import pyarrow as pa

#: Tables under their names, which are those of their files and folders.
Tables: TypeAlias = "dict[str, pa.Table]"

#: A cutout that was searched has a row in the first, one that failed in the second.
CUTOUTS, PROBLEMS, DETECTIONS, EMBEDDINGS = (
    "cutouts", "problems", "detections", "embeddings",
)  # fmt: skip
NAMES = (CUTOUTS, PROBLEMS, DETECTIONS, EMBEDDINGS)

#: Those whose rows have a position, and are partitioned by it.
ON_SKY = (CUTOUTS, DETECTIONS, EMBEDDINGS)

#: The column that names a cutout, in all tables.
CUTOUT = "cutout"

#: Columns by table: name, kind, unit, description. Measured clumps have those of the
#: clump catalogue besides.
COLUMNS: Mapping[str, Sequence[tuple[str, str, str, str]]] = {
    CUTOUTS: (
        (CUTOUT, "text", "", "address of the cutout: what names it in this dataset"),
        ("name", "text", "", "name of the galaxy or of the file"),
        ("ra", "float", "deg", "right ascension of the galaxy, or of the centre"),
        ("dec", "float", "deg", "declination"),
        ("width", "int", "pix", "columns"),
        ("height", "int", "pix", "rows"),
        ("bands", "text", "", "bands of its fluxes; empty for a colour picture"),
        ("pixel_scale", "float", "arcsec", "side length of a pixel"),
        ("psf_fwhm", "float", "pix", "FWHM of the PSF, where it is known"),
        ("n_boxes", "int", "", "boxes in the table of detections"),
        ("n_clumps", "int", "", "boxes from the model's default score up"),
        ("best_score", "float", "", "highest score; 0 without a box"),
        ("uncertainty", "float", "", "1 for a box on the default score, 0 for none"),
        ("notes", "text", "", "what was noted on reading it"),
        ("content", "text", "", "hash of the bytes of its files"),
        ("stamp", "text", "", "size and time of its files when they were read"),
        ("model", "text", "", "the model that searched it"),
    ),
    PROBLEMS: (
        (CUTOUT, "text", "", "address of the cutout"),
        ("name", "text", "", "name of the galaxy or of the file"),
        ("reason", "text", "", "why it could not be searched"),
        ("attempts", "int", "", "how often it was tried"),
        ("stamp", "text", "", "size and time of its files when they were read"),
        ("model", "text", "", "the model that was to search it"),
    ),
    DETECTIONS: (
        (CUTOUT, "text", "", "address of the cutout"),
        ("name", "text", "", "name of the galaxy or of the file"),
        ("box", "int", "", "number of the box on its cutout, the best first, from 1"),
        ("class", "text", "", "class of the box"),
        ("score", "float", "", "the model's confidence, 0 to 1"),
        ("x1", "float", "pix", "left edge; 0 is the middle of the first pixel"),
        ("y1", "float", "pix", "edge at the smaller row"),
        ("x2", "float", "pix", "right edge"),
        ("y2", "float", "pix", "edge at the greater row"),
        ("ra", "float", "deg", "right ascension of the box's centre"),
        ("dec", "float", "deg", "declination of the box's centre"),
        ("model", "text", "", "the model that proposed it"),
    ),
    EMBEDDINGS: (
        (CUTOUT, "text", "", "address of the cutout"),
        ("ra", "float", "deg", "right ascension, as in the table of cutouts"),
        ("dec", "float", "deg", "declination"),
        ("embedding", "vector", "", "mean of the encoder's last features"),
        ("profile", "vector", "", "shape, light and colour of the galaxy"),
        ("model", "text", "", "the model whose encoder it is"),
    ),
}


def schema_of(table: str) -> pa.Schema:
    """Return the columns that a table always has, with units and descriptions."""
    return schema_from(COLUMNS[table])


def schema_from(columns: Sequence[tuple[str, str, str, str]]) -> pa.Schema:
    """Return columns (name, kind, unit, description) as a schema."""
    import pyarrow as pa

    kinds = {
        "text": pa.string(),
        "float": pa.float64(),
        "int": pa.int64(),
        "truth": pa.bool_(),
        "vector": pa.list_(pa.float32()),
    }
    fields = []
    for name, kind, unit, description in columns:
        metadata = {"description": description} | ({"unit": unit} if unit else {})
        fields.append(pa.field(name, kinds[kind], metadata=metadata))
    return pa.schema(fields)


def table_of(table: str, rows: Sequence[Mapping[str, object]]) -> pa.Table:
    """Return rows as a table.

    Parameters
    ----------
    table : str
        One of `NAMES`.
    rows : sequence of dict
        What is not named is null.
    """
    import pyarrow as pa

    return pa.Table.from_pylist(list(rows), schema=schema_of(table))


def joined(name: str, tables: Iterable[pa.Table]) -> pa.Table:
    """Return the rows of several tables; a column that some of them lack is null there.

    Parameters
    ----------
    name : str
        One of `NAMES`, whose columns come first.
    tables : iterable of pyarrow.Table
    """
    import pyarrow as pa

    return pa.concat_tables(
        [schema_of(name).empty_table(), *tables], promote_options="permissive"
    )


def tables_joined(parts: Sequence[Tables]) -> Tables:
    """Return the tables of several parts as one of each."""
    return {
        name: joined(name, [part[name] for part in parts if name in part])
        for name in NAMES
    }
