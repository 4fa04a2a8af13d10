"""Clump Scout's boxes against the two figures that their authors burnt them into."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from clump_detector.labels.formats.detect import read_labels
from tests.helpers.paths import SHARED

HERE = SHARED / "real" / "clumpscout_labels"
BOXES = HERE / "clumpscout_boxes_train.csv.gz"

pytestmark = pytest.mark.skipif(
    not BOXES.is_file(), reason="the real labels lie beside the project, not in it"
)


@pytest.fixture(scope="module")
def labels():
    return read_labels(BOXES)


def of_subject(labels, subject):
    """Return the boxes of a Zooniverse subject on the whole 400 x 400 picture."""
    rows = [b.corners for b in labels.boxes if b.ids["image_id"] == subject]
    return np.array(rows)


def figure(name):
    with Image.open(next(HERE.glob(f"{name}*.png"))) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def test_the_whole_list_is_read(labels):
    assert labels.kind == "clump-scout"
    assert len(labels.boxes) == 32_270
    assert labels.images == 13_969
    assert labels.losses.total == 0
    assert "793 boxes extend beyond" in labels.notes[0]
    assert "656 are completely outside" in labels.notes[0]
    assert {type(n) for b in labels.boxes[:100] for n in b.ids.values()} == {int}
    sides = np.array([b.corners for b in labels.boxes])
    sides = np.hypot(*(sides[:, 2:] - sides[:, :2]).T) / np.sqrt(2)
    # README of the labels: 9.1 / 16.6 / 27.5 px in the 400-px frame.
    assert np.median(sides) == pytest.approx(16.6, abs=0.5)


def test_burnt_in_edges_are_where_they_are_expected(labels):
    """Subject 36735225: the part (100, 100, 300, 300), boxes drawn in green."""
    pixels = figure("zoo36735225")
    red, green, blue = np.moveaxis(pixels, 2, 0)
    burnt = (green > 200) & (red < 90) & (blue < 90)
    # The white grid, every 25 pixels of the part, says where its pixels are.
    grid = pixels.min(axis=2) > 200
    columns = np.flatnonzero(grid[20:380].mean(axis=0) > 0.9)
    rows = np.flatnonzero(grid[:, 60:410].mean(axis=1) > 0.9)
    x0, dx = line(inner(columns, 45, 400), 25)
    y0, dy = line(inner(rows, 10, 370), 25)
    shown = []
    for x1, y1, x2, y2 in of_subject(labels, 36735225) - 100:
        across = slice(round(x0 + dx * x1) + 2, round(x0 + dx * x2) - 2)
        down = slice(round(y0 + dy * y1) + 2, round(y0 + dy * y2) - 2)
        edges = [
            *(share(burnt[y_at(y0, dy, y), across].any(axis=0)) for y in (y1, y2)),
            *(share(burnt[down, y_at(x0, dx, x)].any(axis=1)) for x in (x1, x2)),
        ]
        shown.append(min(edges))
    # The one by the part's left rim was left out by the authors.
    assert sorted(value > 0.6 for value in shown) == [False] + [True] * 5
    assert shown[0] < 0.1


def test_burnt_in_corners_are_where_they_are_expected(labels):
    """Subject 36784695: the part (50, 50, 350, 350), corners drawn as red dots."""
    from scipy.ndimage import center_of_mass, label

    pixels = figure("zoo36784695")
    red, green, blue = np.moveaxis(pixels, 2, 0)
    found, n = label((red > 230) & (green < 40) & (blue < 40), np.ones((3, 3)))
    dots = np.array(center_of_mass(found > 0, found, range(1, n + 1)))[:, ::-1]
    # Ticks, every 50 pixels of the part, stand left of and below the axes.
    ticks_x = np.flatnonzero(pixels[386:390].mean(axis=(0, 2)) < 120)
    ticks_y = np.flatnonzero(pixels[:, 61:66].mean(axis=(1, 2)) < 120)
    x0, dx = line(ticks_x, 50)
    y0, dy = line(ticks_y, 50)
    expected = []
    for x1, y1, x2, y2 in of_subject(labels, 36784695) - 50:
        expected += [(x, y) for x in (x1, x2) for y in (y1, y2)]
    expected = np.array(expected) * (dx, dy) + (x0, y0)
    assert len(dots) == len(expected) == 24
    distance = np.linalg.norm(dots[:, None] - expected[None], axis=2)
    assert distance.min(axis=0).max() < 1.6  # pixels of the figure: 1.2 per pixel
    assert distance.min(axis=1).max() < 1.6


def inner(places, least, most):
    return places[(places > least) & (places < most)]


def line(places, step):
    """Fit figure pixels = zero + scale * pixels to marks that are a step apart."""
    groups = np.split(places, np.flatnonzero(np.diff(places) > 3) + 1)
    middles = np.array([group.mean() for group in groups])
    scale, zero = np.polyfit(step * np.arange(len(middles)), middles, 1)
    return zero, scale


def y_at(zero, scale, value):
    at = zero + scale * value
    return slice(round(at - 2), round(at + 2) + 1)


def share(found):
    return float(np.mean(found))
