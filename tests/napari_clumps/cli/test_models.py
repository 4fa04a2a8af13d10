"""`napari-clumps models`: what it shows, renames and removes."""

from __future__ import annotations

import io
import json
import shutil
import sys
from dataclasses import replace

import pytest

from clump_detector.core.paths import models_folder
from clump_detector.models.card import read_card, write_card
from clump_detector.models.registry import resolve_model
from napari_clumps.settings.settings import change_settings, load_settings

VERDICT = {
    "against": "starter-86c6020a",
    "verdict": "better",
    "summary": "gal finds more than starter: F1 0.49 -> 0.71 on 34 held-out galaxies",
    "galaxies": 34,
    "time": "2026-01-02T03:04:05+00:00",
}


@pytest.fixture
def gal():
    """A model made from the starter, judged once."""
    folder = models_folder() / "gal"
    shutil.copytree(resolve_model("starter"), folder)
    card = read_card(folder)
    parent = card.model_id
    curve = [{"score": s, "completeness": 1 - s, "purity": s} for s in (0.3, 0.47, 0.7)]
    expected = {"goal": "f1", "method": "10 folds", "galaxies": 40, "curve": curve}
    learned = {"cutouts": 40, "boxes": 90, "parent": parent}
    write_card(folder, replace(
        card, name="gal", weights="ab" * 32, learned_from=learned, expected=expected,
        verdicts=({**VERDICT, "against": parent},),
    ))  # fmt: skip
    return folder


def test_the_list_has_a_star_and_the_newest_verdict(run, gal):
    code, out, _ = run("models", "list")
    assert code == 0
    first, before, second, verdict = out.splitlines()
    assert first.startswith("* starter  ")
    assert before.startswith("  starter-simulated  ")
    assert second.startswith("  gal      ")
    assert verdict.strip() == f"2026-01-02: {VERDICT['summary']}"
    change_settings(model="gal")
    assert "\n* gal " in run("models", "list")[1]
    rows = json.loads(run("models", "list", "--json")[1])
    assert [r["current"] for r in rows] == [False, False, True]
    assert rows[2]["verdict"]["galaxies"] == 34


def test_show_tells_card_lineage_and_verdicts(run, gal):
    code, out, _ = run("models", "show", "gal")
    assert code == 0
    said = " ".join(out.split())
    assert "Learned from 40 galaxies, 90 boxes" in said
    assert "Lineage from starter: 719 galaxies" in said
    assert "from 0.47: expected completeness 0.53, purity 0.47" in said
    assert "completeness 0.74 (0.68 to 0.79)" in said
    assert "s82: completeness 0.92 (0.83 to 1.00), purity 0.85" in said
    assert "scores count colours and widths" in said
    assert VERDICT["summary"] in said
    assert "does not say which galaxies it learned from" in said
    assert "made from it: gal" in run("models", "show", "starter")[1]


def test_show_for_other_programs(run, gal):
    shown = json.loads(run("models", "show", "gal", "--json")[1])
    assert shown["card"]["learned_from"]["boxes"] == 90
    assert [row["name"] for row in shown["lineage"]] == [
        "starter", "starter-simulated", None,
    ]  # fmt: skip
    assert json.loads(run("models", "show", "starter", "--json")[1])[
        "made_from_it"
    ] == ["gal"]


def test_a_broken_model_is_shown_with_its_problem_and_can_go(run):
    (models_folder() / "bare").mkdir(parents=True)
    code, out, _ = run("models", "show", "bare")
    assert code == 0
    assert "has no model.json" in out
    assert json.loads(run("models", "show", "bare", "--json")[1])["card"] is None
    assert run("models", "remove", "bare", "--yes")[0] == 0
    assert not (models_folder() / "bare").exists()


def test_renaming_the_current_model_keeps_it_current(run, gal):
    change_settings(model="gal")
    code, out, _ = run("models", "rename", "gal", "sdss")
    assert code == 0
    assert str(models_folder() / "sdss") in out
    assert load_settings().model == "sdss"
    assert read_card(resolve_model("sdss")).name == "sdss"
    code, _, err = run("models", "rename", "sdss", "starter")
    assert (code, err.count("\n")) == (2, 1)


def test_the_current_model_and_the_starter_are_not_removed(run, gal):
    change_settings(model="gal")
    code, _, err = run("models", "remove", "gal", "--yes")
    assert code == 2
    assert "'gal' is the current model" in err
    code, _, err = run("models", "remove", "starter", "--yes")
    assert code == 2
    assert "comes with the program" in err
    assert gal.is_dir()


def test_without_a_terminal_nothing_is_removed_unasked(run, gal):
    code, _, err = run("models", "remove", "gal")
    assert code == 2
    assert "--yes" in err
    assert gal.is_dir()


@pytest.mark.parametrize(("answer", "left"), [("n", True), ("", True), ("Yes", False)])
def test_on_a_terminal_it_asks(run, gal, monkeypatch, answer, left):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(f"{answer}\n"))
    code, out, _ = run("models", "remove", "gal")
    assert code == 0
    assert "for good?" in out
    assert gal.is_dir() is left


def test_a_model_that_is_not_there(run):
    for words in (["show", "x"], ["remove", "x", "--yes"], ["rename", "x", "y"]):
        code, _, err = run("models", *words)
        assert code == 2
        assert "there is no model 'x'" in err
