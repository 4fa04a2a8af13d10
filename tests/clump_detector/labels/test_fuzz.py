"""Damaged labels of every format: an error in one line, or boxes; never more than that.

Each file is changed in a seeded way: bytes, lines and words are lost, doubled, swapped
or made absurd, packed files are cut short.
"""

from __future__ import annotations

import gzip
import json
import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table
from PIL import Image

from clump_detector.core.errors import ClumpError
from clump_detector.image_files.sources import Source
from clump_detector.labels.formats.detect import read_labels
from clump_detector.labels.placement.place import place_labels
from tests.clump_detector.labels.formats.test_detect import (
    BOMB,
    COCO,
    REGIONS,
    SCOUT,
    VOC,
    adams,
    popp,
)
from tests.helpers.breaking import cut, flipped, lines, words
from tests.helpers.resources import work

#: Mutated files per format: 12 formats of 50.
TRIES = 50
SECONDS = 5.0


def table_bytes(folder: Path, table: Table, name: str, format_: str | None) -> bytes:
    path = folder / name
    table.write(path, format=format_)
    return path.read_bytes()


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """Return a good file of each format, as name and bytes."""
    folder = tmp_path_factory.mktemp("samples")
    generic = "file,x1,y1,x2,y2,ra,dec,class\na.png,1,2,30,40,150.0,2.0,clump\n" * 2
    return {
        "scout.csv.gz": gzip.compress((SCOUT * 3).encode()),
        "scout.csv": SCOUT.encode(),
        "popp.csv": table_bytes(folder, popp(), "popp.csv", "ascii.csv"),
        "t3_mrt.txt": table_bytes(folder, adams(), "t3_mrt.txt", "ascii.mrt"),
        "t3.vot": table_bytes(folder, adams(), "t3.vot", "votable"),
        "t3.fits": table_bytes(folder, adams(), "t3.fits", None),
        "t3.ecsv": table_bytes(folder, adams(), "t3.ecsv", None),
        "table.csv": generic.encode(),
        "x.reg": REGIONS.encode(),
        "coco.json": json.dumps(COCO).encode(),
        "labels.txt": b"0 0.5 0.25 0.1 0.2\n1 0.5 0.5 0.1 0.1 0.75\n" * 3,
        "a.xml": VOC.encode(),
    }


@pytest.fixture(scope="module")
def cutouts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cutouts")
    rows = []
    for i, name in enumerate(("a.png", "366658689799.png")):
        Image.fromarray(np.full((400, 400, 3), 9, np.uint8)).save(folder / name)
        rows.append((i, Source(name[:-4], (folder / name,)), (400, 400)))
    return rows


def mutated(content: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 4)):
        content = chance.choice((flipped, cut, lines, words, _doubled))(content, chance)
    return content


def _doubled(content: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(content) + 1)
    stop = chance.randrange(start, len(content) + 1)
    return content[:stop] + content[start:stop] * chance.randint(1, 20) + content[stop:]


NAMES = (
    "scout.csv.gz", "scout.csv", "popp.csv", "t3_mrt.txt", "t3.vot", "t3.fits",
    "t3.ecsv", "table.csv", "x.reg", "coco.json", "labels.txt", "a.xml",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore")
def test_a_damaged_file_is_an_error_in_one_line_or_boxes(
    name, samples, cutouts, tmp_path
):
    chance = random.Random(name)
    path = tmp_path / "chosen" / name
    path.parent.mkdir()
    given = path.parent if name == "labels.txt" else path
    errors = 0
    for _ in range(TRIES):
        path.write_bytes(mutated(samples[name], chance))
        with work() as done:
            said = _said(given, cutouts)
        errors += bool(said)
        assert "\n" not in said
        assert done.seconds < SECONDS
    # Nothing is written anywhere.
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == [name]
    assert errors  # of ECSV each one is, since its header fits no more


def _said(path: Path, cutouts: list) -> str:
    """Return the message of an error, or nothing where labels were read."""
    try:
        _use(path, cutouts)
    except ClumpError as error:
        return error.message
    return ""


def _use(path: Path, cutouts: list) -> None:
    """Read labels and put them on cutouts, as the window does."""
    labels = read_labels(path)
    assert labels.boxes
    assert all("\n" not in line for line in labels.in_words())
    work = place_labels(labels, cutouts)
    while True:
        try:
            next(work)
        except StopIteration as end:
            placed = end.value
            break
    for on_it in placed.boxes.values():
        corners = np.array([p.corners for p in on_it])
        assert np.isfinite(corners).all()
        assert corners.min() >= -0.5
        assert corners.max() <= 399.5
    assert placed.total + placed.losses.total == len(labels.boxes)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bomb.xml", BOMB),
        ("bomb.vot", BOMB.replace("annotation", "VOTABLE")),
        ("data.yaml", "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
            f"{b}: &{b} [" + ",".join([f"*{a}"] * 9) + "]\n"
            for a, b in pairwise("abcdefghij")) + "names: *j\n"),
        ("many.json", '{"annotations": [' + ",".join(["{}"] * 200_000) + "]}"),
        ("deep.xml", "<annotation>" + "<a>" * 100_000 + "</a>" * 100_000),
        ("one.csv", "x1," * 100_000),
        ("line.csv", "x1,y1,x2,y2\n" + "1" * 3_000_000),
        ("many.reg", "image\n" + "circle(1,2,3\n" * 3000),
        ("quotes.csv", 'x1,y1,x2,y2\n' + '"' * 100_001),
    ],
)  # fmt: skip
def test_absurd_files_take_neither_time_nor_memory(tmp_path, name, content):
    import tracemalloc

    path = tmp_path / name
    path.write_text(content)
    (tmp_path / "a.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    tracemalloc.start()
    with work() as done:
        assert len(_said(path, [])) < 1000
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert done.seconds < 2 * SECONDS  # tracing takes its share
    assert most < 300e6
