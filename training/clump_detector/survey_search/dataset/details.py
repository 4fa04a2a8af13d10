"""All that a dataset knows of some of its cutouts: where they are, and their boxes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

from .asking.scan import damage_said, files_near, table_at
from .collection import TABLES, table_files
from .healpix import WITHOUT_POSITION
from .tables import CUTOUT, CUTOUTS, DETECTIONS

if TYPE_CHECKING:
    import pyarrow as pa

#: A box, by columns of the table of detections.
BoxRow = TypedDict(
    "BoxRow",
    {
        "cutout": str,
        "class": str,
        "score": float,
        "x1": float,
        "y1": float,
        "x2": float,
        "y2": float,
    },
)

#: Right ascension and declination in degrees, by address; None where there is none.
Positions: TypeAlias = Mapping[str, tuple[float | None, float | None]]

#: Files are looked up by position for so many cutouts at most: more are everywhere.
_FEW = 30

#: Side in arcsec of a cutout whose scale is not known.
_SIDE = 120.0


#: Columns of the table of cutouts that are attributes of `Details`.
_FROM_ROW = ("name", "model", "width", "height", "stamp", "content")


@dataclass(frozen=True)
class Details:
    """A cutout of a dataset.

    Attributes
    ----------
    address, name, model : str
    width, height : int
    stamp, content : str
        Of its files when they were read.
    boxes : sequence of dict
        The best first.
    """

    address: str
    name: str
    model: str
    width: int
    height: int
    stamp: str
    content: str
    boxes: Sequence[BoxRow]


def details_of(
    dataset: Path, addresses: Sequence[str], where: Positions | None = None
) -> dict[str, Details]:
    """Return what is known of some cutouts, by address; what is unknown is not there.

    Parameters
    ----------
    dataset : path
    addresses : sequence of str
    where : mapping, optional
        Their positions as the table of cutouts has them, where they are at hand: of a
        few cutouts, only the files around them are read.

    Raises
    ------
    FileError
        If a table is damaged.
    """
    with damage_said(dataset):
        rows = _rows_of(dataset, addresses, where)
        boxes = _boxes_of(dataset, rows)
    return {row[CUTOUT]: _details(row, boxes[row[CUTOUT]]) for row in rows}


def _details(row: dict[str, Any], boxes: list[BoxRow]) -> Details:
    return Details(
        address=row[CUTOUT],
        boxes=sorted(boxes, key=lambda box: -box["score"]),
        **{name: row[name] for name in _FROM_ROW},
    )


def _rows_of(
    dataset: Path, addresses: Sequence[str], where: Positions | None
) -> list[dict[str, Any]]:
    columns = [CUTOUT, *_FROM_ROW, "ra", "dec", "n_boxes", "pixel_scale"]
    files = None
    if where is not None and len(addresses) <= _FEW:
        places = [(*where.get(address, (None, None)), 0.0) for address in addresses]
        files = _files_around(dataset, CUTOUTS, places)
    found: pa.Table = table_at(dataset, CUTOUTS, files).to_table(
        columns=columns, filter=_among(addresses)
    )
    rows: list[dict[str, Any]] = found.to_pylist()
    if files is not None and len(rows) < len(set(addresses)):
        return _rows_of(dataset, addresses, None)
    return rows


def _boxes_of(dataset: Path, rows: list[dict[str, Any]]) -> dict[str, list[BoxRow]]:
    """Return the boxes of cutouts: all of them, of which each row knows the number."""
    wanted = sum(row["n_boxes"] for row in rows)
    files = None
    if len(rows) <= _FEW:
        places = [(row["ra"], row["dec"], _reach(row)) for row in rows]
        files = _files_around(dataset, DETECTIONS, places)
    found: dict[str, list[BoxRow]] = defaultdict(list)
    for some in [files, None] if files is not None else [None]:
        found.clear()
        table = table_at(dataset, DETECTIONS, some).to_table(
            columns=list(BoxRow.__annotations__),
            filter=_among([row[CUTOUT] for row in rows]),
        )
        for box in table.to_pylist():
            found[box[CUTOUT]].append(box)
        if len(table) == wanted:
            break
    return found


def _reach(row: dict[str, Any]) -> float:
    """Return how far boxes can be from the position of their cutout, in degrees."""
    scale = row["pixel_scale"]
    across = math.hypot(row["width"], row["height"])
    return (across * scale if scale else _SIDE) / 3600


def _among(addresses: Sequence[str]) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.field(CUTOUT).isin(pa.array(list(addresses), pa.string()))


def _files_around(
    dataset: Path,
    name: str,
    places: Iterable[tuple[float | None, float | None, float]],
) -> list[Path]:
    """Return the files of a table around positions, with that of those without one."""
    found: set[Path] = set()
    for ra, dec, reach in places:
        if ra is not None and dec is not None:
            found.update(files_near(dataset, name, ra, dec, reach))
    nowhere = dataset / TABLES / name / WITHOUT_POSITION
    return sorted([*found, *([nowhere] if nowhere.exists() else [])])


def classes_of(dataset: Path) -> list[str]:
    """Return the classes that boxes of a dataset have.

    Raises
    ------
    FileError
        If a table is damaged.
    """
    import pyarrow.parquet as pq

    found: set[str] = set()
    with damage_said(dataset):
        for path in table_files(dataset, DETECTIONS):
            file = pq.ParquetFile(path)
            column = file.schema_arrow.get_field_index("class")
            for number in range(file.num_row_groups):
                known = file.metadata.row_group(number).column(column).statistics
                if known is not None and known.has_min_max and known.min == known.max:
                    found.add(known.min)
                else:
                    read = file.read_row_group(number, columns=["class"])
                    found.update(read["class"].unique().to_pylist())
    return sorted(filter(None, found))
