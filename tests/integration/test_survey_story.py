"""From a table of galaxies to a catalogue, through kills, and back to a review.

``SURVEY_STORY`` is the number of galaxies: 200, or as many as you have time for.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pyarrow.parquet as pq
import pytest
from astropy.table import Table

from clump_detector.labels.label_set import read_label_set
from clump_detector.simulate.dataset import simulate
from clump_detector.survey_search.dataset.asking.selection import Question
from clump_detector.survey_search.dataset.collection import table_files
from clump_detector.survey_search.dataset.parts import Parts
from clump_detector.survey_search.dataset.query import answer
from napari_clumps.io.survey_review import review_of
from napari_clumps.review import Status
from tests.helpers.resources import wait_for
from tests.helpers.survey_runs import environment, kill_all, survey

N = int(os.environ.get("SURVEY_STORY", "200"))

DIFFERENT = 40


@pytest.fixture(scope="module")
def galaxies(tmp_path_factory):
    """A table of galaxies on the sky with the files of their cutouts, one damaged."""
    folder = tmp_path_factory.mktemp("story")
    simulate(folder / "made", DIFFERENT, seed=9, size=96)
    images = sorted((folder / "made" / "images").iterdir())
    files = [folder / f"galaxy-{k:05d}.png" for k in range(N)]
    for k, file in enumerate(files):
        os.link(images[k % DIFFERENT], file)
    files[3].unlink()
    files[3].write_bytes(b"nothing of a picture")
    rng = np.random.default_rng(1)
    table = Table(
        {
            "name": [file.stem for file in files],
            "file": [file.name for file in files],
            "ra": rng.uniform(140, 160, N),
            "dec": rng.uniform(-5, 5, N),
        }
    )
    path = folder / "galaxies.fits"
    table.write(path)
    return path


def workers_of(run) -> list[psutil.Process]:
    """Return the workers of a survey's own cluster."""
    found = psutil.Process(run.pid).children(recursive=True)
    return [child for child in found if "spawn_main" in " ".join(child.cmdline())]


def verb(*words: object) -> str:
    """Run a verb to its end."""
    code = "from napari_clumps.cli.main import main; main()"
    command = [sys.executable, "-c", code, *map(str, words)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def dataset(galaxies):
    """The dataset of a run that was killed twice, a worker and all of it."""
    out = galaxies.parent / "survey"
    line = (galaxies, "--out", out, "--workers", "2", "--batch", "4")
    run = survey(*line)
    wait_for(lambda: run.poll() is not None or (out / "log.jsonl").exists())
    workers_of(run)[-1].kill()
    wait_for(lambda: run.poll() is not None or Parts(out).files())
    kill_all(run)
    words, _ = survey(*line).communicate(timeout=3600)
    # It went on from the parts of the first run: which cutouts those had, the moment of
    # the kill decides.
    said = re.findall(r"([\d,]+) (done|new|given up)", words)
    counts = {why: int(n.replace(",", "")) for n, why in said}
    assert counts.get("done", 0) > 0, words
    assert sum(counts.values()) == N, words
    return out


def column(dataset: Path, table: str, name: str) -> list:
    return [
        value
        for path in table_files(dataset, table)
        for value in pq.ParquetFile(path).read([name])[name].to_pylist()
    ]


def test_each_galaxy_is_there_once(dataset):
    names = column(dataset, "cutouts", "name") + column(dataset, "problems", "name")
    assert sorted(names) == [f"galaxy-{k:05d}" for k in range(N)]
    assert column(dataset, "problems", "name") == ["galaxy-00003"]
    assert (dataset / "summary.html").read_text().count("<img") > DIFFERENT // 4


def test_the_catalogue_is_on_the_sky(dataset, galaxies):
    lsdb = pytest.importorskip("lsdb")
    listed = Table.read(galaxies)
    found = lsdb.open_catalog(dataset / "tables" / "cutouts").compute()
    by_name = found.set_index("name")
    for row in listed[10:20]:
        assert by_name.loc[row["name"], "ra"] == pytest.approx(row["ra"])
        assert by_name.loc[row["name"], "dec"] == pytest.approx(row["dec"])


def test_decisions_come_back_and_are_labels(dataset, tmp_path):
    question = Question("best_score > 0.4 and not reviewed", most=10)
    chosen = answer(dataset, question)
    assert len(chosen) == 10
    path = tmp_path / "some.clumps"
    review, left_out = review_of(chosen, path)
    with review:
        assert left_out == []
        cutouts = list(review.cutouts())
        assert [one.name for one in cutouts] == chosen.names
        for one in cutouts:
            boxes = review.boxes(one.id)
            assert boxes[0].status is Status.PROPOSAL
            review.accept(boxes[0].id)
            review.set_done(one.id, True)
    verb("take-decisions", path, "--into", dataset)
    again = answer(dataset, replace(question, most=N))
    assert not {*chosen.addresses} & {*again.addresses}
    verb("export", path, "--out", tmp_path / "labels.json")
    labels = read_label_set(tmp_path / "labels.json")
    assert sum(one.done for one in labels.cutouts) == 10
    assert labels.n_boxes == 10
