"""Artefacts put on simulated galaxies are found, with their place; others are not."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from clump_detector.images.artefacts.bands import band_offsets
from clump_detector.images.artefacts.image import SearchedImage
from clump_detector.images.artefacts.kinds import (
    KINDS,
    Artefact,
    artefacts_from_json,
)
from clump_detector.images.artefacts.search import LARGEST, find_artefacts
from clump_detector.images.cutout import Cutout

SIDE, FWHM, SKY, NOISE = 200, 4.0, 20.0, 4.0


def spot(x, y, fwhm, height=1.0):
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    far2 = (columns - x) ** 2 + (rows - y) ** 2
    return height * np.exp(-far2 / (2 * (fwhm / 2.3548) ** 2))


def galaxy(seed=0, *, colours=(1.0, 0.9, 0.8)):
    """Return planes in grey levels: a disc with a nucleus, clumps, stars and noise."""
    rng = np.random.default_rng(seed)
    light = spot(100, 100, 45, 90) + spot(100, 100, 6, 80)
    for x, y in ((85, 92), (112, 118)):
        light += spot(x, y, FWHM, 35)
    for _ in range(8):
        light += spot(*rng.uniform(10, SIDE - 10, 2), FWHM, rng.uniform(20, 120))
    planes = np.array(colours)[:, None, None] * light + SKY
    return planes + rng.normal(0, NOISE, planes.shape)


def picture(planes):
    pixels = np.clip(planes, 0, 255).astype(np.uint8)
    return Cutout("galaxy", np.ascontiguousarray(np.moveaxis(pixels, 0, 2)), fwhm=FWHM)


def fluxes(planes, **more):
    return Cutout(
        "galaxy", (planes - SKY).astype(np.float32), bands=("g", "r", "i"), fwhm=FWHM,
        **more,
    )  # fmt: skip


BOTH = pytest.mark.parametrize("made", [picture, fluxes])


def kinds(cutout):
    return {one.kind for one in find_artefacts(cutout)}


def of_kind(cutout, kind):
    found = [one for one in find_artefacts(cutout) if one.kind == kind]
    assert found, [one.reason for one in find_artefacts(cutout)]
    return found[0]


@BOTH
def test_clean_galaxies_have_none(made):
    flagged = [seed for seed in range(20) if kinds(made(galaxy(seed)))]
    assert len(flagged) <= 1


def line(angle, offset, width=1.2):
    """Return a line through the sky, as far from the centre as said."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE] - (SIDE - 1) / 2
    across = columns * np.cos(angle) + rows * np.sin(angle) - offset
    return np.exp(-(across**2) / (2 * width**2))


@settings(max_examples=12, deadline=None)
@given(st.floats(0, np.pi), st.floats(72, 85), st.booleans())
def test_a_trail_is_found_at_every_angle(angle, offset, in_one_band):
    planes = galaxy()
    bands = [1] if in_one_band else [0, 1, 2]
    planes[bands] += 30 * line(angle, offset)
    found = of_kind(picture(planes), "trail")
    x1, y1, x2, y2 = found.place
    # The line's own points lie at the place.
    x = SIDE / 2 + offset * np.cos(angle)
    y = SIDE / 2 + offset * np.sin(angle)
    assert x1 - 15 <= x <= x2 + 15
    assert y1 - 15 <= y <= y2 + 15


def test_a_step_of_the_sky_is_the_edge_of_an_exposure():
    planes = galaxy()
    planes[:, :, 170:] += 6
    assert "seam" in kinds(picture(planes))


