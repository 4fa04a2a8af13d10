"""Tables that are put together: each cutout once, whatever is killed."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clump_detector.core.errors import FileError
from clump_detector.survey_search.dataset.collection import collect, table_files
from clump_detector.survey_search.dataset.parts import Parts
from clump_detector.survey_search.dataset.tables import (
    CUTOUTS,
    DETECTIONS,
    PROBLEMS,
    tables_joined,
)
from tests.clump_detector.survey_search.dataset.rows import found
from tests.helpers.survey_runs import contents, environment

#: A part: which cutouts, in which version, and whether they fail.
PART = st.dictionaries(
    st.integers(0, 12), st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 3)),
    min_size=1, max_size=5,
)  # fmt: skip


def add(dataset: Path, part: dict[int, tuple[int, bool, int]]) -> None:
    rows = [found(k, v, failed=f, boxes=b) for k, (v, f, b) in part.items()]
    Parts(dataset).write(tables_joined(rows))


def column(dataset: Path, table: str, name: str) -> list:
    values = []
    for path in table_files(dataset, table):
        values += pq.ParquetFile(path).read([name])[name].to_pylist()
    return values


@settings(max_examples=15)
@given(st.lists(PART, min_size=1, max_size=5), st.data())
def test_the_last_result_of_each_cutout_counts_once(tmp_path_factory, parts, data):
    at_once, step_by_step = (tmp_path_factory.mktemp(n) for n in ("once", "steps"))
    last: dict[int, tuple[int, bool, int]] = {}
    for part in parts:
        last |= part
        add(at_once, part)
        add(step_by_step, part)
        if data.draw(st.booleans()):
            collect(step_by_step)
    collect(at_once)
    collect(step_by_step)

    good = {k: v for k, v in last.items() if not v[1]}
    assert sorted(column(at_once, CUTOUTS, "content")) == sorted(
        f"c{k}-{v}" for k, (v, _, _) in good.items()
    )
    assert len(column(at_once, PROBLEMS, "cutout")) == len(last) - len(good)
    assert len(column(at_once, DETECTIONS, "box")) == sum(b for *_, b in good.values())
    assert contents(at_once) == contents(step_by_step)


def test_collecting_twice_changes_nothing(tmp_path):
    add(tmp_path, {k: (0, k % 7 == 3, 2) for k in range(40)})
    collect(tmp_path)
    before = contents(tmp_path)
    collect(tmp_path)
    assert contents(tmp_path) == before


def test_columns_that_some_cutouts_have_are_null_for_the_others(tmp_path):
    with_flux = found(1)
    flux = pa.array([1.5, 2.5])
    with_flux[DETECTIONS] = with_flux[DETECTIONS].append_column("clump_flux_g", flux)
    Parts(tmp_path).write(tables_joined([with_flux]))
    Parts(tmp_path).write(tables_joined([found(2), found(5)]))
    collect(tmp_path)
    values = column(tmp_path, DETECTIONS, "clump_flux_g")
    assert sorted(v for v in values if v is not None) == [1.5, 2.5]
    assert len(values) == 6


#: It adds a part and collects, and is killed before the n-th change of the disk.
_CHILD = """
import os, shutil, signal, sys
from pathlib import Path
import pyarrow.parquet as pq
from clump_detector.survey_search.dataset.collection import collect
from clump_detector.survey_search.dataset.parts import Parts
from clump_detector.survey_search.dataset.tables import tables_joined
from tests.clump_detector.survey_search.dataset.rows import found

dataset, left = Path(sys.argv[1]), int(sys.argv[2])

def mortal(change):
    def changed(*words, **named):
        global left
        # Until new tables are whole, how many of their files are there is all the same.
        left -= ".tables-new/" not in " ".join(map(str, words)).replace(os.sep, "/")
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return change(*words, **named)
    return changed

for owner, name in ((pq, "write_table"), (Path, "rename"), (Path, "touch"),
                    (Path, "unlink"), (shutil, "rmtree"), (Path, "mkdir")):
    setattr(owner, name, mortal(getattr(owner, name)))
Parts(dataset).write(tables_joined([found(3, 2), found(7, 2, failed=True)]))
collect(dataset)
"""


def test_killed_at_any_change_of_the_disk_no_row_is_lost_or_doubled(tmp_path):
    begun, without, with_part = (tmp_path / n for n in ("begun", "without", "with"))
    add(begun, {k: (0, k == 7, 2) for k in range(9)})
    collect(begun)
    add(begun, dict.fromkeys((2, 3, 20), (1, False, 1)))
    for end in (without, with_part):
        shutil.copytree(begun, end)
    Parts(with_part).write(tables_joined([found(3, 2), found(7, 2, failed=True)]))
    collect(without)
    collect(with_part)
    ends = [contents(without), contents(with_part)]
    for n in range(1, 100):
        dataset = tmp_path / f"killed-{n}"
        shutil.copytree(begun, dataset)
        code = subprocess.run(
            [sys.executable, "-c", _CHILD, str(dataset), str(n)],
            env=environment(),
            check=False,
        ).returncode
        collect(dataset)
        assert contents(dataset) in ends, f"killed at change {n}"
        if code == 0:
            break
        assert code == -signal.SIGKILL
    assert n > 10


def test_a_damaged_part_is_named(tmp_path):
    add(tmp_path, {1: (0, False, 2)})
    (part,) = Parts(tmp_path).files()
    (part / "cutouts.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(FileError, match=r"cutouts\.parquet: this table is damaged"):
        collect(tmp_path)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    path = tmp_path_factory.mktemp("readers")
    add(path, {k: (0, k % 10 == 3, 1 + k % 3) for k in range(200)})
    collect(path)
    return path


def boxes(dataset: Path) -> int:
    return sum(1 + k % 3 for k in range(200) if k % 10 != 3)


def test_pandas_polars_duckdb_and_astropy_read_the_tables(dataset):
    pandas, polars, duckdb = (
        pytest.importorskip(name) for name in ("pandas", "polars", "duckdb")
    )
    from astropy.table import Table

    folder = dataset / "tables" / DETECTIONS / "dataset"
    n = boxes(dataset)
    assert len(pandas.read_parquet(folder)) == n
    assert len(polars.read_parquet(f"{folder}/**/*.parquet")) == n
    query = f"select count(*) from read_parquet('{folder}/**/*.parquet')"
    assert duckdb.sql(query).fetchall() == [(n,)]
    parts = [Table.read(p) for p in table_files(dataset, DETECTIONS)]
    assert sum(len(part) for part in parts) == n


def test_hats_and_lsdb_read_those_with_a_position(dataset):
    hats, lsdb = pytest.importorskip("hats"), pytest.importorskip("lsdb")
    folder = dataset / "tables" / CUTOUTS
    catalogue = hats.read_hats(folder)
    placed = [k for k in range(200) if k % 10 != 3 and k % 5]
    assert catalogue.catalog_info.total_rows == len(placed)
    whole = lsdb.open_catalog(folder).compute()
    assert sorted(whole["name"]) == [f"galaxy-{k:05d}" for k in placed]
    k = placed[7]
    near = lsdb.open_catalog(folder).cone_search(
        k * 37.7 % 360, k * 11.3 % 170 - 85, 2.0
    )
    assert near.compute()["name"].tolist() == [f"galaxy-{k:05d}"]
