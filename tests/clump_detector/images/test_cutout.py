"""The one reader: what it takes, what it says, and what it refuses."""

from __future__ import annotations

import bz2
import gzip
import os

import numpy as np
import pytest
import tifffile
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from clump_detector.astrometry.wcs import sky_positions
from clump_detector.core.errors import ClumpError, ImageError
from clump_detector.image_files.sources import find_sources
from clump_detector.images.cutout import from_array, read_cutout
from clump_detector.images.pixels import limits as image_limits
from clump_detector.images.rgb import to_rgb
from tests.helpers.paths import SHARED

REAL = SHARED / "real"
real = pytest.mark.skipif(
    not REAL.exists(), reason="no real galaxies beside the repository"
)


def flux(*shape, seed=0):
    return np.random.default_rng(seed).normal(1, 0.1, shape).astype(np.float32)


def grey(height=60, width=80, dtype=np.uint8, seed=0):
    highest = np.iinfo(dtype).max
    random = np.random.default_rng(seed)
    return random.integers(0, highest, (height, width), endpoint=True).astype(dtype)


def colour(height=60, width=80, dtype=np.uint8, channels=3):
    return np.stack([grey(height, width, dtype, i) for i in range(channels)], axis=2)


def write(path, array, **header):
    """Write an array in the format of the path's ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    name = path.name.lower()
    if name.endswith(".npy"):
        np.save(path, array, allow_pickle=True)
    elif name.endswith((".tif", ".tiff")):
        tifffile.imwrite(path, array)
    elif ".fits" in name:
        hdu = fits.PrimaryHDU(array)
        hdu.header.update(header)
        hdu.writeto(path)
    else:
        Image.fromarray(array).save(path)
    return path


def sky_header(n=2, scale=0.396):
    """Return a TAN header of a cube or a plane."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [150.1, -2.2]
    wcs.wcs.crpix = [41.0, 31.0]
    wcs.wcs.cdelt = [-scale / 3600, scale / 3600]
    wcs.wcs.pc = [[0.8, -0.6], [0.6, 0.8]]
    return dict(wcs.to_header())


# -- what it takes ------------------------------------------------------------

PICTURES = {
    "grey.png": grey(),
    "colour.png": colour(),
    "see-through.png": colour(channels=4),
    "photo.jpg": colour(),
    "photo.jpeg": grey(),
    "SHOUTED.PNG": colour(),
    "grey.tif": grey(),
    "colour.tiff": colour(),
    "see-through.tif": colour(channels=4),
    "deep.tif": colour(dtype=np.uint16),
    "grey.npy": grey(),
    "colour.npy": colour(),
}

FLUXES = {
    "plane.fits": (flux(60, 80), 1),
    "cube.fits": (flux(3, 60, 80), 3),
    "two.fits": (flux(2, 60, 80), 2),
    "four.fits": (flux(4, 60, 80), 4),
    "five.fits": (flux(5, 60, 80), 5),
    "deep-cube.fits": (flux(1, 3, 60, 80), 3),
    "last.fits": (np.moveaxis(flux(3, 60, 80), 0, 2), 3),
    "doubles.fits": (flux(60, 80).astype(">f8"), 1),
    "whole.fits": (grey(dtype=np.int16), 1),
    "unsigned.fits": (grey(dtype=np.uint16), 1),
    "bytes.fits": (grey(), 1),
    "deep.png": (grey(dtype=np.uint16), 1),
    "deep-grey.tif": (grey(dtype=np.uint16), 1),
    "floats.tif": (flux(60, 80), 1),
    "bands.tif": (flux(3, 60, 80), 3),
    "plane.npy": (flux(60, 80), 1),
    "cube.npy": (flux(5, 60, 80), 5),
    "last.npy": (np.moveaxis(flux(3, 60, 80), 0, 2), 3),
    "halves.npy": (flux(60, 80).astype(np.float16), 1),
    "truth.npy": (flux(60, 80) > 1, 1),
}


