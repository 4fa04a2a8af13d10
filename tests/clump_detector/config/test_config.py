"""Recipes and options: what does not belong is refused by name."""

from __future__ import annotations

import pytest

from clump_detector.config.model import ModelConfig
from clump_detector.config.recipe import find_recipe, read_recipe, recipes_folder
from clump_detector.config.tables import fill, settings_table
from clump_detector.config.training import TrainConfig
from clump_detector.core.errors import ConfigError


def test_a_table_makes_the_same_dataclass_again():
    config = ModelConfig(classes=("knot",), anchor_sizes=((8,), (16,)), strides=(4, 8))
    assert fill(ModelConfig, settings_table(config)) == config
    assert fill(TrainConfig, settings_table(TrainConfig(epochs=3))) == TrainConfig(
        epochs=3
    )


BEFORE = """[model]
anchors = [[8, 12], [16, 24]]
strides = [4, 8]
ratios = [0.5, 1.0]
mean = [0.1, 0.2, 0.3]
std = [0.4, 0.5, 0.6]
head_channels = 32
proposals_before = 60
proposals = 40
most_boxes = 7
roi_samples = 2
score_floor = 0.1
"""


def test_a_recipe_with_the_names_of_before_is_read(tmp_path):
    path = tmp_path / "before.toml"
    path.write_text(BEFORE)
    assert read_recipe(path).model == ModelConfig(
        anchor_sizes=((8, 12), (16, 24)),
        strides=(4, 8),
        aspect_ratios=(0.5, 1.0),
        image_mean=(0.1, 0.2, 0.3),
        image_std=(0.4, 0.5, 0.6),
        representation_size=32,
        rpn_pre_nms_top_n=60,
        rpn_post_nms_top_n=40,
        box_detections_per_img=7,
        sampling_ratio=2,
        box_score_thresh=0.1,
    )


BAD = [
    (
        "[model]\nproposals = 9\nrpn_post_nms_top_n = 8",
        "'model.rpn_post_nms_top_n' is given twice",
    ),
    ("epochs = 3", "there is no key 'epochs'"),
    ("[train]\nepoch = 3", "there is no key 'train.epoch'"),
    ("[model]\nbackbone = 'x'", "there is no key 'model.backbone'"),
    ("[train]\nepochs = 'many'", "train.epochs is 'many', not a whole number"),
    ("[train]\nepochs = 2.5", "train.epochs is 2.5, not a whole number"),
    ("[train]\nepochs = true", "train.epochs is True, not a whole number"),
    ("[train]\nepochs = 0", "train.epochs is 0"),
    ("[train]\nbase_share = 0.5", "train.base_share is 0.5"),
    ("[train]\nflips = 1", "train.flips is 1, not true or false"),
    ("[train]\ntrain_parts = 'head'", "train.train_parts is 'head'"),
    ("[train]\nlearning_rate = -1", "train.learning_rate is -1.0"),
    ("[train]\nlearning_rate = inf", "train.learning_rate is inf, not a finite"),
    ("[train]\nwarm_up = nan", "train.warm_up is nan, not a finite"),
    ("[train]\ndevice = 'gpu'", "train.device is 'gpu'"),
    ("[model]\nclasses = []", "model.classes is ()"),
    ("[model]\nclasses = 'clump'", "model.classes is 'clump', not a list"),
    ("[model]\nclasses = ['a', 'a']", "model.classes is"),
    ("[model]\nstrides = [8, 4, 16]", "model.strides is (8, 4, 16)"),
    ("[model]\nanchor_sizes = [[8]]", "model.anchor_sizes is ((8,),)"),
    ("[model]\nanchor_sizes = [8, 16]", "model.anchor_sizes is 8, not a list"),
    ("[model]\nimage_std = [0.0, 1.0, 1.0]", "model.image_std is"),
    ("train = 3", "train is no table"),
    ("path = 'x'", "there is no key 'path'"),
    ("this is no TOML", "this is not TOML"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_a_wrong_recipe_is_refused_by_file_and_key(tmp_path, text, message):
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_recipe(path)
    assert message in caught.value.message
    assert "wrong.toml" in caught.value.message


def test_a_recipe_names_one_label_set_or_several(tmp_path):
    path = tmp_path / "r.toml"
    for text, labels in (
        ("labels = 'a.json'", ("a.json",)),
        ("labels = ['a.json', 'b.clumps']", ("a.json", "b.clumps")),
        ("", ()),
    ):
        path.write_text(text)
        assert read_recipe(path).labels == labels
    path.write_text("labels = 3")
    with pytest.raises(ConfigError, match="labels is 3, not a list"):
        read_recipe(path)


def test_a_recipe_that_is_not_there_or_not_text(tmp_path):
    with pytest.raises(ConfigError, match="no such file"):
        read_recipe(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not TOML"):
        read_recipe(tmp_path / "binary.toml")
    with pytest.raises(ConfigError, match=r"Ours are: .*starter"):
        find_recipe("no-such-recipe")


@pytest.mark.parametrize(
    "path", sorted(recipes_folder().glob("*.toml")), ids=lambda p: p.stem
)
def test_our_recipes_can_be_read(path):
    recipe = read_recipe(path)
    assert recipe.description
    assert recipe.path == path
    assert find_recipe(path.stem) == path
