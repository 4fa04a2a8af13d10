"""The structure of made-up galaxies, whose sizes and shapes are known."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from astropy.modeling.models import Sersic2D

from clump_detector.catalogue.galaxy_rows import structure_rows
from clump_detector.core.errors import ImageError
from clump_detector.images.cutout import Cutout
from clump_detector.photometry import moffat, prepare
from clump_detector.photometry.structure.measure import measure_structure
from clump_detector.photometry.structure.values import LENGTHS, VALUES

SIDE, FWHM, RE = 181, 4.0, 14.0
PLACE = {value.column: k for k, value in enumerate(VALUES)}


def galaxy(n=1.0, ellipticity=0.3, factor=1.0, noise=0.05, re=RE, **known):
    """Return a cutout of a Sersic profile behind a PSF, and its total flux."""
    from scipy.signal import fftconvolve

    fine = 5
    side = SIDE * fine
    rows, columns = np.indices((side, side))
    middle = (side - 1) / 2
    profile = Sersic2D(1.0, re * fine, n, middle, middle, ellipticity, 0.5)
    sharp = profile(columns, rows).reshape(SIDE, fine, SIDE, fine).mean(axis=(1, 3))
    grid = np.hypot(*(np.indices((41, 41)) - 20))
    psf = moffat(FWHM).pixel_light(grid)
    plane = fftconvolve(sharp, psf / psf.sum(), mode="same") * 5
    total = float(sharp.sum() * 5)
    plane = plane + np.random.default_rng(0).normal(0, noise, plane.shape)
    known = {"scale": 0.4, "jansky": (3.631e-6 / factor,)} | known
    cutout = Cutout(
        "made", (factor * plane)[None].astype(np.float32), bands=("r",), fwhm=FWHM,
        **known,
    )  # fmt: skip
    return cutout, total


@cache
def disc():
    """An exponential disc, measured once with errors."""
    cutout, total = galaxy()
    field = prepare(cutout, psf=moffat(FWHM))
    return field, measure_structure(field, samples=6), total


def test_a_disc_has_its_size_shape_and_light():
    field, found, total = disc()
    assert found.band == "r"
    assert found.quality == "good"
    assert found.sersic_good
    assert found.samples == 6
    values = found.values
    assert values[PLACE["galaxy_elliptical_mag"]] == pytest.approx(total, rel=0.03)
    assert values[PLACE["galaxy_sersic_re_arcsec"]] == pytest.approx(RE, rel=0.05)
    assert values[PLACE["galaxy_sersic_n"]] == pytest.approx(1, abs=0.12)
    assert values[PLACE["galaxy_sersic_ratio"]] == pytest.approx(0.7, abs=0.04)
    assert values[PLACE["galaxy_half_light_arcsec"]] == pytest.approx(RE, rel=0.08)
    assert values[PLACE["galaxy_asymmetry"]] == pytest.approx(0, abs=0.03)
    assert 2.2 < values[PLACE["galaxy_concentration"]] < 3.3
    assert (found.error > 0).all()
    row = structure_rows(field, found)
    assert row["galaxy_sersic_re_arcsec"] == pytest.approx(0.4 * RE, rel=0.05)
    magnitude = -2.5 * np.log10(total * 3.631e-6 / 3631)
    assert row["galaxy_elliptical_mag"] == pytest.approx(magnitude, abs=0.03)
    assert row["galaxy_elliptical_mag_err"] == pytest.approx(0.054, abs=0.02)


def test_an_old_galaxy_is_more_concentrated():
    cutout, _ = galaxy(n=3.0, ellipticity=0.1)
    old = measure_structure(prepare(cutout, psf=moffat(FWHM)), samples=0)
    _, young, _ = disc()
    assert old.values[PLACE["galaxy_sersic_n"]] == pytest.approx(3, abs=0.6)
    for column in ("galaxy_concentration", "galaxy_gini"):
        assert old.values[PLACE[column]] > young.values[PLACE[column]]
    assert old.values[PLACE["galaxy_m20"]] < young.values[PLACE["galaxy_m20"]]


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5])
def test_the_share_of_a_bulge_is_found(share):
    """The bulge is a de Vaucouleurs profile, a fifth as large as the disc."""
    cutout, total = galaxy(noise=0.02)
    small, _ = galaxy(n=4.0, ellipticity=0.1, noise=0.0, re=0.2 * RE)
    sharp = small.pixels / small.pixels.sum()
    planes = (1 - share) * cutout.pixels + np.float32(share * total) * sharp
    both = Cutout("made", planes, bands=("r",), fwhm=FWHM, scale=0.4)
    found = measure_structure(prepare(both, psf=moffat(FWHM)), samples=0)
    fraction = found.values[PLACE["galaxy_bulge_fraction"]]
    assert fraction == pytest.approx(share, abs=0.05)


def test_without_samples_there_are_no_errors():
    field, _, _ = disc()
    found = measure_structure(field, samples=0)
    assert np.isnan(found.error).all()
    assert np.isfinite(found.values).all()


def test_the_unit_of_the_pixels_does_not_matter():
    _, found, _ = disc()
    cutout, _ = galaxy(factor=1e-9)
    field = prepare(cutout, psf=moffat(FWHM))
    small = measure_structure(field, samples=0)
    assert small.values[1:] == pytest.approx(found.values[1:], rel=0.02, abs=0.01)
    row = structure_rows(field, small)
    assert row["galaxy_elliptical_mag"] == pytest.approx(
        structure_rows(disc()[0], found)["galaxy_elliptical_mag"], abs=0.02
    )


def test_without_units_there_are_no_magnitudes_and_lengths():
    cutout, _ = galaxy(scale=None, jansky=())
    field = prepare(cutout, psf=moffat(FWHM))
    row = structure_rows(field, measure_structure(field, samples=0))
    assert np.isnan(row["galaxy_elliptical_mag"])
    for k in LENGTHS:
        assert np.isnan(row[VALUES[k].column])
    assert np.isfinite(row["galaxy_gini"])


def test_a_galaxy_over_the_edge_says_so():
    cutout, _ = galaxy()
    cut = Cutout(
        "cut", cutout.pixels[:, 40:, 70:].copy(), bands=("r",), fwhm=FWHM, scale=0.4
    )
    try:
        found = measure_structure(prepare(cut), samples=0)
    except ImageError:
        return
    assert any("edge" in note for note in found.notes)


def empty():
    plane = np.random.default_rng(2).normal(0, 1, (1, 80, 80)).astype(np.float32)
    return Cutout("empty", plane, bands=("r",), fwhm=FWHM)


def star():
    grid = np.hypot(*(np.indices((81, 81)) - 40))
    plane = 500 * moffat(FWHM).pixel_light(grid)
    plane = plane + np.random.default_rng(2).normal(0, 1.5, plane.shape)
    return Cutout("star", plane[None].astype(np.float32), bands=("r",), fwhm=FWHM)


def picture():
    plane = galaxy()[0].pixels[0].clip(0, 25) * 10
    return Cutout("picture", np.stack([plane.astype(np.uint8)] * 3, 2), fwhm=FWHM)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (empty, "no galaxy was found"),
        (star, "no larger than the PSF"),
        (picture, "no linear flux"),
    ],
)
def test_what_has_no_structure_is_refused(made, words):
    with pytest.raises(ImageError, match=words):
        measure_structure(prepare(made()))
