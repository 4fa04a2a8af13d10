"""The width of the PSF from the noise of a picture's sky."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image

from clump_detector.images.psf_width import (
    BLACK,
    BRIGHT,
    FEWEST,
    MOST,
    TILE,
    WIDTH,
    _sky,
    fall_off,
    width_from_noise,
)
from tests.helpers.paths import SHARED
from tests.helpers.survey_pictures import enlarged, survey_image

LABELLED = SHARED / "real" / "s82_labelled"
JUDGED = SHARED / "real" / "reviewed" / "images"


@pytest.mark.parametrize("factor", [2.0, 2.5, 3.2])
@pytest.mark.parametrize("noise", [4.0, 12.0])
def test_the_spectrum_falls_off_at_the_survey_s_own_pixels(factor, noise):
    images = [survey_image(round(424 / factor), seed=k, noise=noise) for k in range(3)]
    told = np.median([fall_off(enlarged(image, factor)) for image in images])
    assert told * factor == pytest.approx(0.65, rel=0.1)


def test_the_more_it_was_enlarged_the_wider():
    image = survey_image(212)
    factors = (1.8, 2.2, 2.7, 3.3)
    widths = [width_from_noise(enlarged(image, factor)) for factor in factors]
    assert widths == sorted(widths)
    assert widths[-1] > 1.5 * widths[0]


@pytest.mark.skipif(not LABELLED.is_dir(), reason="needs pictures of known PSF")
def test_real_pictures_of_known_width():
    """Stripe 82: the FWHM is 2.0 / 2.4 of what is true of surveys in the middle."""
    with (LABELLED / "galaxies.csv").open() as file:
        known = {r["file"]: float(r["psf_fwhm_r_px"]) for r in csv.DictReader(file)}
    ratios = []
    for path in sorted(LABELLED.rglob("*.jpg")):
        width = width_from_noise(np.asarray(Image.open(path).convert("RGB")))
        if width is None:
            assert known[path.name] < 4  # hardly enlarged, if at all
        else:
            ratios.append(width * 2.0 / WIDTH / known[path.name])
    assert len(ratios) >= 20
    assert np.median(ratios) == pytest.approx(1, abs=0.05)
    assert np.diff(np.percentile(ratios, [16, 84])) / 2 < 0.12


@pytest.mark.parametrize(
    "picture",
    [
        survey_image(424),  # never enlarged
        enlarged(survey_image(848), 0.5),  # shrunk
        np.zeros((424, 424, 3), np.uint8),
        np.full((424, 424, 3), 30, np.uint8),  # no noise
        survey_image(40),  # too small
        np.random.default_rng(0).integers(0, 256, (300, 300, 3)).astype(np.uint8),
    ],
    ids=["as taken", "shrunk", "black", "flat", "small", "no sky"],
)
def test_where_the_noise_does_not_tell_nothing_is_claimed(picture):
    assert width_from_noise(picture) is None


def test_grey_and_wide_pictures():
    image = enlarged(survey_image(250), 2.0)
    part = image[:180]
    assert fall_off(part) == pytest.approx(fall_off(image), rel=0.15)
    grey = np.repeat(image.mean(axis=2).astype(np.uint8)[..., None], 3, axis=2)
    assert fall_off(grey) == pytest.approx(fall_off(image), rel=0.1)


def slow_sky(picture):
    """Return the darkest tiles of sky, each with sums of its own."""
    luminance = picture.astype(np.float64).mean(axis=2)
    views = np.lib.stride_tricks.sliding_window_view(luminance, (TILE, TILE))
    tiles = views[:: TILE // 2, :: TILE // 2].reshape(-1, TILE, TILE)
    means = tiles.mean(axis=(1, 2))
    sky = tiles.max(axis=(1, 2)) - means < BRIGHT
    sky &= (tiles == 0).mean(axis=(1, 2)) <= BLACK
    if sky.sum() < FEWEST:
        return None
    order = np.flatnonzero(sky)
    return tiles[order[np.argsort(means[order], kind="stable")[:MOST]]]


@pytest.mark.parametrize("size", [(300, 424), (191, 192), (48, 2000), (100, 500)])
@pytest.mark.parametrize("level", [0, 20])
def test_sky_is_found_as_tile_by_tile(size, level):
    rng = np.random.default_rng(0)
    picture = rng.normal(level, 6, (*size, 3)).clip(0, 255).astype(np.uint8)
    picture[40:45, ::90] = 255
    picture[10:90, 100:180] = 0
    found, wanted = _sky(picture), slow_sky(picture)
    if wanted is None:
        assert found is None
    else:  # which of two tiles of equal brightness comes first does not matter
        told = [sorted(tile.round(6).tobytes() for tile in t) for t in (found, wanted)]
        assert told[0] == told[1]


@pytest.mark.skipif(not JUDGED.is_dir(), reason="needs real galaxies")
def test_sky_of_real_galaxies_is_found_as_tile_by_tile():
    for path in sorted(JUDGED.iterdir())[::20]:
        picture = np.asarray(Image.open(path).convert("RGB"))
        found, wanted = _sky(picture), slow_sky(picture)
        assert (found is None) == (wanted is None)
        if wanted is not None:
            np.testing.assert_array_equal(found, wanted)
