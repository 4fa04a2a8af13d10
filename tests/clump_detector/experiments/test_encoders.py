"""The paper's experiment, at a size for a test."""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest
import timm
import torch

from clump_detector.config.recipe import find_recipe, read_recipe, recipes_folder
from clump_detector.core.errors import ClumpError, ConfigError
from clump_detector.detector.encoder import build_encoder
from clump_detector.experiments.encoders import COLUMNS, run_experiment
from clump_detector.experiments.plan import read_experiment
from clump_detector.experiments.pretrain import KINDS, PretrainConfig, pretrain
from clump_detector.labels.label_set import read_label_set

PLAN = """
labels = "{labels}"
test = "{test}"
sizes = [4, 8]
seeds = [0]
steps = 4
[model]
encoder = "test_resnet"
strides = [4, 8]
anchor_sizes = [[8, 12], [16, 24]]
input_size = 96
fpn_channels = 16
representation_size = 32
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
    train, test = make_labels(12), make_labels(5, seed=9, name="test")
    path.write_text(PLAN.format(labels=train.as_posix(), test=test.as_posix()))
    return path


def told(lines):
    """Return what adds the sentences of the progress to a list."""
    return lambda done, total, text: lines.append(text)


def test_every_run_once_and_on_where_it_ended(plan, tmp_path):
    said = []
    rows = run_experiment(read_experiment(plan), tmp_path / "out", told(said))
    assert [(r["init"], r["galaxies"]) for r in rows] == [
        ("photographs", 4), ("photographs", 8), ("none", 4), ("none", 8),
    ]  # fmt: skip
    assert said[0].startswith("photographs: classifies 16 kinds")
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


SMALL = PLAN.replace("sizes = [4, 8]", "sizes = [4]").replace(
    "pictures = 40", "pictures = 20"
)


def run(path, folder, **changes):
    """Return what a plan with other values says, and the models' weights after it."""
    text = SMALL.replace("{labels}", changes.pop("labels").as_posix())
    text = text.replace("{test}", changes.pop("test").as_posix())
    for old, new in changes.pop("swaps", {}).items():
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    said = []
    run_experiment(read_experiment(path), folder, told(said))
    weights = {
        file.parent.parent.name: file.stat().st_ino
        for file in (folder / "runs").glob("*/model/weights.safetensors")
    }
    return said, weights


@pytest.fixture
def made(tmp_path, make_labels):
    given = {"labels": make_labels(6), "test": make_labels(3, seed=5, name="test")}
    path, folder = tmp_path / "plan.toml", tmp_path / "out"

    def again(**changes):
        return run(path, folder, **(given | changes))

    again.folder, again.make_labels = folder, make_labels
    _, again.weights = again()
    return again


def renewed(made, **changes):
    """Return the names of the runs that were made again, and what was said of it."""
    said, weights = made(**changes)
    told = [line for line in said if "made again" in line]
    names = {name for name in weights if weights[name] != made.weights[name]}
    assert all(any(line.startswith(name) for line in told) for name in names)
    return names, told


def test_the_same_recipe_is_served_as_it_is(made):
    assert renewed(made) == (set(), [])
    assert renewed(made, swaps={"[model]": "[model]\nnms_iou = 0.2"}) == (set(), [])
    assert not (made.folder / "replaced").exists()


BOTH = {"none-4-0", "photographs-4-0"}


@pytest.mark.parametrize(
    ("swaps", "who", "key"),
    [
        ({"batch = 4\n": "batch = 3\n", "fpn_channels = 16": "fpn_channels = 8"},
         BOTH, "model.fpn_channels, train.batch"),
        ({"pictures = 20": "pictures = 24"}, {"photographs-4-0"},
         "init.pretrain.pictures"),
    ],
)  # fmt: skip
def test_a_changed_recipe_is_done_again_where_it_matters(made, swaps, who, key):
    names, told = renewed(made, swaps=swaps)
    assert names == who
    assert all(f"the recipe has changed ({key}" in t or "(pretrain." in t for t in told)
    kept = made.folder / "replaced" / "photographs-4-0-1" / "figures.json"
    assert kept.is_file()


