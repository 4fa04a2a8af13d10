"""Where the galaxy in the middle is, its nucleus, and what lies on either."""

from __future__ import annotations

import numpy as np
import pytest

from clump_detector.images.host_mask import host_mask, nucleus, on_nucleus

SIZE, FWHM = 160, 6.0
MIDDLE = np.array([80.0, 80.0])


def spot(x, y, peak, width=FWHM):
    rows, columns = np.indices((SIZE, SIZE))
    sigma = width / 2.3548
    return peak * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 2 / sigma**2)


def picture(*lights, colour=(1.0, 0.9, 0.75), noise=3.0):
    """A reddish galaxy in the middle, and lights of (array, (r, g, b))."""
    rng = np.random.default_rng(0)
    planes = rng.normal(20, noise, (SIZE, SIZE, 3))
    planes += spot(*MIDDLE, 90, 45)[..., None] * np.array(colour)
    for light, tint in lights:
        planes += light[..., None] * np.array(tint)
    return planes.clip(0, 255).astype(np.uint8)


def test_the_host_is_in_the_mask_and_far_things_are_not():
    seen = picture((spot(20, 20, 200), (1, 1, 1)), (spot(150, 40, 200), (1, 1, 1)))
    mask = host_mask(seen, FWHM)
    assert mask[80, 80]
    assert mask[80, 95]
    assert not mask[20, 20]
    assert not mask[40, 150]


def test_a_companion_as_large_counts_where_it_is_asked_for():
    seen = picture((spot(80, 140, 90, 30), (1, 0.9, 0.75)))
    both = host_mask(seen, FWHM), host_mask(seen, FWHM, companions=False)
    assert both[0][140, 80]
    assert both[1].sum() <= both[0].sum()


@pytest.mark.parametrize(
    ("place", "member"),
    [
        ((108, 80), True),  # its light begins where the host's ends
        ((130, 30), False),  # as large, but far off: mostly a bright star
        ((80, 1), False),  # not wholly in the picture
    ],
)
def test_a_member_of_a_merger_is_near_and_wholly_there(place, member):
    rng = np.random.default_rng(0)
    planes = rng.normal(20, 3.0, (SIZE, SIZE, 3))
    planes += (spot(*MIDDLE, 150, 14) + spot(*place, 150, 12))[..., None]
    mask = host_mask(planes.clip(0, 255).astype(np.uint8), FWHM)
    assert mask[80, 80]
    assert mask[place[1], place[0]] == member


def test_without_a_galaxy_everything_is_host():
    flat = np.full((SIZE, SIZE, 3), 30, np.uint8)
    assert host_mask(flat, FWHM).all()


def test_the_nucleus_is_the_brightest_place_near_the_middle():
    seen = picture((spot(84, 77, 90), (1, 1, 1)), (spot(110, 60, 160), (1, 1, 1)))
    found = nucleus(seen.mean(axis=2), np.ones((SIZE, SIZE), bool), 2.0)
    np.testing.assert_allclose(found, [84, 77], atol=1)


@pytest.mark.parametrize(
    ("tint", "place", "expected"),
    [
        ((1.0, 0.9, 0.8), (80, 80), True),  # as red as the host
        ((1.0, 1.0, 1.0), (80, 80), True),  # white
        ((0.5, 0.8, 1.0), (80, 80), False),  # a blue clump in the middle
        ((1.0, 0.9, 0.8), (92, 80), False),  # a red thing elsewhere
    ],
)
def test_a_box_on_the_nucleus_is_one_that_is_no_bluer(tint, place, expected):
    seen = picture((spot(*place, 70), tint))
    mask = host_mask(seen, FWHM)
    where = np.array([place], dtype=float)
    if place != (80, 80):  # the nucleus itself stays what it is
        seen = picture((spot(*place, 70), tint), (spot(80, 80, 90), (1, 0.9, 0.8)))
    (found,) = on_nucleus(seen, mask, where, FWHM)
    assert found == expected


def test_no_boxes_are_no_nuclei_and_no_galaxy_has_none():
    seen = picture()
    mask = host_mask(seen, FWHM)
    assert on_nucleus(seen, mask, np.zeros((0, 2)), FWHM).shape == (0,)
    middle = MIDDLE[None]
    assert on_nucleus(seen, mask, middle, FWHM).tolist() == [True]
    assert on_nucleus(seen, mask | True, middle, FWHM).tolist() == [False]


def test_a_place_in_the_very_corner_can_be_asked_for():
    seen = picture()
    corner = np.array([[-0.5, -0.5]])
    assert not on_nucleus(seen, host_mask(seen, FWHM), corner, FWHM).any()
