"""Bands that were taken on different pixel grids."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from clump_detector.astrometry.wcs import sky_positions
from clump_detector.core.errors import ImageError
from clump_detector.image_files.sources import find_sources
from clump_detector.images.cutout import read_cutout

#: The star that all bands show, in degrees.
STAR = (150.002, 2.001)


def header(scale=0.4, shape=(80, 100), ra=150.0, dec=2.0, turned=0.0):
    c, s = np.cos(turned) * scale / 3600, np.sin(turned) * scale / 3600
    return fits.Header({
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": ra, "CRVAL2": dec,
        "CRPIX1": (shape[1] + 1) / 2, "CRPIX2": (shape[0] + 1) / 2,
        "CD1_1": -c, "CD1_2": s, "CD2_1": s, "CD2_2": c,
    })  # fmt: skip


def band(flux=1000.0, scale=0.4, shape=(80, 100), fwhm=2.4, **where):
    """Return an image of a star of a total flux, per pixel, and its header."""
    cards = header(scale, shape, **where)
    x0, y0 = WCS(cards).all_world2pix([STAR], 0)[0]
    y, x = np.mgrid[: shape[0], : shape[1]]
    sigma = fwhm / scale / 2.3548
    star = np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (2 * sigma**2))
    image = star * flux / (2 * np.pi * sigma**2)
    return image.astype(np.float32), cards


def write(path, array, cards, **more):
    made = fits.PrimaryHDU(array, cards)
    made.header.update(more)
    made.writeto(path)


def star_of(plane, wcs):
    """Return the total flux, and the sky position of its centroid."""
    known = np.nan_to_num(plane.astype(float))
    y, x = np.indices(plane.shape)
    total = known.sum()
    return total, sky_positions(
        wcs, (known * x).sum() / total, (known * y).sum() / total
    )[0]


GRIDS = {
    "shifted by half a pixel": {"ra": 150.0 + 0.2 / 3600},
    "larger": {"shape": (120, 140)},
    "turned": {"turned": 0.5, "shape": (140, 140)},
    "coarser": {"scale": 0.6},
    "all at once": {"scale": 0.55, "shape": (90, 120), "turned": -1.2, "dec": 2.0005},
}


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS.keys())
def test_bands_are_brought_onto_one_grid_and_keep_their_flux(tmp_path, grid):
    write(tmp_path / "a-g.fits", *band(700.0, **grid))
    write(tmp_path / "a-r.fits", *band(1000.0))
    (source,) = find_sources([tmp_path])
    cutout = read_cutout(source)
    assert cutout.pixels.shape == (2, 80, 100)
    for plane, flux in zip(cutout.pixels, (700.0, 1000.0), strict=True):
        total, (ra, dec) = star_of(plane, cutout.wcs)
        assert total == pytest.approx(flux, rel=5e-3)
        assert 3600 * np.hypot(ra - STAR[0], dec - STAR[1]) < 0.02
    assert "Band g was reprojected to the grid of r." in cutout.notes


def test_a_band_that_is_smaller_holds_no_data_outside(tmp_path):
    write(tmp_path / "a-g.fits", *band(shape=(50, 60)))
    write(tmp_path / "a-r.fits", *band())
    cutout = read_cutout(find_sources([tmp_path])[0])
    g = cutout.pixels[0]
    assert np.isnan(g[:14]).all()
    assert np.isnan(g[:, -19:]).all()
    assert np.isfinite(g[16:-16, 21:-21]).all()
    assert any("have no value" in note for note in cutout.notes)


def test_the_finest_grid_is_taken_and_the_psf_is_in_its_pixels(tmp_path):
    write(tmp_path / "a-g.fits", *band(scale=0.2, shape=(160, 200)), SEEING=1.0)
    write(tmp_path / "a-r.fits", *band(scale=0.4), SEEING=1.2)
    cutout = read_cutout(find_sources([tmp_path])[0])
    assert cutout.pixels.shape == (2, 160, 200)
    assert cutout.scale == pytest.approx(0.2)
    assert cutout.psf == pytest.approx({"g": 5.0, "r": 6.0})
    assert "Band r was reprojected to the grid of g." in cutout.notes


def test_the_same_grid_is_left_as_it_is(tmp_path):
    for name in "gri":
        write(
            tmp_path / f"a-{name}.fits",
            *band(ra=150.0 + 0.01 / 3600 * "gri".index(name)),
        )
    cutout = read_cutout(find_sources([tmp_path])[0])
    assert np.array_equal(cutout.pixels[2], band(ra=150.0 + 0.02 / 3600)[0])
    assert cutout.notes == ()


def test_extensions_on_different_grids_and_their_errors(tmp_path):
    hdus = [fits.PrimaryHDU()]
    for name, scale in (("g", 0.8), ("r", 0.4)):
        image, cards = band(scale=scale)
        hdus.append(fits.ImageHDU(image, cards, name=name))
        weight = np.full(image.shape, 0.25, np.float32)
        hdus.append(fits.ImageHDU(weight, cards, name=f"{name}_ivar"))
    fits.HDUList(hdus).writeto(tmp_path / "a.fits")
    cutout = read_cutout(tmp_path / "a.fits")
    assert cutout.bands == ("g", "r")
    # A quarter of the area: a quarter of the flux, a sixteenth of its variance.
    assert np.nanmedian(cutout.variance[0]) == pytest.approx(4 / 16)
    assert np.nanmedian(cutout.variance[1]) == pytest.approx(4)


def test_units_per_solid_angle_keep_their_flux(tmp_path):
    for name, scale in (("g", 0.6), ("r", 0.4)):
        image, cards = band(scale=scale)
        per_area = 1e-6 / (np.radians(scale / 3600) ** 2) / 1e6
        write(tmp_path / f"a-{name}.fits", image * per_area, cards, BUNIT="MJy/sr")
    cutout = read_cutout(find_sources([tmp_path])[0])
    for plane, jansky in zip(cutout.pixels, cutout.jansky, strict=True):
        total, _ = star_of(plane, cutout.wcs)
        assert total * jansky == pytest.approx(1000e-6, rel=5e-3)


def test_two_parts_of_the_sky_are_no_cutout(tmp_path):
    write(tmp_path / "a-g.fits", *band())
    image, cards = band(ra=150.0, dec=2.0)
    cards["CRVAL1"] = 151.0
    write(tmp_path / "a-r.fits", image, cards)
    with pytest.raises(
        ImageError, match="it shows another part of the sky than"
    ) as caught:
        read_cutout(find_sources([tmp_path])[0])
    assert "Give images of one galaxy." in caught.value.message


def test_without_a_wcs_sizes_have_to_agree(tmp_path):
    write(tmp_path / "a-g.fits", *band())
    write(tmp_path / "a-r.fits", band(shape=(80, 101))[0], None)
    with pytest.raises(ImageError, match="101 x 80 and 100 x 80 pixels"):
        read_cutout(find_sources([tmp_path])[0])


def test_nothing_is_imported_that_is_not_needed(tmp_path):
    import subprocess
    import sys

    write(tmp_path / "a.fits", *band())
    code = (
        "import sys; from clump_detector.images.cutout import read_cutout; "
        f"read_cutout({str(tmp_path / 'a.fits')!r}); "
        "print([n for n in ('reproject', 'torch', 'tifffile', 'PIL', 'pandas') "
        "if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
