"""Several reviewers: kappa, skills, and the model beside them, where truth is known."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from clump_detector.core.errors import ReviewError
from napari_clumps.review import Proposal, Review
from napari_clumps.review.comparison.answers import Answered, answers_of
from napari_clumps.review.comparison.several import (
    agreement_of_several,
    fleiss_kappa,
    several_in_words,
    skills,
)


def answered(truth, rates, *, model=None, per_cutout=4, seed=0):
    """Reviewers with known skills and false-positive rates on places of known truth."""
    rng = np.random.default_rng(seed)
    chance = np.array([np.where(truth, skill, false) for skill, false in rates]).T
    yes = rng.random(chance.shape) < chance
    n = len(truth)
    model = truth if model is None else model
    names = tuple("ABCDEFG"[: len(rates)])
    return Answered(names, -(-n // per_cutout), np.arange(n) // per_cutout, yes, model)


def test_kappa_of_several_is_fleiss_own():
    # Ten questions to 14 raters: Fleiss' formulas by hand, of yes and no.
    yes = np.array([14, 0, 7, 10, 3, 14, 12, 1, 9, 5])
    n, no = 14, 14 - yes
    each = (yes**2 + no**2 - n) / (n * (n - 1))
    p = yes.sum() / (n * len(yes))
    expected = p**2 + (1 - p) ** 2
    wanted = (each.mean() - expected) / (1 - expected)
    assert fleiss_kappa(yes, n) == pytest.approx(wanted)
    assert fleiss_kappa(np.array([3, 0, 3, 0]), 3) == 1
    assert fleiss_kappa(np.array([3, 3]), 3) is None
    assert fleiss_kappa(np.zeros(0, int), 3) is None


def test_kappa_of_two_is_scott_s():
    from sklearn.metrics import cohen_kappa_score

    rng = np.random.default_rng(2)
    first = rng.random(4000) < 0.4
    second = np.where(rng.random(4000) < 0.85, first, ~first)
    # With equal shares of yes it is Cohen's as well.
    ours = fleiss_kappa(first.astype(int) + second, 2)
    assert ours == pytest.approx(cohen_kappa_score(first, second), abs=0.01)


def test_skills_are_found_without_the_truth():
    truth = np.random.default_rng(1).random(3000) < 0.4
    rates = ((0.95, 0.05), (0.8, 0.1), (0.6, 0.02), (0.9, 0.3))
    found = answered(truth, rates)
    skill, false, chance = skills(found.yes)
    assert skill == pytest.approx([r[0] for r in rates], abs=0.04)
    assert false == pytest.approx([r[1] for r in rates], abs=0.04)
    assert ((chance > 0.5) == truth).mean() > 0.95


def test_intervals_have_the_truth_and_the_bad_reviewer_is_seen():
    truth = np.random.default_rng(3).random(400) < 0.5
    rates = ((0.9, 0.05), (0.9, 0.05), (0.5, 0.3))
    figures = agreement_of_several(answered(truth, rates))
    for row, (skill, false) in zip(figures["each"], rates, strict=True):
        low, high = row["skill"]["95"]
        assert low - 0.02 < skill < high + 0.02
        low, high = row["false_positive_rate"]["95"]
        assert low - 0.03 < false < high + 0.03
    low, high = figures["kappa"]["95"]
    assert low < figures["kappa"]["value"] < high
    assert figures["each"][2]["skill"]["value"] < figures["each"][0]["skill"]["value"]
    assert json.loads(json.dumps(figures)) == figures


def test_the_model_is_held_beside_the_people():
    truth = np.random.default_rng(4).random(400) < 0.5
    rates = ((0.9, 0.05),) * 3
    good = agreement_of_several(answered(truth, rates))
    assert good["model"]["value"] > good["people"]["value"]
    assert good["difference"]["95"][0] > 0
    none = np.zeros(400, bool)
    without = agreement_of_several(answered(truth, rates, model=none))
    assert without["model"]["value"] is None
    assert "the model" not in " ".join(several_in_words(without))


def test_two_reviewers_have_no_skill_told():
    truth = np.random.default_rng(4).random(40) < 0.5
    figures = agreement_of_several(answered(truth, ((0.9, 0.05),) * 2))
    assert figures["each"][0]["skill"] is None
    assert "three reviewers and more" in several_in_words(figures)[-1]


@pytest.fixture
def team(make_review):
    """Ada's review of three cutouts with two proposals each, and copies of it."""
    review = make_review()
    for cutout in (1, 2, 3):
        review.propose(
            cutout,
            [
                Proposal(10, 10, 20, 20, "clump", 0.9),
                Proposal(40, 40, 50, 50, "clump", 0.2),
            ],
            "m",
            size=(100, 80),
        )
    path = review.path
    review.close()
    paths = [path.with_name(f"{name}.clumps") for name in ("ada", "ben", "cleo")]
    for one in paths:
        shutil.copy(path, one)
    return paths


def open_all(paths):
    return [Review.open(path, read_only=True) for path in paths]


def test_answers_are_read_from_the_files(team):
    for k, path in enumerate(team):
        with Review.open(path) as one:
            one.annotator = path.stem
            first, second = one.boxes(1)
            one.finish(1, [first.id], [second.id])
            if k:  # one draws a clump that the first has not
                one.add(2, (70 + k, 70, 80 + k, 78), "clump")
            one.finish(2, [], [box.id for box in one.boxes(2) if not box.kept])
    reviews = open_all(team)
    found = answers_of(reviews, lambda _: 0.5)
    for one in reviews:
        one.close()
    assert found.reviewers == ("ada", "ben", "cleo")
    assert found.cutouts == 2
    rows = {(int(c), *map(bool, y), bool(m)) for c, y, m in
            zip(found.cutout, found.yes, found.model, strict=True)}  # fmt: skip
    assert rows == {
        (0, True, True, True, True),
        (0, False, False, False, False),
        (1, False, False, False, True),
        (1, False, False, False, False),
        (1, False, True, True, False),
    }


def test_reviews_without_a_common_cutout_are_refused(team):
    with Review.open(team[0]) as one:
        one.finish(1, [])
    reviews = open_all(team)
    with pytest.raises(ReviewError, match="no cutout that all 3 reviewers have done"):
        answers_of(reviews, lambda _: 0.5)
    for one in reviews:
        one.close()


def test_the_command_line_compares_several(team, monkeypatch, capsys, tmp_path):
    from napari_clumps.cli.main import main

    for path in team:
        with Review.open(path) as one:
            one.annotator = path.stem
            first, second = one.boxes(1)
            one.finish(1, [first.id], [second.id])
    out = tmp_path / "several.json"
    words = ["evaluate", team[0], "--against", team[1], "--against", team[2]]
    monkeypatch.setattr(
        "sys.argv", ["napari-clumps", *map(str, words), "--out", str(out)]
    )
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code
    said = capsys.readouterr().out
    assert "1 cutout done by ada, ben and cleo: 2 places" in said
    assert "Fleiss' kappa 1.00" in said
    assert json.loads(out.read_text())["majority"] == 1
    monkeypatch.setattr(
        "sys.argv", ["napari-clumps", *map(str, words), "--against", "m"]
    )
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert "several times for reviews" in capsys.readouterr().err
