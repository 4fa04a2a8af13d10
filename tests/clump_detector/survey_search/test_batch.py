"""What a worker returns of a batch: rows, problems, embeddings, and its refusals."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from clump_detector.core.errors import ConfigError
from clump_detector.detector.predict import Predictor
from clump_detector.image_files.sources import Source
from clump_detector.images.host_profile import VALUES
from clump_detector.models.card import read_card
from clump_detector.survey_search.batch import (
    CHANGED_MEANWHILE,
    Task,
    program_version,
    search_batch,
)
from clump_detector.survey_search.dataset.tables import (
    CUTOUTS,
    DETECTIONS,
    EMBEDDINGS,
    PROBLEMS,
)
from clump_detector.survey_search.items import FileItem


@pytest.fixture
def task(tiny_folder):
    model = read_card(tiny_folder).model_id
    return Task(tiny_folder, model, program_version(), 0.05)


@pytest.fixture
def items(tmp_path):
    rng = np.random.default_rng(2)
    found = []
    for k in range(4):
        path = tmp_path / f"galaxy-{k}.png"
        Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(path)
        found.append(FileItem(Source(path.stem, (path,)), str(path)))
    return found


def test_each_cutout_has_a_row_or_a_problem(task, items):
    items[1].files.path.write_bytes(b"nothing")
    items[2].files.path.unlink()
    found = search_batch(task, items, [0, 2, 0, 0])
    assert found.tables[CUTOUTS]["name"].to_pylist() == ["galaxy-0", "galaxy-3"]
    problems = found.tables[PROBLEMS].to_pylist()
    assert [p["name"] for p in problems] == ["galaxy-1", "galaxy-2"]
    assert [p["attempts"] for p in problems] == [3, 1]
    assert "no such file" in problems[1]["reason"]
    assert (len(found), found.unreachable) == (4, 1)
    assert set(found.seconds) == {item.address for item in items}


def test_boxes_are_numbered_from_the_best(task, items):
    found = search_batch(task, items, [0] * 4)
    rows = found.tables[DETECTIONS].to_pylist()
    counts = found.tables[CUTOUTS]["n_boxes"].to_pylist()
    assert len(rows) == sum(counts)
    for item, n in zip(items, counts, strict=True):
        own = [row for row in rows if row["cutout"] == item.address]
        assert [row["box"] for row in own] == list(range(1, n + 1))
        scores = [row["score"] for row in own]
        assert scores == sorted(scores, reverse=True)
        assert all(score >= 0.05 - 1e-5 for score in scores)


def test_batches_of_any_size_give_the_same_rows(task, items, monkeypatch):
    one_by_one = search_batch(task, items, [0] * 4)
    begun = Predictor.__init__

    def larger(self, *words):
        begun(self, *words)
        self.batch = 3

    monkeypatch.setattr(Predictor, "__init__", larger)
    together = search_batch(replace(task, score=0.0501), items, [0] * 4)
    for column in ("cutout", "box"):
        assert (
            together.tables[DETECTIONS][column].to_pylist()
            == one_by_one.tables[DETECTIONS][column].to_pylist()
        )
    assert together.tables[CUTOUTS]["best_score"].to_pylist() == pytest.approx(
        one_by_one.tables[CUTOUTS]["best_score"].to_pylist(), abs=1e-4
    )


def test_embeddings_are_there_where_they_are_asked_for(task, items):
    assert not len(search_batch(task, items, [0] * 4).tables[EMBEDDINGS])
    found = search_batch(replace(task, embeddings=True), items, [0] * 4)
    vectors = found.tables[EMBEDDINGS]["embedding"].to_pylist()
    assert len(vectors) == 4
    assert len({len(v) for v in vectors}) == 1
    assert np.isfinite(vectors).all()
    profiles = found.tables[EMBEDDINGS]["profile"].to_pylist()
    assert {len(profile) for profile in profiles} == {VALUES}
    assert np.isfinite(profiles).all()


def test_a_file_that_changes_while_it_is_read_is_a_problem(task, items, monkeypatch):
    whole = FileItem.source

    def touched(self, scratch):
        found = whole(self, scratch)
        os.utime(self.files.path, (5, 5))
        return found

    monkeypatch.setattr(FileItem, "source", touched)
    found = search_batch(task, items[:1], [0])
    assert CHANGED_MEANWHILE in found.tables[PROBLEMS]["reason"][0].as_py()
    assert not len(found.tables[CUTOUTS])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"version": "0.0.1"}, "a worker has version"),
        ({"model": "another-12345678"}, "a worker finds the model"),
    ],
)
def test_a_worker_refuses_what_is_not_its_own(task, items, change, reason):
    with pytest.raises(ConfigError, match=reason):
        search_batch(replace(task, **change), items, [0] * 4)
