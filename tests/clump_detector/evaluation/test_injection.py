"""Clumps put into one's own cutouts, and the completeness that they tell."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from clump_detector.core.errors import ImageError
from clump_detector.evaluation.completeness import (
    EDGES,
    completeness,
    draw_completeness,
)
from clump_detector.evaluation.injection import Trial, try_clumps
from clump_detector.image_files.added_light import RATIOS
from clump_detector.image_files.sources import find_sources
from clump_detector.images.cutout import read_cutout
from clump_detector.metrics.shares import wilson
from clump_detector.photometry import measure

FWHM, SIDE = 4.0, 161


@pytest.fixture
def folder(tmp_path):
    """Two discs as FITS in three bands."""
    from astropy.io import fits

    rows, columns = np.indices((SIDE, SIDE))
    disc = 20 * np.exp(-np.hypot(columns - 80, rows - 80) / 14)
    header = fits.Header({"BANDS": "gri", "BUNIT": "nanomaggy", "PSFFWHM": FWHM})
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
    header["CDELT1"], header["CDELT2"] = -1 / 3600, 1 / 3600
    header["CRPIX1"] = header["CRPIX2"] = 81.0
    header["CRVAL1"], header["CRVAL2"] = 30.0, 5.0
    for k in range(2):
        noise = np.random.default_rng(k).normal(0, 4.0, (3, SIDE, SIDE))
        planes = (disc * np.array([1, 1.5, 1.8])[:, None, None] + noise).astype("f4")
        fits.writeto(tmp_path / f"g{k}.fits", planes, header)
    return tmp_path


def brightest(cutout):
    """Find the peaks of a cutout that stand out from what is around, best first."""
    from scipy import ndimage

    plane = cutout.pixels[0] if not cutout.is_picture else cutout.pixels[..., 2]
    plane = np.asarray(plane, float)
    sharp = ndimage.gaussian_filter(plane, 1.5) - ndimage.gaussian_filter(plane, 4)
    noise = 1.48 * np.median(np.abs(sharp))
    top = (ndimage.maximum_filter(sharp, 7) == sharp) & (sharp > 8 * noise)
    rows, columns = np.nonzero(top)
    half = 1.25 * FWHM
    boxes = [(x - half, y - half, x + half, y + half)
             for x, y in zip(columns, rows, strict=True)]  # fmt: skip
    return np.array(boxes).reshape(-1, 4), list(1 - 1 / (1 + sharp[rows, columns]))


def test_bright_clumps_are_found_and_faint_ones_not(folder):
    told = []
    trials, problems = try_clumps(
        find_sources([folder]), brightest, 40,
        progress=lambda *step: told.append(step),
    )  # fmt: skip
    assert len(trials) == 40
    assert problems == []
    assert told[-1][:2] == (40, 40)
    assert {t.cutout for t in trials} == {"g0", "g1"}
    assert all(RATIOS[0] <= t.ratio <= RATIOS[1] for t in trials)
    bright = [t.score is not None for t in trials if t.ratio > 0.05]
    faint = [t.score is not None for t in trials if t.ratio < 0.004]
    assert np.mean(bright) > 0.95
    assert np.mean(faint) < 0.5
    again, _ = try_clumps(find_sources([folder]), brightest, 40)
    assert again == trials


def test_what_is_put_in_has_the_flux_ratio_that_is_said(folder):
    """Measured by this program's own photometry on the image that the model gets."""
    seen = []

    def look(cutout):
        seen.append(cutout)
        return np.zeros((0, 4)), []

    trials, _ = try_clumps(find_sources([folder])[:1], look, 12)
    before = read_cutout(find_sources([folder])[0])
    checked = 0
    for trial, after in zip(trials, seen[1:], strict=True):
        added = after.pixels[0].astype(float) - before.pixels[0]
        host = measure(before, [(70, 70, 90, 90)]).host
        assert added.sum() / host.flux[0] == pytest.approx(trial.ratio, rel=0.03)
        y, x = np.unravel_index(int(added.argmax()), added.shape)
        assert np.hypot(x - trial.x, y - trial.y) < 1
        colour = after.pixels.astype(float) - before.pixels
        checked += 0.3 < colour[0].sum() / colour[1].sum() < 3
        if trial.ratio > 0.03:
            half = 1.25 * FWHM
            box = (x - half, y - half, x + half, y + half)
            found = measure(after, [box])
            assert found.flux[0, 0] == pytest.approx(
                trial.ratio * host.flux[0], abs=4 * found.error[0, 0]
            )
    assert checked == 12


