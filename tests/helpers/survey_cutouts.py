"""Cutouts for the sources of surveys, and what has to come out of them again."""

from __future__ import annotations

import io
import tarfile

import numpy as np
from astropy.io import fits
from PIL import Image

from clump_detector.astrometry.tangent_plane import tangent_wcs
from clump_detector.astrometry.wcs import sky_positions
from clump_detector.images.cutout import read_cutout

SCALE, FWHM, RA, DEC = 0.262, 1.3, 150.1, 2.2
HEIGHT, WIDTH, BANDS = 64, 72, "grz"


def fluxes(seed=0, bands=3, height=HEIGHT, width=WIDTH):
    """Return noise with a galaxy in it, (bands, height, width)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    disc = np.exp(-np.hypot(x - width / 2, y - height / 2) / 8)
    planes = [(3 + band) * disc for band in range(bands)]
    return (planes + rng.normal(0, 0.05, (bands, height, width))).astype(np.float32)


def picture(seed=0, side=64):
    """Return a picture of a galaxy, (side, side, 3)."""
    planes = np.clip(20 + 40 * fluxes(seed, 3, side, side), 0, 255)
    return np.ascontiguousarray(np.moveaxis(planes, 0, -1).astype(np.uint8))


def header(ra=RA, dec=DEC, bands=BANDS, height=HEIGHT, width=WIDTH):
    """Return a header with all that this program reads of one."""
    found = tangent_wcs(ra, dec, SCALE, width, height, picture=False).to_header()
    found["BANDS" if len(bands) > 1 else "FILTER"] = bands
    found["BUNIT"] = "nanomaggy"
    found["PSFFWHM"] = (FWHM, "[arcsec]")
    return found


def write_cube(path, seed=0, ra=RA, dec=DEC):
    """Write a FITS cutout of three bands."""
    fits.PrimaryHDU(fluxes(seed), header(ra, dec)).writeto(path)
    return path


def write_png(path, seed=0):
    """Write a picture."""
    Image.fromarray(picture(seed)).save(path)
    return path


def write_tar(path, members, *, others=()):
    """Write an archive of (name, bytes), and of further members."""
    with tarfile.open(path, "w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in others:
            archive.addfile(info)
    return path


def read(item, folder):
    """Return the cutout of an item, in a scratch folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    return read_cutout(item.source(folder))


def assert_same(found, wanted):
    """Check that two cutouts have the same pixels, bands, sky, scale, PSF and unit."""
    np.testing.assert_array_equal(found.pixels, wanted.pixels)
    assert found.bands == wanted.bands
    assert found.jansky == wanted.jansky
    for one, other in ((found.scale, wanted.scale), (found.fwhm, wanted.fwhm)):
        assert (one is None) == (other is None)
        assert other is None or abs(one - other) < 1e-6
    assert (found.wcs is None) == (wanted.wcs is None)
    if wanted.wcs is not None:
        x, y = [0, wanted.width - 1, 10], [0, wanted.height - 1, 30]
        apart = sky_positions(found.wcs, x, y) - sky_positions(wanted.wcs, x, y)
        assert np.abs(apart).max() < 1e-8
