"""Variants of a picture: boxes stay on clumps, half a clump is no background."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clump_detector.train.samples.augment import (
    TURNS,
    Sample,
    augment,
    blank,
    crop,
    cut,
    rotate,
    turn,
)

SIDE = 12
NONE = np.zeros((0, 4))


def sample(*places, width=120, height=90, ignored=NONE, rejected=NONE):
    """Return a dark picture with a blob at each place x, y, and its box."""
    rows, columns = np.indices((height, width))
    light = np.zeros((height, width))
    for x, y in places:
        light += 250 * np.exp(-((columns + 0.5 - x) ** 2 + (rows + 0.5 - y) ** 2) / 8)
    picture = np.repeat(np.clip(light, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    centres = np.array(places, dtype=float).reshape(-1, 2)
    boxes = np.concatenate([centres - SIDE / 2, centres + SIDE / 2], axis=1)
    labels = np.ones(len(boxes), dtype=np.int64)
    return Sample("s", picture, boxes, labels, np.ones(len(labels)), ignored, rejected)


def brightest(picture):
    """Return x, y of the centre of light."""
    light = picture[..., 0].astype(float)
    rows, columns = np.indices(light.shape)
    total = light.sum()
    return (
        float(((columns + 0.5) * light).sum() / total),
        float(((rows + 0.5) * light).sum() / total),
    )


def middle(box):
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def sample_of(boxes, size=(60, 40), **changes):
    """Return a sample whose boxes are painted white on black."""
    width, height = size
    picture = np.zeros((height, width, 3), np.uint8)
    for x1, y1, x2, y2 in np.array(boxes, int).reshape(-1, 4):
        picture[y1:y2, x1:x2] = 255
    none = np.zeros((0, 4))
    values = {"ignored": none, "rejected": none, **changes}
    array = np.array(boxes, float).reshape(-1, 4)
    n = len(array)
    return Sample("s", picture, array, np.ones(n, np.int64), np.ones(n), **values)


@pytest.mark.parametrize("which", range(TURNS))
def test_boxes_turn_with_the_picture(which):
    box = [[10, 5, 22, 13]]
    sample = sample_of(box, ignored=np.array(box, float), rejected=np.array(box, float))
    turned = turn(sample, which)
    rows, columns = np.nonzero(turned.picture[..., 0])
    seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    for boxes in (turned.boxes, turned.ignored, turned.rejected):
        assert boxes.tolist() == [seen]


def test_the_eight_turns_are_different():
    sample = sample_of([[10, 5, 22, 13]])
    every = {turn(sample, i).picture.tobytes() for i in range(TURNS)}
    assert len(every) == TURNS


def test_a_box_that_the_rim_cuts_is_ignored_and_never_background():
    boxes = [[0, 0, 10, 10], [20, 20, 30, 30], [17, 0, 27, 10], [40, 0, 50, 10]]
    rejected = np.array([[11.0, 11, 21, 21], [25.0, 25, 35, 35]])
    sample = sample_of(boxes, rejected=rejected)
    part = crop(sample, 18, 18, 20, 20)
    assert part.boxes.tolist() == [[2, 2, 12, 12]]
    assert part.ignored.tolist() == []
    assert part.rejected.tolist() == [[7, 7, 17, 17]]
    part = crop(sample, 19, 0, 24, 28)  # 20 % off the third, 30 % of the fourth seen
    assert part.boxes.tolist() == [[1, 20, 11, 28], [0, 0, 8, 10]]
    assert part.ignored.tolist() == [[21, 0, 24, 10]]
    assert len(part.labels) == 2


def test_a_random_variant_keeps_boxes_on_what_they_box():
    rng = np.random.default_rng(0)
    sample = sample_of([[30, 20, 42, 30]], size=(90, 70))
    for which in range(TURNS):
        new = augment(
            sample, rng, which=which, scale=0.3, colour=0.2, noise=0.02, side=64
        )
        assert max(new.size) <= 64
        for x1, y1, x2, y2 in new.boxes.round().astype(int):
            inside = new.picture[y1 + 1 : y2 - 1, x1 + 1 : x2 - 1]
            assert inside.mean() > 120
            outside = new.picture.astype(float)
            outside[max(y1 - 1, 0) : y2 + 1, max(x1 - 1, 0) : x2 + 1] = np.nan
            assert np.nanmean(outside) < 60


@settings(deadline=None, max_examples=40)
@given(st.floats(-180, 180), st.floats(40, 80), st.floats(30, 60))
def test_and_by_any_angle_it_stays_square(angle, x, y):
    found = rotate(sample((x, y)), angle)
    assert middle(found.boxes[0]) == pytest.approx(brightest(found.picture), abs=0.6)
    x1, y1, x2, y2 = found.boxes[0]
    assert x2 - x1 == pytest.approx(SIDE)
    assert y2 - y1 == pytest.approx(SIDE)


def test_what_is_ignored_is_so_when_turned():
    wide = np.array([[20.0, 30, 100, 60]])
    found = rotate(sample((60, 45), width=120, height=120, ignored=wide), 45)
    x1, y1, x2, y2 = found.ignored[0]
    # Half of 80 + 30 over the square root of two, to each side.
    assert x2 - x1 == pytest.approx(110 / np.sqrt(2), abs=0.1)
    assert y2 - y1 == pytest.approx(110 / np.sqrt(2), abs=0.1)


def test_a_clump_that_a_rotation_cuts_is_ignored():
    found = rotate(sample((8, 8)), 45)
    assert len(found.boxes) == 0
    assert len(rotate(sample((8, 45)), 2).boxes) == 1


def test_a_clump_at_a_crops_rim_is_ignored():
    """The trap of the paper: half a clump taught as background."""
    whole = sample((30, 20), (60, 45))
    found = crop(whole, 30, 0, 80, 90)
    assert middle(found.boxes[0]) == (30, 45)
    assert len(found.boxes) == 1
    assert found.ignored.tolist() == [[0, 14, 6, 26]]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000))
def test_where_data_are_missing_nothing_is_taught(seed):
    whole = sample(*[(x, y) for x in (8, 60, 110) for y in (8, 45, 80)])
    found = blank(whole, np.random.default_rng(seed))
    assert found.picture.shape == whole.picture.shape
    dark = (found.picture == 0) & (whole.picture > 0)
    assert (found.picture == 0).all(axis=(0, 2)).any() or (
        (found.picture == 0).all(axis=(1, 2)).any()
    )
    for x1, y1, x2, y2 in found.boxes:
        inside = dark[round(y1) : round(y2), round(x1) : round(x2), 0]
        assert inside.mean() <= 0.2 + 1 / SIDE
    assert len(found.boxes) + len(found.ignored) <= 9
    # What is left of a clump that is not taught is ignored.
    visible = [
        b for b in whole.boxes if not dark[int(middle(b)[1]), int(middle(b)[0]), 0]
    ]
    assert len(found.boxes) + len(found.ignored) >= len(visible)


def test_everything_at_once_keeps_boxes_on_clumps():
    rng = np.random.default_rng(5)
    seen = 0
    for k in range(40):
        found = augment(
            sample((60, 45)), rng, which=k % TURNS, scale=0.25, colour=0.1, angle=True,
            blur=0.8, side=64,
        )  # fmt: skip
        assert found.picture.shape[0] <= 64
        for box in found.boxes:
            x1, y1, x2, y2 = np.clip(box, 0, 64).round().astype(int)
            inside = found.picture[y1:y2, x1:x2, 0].astype(float)
            assert inside.max() > found.picture[..., 0].max() - 40
            seen += 1
    assert seen > 20


def test_cutting_is_done_once_and_for_all():
    sample = cut(sample_of([[-3, -3, 8, 8], [50, 30, 61, 41], [70, 0, 80, 9]]))
    assert cut(sample).boxes.tolist() == sample.boxes.tolist()
    assert len(sample.boxes) + len(sample.ignored) == 2
