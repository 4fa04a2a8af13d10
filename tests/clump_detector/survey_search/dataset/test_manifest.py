"""What is done is skipped; what changed or failed is done again, as asked."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image

from clump_detector.image_files.sources import Source
from clump_detector.images.identity import content_key
from clump_detector.survey_search.dataset.collection import collect
from clump_detector.survey_search.dataset.manifest import (
    CHANGED,
    DONE,
    FAILED,
    GIVEN_UP,
    NEW,
    OTHER_MODEL,
    UNREACHABLE,
    Manifest,
)
from clump_detector.survey_search.dataset.parts import Parts
from clump_detector.survey_search.dataset.tables import (
    CUTOUTS,
    PROBLEMS,
    table_of,
    tables_joined,
)
from clump_detector.survey_search.items import FileItem


@pytest.fixture
def item(tmp_path):
    path = tmp_path / "galaxy.png"
    noise = np.random.default_rng(0).integers(0, 255, (20, 20, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    return FileItem(Source("galaxy", (path,)), str(path))


def record(dataset, item, *, failed: int = 0, model: str = "m-1"):
    about = {
        "cutout": item.address, "name": "galaxy", "stamp": item.stamp(), "model": model
    }  # fmt: skip
    if failed:
        row = {**about, "reason": "damaged", "attempts": failed}
        part = {PROBLEMS: table_of(PROBLEMS, [row])}
    else:
        row = {**about, "content": content_key(item.files)}
        part = {CUTOUTS: table_of(CUTOUTS, [row])}
    Parts(dataset).write(tables_joined([part]))


def asked(dataset, *items, model="m-1", attempts=1):
    """Return how often each item to be searched failed before, and the counts."""
    manifest = Manifest(dataset)
    found = [before for _, before in manifest.open_items(items, model, attempts)]
    return found, dict(manifest.counts)


@pytest.mark.parametrize("collected", [False, True])
def test_what_is_done_is_skipped(tmp_path, item, collected):
    dataset = tmp_path / "dataset"
    assert asked(dataset, item, item) == ([0], {NEW: 1})
    record(dataset, item)
    if collected:
        collect(dataset)
    assert asked(dataset, item) == ([], {DONE: 1})
    assert asked(dataset, item, model="m-2") == ([0], {OTHER_MODEL: 1})


def test_a_changed_file_is_searched_again_and_a_touched_one_is_not(tmp_path, item):
    record(tmp_path / "dataset", item)
    path = item.files.path
    os.utime(path, (1, 1))
    assert asked(tmp_path / "dataset", item) == ([], {DONE: 1})
    path.write_bytes(path.read_bytes() + b"\0")
    assert asked(tmp_path / "dataset", item) == ([0], {CHANGED: 1})


def test_what_failed_is_tried_as_often_as_asked(tmp_path, item):
    dataset = tmp_path / "dataset"
    record(dataset, item, failed=1)
    assert asked(dataset, item) == ([], {GIVEN_UP: 1})
    assert asked(dataset, item, attempts=2) == ([1], {FAILED: 1})
    record(dataset, item, failed=2)
    assert asked(dataset, item, attempts=2) == ([], {GIVEN_UP: 1})
    item.files.path.write_bytes(b"something else")
    assert asked(dataset, item) == ([0], {CHANGED: 1})


def test_what_is_done_stays_done_when_its_folder_is_not_there(tmp_path, item):
    record(tmp_path / "dataset", item)
    item.files.path.unlink()
    assert asked(tmp_path / "dataset", item) == ([], {UNREACHABLE: 1})


def test_cutouts_that_are_not_asked_for_any_more_are_counted(tmp_path, item):
    record(tmp_path / "dataset", item)
    manifest = Manifest(tmp_path / "dataset")
    assert list(manifest.open_items([], "m-1", 1)) == []
    assert manifest.gone == 1