def test_other_labels_and_other_test_galaxies_are_another_recipe(made):
    other = made.make_labels(6, seed=9, name="other")
    names, told = renewed(made, labels=other)
    assert names == BOTH
    assert all("(labels)" in line for line in told)
    _, told = renewed(made, labels=other, test=made.make_labels(3, seed=8, name="t2"))
    assert all("(test)" in line for line in told)
    assert len(told) == 2


def test_runs_that_cannot_say_what_they_were_made_from_are_done_again(made):
    for file in made.folder.rglob("made_from.json"):
        file.unlink()
    names, told = renewed(made)
    assert names == BOTH
    assert len(told) == 3  # the pretrained encoder, too
    assert all("no file records which recipe" in line for line in told)


def test_a_half_trained_run_of_another_recipe_is_not_gone_on_with(made):
    folder = made.folder / "runs" / "none-4-0"
    (folder / "figures.json").unlink()
    (folder / "model").rename(folder / "gone")
    (folder / ".model.checkpoint.pt").write_bytes(b"half")
    names, told = renewed(made, swaps={"steps = 4": "steps = 5"})
    assert "none-4-0" in names
    assert len(told) == 2
    assert (made.folder / "replaced/none-4-0-1/.model.checkpoint.pt").is_file()


def test_tested_on_the_rest_with_every_part_at_the_default_score(tmp_path, make_labels):
    first, second = make_labels(9), make_labels(5, seed=9, name="more")
    path = tmp_path / "plan.toml"
    text = SMALL.replace('test = "{test}"', 'parts = ["fpn", "everything"]').replace(
        'labels = "{labels}"', f'labels = ["{first.as_posix()}", "{second.as_posix()}"]'
    )
    text = text.replace("[model]", "at_default = true\n[model]", 1)
    path.write_text(text.split("[[init]]")[0] + '[[init]]\nname = "none"\n')
    rows = run_experiment(read_experiment(path), tmp_path / "out")
    assert [(r["parts"], r["galaxies"]) for r in rows] == [
        ("fpn", 4),
        ("everything", 4),
    ]
    runs = tmp_path / "out" / "runs"
    made = sorted(p.name for p in runs.iterdir())
    assert made == ["none-everything-4-0", "none-fpn-4-0"]
    learned = {
        frozenset(c.source.name for c in read_label_set(f / "labels.json").cutouts)
        for f in runs.iterdir()
    }
    assert len(learned) == 1  # the same galaxies teach both
    assert len(next(iter(learned))) == 4
    text = path.read_text().replace("sizes = [4]", "sizes = [14]")
    path.write_text(text)
    with pytest.raises(ConfigError, match="14 to learn from and 0 to evaluate on"):
        run_experiment(read_experiment(path), tmp_path / "out")


def test_smaller_subsets_are_part_of_larger_ones(plan, tmp_path):
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
    "a wrong part": (PLAN.replace("[model]", 'parts = ["head"]\n[model]'), "head"),
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


def test_the_paper_s_comparison_runs_with_a_toy_for_its_encoders(tmp_path, make_labels):
    path = find_recipe("compare-paper", experiment=True)
    paper, toy = read_experiment(path), tmp_path / "toy.toml"
    # The set-up stands once more in the experiment: it is the recipe's.
    recipe = read_recipe(find_recipe("paper"))
    assert (paper.model, paper.train) == (recipe.model, recipe.train)
    toy.write_text(SMALL.format(labels="a", test="b"))
    small = replace(
        paper,
        labels=(str(make_labels(8)),),
        test=str(make_labels(3, seed=9, name="test")),
        sizes=(4,),
        seeds=(0,),
        inits=tuple(replace(init, encoder="test_resnet") for init in paper.inits),
        model=read_experiment(toy).model,
        train=replace(paper.train, epochs=1, crop=64),
    )
    rows = run_experiment(small, tmp_path / "out")
    assert [row["init"] for row in rows] == ["Zoobot", "ImageNet"]
    assert {row["parts"] for row in rows} == {"last stages"}


def test_our_experiments_can_be_read():
    for path in sorted((recipes_folder() / "experiments").glob("*.toml")):
        assert find_recipe(path.stem, experiment=True) == path
        assert read_experiment(path).inits
    with pytest.raises(ConfigError, match="compare-small"):
        find_recipe("nothing", experiment=True)
