"""North, East and scale: which way a cutout is turned, and what is marked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_clumps.render.orientation import (
    AS_IS,
    ORIENTATIONS,
    Compass,
    Orientation,
    compass_of,
    north_up,
    scale_bar,
)

SCALE = 0.262 / 3600
SIZE = (300, 200)


def wcs_of(cd, ra=150.0, dec=2.0, kind="TAN"):
    from astropy.wcs import WCS

    wcs = WCS(naxis=2)
    wcs.wcs.ctype = [f"RA---{kind}", f"DEC--{kind}"]
    wcs.wcs.crval = [ra, dec]
    wcs.wcs.crpix = [150.5, 100.5]
    wcs.wcs.cd = np.array(cd, float) * SCALE
    wcs.wcs.set()
    return wcs


def turned(cd, degrees):
    a = np.radians(degrees)
    return np.array(cd) @ [[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]


#: CD matrix (rows: RA, Dec; columns: x, y) and how the array is turned for it.
TABLE = [
    ([[-1, 0], [0, -1]], Orientation(False, "down", "right")),  # as it is
    ([[-1, 0], [0, 1]], Orientation(False, "up", "right")),  # the usual FITS file
    ([[1, 0], [0, -1]], Orientation(False, "down", "left")),
    ([[1, 0], [0, 1]], Orientation(False, "up", "left")),  # mirrored
    ([[0, -1], [-1, 0]], Orientation(True, "down", "right")),
    ([[0, -1], [1, 0]], Orientation(True, "up", "right")),
    ([[0, 1], [-1, 0]], Orientation(True, "down", "left")),
    ([[0, 1], [1, 0]], Orientation(True, "up", "left")),
]


def test_the_table_has_all_eight():
    assert {wanted for _, wanted in TABLE} == set(ORIENTATIONS)
    assert len(ORIENTATIONS) == 8
    assert ORIENTATIONS[0] == AS_IS == Orientation()


@pytest.mark.parametrize(("cd", "wanted"), TABLE)
@pytest.mark.parametrize("degrees", [0, 40, -40, 0.1])
def test_north_is_turned_up_and_east_left(cd, wanted, degrees):
    compass = compass_of(wcs_of(turned(cd, degrees)), *SIZE)
    assert north_up(compass) == wanted
    right, down = wanted.on_screen(compass.north)
    assert down == pytest.approx(-np.cos(np.radians(degrees)), abs=1e-3)
    assert abs(right) == pytest.approx(abs(np.sin(np.radians(degrees))), abs=1e-3)
    assert wanted.on_screen(compass.east)[0] < -0.7


def test_cdelt_and_a_rotation_do_as_well_as_a_matrix():
    from astropy.wcs import WCS

    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [150.0, 2.0]
    wcs.wcs.cdelt = [-SCALE, 3 * SCALE]  # pixels that are no squares
    wcs.wcs.crota = [0.0, 90.0]
    wcs.wcs.set()
    compass = compass_of(wcs, *SIZE)
    assert np.allclose(np.abs(compass.north), (1, 0), atol=1e-4)
    assert north_up(compass).transposed


def test_axes_in_the_other_order_are_no_trap():
    wcs = wcs_of([[-1, 0], [0, 1]])
    swapped = wcs.sub([2, 1])  # the first pixel axis is the second one now
    assert swapped.wcs.lng == 1
    compass = compass_of(swapped, *SIZE)
    assert compass.north == pytest.approx((1, 0), abs=1e-3)
    assert compass.east == pytest.approx((0, -1), abs=1e-3)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0, 359.999),
    st.floats(-89.5, 89.5),
    st.floats(0, 360),
    st.booleans(),
)
def test_directions_are_those_of_the_sky(ra, dec, degrees, mirrored):
    """Go a second of arc north and east on the sphere and see where that is."""
    from astropy import units as u
    from astropy.coordinates import SkyCoord

    cd = turned([[1 if mirrored else -1, 0], [0, 1]], degrees)
    wcs = wcs_of(cd, ra, dec)
    compass = compass_of(wcs, *SIZE)
    middle = SkyCoord(*wcs.all_pix2world([[149.5, 99.5]], 0)[0], unit="deg")
    for angle, found in ((0, compass.north), (90, compass.east)):
        there = middle.directional_offset_by(angle * u.deg, 1 * u.arcsec)
        offset = wcs.all_world2pix([[there.ra.deg, there.dec.deg]], 0)[0]
        offset -= (149.5, 99.5)
        np.testing.assert_allclose(found, offset / np.hypot(*offset), atol=2e-3)


def test_without_directions_the_array_stays_as_it_is():
    assert compass_of(None, *SIZE) is None
    assert north_up(None) == AS_IS
    flat = wcs_of([[-1, 0], [0, 1]])
    flat.wcs.cd = np.array([[SCALE, SCALE], [SCALE, SCALE]])
    assert compass_of(_Flat(), *SIZE) is None


class _Flat:
    """A WCS whose every pixel lies on one line of the sky."""

    wcs = type("wcs", (), {"lng": 0, "lat": 1})

    def all_pix2world(self, places, _origin):
        return np.repeat(places.sum(axis=1)[:, None], 2, axis=1) * SCALE


def test_between_two_orientations_the_array_as_it_is_wins():
    half = 0.5**0.5
    compass = Compass(north=(half, -half), east=(-half, -half))
    assert north_up(compass) == AS_IS


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_turning_keeps_lengths_and_angles(orientation):
    a, b = (0.6, -0.8), (0.8, 0.6)
    c, d = orientation.on_screen(a), orientation.on_screen(b)
    assert np.dot(c, d) == pytest.approx(0)
    assert np.hypot(*c) == pytest.approx(1)


@pytest.mark.parametrize(
    ("scale", "zoom", "arcsec", "words"),
    [
        (0.262, 1.5, 20, "20″"),
        (0.262, 20.0, 1, "1″"),
        (0.4, 1.0, 50, "50″"),
        (0.05, 1.0, 5, "5″"),
        (0.01, 20.0, 0.05, "0.05″"),
        (1.0, 0.1, 1000, "1000″"),
        (0.25, 0.25, 100, "100″"),
    ],
)
def test_a_scale_bar_is_round_and_as_long_as_it_says(scale, zoom, arcsec, words):
    bar = scale_bar(scale, zoom, 140)
    assert bar.arcsec == pytest.approx(arcsec)
    assert bar.words == words
    assert bar.length == pytest.approx(arcsec / scale * zoom)
    assert 140 / 2.5 < bar.length <= 140 * (1 + 1e-6)