@pytest.mark.parametrize(("name", "array"), PICTURES.items(), ids=PICTURES.keys())
def test_pictures(tmp_path, name, array):
    cutout = read_cutout(write(tmp_path / name, array))
    assert cutout.is_picture
    assert cutout.pixels.shape == (60, 80, 3)
    assert (cutout.height, cutout.width) == (60, 80)
    if "photo" not in name:
        expected = array if array.ndim == 3 else np.repeat(array[..., None], 3, axis=2)
        if array.dtype == np.uint16:
            expected = expected >> 8
        assert np.array_equal(cutout.pixels, expected[..., :3])


@pytest.mark.parametrize(
    ("name", "array", "bands"), [(k, *v) for k, v in FLUXES.items()], ids=FLUXES.keys()
)
def test_fluxes(tmp_path, name, array, bands):
    cutout = read_cutout(write(tmp_path / name, array))
    assert not cutout.is_picture
    assert cutout.pixels.dtype == np.dtype("=f4")
    assert cutout.pixels.shape == (bands, 60, 80)
    assert (cutout.height, cutout.width) == (60, 80)
    planes = np.moveaxis(array, 2, 0) if "last" in name else array
    if name in ("bands.tif", "last.npy"):  # red, green, blue: a last axis, or RGB TIFF
        planes = planes[::-1]
    expected = np.asarray(planes, dtype=np.float32).reshape(bands, 60, 80)
    assert np.array_equal(cutout.pixels, expected)
    assert to_rgb(cutout).shape == (60, 80, 3)


@pytest.mark.parametrize("compress", [bz2.compress, gzip.compress], ids=["bz2", "gz"])
def test_compressed_fits(tmp_path, compress):
    plain = write(tmp_path / "a.fits", flux(60, 80))
    ending = "bz2" if compress is bz2.compress else "gz"
    packed = tmp_path / f"b.fits.{ending}"
    packed.write_bytes(compress(plain.read_bytes()))
    assert np.array_equal(read_cutout(packed).pixels, read_cutout(plain).pixels)
    assert read_cutout(packed).name == "b"


def test_tile_compressed_fits(tmp_path):
    path = tmp_path / "a.fits.fz"
    fits.CompImageHDU(grey(dtype=np.int16)).writeto(path)
    assert np.array_equal(read_cutout(path).pixels[0], grey(dtype=np.int16))


def test_one_extension_per_band(tmp_path):
    path = tmp_path / "a.fits"
    planes = {b: flux(60, 80, seed=i) for i, b in enumerate("gri")}
    hdus = [fits.ImageHDU(plane, name=b) for b, plane in planes.items()]
    for hdu, band in zip(hdus, planes, strict=True):
        hdu.header["EXTNAME"] = band
    mask = fits.ImageHDU(np.zeros((60, 80), np.int16), name="MASK")
    fits.HDUList([fits.PrimaryHDU(), *hdus, mask]).writeto(path)
    cutout = read_cutout(path)
    assert cutout.bands == ("g", "r", "i")
    assert np.array_equal(cutout.pixels, np.stack(list(planes.values())))


def test_a_table_before_the_image_does_not_matter(tmp_path):
    path = tmp_path / "a.fits"
    table = fits.BinTableHDU.from_columns([fits.Column("a", "E", array=np.ones(3))])
    image = fits.ImageHDU(flux(60, 80))
    fits.HDUList([fits.PrimaryHDU(), table, image]).writeto(path)
    assert read_cutout(path).pixels.shape == (1, 60, 80)


@pytest.mark.parametrize("stated", ["gri", "g,r,i", "g r i"])
def test_bands_are_named_in_the_header(tmp_path, stated):
    path = write(tmp_path / "a.fits", flux(3, 60, 80), BANDS=stated)
    assert read_cutout(path).bands == ("g", "r", "i")


@pytest.mark.parametrize("stated", ["gr", "abc", "", 7])
def test_names_that_do_not_fit_are_no_names(tmp_path, stated):
    path = write(tmp_path / "a.fits", flux(3, 60, 80), BANDS=stated)
    assert read_cutout(path).bands == ()


