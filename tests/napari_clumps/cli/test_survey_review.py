"""``review DATASET`` and ``take-decisions``, without the window."""

from __future__ import annotations

import pytest

from clump_detector.survey_search.dataset.query import select
from clump_detector.survey_search.dataset.reviewed import read_reviewed
from napari_clumps.demo import window
from napari_clumps.review import Review
from tests.helpers.survey_dataset import MODEL, add_part, make_survey


@pytest.fixture
def dataset(tmp_path):
    return make_survey(tmp_path / "survey")


@pytest.fixture
def opened(monkeypatch):
    """What a window was opened with, in which the first cutout was marked as done."""
    found = []

    def open_window(paths, review, choice, classes):
        found.extend(paths)
        with Review.open(paths[0]) as shown:
            shown.annotator = "Ada"
            shown.set_done(1, True)
        return list(paths)

    monkeypatch.setattr(window, "open_window", open_window)
    return found


def test_what_is_asked_for_is_opened_and_its_decisions_come_back(run, dataset, opened):
    code, out, err = run("review", dataset, "--where", "score > 0.3", "--most", 2)
    assert code == 0, err
    assert "5 of 6 cutouts match, the first 2 of which are taken." in err
    (path,) = opened
    assert path.parent == dataset / "reviews"
    with Review.open(path, read_only=True) as review:
        assert [c.name for c in review.cutouts()] == ["galaxy-1", "galaxy-2"]
    assert "1 cutout is done" in out
    assert select(dataset, "reviewed").names == ["galaxy-1"]
    code, _, err = run("review", dataset, "--where", "not reviewed and n_boxes > 0")
    assert code == 0, err
    assert set(select(dataset, "reviewed").names) == {"galaxy-1", "galaxy-2"}


def test_the_options_choose_and_order(run, dataset, opened, tmp_path):
    def names(*options):
        path = tmp_path / f"{len(opened)}.clumps"
        code, _, err = run("review", dataset, "--review", path, *options)
        assert code == 0, err
        with Review.open(path, read_only=True) as review:
            return [c.name for c in review.cutouts()]

    assert names("--order", "name")[0] == "galaxy-0"
    assert names("--near", "150 2 30") == ["galaxy-0"]
    assert names("--like", "galaxy-5")[:2] == ["galaxy-5", "galaxy-4"]
    assert names("--random", 4) == names("--random", 4, "--order", "random")
    assert names("--order", "uncertainty", "--most", 1) == ["galaxy-5"]


def test_results_that_are_in_no_table_are_said(run, dataset, opened):
    add_part(dataset, dataset.parent / "cutouts", MODEL)
    code, _, err = run("review", dataset)
    assert code == 0
    assert "6 results are not in the tables yet" in err


BAD = [
    (["--where", "scroe > 1"], "no column 'scroe'. Did you mean score"),
    (["--where", "score >"], "cannot be understood"),
    (["--where", "score > 5"], "no cutout matches"),
    (["--near", "here"], "no position with a radius"),
    (["--near", "10 10 1"], "no cutout matches"),
    (["--like", "nobody"], "no cutout has the name"),
    (["--order", "size"], "unknown order"),
    (["--order", "name", "--random", "1"], "two orders"),
    (["--most", "0"], "--most"),
    (["--bands", "gri"], "a dataset is reviewed by itself"),
]


@pytest.mark.parametrize(("options", "words"), BAD, ids=lambda v: str(v)[:20])
def test_bad_input_is_one_line_and_no_review(run, dataset, opened, options, words):
    code, _, err = run("review", dataset, *options)
    assert code == 2
    assert words in err.splitlines()[-1]
    assert opened == []
    assert not list(dataset.glob("reviews/*.clumps"))


def test_a_dataset_that_is_none_or_damaged(run, dataset, opened, tmp_path):
    code, _, err = run("review", dataset.parent / "cutouts", "--where", "score > 1")
    assert code == 2
    assert "this is none" in err
    path = next(dataset.glob("tables/detections/dataset/**/*.parquet"))
    path.write_bytes(b"PAR1")
    code, _, err = run("review", dataset, "--where", "class == 'clump'")
    assert code == 2
    assert "damaged" in err
    assert len(err.splitlines()) == 1
    assert opened == []


def test_an_image_that_is_gone_is_left_out_and_said(run, dataset, opened):
    (dataset.parent / "cutouts" / "galaxy-2.png").unlink()
    code, _, err = run("review", dataset, "--where", "n_boxes > 0")
    assert code == 0
    assert "left out" in err
    assert "galaxy-2.png" in err


def test_without_positions_or_embeddings(run, tmp_path, opened):
    import shutil

    dataset = make_survey(tmp_path / "bare")
    shutil.rmtree(dataset / "tables" / "embeddings")
    code, _, err = run("review", dataset, "--like", "galaxy-1")
    assert code == 2
    assert "no embeddings" in err
    assert "--embeddings" in err


def test_decisions_are_taken_by_the_verb(run, dataset, opened, tmp_path):
    run("review", dataset)
    (path,) = opened
    (dataset / "reviewed.parquet").unlink()
    code, out, _ = run("take-decisions", path)
    assert code == 0
    assert "1 cutout is done" in out
    assert len(read_reviewed(dataset)) == 1
    code, _, err = run("take-decisions", path, "--into", tmp_path)
    assert code == 2
    assert "not the dataset of a survey" in err


def test_what_cannot_be_taken_back_gives_the_command(run, dataset, opened, monkeypatch):
    shown = window.open_window

    def damaging(*asked):
        (dataset / "reviewed.parquet").write_bytes(b"PAR1")
        return shown(*asked)

    monkeypatch.setattr(window, "open_window", damaging)
    code, _, err = run("review", dataset, "--where", "n_boxes > 0")
    assert code == 0
    assert "is damaged" in err
    assert f"to try again: napari-clumps take-decisions {opened[0]}" in err
