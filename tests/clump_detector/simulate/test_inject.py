"""Clumps put into real pictures; a drawn galaxy stands for a real one here."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from clump_detector.core.errors import ConfigError, ImageError
from clump_detector.image_files.sources import find_sources
from clump_detector.images.host_mask import host_mask
from clump_detector.labels.label_set import read_label_set
from clump_detector.simulate import simulate
from clump_detector.simulate.inject import inject, star_width

FWHM = 7.0


def sky(rng, size=400, stars=12):
    """Return a picture of a galaxy among stars, uint8."""
    rows, columns = np.indices((size, size))
    radius = np.hypot((columns - size / 2), (rows - size / 2) / 0.7)
    light = 0.5 * np.exp(-radius / 28)
    for _ in range(stars):
        x, y = rng.uniform(15, size - 15, 2)
        if np.hypot(x - size / 2, y - size / 2) < 130:
            continue
        alpha2 = (FWHM / 2) ** 2 / (2 ** (1 / 3) - 1)
        spot = (1 + ((columns - x) ** 2 + (rows - y) ** 2) / alpha2) ** -3
        light += rng.uniform(0.2, 0.6) * spot
    light = light[..., None] * [1.0, 0.85, 0.7] + rng.normal(
        0.02, 0.003, (size, size, 3)
    )
    levels = 255 * np.arcsinh(np.clip(light, 0, None) / 0.12) / np.arcsinh(1 / 0.12)
    return np.clip(levels + 0.5, 0, 255).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    real = tmp_path / "real"
    real.mkdir()
    for k in range(3):
        picture = sky(np.random.default_rng(k))
        Image.fromarray(picture).save(real / f"g{k}.png")
    return real


def test_a_clump_is_a_brighter_spot_of_the_pictures_width(folder):
    source = find_sources([folder])[0]
    before = np.asarray(Image.open(source.path)).astype(int)
    seen = 0
    for seed in range(8):
        made = inject(source, np.random.default_rng(seed))
        assert made.fwhm == pytest.approx(FWHM, rel=0.25)
        added = made.rgb.astype(int) - before
        for (x1, y1, x2, y2), level in zip(made.boxes, made.contrast, strict=True):
            assert x2 - x1 == pytest.approx(2.5 * made.fwhm)
            x, y = round((x1 + x2) / 2), round((y1 + y2) / 2)
            peak = added[y, x]
            assert peak.max() == pytest.approx(
                min(level, 255 - before[y, x].max()), abs=14
            )
            seen += 1
        far = np.ones(added.shape[:2], dtype=bool)
        for x1, y1, x2, y2 in made.boxes.round().astype(int):
            far[max(y1 - 30, 0) : y2 + 31, max(x1 - 30, 0) : x2 + 31] = False
        assert np.abs(added[far]).max() <= 1
    assert seen > 8


def test_clumps_lie_on_the_galaxy_and_what_is_empty_is_elsewhere(folder):
    source = find_sources([folder])[1]
    mask = host_mask(np.asarray(Image.open(source.path)), FWHM, companions=False)
    for seed in range(6):
        made = inject(source, np.random.default_rng(seed))
        centres = (made.boxes[:, :2] + made.boxes[:, 2:]) / 2
        for x, y in centres:
            assert mask[round(y), round(x)]
        for x, y in (made.empty[:, :2] + made.empty[:, 2:]) / 2:
            assert mask[round(y), round(x)]
            if len(centres):
                assert np.hypot(*(centres - [x, y]).T).min() > 2 * made.fwhm


def test_the_width_of_stars_and_of_none():
    assert star_width(sky(np.random.default_rng(0), stars=40)) == pytest.approx(
        FWHM, rel=0.2
    )
    assert star_width(sky(np.random.default_rng(0), stars=0)) is None


def test_a_label_set_with_a_share_of_real_galaxies(folder, tmp_path):
    path = simulate(tmp_path / "out", 8, 5, into=folder, share=0.5)
    labels = read_label_set(path)
    real = [c for c in labels.cutouts if c.source.name.startswith("real-")]
    assert len(real) == 4
    assert {c.source.name.split("-")[-1] for c in real} == {"g0", "g1", "g2"}
    for cutout in real:
        assert cutout.done
        assert cutout.fwhm == pytest.approx(FWHM, rel=0.25)
        ignored = cutout.array(ignored=True)
        assert len(ignored) == 1  # the host: what it has of its own is not known
        for box in cutout.array():
            centre = (box[:2] + box[2:]) / 2
            assert (centre > ignored[0, :2]).all()
            assert (centre < ignored[0, 2:]).all()
        assert cutout.rejected
    info = labels.info["simulation"]
    assert (info["real_cutouts"], info["share_real"]) == (3, 0.5)
    again = read_label_set(simulate(tmp_path / "again", 8, 5, into=folder, share=0.5))
    assert again.hash() == labels.hash()


def test_bad_input_leaves_nothing(folder, tmp_path):
    with pytest.raises(ConfigError, match="fits was asked for"):
        simulate(tmp_path / "a", 2, into=folder, kind="fits")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ImageError, match="empty"):
        simulate(tmp_path / "b", 2, into=empty)
    (folder / "g0.png").write_bytes(b"no image")
    with pytest.raises(ImageError, match=r"g0\.png"):
        simulate(tmp_path / "c", 2, into=folder)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["empty", "real"]
