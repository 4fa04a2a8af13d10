"""Sections of mosaics about positions."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.wcs import WCS

from clump_detector.astrometry.wcs import sky_positions
from clump_detector.core.errors import ConfigError, FileError, ImageError
from clump_detector.images.cutout import read_cutout
from clump_detector.survey_search.sources.mosaics import Mosaics
from tests.helpers.survey_cutouts import (
    DEC,
    FWHM,
    RA,
    SCALE,
    assert_same,
    fluxes,
    header,
    read,
)

SIDE = 64  # pixels of a cutout


def mosaic(path, ra=RA, dec=DEC, bands="grz", seed=0, shape=(300, 400), **more):
    """Write a mosaic of some bands."""
    values = fluxes(seed, len(bands), *shape)
    own = header(ra, dec, bands, *shape)
    own["HISTORY"] = "was made"
    own["CHECKSUM"] = "of the whole"
    own.update(more)
    if path.suffix == ".fz":
        how = {"compression_type": "GZIP_2", "quantize_level": 0}
        own.remove("CHECKSUM")
        packed = fits.CompImageHDU(values, own, **({} if "rice" in path.name else how))
        hdus = [fits.PrimaryHDU(), packed]
    else:
        hdus = [fits.PrimaryHDU(values, own)]
    fits.HDUList(hdus).writeto(path)
    return path


def positions(tmp_path, *places, names=()):
    path = tmp_path / "list.csv"
    rows = [
        f"{names[k] if names else f'g{k}'},{float(ra)!r},{float(dec)!r},0.0{k}"
        for k, (ra, dec) in enumerate(places)
    ]
    path.write_text("\n".join(["name,ra,dec,redshift", *rows]) + "\n")
    return path


def place(path, x, y):
    """Return the position of a pixel of a mosaic."""
    with fits.open(path) as hdus:
        wcs = WCS(next(h.header for h in hdus if h.shape)).celestial
    return tuple(float(v) for v in wcs.all_pix2world(x, y, 0))


def cut_by_astropy(path, x, y, to):
    """Write the same section with astropy's own tool."""
    with fits.open(path) as hdus:
        hdu = next(h for h in hdus if h.shape)
        planes, own = hdu.data, hdu.header.copy()
        parts = [
            Cutout2D(p, (x, y), SIDE, WCS(own).celestial, "partial", np.nan)
            for p in planes
        ]
    own.update(parts[0].wcs.to_header())
    fits.PrimaryHDU(np.stack([p.data for p in parts]), own).writeto(to)
    return read_cutout(to)


@pytest.mark.parametrize("name", ["m.fits", "m.fits.fz", "rice.fits.fz"])
@pytest.mark.parametrize(
    ("x", "y"), [(200.0, 150.0), (131.3, 90.8), (64.5, 250.5), (5.2, 290.1)]
)
def test_a_section_is_what_astropy_cuts_out(tmp_path, name, x, y):
    path = mosaic(tmp_path / name)
    at = place(path, x, y)
    found = Mosaics([path], positions(tmp_path, at), SIDE * SCALE)
    (item,) = pickle.loads(pickle.dumps(list(found)))
    cutout = read(item, tmp_path / "s")
    assert_same(cutout, cut_by_astropy(path, x, y, tmp_path / "wanted.fits"))
    assert cutout.pixels.shape == (3, SIDE, SIDE)
    assert cutout.bands == ("g", "r", "z")
    assert cutout.fwhm == pytest.approx(FWHM / SCALE)
    assert cutout.galaxy.name == item.name == "g0"
    assert item.address == f"{path}::{at[0]:.6f},{at[1]:.6f},{SIDE * SCALE:g}"
    assert found.total == 1
    # The galaxy is at the middle, to half a pixel.
    px, py = cutout.wcs.all_world2pix(*at, 0)
    assert abs(px - (SIDE - 1) / 2) <= 0.51
    assert abs(py - (SIDE - 1) / 2) <= 0.51


def test_a_file_for_each_band_is_one_cutout(tmp_path):
    paths = [
        mosaic(tmp_path / f"tile-{band}.fits", bands=band, seed=k)
        for k, band in enumerate("gr")
    ]
    mosaic(tmp_path / "tile-g.weight.fits", bands="g")
    found = Mosaics([tmp_path], positions(tmp_path, (RA, DEC)), SIDE * SCALE)
    (item,) = found
    cutout = read(item, tmp_path / "s")
    assert cutout.bands == ("g", "r")
    for plane, path in zip(cutout.pixels, paths, strict=True):
        whole = fits.getdata(path)[0]
        np.testing.assert_array_equal(plane, whole[118:182, 168:232])
    assert "weight" in found.notes[0]


def test_each_galaxy_is_cut_out_where_it_is_deepest_and_others_are_told(tmp_path):
    tiles = tmp_path / "tiles"
    tiles.mkdir()
    step = 350 * SCALE / 3600 / np.cos(np.radians(DEC))
    west = mosaic(tiles / "a.fits", RA)
    east = mosaic(tiles / "b.fits", RA + step, seed=1)
    both = place(west, 15, 150)  # on both, deeper on b
    near = place(west, 45, 150)
    outside = [(RA + 90, DEC), (RA, -DEC), (RA + 180, -DEC), (RA, DEC + 0.012)]
    listed = positions(tmp_path, (RA, DEC), both, near, (RA + step, DEC), *outside)
    found = Mosaics([tiles], listed, SIDE * SCALE)
    items = list(found)
    assert [i.mosaic.path for i in items] == [west, east, west, east]
    assert [i.name for i in items] == ["g0", "g1", "g2", "g3"]
    assert found.total == 4
    assert "4 positions are on no mosaic" in found.notes[-1]
    for number, item in enumerate(items):
        assert np.isfinite(read(item, tmp_path / f"{number}").pixels).any()


