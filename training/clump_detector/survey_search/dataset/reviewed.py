"""What people decided on the cutouts of a dataset: the table ``reviewed.parquet``.

It lies beside the tables that are put together, so that searching the survey anew, with
another model too, leaves it as it is. Its rows are by review: taking the decisions of a
review once more replaces them, and two reviews of the same cutout both keep theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from clump_detector.core.errors import FileError, from_os_error
from clump_detector.core.files import atomic_path

from .folder import read_made
from .tables import schema_from

if TYPE_CHECKING:
    import pyarrow as pa

#: The file in a dataset.
REVIEWED = "reviewed.parquet"

#: Seconds to wait for another program that writes it at this moment.
_PATIENCE = 30

#: What was decided on a box, in the column ``decision``.
DECISIONS = ("accepted", "edited", "added", "rejected")

#: Columns: name, kind, unit, description. Of a cutout that is done and has no box there
#: is one row, without a decision and corners.
COLUMNS = (
    ("cutout", "text", "", "address of the cutout, as in the other tables"),
    ("name", "text", "", "name of the galaxy or of the file"),
    ("done", "truth", "", "whether a person said that every clump is boxed"),
    ("decision", "text", "", "accepted, edited, added or rejected"),
    ("class", "text", "", "class of the box"),
    ("score", "float", "", "the model's confidence; none for a box that was added"),
    ("x1", "float", "pix", "left edge; 0 is the middle of the first pixel"),
    ("y1", "float", "pix", "edge at the smaller row"),
    ("x2", "float", "pix", "right edge"),
    ("y2", "float", "pix", "edge at the greater row"),
    ("ra", "float", "deg", "right ascension of the box's centre"),
    ("dec", "float", "deg", "declination of the box's centre"),
    ("model", "text", "", "the model that proposed it"),
    ("annotator", "text", "", "who decided"),
    ("time", "text", "", "when, in UTC"),
    ("review", "text", "", "id of the review"),
)


def read_reviewed(dataset: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Return the table; without rows where no decision was taken back.

    Raises
    ------
    FileError
        If it is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = dataset / REVIEWED
    if not path.exists():
        empty = schema_from(COLUMNS).empty_table()
        return empty if columns is None else empty.select(list(columns))
    try:
        return pq.ParquetFile(path).read(columns=columns and list(columns))
    except (OSError, pa.ArrowException) as error:
        raise FileError(
            f"the table of decisions is damaged ({error})",
            path,
            "Move it away, and take the decisions of your reviews again.",
        ) from error


def decided_addresses(dataset: Path, *, done: bool) -> pa.Array:
    """Return the cutouts with a decision, or only those that are done."""
    import pyarrow.compute as pc

    rows = read_reviewed(dataset, ["cutout", "done"])
    if done:
        rows = rows.filter(pc.field("done"))
    return rows["cutout"].unique()


def replace_rows(
    dataset: Path, review: str, rows: Sequence[Mapping[str, object]]
) -> None:
    """Write the rows of a review in place of its earlier ones, or nothing at all.

    Parameters
    ----------
    dataset : path
    review : str
        Its id.
    rows : sequence of dict
        By `COLUMNS`; what is not named is empty.

    Raises
    ------
    FileError
        If it is no dataset, the table is damaged, or it cannot be written.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    read_made(dataset)
    new = pa.Table.from_pylist(
        [{**r, "review": review} for r in rows], schema_from(COLUMNS)
    )
    with _alone(dataset):
        others = read_reviewed(dataset).filter(pc.field("review") != review)
        whole = pa.concat_tables([others, new], promote_options="permissive")
        with atomic_path(dataset / REVIEWED) as temporary:
            pq.write_table(whole, temporary)


@contextmanager
def _alone(dataset: Path) -> Iterator[None]:
    """Be the only program that changes the table, to the end of the block."""
    from filelock import FileLock, Timeout

    try:
        with FileLock(dataset / f".{REVIEWED}.lock", timeout=_PATIENCE):
            yield
    except Timeout as error:
        raise FileError(
            "another program writes the table of decisions",
            dataset / REVIEWED,
            "Try again when it has ended.",
        ) from error
    except OSError as error:
        raise from_os_error(error, dataset, "write to") from error
