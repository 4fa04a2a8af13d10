"""``structure`` and ``export --structure``: tables, covariances, reasons."""

from __future__ import annotations

import json

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from clump_detector.image_files.sources import find_sources
from napari_clumps.review import Review


@pytest.fixture
def folder(tmp_path):
    """A galaxy and a field without one."""
    rng = np.random.default_rng(0)
    rows, columns = np.indices((121, 121))
    disc = 20 * np.exp(-np.hypot(columns - 60, (rows - 60) / 0.7) / 9)
    folder = tmp_path / "sky"
    folder.mkdir()
    for name, light in (("galaxy", disc), ("nothing", 0 * disc)):
        plane = (light + rng.normal(0, 0.1, disc.shape)).astype("f4")
        fits.writeto(folder / f"{name}.fits", plane)
    return folder


def test_a_folder_becomes_a_table_and_covariances(run, folder, tmp_path):
    out, other = tmp_path / "table.ecsv", tmp_path / "covariance.json"
    code, said, problems = run(
        "structure", folder, "--out", out, "--covariance", other, "--samples", 5
    )
    assert code == 2
    assert "Structure of 1 galaxy" in said
    assert "no galaxy was found in its middle" in problems
    table = Table.read(out)
    assert len(table) == 1
    assert table["galaxy_sersic_n"][0] == pytest.approx(1.2, abs=0.3)  # a sharp disc
    assert table["galaxy_sersic_ratio"][0] == pytest.approx(0.7, abs=0.05)
    assert table["galaxy_gini_err"][0] > 0
    assert table["galaxy_structure_band"][0] == "band1"
    assert "clump_flux_r" not in table.colnames
    assert "clump_score" not in table.colnames
    written = json.loads(other.read_text())
    n = len(written["values"])
    (one,) = written["galaxies"]
    assert one["galaxy_name"] == "galaxy"
    assert one["file"] == str(folder / "galaxy.fits") == table["file"][0]
    assert np.shape(one["covariance"]) == (n, n)


def test_images_are_cropped_to_effective_radii_and_read_the_same(run, tmp_path):
    from clump_detector.images.cutout import read_cutout

    folder, small = tmp_path / "sky", tmp_path / "small"
    folder.mkdir()
    rows, columns = np.indices((161, 141))
    disc = 20 * np.exp(-np.hypot(columns - 65, (rows - 90) / 0.7) / 7)
    rng = np.random.default_rng(0)
    planes = np.stack([disc, 2 * disc]) + rng.normal(0, 0.1, (2, *disc.shape))
    header = fits.Header(
        {
            "BANDS": "gr", "BUNIT": "nanomaggy", "PSFFWHM": 1.2,
            "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 30.0, "CRVAL2": 5.0,
            "CRPIX1": 9.0, "CRPIX2": 7.0, "CDELT1": -0.4 / 3600, "CDELT2": 0.4 / 3600,
        }
    )  # fmt: skip
    header["HIERARCH PSFFWHM_G"] = 1.3
    hdus = [fits.PrimaryHDU(planes.astype("f4"), header)]
    hdus.append(fits.ImageHDU(np.full(planes.shape, 0.01, "f4"), name="VARIANCE"))
    fits.HDUList(hdus).writeto(folder / "a.fits")
    code, said, _ = run(
        "structure", folder, "--out", tmp_path / "t.ecsv", "--samples", 0,
        "--cropped", small, "--radii", 2,
    )  # fmt: skip
    assert code == 0
    assert f"Their images, cropped, are in {small}." in said
    half = float(Table.read(tmp_path / "t.ecsv")["galaxy_half_light_arcsec"][0]) / 0.4
    before, after = read_cutout(folder / "a.fits"), read_cutout(small / "a.fits")
    assert after.height == pytest.approx(4 * half + 1, abs=1.5)
    assert after.bands == before.bands
    assert after.fwhm == pytest.approx(before.fwhm)
    assert after.psf == pytest.approx(before.psf)
    assert after.scale == pytest.approx(before.scale)
    ra, dec = before.wcs.all_pix2world(65, 90, 0)
    x, y = (round(float(v)) for v in after.wcs.all_world2pix(ra, dec, 0))
    for plane in (0, 1):
        light = after.pixels[plane, y, x] * after.jansky[plane]
        same = before.pixels[plane, 90, 65] * before.jansky[plane]
        assert light == pytest.approx(same, rel=1e-5)
        sigma = np.sqrt(after.variance[plane, y, x]) * after.jansky[plane]
        assert sigma == pytest.approx(0.1 * before.jansky[plane], rel=1e-4)


def test_an_image_is_not_replaced_by_its_own_crop(run, folder, tmp_path):
    before = (folder / "galaxy.fits").read_bytes()
    code, _, problems = run(
        "structure", folder / "galaxy.fits", "--out", tmp_path / "t.ecsv",
        "--samples", 0, "--cropped", folder,
    )  # fmt: skip
    assert code == 2
    assert "the images themselves are in the folder for cropped ones" in problems
    assert not (tmp_path / "t.ecsv").exists()  # said before anything is measured
    assert (folder / "galaxy.fits").read_bytes() == before


def test_a_catalogue_has_it_where_asked(run, folder, tmp_path):
    path = tmp_path / "sky.clumps"
    with Review.create(path, find_sources([folder])) as made:
        for cutout in (1, 2):
            made.add(cutout, (74, 56, 86, 68), "clump")
            made.finish(cutout, [])
    plain, full = tmp_path / "plain.ecsv", tmp_path / "full.ecsv"
    assert run("export", path, "--out", plain)[0] == 0
    code, said, _ = run("export", path, "--out", full, "--structure")
    assert code == 0
    assert "Of 1 galaxy no structure was measured" in said
    assert "galaxy_sersic_n" not in Table.read(plain).colnames
    table = Table.read(full)
    with_galaxy = table["galaxy_name"] == "galaxy"
    assert table["galaxy_sersic_n"][with_galaxy][0] == pytest.approx(
        1.2, abs=0.3
    )  # a sharp disc
    assert np.ma.getmaskarray(table["galaxy_sersic_n"])[~with_galaxy].all()
