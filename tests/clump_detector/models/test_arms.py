"""Galaxies that an order chose, and those that it drew at random."""

from __future__ import annotations

import json

import numpy as np
import pytest

from clump_detector.models.arms import arms_in_words, arms_point, arms_table

ARMS = ["random", "chosen", "", "random", "elsewhere"]
COUNTED = np.array([[3, 2, 1], [4, 1, 0], [9, 9, 9], [1, 1, 0], [2, 2, 2]])


def test_each_arm_has_its_galaxies_and_others_are_left_out():
    table = arms_table(ARMS, COUNTED)
    assert table == {
        "random": [[3, 2, 1], [1, 1, 0]],
        "chosen": [[4, 1, 0]],
    }
    assert json.loads(json.dumps(table)) == table
    assert arms_table([], np.zeros((0, 3), np.int64)) == {}


def test_a_point_has_the_f1_of_each_arm():
    many = ["random"] * 30
    rows = np.tile([2, 1, 1], (30, 1))
    point = arms_point(arms_table([*many, *ARMS], np.concatenate([rows, COUNTED])))
    assert point["random"]["galaxies"] == 32
    assert point["random"]["boxes"] == 64
    assert point["random"]["f1"]["value"] == pytest.approx(2 * 33 / (64 + 33 + 31))
    low, high = point["random"]["f1"]["95"]
    assert low < point["random"]["f1"]["value"] < high


def test_the_newest_training_is_told_in_words():
    def point(n):
        rows = np.tile([2, 1, 1], (2 * n, 1))
        arms = arms_point(arms_table(["random", "chosen"] * n, rows))
        return {"model": f"m{n}", "galaxies": n, "arms": arms}

    said = arms_in_words([point(30), point(45), {"galaxies": 90, "f1": {"value": 0.5}}])
    assert "0.50 (0.50 to 0.50) on the 45 drawn at random" in said
    assert "0.50 (0.50 to 0.50) on the 45 that were chosen" in said
    assert arms_in_words([{"galaxies": 5, "f1": {"value": 0.5}}]) == ""
