"""The paper's experiment, at a size for a test."""

from __future__ import annotations

import csv

import pytest
import timm
import torch

from clump_detector.encoder import build_encoder
from clump_detector.errors import ClumpError, ConfigError
from clump_detector.experiment import COLUMNS, read_experiment, run_experiment
from clump_detector.pretrain import KINDS, PretrainConfig, pretrain
from clump_detector.recipe import find_recipe, recipes_folder

PLAN = """
labels = "{labels}"
test = "{test}"
sizes = [4, 8]
seeds = [0]
steps = 4
[model]
encoder = "test_resnet"
strides = [4, 8]
anchors = [[8, 12], [16, 24]]
input_size = 96
fpn_channels = 16
head_channels = 32
host_only = false
[train]
train_parts = "everything"
batch = 4
[pretrain]
pictures = 40
epochs = 1
side = 48
batch = 8
[[init]]
name = "photographs"
pretrain = "textures"
[[init]]
name = "none"
"""


@pytest.fixture
def plan(tmp_path, make_labels):
    path = tmp_path / "plan.toml"
    train, test = make_labels(12), make_labels(5, name="test")
    path.write_text(PLAN.format(labels=train.as_posix(), test=test.as_posix()))
    return path


def test_every_run_once_and_on_where_it_ended(plan, tmp_path):
    said = []
    rows = run_experiment(read_experiment(plan), tmp_path / "out", said.append)
    assert [(r["init"], r["galaxies"]) for r in rows] == [
        ("photographs", 4), ("photographs", 8), ("none", 4), ("none", 8),
    ]  # fmt: skip
    assert said[0].startswith("photographs: tells 16 kinds apart")
    with (tmp_path / "out" / "table.csv").open() as file:
        table = list(csv.DictReader(file))
    assert list(table[0]) == list(COLUMNS)
    assert len(table) == 4
    assert (tmp_path / "out" / "picture.png").stat().st_size > 10_000

    runs = sorted((tmp_path / "out" / "runs").glob("*/figures.json"))
    before = {path: path.stat().st_mtime_ns for path in runs}
    runs[1].unlink()
    again = run_experiment(read_experiment(plan), tmp_path / "out")
    assert again == rows  # the model was there: judged again, the same
    changed = [p for p in runs if p.stat().st_mtime_ns != before[p]]
    assert changed == [runs[1]]


def test_smaller_subsets_are_part_of_larger_ones(plan, tmp_path):
    from clump_detector.labels import read_label_set

    run_experiment(read_experiment(plan), tmp_path / "out")
    names = {
        (init, size): {
            c.source.name
            for c in read_label_set(
                tmp_path / "out" / "runs" / f"{init}-{size}-0" / "labels.json"
            ).cutouts
        }
        for init in ("none", "photographs")
        for size in (4, 8)
    }
    assert names["none", 4] < names["none", 8]
    assert names["none", 4] == names["photographs", 4]


@pytest.mark.parametrize("kind", KINDS)
def test_a_pretrained_encoder_is_loaded_whole(tmp_path, kind):
    if kind == "morphology":
        pytest.importorskip("galsim")
    config = PretrainConfig(pictures=20, side=48, epochs=1, batch=8)
    found = pretrain(kind, "test_resnet", tmp_path / "made", config)
    assert found["classes"] > 4
    assert 0 <= found["accuracy"] <= 1
    name = f"local-dir:{tmp_path / 'made'}"
    ours = build_encoder(name, (4, 8, 16, 32)).eval()
    theirs = timm.create_model(name, pretrained=True, num_classes=0).eval()
    image = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(ours(image)[-1], theirs.forward_features(image))


BAD = {
    "no TOML": ("sizes = [", "no TOML|not TOML"),
    "an unknown key": (PLAN + "\nspeed = 3\n", "speed"),
    "an unknown kind": (PLAN.replace('"textures"', '"magic"'), "magic"),
    "two of one name": (PLAN.replace('"none"', '"photographs"'), "name of its own"),
    "no init": (PLAN.split("[[init]]")[0], "one \\[\\[init\\]\\] or more"),
    "no sizes": (PLAN.replace("[4, 8]\nseeds", "[]\nseeds"), "needed"),
    "too many": (PLAN.replace("[4, 8]\nseeds", "[4, 800]\nseeds"), "800 galaxies"),
    "a wrong pretraining": (
        PLAN.replace("pictures = 40", "pictures = 'x'"),
        "pictures",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_wrong_experiment_is_refused_by_name(tmp_path, make_labels, case):
    text, message = BAD[case]
    path, labels = tmp_path / "plan.toml", make_labels(6).as_posix()
    path.write_text(text.replace("{labels}", labels).replace("{test}", labels))
    with pytest.raises(ClumpError, match=message):
        run_experiment(read_experiment(path), tmp_path / "out")


def test_our_experiments_can_be_read():
    for path in sorted((recipes_folder() / "experiments").glob("*.toml")):
        assert find_recipe(path.stem, experiment=True) == path
        assert read_experiment(path).inits
    with pytest.raises(ConfigError, match="compare-small"):
        find_recipe("nothing", experiment=True)
