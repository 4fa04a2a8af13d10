"""Images that got worse: by as much as is said, and by nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clump_detector.core.boxes import share_within
from clump_detector.evaluation.robustness.degradations import DEGRADATIONS
from clump_detector.images.cutout import Cutout
from clump_detector.simulate.missing import KINDS, missing_pixels
from clump_detector.simulate.priors import SIGMA_PER_MAD

HEIGHT, WIDTH, FWHM = 90, 110, 4.0
BY_NAME = {way.name: way for way in DEGRADATIONS}


def spots(kind):
    """Return a sky of known noise with a few points of a known PSF."""
    rng = np.random.default_rng(4)
    rows, columns = np.indices((HEIGHT, WIDTH))
    light = np.zeros((HEIGHT, WIDTH))
    for x, y in ((30, 20), (70, 60), (90, 30)):
        far2 = (columns - x) ** 2 + (rows - y) ** 2
        light += 200 * np.exp(-4 * np.log(2) * far2 / FWHM**2)
    if kind == "picture":
        noisy = light[..., None] * 0.6 + rng.normal(30, 4, (HEIGHT, WIDTH, 3))
        return Cutout("s", np.clip(noisy, 0, 255).astype(np.uint8), fwhm=FWHM)
    planes = light + rng.normal(10, 2, (3, HEIGHT, WIDTH))
    return Cutout("s", planes.astype(np.float32), bands=("g", "r", "i"), fwhm=FWHM)


def worse(name, level, kind="fluxes", seed=1):
    rng = np.random.default_rng(seed)
    return BY_NAME[name].apply(spots(kind), level, rng)


@pytest.mark.parametrize("kind", ["fluxes", "picture"])
@pytest.mark.parametrize("way", DEGRADATIONS, ids=lambda way: way.name)
def test_every_level_gives_an_image_of_its_kind_and_leaves_the_old_one(way, kind):
    whole = spots(kind)
    before = whole.pixels.copy()
    for level in way.levels:
        made = way.apply(whole, level, np.random.default_rng(0)).cutout
        assert (whole.pixels == before).all()
        assert {made.width, made.height} == {WIDTH, HEIGHT}
        assert made.is_picture or (kind == "fluxes" and way.name != "JPEG")
        assert not np.array_equal(made.pixels, before)


@pytest.mark.parametrize("kind", sorted(KINDS))
@given(st.integers(0, 2**32 - 1), st.floats(0, 0.6))
def test_as_many_pixels_are_missing_as_is_said(kind, seed, share):
    gone = missing_pixels(kind, (80, 120), share, np.random.default_rng(seed))
    assert gone.shape == (80, 120)
    slack = 0.02 if kind == "pixels" else 0.05
    low = share - slack if kind == "pixels" else share
    assert low <= gone.mean() <= share + slack


def test_the_share_within_a_box_is_counted_pixel_by_pixel():
    gone = np.zeros((10, 12), bool)
    gone[2:4, 3:8] = True
    boxes = np.array([(3, 2, 8, 4), (0, 0, 12, 10), (4, 3, 6, 5), (20, 20, 22, 22.0)])
    assert share_within(gone, boxes).tolist() == [1.0, 10 / 120, 0.5, 1.0]


@pytest.mark.parametrize("kind", ["fluxes", "picture"])
def test_missing_pixels_are_empty_and_told(kind):
    made = worse("missing blocks", 0.2, kind)
    whole = spots(kind)
    assert made.gone.mean() >= 0.2
    if kind == "picture":
        assert (made.cutout.pixels[made.gone] == 0).all()
        assert (made.cutout.pixels[~made.gone] == whole.pixels[~made.gone]).all()
    else:
        assert np.isnan(made.cutout.pixels[:, made.gone]).all()
        kept = made.cutout.pixels[:, ~made.gone]
        assert (kept == whole.pixels[:, ~made.gone]).all()


def test_noise_is_added_in_units_of_the_image_s_own():
    for level in (0.5, 2.0):
        made = worse("noise", level).cutout.pixels
        for plane, whole in zip(made, spots("fluxes").pixels, strict=True):
            mad = SIGMA_PER_MAD * np.median(np.abs(whole - np.median(whole)))
            assert (plane - whole).std() == pytest.approx(level * mad, rel=0.05)


def test_the_psf_is_wider_its_light_is_kept_and_so_is_the_noise():
    made = worse("wider PSF", 1.5).cutout
    whole = spots("fluxes")
    assert made.fwhm == pytest.approx(1.5 * FWHM)
    here = np.s_[:, 45:76, 55:86]  # around the point at (70, 60)
    light, before = ((x.pixels[here] - 10).mean(axis=0) for x in (made, whole))
    assert light.sum() == pytest.approx(before.sum(), rel=0.05)
    above_half = (light > light[13:18, 13:18].max() / 2).sum()
    assert 2 * np.sqrt(above_half / np.pi) == pytest.approx(1.5 * FWHM, rel=0.1)
    assert made.pixels[:, 70:, :40].std() == pytest.approx(2, rel=0.1)


def test_only_the_bluest_band_changes_its_brightness_and_its_place():
    whole = spots("fluxes").pixels
    fainter = worse("bluest band", 0.2).cutout.pixels
    above = (fainter[0] - np.median(fainter[0]))[whole[0] > 100]
    before = (whole[0] - np.median(whole[0]))[whole[0] > 100]
    assert above / before == pytest.approx(10 ** (-0.08), rel=0.02)
    moved = worse("offset of a band", 2.0).cutout.pixels
    for made in (fainter, moved):
        assert np.array_equal(made[1:], whole[1:])
    y, x = np.unravel_index(moved[0, :45, :50].argmax(), (45, 50))
    assert np.hypot(x - 30, y - 20) == pytest.approx(2, abs=0.8)


@pytest.mark.parametrize("how", BY_NAME["turned"].levels)
@pytest.mark.parametrize("kind", ["fluxes", "picture"])
def test_boxes_on_a_turned_image_go_back_to_where_they_were(how, kind):
    whole = spots(kind)
    made = worse("turned", how, kind)
    plane = made.cutout.pixels[0] if kind == "fluxes" else made.cutout.pixels[..., 1]
    before = whole.pixels[0] if kind == "fluxes" else whole.pixels[..., 1]
    rng = np.random.default_rng(0)
    height, width = plane.shape
    for _ in range(20):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        x1, y1, x2, y2 = made.back(np.array([[x, y, x, y]], float))[0]
        assert (x1, y1) == (x2, y2)
        assert before[int(y1), int(x1)] == plane[y, x]
    wide = made.back(np.array([[10.0, 20.0, 16.0, 24.0]]))[0]
    assert wide[2] > wide[0]
    assert wide[3] > wide[1]
