"""The command line: what it prints, writes and refuses."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clump_detector.models.registry import resolve_model
from napari_clumps.review import Proposal, Review


@pytest.fixture
def sample():
    from napari_clumps.plugin.sample_data import simulated_folder

    return simulated_folder()


@pytest.fixture
def review(tmp_path):
    from clump_detector.image_files.sources import find_sources

    folder = tmp_path / "galaxies"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i in range(3):
        pixels = rng.integers(0, 255, (120, 100, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"g{i}.png")
    path = folder / "galaxies.clumps"
    with Review.create(path, find_sources([folder]), seed=1) as made:
        made.propose(
            1,
            [
                Proposal(10, 10, 30, 30, "clump", 0.9),
                Proposal(50, 50, 70, 70, "clump", 0.5),
            ],
            "m",
            size=(100, 120),
        )
        first, _ = made.boxes(1)
        made.accept(first.id)
    return path


def test_importing_the_command_line_brings_in_nothing_heavy():
    code = (
        "import sys, napari_clumps\n"
        "print([m for m in ('torch', 'qtpy', 'PyQt6', 'PySide6', 'napari', 'astropy')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize(
    "verb",
    ["demo", "review", "detect", "export", "train", "evaluate", "simulate", "models"],
)
def test_every_verb_has_help(run, verb):
    code, out, _ = run(verb, "--help")
    assert code == 0
    assert "Usage" in out


def test_export_writes_a_label_set(run, review, tmp_path):
    out = tmp_path / "out" / "labels.json"
    code, said, err = run("export", review, "--out", out)
    assert (code, err) == (0, "")
    assert "1 boxes" in said
    content = json.loads(out.read_text())
    assert [a["iscrowd"] for a in content["annotations"]] == [0, 1]
    assert (out.parent / content["images"][0]["file_name"]).is_file()


def test_export_with_pictures(run, review, tmp_path):
    from torchvision.datasets import CocoDetection

    out = tmp_path / "labels.json"
    assert run("export", review, "--out", out, "--png")[0] == 0
    picture, targets = CocoDetection(str(tmp_path), str(out))[0]
    assert picture.size == (100, 120)
    assert targets[0]["bbox"] == [10.5, 10.5, 20.0, 20.0]


@pytest.mark.parametrize("ending", ["csv", "ecsv", "parquet"])
def test_detect_writes_a_table(run, sample, tmp_path, ending):
    out = tmp_path / f"boxes.{ending}"
    image = sorted(sample.rglob("*.png"))[0]
    code, said, _ = run("detect", image, "--out", out, "--score", 0.05)
    assert code == 0
    assert str(out) in said
    if ending == "csv":
        rows = list(csv.DictReader(out.open()))
        columns = [
            "file",
            "class",
            "score",
            "x1",
            "y1",
            "x2",
            "y2",
            "ra",
            "dec",
            "model",
        ]
        assert list(rows[0]) == columns
        assert all(row["file"] == str(image) for row in rows)
        assert all(float(row["score"]) >= 0.05 for row in rows)
        assert rows[0]["model"].startswith("starter")


def test_a_model_without_an_ensemble_cannot_be_asked_for_one(run, sample, tmp_path):
    image = sorted(sample.rglob("*.png"))[0]
    code, _, said = run("detect", image, "--ensemble", "--out", tmp_path / "b.csv")
    assert code == 2
    assert "no ensemble" in said
    assert "Retrain" in said
    assert not (tmp_path / "b.csv").exists()


def test_detect_gives_sky_positions_where_there_is_a_wcs(run, sample, tmp_path):
    from astropy.io import fits
    from astropy.wcs import WCS

    image = sorted(sample.rglob("*.fits"))[0]
    out = tmp_path / "boxes.csv"
    assert run("detect", image, "--out", out, "--score", 0.05)[0] == 0
    rows = list(csv.DictReader(out.open()))
    assert rows
    wcs = WCS(fits.getheader(image), naxis=2)
    for row in rows:
        x = (float(row["x1"]) + float(row["x2"])) / 2
        y = (float(row["y1"]) + float(row["y2"])) / 2
        ra, dec = wcs.all_pix2world([[x, y]], 0)[0]
        assert float(row["ra"]) == pytest.approx(ra, abs=1e-5)
        assert float(row["dec"]) == pytest.approx(dec, abs=1e-5)


def test_one_bad_image_leaves_the_others(run, sample, tmp_path):
    folder = tmp_path / "mixed"
    folder.mkdir()
    good = sorted(sample.rglob("*.png"))[0]
    (folder / "a.png").write_bytes(good.read_bytes())
    (folder / "b.png").write_bytes(good.read_bytes()[:2000])
    Image.fromarray(np.zeros((60, 60, 3), np.uint8)).save(folder / "c.png")
    out = tmp_path / "boxes.csv"
    code, said, err = run("detect", folder, "--out", out, "--score", 0.05)
    assert code == 2
    assert "1 cutouts" in said
    assert "b.png" in err
    assert "c.png" in err
    assert {Path(r["file"]).name for r in csv.DictReader(out.open())} <= {"a.png"}


def test_models_list_names_the_starter(run):
    code, out, _ = run("models", "list")
    assert code == 0
    assert out.startswith("* starter")
    code, out, _ = run("models", "list", "--json")
    assert json.loads(out)[0]["problem"] is None


def test_a_review_that_is_judged_on_also_says_how_it_goes(run, review):
    with Review.open(review) as opened:
        box = opened.boxes(1)[0]
        opened.accept(box.id)
        opened.set_done(1, True)
        for n, f1 in ((0, 0.4), (25, 0.5), (50, 0.6)):
            figure = {"value": f1, "95": [f1 - 0.05, f1 + 0.05]}
            opened.note_training({"galaxies": n, "boxes": 2 * n, "f1": figure})
    code, said, err = run("evaluate", review)
    assert code == 0, err
    assert "2 decisions so far" in said
    assert "1 of 3 cutouts are done" in said
    assert "  25 galaxies,  50 boxes: 0.50 (0.45 to 0.55)" in said
    assert "50 more galaxies: +0.0" in said
    assert f"{box.model}: 1 accepted, 0 edited, 0 rejected" in said
    assert "completeness" in said


def test_simulate_train_evaluate(run, tmp_path):
    """The whole engine by its verbs, on a few small galaxies."""
    sim = tmp_path / "sim"
    code, said, _ = run("simulate", sim, "-n", 14, "--seed", 3, "--size", 160)
    assert code == 0, said
    labels = sim / "labels.json"
    model = tmp_path / "model"
    code, said, err = run("train", labels, "--out", model, "--epochs", 1)
    assert code == 0, err
    assert sorted(p.name for p in model.iterdir()) == [
        "ensemble.safetensors",
        "model.json",
        "weights.safetensors",
    ]
    code, said, err = run("evaluate", labels, "--model", model)
    assert code == 2
    assert "learned from every cutout that is done (14 of them)" in err
    others = tmp_path / "others"
    run("simulate", others, "-n", 14, "--seed", 4, "--size", 160, "--clumpy", 1)
    labels = others / "labels.json"
    figures, picture = tmp_path / "figures.json", tmp_path / "judged.png"
    code, said, err = run(
        "evaluate", labels, "--model", model, "--against", "starter",
        "--out", figures, "--picture", picture,
    )  # fmt: skip
    assert code == 0, err
    assert json.loads(figures.read_text())["verdict"] in (
        "better", "no clear difference", "worse",
    )  # fmt: skip
    assert Image.open(picture).size[0] > 1000
    assert "model-" in said.split(":")[0]  # what is said is said of --model
    assert "starter-" in said
    code, said, err = run("evaluate", labels, "--model", model, "--keep", "14 galaxies")
    assert code == 0, err
    card = json.loads((model / "model.json").read_text())
    assert card["performance"]["on"] == "14 galaxies"
    assert card["performance"]["completeness"]["value"] is not None


def test_calibration_is_kept_in_the_card_and_changes_scores(run, tmp_path):
    sim, model = tmp_path / "sim", tmp_path / "model"
    assert run("simulate", sim, "-n", 24, "--seed", 4, "--clumpy", 1)[0] == 0
    shutil.copytree(resolve_model("starter"), model)
    labels, before, after = (
        sim / "labels.json",
        tmp_path / "a.json",
        tmp_path / "b.json",
    )
    judge = ("evaluate", labels, "--model", model)
    code, said, err = run(*judge, "--calibrate", "--out", before)
    assert code == 0, err
    assert "temperature" in said
    assert run(*judge, "--out", after)[0] == 0
    old, new = (json.loads(p.read_text()) for p in (before, after))
    assert new["reliability"]["error"] <= old["reliability"]["error"] + 1e-6
    # The order of boxes is the same, so what depends on it alone is.
    assert new["average_precision"]["any"] == pytest.approx(
        old["average_precision"]["any"], abs=1e-6
    )
    assert new["calibration"]["temperature"] == pytest.approx(1, abs=0.05)
    assert new["calibration"]["offset"] == pytest.approx(0, abs=0.1)
    few = tmp_path / "few"
    run("simulate", few, "-n", 2, "--seed", 4, "--size", 160)
    card = (model / "model.json").read_text()
    code, _, err = run("evaluate", few / "labels.json", "--model", model, "--calibrate")
    assert code == 2
    assert "too few boxes" in err
    assert (model / "model.json").read_text() == card


def test_several_label_sets_and_a_peak_finder_side_by_side(run, tmp_path):
    sets = []
    for name, seed in (("one", 1), ("two", 2)):
        assert run("simulate", tmp_path / name, "-n", 3, "--seed", seed)[0] == 0
        sets.append(tmp_path / name / "labels.json")
    figures = tmp_path / "figures.json"
    code, said, err = run("evaluate", *sets, "--baseline", "--out", figures)
    assert code == 0, err
    lines = said.splitlines()
    assert "on 6 galaxies" in lines[0]
    for name in ("one", "two"):
        assert any(line.startswith(f"{name}: completeness") for line in lines)
    assert lines[-1].startswith("Peak finder (differences of Gaussians on blue)")
    found = json.loads(figures.read_text())
    assert [row["galaxies"] for row in found["label_sets"]] == [3, 3]
    assert sum(row["galaxies"] for row in found["host_diameters"]) == 6
    assert found["baseline"]["boxes"] <= found["hits"] + found["false"]
    code, _, err = run("evaluate", *sets, "--inject", 3)
    assert code == 2
    assert "only one can be used here" in err


def test_explaining_on_the_command_line(run, tmp_path):
    made = run("simulate", tmp_path / "sim", "-n", 3, "--seed", 3, "--size", 160)
    assert made[0] == 0
    labels = tmp_path / "sim" / "labels.json"
    figures, picture = tmp_path / "figures.json", tmp_path / "erased.png"
    code, said, err = run(
        "evaluate", labels, "--explain", "--out", figures, "--picture", picture
    )
    assert code == 0, err
    assert "on 3 galaxies" in said.splitlines()[0]
    assert {"hit", "lost_beside", "each"} <= set(json.loads(figures.read_text()))
    assert picture.stat().st_size > 5_000
    code, _, err = run("evaluate", labels, "--explain", "--calibrate")
    assert code == 2
    assert "--explain compares a model with itself" in err


def test_robustness_on_the_command_line(run, tmp_path):
    made = run("simulate", tmp_path / "sim", "-n", 2, "--seed", 3, "--size", 160)
    assert made[0] == 0
    labels = tmp_path / "sim" / "labels.json"
    figures, picture = tmp_path / "figures.json", tmp_path / "robust.png"
    code, said, err = run(
        "evaluate", labels, "--robustness", "--out", figures, "--picture", picture
    )
    assert code == 0, err
    lines = said.splitlines()
    assert "on 2 galaxies" in lines[0]
    assert "missing columns, share of the pixels" in lines
    assert len(json.loads(figures.read_text())["degradations"]) == 9
    assert picture.stat().st_size > 10_000
    code, _, err = run("evaluate", labels, "--robustness", "--against", "starter")
    assert code == 2
    assert "compares a model with itself" in err
    code, said, err = run("evaluate", labels, "--inject", 6, "--picture", picture)
    assert code == 0, err
    assert "of 6 clumps put into 2 cutouts are found by starter" in said


def test_two_reviewers_on_the_command_line(run, review, tmp_path):
    other = shutil.copy(review, review.with_name("ben.clumps"))
    for path, name, keep in ((review, "Ada", True), (other, "Ben", False)):
        with Review.open(path) as opened:
            opened.annotator = name
            second = opened.boxes(1)[1].id
            (opened.accept if keep else opened.reject)(second)
            opened.set_done(1, True)
    figures = tmp_path / "agreement.json"
    code, out, _ = run("evaluate", review, "--against", other, "--out", figures)
    assert code == 0
    assert "1 of 2 proposals are decided alike" in out
    assert json.loads(figures.read_text())["completeness_of_second"] == 0.5
    code, out, _ = run("import", other, "--into", review)
    assert code == 0
    assert "1 unresolved disagreement" in out
    with Review.open(review) as merged:
        assert merged.disagreements == 1
        assert merged.undo() == 1
        assert merged.cutout(1).done


def test_clumps_into_real_cutouts(run, review, tmp_path):
    out = tmp_path / "into"
    code, _, err = run("simulate", out, "-n", 4, "--into", review.parent)
    assert code == 0, err
    assert sorted(p.name for p in (out / "images").iterdir())[0] == "real-0001-g0.png"


def test_a_papers_checkpoint_becomes_a_model(run, tmp_path, own_home):
    import torch
    from torchvision.models.detection import fasterrcnn_resnet50_fpn

    network = fasterrcnn_resnet50_fpn(
        weights=None, weights_backbone=None, num_classes=3
    )
    torch.save(network.state_dict(), tmp_path / "popp.pth")
    code, _, err = run("models", "import", tmp_path / "popp.pth")
    assert code == 0, err
    assert (own_home / "models" / "popp" / "model.json").is_file()
    assert "popp" in run("models", "list")[1]
    code, _, err = run("models", "import", tmp_path / "popp.pth", "--name", "popp")
    assert code == 0  # a second one has a name of its own
    assert (own_home / "models" / "popp-2").is_dir()


def _folder_of_nothing(tmp_path):
    (tmp_path / "empty").mkdir()
    return tmp_path / "empty"


def _text(tmp_path, name="notes.txt", text="hello"):
    path = tmp_path / name
    path.write_text(text)
    return path


def _foreign_model(tmp_path):
    folder = tmp_path / "foreign"
    folder.mkdir()
    (folder / "model.json").write_text('{"something": "else"}')
    (folder / "weights.safetensors").write_bytes(b"nothing")
    return folder


def _headless_model(tmp_path):
    folder = tmp_path / "headless"
    folder.mkdir()
    (folder / "weights.safetensors").write_bytes(b"nothing")
    return folder


BAD = {
    "no such path": lambda t: (["detect", t / "nowhere.png"], "nowhere.png"),
    "an empty folder": lambda t: (["detect", _folder_of_nothing(t)], "empty"),
    "a text file": lambda t: (["detect", _text(t)], "notes.txt"),
    "a text file named .png": lambda t: (["detect", _text(t, "a.png")], "a.png"),
    "a table of another kind": lambda t: (
        ["detect", _text(t, "a.png"), "--out", t / "x.xlsx"], "x.xlsx"),
    "no such model": lambda t: (
        ["detect", _text(t, "a.png"), "--model", "nobody"], "nobody"),
    "a foreign model": lambda t: (
        ["detect", _text(t, "a.png"), "--model", _foreign_model(t)], "foreign"),
    "a model without a card": lambda t: (
        ["detect", _text(t, "a.png"), "--model", _headless_model(t)], "headless"),
    "a score of two": lambda t: (["detect", t, "--score", 2], "--score"),
    "no review": lambda t: (["export", t / "no.clumps"], "no.clumps"),
    "a review that is none": lambda t: (
        ["export", _text(t, "bad.clumps")], "bad.clumps"),
    "a review of nothing": lambda t: (["review", t / "none.clumps"], "none.clumps"),
    "labels that are none": lambda t: (["train", _text(t, "l.json")], "l.json"),
    "a checkpoint that is none": lambda t: (
        ["models", "import", _text(t, "x.pth")], "x.pth"),
    "an experiment that is none": lambda t: (
        ["compare", _text(t, "e.toml", "a = [")], "e.toml"),
    "an experiment nobody knows": lambda t: (["compare", "nobody"], "nobody"),
    "a base and an encoder": lambda t: (
        ["train", _text(t, "l.json"), "--base", "starter", "--encoder", "resnet18"],
        "--encoder"),
    "an encoder nobody knows": lambda t: (
        ["train", _text(t, "l.json"), "--encoder", "resnet1"], "resnet1"),
    "labels of nothing": lambda t: (
        ["evaluate", _text(t, "l.json", '{"images": []}')], "l.json"),
    "a review merged into nothing": lambda t: (
        ["import", _text(t, "a.clumps"), "--into", t / "b.clumps"], "b.clumps"),
    "two reviews of which one is none": lambda t: (
        ["evaluate", _text(t, "a.clumps"), "--against", t / "b.clumps"], "a.clumps"),
    "an unknown verb": lambda t: (["dance"], "dance"),
    "an unknown option": lambda t: (["detect", t, "--fast"], "--fast"),
    "a recipe that is none": lambda t: (
        ["train", _text(t, "l.json"), "--recipe", _text(t, "r.toml", "a = [")],
        "r.toml"),
    "a folder that is a file": lambda t: (
        ["simulate", _text(t, "file") / "sim", "-n", 1], "file"),
    "a table below a file": lambda t: (
        ["export", _text(t, "file.clumps"), "--out", _text(t, "f") / "x.json"], "file"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_that_names_it(run, tmp_path, case):
    words, named = BAD[case](tmp_path)
    code, _, err = run(*words)
    assert code == 2, err
    lines = [line for line in err.splitlines() if line.startswith("napari-clumps: ")]
    assert len(lines) == 1, err
    assert named in lines[0]
    assert "Traceback" not in err
