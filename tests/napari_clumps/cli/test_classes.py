"""``--classes`` of the verbs review, train and evaluate."""

from __future__ import annotations

import json
import shutil

import pytest

from clump_detector.image_files.sources import find_sources
from napari_clumps.demo import window
from napari_clumps.review import Proposal, Review
from tests.helpers.review_window import make_galaxies


@pytest.fixture
def folder(tmp_path):
    return make_galaxies(tmp_path / "galaxies", 3)


@pytest.fixture
def opened(monkeypatch):
    """What the window was opened with; it makes the review as the window does."""
    calls = []

    def open_window(paths, review, choice, classes):
        calls.append(classes)
        path = review or paths[0] / f"{paths[0].name}.clumps"
        if paths[0].suffix != ".clumps" and not path.exists():
            Review.create(path, find_sources(paths), classes=classes).close()
        return []

    monkeypatch.setattr(window, "open_window", open_window)
    return calls


def classes_of(path):
    with Review.open(path, read_only=True) as review:
        return review.classes


def test_a_review_is_made_with_classes_and_gets_others(run, folder, opened):
    path = folder / "galaxies.clumps"
    code, _, err = run("review", folder, "--classes", "clump,  H II  region")
    assert code == 0, err
    assert classes_of(path) == ("clump", "H II region")
    code, _, err = run("review", path, "--classes", "star, clump")
    assert code == 0, err
    assert classes_of(path) == ("star", "clump")
    assert run("review", folder)[0] == 0
    assert classes_of(path) == ("star", "clump")
    assert opened[-1] == ("clump", "odd clump")  # for a new one


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("clump, Clump", "same name"),
        ("clump,,star", "is empty"),
        ("star", "'clump' has to stay"),
    ],
)
def test_classes_that_cannot_be_are_refused_before_the_window(
    run, folder, opened, words, why
):
    path = folder / "galaxies.clumps"
    with Review.create(path, find_sources([folder])) as review:
        review.add(1, (1, 1, 9, 9), "clump")
    code, _, err = run("review", folder, "--classes", words)
    assert code != 0
    assert why in err
    assert "Traceback" not in err
    assert opened == []
    assert classes_of(path) == ("clump", "odd clump")


@pytest.fixture
def with_knots(folder):
    path = folder / "galaxies.clumps"
    sources = find_sources([folder])
    with Review.create(
        path, sources, classes=("clump", "knot"), held_out=0, annotator="Ada"
    ) as made:
        for i in made.ids:
            made.propose(
                i, [Proposal(30, 30, 45, 45, "clump", 0.9)], "m", size=(160, 160)
            )
            made.accept(made.boxes(i)[0].id)
            made.add(i, (5, 5, 20, 20), "knot")
            made.set_done(i, True)
    return path


def test_a_training_asks_what_an_unknown_class_is(run, with_knots, tmp_path):
    words = ("train", with_knots, "--out", tmp_path / "m", "--epochs", 1)
    code, _, err = run(*words)
    assert code != 0
    assert "'knot' (3 boxes)" in err
    assert '"knot=clump"' in err
    for wrong, why in (
        ("knot", "does not say"), ("nkot=clump", "no class 'nkot'"),
        ("knot=a,knot=b", "named twice"),
    ):  # fmt: skip
        code, _, err = run(*words, "--classes", wrong)
        assert code != 0
        assert why in err
    assert not (tmp_path / "m").exists()


def test_a_training_takes_it_for_another(run, with_knots, tmp_path):
    from clump_detector.models.card import read_card

    out = tmp_path / "m"
    words = ("train", with_knots, "--out", out, "--epochs", 1, "--seed", 1)
    code, _, err = run(*words, "--classes", "knot=clump")
    assert code == 0, err
    card = read_card(out)
    assert card.config.classes == ("clump", "odd clump")
    assert card.learned_from["boxes"] == 6


def test_classes_are_for_a_model_on_labels_only(run, with_knots, folder):
    other = folder / "other.clumps"
    shutil.copy(with_knots, other)
    for words in (("--against", other), ("--inject", 3), ("--explain",)):
        code, _, err = run("evaluate", with_knots, *words, "--classes", "clump")
        assert code != 0
        assert "--classes is for the figures of a model" in err


def test_figures_of_some_classes(run, with_knots, tmp_path):
    out = tmp_path / "m.json"
    code, said, err = run("evaluate", with_knots, "--classes", "clump", "--out", out)
    assert code == 0, err
    assert "with 3 clumps" in said
    code, said, err = run("evaluate", with_knots, "--out", out)
    assert code == 0, err
    assert "class knot: completeness 0.00" in said
    assert json.loads(out.read_text())["classes"]["knot"]["true_boxes"] == 3
    code, _, err = run("evaluate", with_knots, "--classes", "arm")
    assert code != 0
    assert "no box of the labels is of the class 'arm'" in err


def test_two_reviewers_have_a_picture_and_the_model_beside_them(
    run, with_knots, folder, tmp_path
):
    other = folder / "other.clumps"
    shutil.copy(with_knots, other)
    with Review.open(other) as ben:
        ben.annotator = "Ben"
        ben.reject(ben.boxes(1)[0].id)
    out, picture = tmp_path / "a.json", tmp_path / "a.png"
    code, said, err = run(
        "evaluate", with_knots, "--against", other, "--out", out, "--picture", picture
    )
    assert code == 0, err
    assert "Two of them agree with an F1 of 0.91" in said
    assert "the model and one of them" in said
    assert json.loads(out.read_text())["ceiling"]["people"]["value"] > 0.9
    assert picture.read_bytes().startswith(b"\x89PNG")
