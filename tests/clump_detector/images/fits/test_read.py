"""Values and axes of FITS files as surveys make them."""

from __future__ import annotations

import bz2
import gzip
import io

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st

from clump_detector.astrometry.wcs import sky_positions
from clump_detector.core.errors import ImageError
from clump_detector.image_files.sources import find_sources
from clump_detector.images.cutout import read_cutout
from clump_detector.images.fits.scan import opened, scan
from clump_detector.images.fits.values import values_of
from napari_clumps.render.orientation import Orientation, compass_of, north_up
from tests.helpers.survey_files import noise, sky, write

# -- values -------------------------------------------------------------------


def decoded(path):
    with opened(path) as (file, size):
        parts = scan(file, size, path)
        return [values_of(file, part, path) for part in parts if len(part.shape) > 1]


@settings(deadline=None, max_examples=60)
@given(
    bitpix=st.sampled_from(["u1", "i2", "i4", "i8", "f4", "f8"]),
    scale=st.sampled_from([None, 1.0, 0.25, -2.0]),
    zero=st.sampled_from([None, 0.0, 1000.0, 32768.0, 2147483648.0]),
    blank=st.booleans(),
    shape=st.sampled_from([(7, 9), (2, 5, 6), (1, 1, 4, 3)]),
)
def test_plain_values_are_those_that_astropy_reads(
    tmp_path_factory, bitpix, scale, zero, blank, shape
):
    path = tmp_path_factory.mktemp("v") / "a.fits"
    array = np.arange(np.prod(shape)).reshape(shape).astype(bitpix)
    made = fits.PrimaryHDU(array)
    if scale is not None:
        made.header["BSCALE"] = scale
    if zero is not None:
        made.header["BZERO"] = zero
    if blank and bitpix[0] in "ui":
        made.header["BLANK"] = 5
    out = io.BytesIO()
    fits.PrimaryHDU(array).writeto(out)
    header = made.header.tostring().encode()
    path.write_bytes(header + out.getvalue()[2880:])
    with fits.open(path, uint=False) as hdus:  # else it forgets BLANK
        expected = np.asarray(hdus[0].data, dtype=np.float64)
    (found,) = decoded(path)
    assert found.dtype == np.dtype("=f4")
    np.testing.assert_allclose(found, expected.astype(np.float32), rtol=2e-7)


@pytest.mark.parametrize(
    ("scheme", "options"),
    [
        ("RICE_1", {}),
        ("RICE_1", {"tile_shape": (16, 16)}),
        ("GZIP_1", {}),
        ("GZIP_2", {}),
        ("HCOMPRESS_1", {"tile_shape": (20, 40)}),
        ("PLIO_1", {}),
        ("NOCOMPRESS", {}),
    ],
)
def test_tiles_are_unpacked_as_astropy_does(tmp_path, scheme, options):
    path = tmp_path / "a.fits.fz"
    whole = np.abs(100 * noise(40, 40)).astype(np.int16)
    write(path, fits.CompImageHDU(whole, compression_type=scheme, **options))
    assert np.array_equal(decoded(path)[0], whole)


def test_lossy_tiles_with_nan(tmp_path):
    path = tmp_path / "a.fits.fz"
    array = noise(60, 80)
    array[:3, :5] = np.nan
    write(path, fits.CompImageHDU(array, compression_type="RICE_1"))
    with fits.open(path) as hdus:
        expected = hdus[1].data
    assert np.array_equal(decoded(path)[0], expected, equal_nan=True)
    assert np.isnan(read_cutout(path).pixels).sum() == 15


def test_whatever_the_ending_says_what_is_packed_is_unpacked(tmp_path):
    plain = write(tmp_path / "a.fits", noise(30, 40))
    for pack, name in ((gzip.compress, "b.fits"), (bz2.compress, "c.fits.gz")):
        (tmp_path / name).write_bytes(pack(plain.read_bytes()))
        same = read_cutout(tmp_path / name).pixels
        assert np.array_equal(same, read_cutout(plain).pixels)


