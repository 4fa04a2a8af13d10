"""Isophotes of made-up galaxies whose shapes are known."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import Table
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st

from clump_detector.catalogue import CatalogueBuilder, write_catalogue
from clump_detector.catalogue.galaxy_columns import ISOPHOTES
from clump_detector.catalogue.galaxy_rows import isophote_rows
from clump_detector.core.errors import ImageError
from clump_detector.images.cutout import Cutout
from clump_detector.photometry import moffat, prepare
from clump_detector.photometry.aperture.profile import semi_major
from clump_detector.photometry.isophotes import shape_fits
from clump_detector.photometry.isophotes.angles import position_angles
from clump_detector.photometry.isophotes.ellipses import Shapes
from clump_detector.photometry.isophotes.fit import fit_isophotes
from clump_detector.photometry.isophotes.picture import residual_picture
from clump_detector.photometry.isophotes.residual import residual

SIDE, FWHM, SKY, NOISE = 161, 4.0, 3.0, 0.05
NOTHING = np.zeros((0, 4))


def north_up():
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = [150.0, 40.0], [81, 81]
    wcs.wcs.cdelt = [-0.4 / 3600, 0.4 / 3600]
    return wcs


def galaxy(ellipticity=0.4, angle=0.6, clumps=(), height=30.0, bands="gr", **known):
    """Return a cutout of an exponential disc with a scale of 12 pixels."""
    rows, columns = np.indices((SIDE, SIDE))
    radius = semi_major(columns - 80, rows - 80, 1 - ellipticity, angle)
    plane = height * np.exp(-radius / 12)
    for x, y, flux in clumps:
        plane = plane + flux * moffat(FWHM).pixel_light(np.hypot(columns - x, rows - y))
    rng = np.random.default_rng(0)
    planes = np.stack([SKY + share * plane for share in (0.5, 1.0)[-len(bands) :]])
    planes = planes + rng.normal(0, NOISE, planes.shape)
    known = {
        "scale": 0.4,
        "jansky": (3.631e-6,) * len(bands),
        "wcs": north_up(),
    } | known
    return Cutout(
        "made", planes.astype(np.float32), bands=tuple(bands), fwhm=FWHM, **known
    )


@cache
def usual():
    """A galaxy without clumps, its field and its isophotes, fitted once."""
    cutout = galaxy()
    field = prepare(cutout)
    return cutout, field, fit_isophotes(field, NOTHING)


def boxes_of(clumps):
    half = 1.25 * FWHM
    return np.array([(x - half, y - half, x + half, y + half) for x, y, _ in clumps])


@settings(max_examples=30, deadline=None)
@given(
    flat=st.floats(0, 0.8),
    angle=st.floats(0, np.pi),
    x=st.floats(-50, 50),
    y=st.floats(-50, 50),
)
def test_ellipses_of_one_shape_have_their_own_semi_major_axis(flat, angle, x, y):
    same = np.ones(8)
    shapes = Shapes(0.0, 0.0, np.geomspace(2, 40, 8), flat * same, angle * same)
    found = shapes.radius_at(np.array([x]), np.array([y]))
    true = semi_major(np.array([x]), np.array([y]), 1 - flat, angle)
    assert found == pytest.approx(true, abs=0.02 * max(float(true[0]), 1))


@pytest.mark.parametrize(
    ("ellipticity", "angle"), [(0.4, 0.6), (0.15, 2.5), (0.7, 1.5)]
)
def test_a_disc_has_its_shape_and_light(ellipticity, angle):
    cutout = galaxy(ellipticity, angle)
    field = prepare(cutout)
    found = fit_isophotes(field, NOTHING)
    assert found.kind == "isophotes"
    assert found.fitted_in == "r"
    shapes = found.shapes
    outer = (shapes.radii > 2 * FWHM) & np.isfinite(found.ellipticity_error)
    outer &= shapes.radii < 45
    assert outer.sum() > 5
    assert np.median(shapes.ellipticity[outer]) == pytest.approx(ellipticity, abs=0.03)
    turned = np.unwrap(shapes.angle[outer], period=np.pi)
    off = (np.median(turned) - angle + np.pi / 2) % np.pi - np.pi / 2
    assert off == pytest.approx(0, abs=0.06)
    true = 30 * np.exp(-shapes.radii / 12)
    assert found.light[1][outer] == pytest.approx(true[outer], rel=0.06)
    assert found.light[0][outer] == pytest.approx(true[outer] / 2, rel=0.08)
    per_pixel = true * 3.631e-6 / 0.4**2 / 3631
    expected = -2.5 * np.log10(per_pixel[outer])
    assert found.surface_brightness[1][outer] == pytest.approx(expected, abs=0.08)


def test_what_is_left_is_the_clumps_and_the_noise():
    clumps = [(110.0, 85.0, 150.0), (70.0, 62.0, 80.0)]
    cutout = galaxy(clumps=clumps)
    field = prepare(cutout)
    found = fit_isophotes(field, boxes_of(clumps))
    left = residual(field, found)[1]
    rows, columns = np.indices(left.shape)
    for x, y, flux in clumps:
        near = np.hypot(columns - x, rows - y) <= 2.2 * FWHM
        light = left[near].sum() / moffat(FWHM).inside(2.2 * FWHM)
        assert light == pytest.approx(flux, rel=0.1)
    free = np.hypot(columns - 80, rows - 80) > 2 * FWHM
    for x, y, _ in clumps:
        free &= np.hypot(columns - x, rows - y) > 5 * FWHM
    assert left[free].std() < 1.6 * NOISE
    assert (left + found.smooth_light(left.shape)[1])[free] == pytest.approx(
        cutout.pixels[1][free] - field.sky.level[1], abs=1e-4
    )
    picture = residual_picture(field, found)
    assert picture.shape == (SIDE, SIDE, 3)
    assert picture[85, 110].min() > 150
    assert abs(int(np.median(picture[free])) - 96) < 12


def test_a_clump_that_is_no_box_does_not_bend_the_isophotes():
    found = fit_isophotes(prepare(galaxy(clumps=[(104.0, 92.0, 400.0)])), NOTHING)
    outer = np.isfinite(found.ellipticity_error) & (found.shapes.radii > 2 * FWHM)
    assert np.median(found.shapes.ellipticity[outer]) == pytest.approx(0.4, abs=0.05)


def test_the_position_angle_is_that_on_the_sky():
    cutout, _, found = usual()
    shapes = found.shapes
    k = int(np.argmin(np.abs(shapes.radii - 30)))
    ends = cutout.wcs.pixel_to_world(
        [shapes.x, shapes.x + 20 * np.cos(shapes.angle[k])],
        [shapes.y, shapes.y + 20 * np.sin(shapes.angle[k])],
    )
    true = SkyCoord(ends[0]).position_angle(ends[1]).deg % 180
    assert position_angles(cutout, found)[k] == pytest.approx(true, abs=0.05)
    # East is left: an axis that rises to the right is West of North.
    assert true == pytest.approx(180 - (90 - np.degrees(0.6)), abs=6)
    flat = galaxy(angle=0.6, wcs=None)
    assert np.isnan(position_angles(flat, found)).all()


@pytest.mark.parametrize("ending", ["ecsv", "vot", "xml", "fits", "parquet", "csv"])
def test_the_table_is_read_by_astropy(tmp_path, ending):
    cutout, _, found = usual()
    red = replace(
        found, bands=("r",), light=found.light[1:], error=found.error[1:], jansky=()
    )
    rows = isophote_rows(red, position_angles(cutout, red))
    assert "mu_{band}" not in rows
    path, n = tmp_path / f"isophotes.{ending}", len(found.shapes.radii)
    table = CatalogueBuilder(ISOPHOTES, "isophotes")
    table.add(n, isophote_rows(found, position_angles(cutout, found)))
    table.add(n, rows)
    write_catalogue(table.finished(), path)
    formats = {
        "ecsv": "ascii.ecsv",
        "vot": "votable",
        "xml": "votable",
        "csv": "ascii.csv",
    }
    back = Table.read(path, format=formats.get(ending, ending))
    assert len(back) == 2 * n
    radii, light = (
        np.ma.filled(np.ma.asarray(back[name], dtype=float), np.nan)
        for name in ("semi_major_px", "light_g")
    )
    assert radii[:n] == pytest.approx(found.shapes.radii)
    assert light[:n] == pytest.approx(found.light[0], rel=1e-6)
    assert np.isnan(light[n:]).all()
    if ending in ("ecsv", "vot", "xml", "fits"):
        assert back["semi_major_arcsec"].unit == "arcsec"
        assert back["mu_r"].unit == "mag / arcsec2"


def test_where_no_fit_converges_all_have_the_shape_of_one_profile(monkeypatch):
    monkeypatch.setattr(shape_fits, "LEAST_CONVERGED", 2.0)
    found = fit_isophotes(prepare(galaxy()), NOTHING)
    assert found.kind == "Sersic"
    assert np.isnan(found.ellipticity_error).all()
    assert found.shapes.ellipticity == pytest.approx(0.4, abs=0.05)
    assert "one Sersic profile" in found.notes[0]


def test_a_picture_has_relative_light():
    picture = np.clip(galaxy(bands="r").pixels[0] * 6, 0, 255).astype(np.uint8)
    cutout = Cutout("picture", np.stack([picture] * 3, axis=2), fwhm=FWHM)
    found = fit_isophotes(prepare(cutout), NOTHING)
    assert found.bands == ("red", "green", "blue")
    assert np.isnan(found.surface_brightness).all()
    assert "relative" in " ".join(found.notes)


def nothing_there():
    rng = np.random.default_rng(2)
    plane = rng.normal(0, 1, (1, 60, 60)).astype(np.float32)
    return Cutout("empty", plane, bands=("r",), fwhm=FWHM), NOTHING


def a_star():
    rows, columns = np.indices((81, 81))
    plane = 500 * moffat(FWHM).pixel_light(np.hypot(columns - 40, rows - 40))
    plane = plane + np.random.default_rng(2).normal(0, 1.5, plane.shape)
    return Cutout("star", plane[None].astype(np.float32), bands=("r",), fwhm=FWHM), (
        NOTHING
    )


def all_boxes():
    places = [(x, y, 0) for x in range(10, 160, 6) for y in range(10, 160, 6)]
    return galaxy(), boxes_of(places)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (nothing_there, "no galaxy was found"),
        (a_star, "too small"),
        (all_boxes, "hidden by clumps"),
    ],
)
def test_what_has_no_isophotes_is_refused(made, words):
    cutout, boxes = made()
    with pytest.raises(ImageError, match=words):
        fit_isophotes(prepare(cutout), boxes)


def test_odd_galaxies_are_fitted_or_refused():
    """Edge-on, over the edge, half of it missing, a dozen pixels: no traceback."""
    edge_on = galaxy(0.93, 0.3)
    cut = galaxy()
    cut = Cutout(
        "cut", cut.pixels[:, 40:120, 60:140].copy(), bands=("g", "r"), fwhm=FWHM
    )
    half = galaxy()
    half.pixels[:, :, :78] = np.nan
    tiny = Cutout("tiny", galaxy().pixels[:, 74:86, 74:86].copy(), bands=("g", "r"))
    fitted = 0
    for cutout in (edge_on, cut, half, tiny):
        try:
            found = fit_isophotes(prepare(cutout), NOTHING)
        except ImageError:
            continue
        fitted += 1
        assert np.isfinite(found.light[found.bands.index(found.fitted_in)]).all()
        assert (np.diff(found.shapes.radii) > 0).all()
    assert fitted >= 2
