"""Clumps and stars of known colours: who is told from whom, and where nothing is."""

from __future__ import annotations

import json

import numpy as np
import pytest

from clump_detector.photometry.flags import Quality
from clump_detector.photometry.results import Measured
from clump_detector.photometry.source_classifier import (
    MOST_MOVED,
    SourceClassifier,
    band_sets,
    bands_measured,
    features,
    fit_bands,
)

#: Fluxes over that in r, in u, g, r, i, z: young stars with gas, and an F star.
CLUMP = np.array([0.60, 0.95, 1.0, 1.0, 1.0])
STAR = np.array([0.26, 0.76, 1.0, 1.1, 1.12])


def measured(flux, *, bands="ugriz", width=None, jansky=True, ebv=None):
    n, b = flux.shape
    nothing = np.zeros((n, b))
    return Measured(
        boxes=np.zeros((n, 4)), bands=tuple(bands), x=np.zeros(n), y=np.zeros(n),
        psfs=(), width=np.ones(n) if width is None else width,
        width_error=np.full(n, 0.1), flux=flux, error=np.full((n, b), 1.0),
        correction=nothing, background=nothing, flags=np.zeros(n, np.int64), host=None,
        fwhm=4.0, fwhm_source="given", ebv=ebv,
        jansky=(3.631e-6,) * b if jansky else (),
    )  # fmt: skip


def boxes(n, seed, scatter=0.1):
    """Return scores that do not tell, the truth, and what was measured."""
    rng = np.random.default_rng(seed)
    true = rng.random(n) < 0.5
    colour = np.where(true[:, None], CLUMP, STAR)
    colour = colour * np.exp(rng.normal(0, scatter, (n, 5)))
    flux = 10 ** rng.uniform(1.5, 3, (n, 1)) * colour
    width = np.exp(rng.normal(0.1, 0.1, n)) * np.where(true, 1.15, 1.0)
    return rng.uniform(0.3, 0.8, n), true, measured(flux, width=width)


@pytest.fixture(scope="module")
def classifier():
    scores, true, found = boxes(600, 1)
    fits = {b: fit_bands(scores, true, features(found, b)) for b in band_sets()}
    return SourceClassifier(fits)


def test_clumps_rise_and_stars_fall(classifier):
    scores, true, found = boxes(300, 2)
    mended, bands = classifier.mend(scores, found)
    assert set(bands) == {"ugriz"}
    assert np.mean((mended > 0.5) == true) > 0.95
    assert np.mean((scores > 0.5) == true) < 0.6
    # As many clumps are expected as there are: scores stay shares that are true.
    assert mended.sum() == pytest.approx(true.sum(), rel=0.1)
    logit = np.log(mended / (1 - mended)) - np.log(scores / (1 - scores))
    assert np.abs(logit).max() <= MOST_MOVED + 1e-9


@pytest.mark.parametrize("bands", ["ugr", "ugri", "ugrz"])
def test_fewer_bands_do_if_u_is_among_them(classifier, bands):
    scores, true, found = boxes(300, 3)
    kept = ["ugriz".index(b) for b in bands]
    fewer = measured(found.flux[:, kept], bands=bands)
    mended, used = classifier.mend(scores, fewer)
    assert set(used) == {bands}
    assert np.mean((mended > 0.5) == true) > 0.9


def test_a_box_without_u_or_units_keeps_its_score(classifier):
    scores, _, found = boxes(4, 4)
    for other in (
        measured(found.flux[:, 1:], bands="griz"),
        measured(found.flux[:, :3], bands="ugr", jansky=False),
        measured(found.flux[:, :0], bands=""),
    ):
        mended, bands = classifier.mend(scores, other)
        np.testing.assert_array_equal(mended, scores)
        assert bands == [""] * 4
    # A blank band is a missing one, box by box.
    flux = found.flux.copy()
    flux[0, 0], flux[1, 4], flux[2, 2] = np.nan, np.nan, -1.0
    mended, bands = classifier.mend(scores, measured(flux))
    assert bands == ["", "ugri", "", "ugriz"]
    np.testing.assert_array_equal(mended[[0, 2]], scores[[0, 2]])
    assert bands_measured(measured(flux)) == bands
    blank = measured(np.where([True, False, False, False, False], 0.0, found.flux))
    blank.error[:, 0] = 0.0  # no noise: a plane of zeros
    assert bands_measured(blank) == [""] * 4


def test_colours_are_magnitudes_without_extinction():
    flux = np.array([[1.0, 2.0, 4.0]])
    plain = features(measured(flux, bands="ugr"), "ugr")
    np.testing.assert_allclose(plain[0, :2], 2.5 * np.log10([4.0, 2.0]))
    dusty = features(measured(flux, bands="ugr", ebv=0.1), "ugr")
    np.testing.assert_allclose(plain[0, :2] - dusty[0, :2], [0.1954, 0.1018])
    np.testing.assert_allclose(plain[0, 2:], [0.0, np.log(4.0)])


def test_a_width_against_a_guessed_psf_says_nothing(classifier):
    scores, _, found = boxes(20, 5)
    wide = measured(found.flux, width=np.full(20, 3.0))
    usual = measured(found.flux, width=np.full(20, np.nan))
    expected, _ = classifier.mend(scores, usual)
    assert not np.allclose(classifier.mend(scores, wide)[0], expected)
    wide.flags[:] = int(Quality.PSF_GUESSED)
    np.testing.assert_array_equal(classifier.mend(scores, wide)[0], expected)


def test_colours_beyond_all_that_was_learned_from_are_not_followed(classifier):
    flux = 100 * np.array([CLUMP, CLUMP * [50, 1, 1, 1, 1], CLUMP * [1e4, 1, 1, 1, 1]])
    mended, _ = classifier.mend(np.full(3, 0.5), measured(flux))
    assert mended[1] == pytest.approx(mended[2])


def test_a_card_holds_it(classifier):
    again = SourceClassifier.from_json(json.loads(json.dumps(classifier.as_json())))
    assert again == classifier
