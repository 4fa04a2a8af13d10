"""Geometry of boxes, by hand and as properties."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision import ops

from clump_detector.core import boxes

coordinate = st.floats(-50, 150)


@st.composite
def some_boxes(draw, least=0, most=8):
    n = draw(st.integers(least, most))
    rows = [[draw(coordinate) for _ in range(4)] for _ in range(n)]
    return boxes.as_boxes(rows)


def whole_boxes(n, seed=0):
    """Return boxes whose corners are whole numbers, exact in float32."""
    random = np.random.default_rng(seed)
    low = random.integers(0, 80, (n, 2))
    return np.hstack([low, low + random.integers(1, 40, (n, 2))]).astype(float)


@settings(deadline=None)
@given(some_boxes())
def test_corners_are_sorted_and_areas_are_positive(found):
    assert (found[:, :2] <= found[:, 2:]).all()
    assert (boxes.areas(found) >= 0).all()
    assert np.array_equal(boxes.as_boxes(found), found)


@pytest.mark.parametrize("nothing", [[], np.zeros((0, 4)), np.zeros((0,)), [[]]])
def test_no_box_has_four_columns(nothing):
    assert boxes.as_boxes(nothing).shape == (0, 4)


def test_one_box_may_be_one_row():
    assert boxes.as_boxes([3, 4, 1, 2]).tolist() == [[1, 2, 3, 4]]


@pytest.mark.parametrize(
    "bad",
    [
        [1, 2, 3],
        [[1, 2, 3]],
        np.zeros((2, 2, 4)),
        [[0, 0, 1, np.nan]],
        [[0, 0, 1, np.inf]],
    ],
)
def test_what_is_no_box_is_refused(bad):
    with pytest.raises(ValueError, match="box"):
        boxes.as_boxes(bad)


def test_figures_of_one_box_by_hand():
    one = boxes.as_boxes([[10, 20, 18, 38]])
    assert boxes.areas(one).tolist() == [144]
    assert boxes.centres(one).tolist() == [[14, 29]]
    assert boxes.sides(one).tolist() == [12]
    assert boxes.fwhm(one).tolist() == [4.8]


def test_overlap_by_hand():
    first = boxes.as_boxes([[0, 0, 10, 10]])
    second = boxes.as_boxes([[5, 5, 15, 15], [10, 0, 20, 10], [2, 2, 4, 4]])
    assert boxes.intersections(first, second).tolist() == [[25, 0, 4]]
    assert boxes.iou(first, second)[0] == pytest.approx([25 / 175, 0, 0.04])


@settings(deadline=None)
@given(some_boxes(1), some_boxes(1))
def test_iou_is_symmetric_and_a_share(first, second):
    found = boxes.iou(first, second)
    assert found.shape == (len(first), len(second))
    assert np.allclose(found, boxes.iou(second, first).T)
    assert (found >= 0).all()
    assert (found <= 1 + 1e-9).all()


@settings(deadline=None)
@given(some_boxes())
def test_a_box_is_itself(found):
    same = np.diag(boxes.iou(found, found)) if len(found) else np.zeros(0)
    # Areas below 1e-300 are no areas.
    assert np.allclose(same, np.where(boxes.areas(found) > 0, 1, 0))


def test_iou_is_that_of_torchvision():
    first, second = whole_boxes(30), whole_boxes(40, seed=1)
    expected = ops.box_iou(torch.from_numpy(first), torch.from_numpy(second)).numpy()
    assert np.allclose(boxes.iou(first, second), expected)


@pytest.mark.parametrize("threshold", [0.0, 0.2, 0.5, 1.0])
def test_nms_is_that_of_torchvision(threshold):
    found = whole_boxes(200)
    scores = np.random.default_rng(2).permutation(200) / 200
    expected = ops.nms(torch.from_numpy(found), torch.from_numpy(scores), threshold)
    assert boxes.nms(found, scores, threshold).tolist() == expected.tolist()


@settings(deadline=None)
@given(some_boxes(), st.floats(0, 1), st.randoms())
def test_nms_keeps_boxes_that_do_not_overlap_and_drops_only_ones_that_do(
    found, threshold, random
):
    scores = np.array([random.random() for _ in found])
    kept = boxes.nms(found, scores, threshold)
    overlap = boxes.iou(found, found)
    assert list(scores[kept]) == sorted(scores[kept], reverse=True)
    for i in range(len(found)):
        rivals = [j for j in kept if j != i and scores[j] >= scores[i]]
        blocked = any(overlap[i, j] > threshold for j in rivals)
        assert (i in kept) is not blocked


def test_an_image_spans_half_a_pixel_more_on_each_side():
    wide = boxes.as_boxes([[-9, -9, 99, 99]])
    assert boxes.clip(wide, 40, 30).tolist() == [[-0.5, -0.5, 39.5, 29.5]]


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ([39.4, 0, 50, 10], False),
        ([39.5, 0, 50, 10], True),
        ([-9, 0, -0.5, 10], True),
        ([-9, 0, -0.4, 10], False),
        ([0, 29.5, 9, 40], True),
        ([5, 5, 5, 9], True),
        ([0, 0, 9, 9], False),
    ],
)
def test_outside_means_no_pixel_inside(box, expected):
    assert boxes.outside(boxes.as_boxes([box]), 40, 30)[0] == expected


@settings(deadline=None)
@given(some_boxes(), st.integers(1, 200), st.integers(1, 200))
def test_clipping_stays_inside_and_never_grows(found, width, height):
    cut = boxes.clip(found, width, height)
    assert (cut >= -0.5).all()
    assert (cut[:, ::2] <= width - 0.5).all()
    assert (cut[:, 1::2] <= height - 0.5).all()
    inside = ~boxes.outside(found, width, height)
    assert (boxes.areas(cut)[inside] <= boxes.areas(found)[inside] + 1e-9).all()
    assert np.array_equal(boxes.clip(cut, width, height), cut)


@settings(deadline=None)
@given(some_boxes(1, 1))
def test_vertices_are_rows_and_columns_and_go_there_and_back(found):
    vertices = boxes.to_vertices(found[0])
    assert vertices.shape == (4, 2)
    assert vertices[0].tolist() == [found[0][1], found[0][0]]
    assert np.array_equal(boxes.from_vertices(vertices), found)


def test_vertices_of_a_cube_lose_their_leading_axes():
    vertices = [[7, 2, 1], [7, 2, 5], [7, 9, 5], [7, 9, 1]]
    assert boxes.from_vertices(vertices).tolist() == [[1, 2, 5, 9]]


def test_the_edge_convention_is_half_a_pixel_away_and_goes_there_and_back():
    # The first pixel: from its edge in COCO's eyes, around its centre in ours.
    pixel = boxes.as_boxes([[-0.5, -0.5, 0.5, 0.5]])
    assert boxes.to_edges(pixel).tolist() == [[0, 0, 1, 1]]
    found = whole_boxes(5)
    assert np.array_equal(boxes.from_edges(boxes.to_edges(found)), found)
