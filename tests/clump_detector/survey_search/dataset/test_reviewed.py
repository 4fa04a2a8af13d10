"""The table of what people decided, beside the tables of a survey."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor

import pyarrow.parquet as pq
import pytest

from clump_detector.core.errors import ClumpError
from clump_detector.survey_search.dataset import reviewed
from clump_detector.survey_search.dataset.folder import Made, opened
from clump_detector.survey_search.dataset.query import select
from clump_detector.survey_search.dataset.reviewed import (
    COLUMNS,
    REVIEWED,
    read_reviewed,
    replace_rows,
)
from clump_detector.survey_search.dataset.tables import CUTOUTS


@pytest.fixture
def own(dataset, tmp_path):
    return shutil.copytree(dataset, tmp_path / "own")


def row(name, decision="accepted", done=True):
    return {"cutout": f"cutouts/{name}.png", "decision": decision, "done": done}


def decisions(dataset):
    rows = read_reviewed(dataset).to_pylist()
    return sorted((r["review"], r["cutout"][8:13], r["decision"]) for r in rows)


def test_rows_of_a_review_replace_its_earlier_ones_and_no_others(own):
    assert len(read_reviewed(own)) == 0
    replace_rows(own, "a", [row("g0001"), row("g0002", "rejected")])
    replace_rows(own, "b", [row("g0001", "edited")])
    replace_rows(own, "a", [row("g0001", "added")])
    assert decisions(own) == [("a", "g0001", "added"), ("b", "g0001", "edited")]
    replace_rows(own, "b", [])
    assert decisions(own) == [("a", "g0001", "added")]


def test_columns_have_units_and_descriptions(own):
    replace_rows(own, "a", [row("g0001")])
    schema = pq.read_schema(own / REVIEWED)
    assert schema.names == [name for name, *_ in COLUMNS]
    assert schema.field("ra").metadata[b"unit"] == b"deg"
    assert all(b"description" in field.metadata for field in schema)


def test_it_is_written_whole_or_not_at_all(own, monkeypatch):
    replace_rows(own, "a", [row("g0001")])
    before = (own / REVIEWED).read_bytes()

    def half(table, path):
        path.write_bytes(b"PAR1")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", half)
    with pytest.raises(ClumpError, match="disk is full"):
        replace_rows(own, "b", [row("g0002")])
    assert (own / REVIEWED).read_bytes() == before
    assert [p.name for p in own.glob(".reviewed.parquet.*")] in (
        [],
        [f".{REVIEWED}.lock"],
    )


def test_several_at_once_lose_nothing(own):
    with ThreadPoolExecutor(8) as pool:
        names = [f"r{k}" for k in range(16)]
        list(pool.map(lambda name: replace_rows(own, name, [row("g0001")]), names))
    assert sorted(r for r, _, _ in decisions(own)) == sorted(names)


def test_another_program_that_writes_it_is_waited_for_and_named(own, monkeypatch):
    from filelock import FileLock

    monkeypatch.setattr(reviewed, "_PATIENCE", 0.1)
    with (
        FileLock(own / f".{REVIEWED}.lock"),
        pytest.raises(ClumpError, match="another program"),
    ):
        replace_rows(own, "a", [row("g0001")])


def test_a_damaged_table_is_said_and_left_as_it_is(own):
    (own / REVIEWED).write_bytes(b"PAR1 nothing")
    for ask in (
        lambda: select(own, "reviewed"),
        lambda: replace_rows(own, "a", [row("g0001")]),
    ):
        with pytest.raises(ClumpError, match="table of decisions is damaged"):
            ask()
    assert (own / REVIEWED).read_bytes() == b"PAR1 nothing"


def test_what_is_no_dataset_gets_no_table(tmp_path):
    with pytest.raises(ClumpError, match="not the dataset of a survey"):
        replace_rows(tmp_path, "a", [row("g0001")])
    assert not (tmp_path / REVIEWED).exists()


def test_decisions_survive_a_second_pass_with_another_model(own, dataset_rows):
    replace_rows(own, "a", [row("g0001"), row("g0002", done=False)])
    with opened(own, Made("m-2", "", "", {}), update=True):
        pass
    again = [{**r, "model": "m-2"} for r in dataset_rows[CUTOUTS]]
    (own / "survey.json").write_text(
        (own / "survey.json").read_text().replace("m-1", "m-2")
    )
    from clump_detector.survey_search.dataset.collection import collect
    from clump_detector.survey_search.dataset.parts import Parts
    from clump_detector.survey_search.dataset.tables import table_of

    Parts(own).write({CUTOUTS: table_of(CUTOUTS, again)})
    collect(own)
    found = select(own, "reviewed")
    assert found.names == ["g0001"]
    assert found.rows["model"].to_pylist() == ["m-2"]
    assert select(own, "not reviewed and model == 'm-2'").total == 119