@pytest.mark.parametrize("ending", ["fit.gz", "fts.bz2", "fit.fz", "FITS.GZ"])
def test_more_endings(tmp_path, ending):
    plain = write(tmp_path / "a.fits", noise(30, 40))
    pack = {"gz": gzip.compress, "z2": bz2.compress, "fz": bytes}[ending[-2:].lower()]
    path = tmp_path / f"b.{ending}"
    path.write_bytes(pack(plain.read_bytes()))
    assert [s.name for s in find_sources([path])] == ["b"]
    assert read_cutout(path).pixels.shape == (1, 30, 40)


# -- axes ---------------------------------------------------------------------

#: Where the bands are among the array's axes.
PLACES = {"first": 0, "in the middle": 1, "last": 2}


def three_axes(place):
    """Return the cards of a WCS that tells all three axes of a cube."""
    spectral = 3 - place  # FITS counts from the other end, from 1
    first, second = (i for i in (1, 2, 3) if i != spectral)
    cards = {f"CTYPE{spectral}": "WAVE", f"CRVAL{spectral}": 1.0,
             f"CRPIX{spectral}": 1.0, f"CDELT{spectral}": 1.0}  # fmt: skip
    for old, axis in (("1", first), ("2", second)):
        for key in ("CTYPE", "CRVAL", "CRPIX"):
            cards[f"{key}{axis}"] = sky()[key + old]
    cards |= {f"CDELT{first}": -0.4 / 3600, f"CDELT{second}": 0.4 / 3600}
    return cards


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
@pytest.mark.parametrize("told", ["no WCS", "two axes", "three axes"])
@pytest.mark.parametrize("n", [2, 3, 5])
def test_the_bands_may_be_on_any_axis(tmp_path, place, told, n):
    planes = noise(n, 30, 40)
    header = {"no WCS": {}, "two axes": sky(), "three axes": three_axes(place)}[told]
    path = tmp_path / "a.fits"
    write(path, np.ascontiguousarray(np.moveaxis(planes, 0, place)), **header)
    cutout = read_cutout(path)
    assert np.array_equal(cutout.pixels, planes)
    assert cutout.pixels.flags.c_contiguous
    if header:
        expected = WCS(fits.Header(sky())).pixel_to_world(3.0, 25.0)
        (found,) = sky_positions(cutout.wcs, 3, 25)
        assert found == pytest.approx([expected.ra.deg, expected.dec.deg], abs=1e-8)
    else:
        assert cutout.wcs is None


def test_a_wcs_tells_the_axis_where_sizes_do_not(tmp_path):
    cube = noise(12, 10, 11)
    for place in range(3):
        path = write(tmp_path / f"{place}.fits", cube, **three_axes(place))
        expected = np.moveaxis(cube, place, 0)
        assert np.array_equal(read_cutout(path).pixels, expected)


def test_without_a_wcs_the_odd_axis_of_a_small_cube_counts_the_bands(tmp_path):
    path = write(tmp_path / "a.fits", noise(12, 5, 12))
    assert read_cutout(path).pixels.shape == (5, 12, 12)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((1, 30, 40), (1, 30, 40)),
        ((1, 1, 30, 40), (1, 30, 40)),
        ((30, 1, 40), (1, 30, 40)),
        ((3, 1, 30, 40), (3, 30, 40)),
        ((1, 3, 30, 40), (3, 30, 40)),
        ((30, 40, 1, 4), (4, 30, 40)),
    ],
)
def test_axes_of_one_element_are_left_out(tmp_path, shape, expected):
    path = write(tmp_path / "a.fits", noise(*shape))
    assert read_cutout(path).pixels.shape == expected


@pytest.mark.parametrize("shape", [(2, 3, 30, 40), (40, 1, 1), (90, 30, 40)])
def test_what_is_no_image_is_refused(tmp_path, shape):
    path = write(tmp_path / "a.fits", noise(*shape))
    with pytest.raises(ImageError, match=r"is not a cutout|holds no image"):
        read_cutout(path)


