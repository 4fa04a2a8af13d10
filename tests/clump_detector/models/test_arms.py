"""Galaxies that an order chose, and those that it drew at random."""

from __future__ import annotations

import json

import numpy as np
import pytest

from clump_detector.models.arms import arms_point, arms_table
from clump_detector.models.stopping import rounds_of, stopping_in_words

WHO = [("random", "a"), ("chosen", "b"), ("", "c"), ("random", "d"), ("else", "e")]
COUNTED = np.array([[3, 2, 1], [4, 1, 0], [9, 9, 9], [1, 1, 0], [2, 2, 2]])


def test_each_arm_has_its_galaxies_and_others_are_left_out():
    table = arms_table(WHO, COUNTED)
    assert table == {
        "random": [["a", 3, 2, 1], ["d", 1, 1, 0]],
        "chosen": [["b", 4, 1, 0]],
    }
    assert json.loads(json.dumps(table)) == table
    assert arms_table([], np.zeros((0, 3), np.int64)) == {}


def test_a_point_has_the_f1_of_each_arm():
    many = [("random", str(k)) for k in range(30)]
    rows = np.tile([2, 1, 1], (30, 1))
    point = arms_point(arms_table([*many, *WHO], np.concatenate([rows, COUNTED])))
    assert point["random"]["galaxies"] == 32
    assert point["random"]["boxes"] == 64
    assert point["random"]["f1"]["value"] == pytest.approx(2 * 33 / (64 + 33 + 31))
    low, high = point["random"]["f1"]["95"]
    assert low < point["random"]["f1"]["value"] < high
    assert "rows" not in point["chosen"]


def points(*numbers):
    """Trainings on so many galaxies, half of them drawn at random."""
    made = []
    for n in numbers:
        who = [("random", str(k)) for k in range(n // 2)]
        who += [("chosen", f"c{k}") for k in range(n // 2)]
        rows = np.tile([2, 1, 1], (len(who), 1))
        arms = arms_point(arms_table(who, rows))
        made.append({"model": f"m{n}", "galaxies": n, "arms": arms})
    return made


def test_the_random_share_is_told_apart_and_asked_for_advice():
    told = points(60, 120, 180)
    assert [len(one.ids) for one in rounds_of(told)] == [30, 60, 90]
    line, advice = stopping_in_words(told)
    assert "0.50 (0.50 to 0.50) on the 90 drawn at random" in line
    assert "0.50 (0.50 to 0.50) on the 90 that were chosen" in line
    assert "50 more galaxies are expected to change F1 by" in advice
    assert stopping_in_words([{"galaxies": 5, "f1": {"value": 0.5}}]) == []


def test_of_two_trainings_on_as_many_the_newer_one_counts():
    first, second = points(60), points(60)
    second[0]["arms"]["random"]["rows"][0][2] = 2
    [found] = rounds_of([*first, *second])
    assert found.counts[0].tolist() == [2, 2, 1]
