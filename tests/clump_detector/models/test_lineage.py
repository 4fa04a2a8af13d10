"""Which model was made from which, also after names have changed."""

from __future__ import annotations

import shutil

import pytest

from clump_detector.core import paths
from clump_detector.core.errors import ModelError
from clump_detector.models import registry
from clump_detector.models.card import WEIGHTS, ModelCard, read_card, write_card
from clump_detector.models.lineage import (
    ancestors,
    children,
    newest_verdict,
    same_model,
    tree,
)


@pytest.fixture
def models(tmp_path, monkeypatch):
    folder = tmp_path / "models"
    monkeypatch.setenv(paths.MODELS_VARIABLE, str(folder))
    monkeypatch.setattr(registry, "shipped_folder", lambda: tmp_path / "shipped")
    make(tmp_path / "shipped" / "starter", "0" * 8)
    return folder


def make(folder, digest, parent=None, **learned):
    folder.mkdir(parents=True)
    learned = {"parent": parent, **learned}
    write_card(folder, ModelCard(folder.name, learned_from=learned, weights=digest))
    (folder / WEIGHTS).write_bytes(b"weights")
    return folder


def family(models):
    make(models / "gal", "a" * 8, "starter-00000000", cutouts=25)
    make(models / "gal-2", "b" * 8, "gal-aaaaaaaa", parent_learned_from={
        "parent": "starter-00000000", "cutouts": 25})  # fmt: skip
    make(models / "alone", "c" * 8)


def lines():
    return [(d.entry.name, d.depth) for d in tree(registry.list_models())]


def test_each_model_stands_below_the_one_it_was_made_from(models):
    family(models)
    (models / "broken").mkdir()
    assert lines() == [
        ("starter", 0), ("gal", 1), ("gal-2", 2), ("alone", 0), ("broken", 0),
    ]  # fmt: skip
    entries = registry.list_models()
    assert [e.name for e in children(entries[0], entries)] == ["gal"]


def test_a_renamed_parent_is_found_by_its_weights(models):
    family(models)
    registry.rename_model("gal", "zoo")
    assert ("zoo", 1) in lines()
    assert ("gal-2", 2) in lines()
    names = [
        a.name for a in ancestors(read_card(models / "gal-2"), registry.list_models())
    ]
    assert names == ["zoo", "starter"]


def test_a_removed_parent_is_still_told_of_by_its_child(models):
    family(models)
    registry.remove_model("gal")
    assert lines() == [("starter", 0), ("gal-2", 1), ("alone", 0)]
    first, second = ancestors(read_card(models / "gal-2"), registry.list_models())
    assert (first.name, first.entry) == ("gal-aaaaaaaa", None)
    assert first.learned_from["cutouts"] == 25
    assert second.name == "starter"


def test_cards_that_name_each_other_end_somewhere(models):
    make(models / "egg", "a" * 8, "hen-bbbbbbbb")
    make(models / "hen", "b" * 8, "egg-aaaaaaaa")
    assert {name for name, _ in lines()} == {"starter", "egg", "hen"}


def test_of_a_copy_and_its_original_the_name_decides(models):
    family(models)
    shutil.copytree(models / "gal", models / "a-copy")
    found = ancestors(read_card(models / "gal-2"), registry.list_models())
    names = [a.entry.path.name for a in found]
    assert names == ["gal", "starter"]


def test_ids_are_of_one_model_by_hash_or_else_by_name():
    assert same_model("a-00000000", "b-00000000")
    assert not same_model("a-00000000", "a-11111111")
    assert same_model("a", "a-11111111")
    assert not same_model("a", "b-11111111")


def test_the_newest_verdict_against_one_model():
    rows = ({"against": "old-aaaaaaaa", "n": 1}, {"against": "old-aaaaaaaa", "n": 2},
            {"against": "other-bbbbbbbb", "n": 3})  # fmt: skip
    card = ModelCard("new", verdicts=rows)
    assert newest_verdict(card)["n"] == 3
    assert newest_verdict(card, "renamed-aaaaaaaa")["n"] == 2
    assert newest_verdict(card, "none-cccccccc") == {}
    assert newest_verdict(ModelCard("new")) == {}


def test_renaming_changes_folder_and_card_and_nothing_else(models):
    family(models)
    before = read_card(models / "gal")
    folder = registry.rename_model("gal", "gal.of-2024")
    assert folder == models / "gal.of-2024"
    assert not (models / "gal").exists()
    after = read_card(folder)
    assert after.name == "gal.of-2024"
    assert after.learned_from == before.learned_from
    assert after.model_id == "gal.of-2024-aaaaaaaa"
    assert registry.rename_model("alone", "Alone").name == "Alone"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("gal", "gal-2", "there is a model 'gal-2' already"),
        ("gal", "GAL-2", "already"),
        ("gal", "Starter", "already"),
        ("gal", "../away", "cannot be the name"),
        ("gal", ".hidden", "cannot be the name"),
        ("gal", "_hidden", "cannot be the name"),
        ("gal", "", "cannot be the name"),
        ("starter", "mine", "comes with the program and cannot be renamed"),
        ("none", "mine", "no model 'none'.*one of: starter, alone, gal, gal-2"),
    ],
)
def test_a_name_that_cannot_be_is_refused(models, old, new, message):
    family(models)
    with pytest.raises(ModelError, match=message):
        registry.rename_model(old, new)
    assert lines() == [("starter", 0), ("gal", 1), ("gal-2", 2), ("alone", 0)]


def test_removing_takes_the_folder_and_leaves_nothing(models):
    family(models)
    (models / "broken").mkdir()
    registry.remove_model("alone")
    registry.remove_model("broken")
    assert sorted(p.name for p in models.iterdir()) == ["gal", "gal-2"]
    with pytest.raises(ModelError, match="comes with the program"):
        registry.remove_model("starter")


def test_removing_a_link_leaves_what_it_leads_to(models, tmp_path):
    elsewhere = make(tmp_path / "elsewhere", "d" * 8)
    models.mkdir()
    (models / "linked").symlink_to(elsewhere)
    registry.remove_model("linked")
    assert (elsewhere / WEIGHTS).is_file()
    assert [e.name for e in registry.list_models()] == ["starter"]