@pytest.mark.parametrize(
    ("header", "fwhm"),
    [
        ({"PSFFWHM": 1.32}, 1.32 / 0.396),
        ({"SEEING": 1.1}, 1.1 / 0.396),
        ({"PSFFWHM": 0.0, "SEEING": 1.1}, 1.1 / 0.396),
        ({"PSFFWHM": "good"}, None),
        ({"PSFFWHM": -9999.0}, None),
        ({}, None),
    ],
)
def test_the_psf_comes_from_the_header_in_arcsec(tmp_path, header, fwhm):
    path = write(tmp_path / "a.fits", flux(60, 80), **sky_header(), **header)
    found = read_cutout(path)
    assert found.scale == pytest.approx(0.396)
    assert found.fwhm == (None if fwhm is None else pytest.approx(fwhm))


def test_without_a_pixel_scale_the_psf_in_arcsec_says_nothing(tmp_path):
    path = write(tmp_path / "a.fits", flux(60, 80), PSFFWHM=1.3)
    found = read_cutout(path)
    assert (found.wcs, found.scale, found.fwhm) == (None, None, None)


# -- the sky ------------------------------------------------------------------


@pytest.mark.parametrize("bands", [1, 3])
def test_positions_are_astropys_to_a_hundredth_of_an_arcsec(tmp_path, bands):
    header = sky_header()
    path = write(tmp_path / "a.fits", flux(bands, 60, 80), **header)
    cutout = read_cutout(path)
    x, y = np.array([0.0, 40, 79.5]), np.array([0.0, 30, -0.5])
    # FITS counts from 1: the reference pixel 41, 31 is 40, 30 from 0.
    expected = WCS(fits.Header(header)).pixel_to_world(x, y)
    found = SkyCoord(*sky_positions(cutout.wcs, x, y).T, unit="deg")
    assert found.separation(expected).arcsec.max() < 0.01
    assert found[1].separation(SkyCoord(150.1, -2.2, unit="deg")).arcsec < 0.01


@pytest.mark.parametrize(
    "change",
    [
        {"CTYPE1": "LINEAR", "CTYPE2": "LINEAR"},
        {"CTYPE1": "RA---XXX"},
        {"CDELT1": 0.0},
        {"CRVAL1": "here"},
    ],
    ids=["linear", "unknown", "singular", "words"],
)
def test_a_broken_wcs_is_none_and_the_image_is_read(tmp_path, change):
    path = write(tmp_path / "a.fits", flux(60, 80), **{**sky_header(), **change})
    assert read_cutout(path).wcs is None


@real
def test_the_real_cubes_and_planes_have_their_positions():
    folder = REAL / "fits"
    cube = folder / "decals_grz" / "example_a.fits"
    plane = folder / "sdss_r" / "1237654652032712862.fits"
    packed = folder / "astropy_ngc6976" / "reprojected_sdss_r.fits.bz2"
    for path in (cube, plane, packed):
        cutout = read_cutout(path)
        with fits.open(path) as hdus:
            header = next(
                h.header for h in hdus if h.is_image and h.header["NAXIS"] > 1
            )
            expected = WCS(header, naxis=2).celestial.pixel_to_world(3.0, 8.0)
        found = SkyCoord(
            *sky_positions(cutout.wcs, 3, 8)[0], unit="deg", frame=expected.frame
        )
        assert found.separation(expected).arcsec < 0.01


# -- one file per band --------------------------------------------------------


def names_of(sources):
    return [(s.name, s.bands, len(s.files)) for s in sources]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["a-g", "a-r", "a-i"], [("a", "gri", 3)]),
        (["a_i", "a_g", "b_g", "b_r"], [("a", "gi", 2), ("b", "gr", 2)]),
        (["g", "r"], [("folder", "gr", 2)]),
        (["sdss_r_a", "sdss_g_a"], [("sdss-a", "gr", 2)]),
        (["a.z", "a.Y", "a.u"], [("a", "uzY", 3)]),
        (["a-g"], [("a-g", "", 1)]),
        (["a-g", "b-r"], [("a-g", "", 1), ("b-r", "", 1)]),
        (["ag", "ar"], [("ag", "", 1), ("ar", "", 1)]),
        (["a-1", "a-2"], [("a-1", "", 1), ("a-2", "", 1)]),
        (["a-g", "a-r", "a"], [("a", "gr", 2), ("a", "", 1)]),
        (["x-HSC-I-9", "x-HSC-G-9"], [("x-HSC-9", "gi", 2)]),
        (["x-I-9", "x-G-9"], [("x-G-9", "", 1), ("x-I-9", "", 1)]),
    ],
)
def test_files_whose_names_differ_in_a_band_are_one_cutout(tmp_path, files, expected):
    folder = tmp_path / "folder"
    for name in files:
        write(folder / f"{name}.fits", flux(5, 5))
    assert names_of(find_sources([folder])) == [
        (name, tuple(bands), n) for name, bands, n in expected
    ]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["f814w", "f435w", "f606w"], ["F435W", "F606W", "F814W"]),
        (["f160w", "f814w"], ["F814W", "F160W"]),
        (["f444w", "f090w", "f200w"], ["F090W", "F200W", "F444W"]),
        (["f1000w", "f560w"], ["F560W", "F1000W"]),
        (["VIS", "NUV"], ["NUV", "VIS"]),
    ],
)
def test_filters_of_space_telescopes_are_bands_from_blue_to_red(
    tmp_path, filters, expected
):
    for name in filters:
        write(tmp_path / f"gal_{name}_drz.fits", flux(5, 5))
    (source,) = find_sources([tmp_path])
    assert source.bands == tuple(expected)
    assert source.name == "gal-drz"


