"""The table of detections, as other programs read it.

Boxes are in pixels, (0, 0) being the centre of the first one; positions are those of
the boxes' centres.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NotRequired, Protocol, TypedDict

import numpy as np
from numpy.typing import NDArray

from clump_detector.astrometry.wcs import sky_positions
from clump_detector.core import boxes as geometry
from clump_detector.core.arrays import Floats
from clump_detector.core.errors import FileError
from clump_detector.core.files import atomic_path
from clump_detector.images.cutout import Cutout

FORMATS = (".csv", ".parquet", ".ecsv")


#: The fixed columns; ``ra`` and ``dec`` in degrees are None without a WCS.
COLUMNS = ("file", "class", "score", "x1", "y1", "x2", "y2", "ra", "dec", "model")

#: Further columns where the heads of an ensemble were asked: the standard deviation of
#: their scores, how many vote for the box, and how many there are.
OF_HEADS = ("spread", "votes", "heads")

#: A row; the position is None where a cutout has no WCS.
Row = TypedDict(
    "Row",
    {
        "file": str,
        "class": str,
        "score": float,
        "x1": float,
        "y1": float,
        "x2": float,
        "y2": float,
        "ra": float | None,
        "dec": float | None,
        "model": str,
        "spread": NotRequired[float],
        "votes": NotRequired[int],
        "heads": NotRequired[int],
    },
)

_WORDS, _NUMBERS = ("file", "class", "model"), ("votes", "heads")
_UNITS = {**dict.fromkeys(("x1", "y1", "x2", "y2"), "pix"), "ra": "deg", "dec": "deg"}


class DetectedBoxes(Protocol):
    """What a table takes of the boxes on a cutout, wherever they come from."""

    @property
    def boxes(self) -> geometry.Boxes:
        """Array of shape (n, 4)."""

    @property
    def scores(self) -> Floats:
        """Array of shape (n,)."""

    @property
    def classes(self) -> Sequence[str]:
        """One name for each box."""


@dataclass(frozen=True)
class Votes:
    """What the heads of an ensemble say of n boxes.

    Attributes
    ----------
    spread : array of shape (n,)
        Standard deviation of their scores.
    votes : int array of shape (n,)
        How many vote for the box.
    heads : int
        How many there are.
    """

    spread: Floats
    votes: NDArray[np.int64]
    heads: int


def rows_of(
    file: str | Path,
    cutout: Cutout,
    found: DetectedBoxes,
    model: str,
    votes: Votes | None = None,
) -> list[Row]:
    """Return the rows of one cutout, keyed by `COLUMNS`, best score first.

    Parameters
    ----------
    file : str or path
        The path as it was given.
    cutout : Cutout
    found : DetectedBoxes
    model : str
        The model's name with its short hash.
    votes : Votes, optional
        Of the heads of an ensemble, for the columns `OF_HEADS`.
    """
    positions: list[tuple[float | None, float | None]] = [(None, None)] * len(
        found.boxes
    )
    if cutout.wcs is not None and len(found.boxes):
        sky = sky_positions(cutout.wcs, *geometry.centres(found.boxes).T)
        # 1e-7 degrees are 0.4 milliarcsec.
        positions = [(round(float(ra), 7), round(float(dec), 7)) for ra, dec in sky]
    rows: list[Row] = []
    for i in sorted(range(len(positions)), key=lambda i: -found.scores[i]):
        x1, y1, x2, y2 = (round(float(v), 3) for v in found.boxes[i])
        ra, dec = positions[i]
        row: Row = {
            "file": str(file),
            "class": found.classes[i],
            "score": round(float(found.scores[i]), 5),
            "x1": x1,
            "y1": y1,
            "x2": x2,
            "y2": y2,
            "ra": ra,
            "dec": dec,
            "model": model,
        }
        if votes is not None:
            row["spread"] = round(float(votes.spread[i]), 5)
            row["votes"], row["heads"] = int(votes.votes[i]), votes.heads
        rows.append(row)
    return rows


def check_table_name(path: str | Path) -> Path:
    """Return the path of a table that can be written, before hours of work.

    Raises
    ------
    FileError
        If its ending is none of `FORMATS`, or it is a folder.
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise FileError(
            "the ending of a table gives its format, and this one is unknown",
            path,
            f"Choose one of {', '.join(FORMATS)}.",
        )
    if path.is_dir():
        raise FileError("this is a folder", path, "Give the name of a file.")
    return path


def write_table(
    rows: Iterable[Mapping[str, object]],
    path: str | Path,
    columns: Sequence[str] = COLUMNS,
) -> None:
    """Write a table, whole or not at all; its ending gives the format.

    Parameters
    ----------
    rows : iterable of dict
        Keyed by the columns, as from `rows_of`.
    path : path
        Ends in one of `FORMATS`.
    columns : sequence of str
        `COLUMNS`, and `OF_HEADS` where the rows have them.

    Raises
    ------
    FileError
        If the ending is unknown or the file cannot be written.
    """
    path = check_table_name(path)
    write = {".csv": _write_csv, ".parquet": _write_parquet, ".ecsv": _write_ecsv}
    with atomic_path(path) as temporary:
        write[path.suffix.lower()](list(rows), temporary, columns)


def _write_csv(
    rows: Sequence[Mapping[str, object]], path: Path, columns: Sequence[str]
) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)  # None becomes empty


def _columns(
    rows: Sequence[Mapping[str, object]], columns: Sequence[str]
) -> dict[str, list[object]]:
    return {name: [row[name] for row in rows] for name in columns}


def _write_parquet(
    rows: Sequence[Mapping[str, object]], path: Path, columns: Sequence[str]
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = dict.fromkeys(_WORDS, pa.string()) | dict.fromkeys(_NUMBERS, pa.int64())
    schema = pa.schema([(name, kinds.get(name, pa.float64())) for name in columns])
    pq.write_table(pa.table(_columns(rows, columns), schema=schema), path)


def _write_ecsv(
    rows: Sequence[Mapping[str, object]], path: Path, columns: Sequence[str]
) -> None:
    from astropy.table import MaskedColumn, Table

    table = Table()
    kinds = dict.fromkeys(_WORDS, str) | dict.fromkeys(_NUMBERS, int)
    for name, values in _columns(rows, columns).items():
        missing = [value is None for value in values]
        filled = [0.0 if value is None else value for value in values]
        kind = kinds.get(name, float)
        table[name] = MaskedColumn(
            filled, mask=missing, dtype=kind, unit=_UNITS.get(name)
        )
    table.write(path, format="ascii.ecsv", overwrite=True)