def test_clumps_are_put_into_pictures_too(tmp_path):
    rng = np.random.default_rng(0)
    rows, columns = np.indices((SIDE, SIDE))
    disc = 150 * np.exp(-np.hypot(columns - 80, rows - 80) / 18)
    picture = disc[..., None] * [1.0, 0.9, 0.8] + rng.normal(12, 2, (SIDE, SIDE, 3))
    Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(tmp_path / "p.png")
    trials, _ = try_clumps(find_sources([tmp_path]), brightest, 20)
    assert len(trials) == 20
    bright = [t.score is not None for t in trials if t.ratio > 0.08]
    assert bright
    assert np.mean(bright) > 0.8


def test_nothing_is_put_where_the_model_has_found_something_before(folder):
    here = np.array([[100.0, 75.0, 110.0, 85.0]])
    trials, _ = try_clumps(
        find_sources([folder])[:1], lambda _: (here, [0.9]), 25
    )  # fmt: skip
    for trial in trials:
        assert np.hypot(trial.x - 105, trial.y - 80) > 1.5 * FWHM
        assert trial.score is None


def test_without_a_galaxy_it_says_so(tmp_path):
    from astropy.io import fits

    noise = np.random.default_rng(0).normal(0, 1, (90, 90)).astype("f4")
    fits.writeto(tmp_path / "n.fits", noise)
    with pytest.raises(ImageError, match="no galaxy"):
        try_clumps(find_sources([tmp_path]), brightest, 5)


def test_a_broken_image_is_left_out_and_said(folder):
    (folder / "x.fits").write_bytes(b"SIMPLE")
    trials, problems = try_clumps(find_sources([folder]), brightest, 9)
    assert len({t.cutout for t in trials}) == 2
    assert len(problems) == 1
    assert "x.fits" in problems[0]


# -- figures ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "n", "low", "high"),
    [(0, 0, 0.0, 1.0), (0, 10, 0.0, 0.0909), (10, 10, 0.9091, 1.0),
     (5, 10, 0.3492, 0.6508)],
)  # fmt: skip
def test_intervals_are_wilson_s(found, n, low, high):
    assert wilson(found, n) == pytest.approx((low, high), abs=1e-4)


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(0)
    known = [wilson(k, 40) for k in range(41)]
    inside = [
        known[k][0] <= share <= known[k][1]
        for share in rng.uniform(0.03, 0.97, 200)
        for k in rng.binomial(40, share, 40)
    ]
    assert np.mean(inside) == pytest.approx(0.683, abs=0.03)


def trials_of(shares, n=20):
    made = []
    for k, share in enumerate(shares):
        ratio = float(np.sqrt(EDGES[k] * EDGES[k + 1]))
        scores = [0.9 if i < share * n else 0.1 for i in range(n)]
        made += [Trial("a", ratio, 0, 0, score) for score in scores]
    return made


def test_half_is_found_where_the_curve_rises_through_it():
    shares = (0.0, 0.1, 0.2, 0.4, 0.8, 0.9, 1.0, 1.0)
    told = completeness(trials_of(shares), 0.5)
    assert [row["share"] for row in told["bins"]] == pytest.approx(list(shares))
    assert told["trials"] == 160
    assert told["found"] == 88
    middles = np.sqrt(EDGES[1:] * EDGES[:-1])
    assert middles[3] < told["half"] < middles[4]
    assert completeness(trials_of(shares), 0.05)["found"] == 160
    assert completeness(trials_of((1.0,) * 8), 0.5)["half"] is None
    assert completeness([], 0.5)["bins"][0]["share"] is None


def test_the_figure_is_drawn(tmp_path):
    told = completeness(trials_of((0.0, 0.1, 0.2, 0.4, 0.8, 0.9, 1.0, 1.0)), 0.5)
    draw_completeness(told, tmp_path / "c.png", "a model")
    with Image.open(tmp_path / "c.png") as picture:
        assert picture.width > 400
        assert len(np.unique(np.asarray(picture.convert("L")))) > 20