def test_bands_go_from_blue_to_red_and_keep_their_names(tmp_path):
    for i, band in enumerate("irg"):
        write(tmp_path / f"a-{band}.fits", flux(60, 80) + i, **sky_header())
    (source,) = find_sources([tmp_path])
    cutout = read_cutout(source)
    assert cutout.bands == ("g", "r", "i")
    assert np.diff(cutout.pixels.mean(axis=(1, 2))).max() < 0
    assert cutout.wcs is not None
    assert cutout.name == "a"


def test_a_band_in_two_formats_is_read_once(tmp_path):
    for name in ("a-g.fits", "a-r.fits", "a-r.fit"):
        (tmp_path / name).write_bytes(write_bytes())
    sources = find_sources([tmp_path])
    assert sorted(len(s.files) for s in sources) == [1, 2]


def write_bytes():
    import io

    buffer = io.BytesIO()
    fits.PrimaryHDU(flux(60, 80)).writeto(buffer)
    return buffer.getvalue()


def test_pictures_are_never_bands(tmp_path):
    for band in "gri":
        write(tmp_path / f"a-{band}.png", grey())
    assert len(find_sources([tmp_path])) == 3


def test_bands_of_different_folders_stay_apart(tmp_path):
    for folder, band in (("one", "g"), ("two", "r")):
        write(tmp_path / folder / f"a-{band}.fits", flux(5, 5))
    assert len(find_sources([tmp_path])) == 2


def test_bands_given_one_by_one_are_one_cutout_too(tmp_path):
    paths = [write(tmp_path / f"a-{b}.fits", flux(5, 5)) for b in "gr"]
    assert names_of(find_sources(paths)) == [("a", ("g", "r"), 2)]