def test_declination_may_come_first(tmp_path):
    other = {"1": "2", "2": "1"}
    header = {}
    for key, value in sky(turned=0.3).items():
        if key.startswith("CD"):  # rows of the matrix are the sky's axes
            header[f"CD{other[key[2]]}_{key[4]}"] = value
        elif key.startswith("CRPIX"):
            header[key] = value
        else:
            header[key[:-1] + other[key[-1]]] = value
    plain = read_cutout(write(tmp_path / "a.fits", noise(30, 40), **sky(turned=0.3)))
    swapped = read_cutout(write(tmp_path / "b.fits", noise(30, 40), **header))
    for x, y in ((0, 0), (39, 0), (7, 22)):
        expected = sky_positions(plain.wcs, x, y)
        assert sky_positions(swapped.wcs, x, y) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
@pytest.mark.parametrize("told", ["two axes", "three axes"])
def test_north_is_up_and_east_left_whatever_the_axis_of_the_bands(
    tmp_path, place, told
):
    header = sky() if told == "two axes" else three_axes(place)
    cube = np.ascontiguousarray(np.moveaxis(noise(3, 30, 40), 0, place))
    cutout = read_cutout(write(tmp_path / "a.fits", cube, **header))
    turned = north_up(compass_of(cutout.wcs, cutout.width, cutout.height))
    assert turned == Orientation(vertical="up")


def test_north_is_up_where_declination_comes_first(tmp_path):
    """Declination runs along the array's columns here, right ascension up its rows."""
    header = {
        "CTYPE1": "DEC--TAN", "CTYPE2": "RA---TAN", "CRVAL1": 2.0, "CRVAL2": 150.0,
        "CRPIX1": 20.0, "CRPIX2": 15.0, "CDELT1": 1e-4, "CDELT2": -1e-4,
    }  # fmt: skip
    cutout = read_cutout(write(tmp_path / "a.fits", noise(30, 40), **header))
    compass = compass_of(cutout.wcs, cutout.width, cutout.height)
    assert compass.north == pytest.approx((1.0, 0.0), abs=1e-4)
    assert compass.east == pytest.approx((0.0, -1.0), abs=1e-4)
    turned = north_up(compass)
    assert turned.on_screen(compass.north)[1] == pytest.approx(-1.0, abs=1e-4)
    assert turned.on_screen(compass.east)[0] == pytest.approx(-1.0, abs=1e-4)


def test_old_frames_are_brought_to_that_of_today(tmp_path):
    header = {**sky(), "RADESYS": "FK4", "EQUINOX": 1950.0}
    cutout = read_cutout(write(tmp_path / "a.fits", noise(30, 40), **header))
    expected = WCS(fits.Header(header)).pixel_to_world(19.5, 14.5).icrs
    (found,) = sky_positions(cutout.wcs, 19.5, 14.5)
    assert found == pytest.approx([expected.ra.deg, expected.dec.deg], abs=1e-9)
    assert abs(found[0] - 150.0) > 0.5  # precession of half a century


def test_the_distortion_of_a_camera_is_kept(tmp_path):
    header = {**sky(), "A_ORDER": 2, "B_ORDER": 2, "A_2_0": 1e-3, "B_0_2": -1e-3}
    header |= {"CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP"}
    cutout = read_cutout(write(tmp_path / "a.fits", noise(30, 40), **header))
    expected = WCS(fits.Header(header)).all_pix2world([[35.0, 2.0]], 0)[0]
    assert sky_positions(cutout.wcs, 35, 2)[0] == pytest.approx(expected, abs=1e-12)
    straight = read_cutout(write(tmp_path / "b.fits", noise(30, 40), **sky()))
    apart = np.abs(sky_positions(straight.wcs, 35, 2)[0] - expected).max()
    assert apart * 3600 > 0.05
