"""The learning curve: what a training adds, and what more galaxies would bring."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clump_detector.image_files.sources import Source
from clump_detector.labels.label_set import LabelledBox, LabelledCutout, LabelSet
from clump_detector.models.card import ModelCard
from clump_detector.models.learning_curve import (
    fit,
    learning_in_words,
    outlook,
    points_of,
    usable,
)


def point(n, f1, sigma=0.03, *, held_out=34, shared=0.7, blind=True):
    figure = {"value": f1, "95": [f1 - 1.96 * sigma, f1 + 1.96 * sigma]}
    return {
        "galaxies": n, "boxes": 2 * n, "held_out": held_out, "shared": shared,
        "blind": blind, "model": f"m{n}", "f1": figure,
    }  # fmt: skip


def law(n, start=0.5, end=0.85, pace=60.0, power=1.0):
    return end - (end - start) * (1 + n / pace) ** -power


def simulated(seed, numbers=(0, 25, 50, 100, 200), sigma=0.03, shared=0.7):
    """Points of the law with errors of which they share a part, as in reality."""
    random = np.random.default_rng(seed)
    common = random.normal(0, sigma * shared**0.5)
    return [
        point(n, law(n) + common + random.normal(0, sigma * (1 - shared) ** 0.5),
              sigma, shared=shared)
        for n in numbers
    ]  # fmt: skip


def test_the_gain_of_a_simulated_law_is_within_its_interval():
    gain = law(250) - law(200)
    found = [fit(simulated(seed)).gain(50) for seed in range(40)]
    inside = [low <= gain <= high for _, low, high in found]
    assert np.mean(inside) >= 0.9
    assert abs(np.mean([middle for middle, _, _ in found]) - gain) < 0.02


def test_exact_points_give_the_law_back():
    laws = fit([point(n, law(n), 0.001) for n in (0, 20, 40, 80, 160, 320)])
    middle, low, high = laws.curve(np.array([10.0, 60.0, 250.0]))
    np.testing.assert_allclose(middle, [law(n) for n in (10, 60, 250)], atol=0.025)
    assert np.all(low < middle)
    assert np.all(middle < high)
    assert laws.galaxies == 320


def test_less_certain_points_give_a_wider_interval():
    def width(sigma):
        _, low, high = fit([point(n, law(n), sigma) for n in (0, 25, 50)]).gain(50)
        return high - low

    assert width(0.02) < width(0.1)


def test_what_all_points_share_is_no_learning():
    """The same rise is surer where the points' errors are known to be shared."""

    def sure(shared):
        rising = ((0, 0.6), (100, 0.66), (200, 0.69))
        laws = fit([point(n, f1, 0.08, shared=shared) for n, f1 in rising])
        return np.mean(laws.end > laws.start)

    assert sure(0.0) < 0.9
    assert sure(0.9) > sure(0.0) + 0.05


def test_a_curve_that_rises_is_worth_going_on():
    said = outlook([point(n, f1) for n, f1 in ((0, 0.4), (25, 0.5), (50, 0.58))])
    assert said.startswith("50 more galaxies: +0.0")
    assert "expected, " in said
    assert "will not pay" not in said


def test_a_flat_curve_says_that_more_of_the_same_will_not_pay():
    flat = [point(n, 0.7, 0.02) for n in (25, 50, 100, 150, 200, 300, 400)]
    said = outlook([point(0, 0.49, 0.02), *flat])
    assert said.startswith("50 more galaxies: +0.00 expected, ")
    assert "More of the same will not pay: 400 more galaxies bring at most 0.00" in said
    assert "-0.00" not in said.split("expected")[0]


@pytest.mark.parametrize(
    ("numbers", "words"),
    [((), "there are none"), ((25,), "there is 1"), ((0, 25), "there are 2"),
     ((25, 25, 25), "there is 1")],
)  # fmt: skip
def test_with_too_few_points_it_says_how_many_it_takes(numbers, words):
    said = outlook([point(n, 0.7) for n in numbers])
    assert "from three points on" in said
    assert words in said


def test_the_lines_name_each_point():
    lines = learning_in_words([point(100, 0.7), point(0, 0.5, blind=False)])
    assert (
        lines[1]
        == "    0 galaxies,   0 boxes: 0.50 (0.44 to 0.56) on 34, not blind, m0"
    )
    assert lines[2] == "  100 galaxies, 200 boxes: 0.70 (0.64 to 0.76) on 34, m100"
    assert "three points" in lines[3]
    assert learning_in_words([]) == []


def test_trainings_with_too_few_held_out_galaxies_are_no_silence():
    few = {**point(25, 0.6), "f1": {"value": 0.6, "68": None, "95": None}}
    (line,) = learning_in_words([few])
    assert "at least 5 held-out galaxies are done" in line


