"""Segments and masks are those of photutils and scipy, which are slower."""

from __future__ import annotations

import random
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from photutils.segmentation import detect_sources
from PIL import Image
from scipy import ndimage

from clump_detector.images import host_mask as hosts
from clump_detector.images.segmentation import (
    grown,
    segments_above,
    smoothed,
    smoothed_in,
    total_of,
)
from tests.helpers.paths import SHARED

REAL = SHARED / "real" / "reviewed" / "images"

SHAPES = arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40)
IMAGES = arrays.arrays(
    np.float32, SHAPES, elements=st.floats(0, 255, width=32), fill=st.nothing()
)
MASKS = arrays.arrays(bool, SHAPES)


def slow_segments(image, threshold, least):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # photutils warns when nothing is found
        found = detect_sources(image, threshold, least)
    return np.zeros(image.shape, np.int32) if found is None else found.data


def slow_host_mask(picture, fwhm, companions=True):
    """Segment as before there was `clump_detector.images.segmentation`."""
    everything = np.ones(picture.shape[:2], dtype=bool)
    luminance = picture.mean(axis=2, dtype=np.float32)
    smooth = ndimage.gaussian_filter(luminance, fwhm / 2.3548)
    level, sigma = slow_background(smooth)
    segments = slow_segments(
        smooth, level + hosts.THRESHOLD * sigma, max(int(fwhm**2), 5)
    )
    central = hosts.central_segment(segments)
    if central == 0:
        return everything
    chosen = [central, *(slow_companions(segments, central) if companions else ())]
    return ndimage.distance_transform_edt(~np.isin(segments, chosen)) <= fwhm