def test_folders_are_searched_to_any_depth_in_order_without_hidden_files(tmp_path):
    for name in ("b/2.png", "b/10.png", "a/1.png", ".c/3.png", "b/.4.png", "b/t.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    found = [s.path.relative_to(tmp_path).as_posix() for s in find_sources([tmp_path])]
    assert found == ["a/1.png", "b/10.png", "b/2.png"]


def test_the_same_file_given_twice_is_one_cutout(tmp_path):
    path = write(tmp_path / "a.png", grey())
    assert len(find_sources([path, path])) == 1
    assert len(find_sources([tmp_path, path, tmp_path])) == 1
    for band in "gr":
        write(tmp_path / "bands" / f"b-{band}.fits", flux(5, 5))
    folder = tmp_path / "bands"
    assert len(find_sources([folder / "b-g.fits", folder])) == 1


def test_bands_of_different_size_are_refused(tmp_path):
    write(tmp_path / "a-g.fits", flux(60, 80))
    write(tmp_path / "a-r.fits", flux(60, 81))
    (source,) = find_sources([tmp_path])
    with pytest.raises(ImageError, match="81 x 60 and 80 x 60 pixels") as caught:
        read_cutout(source)
    assert "a-r.fits" in caught.value.message
    assert caught.value.remedy == "Reproject the bands to one pixel grid first."


def test_a_cube_among_the_bands_is_refused(tmp_path):
    write(tmp_path / "a-g.fits", flux(3, 60, 80))
    write(tmp_path / "a-r.fits", flux(60, 80))
    (source,) = find_sources([tmp_path])
    with pytest.raises(ImageError, match="each file should be one band"):
        read_cutout(source)


@real
def test_real_bands_are_put_together():
    found = {s.name: s for s in find_sources([REAL / "fits"])}
    assert found["reprojected_sdss"].bands == ("g", "r", "i")
    assert found["kids_field_ugri"].bands == ("u", "g", "r", "i")
    bands = [s.bands for s in found.values() if "KiDS" in s.name and s.bands]
    assert bands == [("g", "r", "i")]
    assert len(find_sources([REAL / "fits" / "sdss_r"])) == 12


# -- arrays -------------------------------------------------------------------


def test_an_rgb_layer_of_floats_is_a_picture():
    array = np.zeros((50, 60, 3))
    array[3, 4] = [1.0, 0.5, 7.0]
    array[5, 5] = np.nan
    cutout = from_array(array, rgb=True)
    assert cutout.is_picture
    assert cutout.pixels[3, 4].tolist() == [255, 128, 255]


def test_the_array_is_not_changed():
    array = flux(50, 60)
    array[0, 0] = np.inf
    before = array.copy()
    from_array(array)
    assert np.array_equal(array, before)


@settings(deadline=None)
@given(st.lists(st.integers(0, 9), min_size=0, max_size=5))
def test_an_array_of_any_shape_is_a_cutout_or_an_image_error(shape):
    array = np.arange(np.prod(shape, dtype=int), dtype=np.float32).reshape(shape)
    try:
        cutout = from_array(array)
    except ImageError:
        return
    assert to_rgb(cutout).shape == (cutout.height, cutout.width, 3)


# -- several arrays in one file -----------------------------------------------


def planes(*shape, seed=0):
    return np.random.default_rng(seed).normal(0, 2, shape).astype(np.float32)


NPZ = {
    "one array": ({"anything": planes(3, 60, 80)}, (3, 60, 80), ""),
    "a plane": ({"image": planes(60, 80)}, (1, 60, 80), ""),
    "among a table and PSFs": (
        {
            "images": planes(5, 60, 80),
            "filters": np.array(list("grizy")),
            "psfs": planes(5, 41, 41),
            "catalog": np.zeros(6, [("x", "f8"), ("flag", "i8")]),
        },
        (5, 60, 80),
        "grizy",
    ),
    "the one that is called so": (
        {"image": planes(60, 80), "other": planes(60, 80)}, (1, 60, 80), "",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("arrays", "shape", "bands"), NPZ.values(), ids=NPZ.keys())
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_npz_file_with_one_clear_image(tmp_path, save, arrays, shape, bands):
    path = tmp_path / "a.npz"
    save(path, **arrays)
    cutout = read_cutout(path)
    name = next(iter(arrays))
    assert np.array_equal(cutout.pixels, arrays[name].reshape(shape))
    assert cutout.bands == tuple(bands)


def test_an_npz_file_with_errors(tmp_path):
    path, image = tmp_path / "a.npz", planes(2, 60, 80)
    np.savez(path, image=image, ivar=np.full_like(image, 4), bands=["g", "r"])
    cutout = read_cutout(path)
    assert (cutout.variance == 0.25).all()
    assert cutout.bands == ("g", "r")


def test_an_npz_file_may_hold_a_picture(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, image=colour())
    assert np.array_equal(read_cutout(path).pixels, colour())


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"a": planes(60, 80), "b": planes(60, 80)},
        {"image": planes(60, 80), "images": planes(60, 80)},
        {"a": np.arange(9.0)},
        {"a": np.array([{}], dtype=object)},
        {"a": np.array(["no", "image"])},
    ],
    ids=["nothing", "two", "two names", "a line", "objects", "words"],
)
def test_an_npz_file_without_a_clear_image_is_refused(tmp_path, arrays):
    path = tmp_path / "a.npz"
    np.savez(path, **arrays)
    with pytest.raises(ImageError, match="which of these arrays is the image"):
        read_cutout(path)


# -- bad input ----------------------------------------------------------------


