"""A survey on real workers: bad files, kills, stops, and the same tables in the end."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from clump_detector.config.detection import DetectOptions
from clump_detector.detector.predict import Predictor
from clump_detector.image_files.sources import find_sources
from clump_detector.images.cutout import read_cutout
from clump_detector.models.card import read_card
from clump_detector.models.registry import resolve_model
from clump_detector.simulate.dataset import simulate
from clump_detector.survey_search.dataset.collection import table_files
from clump_detector.survey_search.dataset.folder import locked
from clump_detector.survey_search.dataset.parts import Parts
from tests.helpers.resources import wait_for
from tests.helpers.survey_runs import Cluster, contents, kill_all, survey

GOOD, BAD = 40, 3


@pytest.fixture(scope="module")
def cutouts(tmp_path_factory):
    """Small galaxies, and files that are damaged or no image."""
    folder = tmp_path_factory.mktemp("cutouts")
    simulate(folder / "made", GOOD, seed=5, size=96)
    images = folder / "images"
    (folder / "made" / "images").rename(images)
    whole = next(images.iterdir()).read_bytes()
    (images / "truncated.png").write_bytes(whole[: len(whole) // 2])
    (images / "text.png").write_text("no image")
    (images / "header.fits").write_text("SIMPLE = no")
    return images


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    made = Cluster(2, tmp_path_factory.mktemp("cluster"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def quiet(cutouts, cluster, tmp_path_factory):
    """The dataset of a run that nobody disturbed, and what it printed."""
    out = tmp_path_factory.mktemp("quiet") / "dataset"
    words, code = ended(survey(cutouts, "--out", out, "--scheduler", cluster.address))
    assert code == 2, words
    return out, words


def ended(process) -> tuple[str, int]:
    words, _ = process.communicate(timeout=600)
    assert "Traceback" not in words, words
    return words, process.returncode


def column(dataset: Path, table: str, name: str) -> list:
    values = []
    for path in table_files(dataset, table):
        values += pq.ParquetFile(path).read([name])[name].to_pylist()
    return values


def test_every_cutout_has_a_row_or_a_problem(quiet, cutouts):
    dataset, words = quiet
    names = column(dataset, "cutouts", "cutout") + column(dataset, "problems", "cutout")
    assert sorted(names) == sorted(str(p) for p in cutouts.iterdir())
    assert len(column(dataset, "problems", "reason")) == BAD
    assert f"{GOOD} cutouts searched, {BAD} failed" in words
    assert "problems.parquet" in words
    assert all(column(dataset, "problems", "reason"))


def test_the_boxes_are_those_of_detect(quiet, cutouts):
    dataset, _ = quiet
    predictor = Predictor(resolve_model(DetectOptions().model), "cpu")
    least = predictor.card.default_score / 2
    expected = {}
    for source in find_sources([cutouts])[:8]:
        try:
            found = predictor.predict(read_cutout(source))
        except Exception:
            continue
        expected[str(source.path)] = [s for s in found.scores if s >= least]
    by_cutout = {address: [] for address in expected}
    for address, score in zip(
        column(dataset, "detections", "cutout"),
        column(dataset, "detections", "score"),
        strict=True,
    ):
        by_cutout.get(address, []).append(score)
    for address, scores in expected.items():
        assert by_cutout[address] == pytest.approx(scores, abs=2e-4)


def test_started_again_it_has_nothing_to_do(quiet, cutouts):
    dataset, _ = quiet
    before = contents(dataset)
    words, code = ended(survey(cutouts, "--out", dataset))
    assert code == 0
    assert f"{GOOD} done" in words
    assert f"{BAD} given up" in words
    assert contents(dataset) == before


def test_kills_and_stops_change_nothing(quiet, cutouts, cluster, tmp_path):
    out = tmp_path / "dataset"
    line = (cutouts, "--out", out, "--scheduler", cluster.address, "--batch", "2")
    begun = out / "survey.json"

    run = survey(*line)
    wait_for(lambda: run.poll() is not None or begun.exists())
    cluster.kill_worker(0)
    cluster.mend()
    wait_for(lambda: run.poll() is not None or (out / "log.jsonl").exists())
    kill_all(run)

    run = survey(*line)
    wait_for(lambda: run.poll() is not None or (out / ".lock-holder").exists())
    run.send_signal(signal.SIGTERM)
    words, code = ended(run)
    assert code in (75, 2, -signal.SIGTERM)  # it may have been too early, or too late

    words, code = ended(survey(*line))
    assert code in (0, 2), words
    dataset, _ = quiet
    assert contents(out) == contents(dataset)
    assert not Parts(out).files()


def test_a_lost_scheduler_is_said_and_nothing_is_lost(quiet, cutouts, tmp_path):
    out = tmp_path / "dataset"
    mortal = Cluster(1, tmp_path)
    try:
        line = (cutouts, "--out", out, "--batch", "2")
        run = survey(*line, "--scheduler", mortal.address)
        wait_for(lambda: run.poll() is not None or (out / "log.jsonl").exists())
        mortal.kill_scheduler()
        words, code = ended(run)
        assert code == 2
        assert "the connection to the scheduler is lost" in words
        assert "start the same line again" in words
    finally:
        mortal.close()
    ended(survey(*line, "--workers", "1"))
    assert contents(out) == contents(quiet[0])


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--model", "starter-simulated"], "made in another way"),
        (["--score", "0.4"], "score none, now 0.4"),
        (["--scheduler", "tcp://127.0.0.1:9"], "cannot be reached"),
        (["--cluster", "none.toml"], "no such file"),
        (["--attempts", "0"], "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_is_one_sentence(quiet, cutouts, tmp_path, words, reason):
    dataset = tmp_path / "dataset"
    shutil.copytree(quiet[0], dataset)
    if "--scheduler" in words:
        shutil.rmtree(dataset / "tables")
    said, code = ended(survey(cutouts, "--out", dataset, *words))
    assert code == 2
    assert reason in said
    assert len([s for s in said.splitlines() if s.startswith("napari-clumps")]) == 1


def test_another_model_searches_all_of_it_anew(quiet, cutouts, cluster, tmp_path):
    dataset = tmp_path / "dataset"
    shutil.copytree(quiet[0], dataset)
    (dataset / "reviewed.parquet").write_bytes(b"what people decided")
    line = (cutouts, "--out", dataset, "--scheduler", cluster.address)
    said, code = ended(survey(*line, "--model", "starter-simulated", "--update"))
    assert code == 2, said
    models = column(dataset, "cutouts", "model") + column(dataset, "problems", "model")
    assert len(models) == GOOD + BAD
    assert set(models) == {read_card(resolve_model("starter-simulated")).model_id}
    assert (dataset / "reviewed.parquet").read_bytes() == b"what people decided"


def test_another_precision_is_refused(quiet, cutouts, monkeypatch):
    made = json.loads((quiet[0] / "survey.json").read_text())["options"]
    assert (made["backend"], made["precision"]) == ("torch", "single")
    monkeypatch.setenv("NAPARI_CLUMPS_BACKEND", "openvino")
    said, code = ended(survey(cutouts, "--out", quiet[0]))
    assert code == 2
    assert "backend torch, now openvino" in said


def test_a_run_that_was_killed_before_its_summary_is_finished(quiet, cutouts, tmp_path):
    dataset = tmp_path / "dataset"
    shutil.copytree(quiet[0], dataset)
    (dataset / "summary.html").unlink()
    said, code = ended(survey(cutouts, "--out", dataset))
    assert code == 0, said
    assert (dataset / "summary.html").exists()
    assert contents(dataset) == contents(quiet[0])


def test_a_second_program_is_refused(quiet, cutouts):
    dataset, _ = quiet
    with locked(dataset):
        said, code = ended(survey(cutouts, "--out", dataset))
    assert code == 2
    assert "writes to this dataset" in said


def test_a_folder_with_other_content_is_refused(cutouts, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    said, code = ended(survey(cutouts, "--out", tmp_path))
    assert code == 2
    assert "has other content" in said
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]