def slow_background(image):
    rim = max(min(image.shape) // 12, 1)
    frame = np.ones(image.shape, dtype=bool)
    frame[rim:-rim, rim:-rim] = False
    values = image[frame]
    level = float(np.median(values))
    below = level - values[values <= level]
    return level, max(1.4826 * float(np.median(below)), 0.5)


def slow_companions(segments, central):
    area = np.bincount(segments.ravel())
    large = set(np.flatnonzero(area >= hosts.COMPANION * area[central])) - {0, central}
    rim = np.concatenate([segments[[0, -1]].ravel(), segments[:, [0, -1]].ravel()])
    candidates = sorted(large - set(rim))
    if not candidates:
        return []
    far = ndimage.distance_transform_edt(segments != central)
    gaps = np.asarray(ndimage.minimum(far, segments, candidates))
    near = gaps <= hosts.GAP * np.sqrt(area[central] / np.pi)
    return [k for k, is_near in zip(candidates, near, strict=True) if is_near]


def slow_on_nucleus(picture, mask, positions, fwhm):
    if mask.all():
        return np.zeros(len(positions), dtype=bool)
    smooth = ndimage.gaussian_filter(picture.mean(axis=2), fwhm / 2)
    height, width = mask.shape
    rows, columns = np.indices(mask.shape)
    from_middle = np.hypot(rows - height / 2, columns - width / 2)
    near = from_middle < hosts.NUCLEAR * min(mask.shape)
    best = int(np.argmax(np.where(mask & near, smooth, -1)))
    far = np.hypot(*(positions - [best % width, best // width]).T)
    found = far <= hosts.ON_NUCLEUS * fwhm
    blue = picture[..., 2].astype(float) - picture[..., 0]
    blue = ndimage.gaussian_filter(blue, 0.25 * fwhm)
    for k in np.flatnonzero(found):
        far = np.hypot(columns - positions[k, 0], rows - positions[k, 1]) / fwhm
        around = blue[(far > 1.2) & (far < 2)]
        within = blue[far <= np.maximum(0.5, far.min())]
        found[k] = within.mean() - np.median(around) < hosts.BLUER
    return found


@given(IMAGES, st.floats(0.3, 8))
@settings(deadline=None, max_examples=60)
def test_smoothing_is_scipy_s(image, sigma):
    wanted = ndimage.gaussian_filter(image, sigma)
    np.testing.assert_allclose(smoothed(image, sigma), wanted, atol=1e-6 * 255)


@given(IMAGES, st.floats(0.3, 4), st.data())
@settings(deadline=None, max_examples=60)
def test_a_part_is_smoothed_as_the_whole_is(image, sigma, data):
    window = tuple(
        slice(*sorted((data.draw(st.integers(0, n)), data.draw(st.integers(0, n)))))
        for n in image.shape
    )
    window = tuple(slice(p.start, max(p.stop, p.start + 1)) for p in window)
    window = tuple(
        slice(min(p.start, n - 1), min(p.stop, n))
        for p, n in zip(window, image.shape, strict=True)
    )
    whole = ndimage.gaussian_filter(image, sigma)
    np.testing.assert_array_equal(smoothed_in(window, image, sigma), whole[window])


@given(IMAGES, st.floats(0, 255), st.integers(1, 30))
@settings(deadline=None, max_examples=100)
def test_segments_are_photutils_s(image, threshold, least):
    wanted = slow_segments(image, threshold, least)
    np.testing.assert_array_equal(segments_above(image, threshold, least), wanted)


@given(MASKS, st.one_of(st.floats(0, 60), st.integers(0, 60).map(float)))
@settings(deadline=None, max_examples=100)
def test_a_mask_grows_by_exactly_its_distance(mask, reach):
    far = ndimage.distance_transform_edt(~mask)
    wanted = far <= reach if mask.any() else mask
    np.testing.assert_array_equal(grown(mask, reach), wanted)


@given(IMAGES)
@settings(deadline=None, max_examples=60)
def test_the_background_is_that_of_the_border(image):
    assert hosts.background(image) == slow_background(image)


def test_the_sum_of_colours_does_not_overflow():
    assert total_of(np.full((2, 2, 3), 255, np.uint8)).tolist() == [[765, 765]] * 2


@pytest.mark.skipif(not REAL.is_dir(), reason="needs real galaxies")
def test_on_real_galaxies_the_masks_are_the_same():
    paths = sorted(REAL.iterdir())
    rng = np.random.default_rng(0)
    differing = 0
    for path in random.Random(0).sample(paths, 40):
        picture = np.asarray(Image.open(path).convert("RGB").resize((240, 220)))
        mask, wanted = hosts.host_mask(picture, 5.0), slow_host_mask(picture, 5.0)
        assert (mask & wanted).sum() > 0.999 * (mask | wanted).sum()
        differing += (mask != wanted).any()
        places = np.concatenate(
            [rng.uniform(0, 220, (9, 2)), rng.normal([120, 110], 3, (9, 2))]
        )
        np.testing.assert_array_equal(
            hosts.on_nucleus(picture, wanted, places, 5.0),
            slow_on_nucleus(picture, wanted, places, 5.0),
        )
    assert differing <= 2  # pixels within 1e-4 grey levels of the threshold


@given(
    st.integers(0, 10_000), st.integers(20, 90), st.integers(20, 90), st.floats(2, 9)
)
@settings(deadline=None, max_examples=60)
def test_hosts_are_those_of_the_slow_way(seed, height, width, fwhm):
    """Blobs, some of them merging with the one in the middle, some at the border."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices((height, width))
    light = rng.normal(20, 3, (height, width))
    for i in range(int(rng.integers(1, 7))):
        x, y = rng.uniform(0, 1, 2) * (width, height) if i else (width / 2, height / 2)
        far = np.hypot(columns - x, rows - y)
        light += rng.uniform(20, 200) * np.exp(-((far / rng.uniform(2, 15)) ** 2))
    picture = np.repeat(light[..., None], 3, axis=2).clip(0, 255).astype(np.uint8)
    for companions in (True, False):
        mask = hosts.host_mask(picture, fwhm, companions=companions)
        wanted = slow_host_mask(picture, fwhm, companions)
        assert (mask != wanted).sum() <= 0.01 * wanted.sum()
    places = rng.normal([width / 2, height / 2], 3, (8, 2)).clip(0, [width, height])
    np.testing.assert_array_equal(
        hosts.on_nucleus(picture, wanted, places, fwhm),
        slow_on_nucleus(picture, wanted, places, fwhm),
    )