def test_of_a_model_compared_again_the_newest_point_counts():
    first, again = [point(n, law(n)) for n in (0, 25, 50)], point(50, 0.9)
    assert outlook([*first, again]) == outlook([*first[:2], again])
    assert len(learning_in_words([*first, again])) == len(learning_in_words(first))


def test_damaged_points_are_left_out():
    good = [point(n, law(n)) for n in (0, 25, 50)]
    bad = [{}, {"galaxies": 5}, {"galaxies": 5, "f1": {"value": None, "95": None}},
           {"galaxies": "many", "f1": {"value": 0.5, "95": [0.4, 0.6]}}]  # fmt: skip
    assert outlook([*good, *bad]) == outlook(good)


# -- what a training adds -----------------------------------------------------


def cutout(name, *, held_out=False, blind=False, keys=()):
    box = LabelledBox(1, 1, 9, 9, "clump")
    return LabelledCutout(
        Source(name, (Path(f"{name}.png"),)), width=20, height=20, boxes=(box,),
        held_out=held_out, blind=blind, keys=keys,
    )  # fmt: skip


def figure(value, sigma=0.05):
    return {
        "value": value,
        "68": None,
        "95": [value - 1.96 * sigma, value + 1.96 * sigma],
    }


def comparison(blind=12):
    def figures(f1):
        rest = dict.fromkeys(("completeness", "purity"), figure(f1))
        return {"f1": figure(f1), **rest, "galaxies": 12, "true_boxes": 30}

    return {"old": figures(0.5), "new": figures(0.7), "galaxies": 12, "blind": blind,
            "difference": {"f1": figure(0.2, 0.05)}}  # fmt: skip


STARTER = ModelCard("starter", weights="a" * 64, learned_from={"label_set": "x"})
NEW = ModelCard("gal", weights="b" * 64, learned_from={
    "parent": "starter-aaaaaaaa", "cutouts": 2, "boxes": 5, "label_set": "y",
    "train": {"train_parts": "heads"}})  # fmt: skip
LABELS = LabelSet((
    cutout("a", keys=("k1",)), cutout("b", keys=("k2",)),
    cutout("t", held_out=True, blind=True),
))  # fmt: skip


def test_the_first_training_adds_the_base_model_and_itself():
    base, new = points_of(comparison(), STARTER, NEW, LABELS, first=True)
    assert (base["model"], base["galaxies"], base["boxes"]) == (
        "starter-aaaaaaaa",
        0,
        0,
    )
    assert (new["model"], new["galaxies"], new["boxes"]) == ("gal-bbbbbbbb", 2, 5)
    assert (new["parent"], new["parts"]) == ("starter-aaaaaaaa", "heads")
    assert (new["held_out"], new["held_out_boxes"], new["blind"]) == (12, 30, True)
    assert (base["f1"]["value"], new["f1"]["value"]) == (0.5, 0.7)
    assert new["shared"] == pytest.approx(0.5, abs=0.01)  # as the three widths say
    (later,) = points_of(comparison(), STARTER, NEW, LABELS, first=False)
    assert later["model"] == "gal-bbbbbbbb"


def test_a_base_model_that_knows_the_galaxies_does_not_stand_at_none():
    old = ModelCard("old", learned_from={"label_set": "z", "images": ["k2", "other"]})
    base, _ = points_of(comparison(), old, NEW, LABELS, first=True)
    assert (base["galaxies"], base["boxes"]) == (1, 1)


def test_a_base_model_that_does_not_tell_is_left_out():
    old = ModelCard("old", learned_from={"label_set": "z"})
    assert len(points_of(comparison(), old, NEW, LABELS, first=True)) == 1


def test_one_held_out_galaxy_that_was_not_blind_is_said():
    (point,) = points_of(comparison(blind=11), STARTER, NEW, LABELS, first=False)
    assert not point["blind"]


@pytest.mark.parametrize(
    "nothing", [{}, {"old": None, "new": None, "difference": None}]
)
def test_without_figures_there_is_no_point(nothing):
    assert points_of(nothing, STARTER, NEW, LABELS, first=True) == []


def test_without_held_out_galaxies_there_is_what_is_known_of_the_arms():
    from dataclasses import replace

    arms = {"random": [[3, 2, 1]], "chosen": [[2, 2, 0]]}
    new = replace(NEW, expected={"arms": arms})
    (told,) = points_of({}, STARTER, new, LABELS, first=True)
    assert told["arms"]["random"]["boxes"] == 3
    assert "f1" not in told
    (point,) = points_of(comparison(), STARTER, new, LABELS, first=False)
    assert point["arms"] == told["arms"]
    assert usable([told, point]) == [point]
