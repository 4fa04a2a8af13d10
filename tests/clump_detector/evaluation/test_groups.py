"""Figures by group of galaxies, and the size of a host."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from clump_detector.config.model import ModelConfig
from clump_detector.evaluation.groups import by_group, diameter_group, in_words
from clump_detector.evaluation.labelled_images import host_diameter
from clump_detector.image_files.sources import Source
from clump_detector.images.cutout import read_cutout
from clump_detector.metrics.matching import match

TRUE = [(10, 10, 20, 20), (40, 40, 50, 50)]


def galaxy(found, score=0.9):
    return match(TRUE, found, [score] * len(found))


def test_each_group_has_the_figures_of_its_galaxies_only():
    all_found, none, half = galaxy(TRUE), galaxy([]), galaxy(TRUE[:1])
    names = ["a", "b", "a", "", "b"]
    rows = by_group(names, [all_found, half, none, half, half], 0.5)
    assert [row["name"] for row in rows] == ["a", "b"]
    assert [(row["galaxies"], row["true_boxes"]) for row in rows] == [(2, 4), (2, 4)]
    assert [row["completeness"]["value"] for row in rows] == [0.5, 0.5]
    assert [row["purity"]["value"] for row in rows] == [1.0, 1.0]
    above = by_group(["a"], [all_found], 0.95)[0]
    assert above["completeness"]["value"] == 0
    assert above["purity"]["value"] is None


def test_a_group_in_words():
    (row,) = by_group(["s82"] * 40, [galaxy(TRUE)] * 20 + [galaxy([])] * 20, 0.5)
    low, high = row["completeness"]["95"]
    f1 = row["f1"]
    assert in_words(row) == (
        f"s82: completeness 0.50 ({low:.2f} to {high:.2f}), "
        "purity 1.00 (1.00 to 1.00), "
        f"F1 {f1['value']:.2f} ({f1['95'][0]:.2f} to {f1['95'][1]:.2f}), "
        "40 galaxies with 80 clumps"
    )
    assert "purity not defined" in in_words(by_group(["a"], [galaxy([])], 0.5)[0])


@pytest.mark.parametrize(
    ("diameter", "group"),
    [
        (None, ""),
        (9.9, "host below 10 FWHM"),
        (10, "host of 10 to 20 FWHM"),
        (39, "host of 20 to 40 FWHM"),
        (40, "host from 40 FWHM"),
    ],
)
def test_groups_of_hosts(diameter, group):
    assert diameter_group(diameter) == group


@pytest.mark.parametrize("radius", [20, 40])
def test_the_diameter_of_a_disc(tmp_path, radius):
    """A disc of even light, seen with a PSF of 4 pixels."""
    fwhm, side = 4.0, 240
    y, x = np.mgrid[:side, :side] - side / 2
    light = np.where(np.hypot(x, y) < radius, 160, 0)[..., None]
    noisy = light + np.random.default_rng(0).normal(20, 3, (side, side, 3))
    path = tmp_path / "disc.png"
    Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(path)
    cutout = read_cutout(Source("disc", (path,)))
    object.__setattr__(cutout, "fwhm", fwhm)
    found = host_diameter(cutout, ModelConfig())
    assert found == pytest.approx(2 * radius / fwhm + 3, abs=1.5)


def test_no_host_in_noise_and_none_in_a_field(tmp_path):
    rng = np.random.default_rng(0)
    for name, side in (("noise", 100), ("field", 1500)):
        path = tmp_path / f"{name}.png"
        pixels = rng.normal(30, 3, (side, side, 3)).clip(0, 255)
        Image.fromarray(pixels.astype(np.uint8)).save(path)
        cutout = read_cutout(Source(name, (path,)))
        assert host_diameter(cutout, ModelConfig()) is None
