"""The table of detections, read back by the programs that people use."""

from __future__ import annotations

import csv
import types

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.table import Table
from astropy.wcs import WCS

from clump_detector.catalogue.detections import (
    COLUMNS,
    OF_HEADS,
    Votes,
    check_table_name,
    rows_of,
    write_table,
)
from clump_detector.core.errors import FileError
from clump_detector.images.cutout import Cutout

FOUND = types.SimpleNamespace(
    boxes=np.array([[1, 2, 11, 12], [30.12345, 40, 40, 50], [5, 5, 9, 9]]),
    scores=np.array([0.4, 0.87654321, 0.1]),
    classes=["clump", "odd clump", "clump"],
)
NONE = types.SimpleNamespace(boxes=np.zeros((0, 4)), scores=np.zeros(0), classes=[])


def cutout(with_wcs):
    wcs = None
    if with_wcs:
        wcs = WCS(naxis=2)
        wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
        wcs.wcs.crval = [150.0, 2.0]
        wcs.wcs.crpix = [7.0, 8.0]  # from 1: the centre (6, 7) of the first box
        wcs.wcs.cdelt = [-1e-4, 1e-4]
    return Cutout("a", np.zeros((60, 80, 3), np.uint8), wcs=wcs)


def test_rows_are_the_best_first_with_the_centres_position():
    rows = rows_of("in/a.fits", cutout(True), FOUND, "starter 1a2b")
    assert [row["score"] for row in rows] == [0.87654, 0.4, 0.1]
    assert rows[0]["x1"] == 30.123
    assert rows[0]["class"] == "odd clump"
    assert (rows[1]["ra"], rows[1]["dec"]) == (150.0, 2.0)
    assert rows[1]["file"] == "in/a.fits"
    assert rows_of("a.png", cutout(False), FOUND, "m")[0]["ra"] is None


def test_the_columns_are_the_fixed_ones():
    assert (
        *("file", "class", "score", "x1", "y1", "x2", "y2", "ra", "dec", "model"),
    ) == COLUMNS


@pytest.mark.parametrize("ending", ["csv", "parquet", "ecsv"])
def test_votes_of_an_ensemble_are_columns_of_their_own(tmp_path, ending):
    votes = Votes(np.array([0.1, 0.2, 0.3]), np.array([4, 5, 0]), 5)
    rows = rows_of("a.png", cutout(False), FOUND, "m", votes)
    path = tmp_path / f"boxes.{ending}"
    write_table(rows, path, (*COLUMNS, *OF_HEADS))
    table = Table.read(path)
    assert list(table["votes"]) == [5, 4, 0]
    assert list(table["heads"]) == [5, 5, 5]
    assert list(table["spread"]) == [0.2, 0.1, 0.3]
    assert table["votes"].dtype.kind == "i"


ROWS = [
    *rows_of("ä b,c.fits", cutout(True), FOUND, "starter"),
    *rows_of("plain.png", cutout(False), FOUND, "starter"),
]


def test_csv(tmp_path):
    write_table(ROWS, tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        back = list(csv.DictReader(file))
    assert list(back[0]) == list(COLUMNS)
    assert back[0]["file"] == "ä b,c.fits"
    assert float(back[0]["ra"]) == ROWS[0]["ra"]
    assert back[-1]["ra"] == back[-1]["dec"] == ""
    assert len(back) == 6


def test_parquet(tmp_path):
    write_table(ROWS, tmp_path / "t.PARQUET")
    back = pq.read_table(tmp_path / "t.PARQUET")
    assert tuple(back.column_names) == COLUMNS
    assert back["ra"].null_count == 3
    assert back["score"].to_pylist() == [row["score"] for row in ROWS]


def test_ecsv(tmp_path):
    write_table(ROWS, tmp_path / "t.ecsv")
    back = Table.read(tmp_path / "t.ecsv")
    assert tuple(back.colnames) == COLUMNS
    assert back["ra"].unit == "deg"
    assert back["ra"].mask.sum() == 3
    assert back["class"][0] == "odd clump"


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".ecsv"])
def test_nothing_found_is_a_table_with_no_row(tmp_path, ending):
    path = tmp_path / f"t{ending}"
    write_table(rows_of("a.png", cutout(True), NONE, "starter"), path)
    if ending == ".csv":
        assert path.read_text() == ",".join(COLUMNS) + "\n"
    else:
        table = pq.read_table(path) if ending == ".parquet" else Table.read(path)
        assert len(table) == 0
        names = table.column_names if ending == ".parquet" else table.colnames
        assert tuple(names) == COLUMNS


@pytest.mark.parametrize("name", ["t.xlsx", "t", "t.csv.gz", "folder.csv"])
def test_a_table_that_cannot_be_is_refused_and_nothing_is_written(tmp_path, name):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(FileError, match=name):
        check_table_name(tmp_path / name)
    with pytest.raises(FileError):
        write_table(ROWS, tmp_path / name)
    assert [p.name for p in tmp_path.iterdir()] == ["folder.csv"]


def test_a_table_that_fails_leaves_the_old_one(tmp_path):
    path = tmp_path / "t.csv"
    write_table(ROWS, path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="dict contains fields not in fieldnames"):
        write_table([*ROWS, {"no": "row"}], path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
