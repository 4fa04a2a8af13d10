"""The peak finder that models are compared with."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from clump_detector.config.model import ModelConfig
from clump_detector.evaluation.peak_finder import evaluate_peaks, find_peaks
from clump_detector.image_files.sources import Source
from clump_detector.labels.label_set import LabelledBox, LabelledCutout

FWHM = 4.0
KNOTS = ((80, 60, 120), (48, 76, 80), (64, 84, 40))


def picture(knots=KNOTS, *, channel=2):
    """A smooth host with blue knots of a height each, and one bright one beside it."""
    y, x = np.mgrid[:128, :128]
    host = 90 * np.exp(-(np.hypot(x - 64, y - 64) ** 2) / (2 * 20**2))
    light = np.repeat(host[..., None], 3, axis=2) + 10
    for cx, cy, height in knots:
        sigma = FWHM / 2.3548
        knot = height * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * sigma**2))
        light[..., channel] += knot
    noise = np.random.default_rng(0).normal(0, 1, light.shape)
    return np.clip(light + noise, 0, 255).astype(np.uint8)


def test_blue_knots_on_the_host_come_first_in_the_order_of_their_light():
    boxes, heights = find_peaks(picture((*KNOTS, (8, 8, 200))), FWHM)
    centres = (boxes[:3, :2] + boxes[:3, 2:]) / 2
    assert np.abs(centres - np.array(KNOTS)[:, :2]).max() <= 1
    assert (np.diff(heights) <= 0).all()
    assert boxes[0, 2] - boxes[0, 0] == pytest.approx(2.5 * FWHM)
    everywhere = (boxes[:, :2] + boxes[:, 2:]) / 2
    assert np.hypot(*(everywhere - 8).T).min() > FWHM  # it is not on the host


def test_red_knots_are_not_what_it_looks_for():
    _, blue = find_peaks(picture(), FWHM)
    _, red = find_peaks(picture(channel=0), FWHM)
    assert red.max() < 0.2 * blue.max()


@pytest.fixture
def labelled(tmp_path):
    Image.fromarray(picture()).save(tmp_path / "g.png")
    boxes = tuple(LabelledBox(x - 5, y - 5, x + 5, y + 5, "clump") for x, y, _ in KNOTS)
    source = Source("g", (tmp_path / "g.png",))
    return LabelledCutout(source, 128, 128, boxes=boxes, fwhm=FWHM)


def test_it_gives_as_many_boxes_as_it_is_asked_for(labelled):
    for n, completeness in ((1, 1 / 3), (2, 2 / 3), (3, 1)):
        found = evaluate_peaks([labelled], n, ModelConfig())
        assert found["boxes"] == n
        assert found["completeness"]["value"] == pytest.approx(completeness)
        assert found["purity"]["value"] == 1
    many = evaluate_peaks([labelled], 8, ModelConfig())
    assert many["purity"]["value"] == pytest.approx(3 / 8)
    assert "as many boxes: completeness 1.00 and purity 0.38." in many["summary"]
    none = evaluate_peaks([labelled], 0, ModelConfig())
    assert (none["boxes"], none["completeness"]["value"]) == (0, 0)


def test_a_galaxy_that_cannot_be_read_is_left_out(labelled):
    labelled.source.path.write_bytes(b"no picture")
    found = evaluate_peaks([labelled], 3, ModelConfig())
    assert found["boxes"] == 0
    assert found["completeness"]["value"] is None
