"""The width of the PSF from the noise of a picture's sky."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image

from clump_detector.images.psf_width import WIDTH, fall_off, width_from_noise
from tests.helpers.paths import SHARED
from tests.helpers.survey_pictures import enlarged, survey_image

LABELLED = SHARED / "real" / "s82_labelled"


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
