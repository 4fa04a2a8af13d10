"""What a host looks like in numbers, however it is turned."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from clump_detector.images.host_profile import ANNULI, PARTS, VALUES, host_profile

SIZE, FWHM = 128, 5.0
RED, BLUE = (1.0, 0.8, 0.5), (0.5, 0.8, 1.0)


def galaxy(
    ratio=0.5, angle=0.0, radius=40.0, colour=RED, peak=150.0, clump=0.0, size=SIZE
):
    """An exponential disc, with a blue clump on one side, and the mask of it."""
    rows, columns = np.indices((size, size)) - (size - 1) / 2
    along = columns * np.cos(angle) + rows * np.sin(angle)
    across = rows * np.cos(angle) - columns * np.sin(angle)
    distance = np.hypot(along, across / ratio)
    light = peak * np.exp(-3 * distance / radius)
    planes = light[..., None] * np.array(colour)
    spot = clump * np.exp(-((along - 0.6 * radius) ** 2 + across**2) / 18)
    planes = 10 + planes + spot[..., None] * np.array(BLUE)
    return planes.clip(0, 255).astype(np.uint8), distance < radius


def part(name, *args, **options):
    return host_profile(*galaxy(*args, **options), FWHM)[PARTS[name]]


@settings(max_examples=30, deadline=None)
@given(st.floats(0, np.pi), st.floats(0.4, 0.9), st.floats(80, 100))
def test_it_is_the_same_however_a_galaxy_is_turned(angle, ratio, radius):
    """Large ones: of a small one a few pixels make the innermost isophote."""
    upright = host_profile(*galaxy(ratio, 0, radius, size=256), FWHM)
    turned = host_profile(*galaxy(ratio, angle, radius, size=256), FWHM)
    assert turned == pytest.approx(upright, abs=0.2)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_quarter_turns_and_mirrors_change_nothing(k):
    picture, host = galaxy(0.4, 0.3, clump=60)
    seen = host_profile(picture, host, FWHM)
    for other in (np.rot90, lambda a, n: np.rot90(a, n)[:, ::-1]):
        again = host_profile(
            np.ascontiguousarray(other(picture, k)),
            np.ascontiguousarray(other(host, k)),
            FWHM,
        )
        assert again == pytest.approx(seen, abs=0.05)


def test_isophotes_have_the_axis_ratio_that_photutils_measures():
    from photutils.segmentation import SegmentationImage, SourceCatalog

    picture, host = galaxy(0.35, 0.7)
    light = picture.sum(axis=2) - 30.0
    half = host & (light >= np.median(light[host]))
    measured = SourceCatalog(half * 1.0, SegmentationImage(half.astype(int)))
    thin = host_profile(picture, host, FWHM)[PARTS["isophotes"]].reshape(-1, 3)[-1, 0]
    assert np.exp(thin) == pytest.approx(1 / measured.elongation[0].value, rel=0.05)


def test_each_part_tells_what_it_is_named_for():
    assert (part("isophotes", 0.2)[::3] < part("isophotes", 0.8)[::3] - 0.5).all()
    assert (part("colour", colour=BLUE) > 0).all()
    assert (part("colour", colour=RED) < 0).all()
    assert (np.diff(part("profile")) < 0).all()
    assert part("size", radius=45.0) > part("size", radius=30.0)
    for name in ("lopsided", "rough"):
        smooth, clumpy = part(name), part(name, clump=120)
        assert clumpy[3] > smooth[3] + 0.05


def test_a_galaxy_twice_as_bright_looks_alike():
    faint, bright = (part("isophotes", 0.5, peak=p) for p in (80.0, 160.0))
    assert bright == pytest.approx(faint, abs=0.1)


@settings(max_examples=60, deadline=None)
@given(
    st_numpy.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9))),
    st.integers(0, 2**16),
)
def test_whatever_the_picture_values_are_numbers(plane, seed):
    rng = np.random.default_rng(seed)
    host = rng.random(plane.shape) < rng.random()
    host[0, 0] = True
    values = host_profile(np.dstack([plane] * 3), host, FWHM)
    assert values.shape == (VALUES,)
    assert np.isfinite(values).all()


def test_the_parts_are_all_of_the_values():
    taken = np.concatenate([np.arange(VALUES)[where] for where in PARTS.values()])
    assert taken.tolist() == list(range(VALUES))
    assert part("profile").shape == (ANNULI,)
