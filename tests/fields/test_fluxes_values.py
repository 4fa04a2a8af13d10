"""Widths of a PSF in their unit, and values without loss."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from astropy.io import fits

from clump_detector.images.cutout import read_cutout
from tests.fields.flux_files import SCALE, hdu, noise, sky_cards, write
from tests.fields.understood import understood

WIDTHS = {
    "degrees": ({"SEEING": (0.00031, "[deg] FWHM")}, 0.00031 * 3600 / SCALE),
    "arcsec": ({"SEEING": (1.1, "[arcsec]")}, 4.4),
    "unsaid": ({"SEEING": 1.1}, 4.4),
    "pixels": ({"PSF_FWHM": (4.5, "FWHM in pixels")}, 4.5),
    "pix": ({"SEEING": (3.3, "Average FWHM (pix)")}, 3.3),
    "arcsec, not pixels": ({"SEEING": (1.1, "arcsec, at 0.2 arcsec/pix")}, 4.4),
    "mas": ({"PSFFWHM": (700.0, "[mas]")}, 2.8),
    "arcmin": ({"PSFFWHM": (0.02, "[arcmin]")}, 4.8),
    "the next key": ({"PSFFWHM": -1.0, "SEEING": 1.0}, 4.0),
}
ABSURD = {
    "degrees, unsaid": {"SEEING": 0.00031},
    "a hundred": {"SEEING": 99.0},
    "a fill value": {"SEEING": 999.0},
    "pixels by far": {"PSF_FWHM": (60.0, "pixels")},
}


@understood(
    "FITS", "a PSF's width (SEEING, PSF_FWHM ...) in degrees, arcmin, arcsec, mas or "
    "pixels", "converted", "by the comment beside the key; arcsec where it has none",
)  # fmt: skip
@pytest.mark.parametrize(("header", "fwhm"), WIDTHS.values(), ids=WIDTHS.keys())
def test_the_width_of_the_psf_is_in_its_unit(tmp_path, header, fwhm):
    cutout = read_cutout(write(tmp_path / "a.fits", noise(), **header))
    assert cutout.fwhm == pytest.approx(fwhm)
    assert not any("not plausible" in note for note in cutout.notes)


@understood(
    "FITS", "a PSF below 0.5 or above 30 pixels wide", "ignored",
    "not believed, and a note says so",
)  # fmt: skip
@pytest.mark.parametrize("header", ABSURD.values(), ids=ABSURD.keys())
def test_an_absurd_width_is_not_believed(tmp_path, header):
    cutout = read_cutout(write(tmp_path / "a.fits", noise(), **header))
    assert cutout.fwhm is None
    assert sum("is not plausible" in note for note in cutout.notes) == 1


def signal():
    """Return a faint source on faint noise, in doubles."""
    y, x = np.mgrid[:64, :64]
    source = 0.05 * np.exp(-((x - 20) ** 2 + (y - 40) ** 2) / 8)
    return source + np.random.default_rng(0).normal(0, 0.002, (64, 64))


def saved(path, true, level, how):
    values = true + level
    if how == "tif":
        tifffile.imwrite(path.with_suffix(".tif"), values, photometric="minisblack")
        return path.with_suffix(".tif")
    if how == "npy":
        np.save(path.with_suffix(".npy"), values)
        return path.with_suffix(".npy")
    if how == "scaled":
        made = hdu((true * 2e4).round().astype(np.int32), kind=fits.PrimaryHDU)
        made.header.update({"BSCALE": 5e-5, "BZERO": level})
        return write(path, made)
    if how == "packed":
        return write(path, fits.CompImageHDU(values, compression_type="GZIP_1",
                                             quantize_level=0.0))  # fmt: skip
    return write(path, values)


@understood(
    "FITS, TIFF, NPY", "doubles, or scaled integers, with a signal far below their "
    "level", "converted", "the level is subtracted in doubles, and it is said",
)  # fmt: skip
@pytest.mark.parametrize("how", ["plain", "scaled", "packed", "tif", "npy"])
@pytest.mark.parametrize("level", [1e6, -3e5])
def test_a_faint_signal_on_a_high_level_survives(tmp_path, level, how):
    true = signal()
    cutout = read_cutout(saved(tmp_path / "a.fits", true, level, how))
    apart = cutout.pixels[0].astype(float) - true
    assert np.abs(apart - np.median(apart)).max() < 1e-4
    assert "level of" in cutout.read_as


def test_each_plane_of_a_cube_has_its_own_level(tmp_path):
    true = signal()
    cube = np.stack([true + level for level in (1e6, 2e6, 5.0)])
    cutout = read_cutout(write(tmp_path / "a.fits", cube))
    for got in cutout.pixels:
        apart = got.astype(float) - true
        assert np.abs(apart - np.median(apart)).max() < 1e-4
    assert "a level of 1,000,000, 2,000,000 subtracted" in cutout.read_as


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e7])
def test_ordinary_doubles_keep_their_level(tmp_path, scale):
    values = noise().astype(np.float64) * scale + 5 * scale
    cutout = read_cutout(write(tmp_path / "a.fits", values))
    assert cutout.pixels[0] == pytest.approx(values, rel=1e-6)
    assert "level" not in cutout.read_as


INTEGERS = {
    "unsigned 16 bits": (np.uint16, {}, [0, 1, 40000, 65535]),
    "unsigned 32 bits": (np.uint32, {}, [0, 1, 3_000_000_000, 2**31]),
    "signed bytes": (np.int8, {}, [-128, -1, 0, 127]),
    "64 bits": (np.int64, {}, [-5, 0, 7, 2**20]),
}


@understood(
    "FITS", "unsigned integers by BZERO, BSCALE, BLANK", "read",
    "scaled in doubles; BLANK is no data, whatever the scale",
)  # fmt: skip
@pytest.mark.parametrize(("kind", "cards", "some"), INTEGERS.values(), ids=INTEGERS)
def test_integers_of_all_kinds(tmp_path, kind, cards, some):
    values = np.resize(np.array(some, kind), (64, 64))
    cutout = read_cutout(write(tmp_path / "a.fits", values, **cards))
    assert np.array_equal(cutout.pixels[0], values.astype(np.float32))


def test_blank_is_no_data_in_scaled_integers(tmp_path):
    made = hdu(np.arange(4096, dtype=np.int16).reshape(64, 64), kind=fits.PrimaryHDU)
    made.header.update({**sky_cards(), "BLANK": 7, "BSCALE": 0.5, "BZERO": 100.0})
    cutout = read_cutout(write(tmp_path / "a.fits", made))
    assert np.isnan(cutout.pixels).sum() == 1
    assert np.nanmax(cutout.pixels) == pytest.approx(100 + 0.5 * 4095)
