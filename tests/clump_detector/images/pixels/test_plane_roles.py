"""Errors, masks, biases and the PSF in FITS files as surveys make them."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from clump_detector.images.cutout import read_cutout
from tests.helpers.survey_files import hdu, noise, sky, write

# -- errors and masks ---------------------------------------------------------


def weighted(names, kind, per_band=(0.25, 0.16, 0.04)):
    """Return planes and what tells their errors, in turns."""
    made = []
    for i, (flux_name, error_name) in enumerate(names):
        inverse = np.float32(per_band[i])
        value = {"ivar": inverse, "var": 1 / inverse, "err": inverse**-0.5}[kind]
        for name, array in (
            (flux_name, noise(30, 40, seed=i) * np.float32(0.5 * inverse**-0.5)),
            (error_name, np.full((30, 40), value, np.float32)),
        ):
            plane = hdu(array)
            if name:
                plane.header["EXTNAME"] = name
            made.append(plane)
    return made


ERRORS = {
    "ivar beside each": (
        weighted([("g", "g_ivar"), ("r", "r_ivar"), ("i", "i_ivar")], "ivar"),
        "gri", "inverse variance",
    ),
    "INVVAR in turns": (
        weighted([(b, "INVVAR") for b in "gri"], "ivar"), "gri", "inverse variance",
    ),
    "errors": (weighted([(b, f"ERR_{b}") for b in "gri"], "err"), "gri", "error"),
    "variances": (
        weighted([(b, f"{b}-variance") for b in "gri"], "var"), "gri", "variance",
    ),
    "all fluxes first": (
        (lambda h: [*h[::2], *h[1::2]])(
            weighted([(b, f"{b}_ivar") for b in "gri"], "ivar")
        ),
        "gri", "inverse variance",
    ),
    "no names at all": (weighted([("", "")] * 3, "ivar"), "", "inverse variance"),
    "no names, errors": (weighted([("", "")] * 3, "err"), "", "error"),
}  # fmt: skip


@pytest.mark.parametrize(("hdus", "bands", "role"), ERRORS.values(), ids=ERRORS.keys())
def test_errors_go_with_their_images(tmp_path, hdus, bands, role):
    cutout = read_cutout(write(tmp_path / "a.fits", *hdus))
    assert cutout.bands == tuple(bands)
    assert cutout.pixels.shape == cutout.variance.shape == (3, 30, 40)
    assert cutout.variance.dtype == np.float32
    for plane, inverse in zip(cutout.variance, (0.25, 0.16, 0.04), strict=True):
        assert plane == pytest.approx(1 / inverse)
    assert f"errors from the {role}" in cutout.read_as
    assert not any("Not read" in note for note in cutout.notes)


def test_legacy_survey_cutouts_of_image_and_inverse_variance(tmp_path):
    hdus = []
    for i, band in enumerate("grz"):
        for kind in ("image", "invvar"):
            array = (
                noise(30, 40, seed=i) if kind == "image" else np.ones((30, 40), "f4")
            )
            hdus.append(hdu(array, BAND=band, IMTYPE=kind, **sky()))
    cutout = read_cutout(write(tmp_path / "a.fits", *hdus))
    assert cutout.bands == ("g", "r", "z")
    assert (cutout.variance == 1).all()


def test_a_cube_of_inverse_variances(tmp_path):
    cube, weight = noise(3, 30, 40), np.full((3, 30, 40), 4, np.float32)
    weight[0, 0, 0] = 0
    path = write(
        tmp_path / "a.fits",
        hdu(cube, fits.PrimaryHDU, BANDS="grz"),
        hdu(weight, EXTNAME="INVVAR"),
    )
    cutout = read_cutout(path)
    assert np.isinf(cutout.variance[0, 0, 0])
    assert (cutout.variance.ravel()[1:] == 0.25).all()
    assert np.array_equal(cutout.pixels, cube)


def test_neither_weight_nor_flux_is_no_data(tmp_path):
    flux, weight = noise(30, 40), np.ones((30, 40), np.float32)
    flux[:5], weight[:5] = 0, 0
    hdus = (hdu(flux, EXTNAME="SCI"), hdu(weight, EXTNAME="IVAR"))
    cutout = read_cutout(write(tmp_path / "a.fits", *hdus))
    assert np.isnan(cutout.pixels[0, :5]).all()
    assert np.isfinite(cutout.pixels[0, 5:]).all()


def test_weights_of_unknown_unit_are_brought_to_the_noise(tmp_path):
    rng = np.random.default_rng(1)
    seconds = np.where(np.arange(80) < 40, 100.0, 400.0)
    flux = rng.normal(0, 30 / np.sqrt(seconds), (60, 80)).astype(np.float32)
    weight = np.broadcast_to(seconds, (60, 80)).astype(np.float32)
    hdus = (hdu(flux, EXTNAME="SCI"), hdu(weight, EXTNAME="WHT"))
    cutout = read_cutout(write(tmp_path / "a.fits", *hdus))
    for half, error in (
        (cutout.variance[0, :, :40], 3.0),
        (cutout.variance[0, :, 40:], 1.5),
    ):
        assert np.sqrt(half.mean()) == pytest.approx(error, rel=0.35)


def test_raw_counts_are_not_taken_for_the_errors_of_each_other(tmp_path):
    rng = np.random.default_rng(2)
    planes = [rng.poisson(1000, (30, 40)).astype(np.float32) for _ in range(4)]
    cutout = read_cutout(write(tmp_path / "a.fits", *map(hdu, planes)))
    assert cutout.pixels.shape == (4, 30, 40)
    assert cutout.variance is None


def test_masked_pixels_hold_no_data(tmp_path):
    mask = np.zeros((30, 40), np.int16)
    mask[3, 4] = 1
    hdus = (hdu(noise(30, 40), EXTNAME="SCI"), hdu(mask, EXTNAME="MASK"))
    cutout = read_cutout(write(tmp_path / "a.fits", *hdus))
    assert np.argwhere(np.isnan(cutout.pixels[0])).tolist() == [[3, 4]]
    most = np.ones((30, 40), np.int16)
    hdus = (hdu(noise(30, 40), EXTNAME="SCI"), hdu(most, EXTNAME="MASK"))
    cutout = read_cutout(write(tmp_path / "b.fits", *hdus))
    assert np.isfinite(cutout.pixels).all()
    assert "The mask MASK marks 100% of the pixels and was not used." in cutout.notes


def test_rubins_mask_marks_sources_too_and_only_no_data_counts(tmp_path):
    mask = np.full((30, 40), 32, np.int32)  # DETECTED
    mask[3, 4] = 32 + 256
    hdus = (
        hdu(noise(30, 40), EXTNAME="IMAGE"),
        hdu(
            mask,
            EXTNAME="MASK",
            **{"HIERARCH MP_DETECTED": 5, "HIERARCH MP_NO_DATA": 8},
        ),
        hdu(np.full((30, 40), 4, np.float32), EXTNAME="VARIANCE"),
    )
    cutout = read_cutout(write(tmp_path / "a.fits", *hdus))
    assert np.isnan(cutout.pixels).sum() == 1
    assert (cutout.variance == 4).all()


def test_models_and_psfs_are_not_bands(tmp_path):
    hdus = (
        hdu(noise(30, 40), EXTNAME="SCI"),
        hdu(noise(30, 40, seed=1), EXTNAME="MODEL"),
        hdu(noise(11, 11, seed=2), EXTNAME="PSF"),
        hdu(noise(30, 40, seed=3), EXTNAME="OTHER ONE"),
    )
    cutout = read_cutout(write(tmp_path / "a.fits", *hdus))
    assert np.array_equal(cutout.pixels[0], hdus[0].data)
    assert "Not read of a.fits: OTHER ONE." in cutout.notes


def test_hubbles_two_chips_are_not_two_bands(tmp_path):
    hdus = []
    for i in range(2):
        chip = {"FILTER": "F814W", **sky(dec=2 + i / 100)}
        hdus += [
            hdu(noise(30, 40, seed=i), EXTNAME="SCI", EXTVER=i + 1, **chip),
            hdu(np.full((30, 40), 2 + i, np.float32), EXTNAME="ERR", EXTVER=i + 1),
            hdu(np.zeros((30, 40), np.int16), EXTNAME="DQ", EXTVER=i + 1),
        ]
    cutout = read_cutout(write(tmp_path / "a.fits", *hdus))
    assert np.array_equal(cutout.pixels[0], hdus[0].data)
    assert (cutout.variance == 4).all()
    assert cutout.bands == ("F814W",)


# -- biases and curves --------------------------------------------------------


def test_a_soft_bias_that_is_still_there_is_subtracted(tmp_path):
    flux = noise(30, 40)
    raw = write(tmp_path / "a.fits", flux + 1000, SOFTBIAS=1000)
    gone = write(tmp_path / "b.fits", flux, SOFTBIAS=1000)
    assert read_cutout(raw).pixels[0] == pytest.approx(flux, abs=1e-3)
    assert "a soft bias of 1000 subtracted" in read_cutout(raw).read_as
    assert np.array_equal(read_cutout(gone).pixels[0], flux)


def test_sdss_corrected_frames_have_a_soft_bias_of_1000(tmp_path):
    made = fits.PrimaryHDU(noise(30, 40) + 1100)
    made.header["HISTORY"] = r"Used image:.\skycache\fpC-002137-r2-0261.fit.gz"
    cutout = read_cutout(write(tmp_path / "a.fits", made))
    assert np.median(cutout.pixels) == pytest.approx(100, abs=1)


def test_the_asinh_magnitudes_of_pan_starrs_become_fluxes(tmp_path):
    flux = noise(30, 40).astype(float) * 10
    offset, softening = 3.0, 2.0
    a = 2.5 * np.log10(np.e)
    stored = a * np.arcsinh((flux - offset) / (2 * softening))
    header = {"BOFFSET": offset, "BSOFTEN": softening}
    path = write(tmp_path / "a.fits", stored.astype(np.float32), **header)
    assert read_cutout(path).pixels[0] == pytest.approx(flux, rel=1e-4, abs=1e-4)


# -- the PSF ------------------------------------------------------------------


def test_the_psf_is_told_by_band(tmp_path):
    seeing = {"g": 1.5, "r": 1.2, "i": 1.1}
    hdus = [
        hdu(noise(30, 40, seed=i), EXTNAME=b, PSFFWHM=f, **sky())
        for i, (b, f) in enumerate(seeing.items())
    ]
    cutout = read_cutout(write(tmp_path / "a.fits", *hdus))
    assert cutout.psf == pytest.approx({b: f / 0.4 for b, f in seeing.items()})
    assert cutout.fwhm == pytest.approx(1.2 / 0.4)


PSFS = {
    "a cube's bands": (
        {"BANDS": "gr", "SEEING_G": 1.6, "SEEING_R": 1.2}, {"g": 4.0, "r": 3.0},
    ),
    "one for all": ({"BANDS": "gr", "SEEING": 1.2}, {"g": 3.0, "r": 3.0}),
    "in pixels": ({"BANDS": "gr", "SEEING": (2.5, "[pix] FWHM")}, {"g": 2.5, "r": 2.5}),
    "KiDS": ({"BANDS": "gr", "PSF_RAD": 0.8}, {"g": 2.0, "r": 2.0}),
    "FWHM of no unit": ({"BANDS": "gr", "FWHM": 3.0}, {}),
    "FWHM in arcsec": ({"BANDS": "gr", "FWHM": (1.2, "arcsec")}, {"g": 3.0, "r": 3.0}),
    "without names": ({"SEEING": 1.2}, {"": 3.0}),
}  # fmt: skip


@pytest.mark.parametrize(("header", "psf"), PSFS.values(), ids=PSFS.keys())
def test_the_psf_of_a_cube(tmp_path, header, psf):
    path = write(tmp_path / "a.fits", noise(2, 30, 40), **sky(), **header)
    assert read_cutout(path).psf == pytest.approx(psf)


def test_a_pixel_scale_without_a_wcs(tmp_path):
    path = write(tmp_path / "a.fits", noise(30, 40), PIXSCALE=0.25, SEEING=1.0)
    cutout = read_cutout(path)
    assert (cutout.wcs, cutout.scale, cutout.fwhm) == (None, 0.25, 4.0)
