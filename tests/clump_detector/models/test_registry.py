"""The list of models: broken ones are shown with what is wrong."""

from __future__ import annotations

import json

import pytest

from clump_detector.config.model import ModelConfig
from clump_detector.core import paths
from clump_detector.core.errors import FileError, ModelError
from clump_detector.metrics.calibration import Calibration
from clump_detector.metrics.threshold import expected_at
from clump_detector.models import registry
from clump_detector.models.card import CARD, WEIGHTS, ModelCard, read_card, write_card


@pytest.fixture
def models(tmp_path, monkeypatch):
    folder = tmp_path / "models"
    monkeypatch.setenv(paths.MODELS_VARIABLE, str(folder))
    monkeypatch.setattr(registry, "shipped_folder", lambda: tmp_path / "shipped")
    return folder


def make(folder, **changes):
    folder.mkdir(parents=True)
    write_card(folder, ModelCard(folder.name, **changes))
    (folder / WEIGHTS).write_bytes(b"weights")
    return folder


def test_a_card_comes_back_as_it_was(tmp_path):
    card = ModelCard(
        "mine",
        ModelConfig(classes=("knot",)),
        {"cutouts": 30},
        {"completeness": {"value": 0.8}, "purity": 0.7, "on": "10 test galaxies"},
        0.42,
        Calibration(0.8, -1.5),
        "2024-01-01T00:00:00+00:00",
        "abcdef0123456789",
    )
    write_card(tmp_path, card)
    assert read_card(tmp_path) == card
    assert card.model_id == "mine-abcdef01"
    assert card.summary == (
        "resnet18, knot; learned from 30 cutouts; completeness 0.80, purity 0.70 on "
        "10 test galaxies"
    )


def test_the_starter_comes_first_and_broken_ones_say_why(models, tmp_path):
    make(tmp_path / "shipped" / "starter")
    make(models / "zeta")
    make(models / "alpha")
    (models / "empty").mkdir()
    (make(models / "bare") / WEIGHTS).unlink()
    (models / ".half-written").mkdir()
    (models / "notes.txt").write_text("no model")
    entries = registry.list_models()
    assert [e.name for e in entries] == ["starter", "alpha", "bare", "empty", "zeta"]
    problems = {e.name: e.problem for e in entries if e.card is None}
    assert set(problems) == {"bare", "empty"}
    assert CARD in problems["empty"]
    assert WEIGHTS in problems["bare"]


def test_a_model_is_found_by_name_and_by_path(models, tmp_path):
    mine, other = make(models / "mine"), make(tmp_path / "elsewhere")
    assert registry.resolve_model("mine") == mine
    assert registry.resolve_model(other) == other
    with pytest.raises(ModelError, match=r"no model 'yours'.*one of: mine"):
        registry.resolve_model("yours")


def test_an_older_starter_stays_under_its_name_and_its_id(models, tmp_path):
    make(tmp_path / "shipped" / "starter", weights="1" * 64)
    old = make(tmp_path / "shipped" / "starter-simulated")
    # Its card says what reviews call it: the name that it once had, and its weights.
    write_card(old, ModelCard("starter", weights="0" * 64))
    make(models / "alpha")
    names = [e.name for e in registry.list_models()]
    assert names == ["starter", "starter-simulated", "alpha"]
    assert registry.resolve_model("starter-00000000") == old
    assert registry.resolve_model("starter-simulated") == old
    for name in ("starter", "starter-simulated"):
        with pytest.raises(ModelError, match="comes with the program"):
            registry.remove_model(name)
    with pytest.raises(ModelError, match="there is a model"):
        registry.rename_model("alpha", "starter-simulated")
    new = registry.new_model_folder("starter-simulated")
    assert new == models / "starter-simulated-2"


def test_a_new_folder_has_a_free_and_harmless_name(models):
    assert registry.new_model_folder("ngc 628/x") == models / "ngc-628-x"
    make(models / "mine")
    make(models / "Mine-2")
    assert registry.new_model_folder("mine") == models / "mine-3"
    assert registry.new_model_folder("starter") == models / "starter-2"
    assert registry.new_model_folder("..") == models / "model"


def test_a_models_folder_that_cannot_be_made(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(paths.MODELS_VARIABLE, str(tmp_path / "file" / "models"))
    monkeypatch.setattr(registry, "shipped_folder", lambda: tmp_path / "shipped")
    assert registry.list_models() == []
    with pytest.raises(FileError, match="models"):
        registry.new_model_folder("mine")


def _change(key, value):
    def change(content):
        content[key] = value

    return change


def test_a_card_of_version_1_is_read_with_the_names_of_before(tmp_path):
    card = ModelCard("mine", ModelConfig(rpn_post_nms_top_n=77, image_mean=(0.1,) * 3))
    write_card(tmp_path, card)
    content = json.loads((tmp_path / CARD).read_text())
    content["version"] = 1
    present = {new: old for old, new in ModelConfig.OLD_KEYS.items()}
    content["config"] = {present.get(k, k): v for k, v in content["config"].items()}
    assert content["config"]["proposals"] == 77
    (tmp_path / CARD).write_text(json.dumps(content))
    assert read_card(tmp_path).config == card.config


BAD = [
    (lambda c: c.pop("format"), "other software"),
    (_change("version", 99), "version 99"),
    (_change("config", {"backbone": "x"}), "there is no key 'config.backbone'"),
    (_change("config", {"classes": "clump"}), "config.classes"),
    (_change("config", None), "config"),
    (_change("default_score", "high"), "default_score|key is missing or wrong"),
    (_change("default_score", 3), "default_score is 3"),
    (_change("learned_from", [1]), "key is missing or wrong"),
    (lambda c: c.pop("weights"), "weights"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_a_wrong_card_is_refused_by_name(tmp_path, change, message):
    write_card(tmp_path, ModelCard("mine"))
    content = json.loads((tmp_path / CARD).read_text())
    change(content)
    (tmp_path / CARD).write_text(json.dumps(content))
    with pytest.raises(ModelError, match=message) as caught:
        read_card(tmp_path)
    assert CARD in caught.value.message


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"text"'])
def test_a_card_that_is_no_card(tmp_path, text):
    (tmp_path / CARD).write_text(text)
    with pytest.raises(ModelError):
        read_card(tmp_path)


def test_the_starter_says_what_to_expect_at_every_score():
    card = read_card(registry.shipped_folder() / "starter")
    scores = (0.1, card.default_score)
    low, default = (expected_at(card.expected, score) for score in scores)
    assert low[0] > default[0] > 0.7  # completeness falls with the score
    assert default[1] > low[1]  # and purity rises
    assert card.expected["method"] == "out of fold"
    # Whose labels taught it, and judged it, stands in the card.
    assert "machine-vision reviewer" in card.performance["on"]
    assert "not an astronomer" in card.learned_from["note"]
    before = read_card(registry.shipped_folder() / "starter-simulated")
    assert card.learned_from["parent"] == before.model_id == "starter-86c6020a"
    assert registry.resolve_model(before.model_id).name == "starter-simulated"
