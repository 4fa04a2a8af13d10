"""A clump erased: the host's light in its place, and nothing changed beside it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from clump_detector.detector.explaining.host_light import RING, without_clump

FWHM, SIDE = 4.0, 10.0

#: Where the galaxy has its peak.
NUCLEUS = (40, 50)


def host(size=96, noise=2.0, seed=0):
    """A smooth galaxy in three colours, its noise of fixed seed."""
    rng = np.random.default_rng(seed)
    y, x = np.indices((size, size))
    light = 120 * np.exp(-np.hypot(x - NUCLEUS[0], y - NUCLEUS[1]) / 30)
    planes = np.stack([light, 0.9 * light, 0.8 * light], axis=-1) + 20
    return planes + rng.normal(0, noise, planes.shape)


def with_clump(planes, x, y, peak=90.0):
    """The galaxy with a blue clump, and the box about it (from the first edge)."""
    rows, columns = np.indices(planes.shape[:2])
    sigma = FWHM / 2.355
    light = peak * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2))
    clump = light[..., None] * np.array([0.4, 0.7, 1.0])
    box = np.array([x, y, x, y]) + 0.5 + SIDE / 2 * np.array([-1, -1, 1, 1])
    return as_picture(planes + clump), box


def as_picture(planes):
    return np.clip(np.rint(planes), 0, 255).astype(np.uint8)


@settings(max_examples=25, deadline=None)
@given(x=st.floats(0, 95), y=st.floats(0, 95), seed=st.integers(0, 5))
def test_the_host_s_light_comes_back_and_all_else_stays(x, y, seed):
    assume(np.hypot(x - NUCLEUS[0], y - NUCLEUS[1]) > 3 * FWHM)
    planes = host(seed=seed)
    picture, box = with_clump(planes, x, y)
    erased = without_clump(picture, box, FWHM).astype(float)
    rows, columns = np.indices(planes.shape[:2])
    far = np.hypot(columns - x, rows - y)
    reach = SIDE / 2 + 0.5 * FWHM
    inside = far < 0.8 * reach
    # At an edge the ring is one-sided, and the surface is a plane.
    assert abs((erased - planes)[inside].mean()) < 3
    assert np.abs(erased - planes)[inside].max() < 18
    outside = far > 1.2 * reach
    assert (erased == picture)[outside].all()


@pytest.mark.parametrize("off", [0, 2, 5, 8])
def test_a_peaked_nucleus_is_cut_off_by_little(off):
    # No surface of second degree has a peak: what is left is darker than the nucleus.
    planes = host()
    x, y = NUCLEUS[0] + off, NUCLEUS[1]
    picture, box = with_clump(planes, x, y)
    erased = without_clump(picture, box, FWHM).astype(float)
    rows, columns = np.indices(planes.shape[:2])
    inside = np.hypot(columns - x, rows - y) < 0.8 * (SIDE / 2 + 0.5 * FWHM)
    assert -9 < (erased - planes)[inside].mean() < 1


def test_the_place_has_noise_like_its_surroundings():
    picture, box = with_clump(host(noise=5.0), 70.0, 60.0)
    erased = without_clump(picture, box, FWHM).astype(float)
    part = erased[55:66, 65:76].mean(axis=2)
    around = erased[38:50, 78:90].mean(axis=2)
    assert part.std() == pytest.approx(around.std(), rel=0.5)


def test_another_clump_in_the_ring_is_no_host_light():
    planes = host()
    picture, box = with_clump(planes, 60.0, 60.0)
    other, _ = with_clump(picture.astype(float), 60.0 + 1.5 * (SIDE / 2 + 2), 60.0)
    erased = without_clump(other, box, FWHM).astype(float)
    assert abs((erased - planes)[57:64, 55:60].mean()) < 4


def test_only_the_channels_that_are_named_change():
    picture, box = with_clump(host(), 50.0, 40.0)
    erased = without_clump(picture, box, FWHM, (2,))
    assert (erased[..., :2] == picture[..., :2]).all()
    assert erased[40, 50, 2] < picture[40, 50, 2] - 50


def test_a_box_as_large_as_the_picture_and_one_pixel_do_not_fail():
    picture = as_picture(host(size=20))
    for box in ([0, 0, 20, 20], [3, 3, 4, 4], [-5, -5, 3, 3]):
        erased = without_clump(picture, np.array(box, dtype=float), FWHM)
        assert erased.shape == picture.shape
    tiny = np.full((1, 1, 3), 7, dtype=np.uint8)
    erased = without_clump(tiny, np.array([0.0, 0, 1, 1]), FWHM)
    assert (erased == 7).all()


def test_the_ring_is_wider_than_the_clump():
    assert RING > 1.5