def with_values(values, shape=(60, 80)):
    array = flux(*shape)
    array[..., :30, :40] = values
    return array


def cut_short(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


BAD = {
    "text called png": (
        "a.png",
        lambda p: p.write_text("hello"),
        "damaged or not an image",
    ),
    "text called fits": (
        "a.fits",
        lambda p: p.write_text("hello"),
        "damaged or not an image",
    ),
    "text called tif": (
        "a.tif",
        lambda p: p.write_text("hello"),
        "damaged or not an image",
    ),
    "text called npy": (
        "a.npy",
        lambda p: p.write_text("hello"),
        "damaged or not an image",
    ),
    "empty png": ("a.png", lambda p: p.write_bytes(b""), "damaged or not an image"),
    "empty jpg": ("a.jpg", lambda p: p.write_bytes(b""), "damaged or not an image"),
    "empty fits": ("a.fits", lambda p: p.write_bytes(b""), "damaged or not an image"),
    "empty bz2": ("a.fits.bz2", lambda p: p.write_bytes(b""), "or not an image"),
    "empty npy": ("a.npy", lambda p: p.write_bytes(b""), "damaged or not an image"),
    "half a png": ("a.png", lambda p: cut_short(write(p, colour()), 0.5), "damaged"),
    "half a jpg": ("a.jpg", lambda p: cut_short(write(p, colour()), 0.5), "damaged"),
    "half a fits": (
        "a.fits",
        lambda p: cut_short(write(p, flux(60, 80)), 0.5),
        "damaged",
    ),
    "nearly a fits": (
        "a.fits",
        lambda p: cut_short(write(p, flux(60, 80)), 0.8),
        "damaged",
    ),
    "half a header": (
        "a.fits",
        lambda p: cut_short(write(p, flux(9, 8)), 0.1),
        "damaged",
    ),
    "half a tif": ("a.tif", lambda p: cut_short(write(p, colour()), 0.5), "damaged"),
    "half an npy": (
        "a.npy",
        lambda p: cut_short(write(p, flux(60, 80)), 0.5),
        "damaged",
    ),
    "objects": ("a.npy", lambda p: write(p, np.array([{}, None])), "damaged"),
    "words": ("a.npy", lambda p: write(p, np.full((60, 80), "a")), "not numbers"),
    "complex": ("a.npy", lambda p: write(p, flux(60, 80) + 1j), "not numbers"),
    "one dimension": ("a.npy", lambda p: write(p, flux(80)), "is not a cutout"),
    "five dimensions": (
        "a.npy",
        lambda p: write(p, flux(1, 2, 3, 4, 5)),
        "is not a cutout",
    ),
    "no pixel": ("a.npy", lambda p: write(p, flux(0, 80)), "is not a cutout"),
    "one pixel": ("a.npy", lambda p: write(p, flux(1, 1)), "same value (1.01"),
    "fits of a table": (
        "a.fits",
        lambda p: fits.BinTableHDU.from_columns(
            [fits.Column("a", "E", array=np.ones(3))]
        ).writeto(p),
        "holds no image",
    ),
    "all nan": ("a.fits", lambda p: write(p, flux(60, 80) * np.nan), "no finite pixel"),
    "all inf": ("a.npy", lambda p: write(p, flux(60, 80) + np.inf), "no finite pixel"),
    "all zero": ("a.fits", lambda p: write(p, flux(60, 80) * 0), "same value (0)"),
    "all black": ("a.png", lambda p: write(p, colour() * 0), "same value (0)"),
    "all white": ("a.jpg", lambda p: write(p, colour() * 0 + 255), "same value (255)"),
    "a folder": ("a.png", lambda p: p.mkdir(), "this is a folder"),
    "not there": ("a.png", lambda p: None, "no such file"),
    "not an image's name": ("a.txt", lambda p: p.write_text("a"), "not an image"),
}


@pytest.mark.parametrize(("name", "make", "message"), BAD.values(), ids=BAD.keys())
def test_bad_files_get_one_clear_message(tmp_path, name, make, message):
    path = tmp_path / name
    make(path)
    with pytest.raises(ClumpError) as caught:
        read_cutout(path)
    assert message in caught.value.message
    assert str(path) in caught.value.message
    assert caught.value.remedy
    assert "\n" not in caught.value.message


@pytest.mark.skipif(
    os.name == "nt" or (hasattr(os, "geteuid") and os.geteuid() == 0),
    reason="root may read everything",
)
def test_a_file_without_permission(tmp_path):
    path = write(tmp_path / "a.png", grey())
    path.chmod(0)
    with pytest.raises(ClumpError, match="cannot read it: no permission"):
        read_cutout(path)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: p, "no such file or folder"),
        (lambda p: p.mkdir() or p, "there is no image in this folder"),
        (lambda p: p.write_text("a") and p, "not an image that can be read"),
    ],
    ids=["missing", "empty folder", "text"],
)
def test_paths_without_images(tmp_path, make, message):
    path = make(tmp_path / "here")
    with pytest.raises(ImageError, match=message) as caught:
        find_sources([path])
    assert str(path) in caught.value.message
    assert caught.value.remedy


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(image_limits, "MOST_PIXELS", 1000)
    monkeypatch.setattr(image_limits, "MOST_PICTURE_PIXELS", 1000)
    for name, array in (("a.png", grey()), ("a.npy", flux(60, 80))):
        with pytest.raises(ImageError, match="80 x 60 pixels are too many"):
            read_cutout(write(tmp_path / name, array))


