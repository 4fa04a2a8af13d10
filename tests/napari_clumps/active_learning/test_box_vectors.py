"""Boxes of a review find what a model described there."""

from __future__ import annotations

import numpy as np

from napari_clumps.active_learning.box_vectors import vectors_of

FIELDS = [("cutout", "<u4"), ("corners", "<f8", (4,)), ("vector", "<f2", (2,))]


def described(*rows):
    made = np.zeros(len(rows), FIELDS)
    for row, (cutout, corners, value) in zip(made, rows, strict=True):
        row["cutout"], row["corners"], row["vector"] = cutout, corners, value
    return made


def test_each_box_takes_the_nearest_on_its_own_cutout():
    known = described(
        (1, (0, 0, 10, 10), 1), (1, (50, 50, 60, 60), 2), (4, (0, 0, 10, 10), 3)
    )
    corners = np.array(
        [[0, 0, 10, 10], [51, 51, 61, 61], [1, 0, 11, 10], [0, 0, 10, 10], [0, 0, 9, 9]]
    )
    found = vectors_of(np.array([4, 1, 1, 2, 4]), corners.astype(float), known)
    assert found[[0, 1, 2, 4], 0].tolist() == [3, 2, 1, 3]
    assert np.isnan(found[3]).all()


def test_a_box_far_from_all_is_unknown():
    known = described((1, (0, 0, 10, 10), 1))
    found = vectors_of(np.array([1]), np.array([[20.0, 20, 30, 30]]), known)
    assert np.isnan(found).all()


def test_without_boxes_or_descriptions_there_is_nothing():
    nothing = described()
    assert vectors_of(np.zeros(0, int), np.zeros((0, 4)), nothing).shape == (0, 2)
    one = vectors_of(np.array([3]), np.array([[0.0, 0, 9, 9]]), nothing)
    assert np.isnan(one).all()