def star(x, y, arms):
    """Return a saturated star: a wide bright core, and four thin spikes."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    far = np.hypot(columns - x, rows - y)
    light = 260 * np.exp(-((far / 7) ** 2)) + 60 * np.exp(-far / 12)
    for angle in arms:
        along = (columns - x) * np.cos(angle) + (rows - y) * np.sin(angle)
        across = -(columns - x) * np.sin(angle) + (rows - y) * np.cos(angle)
        light += 70 * np.exp(-(across**2) / 2 - np.abs(along) / 25)
    return light


@pytest.mark.parametrize("turn", [0.0, 0.4, 0.78])
def test_a_star_with_spikes_is_found(turn):
    planes = galaxy() + star(45, 140, (turn, turn + np.pi / 2))
    found = of_kind(picture(planes), "saturated_star")
    x1, y1, x2, y2 = found.place
    assert x1 < 45 < x2
    assert y1 < 140 < y2
    assert (x1 + x2) / 2 == pytest.approx(45, abs=6)


def test_a_star_that_lost_its_core_is_found_and_an_unsaturated_one_is_not():
    planes = galaxy() + spot(45, 140, 12, 400)
    assert "saturated_star" not in kinds(picture(galaxy() + spot(45, 140, FWHM, 220)))
    planes[:, 137:143, 42:49] = 20
    assert "core" in of_kind(picture(planes), "saturated_star").reason


def test_light_from_beside_the_cutout_is_found_and_a_round_halo_is_not():
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    glow = 90 * np.exp(-np.hypot(columns - 210, rows + 10) / 40)
    found = of_kind(picture(galaxy() + glow), "scattered_light")
    assert "upper right" in found.reason
    halo = spot(100, 100, 120, 60)
    assert "scattered_light" not in kinds(picture(galaxy() + halo))


def test_a_strip_without_data_is_found():
    planes = galaxy()
    planes[:, :20] = 0
    found = of_kind(picture(planes), "missing")
    assert found.place == pytest.approx((0, 0, SIDE - 1, 19), abs=4)
    masked = galaxy()
    masked[:, :, 180:] = np.nan
    assert of_kind(fluxes(masked), "missing").place[0] == 180
    assert not {"trail", "seam"} & kinds(picture(planes))  # the strip's own edge


def test_a_dark_line_through_the_galaxy_is_found():
    planes = galaxy()
    planes[:, 80:125, 104:106] = 0
    found = of_kind(picture(planes), "missing")
    assert found.place == pytest.approx((104, 80, 105, 124), abs=4)


@settings(max_examples=10, deadline=None)
@given(st.floats(-3.5, 3.5), st.floats(-3.5, 3.5), st.booleans())
def test_shifted_bands_are_measured(dx, dy, as_picture):
    planes = galaxy(3)
    planes[2] = ndimage.shift(planes[2], (dy, dx), order=3, mode="nearest")
    cutout = (picture if as_picture else fluxes)(planes)
    assert band_offsets(SearchedImage.of(cutout))[2] == pytest.approx((dx, dy), abs=0.3)
    if 1.6 < np.hypot(dx, dy) < 3.8:
        assert "band_offset" in kinds(cutout)
    if np.hypot(dx, dy) < 0.8:
        assert "band_offset" not in kinds(cutout)


@BOTH
def test_a_galaxy_over_the_edge_is_found(made):
    planes = galaxy() + spot(100, 100, 60, 90)
    assert "edge" not in kinds(made(planes))
    assert "edge" in kinds(made(planes[:, :, 60:140]))


def test_a_red_star_on_the_galaxy_is_found_and_a_blue_clump_is_not():
    red = np.array([1.0, 0.6, 0.3])[:, None, None] * spot(118, 92, FWHM, 250)
    found = of_kind(picture(galaxy() + red), "star_on_galaxy")
    x1, y1, x2, y2 = found.place
    assert ((x1 + x2) / 2, (y1 + y2) / 2) == pytest.approx((118, 92), abs=2)
    blue = np.array([0.4, 0.7, 1.0])[:, None, None] * spot(118, 92, FWHM, 250)
    assert "star_on_galaxy" not in kinds(picture(galaxy() + blue))


def wcs_of(second_order, centre=(150.0, 2.0)):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN-SIP", "DEC--TAN-SIP"]
    wcs.wcs.crval, wcs.wcs.crpix = centre, [100.5, 100.5]
    wcs.wcs.cdelt = [-0.4 / 3600, 0.4 / 3600]
    a = np.zeros((3, 3))
    a[2, 0] = second_order
    from astropy.wcs import Sip

    wcs.sip = Sip(a, np.zeros((3, 3)), None, None, wcs.wcs.crpix)
    return wcs


def test_a_distorted_wcs_is_found_and_a_plain_one_is_not():
    assert "distortion" in kinds(fluxes(galaxy(), wcs=wcs_of(1e-4)))
    assert "distortion" not in kinds(fluxes(galaxy(), wcs=wcs_of(1e-6)))
    for place in ((0.001, 10.0), (80.0, 89.999)):  # where RA starts, and the pole
        assert "distortion" not in kinds(fluxes(galaxy(), wcs=wcs_of(1e-6, place)))
    assert "distortion" not in kinds(fluxes(galaxy()))


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((12, 12, 3), dtype=np.uint8),
        np.full((100, 100, 3), 7, dtype=np.uint8),
        np.full((2, 64, 64), np.nan, dtype=np.float32),
        np.full((1, 64, 64), 3.0, dtype=np.float32),
        np.zeros((LARGEST + 1, LARGEST + 1, 3), dtype=np.uint8),
    ],
)
def test_what_holds_nothing_is_searched_without_an_error(pixels):
    if pixels.dtype != np.uint8 and np.isfinite(pixels).any():
        pixels[0, 30, 30] = 9
    for one in find_artefacts(Cutout("odd", pixels)):
        assert one.kind == "missing"


def test_a_band_without_any_value_does_not_count():
    planes = galaxy()
    planes[0] = np.nan
    assert not kinds(fluxes(planes))
    assert not kinds(replace(fluxes(planes), bands=()))


@BOTH
def test_artefacts_come_back_from_json_in_the_order_of_the_kinds(made):
    planes = galaxy() + star(45, 140, (0.3, 0.3 + np.pi / 2))
    planes[2] = np.roll(planes[2], 3, axis=1)
    found = find_artefacts(made(planes))
    order = [list(KINDS).index(one.kind) for one in found]
    assert len(set(order)) > 1
    assert order == sorted(order)
    kept = json.loads(json.dumps([one.to_json() for one in found]))
    for one, back in zip(found, artefacts_from_json(kept), strict=True):
        assert (back.kind, back.reason) == (one.kind, one.reason)
        assert back.place == pytest.approx(one.place, abs=0.051)
    assert all(isinstance(one, Artefact) for one in artefacts_from_json(kept))
