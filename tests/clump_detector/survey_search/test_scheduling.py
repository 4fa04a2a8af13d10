"""What becomes of batches: lost workers, sources out of reach, what is written."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from distributed import KilledWorker

from clump_detector.core.errors import ClumpError, ConfigError, FileError
from clump_detector.image_files.sources import Source
from clump_detector.survey_search import scheduling
from clump_detector.survey_search.batch import Found, Task, problem_row
from clump_detector.survey_search.dataset.parts import Parts, read_part
from clump_detector.survey_search.dataset.tables import (
    CUTOUTS,
    PROBLEMS,
    table_of,
    tables_joined,
)
from clump_detector.survey_search.items import FileItem

TASK = Task(Path("none"), "m", "1", 0.2)


def items(n):
    return [
        FileItem(Source(f"g{k}", (Path(f"/nowhere/g{k}.png"),)), f"/nowhere/g{k}.png")
        for k in range(n)
    ]


def found(batch, failed, unreachable=()):
    """Return rows for a batch; those named are problems."""
    good = [
        {"cutout": i.address, "name": i.name}
        for i in batch
        if i.name not in unreachable
    ]
    bad = [
        problem_row(TASK, i, "", "no such file", n)
        for i, n in zip(batch, failed, strict=True)
        if i.name in unreachable
    ]
    tables = tables_joined(
        [{CUTOUTS: table_of(CUTOUTS, good), PROBLEMS: table_of(PROBLEMS, bad)}]
    )
    return Found(tables, {i.address: 0.01 for i in batch}, len(bad))


class Answer:
    """A future whose batch was searched at once."""

    def __init__(self, function, task, batch, failed):
        try:
            self._result, self._error = function(task, batch, failed), None
        except Exception as error:
            self._error = error

    def done(self):
        return True

    def result(self):
        if self._error is not None:
            raise self._error
        return self._result

    def cancel(self):
        pass


class Workers:
    """A client whose two workers answer at once, in this process."""

    status = "running"

    def nthreads(self):
        return {"a": 1, "b": 1}

    def submit(self, function, task, batch, failed, pure):
        return Answer(function, task, batch, failed)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Search so many cutouts with a function in place of the workers'."""
    monkeypatch.setattr(scheduling, "_finished", lambda _, running: list(running))

    def searched(n, function, batch=4):
        monkeypatch.setattr(scheduling, "search_batch", function)
        made = scheduling.Scheduling(tmp_path, TASK, batch, threading.Event())
        first, *others = ((item, 0) for item in items(n))
        for _ in made.events(Workers(), first, iter(others), n):
            pass
        return made

    return searched


def written(dataset, table):
    return [
        address
        for part in Parts(dataset).files()
        for address in read_part(part, table, ["cutout"])["cutout"].to_pylist()
    ]


def test_a_batch_that_ends_its_workers_is_tried_one_by_one(run, tmp_path):
    calls = []

    def search(task, batch, failed):
        calls.append(len(batch))
        if any(item.name == "g5" for item in batch):
            raise KilledWorker("search_batch", None, 3)
        return found(batch, failed)

    made = run(20, search)
    assert written(tmp_path, PROBLEMS) == ["/nowhere/g5.png"]
    assert sorted(written(tmp_path, CUTOUTS)) == sorted(
        i.address for i in items(20) if i.name != "g5"
    )
    assert (made.searched, made.failed) == (19, 1)
    assert calls.count(1) >= 4


def test_a_source_that_is_gone_ends_the_run_and_is_not_held_against_it(run, tmp_path):
    def search(task, batch, failed):
        gone = [i.name for i in batch if int(i.name[1:]) >= 40]
        return found(batch, failed, gone)

    with pytest.raises(FileError, match="cannot be reached any more"):
        run(200, search, 20)
    assert len(written(tmp_path, CUTOUTS)) == 40
    assert written(tmp_path, PROBLEMS) == []


def test_a_few_missing_files_are_problems(run, tmp_path):
    run(5, lambda task, batch, failed: found(batch, failed, [i.name for i in batch]), 1)
    assert len(written(tmp_path, PROBLEMS)) == 5


def test_a_worker_that_refuses_ends_the_run(run, tmp_path):
    def refuse(task, batch, failed):
        raise ConfigError("a worker has version 0 of napari-clumps, and this is 1")

    with pytest.raises(ConfigError, match="a worker has version 0"):
        run(5, refuse)
    assert not Parts(tmp_path).files()


def test_a_worker_without_this_program_ends_the_run(run, tmp_path):
    def missing(task, batch, failed):
        raise ModuleNotFoundError("No module named 'clump_detector'")

    with pytest.raises(ClumpError, match=r"a worker failed .* same version"):
        run(5, missing)
    assert not Parts(tmp_path).files()


def test_a_dataset_that_cannot_be_written_ends_the_run_with_a_sentence(run, tmp_path):
    (tmp_path / "parts").write_text("a file where the folder should be")
    with pytest.raises(FileError, match="parts"):
        run(5, lambda task, batch, failed: found(batch, failed))