NOTED = {
    "some nan": (with_values(np.nan), "25.00% of the pixels are masked"),
    "some inf": (with_values(np.inf), "25.00% of the pixels are masked"),
    "too much": (with_values(1e60).astype(float), "have no value"),
    "26 pixels": (flux(26, 26), "Only 26 x 26 pixels: proposals will be rough"),
    "one band": (flux(60, 80), "One band: shown in grey"),
    "four bands": (flux(4, 60, 80), "4 bands without names"),
    "five bands": (flux(5, 60, 80), "5 bands without names"),
}


@pytest.mark.parametrize(("array", "note"), NOTED.values(), ids=NOTED.keys())
def test_odd_images_are_read_with_a_note(tmp_path, array, note):
    if note.startswith("hold"):
        array[:30, :40] = 1e60
    cutout = read_cutout(write(tmp_path / "a.fits", array))
    assert any(note in line for line in cutout.notes)
    assert all(np.isfinite(cutout.pixels[~np.isnan(cutout.pixels)]))
    rgb = to_rgb(cutout)
    assert rgb.any()
    if "finite" in note:
        assert not rgb[:30, :40].any()


def test_an_ordinary_image_needs_no_note(tmp_path):
    assert read_cutout(write(tmp_path / "a.png", colour())).notes == ()
    path = write(tmp_path / "a.fits", flux(4, 60, 80), BANDS="ugri")
    assert read_cutout(path).notes == ()


@pytest.mark.parametrize("name", ["a.fits", "a.png"])
def test_a_large_image_is_read(tmp_path, name):
    array = flux(4000, 4000) if name == "a.fits" else grey(4000, 4000)
    cutout = read_cutout(write(tmp_path / name, array))
    assert (cutout.height, cutout.width) == (4000, 4000)


@real
def test_every_real_image_is_read():
    for source in find_sources([REAL]):
        cutout = read_cutout(source)
        assert to_rgb(cutout).shape == (cutout.height, cutout.width, 3)


def test_right_ascension_comes_first_whatever_the_header_names_first():
    from astropy.io import fits

    from clump_detector.astrometry.wcs import celestial_wcs

    axes = [("RA---TAN", 150.0, -1e-4), ("DEC--TAN", 2.0, 1e-4)]
    found = []
    for order in ((0, 1), (1, 0)):
        header = fits.Header()
        for number, axis in enumerate(order, start=1):
            kind, value, step = axes[axis]
            header[f"CTYPE{number}"], header[f"CRVAL{number}"] = kind, value
            header[f"CRPIX{number}"], header[f"CDELT{number}"] = 10.0, step
        pixel = (29.0, 9.0) if order == (0, 1) else (9.0, 29.0)
        found.append(sky_positions(celestial_wcs(header), *pixel)[0])
    assert found[0] == pytest.approx([150.0 - 20e-4 / np.cos(np.radians(2)), 2.0])
    assert found[1] == pytest.approx(found[0])