def test_a_position_given_twice_is_one_cutout_with_one_address(tmp_path):
    path = mosaic(tmp_path / "m.fits", 0.0, 0.0)
    at = [(359.9999999, -1e-9), (0.0, 0.0), (360.0, 0.0), (0.001, 0.0)]
    items = list(Mosaics([path], positions(tmp_path, *at), SIDE * SCALE))
    addresses = [i.address.split("::")[1] for i in items]
    assert addresses == ["0.000000,0.000000,16.768", "0.001000,0.000000,16.768"]


def test_masks_and_errors_go_along_and_headers_of_the_first_hdu_too(tmp_path):
    values = fluxes(0, 1, 200, 200)[0]
    own = header(bands="g", height=200, width=200)
    mask = np.zeros((200, 200), np.int32)
    mask[95:99, 95:99] = 1
    first = fits.PrimaryHDU()
    first.header["FILTER"] = "r"
    del own["FILTER"]
    fits.HDUList([
        first, fits.ImageHDU(values, own, name="SCI"),
        fits.ImageHDU(mask, own, name="MASK"),
        fits.ImageHDU(np.full_like(values, 0.01), own, name="VARIANCE"),
        fits.ImageHDU(np.ones((9, 9)), name="PSF"),
    ]).writeto(tmp_path / "m.fits")  # fmt: skip
    whole = read_cutout(tmp_path / "m.fits")
    at = place(tmp_path / "m.fits", 99.5, 99.5)
    (item,) = Mosaics([tmp_path / "m.fits"], positions(tmp_path, at), SIDE * SCALE)
    cutout = read(item, tmp_path / "s")
    part = (slice(None), slice(68, 132), slice(68, 132))
    np.testing.assert_array_equal(cutout.pixels, whole.pixels[part])
    np.testing.assert_array_equal(cutout.variance, whole.variance[part])
    assert cutout.bands == whole.bands == ("r",)
    assert np.isnan(cutout.pixels).sum() == 16


def test_scaled_whole_numbers_are_read_as_they_are_meant(tmp_path):
    values = np.round(fluxes(0, 1, 200, 200)[0] * 1000).astype(np.uint16)
    path = tmp_path / "m.fits"
    own = header(bands="g", height=200, width=200)
    fits.PrimaryHDU(values, own).writeto(path)
    (item,) = Mosaics([path], positions(tmp_path, (RA, DEC)), SIDE * SCALE)
    found = read(item, tmp_path / "s").pixels
    np.testing.assert_array_equal(found, read_cutout(path).pixels[:, 68:132, 68:132])


def test_only_the_section_of_a_large_mosaic_is_read(tmp_path):
    """A file with a hole of 40 GB: whoever reads all of it does not get far."""
    path = mosaic(tmp_path / "m.fits", bands="g", shape=(100, 100))
    own = fits.getheader(path)
    own["NAXIS"], own["NAXIS1"], own["NAXIS2"] = 2, 100_000, 100_000
    own["CRPIX1"] = own["CRPIX2"] = 50_000.5
    del own["NAXIS3"]
    text = own.tostring().encode()
    with path.open("wb") as file:
        file.write(text)
        file.truncate(-(-(len(text) + 4 * 100_000**2) // 2880) * 2880)
        for row in range(49_968, 50_032):
            file.seek(len(text) + 4 * (row * 100_000 + 49_968))
            file.write(np.full(64, row, ">f4").tobytes())
    (item,) = Mosaics([path], positions(tmp_path, (RA, DEC)), SIDE * SCALE)
    cutout = read(item, tmp_path / "s")
    np.testing.assert_array_equal(cutout.pixels[0, :, 5], np.arange(49_968, 50_032))
    at = sky_positions(cutout.wcs, 31.5, 31.5)[0]
    assert at == pytest.approx([RA, DEC], abs=1e-7)


def test_what_cannot_be_used_is_refused(tmp_path):
    path = mosaic(tmp_path / "m.fits")
    listed = positions(tmp_path, (RA, DEC))
    with pytest.raises(ConfigError, match="none of 1 position"):
        Mosaics([path], positions(tmp_path, (RA + 5, DEC)), 10)
    (tmp_path / "m.fits.gz").write_bytes(b"x")
    with pytest.raises(ImageError, match="unpacked"):
        Mosaics([tmp_path / "m.fits.gz"], listed, 10)
    fits.PrimaryHDU(fluxes()).writeto(tmp_path / "n.fits")
    with pytest.raises(ImageError, match="no sky coordinates"):
        Mosaics([tmp_path / "n.fits"], listed, 10)
    (tmp_path / "bad.fits").write_bytes(b"SIMPLE  =" + b"x" * 5000)
    with pytest.raises(ImageError, match="mosaic is damaged"):
        Mosaics([tmp_path / "bad.fits"], listed, 10)
    with pytest.raises(ImageError, match="no such file"):
        Mosaics([tmp_path / "gone.fits"], listed, 10)
    listed.write_text("name\na\n")
    with pytest.raises(FileError, match="right ascension"):
        Mosaics([path], listed, 10)
